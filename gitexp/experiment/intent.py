"""What a command of several steps is about to do: on disk before its first step, gone after its last."""
from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitexp.core import files
from gitexp.core.errors import Refused


class Intent:
    """A claim on an experiment: a file that is locked for as long as the command lives, or a git that it started.

    `said` is what is needed to put things right after a crash; None until `arm`.
    """

    def __init__(self, path: Path, handle: int, verb: str, said: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.slug = path.stem
        self.verb = verb
        self.said = said
        self._handle = handle

    def arm(self, said: Mapping[str, Any]) -> None:
        """From here on a crash is put right with what is said here; what is missing until then is an undisturbed past."""
        line = json.dumps(said).encode() + b'\n'
        _write(self._handle, line, os.fstat(self._handle).st_size)
        os.fsync(self._handle)
        files.sync_folder(self.path.parent)
        self.said = said

    def disarm(self) -> None:
        """Nothing is left to be put right."""
        self.said = None

    def close(self) -> None:
        """Let go of the experiment, and forget the intent unless something is left to be put right."""
        if self.said is None:
            self.path.unlink(missing_ok=True)
        os.close(self._handle)


@contextmanager
def claimed(state: Path, slug: str, verb: str) -> Iterator[Intent]:
    """Have an experiment to oneself; raises Refused when another command is at work on it.

    Leaves an armed intent behind when the block raises, since only its steps know what that means.
    """
    mine = _claim(state / 'journal' / f'{slug}.json', verb)
    try:
        yield mine
        mine.disarm()
    finally:
        mine.close()


def dead(state: Path) -> Iterator[Intent]:
    """The armed intents whose commands are dead, each locked for the caller, who closes it."""
    folder = state / 'journal'
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    for name in names:
        left = _abandoned(folder / name)
        if left:
            yield left


def _claim(path: Path, verb: str) -> Intent:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            raise _busy(path) from None
        # Until it is locked, a recovery may take the new file for an abandoned one and remove it.
        if _lock(handle, wait=True) and _same(handle, path):
            _write(handle, json.dumps({'verb': verb, 'pid': os.getpid()}).encode() + b'\n', 0)
            return Intent(path, handle, verb)
        os.close(handle)


def _abandoned(path: Path) -> Intent | None:
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    if not (_lock(handle, wait=False) and _same(handle, path)):
        os.close(handle)
        return None
    head, said = _read(handle)
    left = Intent(path, handle, str(head.get('verb')), said)
    if said is not None:
        return left
    left.close()
    return None


def _busy(path: Path) -> Refused:
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return Refused(f"'{path.stem}' was busy", hint='try again')
    try:
        free = _lock(handle, wait=False)
        head, _ = _read(handle)
    finally:
        os.close(handle)
    if free:
        return Refused(f"'{path.stem}' was left half done by a command that died", hint='git exp doctor')
    return Refused(f"'{path.stem}' is busy: git exp {head.get('verb')} (pid {head.get('pid')}) is at work on it", hint='wait for it')


def _lock(handle: int, *, wait: bool) -> bool:
    # Inherited: a git that outlives its killed parent is still at work, and must be waited for.
    os.set_inheritable(handle, True)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _same(handle: int, path: Path) -> bool:
    try:
        now = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(now, os.fstat(handle))


def _write(handle: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, at)
        view, at = view[written:], at + written


def _read(handle: int) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Who claimed, and what was armed; a line that is not ended was never written."""
    ended = os.pread(handle, os.fstat(handle).st_size, 0).split(b'\n')[:-1]
    said = [json.loads(line) for line in ended[:2]]
    return (said[0] if said else {}), (said[1] if len(said) > 1 else None)
