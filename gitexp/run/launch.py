"""Starting a line of the shell, with a pipe for each of its outputs; `subprocess` would cost as much as git."""
from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from gitexp.core.tuples import NamedTuple

_SHELL = '/bin/sh'
_THERE = f'cd -- "$0" && exec {_SHELL} -c "$1"'


class Child(NamedTuple):
    """The leader of a session of its own, and where its stdout and stderr are read, which never blocks."""

    pid: int
    out: int
    err: int

    def close(self) -> None:
        """Hear no more of it."""
        for handle in (self.out, self.err):
            os.close(handle)


def start(command: str, cwd: Path, env: Mapping[str, str]) -> Child:
    """Start a line of the shell in a folder; raises OSError."""
    os.stat(cwd)
    _keep_open()
    (out, says), (err, warns) = os.pipe(), os.pipe()
    for handle in (out, err):
        os.set_blocking(handle, False)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, says, 1), (os.POSIX_SPAWN_DUP2, warns, 2),
    ]
    said = command.encode('utf-8', 'surrogateescape')  # As in gitexp.yaml, whatever the locale.
    words: list[str | bytes] = [_SHELL, '-c', _THERE, str(cwd), said]
    child = Child(0, out, err)
    try:
        pid = os.posix_spawn(_SHELL, words, env, file_actions=actions, setsid=True, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    except BaseException:
        child.close()
        raise
    finally:
        os.close(says)
        os.close(warns)
    return child._replace(pid=pid)


def _keep_open() -> None:
    """Keep for ourselves what we were started with, as by a shell or an editor: a run could read there what is in no commit, or write."""
    for name in os.listdir('/dev/fd') if os.path.isdir('/dev/fd') else ():
        if int(name) > 2:
            try:
                os.set_inheritable(int(name), False)
            except OSError:
                pass  # That of the listing itself.
