"""How an execution ended, told from its exit code, its last output and why we ended it."""
from __future__ import annotations

import signal
from enum import Enum

from gitexp.core.tuples import NamedTuple

_SIGNALS = set(signal.Signals)
_SHELL = 128  # a shell's exit code for a child that died of a signal, less the signal
_OUT_OF_MEMORY = (b'MemoryError', b'CUDA out of memory', b'torch.OutOfMemoryError', b'std::bad_alloc', b'RESOURCE_EXHAUSTED')


class Ending(Enum):
    """How an execution ended."""

    OK = 'ok'
    FAILED = 'failed'
    TIMEOUT = 'timeout'
    OOM = 'oom'
    THERMAL_ABORT = 'thermal_abort'
    INTERRUPTED = 'interrupted'


class Ended(NamedTuple):
    """`seconds` are without the time that it was `paused` for heat; `reason` is None when all is well.

    `code` is None when a signal ended it; memory is the peak of the whole family in GiB, None when it was less than our own
    and too short to be looked at. `tail` is the last of the output, stdout and stderr as they came.
    """

    ending: Ending
    reason: str | None
    seconds: float
    code: int | None = None
    signal: int | None = None
    memory_gb: float | None = None
    tail: bytes = b''
    paused: float = 0.0


def classify(code: int | None, tail: bytes, oom_kills: int) -> tuple[Ending, str | None]:
    """What an exit code (negative for a signal, None when it could not be had) and the last output mean.

    `oom_kills` is how many processes the kernel killed meanwhile for want of memory.
    """
    if code == 0:
        return Ending.OK, None
    if code is None:
        return Ending.FAILED, 'it could not be ended'
    number = -code if code < 0 else code - _SHELL
    if number == signal.SIGKILL and oom_kills:
        return Ending.OOM, 'the kernel killed it: out of memory'
    said = next((mark for mark in _OUT_OF_MEMORY if mark in tail[-4096:]), None)
    if said:
        return Ending.OOM, f'out of memory: it said {said.decode()}'
    if code < 0 or number in _SIGNALS:
        return Ending.FAILED, f'killed by {name(number)}'
    return Ending.FAILED, f'exit code {code}'


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since the machine started."""
    try:
        with open('/proc/vmstat', 'rb') as file:
            return next((int(line.split()[1]) for line in file if line.startswith(b'oom_kill ')), 0)
    except OSError:
        return 0


def name(number: int) -> str:
    """A signal's name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f'signal {number}'
