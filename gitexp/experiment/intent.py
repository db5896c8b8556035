"""What a command of several steps is about to do: on disk before its first step, gone after its last."""
from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitexp.core import files
from gitexp.core.errors import Refused


_TOGETHER = '@'  # No experiment is called so.


def seen_from(common: Path, path: Path) -> str:
    """A path as it is said in an intent: the repository may be moved, or copied, before that is settled."""
    return os.path.relpath(path, common)


def now_at(common: Path, said: str) -> Path:
    """Where such a path is now; one that was said as a whole stays as it is."""
    return Path(os.path.normpath(common / said))


class Intent:
    """A claim on an experiment: a file that is locked for as long as the command lives, or a git that it started.

    `said` is what is needed to put things right after a crash; None until `arm`. The claim of a command on several experiments
    has a name of its own, and `members` are the files of the experiments, which only name it: what it says, it says of all.
    """

    def __init__(self, path: Path, handle: int, verb: str, said: Mapping[str, Any] | None = None, members: Sequence[Path] = ()) -> None:
        self.path = path
        self.verb = verb
        self.said = said
        self.members = members
        self._handle = handle

    @property
    def slug(self) -> str:
        """The experiment, or of several one and how many more."""
        if not self.members:
            return self.path.stem
        return f"{self.members[0].stem}' and {len(self.members) - 1} more, such as '{self.members[-1].stem}"

    def arm(self, said: Mapping[str, Any]) -> None:
        """From here on a crash is put right with what is said here; what is missing until then is an undisturbed past."""
        said = {**said, 'members': [path.stem for path in self.members]} if self.members else said
        _write(self._handle, _line(said), os.fstat(self._handle).st_size)
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
        for path in self.members if self.said is None else ():
            _abandoned(path)


@contextmanager
def claimed(state: Path, slug: str, verb: str) -> Iterator[Intent]:
    """Have an experiment to oneself; raises Refused when another command is at work on it.

    Leaves an armed intent behind when the block raises, since only its steps know what that means.
    """
    with _held(_claim(state / 'journal' / f'{slug}.json', verb)) as mine:
        yield mine


@contextmanager
def claimed_together(state: Path, slugs: Iterable[str], verb: str) -> Iterator[Intent]:
    """Have several experiments to oneself, all or none; otherwise as `claimed`."""
    paths = [state / 'journal' / f'{slug}.json' for slug in sorted(set(slugs))]
    if len(paths) == 1:
        with claimed(state, paths[0].stem, verb) as mine:
            yield mine
        return
    taken: list[Path] = []
    with _held(_claim(state / 'journal' / f'{_TOGETHER}{os.getpid()}-{os.urandom(6).hex()}.json', verb, members=taken)) as mine:
        for path in paths:
            os.close(_claim(path, verb, under=mine.path.name)._handle)
            taken.append(path)
        yield mine


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


@contextmanager
def _held(mine: Intent) -> Iterator[Intent]:
    try:
        yield mine
        mine.disarm()
    finally:
        mine.close()


def _claim(path: Path, verb: str, *, under: str | None = None, members: Sequence[Path] = ()) -> Intent:
    """Make the file and lock it; `under` is another that stands for it, once this handle is closed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            raise _busy(path) from None
        # Until it is locked, a recovery may take the new file for an abandoned one and remove it.
        if _lock(handle, wait=True) and _same(handle, path):
            head = _line({'verb': verb, 'pid': os.getpid()})
            _write(handle, head + _line({'under': under}) if under else head, 0)
            return Intent(path, handle, verb, members=members)
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
    if said and 'under' in said:
        over = path.with_name(said['under'])
        if _is_held(over) or _is_armed(over):
            os.close(handle)
            return None
        said = None
    members = [path.with_name(f'{slug}.json') for slug in said.get('members', ())] if said else ()
    left = Intent(path, handle, str(head.get('verb')), said, members)
    if said is not None:
        return left
    left.close()
    return None


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _lock(handle, wait=False)
    finally:
        os.close(handle)


def _is_armed(path: Path) -> bool:
    try:
        return path.read_bytes().count(b'\n') > 1
    except FileNotFoundError:
        return False


def _busy(path: Path) -> Refused:
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return Refused(f"'{path.stem}' was busy", hint='try again')
    try:
        head, said = _read(handle)
        free = not _is_held(path.with_name(said['under'])) if said and 'under' in said else _lock(handle, wait=False)
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


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode() + b'\n'


def _read(handle: int) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Who claimed, and what was armed; a line that is not ended was never written."""
    ended = os.pread(handle, os.fstat(handle).st_size, 0).split(b'\n')[:-1]
    said = [json.loads(line) for line in ended[:2]]
    return (said[0] if said else {}), (said[1] if len(said) > 1 else None)
