"""Files that a rule keeps, and that two have made under one name before they met: one keeps the name, the other one goes beside it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import dirname

from gitexp.rules.case import Case
from gitexp.rules.change import Change, Entry, Pair


def stand(case: Case, change: Change) -> bool:
    """Whether what was at a path stands beside it now, kept under another name, and what is there has the name as rightly.

    That is what a side of the merge has there, or what somebody has measured who did not have the other one.
    """
    beside = [one for one in case.changes if dirname(one.path) == dirname(change.path) and _is_kept(case, one)]
    for at, old in enumerate(change.olds):
        places = [one.path for one in beside if one.new == old and one.olds[at] != old]
        if old not in (None, change.new) and not (places and _is_known(case, change, old, places)):
            return False
    return change.new is not None


def _is_kept(case: Case, change: Change) -> bool:
    return change.new is not None and any(rule.kind == 'keep' for rule in case.rules.covering(change.path))


def _is_known(case: Case, change: Change, old: Entry | None, places: Sequence[str]) -> bool:
    return change.new in change.olds or any(_is_apart(side, change, old, places) for side in case.measured(change.path))


def _is_apart(side: Mapping[str, Pair], change: Change, old: Entry | None, places: Sequence[str]) -> bool:
    """Whether a commit, by what differs from it, has what is at a path now, and nowhere there what was."""
    return change.path not in side and all(path in side for path in places) and old not in (was for was, _ in side.values())
