"""What the trunk has changed since a commit, but for what cannot change a measurement."""
from __future__ import annotations

from collections.abc import Iterable

from gitexp.experiment import documents
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result


def changed(lab: Lab, base: str, *, slug: str | None = None) -> list[str]:
    """The paths, as `documents.measured` has them; none are known where the commit is not here."""
    return documents.measured(lab, slug, documents.names(lab.git, base, lab.trunk_commit) or [])


def unmeasured(lab: Lab, commit: str | None) -> list[str]:
    """The same since a commit that was measured, without the papers of the project: what nobody knows the worth of."""
    return documents.told(lab, changed(lab, commit)) if commit else []


def baseline(lab: Lab, runs: Iterable[Result]) -> list[str]:
    """The same since the newest run of a baseline, where there is one."""
    newest = max(runs, key=lambda run: run.id, default=None)
    return unmeasured(lab, newest.commit) if newest else []
