"""Which runs count for their tree."""
from __future__ import annotations

from collections.abc import Sequence

from gitexp.lab.config import Metric
from gitexp.ledger.result import ABOUT, Result, Status

UNDECLARED = 'undeclared'
CONTENDED = 'contended'
WORDS = {
    UNDECLARED: 'not one of the seeds that the lab has named',
    CONTENDED: 'it had to share its GPU, and its time is limited',
}


def marks(metric: Metric) -> Sequence[tuple[str, str]]:
    """What takes a run out, as a column and a key that is true in it.

    A seed that nobody named before it was run may have been picked for its value; a run of limited time that had to share its GPU
    has done less than the others.
    """
    return [('params', UNDECLARED), *([('env', CONTENDED)] if metric.time_limited else [])]


def competes(row: Result, metric: Metric) -> bool:
    """Whether a row that nothing has retired counts for its tree."""
    return (
        row.status is Status.OK and row.kind not in ABOUT and row.tree is not None and row.eval_id is not None
        and row.value is not None and metric.plausible(row.value) and why_not(row, metric) is None
    )


def why_not(row: Result, metric: Metric) -> str | None:
    """What takes a run out that has a plausible value, None for nothing."""
    return next((key for column, key in marks(metric) if (row.params if column == 'params' else row.env).get(key) is True), None)
