"""What changed: paths with their modes and objects, never their names alone.

Named tuples, since a hook imports this at every commit that it has to judge, and a data class costs half a millisecond to make.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, islice
from typing import Protocol

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.rules import pattern

RAW = ('-r', '-z', '--raw', '--no-renames', '--ignore-submodules=none', '--no-abbrev')
_ABSENT = '000000'
_LONG = 255  # characters: anything shorter is a path that can be.
_AT_ONCE = 1 << 25  # bytes
_SPLIT = 'go on in another one: of a ledger, a person names it in gitexp.yaml, paths: {ledger: …, former: […]}'
LARGEST = 1 << 26  # bytes of a file that only grows: to compare it takes some times as much.
_FEW = 3  # What one change needs is not worth another process that tells how large it is.
_EMPTY = {
    40: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
    64: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
}


class Entry(NamedTuple):
    """What stands at a path; where nothing stands, there is None instead."""

    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        return self.mode.startswith('100')

    @property
    def is_link(self) -> bool:
        return self.mode == '120000'


Pair = tuple['Entry | None', 'Entry | None']


class Change(NamedTuple):
    """`olds` holds one entry for each parent; `bases`, for each further one, what the merge bases have that it shares with those before."""

    path: str
    new: Entry | None
    olds: tuple[Entry | None, ...]
    bases: tuple[tuple[Entry | None, ...], ...] = ()

    @property
    def origins(self) -> tuple[Entry | None, ...]:
        """What all merge bases have."""
        return tuple(entry for entries in self.bases for entry in entries)


class Target(Protocol):
    """What is judged: the index, or a commit."""

    def against(self, tree: str, specs: Iterable[str] = ()) -> dict[str, Pair]:
        """What differs from a tree among the paths that the pathspecs select: old and new entry by path."""


class Staged(NamedTuple):
    """The index that git is about to commit."""

    git: Git

    def against(self, tree: str, specs: Iterable[str] = ()) -> dict[str, Pair]:
        done = self.git.ask('diff-index', '--cached', '--ita-invisible-in-index', *RAW, tree, '--', *specs)
        return pairs(done.names)


class Committed(NamedTuple):
    """A commit, or any tree."""

    git: Git
    oid: str

    def against(self, tree: str, specs: Iterable[str] = ()) -> dict[str, Pair]:
        return pairs(self.git.ask('diff-tree', *RAW, tree, self.oid, '--', *specs).names)


class Either(NamedTuple):
    """What either of two commits has, as a merge of them may."""

    git: Git
    oid: str
    other: str

    def against(self, tree: str, specs: Iterable[str] = ()) -> dict[str, Pair]:
        theirs, ours = (Committed(self.git, oid).against(tree, specs) for oid in (self.other, self.oid))
        return {**theirs, **ours}


def pairs(fields: Iterable[str]) -> dict[str, Pair]:
    """Read the records of raw NUL-separated output.

    Raises Refused for a tree that no git makes, which has a name twice, and for a name that no file system could hold.
    """
    found: dict[str, Pair] = {}
    each = iter(fields)
    for head in each:
        path = next(each)
        if path in found:
            raise Refused(f"a tree has '{path}' twice, so that nobody can say what is there", hint='git fsck')
        if len(path) > _LONG and pattern.is_long(path):
            raise Refused(f"a tree has a path of {len(path)} characters, '{path[:50]}…', which no file system could hold", hint='rename it')
        found[path] = pair(head)
    return found


def pair(head: str) -> Pair:
    old_mode, new_mode, old, new, _ = head[1:].split(' ')
    return _entry(old_mode, old), _entry(new_mode, new)


def _entry(mode: str, oid: str) -> Entry | None:
    return None if mode == _ABSENT else Entry(mode, oid)


def listed(said: bytes) -> list[Change]:
    """The changes in raw NUL-separated output of a comparison with one tree."""
    return [Change(path, new, (old,)) for path, (old, new) in pairs(os.fsdecode(said).split('\0')[:-1]).items()]


def since(target: Target, parent: str, specs: Iterable[str] = ()) -> list[Change]:
    """The changes since one tree."""
    return [Change(path, new, (old,)) for path, (old, new) in target.against(parent, specs).items()]


def merged(target: Target, parents: Iterable[str], bases: Iterable[Iterable[str]], specs: Iterable[str] = ()) -> list[Change]:
    """The changes of a merge against each of its parents, with what the merge bases hold."""
    origins = [[target.against(base, specs) for base in some] for some in bases]
    return joined([target.against(parent, specs) for parent in parents], origins)


def joined(sides: Sequence[Mapping[str, Pair]], origins: Sequence[Sequence[Mapping[str, Pair]]] = ()) -> list[Change]:
    """Changes from what differs from each parent, and from the merge bases of each further one."""
    paths = {path: new for side in sides for path, (_, new) in side.items()}
    return [
        Change(path, new, _olds(sides, path, new), tuple(_olds(some, path, new) for some in origins)) for path, new in paths.items()
    ]


def empty_tree(git: Git, like: str | None = None) -> str:
    """The tree that a first commit is compared with; git knows it without having it, and we know it by the length of another id."""
    return _EMPTY.get(len(like or '')) or git.ask('hash-object', '-t', 'tree', '--stdin').text


def left(git: Git, trunk: str, tip: str) -> Callable[[str], Entry | None]:
    """What was at a path where a tip and the trunk have parted, None where that is nowhere or more than one place."""
    def at(path: str) -> Entry | None:
        found = [Committed(git, base).against(empty_tree(git, base), [f':(top,literal){path}']) for base in history.origin(git, trunk, tip)]
        return next((side[path][1] for side in found if path in side), None)
    return at


def nothing(like: Entry) -> str:
    """The empty tree where objects have such ids."""
    return _EMPTY[len(like.oid)]


def _olds(sides: Iterable[Mapping[str, Pair]], path: str, new: Entry | None) -> tuple[Entry | None, ...]:
    """A path that a side does not list is there what it is in the end."""
    return tuple(side[path][0] if path in side else new for side in sides)


class Blobs:
    """Bytes by object id: what is expected is fetched along with what is asked for, up to `at_once` bytes, so many cost one process.

    Where somebody else has made them, nothing larger than `most` bytes is read.
    """

    def __init__(self, git: Git, at_once: int = _AT_ONCE, most: int | None = None) -> None:
        self._git = git
        self._at_once = at_once
        self._most = most
        self._expected: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._held: dict[str, bytes] = {}

    def expect(self, changes: Iterable[Change]) -> None:
        """Say what will be asked for, in order."""
        for change in changes:
            for entry in (*change.olds, change.new, *change.origins):
                if entry is not None and (entry.is_file or entry.is_link):
                    self._expected[entry.oid] = change.path

    def read(self, oid: str) -> bytes:
        """The bytes of one blob; raises Refused when the repository lacks it, or it is too large."""
        if oid not in self._held:
            self._fetch(oid)
        if oid not in self._held:
            raise Refused(f"the object {oid} is missing, and a rule depends on it", hint='git fsck')
        return self._held[oid]

    def _fetch(self, oid: str) -> None:
        wanted = self._next(oid)
        self._held = {old: self._held[old] for old in list(self._held)[-2:]}
        self._held.update(contents(self._git, wanted))
        for one in wanted:
            self._expected.pop(one, None)

    def _next(self, oid: str) -> list[str]:
        """What is asked for, and as much of what is expected next as may be held."""
        rest = [other for other in self._expected if other != oid]
        if len(rest) < _FEW and self._most is None:
            return [oid, *rest]
        unknown = [one for one in (oid, *rest) if one not in self._sizes]
        self._sizes.update(zip(unknown, repository.sizes(self._git, unknown)))
        if self._most is not None and self._sizes[oid] > self._most:
            path = self._expected.get(oid, oid)
            raise Refused(f"'{path}' has {self._sizes[oid] >> 20} MiB, and a file that grows may have {self._most >> 20}", hint=_SPLIT)
        totals = accumulate(self._sizes[one] for one in (oid, *rest))
        return [oid, *(one for one, total in zip(rest, islice(totals, 1, None)) if total <= self._at_once)]


def contents(git: Git, oids: Iterable[str]) -> dict[str, bytes]:
    """Many blobs from one process."""
    return dict(filter(None, repository.contents(git, oids)))
