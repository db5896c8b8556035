"""Retired results that count again: since somebody has put them back where they were, they may go on as others do."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from posixpath import dirname

from gitexp.core.finding import Finding
from gitexp.git import history
from gitexp.git.command import Git
from gitexp.rules import gathered
from gitexp.rules.case import Case
from gitexp.rules.change import Change, Entry, nothing
from gitexp.rules.ruleset import RuleSet

_FEW = 100  # More folders than are told to git one by one.


def moved_back(case: Case, changes: Iterable[Change]) -> Set[str]:
    """The paths of retired results that are where they were before, each in a place of its own."""
    news = {change.path: change.new for change in changes}
    lost = (change for change in changes if change.new is None and any(change.olds))
    gone = [(place, change) for change in lost if (place := case.rules.current(change.path))]
    found: dict[str, str] = {}
    for place, change in gone:
        if news.get(place) and news[place] in change.olds:
            found.setdefault(place, change.path)
    for place, change in _alike(case, [one for one in gone if one[0] not in news]):
        found.setdefault(place, change.path)
    return set(found.values())


def without(
    git: Git, rules: RuleSet, found: Sequence[Finding], changes: Iterable[Change], tips: Iterable[str], start: str,
) -> list[Finding]:
    """What is found of changes since `start`, without that retired results are gone that have counted again."""
    if not any(one.rule == 'keep' for one in found):
        return [*found]
    again, had = _since(git, rules, tips, start), {one.path: one.olds[0] for one in changes}
    return [one for one in found if one.rule != 'keep' or (dirname(one.path), had[one.path]) not in again]


def _since(git: Git, rules: RuleSet, tips: Iterable[str], start: str) -> Set[tuple[str, Entry | None]]:
    """What commits past `start` have moved back of retired results, by folder: a merge may have given it another name there."""
    edges = [(one.oid, parent) for one in history.new(git, tips, [start]) for parent in one.parents[:1]]
    found = set()
    for side in gathered.differences(git, edges, [f':(top,literal){rules.experiments}']).values():
        for path, (old, new) in side.items():
            place = rules.current(path) if new is None else None
            if place and place in side and side[place][1] == old:
                found.add((dirname(path), old))
    return found


def _alike(case: Case, gone: Sequence[tuple[str, Change]]) -> Iterator[tuple[str, Change]]:
    """Those that are no change where they were before, as another version has them alike; of folders that have gone as a whole."""
    if not gone or case.target is None:
        return
    folders = {change.path: case.rules.retired(change.path) for _, change in gone}
    asked = {*folders.values(), *(case.rules.current(folder) for folder in folders.values())}
    specs = [f':(top,literal){folder}' for folder in asked] if len(asked) <= _FEW else ()
    there = case.target.against(nothing(next(filter(None, gone[0][1].olds))), specs)
    kept = {*map(case.rules.retired, there)}
    for place, change in gone:
        if folders[change.path] not in kept and place in there and there[place][1] in change.olds:
            yield place, change
