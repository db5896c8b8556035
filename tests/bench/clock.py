"""CPU and memory of whole processes, their children included."""
from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

START = 7.5  # ms of CPU, of `python -I -S -c pass`
_STARTS = 15

T = TypeVar('T')

# Linux counts for a process what the one that started it had in memory, so a small one starts it.
_STARTER = '''\
import json, os, sys
for line in sys.stdin:
    words, folder = json.loads(line)
    os.chdir(folder)
    said = os.memfd_create('stderr') if hasattr(os, 'memfd_create') else os.open(os.devnull, os.O_RDWR)
    nothing = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate((nothing, nothing, said))]
    pid = os.posix_spawnp(words[0], words, os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    text = os.pread(said, 10_000, 0).decode('utf-8', 'replace')
    print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss, text]), flush=True)
    os.close(said)
    os.close(nothing)
'''


@dataclass(frozen=True)
class Cost:
    """`cpu` in ms of user and system time, `peak` in MB of the largest process."""

    cpu: float
    peak: float


def cost(words: Sequence[str], cwd: Path, *, may_fail: bool = False) -> Cost:
    """Run a command once; what it started and waited for counts."""
    starter = _starter()
    assert starter.stdin and starter.stdout
    starter.stdin.write(json.dumps([list(words), str(cwd)]) + '\n')
    starter.stdin.flush()
    code, cpu, peak, said = json.loads(starter.stdout.readline())
    assert may_fail or code == 0, f'{words}: {said}'
    return Cost(cpu * 1000, peak / (1024 if sys.platform == 'linux' else 1024 * 1024))


def paced(measure: Callable[[], T], times: int = 1) -> tuple[list[T], float]:
    """What is measured so often, and the pace in the same seconds: Python is started before, between and after.

    The pace is how much longer that takes than where the promises in milliseconds were made; at least 1.
    """
    few = max(2, -(-_STARTS // (times + 1)))
    starts, found = _starts(few), []
    for _ in range(times):
        found.append(measure())
        starts += _starts(few)
    return found, max(1.0, median(starts) / START)


def _starts(times: int) -> list[float]:
    return [cost([sys.executable, '-I', '-S', '-c', 'pass'], Path('/')).cpu for _ in range(times)]


def median(costs: Sequence[float]) -> float:
    return statistics.median(costs)


@cache
def _starter() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-I', '-S', '-c', _STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ),
    )
