"""What many branches bring at once: each commit is judged once for each kind of branch, however many names it comes under.

Where there is another project's history each branch is judged by itself: what is no business of the one that merges it may be all that
another one is. So it is where a commit counts because of who pushes it, which is said of one branch.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitexp.git import history
from gitexp.rules.ruleset import RuleSet
from gitexp.rules.span import Span


def spans(like: Span, asked: Iterable[tuple[str | None, str]]) -> list[Span]:
    """The new commits of each branch, or other name (None), given with its tip; all else is as in `like`. One look for all."""
    tips = list(asked)
    new = _new(like, dict.fromkeys(tip for _, tip in tips)) if tips else {}
    order = {oid: place for place, oid in enumerate(new)}
    alone = len(tips) > 1 and _by_themselves(like, new)
    seen: dict[str, set[str]] = {}
    made: dict[str, list[Span]] = {}
    for branch, tip in sorted((one for one in tips if one[1] in new), key=lambda one: order[one[1]]):
        kind = f'{branch} {tip}' if alone else _kind(like.rules, branch)
        reached, earlier = seen.setdefault(kind, set()), made.setdefault(kind, [])
        if tip not in reached:
            earlier.append(like._replace(tip=tip, branch=branch, known=(*like.known, *(span.tip for span in earlier))))
            _reach(new, tip, reached)
    return [span for several in made.values() for span in several]


def _by_themselves(like: Span, new: Mapping[str, Sequence[str]]) -> bool:
    """Whether what has been judged for one branch says nothing of another."""
    if like.witness and like.witness.pusher is not None or not all(new.values()):
        return True
    return len(history.roots(like.git, like.trunk)) > 1


def _new(like: Span, tips: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The parents of each commit that is not known, children before parents."""
    return {one.oid: one.parents for one in history.new(like.git, tips, like.known)}


def _kind(rules: RuleSet, branch: str | None) -> str:
    """The same for branches that are judged alike: which experiment it is matters where experiments are confined."""
    slug = rules.slug(branch)
    return slug if rules.confines(slug) else 'exp/' if slug else ''


def _reach(new: Mapping[str, Sequence[str]], tip: str, reached: set[str]) -> None:
    left = [tip]
    while left:
        one = left.pop()
        if one in new and one not in reached:
            reached.add(one)
            left += new[one]
