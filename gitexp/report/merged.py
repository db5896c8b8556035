"""Winners that the trunk holds, which can be no better than it."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set

from gitexp.lab.lab import Lab
from gitexp.ledger.result import WON
from gitexp.report.overview import Summary

_COMMIT = re.compile('[0-9a-f]{40,64}')  # In a row may stand anything.


def among(lab: Lab, summaries: Iterable[Summary], tips: Mapping[str, str]) -> tuple[set[str], list[Summary]]:
    """The winners whose branch the trunk has, and as what those are told that the trunk they are held against holds.

    `tips` has the commit of each branch. It costs no git process where no branch has won.
    """
    won = [one for one in summaries if one.won and one.slug in tips]
    held = _held(lab, lab.trunk_commit, {tips[one.slug] for one in won}) if won else set[str]()
    there = lab.git.run('ls-tree', '--name-only', f'{lab.trunk_commit}:{lab.config.paths.experiments}').text.split('\n') if held else ()
    mine = [one for one in won if tips[one.slug] in held and one.slug in there]  # A merge may have been reverted.
    by = {commit: _held(lab, commit, held) for commit in {one.trunk for one in mine if one.trunk and one.verdict != WON}}
    return {one.slug for one in mine}, [told(one) for one in mine if tips[one.slug] in by.get(one.trunk or '', ())]


def told(summary: Summary) -> Summary:
    """With the verdict that its rows have."""
    return summary._replace(verdict=WON, flags=())


def holds(lab: Lab, slug: str, commit: str | None, tip: str | None) -> bool:
    """Whether a commit has the branch of an experiment in it, and its folder: a merge may have been reverted."""
    if commit is None or tip is None or not _COMMIT.fullmatch(commit):
        return False
    folder = f'{commit}:{lab.config.paths.experiments}/{slug}'
    return lab.git.run('merge-base', '--is-ancestor', tip, commit).code == 0 == lab.git.run('cat-file', '-e', folder).code


def _held(lab: Lab, commit: str, tips: Set[str]) -> set[str]:
    """Those that a commit has in it, without a look at 1,000 refs, which takes 10 ms; none where the commit is not here."""
    done = lab.git.run('rev-list', '--stdin', feed='\n'.join([*tips, f'^{commit}', '']).encode()) if _COMMIT.fullmatch(commit) else None
    return set(tips).difference(done.text.split('\n')) if done and not done.code else set()
