"""How the runs of the commit ended at which an experiment stands."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gitexp.ledger.result import Result, Status

_NEWEST = 3


def failed(runs: Sequence[Result]) -> Result | None:
    """The last of them, where none has a value and nobody has stopped it: it would fail again."""
    if not runs or any(run.status is Status.OK for run in runs) or runs[-1].status is Status.INTERRUPTED:
        return None
    return runs[-1]


def said(run: Result) -> str:
    """How a run ended, in a line."""
    reason = run.env.get('reason')
    return f'{run.status.value}: {reason}' if reason else run.status.value


def log(folder: Path, runs: Sequence[Result]) -> Path | None:
    """The output of the newest run that left some, of its evaluation if that began; a retired version's has moved."""
    for run in reversed(runs[-_NEWEST:]):
        found = min(folder.glob(f'exp_log*/{run.id}*.log'), key=lambda path: len(path.name), default=None)
        if found:
            return found
    return None
