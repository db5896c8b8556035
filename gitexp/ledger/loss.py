"""Whether the ledger has lost rows that it had, as after `git stash`: without them a champion may be missing."""
from __future__ import annotations

import os
from collections.abc import Callable, Collection

from gitexp.core import files, locks
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab

# The id of the last row that was appended here, and below it those that were the last once, where the next did not follow them.
_FILE = 'last-row'
_ROOM = 1 << 12  # bytes
_NEAR = 1 << 16  # bytes


def remember(lab: Lab, name: str, before: bytes) -> None:
    """Note that a row is there; `before` is the id that it follows. Whatever else was noted stays so until it is found."""
    _note(lab, lambda names: [name.encode(), *(one for one in names if one != before)])


def refuse(lab: Lab) -> None:
    """Raises what is `found`."""
    if error := found(lab):
        raise error


def found(lab: Lab) -> Refused | None:
    """Why nothing should be judged now: the ledger lacks a row that this clone has appended, and the notes have it still."""
    names = _names(lab)
    name = _noted(lab, [name for name in names if not _has(lab, name)])
    if name:
        return Refused(f"'{lab.ledger}' has lost rows that it had, such as '{name}'", hint='git exp sync --local puts them back')
    if names[1:]:
        _forget(lab, names[1:])  # They are there, or nobody has them any more.
    return None


def _noted(lab: Lab, names: Collection[str]) -> str | None:
    """One that the notes have."""
    if not names:
        return None
    from gitexp.git import notes as kept
    from gitexp.git.command import Git
    from gitexp.ledger import notes
    there = {one.key for one in kept.kept(Git(lab.common))[0]}
    return next((name for name in names if notes.key(name) in there), None)


def _names(lab: Lab) -> list[str]:
    try:
        return [name.decode() for name in _parsed(files.read(lab.state / _FILE))]
    except (OSError, ValueError):
        return []


def _parsed(text: bytes) -> list[bytes]:
    """Whole lines only: the file may have been cut off."""
    return [name for name in text.split(b'\n')[:-1] if name]


def _has(lab: Lab, name: str) -> bool:
    """Whether the ledger has an id; it mostly stands near the end, at the beginning of its line."""
    line = f'\n{name}\t'
    try:
        with open(lab.ledger, 'rb', buffering=0) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _NEAR))
            if line.encode() in file.read(2 * _NEAR):
                return True
    except OSError:
        pass
    from gitexp.ledger import read  # Costs 5 ms, and is seldom needed.
    return read.mentions(lab, line) or read.mentions(lab, name) and name in read.present(lab, [name])


def _forget(lab: Lab, names: Collection[str]) -> None:
    gone = {name.encode() for name in names}
    try:
        with locks.held(lab.state / 'locks' / 'ledger', purpose='note which rows are there'):
            _note(lab, lambda known: [*known[:1], *(one for one in known[1:] if one not in gone)])
    except OSError:
        pass  # They are looked for again.


def _note(lab: Lab, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """In place: a file that is emptied first is forced to the disk when it is closed, by file systems such as ext4."""
    try:
        handle = os.open(f'{lab.state}/{_FILE}', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            before = os.pread(handle, _ROOM, 0)
            now = b''.join([name + b'\n' for name in change(_parsed(before))])
            os.pwrite(handle, now, 0)
            if len(now) < len(before):
                os.ftruncate(handle, len(now))
        finally:
            os.close(handle)
    except OSError:
        pass  # The row is durable, and that is what was asked for.
