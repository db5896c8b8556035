"""Kill a process at its n-th step: every git command, rename, write and unlink of gitexp is a step."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

STEPS = ('rename', 'replace', 'unlink', 'rmdir', 'write', 'pwrite', 'mkdir', 'fsync', 'posix_spawnp', 'posix_spawn', 'symlink', 'fork')
_CHILD = """
import os, signal, sys
left = [int(sys.argv[1])]
def step():
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def dying(call):
    def wrapped(*words, **named):
        step()
        return call(*words, **named)
    return wrapped
for name in ('rename', 'replace', 'unlink', 'rmdir', 'write', 'pwrite', 'mkdir', 'fsync', 'posix_spawnp', 'posix_spawn', 'symlink', 'fork'):
    setattr(os, name, dying(getattr(os, name)))
from gitexp import cli
sys.exit(cli.run(sys.argv[2:]))
"""


def run_until(step: int, words: list[str], cwd: Path) -> int:
    """Run `git exp WORDS`, killed before its `step`-th system call that matters; returns -9 if it was, else its exit code."""
    done = subprocess.run(
        [sys.executable, '-c', _CHILD, str(step), *words], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )
    assert done.returncode in (0, 1, 2, 3, 4, 5, 124, -signal.SIGKILL), f'{done.returncode}: {done.stderr}'
    return done.returncode


def fork_until(step: int, call: Callable[[], object]) -> int:
    """Make a call in a child of this process, killed before its `step`-th system call that matters; returns -9 if it was, else 0."""
    child = os.fork()
    if not child:
        try:
            _arm(step)
            call()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _arm(step: int) -> None:
    left = [step]

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*words: object, **named: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*words, **named)
        return wrapped
    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))
