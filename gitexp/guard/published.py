"""Where the trunk of a server has been: at the ends of pushes, and at merges between them and before those, which are judged like ends.

Where its own line leads there no more, as after a pull by a merge, what began there began at the trunk all the same.
"""
from __future__ import annotations

from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.guard import noted

_FILE = 'published'
_BESIDE = 'beside'
_WAY = 'way'


def keep(git: Git, old: str, new: str) -> None:
    """Note where the trunk is, in the bare repository, what it goes on by, and whether beside that."""
    lines = [(old, _BESIDE), *((oid, _WAY) for oid in history.merging(git, old, new))]
    if history.left(git, new, old) == old:
        lines = [(oid, '') for oid, _ in lines]
    noted.add(git, _FILE, lambda there: (f'{oid} {mark}'.rstrip() for oid, mark in lines))


class Published(NamedTuple):
    """Where the trunk was, as far as it was noted: `tips` in their order, and those `beside` its line that are still there.

    `way` is what has come on a line beside it, which tells what has left and not what the trunk has had.
    """

    tips: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    way: frozenset[str] = frozenset()


def read(git: Git) -> Published:
    """What was noted."""
    said = {oid: mark for oid, _, mark in (line.partition(' ') for line in noted.lines(git, _FILE))}
    there = repository.objects(git, [f'{oid}^{{commit}}' for oid, mark in said.items() if mark == _BESIDE])
    way = frozenset(oid for oid, mark in said.items() if mark == _WAY)
    return Published(tuple(oid for oid in said if oid not in way), tuple(filter(None, there)), way)
