"""Paths that come beside one that some file systems take for the same: where these hold one file only, it is the other one's."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from gitexp.rules import change, pattern
from gitexp.rules.change import Change, Entry, Target
from gitexp.rules.pattern import fold
from gitexp.rules.ruleset import Rule, RuleSet

_KINDS = ('frozen', 'protocol', 'append-top', 'append-bottom', 'sections', 'keep', 'human')
_FEW = 100  # More paths than are told to git one by one.


def twins(rules: RuleSet, target: Target | None, changes: Sequence[Change]) -> Mapping[str, str]:
    """What was there, by the path that is added beside it; of paths that a rule protects, in what `target` is now."""
    joined = _joined(rules, changes)
    added = {one.path: one.new for one in changes if one.new and not any(one.olds) and protecting(rules, one.path)}
    if target is None or not added:
        return joined
    there = _spelt(target, added)
    return {**joined, **{path: there[fold(path)] for path in added if fold(path) in there}}


def _joined(rules: RuleSet, changes: Sequence[Change]) -> dict[str, str]:
    """What one side of a merge had, by the path that another side brings beside it, where none had both."""
    sides: dict[str, list[Change]] = {}
    for one in changes:
        if one.new and any(one.olds) and not all(one.olds):
            sides.setdefault(fold(one.path), []).append(one)
    pairs = ((one, other) for some in sides.values() if len(some) > 1 for one, other in permutations(some, 2) if one.olds[0] is None)
    apart = ((one, other) for one, other in pairs if not any(map(all, zip(one.olds, other.olds))))
    return {one.path: other.path for one, other in apart if protecting(rules, one.path)}


def protecting(rules: RuleSet, path: str) -> Rule | None:
    """The first rule by which a path stays what it is, None without one."""
    return next((rule for rule in rules.covering(path) if rule.kind in _KINDS), None)


def _spelt(target: Target, added: Mapping[str, Entry]) -> dict[str, str]:
    """The paths that may be the others, by their folded form; git folds the case of ASCII alone."""
    specs = [f':(top,icase,glob){pattern.literal(path)}' for path in added]
    few = (*specs, *(() if all(map(str.isascii, added)) else pattern.ODD)) if len(specs) <= _FEW else ()
    here = target.against(change.nothing(next(iter(added.values()))), few)
    return {fold(path): path for path in here if path not in added}
