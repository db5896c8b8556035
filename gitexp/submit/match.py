"""What an experiment is held against before anybody is asked to merge it."""
from __future__ import annotations

from dataclasses import dataclass

from gitexp.ledger.standing import Standing
from gitexp.measure.verdict import Kind, Verdict
from gitexp.measure.judged import Judged


@dataclass(frozen=True)
class Match:
    """What an experiment is held against, and how it does; `vouched` when a jump counts because somebody vouches for it."""

    reference: Standing
    verdict: Verdict
    vouched: bool = False


def of(judged: Judged, one: Standing, *, confirmed: bool) -> Match | None:
    """A tree against the best of the other experiments, or against its own best where it has fallen behind that.

    `confirmed` vouches for a gain that is too good to be believed at once. None when there is nothing to hold it against.
    """
    reference, before = judged.rival(one), judged.own_best(one)
    if reference is None:
        return None
    if before and (lost := judged.verdict(one, before)).kind is Kind.WORSE:
        return Match(before, lost)
    said = judged.verdict(one, reference)
    if confirmed and 'jump' in said.flags:
        return Match(reference, judged.verdict(one, reference, jumps=False), vouched=True)
    return Match(reference, said)
