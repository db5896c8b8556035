"""Starting the process that talks to wandb."""
from __future__ import annotations

import os
import signal
import socket
import sys

from gitexp.core import anew

_ROOM = 1 << 20
_START = 'import sys; sys.path[:] = {path!r}; from gitexp.tracking import sidecar; sidecar.{function}()'
_OURS = ('EXP_', 'GIT_')
# What would make a run of ours another run than the one that is meant.
_NOT_OURS = {
    f'WANDB_{name}' for name in (
        'DIR', 'DISABLED', 'JOB_TYPE', 'MODE', 'NAME', 'PROJECT', 'RESUME', 'RUN_GROUP', 'RUN_ID', 'SERVICE', 'SWEEP_ID', 'TAGS',
    )
}


def sidecar(function: str) -> socket.socket:
    """Start a function of `sidecar` in a process of its own; returns our end of its standard input, which never blocks."""
    ours, its = socket.socketpair()
    with its:
        for end in (ours, its):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
        ours.setblocking(False)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS) and name not in _NOT_OURS}
        silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
        os.posix_spawn(
            sys.executable, [sys.executable, '-c', _START.format(path=anew.path(), function=function)], kept,
            file_actions=[(os.POSIX_SPAWN_DUP2, its.fileno(), 0), *silent], setsigdef=[signal.SIGPIPE],
        )
    return ours
