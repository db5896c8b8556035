"""Names that come beside one that some file systems take for the same: where these hold one only, it is the other one's.

Every name on the way to a path is compared, so that a file in place of a folder counts, and a folder in place of a file.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.rules import change
from gitexp.rules.change import Change, Target
from gitexp.rules.pattern import fold

_FEW = 100  # More paths than are told to git one by one.


class Twin(NamedTuple):
    """What is added at or below `name`, where there was `other`; `inside` are the paths at or below that one."""

    change: Change
    name: str
    other: str
    inside: list[str]


class Names:
    """All names that are added, and those in some trees that stand beside one of them."""

    def __init__(self, git: Git | None = None, *trees: str) -> None:
        self.forms: dict[str, set[str]] = {}
        self._git = git
        self._trees = trees
        self._first: dict[str, str] = {}
        self._folders: set[str] = set()

    def learn(self, changes: Iterable[Change]) -> Names:
        """Take in what is added, which costs a git process where it is in a folder that has not been asked about."""
        folders = [folder for one in _added(changes) for folder in self._take(one.path)]
        asked = [(folder, f'{tree}:{folder}') for folder in folders for tree in self._trees]
        found = repository.contents(self._git, [name for _, name in asked]) if self._git and asked else []
        for (folder, _), tree in zip(asked, found):
            for name in _listed(*tree) if tree else ():
                self._note(f'{folder}{name}')
        return self

    def _take(self, path: str) -> Iterator[str]:
        """Note a path and the folders that it is in; gives those that are new here."""
        self._note(path)
        for folder in (*reversed(ways(path)[:-1]), ''):
            if folder in self._folders:
                break
            self._folders.add(folder)
            if folder:
                self._note(folder)
            yield folder and f'{folder}/'  # With a slash git knows a folder, and no file.

    def _note(self, name: str) -> None:
        first = self._first.setdefault(fold(name), name)
        if first != name:
            self.forms.setdefault(fold(name), {first}).add(name)


def twins(names: Names, target: Target | None, changes: Sequence[Change]) -> Iterator[Twin]:
    """What is added in another spelling than what was there, and still is in `target`, unless a side of a merge had both."""
    added = sorted(_added(changes), key=lambda one: one.olds[0] is not None) if names.forms else []
    forms = {form for one in added for name in ways(one.path) for form in names.forms.get(fold(name), ())}
    if not forms:
        return
    specs = [f':(top,literal){form}' for form in forms] if len(forms) <= _FEW else ()
    like = next(one.new for one in added if one.new)
    here = {*target.against(change.nothing(like), specs)} if target else {one.path for one in changes if one.new}
    olds = {one.path: [*map(bool, one.olds)] for one in changes}
    had = {**dict.fromkeys(here, [True] * len(added[0].olds)), **olds}
    inside: dict[str, dict[str, list[str]]] = {}
    for path in sorted(had):
        for name in ways(path):
            inside.setdefault(fold(name), {}).setdefault(name, []).append(path)
    kept: dict[tuple[str, str], list[str]] = {}
    for one in added:
        for name in ways(one.path):
            among = inside[fold(name)]
            for other in among.keys() - {name}:
                if (name, other) not in kept:
                    mine = [*map(any, zip(*(had[path] for path in among[name])))]
                    kept[name, other] = [path for path in among[other] if path in here and _is_apart(mine, had[path])]
                yield Twin(one, name, other, kept[name, other])


def ways(path: str) -> list[str]:
    """A path, below those of the folders that it is in."""
    return [*accumulate(path.split('/'), '{}/{}'.format)]


def _added(changes: Iterable[Change]) -> list[Change]:
    """What a parent does not have."""
    return [one for one in changes if one.new and not all(one.olds)]


def _listed(oid: str, tree: bytes) -> Iterator[str]:
    """The names in a tree as git keeps it."""
    return map(os.fsdecode, re.findall(rb'[0-7]+ ([^\0]+)\0[\s\S]{%d}' % (len(oid) // 2), tree))


def _is_apart(mine: Sequence[bool], other: Sequence[bool]) -> bool:
    """Whether some parent had the other one, and none had both."""
    return any(other) and not any(map(min, mine, other))
