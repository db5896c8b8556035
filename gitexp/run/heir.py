"""Who ends a run whose supervisor was killed: a process that waits for that, and does nothing else.

It shares the locks of its parent, so that the checkout, the GPU and the run count as taken until the last process of the run is gone.
Until it has something to do it is a shell: a fork of Python costs more than three of git.
"""
from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gitexp

_SHELL = '/bin/sh'
_FILES = '/proc/self/fd'
# Deaf to what is meant for the parent, of whose pipe nobody else has the other end, and away from where code of a commit lies.
_WAIT = 'trap "" HUP INT TERM; cd / || exit; read -r _; exec "$@"'
_END = '''\
import sys
sys.path[:] = [*filter(None, sys.path), sys.argv[1]]
from pathlib import Path
from gitexp.run import family
family.end_run(sys.argv[2], Path(sys.argv[3]))
'''


@contextmanager
def of(run: str, notes: Path) -> Iterator[None]:
    """Have the run's processes killed if this process dies while this is entered; on Linux only.

    `notes` is where it is noted who they are.

    The next command does the same for whoever is killed together with the heir.
    """
    if sys.platform != 'linux' or not os.path.isdir(_FILES):  # Without that nobody knows either what a run has left.
        yield
        return
    ends, alive = os.pipe()
    flags = ['-E'] if sys.flags.ignore_environment else []
    python = [sys.executable, *flags, '-S', '-c', _END, os.path.abspath(f'{gitexp.__file__}/../..'), run, str(notes)]
    try:
        child = _start([_SHELL, '-c', _WAIT, 'heir', *python], ends, _open(but=(ends, alive)))
    except BaseException:
        os.close(alive)
        raise
    finally:
        os.close(ends)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(alive)


def _start(words: list[str], ends: int, shared: list[int]) -> int:
    """Start it in a session of its own; what is shared goes by new numbers, since the old ones end where a program begins."""
    free = max([ends, *shared]) + 1
    actions = [
        (os.POSIX_SPAWN_DUP2, ends, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 1, 2),
        *((os.POSIX_SPAWN_DUP2, handle, free + at) for at, handle in enumerate(shared)),
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith('BASH_FUNC_')}  # These may be called `read`.
    return os.posix_spawn(_SHELL, words, env, file_actions=actions, setsid=True)


def _open(*, but: tuple[int, ...]) -> list[int]:
    """The files that this process has open, locks among them; what lists them is gone by then."""
    return [handle for handle in map(int, os.listdir(_FILES)) if handle > 2 and handle not in but and _is_open(handle)]


def _is_open(handle: int) -> bool:
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True
