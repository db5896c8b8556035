"""What a supervisor holds to whatever a command prints and however slowly it starts."""
from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gitexp.run.ending import Ended, Ending
from gitexp.run.fence import Fence
from gitexp.run.interrupts import Interrupts
from gitexp.run.run import TAIL, supervise

T = TypeVar('T')


class Slow(Fence):
    """A fence that takes its time."""

    def launch(self, start: Callable[[], T]) -> T:
        time.sleep(0.5)
        return start()


def run(command: str, tmp_path: Path, **more: Any) -> Ended:
    with Interrupts() as signals:
        return supervise(command, **{
            'cwd': tmp_path, 'env': dict(os.environ), 'limit': 60.0, 'log': tmp_path / 'run.log', 'signals': signals, 'grace': 0.3, **more,
        })


def test_a_command_is_what_was_written_whatever_the_locale(tmp_path: Path) -> None:
    text = r'from pathlib import Path; from gitexp.run import launch; launch.start("echo gr\xf6\u2192 > out", Path("."), dict(PATH="/bin"))'
    said = {**os.environ, 'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
    subprocess.run([sys.executable, '-c', text], cwd=tmp_path, env=said, check=True)
    until = time.monotonic() + 10
    while not (tmp_path / 'out').exists() or not (tmp_path / 'out').read_bytes():
        assert time.monotonic() < until
    assert (tmp_path / 'out').read_text() == 'grö→\n'


def test_what_gitexp_was_started_with_is_open_to_no_run(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    ended = run(f'test ! -e /dev/fd/{write}', tmp_path)
    os.close(write)
    os.close(read)
    assert ended.ending is Ending.OK


def test_the_limit_starts_before_the_launch(tmp_path: Path) -> None:
    ended = run('exec sleep 20', tmp_path, limit=0.4, fence=Slow(None))

    assert ended.ending is Ending.TIMEOUT and ended.reason == 'the time limit of 0.4 s passed'
    assert 0.5 <= ended.seconds < 10


def test_a_gigabyte_is_taken_without_growth(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    half = 'head -c 500000000 /dev/zero'
    ended = run(f'{half} >&2; {half}; echo the end', tmp_path)

    assert ended.ending is Ending.OK and ended.tail.endswith(b'\0the end\n')
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB
    assert (tmp_path / 'run.log').stat().st_size < 17 << 20


def test_of_output_in_small_pieces_no_more_is_kept_in_memory(tmp_path: Path) -> None:
    ended = run('for _ in $(seq 150); do head -c 1000 /dev/zero; done', tmp_path)

    assert len(ended.tail) == TAIL and (tmp_path / 'run.log').stat().st_size == 150_000


def test_a_log_has_both_streams_as_they_came(tmp_path: Path) -> None:
    lines = [f'line {number};' for number in range(12)]
    seen = 'until grep -q "{}" run.log; do sleep 0.01; done'
    script = '\n'.join(f'echo "{line}" {">&2" if number % 2 else ""}; {seen.format(line)}' for number, line in enumerate(lines))
    ended = run(script, tmp_path)

    assert (tmp_path / 'run.log').read_text().splitlines() == lines == ended.tail.decode().splitlines()
