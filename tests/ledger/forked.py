"""Work done in a child process, which may be killed before any of its calls that change a file."""
from __future__ import annotations

import os
import signal
from collections.abc import Callable

CALLS = ('open', 'write', 'pwrite', 'fsync', 'replace', 'unlink', 'ftruncate', 'mkdir', 'close', 'posix_fallocate')
_write, _exit = os.write, os._exit


def run(work: Callable[[], str], *, die_at: int = 0) -> str | None:
    """What the work returned, None when it was killed before its call number `die_at`, a write after half of its bytes."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            if die_at:
                _count_down(die_at)
            _write(theirs, work().encode())
            _exit(0)
        finally:
            _exit(1)
    os.close(theirs)
    ended = os.waitpid(child, 0)[1]
    assert ended in (0, signal.SIGKILL), f'the child ended with {ended}'
    with os.fdopen(ours, 'rb') as told:
        said = told.read().decode()
    return None if ended else said


def _count_down(left: int) -> None:
    def dying(name: str) -> Callable[..., object]:
        call = getattr(os, name)

        def counted(*words: object, **more: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                if name in ('write', 'pwrite'):
                    handle, data, *place = words
                    call(handle, data[:len(data) // 2], *place)  # type: ignore[index, arg-type]
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*words, **more)
        return counted

    for name in CALLS:
        setattr(os, name, dying(name))
