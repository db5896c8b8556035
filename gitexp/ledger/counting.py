"""Which runs count for their tree."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from gitexp.lab.config import Metric
from gitexp.ledger.result import ABOUT, Kind, Result, Status

UNDECLARED = 'undeclared'
CONTENDED = 'contended'
OTHER_DATA = 'other data'
WORDS = {
    UNDECLARED: 'not one of the seeds that the lab has named',
    CONTENDED: 'it had to share its GPU, and its time is limited',
    OTHER_DATA: 'its inputs are not those of the newest baseline',
}
DATA = 'lab_data_md5'  # in env: that of the inputs without what only the experiment has
# Heat comes from outside; of any other end the code that is run may be the cause.
LOST = frozenset(Status) - {Status.OK, Status.THERMAL_ABORT}


def marks(metric: Metric) -> Sequence[tuple[str, str]]:
    """What takes a run out, as a column and a key that is true in it.

    A seed that nobody named before it was run may have been picked for its value; a run of limited time that had to share its GPU
    has done less than the others.
    """
    return [('params', UNDECLARED), *([('env', CONTENDED)] if metric.time_limited else [])]


def competes(row: Result, metric: Metric, data: Mapping[str, str] = {}) -> bool:
    """Whether a row that nothing has retired counts for its tree; `data` is as in `why_not`."""
    return (
        row.status is Status.OK and row.kind not in ABOUT and row.tree is not None and row.eval_id is not None
        and row.value is not None and metric.plausible(row.value) and why_not(row, metric, data) is None
    )


def why_not(row: Result, metric: Metric, data: Mapping[str, str] = {}) -> str | None:
    """What takes a run out that has a plausible value, None for nothing; `data` is by evaluation what `measured_on` says."""
    for column, key in marks(metric):
        if (row.params if column == 'params' else row.env).get(key) is True:
            return key
    return OTHER_DATA if inputs(row) and data.get(row.eval_id or '', inputs(row)) != inputs(row) else None


def inputs(row: Result) -> str | None:
    """The md5 of what a run was measured on, None where it is not known."""
    said = row.env.get(DATA)
    return said if said and isinstance(said, str) else None


def measured_on(rows: Iterable[Result], metric: Metric) -> dict[str, str]:
    """The data of the newest baseline of each evaluation; `rows` are such as nothing has retired, in any order.

    Two clones may have other data each, and then there are rows of both that do not compare.
    """
    return {name: inputs(row) or '' for name, row in yardstick(rows, metric).items()}


def yardstick(rows: Iterable[Result], metric: Metric) -> dict[str, Result]:
    """The newest baseline of each evaluation that says on what data it was measured."""
    baselines = [row for row in rows if row.kind is Kind.BASELINE and inputs(row) and competes(row, metric)]
    return {row.eval_id or '': row for row in sorted(baselines, key=lambda row: row.id)}


def lost(rows: Iterable[Result], competing: Collection[Result], metric: Metric) -> dict[tuple[str, int], int]:
    """How often a seed of a tree was run in vain before it gave a value, where that is more than once.

    `rows` are those of one evaluation that nothing has retired. Whoever may run again until it ends well picks by how it ends.
    """
    first: dict[tuple[str | None, int | None], str] = {}
    for row in competing:
        key = row.tree, row.seed
        first[key] = min(row.id, first.get(key, row.id))
    found: dict[tuple[str, int], int] = {}
    for row in rows:
        if is_lost(row, metric) and row.tree and row.seed is not None and row.id < first.get((row.tree, row.seed), '\U0010ffff'):
            found[row.tree, row.seed] = found.get((row.tree, row.seed), 0) + 1
    return {key: many for key, many in found.items() if many > 1}


def is_lost(row: Result, metric: Metric) -> bool:
    """Whether a run has no value, and would have counted with one."""
    return row.status in LOST and row.kind not in ABOUT and why_not(row, metric) is None
