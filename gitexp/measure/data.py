"""The md5 of the inputs, which says on what data a value was measured.

Of a file it is that of its bytes, of a folder, and of a file with journals of SQLite beside it, that of its list as md5sum(1) writes
it, sorted: in the root of the lab
`find -L data -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum | md5sum` says the same. Each file is read once, and again when it
changes.
"""
from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from gitexp.checkout import journals, sentry, ways
from gitexp.checkout.moves import Moves
from gitexp.core import kept as keeping
from gitexp.core.kept import Kept
from gitexp.core.tuples import NamedTuple

NONE = hashlib.md5(usedforsecurity=False).hexdigest()  # the md5 of no list
MANY = 100_000  # files; looking at more would take seconds at every run
PATIENCE = 60.0  # seconds of reading before a run
_TOLD = 1 << 28  # bytes, which take about half a second
_CHUNK = 1 << 20


class Digests(NamedTuple):
    """`each` is by the name of the input, `whole` of all their files together; None where not all was read.

    `lab` is that of the list of the lab's own files and empty folders, and the same in whatever pieces they are linked.
    """

    whole: str | None
    each: Mapping[str, str | None]
    lab: str | None = None


class _File(NamedTuple):
    name: str
    path: str
    size: int
    state: str


class Watch:
    """The inputs as they are now, to be compared with what they are later; to be closed.

    Each file has its size and its time of change, which no program can set back, and so have folders and links, since a rename above
    a file leaves the file as it is. On the way to an input others may make files, so that of those folders it counts whether they were
    moved. A folder with more than `MANY` files is watched by itself alone, and so is one that cannot be listed.

    Raises Refused for an input that is not the same for all who ask.
    """

    def __init__(self, inputs: Mapping[str, Path]) -> None:
        self._inputs = inputs
        found = self._found()
        paths = [*map(str, inputs.values()), *(link for one in found for link in one.links)]
        folders, self._links = ways.to(paths)
        ways.refuse_own(paths, folders)
        self._moves = Moves({folder: folder for folder in folders})
        self._before = self._states(found)
        sentry.wait_for_the_clock(max((int(state.split()[0]) for states in self._before for state in states.values()), default=0))

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._moves.close()

    def changed(self) -> list[str]:
        """The names of files that are not what they were, or have come or gone; where there is none, of folders and links."""
        files, around = (
            sorted(name for name in {*now, *before} if now.get(name) != before.get(name))
            for now, before in zip(self._states(self._found()), self._before)
        )
        return files or sorted({*around, *self._moves.seen()})

    def _found(self) -> list[_Found]:
        return [_Found.of(name, source) for name, source in self._inputs.items()]

    def _states(self, found: list[_Found]) -> tuple[dict[str, str], dict[str, str]]:
        """Those of the files, and of the folders and links around them."""
        links = {path: keeping.state_of(os.lstat(path)) for path in self._links if os.path.islink(path)}
        return {file.name: file.state for one in found for file in one.files or ()}, \
            {**links, **{name: state for one in found for name, state in one.folders.items()}}


def digests(
    inputs: Mapping[str, Path], kept: Kept, *, say: Callable[[str], None], own: Collection[str] = (), patience: float = PATIENCE,
) -> Digests:
    """Read what is new, the smallest first, and for `patience` seconds at most: what is left is read before a later run.

    A file that takes longer by itself is given up until it changes, and so is a folder with more than `MANY` files. The inputs named
    in `own` are not the lab's.
    """
    seen = {name: _Found.of(name, source) for name, source in inputs.items()}
    found = {name: one.files for name, one in seen.items()}
    every = {file.path: file for some in found.values() for file in some or ()}
    unread = sorted((file for file in every.values() if not kept.knows(file.path, file.state)), key=lambda file: file.size)
    fresh = _read(unread, kept, say, patience)

    def md5(file: _File) -> str | None:
        return fresh[file.path] if file.path in fresh else kept.said(file.path) if kept.knows(file.path, file.state) else None

    each = {name: _digest(some, md5, alone=not seen[name].folders) for name, some in found.items()}
    known = [some for some in found.values() if some is not None]
    whole = next(iter(each.values())) if len(each) == 1 else \
        _digest([file for some in known for file in some], md5) if len(known) == len(found) else None
    of_lab = [one for name, one in seen.items() if name not in own]
    files = [file for one in of_lab for file in one.files or ()]
    empty = [name for one in of_lab for name in one.empty()]
    lab = _digest(files, md5, empty=empty) if of_lab and all(one.files is not None for one in of_lab) else None
    return Digests(whole, each, lab)


def _read(unread: list[_File], kept: Kept, say: Callable[[str], None], patience: float) -> dict[str, str | None]:
    """What was read now, by path."""
    size = sum(file.size for file in unread)
    if size > _TOLD:
        say(f'reading {size / 2 ** 30:.3g} GB of inputs for their md5, once, and for {patience:.0f} s at most')
    fresh: dict[str, str | None] = {}
    start = time.monotonic()
    try:
        for file in unread:
            begun = time.monotonic() - start
            fresh[file.path] = _md5(file.path, start + patience)
            if fresh[file.path] or begun < patience / 2:
                kept.note(file.path, file.state, fresh[file.path])
            if time.monotonic() > start + patience:
                say(f"the md5 of '{file.name}' and what is as large is not known: reading it takes too long")
                break
    finally:
        kept.save()
    return fresh


def _md5(path: str, until: float) -> str | None:
    """None for a file that cannot be read, or not in time, and for what is no file, such as a pipe."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, 'rb', buffering=0) as file:
            _settle(file.fileno())
            while data := file.read(_CHUNK):
                digest.update(data)
                if time.monotonic() > until:
                    return None
    except OSError:
        return None
    return digest.hexdigest()


def _settle(handle: int) -> None:
    """Put on disk what was written by a mapping of memory: who writes by it again is noticed, and the time of change moves."""
    try:
        os.fsync(handle)
    except OSError:
        pass  # What cannot be written to (EROFS), or has no disk (EINVAL).


def _digest(
    files: list[_File] | None, md5: Callable[[_File], str | None], *, alone: bool = False, empty: Iterable[str] = (),
) -> str | None:
    """That of one file, or of the list of several, with the empty folders."""
    if files is None:
        return None
    said = {file.name: md5(file) for file in files}
    if None in said.values():
        return None
    if alone and len(said) == 1:
        return next(iter(said.values()))
    told = {**{name: str(digest) for name, digest in said.items()}, **dict.fromkeys(empty, '-')}
    lines = [_line(told[name], name).encode('utf-8', 'surrogateescape') for name in sorted(told, key=os.fsencode)]
    return hashlib.md5(b''.join(lines), usedforsecurity=False).hexdigest()


def _line(digest: str, name: str) -> str:
    """As md5sum writes it: a name that holds the end of a line, or what stands for one, would else make two lines of one."""
    escaped = name.replace('\\', '\\\\').replace('\n', '\\n').replace('\r', '\\r')
    return ('' if escaped == name else '\\') + f'{digest}  {escaped}\n'


class _Found(NamedTuple):
    """What is below an input, through links: the folders by their names with a slash, and the paths of the links in them.

    `files` is None when there are too many; there are no `links` then, and no folder but the first.
    """

    files: list[_File] | None
    folders: dict[str, str]
    links: list[str]

    def empty(self) -> set[str]:
        """The folders with no file in them, nor below."""
        filled = {parent for file in self.files or () for parent in _above(file.name)}
        return self.folders.keys() - filled

    @classmethod
    def of(cls, name: str, source: Path) -> _Found:
        files: list[_File] = []
        found = cls(files, {}, [])
        if _walk(name, str(source), files, found):
            if not found.folders:
                real, newer = os.path.realpath(source), journals.beside(str(source))
                files += [_File(name + end, real + end, info.st_size, keeping.state_of(info)) for end, info in newer]
            return found
        return cls(None, dict(list(found.folders.items())[:1]), [])


def _above(name: str) -> Iterator[str]:
    """The folders above a file, as they are called here."""
    while cut := name.rstrip('/').rpartition('/')[0]:
        name = f'{cut}/'
        yield name


def _walk(name: str, path: str, files: list[_File], found: _Found) -> bool:
    """Add what is at a path and below it, however deep; whether that is all."""
    waiting = [(name, path, frozenset[tuple[int, int]]())]
    while waiting and len(files) <= MANY:
        name, path, above = waiting.pop()
        try:
            info = os.stat(path)
        except OSError:
            if os.path.islink(path):  # What it leads to may come and go.
                files.append(_File(name, path, 0, keeping.state_of(os.lstat(path))))
            continue
        if not stat.S_ISDIR(info.st_mode):
            files.append(_File(name, path, info.st_size, keeping.state_of(info)))
            continue
        found.folders[f'{name}/'] = keeping.state_of(info)
        here = info.st_dev, info.st_ino
        inside = [] if here in above else _inside(name, path, info, files)  # A link may lead back to where we are.
        found.links.extend(one.path for one in inside if one.is_symlink())
        below = above | {here}
        waiting += [(f'{name}/{one.name}', one.path, below) for one in inside]
    return len(files) <= MANY


def _inside(name: str, path: str, info: os.stat_result, files: list[_File]) -> list[os.DirEntry[str]]:
    """What is in a folder; one that cannot be listed counts as a file that nobody knows."""
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:
        if os.access(path, os.X_OK):  # What is in it can be read by name, and there is no telling what that is.
            files.append(_File(f'{name}/', path, 0, keeping.state_of(info)))
        return []
