"""Retired results that count again: since somebody has put them back where they were, they may go on as others do."""
from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from gitexp.core.finding import Finding
from gitexp.git import history
from gitexp.git.command import Git
from gitexp.rules import gathered
from gitexp.rules.change import Change, Entry
from gitexp.rules.ruleset import RuleSet


def _since(git: Git, rules: RuleSet, tips: Iterable[str], start: str) -> Set[tuple[str, Entry | None]]:
    """The paths of retired results, with what they had, that commits past `start` have moved back."""
    edges = [(one.oid, parent) for one in history.new(git, tips, [start]) for parent in one.parents[:1]]
    found = set()
    for side in gathered.differences(git, edges, [f':(top,literal){rules.experiments}']).values():
        for path, (old, new) in side.items():
            place = rules.current(path) if new is None else None
            if place and place in side and side[place][1] == old:
                found.add((path, old))
    return found


def without(
    git: Git, rules: RuleSet, found: Sequence[Finding], changes: Iterable[Change], tips: Iterable[str], start: str,
) -> list[Finding]:
    """What is found of changes since `start`, without that retired results are gone that have counted again."""
    if not any(one.rule == 'keep' for one in found):
        return [*found]
    again, had = _since(git, rules, tips, start), {one.path: one.olds[0] for one in changes}
    return [one for one in found if one.rule != 'keep' or (one.path, had[one.path]) not in again]
