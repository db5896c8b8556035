"""What the trunk has changed since a commit, but for what cannot change a measurement."""
from __future__ import annotations

from collections.abc import Iterable

from gitexp.experiment import documents
from gitexp.lab.config import APPENDS
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result
from gitexp.report import view
from gitexp.rules import pattern


def changed(lab: Lab, base: str, *, slug: str | None = None) -> list[str]:
    """The paths; free are what is only appended to, the report, and the folders of experiments but that of `slug`.

    None are known where the commit is not here.
    """
    folder = f'{lab.config.paths.experiments}/'
    found = measured(lab, documents.names(lab.git, base, lab.trunk_commit) or [])
    return [path for path in found if not path.startswith(folder) or path.startswith(f'{folder}{slug}/')]


def measured(lab: Lab, paths: Iterable[str]) -> list[str]:
    """Those of some paths that may be measured: neither only appended to nor the report."""
    free = [pattern.of(said) for kind in APPENDS for said in lab.config.rules.get(kind, ())]
    written = (*lab.config.ledgers, view.REPORT)
    return [path for path in paths if path not in written and not any(one.covers(path) for one in free)]


def baseline(lab: Lab, runs: Iterable[Result]) -> list[str]:
    """The same since the newest run of a baseline, where there is one."""
    newest = max(runs, key=lambda run: run.id, default=None)
    return changed(lab, newest.commit) if newest and newest.commit else []
