"""What the branch of a measured experiment had before it was deleted or emptied on a server: that counts when it comes again."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitexp.git.command import Git
from gitexp.guard import noted

_FILE = 'departed'


def keep(git: Git, left: Iterable[tuple[str, str]], *, seen: Mapping[str, str]) -> Mapping[str, str]:
    """Note where branches were, in the bare repository, and give where each was when it last departed.

    Of one that has departed since they were `seen` nothing is noted: what it had in the end is, and whoever has judged it
    before that did not know.
    """
    gone = dict(left)
    if gone:
        noted.add(git, _FILE, lambda there: _new(gone, _last(there), seen))
    return last(git)


def last(git: Git) -> Mapping[str, str]:
    """Where each branch was when it last departed, whether or not that is still there."""
    return _last(noted.lines(git, _FILE))


def _new(gone: Mapping[str, str], now: Mapping[str, str], seen: Mapping[str, str]) -> Iterable[str]:
    return [f'{oid} {branch}' for branch, oid in gone.items() if now.get(branch) == seen.get(branch)]


def _last(lines: Iterable[str]) -> Mapping[str, str]:
    return {branch: oid for oid, _, branch in (line.partition(' ') for line in lines) if branch}
