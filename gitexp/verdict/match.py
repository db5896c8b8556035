"""What an experiment is held against before anybody is asked to merge it, or vouches for it."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitexp.ledger.result import Result
from gitexp.ledger.standing import Standing
from gitexp.verdict.judged import Judged
from gitexp.verdict.verdict import Kind, Verdict


@dataclass(frozen=True)
class Match:
    """What an experiment is held against, by its name, and how it does; `vouched` is the row by which somebody confirms its tree."""

    reference: Standing
    name: str
    verdict: Verdict
    vouched: Result | None = None


def of(judged: Judged, one: Standing, trunk: Iterable[Standing]) -> Match | None:
    """A tree against the best of the other experiments, and of what was measured of the `trunk` as it is, or against its own best where it
    has fallen behind that.

    The trunk may have from the experiment itself what it has: a merge of no more would bring nothing. Where it was measured by all seeds,
    a tree like it with some of them, which may be lucky, says nothing. None when there is nothing to hold it against.
    """
    rival, before = judged.rival(one), judged.own_best(one)
    if rival is None:
        return None
    if before and (lost := judged.verdict(one, before)).kind is Kind.WORSE:
        return Match(before, judged.standings.named(before), lost)
    others = [other for other in trunk if other.tree != one.tree]
    reference = judged.hardest([rival, *([*filter(judged.is_whole, others)] or others)])
    said, vouched = judged.verdict(one, reference), judged.standings.vouched.get(one.tree)
    return Match(reference, judged.standings.named(reference), said, vouched)
