"""The md5 of the inputs, which says on what data a value was measured.

Of a file it is that of its bytes, of a folder that of its list as md5sum(1) writes it, sorted: in the root of the lab
`find -L data -type f | LC_ALL=C sort | xargs -d '\\n' md5sum | md5sum` says the same. Each file is read once, and again when it changes.
"""
from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from gitexp.checkout import sentry
from gitexp.core import kept as keeping
from gitexp.core.kept import Kept
from gitexp.core.tuples import NamedTuple

MANY = 100_000  # files; looking at more would take seconds at every run
PATIENCE = 60.0  # seconds of reading before a run
_TOLD = 1 << 28  # bytes, which take about half a second
_CHUNK = 1 << 20


class Digests(NamedTuple):
    """`each` is by the name of the input, `whole` of all their files together; None where not all was read.

    `lab` is that of the list of the lab's own files, and the same in whatever pieces they are linked.
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
    """The files of the inputs as they are now, to be compared with what they are later.

    Each has its size and its time of change, which no program can set back. A folder with more than `MANY` files is not watched.
    """

    def __init__(self, inputs: Mapping[str, Path]) -> None:
        self._inputs = inputs
        self._before = self._states()
        sentry.wait_for_the_clock(max((int(state.split()[0]) for state in self._before.values()), default=0))

    def changed(self) -> list[str]:
        """The names of files that are not what they were, or have come or gone."""
        now = self._states()
        return sorted(name for name in {*now, *self._before} if now.get(name) != self._before.get(name))

    def _states(self) -> dict[str, str]:
        return {file.name: file.state for name, source in self._inputs.items() for file in _files(name, source) or ()}


def digests(
    inputs: Mapping[str, Path], kept: Kept, *, say: Callable[[str], None], own: Collection[str] = (), patience: float = PATIENCE,
) -> Digests:
    """Read what is new, the smallest first, and for `patience` seconds at most: what is left is read before a later run.

    A file that takes longer by itself is given up until it changes, and so is a folder with more than `MANY` files. The inputs named
    in `own` are not the lab's.
    """
    found = {name: _files(name, source) for name, source in inputs.items()}
    every = {file.path: file for some in found.values() for file in some or ()}
    unread = sorted((file for file in every.values() if not kept.knows(file.path, file.state)), key=lambda file: file.size)
    fresh = _read(unread, kept, say, patience)

    def md5(file: _File) -> str | None:
        return fresh[file.path] if file.path in fresh else kept.said(file.path) if kept.knows(file.path, file.state) else None

    each = {name: _digest(some, md5, alone=not inputs[name].is_dir()) for name, some in found.items()}
    known = [some for some in found.values() if some is not None]
    whole = next(iter(each.values())) if len(each) == 1 else \
        _digest([file for some in known for file in some], md5) if len(known) == len(found) else None
    of_lab = [some for name, some in found.items() if name not in own]
    lab = _digest([file for some in of_lab for file in some or ()], md5) if of_lab and None not in of_lab else None
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
    """None for a file that cannot be read, or not in time."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with open(path, 'rb', buffering=0) as file:
            while data := file.read(_CHUNK):
                digest.update(data)
                if time.monotonic() > until:
                    return None
    except OSError:
        return None
    return digest.hexdigest()


def _digest(files: list[_File] | None, md5: Callable[[_File], str | None], *, alone: bool = False) -> str | None:
    """That of one file, or of the list of several."""
    if files is None:
        return None
    said = {file.name: md5(file) for file in files}
    if None in said.values():
        return None
    if alone:
        return next(iter(said.values()), None)
    lines = [f'{said[name]}  {name}\n'.encode('utf-8', 'surrogateescape') for name in sorted(said, key=os.fsencode)]
    return hashlib.md5(b''.join(lines), usedforsecurity=False).hexdigest()


def _files(name: str, source: Path) -> list[_File] | None:
    """The files below an input, through links; None when there are too many."""
    found: list[_File] = []
    for file in _walk(name, str(source), frozenset()):
        found.append(file)
        if len(found) > MANY:
            return None
    return found


def _walk(name: str, path: str, above: frozenset[tuple[int, int]]) -> Iterator[_File]:
    try:
        info = os.stat(path)
        inside = sorted(os.listdir(path)) if stat.S_ISDIR(info.st_mode) else []
    except OSError:
        return
    if stat.S_ISREG(info.st_mode):
        yield _File(name, path, info.st_size, keeping.state_of(info))
    elif (info.st_dev, info.st_ino) not in above:  # A link may lead back to where we are.
        for child in inside:
            yield from _walk(f'{name}/{child}', f'{path}/{child}', above | {(info.st_dev, info.st_ino)})
