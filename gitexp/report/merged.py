"""Winners that the trunk holds, which can be no better than it: they have the verdict of their rows, unless that is in doubt."""
from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from gitexp.lab.lab import Lab
from gitexp.ledger.result import WON
from gitexp.report.overview import Best, Summary
from gitexp.verdict import doubt

_NAME = re.compile('[0-9a-f]{40,64}|refs/.*', re.S)  # In a row may stand anything.
WHY = 'its rows say so, and the trunk holds it'


def among(lab: Lab, summaries: Collection[Summary], tips: Mapping[str, str]) -> list[Summary]:
    """The winners whose branch and folder the trunk has: a merge may have been reverted.

    `tips` has the commit of each branch. It costs no git process where no branch has won, and no look at 1,000 refs, which takes 10 ms.
    """
    won = {one.slug: tips[one.slug] for one in summaries if one.won and one.slug in tips}
    done = lab.git.run('rev-list', '--stdin', feed='\n'.join([*won.values(), f'^{lab.trunk_commit}', '']).encode()) if won else None
    held = set(won.values()).difference(done.text.split('\n')) if done and not done.code else set[str]()
    there = lab.git.run('ls-tree', '--name-only', f'{lab.trunk_commit}:{lab.config.paths.experiments}').text.split('\n') if held else ()
    return [told(one) for one in summaries if won.get(one.slug) in held and one.slug in there]


def told(summary: Summary) -> Summary:
    """With the verdict that its rows have."""
    return summary if doubt.of(summary.flags) else summary._replace(verdict=WON, flags=())


def best(lab: Lab, best: Best) -> Best:
    """The best tree, with the verdict that its rows have where the trunk holds it."""
    if not best.won or best.verdict == WON or doubt.of(best.flags) or not holds(lab, best.experiment, best.commit):
        return best
    return best._replace(verdict=WON, why=WHY, flags=(), champion=None, against=None)


def holds(lab: Lab, slug: str, tip: str | None) -> bool:
    """Whether the trunk has the branch of an experiment in it, and its folder."""
    if tip is None or not _NAME.fullmatch(tip):
        return False
    folder = f'{lab.trunk_commit}:{lab.config.paths.experiments}/{slug}'
    return lab.git.run('merge-base', '--is-ancestor', tip, lab.trunk_commit).code == 0 == lab.git.run('cat-file', '-e', folder).code
