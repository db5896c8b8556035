"""What a repository's own configuration says, read and written by git itself, which does not wait for another git that writes there."""
from __future__ import annotations

import time
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.git.command import Git

_PATIENCE = 3.0  # seconds


def read(git: Git, key: str, file: Path | None = None) -> str | None:
    """The last value of a key, None without one; `file` is another one than the repository's, as below."""
    done = git.run('config', *_in(file), '--null', '--get', key)
    return done.names[-1] if done.code == 0 else None


def write(git: Git, key: str, value: str, file: Path | None = None) -> None:
    """Have a key say this and nothing else; raises Refused where that cannot be written, as the others do."""
    if read(git, key, file) != value:
        _change(git, *_in(file), '--replace-all', key, value)


def unset(git: Git, key: str, file: Path | None = None) -> None:
    """Take a key out, if it is there."""
    if read(git, key, file) is not None:
        _change(git, *_in(file), '--unset-all', key)


def drop(git: Git, section: str) -> None:
    """Take out a section that is there."""
    _change(git, *_in(None), '--remove-section', section)


def _in(file: Path | None) -> tuple[str, ...]:
    return ('--file', str(file)) if file else ('--local',)


def _change(git: Git, *words: str) -> None:
    until = time.monotonic() + _PATIENCE
    while (done := git.run('config', *words)).code:
        said = done.err.strip()
        is_locked = said.rpartition(': ')[2].startswith(('File exists', 'could not lock'))  # Of a section git does not say why.
        if not is_locked or time.monotonic() > until:
            hint = 'once no git writes there any more, remove that lock' if is_locked else None
            raise Refused(f"cannot change the repository's configuration: {said}", hint=hint)
        time.sleep(0.02)
