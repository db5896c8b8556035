"""Winners that the trunk holds, which can be no better than it: they have the verdict of their day, while that stands."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from gitexp.experiment import held
from gitexp.lab.lab import Lab
from gitexp.ledger.result import WON
from gitexp.report.overview import Best, Summary

WHY = 'than what was there before it, and the trunk holds it'


def among(lab: Lab, summaries: Collection[Summary], tips: Mapping[str, str]) -> dict[str, Summary]:
    """The winners whose branch and folder the trunk has, by their names; `tips` has the commit of each branch."""
    won = {one.slug: one for one in summaries if one.won and one.slug in tips}
    there = held.commits(lab, [*(tips[slug] for slug in won), *(one.commit for one in won.values() if one.stands)])
    folders = held.folders(lab) if there else ()
    return {
        slug: one._replace(verdict=WON, flags=()) if one.stands and one.commit in there else one
        for slug, one in won.items() if tips[slug] in there and slug in folders
    }


def best(lab: Lab, best: Best) -> Best:
    """The best tree, with the verdict of its day where the trunk holds it."""
    if not best.stands or best.verdict == WON or not held.has(lab, best.experiment, best.commit):
        return best
    return best._replace(verdict=WON, why=WHY, flags=(), champion=None, against=None)
