"""What the trunk, or an experiment, has changed since a commit, but for what cannot change a measurement."""
from __future__ import annotations

from collections.abc import Iterable

from gitexp.experiment import documents
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result


def changed(lab: Lab, base: str, *, slug: str | None = None) -> list[str]:
    """The paths, as `documents.moved` has them; none are known where the commit is not here."""
    return documents.moved(lab, slug, documents.names(lab.git, base, lab.trunk_commit) or [])


def lacking(lab: Lab, commit: str, *, slug: str) -> list[str]:
    """The same since a commit left the trunk."""
    base = _base(lab, commit)
    return changed(lab, base, slug=slug) if base and base != lab.trunk_commit else []


def is_idle(lab: Lab, commit: str, *, slug: str) -> bool:
    """Whether an experiment has changed nothing so far."""
    base = _base(lab, commit)
    return bool(base) and documents.differing(lab, slug, f'{base}^{{tree}}', f'{commit}^{{tree}}') == []


def _base(lab: Lab, commit: str) -> str:
    return lab.git.run('merge-base', lab.trunk_commit, commit).text


def baseline(lab: Lab, runs: Iterable[Result]) -> list[str]:
    """What nobody knows the worth of: the same since the newest run of a baseline, as `documents.unmeasured` has it."""
    newest = max(runs, key=lambda run: run.id, default=None)
    return documents.unmeasured(lab, newest.commit) or [] if newest and newest.commit else []
