"""What an experiment is held against before anybody is asked to merge it, or vouches for it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitexp.ledger.result import Result
from gitexp.ledger.standing import Standing
from gitexp.verdict.judged import Judged
from gitexp.verdict.verdict import Kind, Verdict


@dataclass(frozen=True)
class Match:
    """What an experiment is held against, by its name, and how it does; `vouched` is the row by which a jump counts."""

    reference: Standing
    name: str
    verdict: Verdict
    vouched: Result | None = None


def of(judged: Judged, one: Standing, is_held: Callable[[Standing], bool]) -> Match | None:
    """A tree against the best of the other experiments, or against its own best where it has fallen behind that.

    What the trunk holds of its own (`is_held`) it has to beat as that of any other: a merge of less would take away. None when there is
    nothing to hold it against.
    """
    reference, before = judged.rival(one), judged.own_best(one)
    if reference is None:
        return None
    if before and (lost := judged.verdict(one, before)).kind is Kind.WORSE:
        return Match(before, judged.standings.named(before), lost)
    there = judged.own_best(one, lambda other: judged.has_won(other) and is_held(other))
    if there and (left := judged.verdict(one, there)).kind is not Kind.BETTER:
        return Match(there, judged.standings.named(there), left)
    said, vouched = judged.verdict(one, reference), judged.standings.vouched.get(one.tree)
    return Match(reference, judged.standings.named(reference), said, vouched)
