"""Rows into the ledger of the lab around: `appending.py compare COUNT`, `appending.py fill COUNT TREES`."""
from __future__ import annotations

import fcntl
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gitexp.core import ids
from gitexp.lab.lab import Lab
from gitexp.ledger import write
from gitexp.ledger.result import Kind, Result


_SPREAD = 0x9e3779b97f4a7c15f39cc0605cedc8341082276b  # Odd, so that ids differ, and look like hashes.
_BEGAN = time.time_ns() // 1_000_000


def main() -> None:
    lab = Lab.find(Path.cwd())
    count = int(sys.argv[2])
    if sys.argv[1] == 'fill':
        write.append(lab, [_row(number - count, int(sys.argv[3])) for number in range(count)])
        return
    path = lab.ledger.with_name('bare.tsv')
    pairs = [(_timed(write.append, lab, [_row(number, 1)]), _timed(_bare, path, _line(number))) for number in range(count)]
    print(*(statistics.median(side) for side in zip(*pairs)))


def _timed(call: Callable[..., None], *words: object) -> float:
    before = time.perf_counter()
    call(*words)
    return (time.perf_counter() - before) * 1e6


def _line(number: int) -> bytes:
    return f'{ids.make(number)}\t{"x" * 300}\n'.encode()


def _row(number: int, trees: int) -> Result:
    tree = f'{(number % trees + 1) * _SPREAD % (1 << 160):040x}'
    return Result(
        id=ids.make(_BEGAN + number), time='2026-01-01T00:00:00+00:00', experiment=f'e{number % trees}',
        kind=Kind.EVAL, commit=tree, value=1.0 + (number * 7919 % 1000) / 1000, seed=number // trees % 1000, seconds=2.5, memory_gb=0.1,
        description='bench', tree=tree, eval_id='0123456789ab', env={'python': '3.11'},
    )


def _bare(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.write(handle, line)
    os.fsync(handle)
    os.close(handle)


if __name__ == '__main__':
    main()
