"""Rows that were measured by the rules of a trunk that is not this one."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.report.health import Check, State

_KEY = 'trunk'  # of what a row says of its run
_ID = re.compile(r'[0-9a-f]{40}|[0-9a-f]{64}')
_SHOWN = 3


def look(lab: Lab) -> Iterator[Check]:
    """Name each commit whose rules counted for a run, and which the trunk has in no form; one that is not here says nothing."""
    found = read.read(lab) if lab.ledger.exists() else None
    rows: dict[str, list[str]] = {}
    for one in found.results if found else ():
        name = one.env.get(_KEY)
        if isinstance(name, str) and _ID.fullmatch(name) and found and one.id not in found.covered:
            rows.setdefault(name, []).append(one.id)
    for name in _strays(lab, list(rows)):
        yield _said(lab, name, rows[name])


def _strays(lab: Lab, names: Sequence[str]) -> list[str]:
    """The commits that neither the trunk reaches, nor what is known of it elsewhere, and that are not such ones rebased."""
    if not names:
        return []
    feed = ''.join(f'{name}\n' for name in names).encode()
    known = ('--not', lab.trunk_commit, f'--glob=refs/remotes/*/{lab.trunk}')
    beyond = set(lab.git.run('rev-list', '--ignore-missing', '--stdin', *known, feed=feed).text.split())
    return [name for name in names if name in beyond and _differs(lab, name)]


def _differs(lab: Lab, name: str) -> bool:
    """Whether a commit brings a change that the trunk has not made as well; rows move when somebody rebases their commits."""
    beside = ('--', '.', f':(top,literal,exclude){lab.config.paths.ledger}')
    return bool(lab.git.run('rev-list', '--cherry-pick', '--right-only', '--max-count=1', f'{lab.trunk_commit}...{name}', *beside).text)


def _said(lab: Lab, name: str, rows: Sequence[str]) -> Check:
    shown = ', '.join(rows[:_SHOWN]) + (f' and {len(rows) - _SHOWN} more' if len(rows) > _SHOWN else '')
    says = f"measured by the rules of {name[:10]}, which is no commit of '{lab.trunk}': {shown}"
    return Check('rows', State.WARN, says, f'git diff {lab.trunk_commit[:10]} {name[:10]} tells what was different')
