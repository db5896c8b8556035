"""CPU and memory of whole processes, their children included."""
from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """`cpu` in ms of user and system time, `peak` in MB of the largest process."""

    cpu: float
    peak: float


def cost(words: Sequence[str], cwd: Path, *, may_fail: bool = False) -> Cost:
    """Run a command once; what it started and waited for counts."""
    child = subprocess.Popen(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert may_fail or child.returncode == 0, f'{words}: {said.decode()}'
    return Cost((used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / (1024 if sys.platform == 'linux' else 1024 * 1024))


def median(costs: Sequence[float]) -> float:
    return statistics.median(costs)
