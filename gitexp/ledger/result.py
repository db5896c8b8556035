"""One row of the ledger: what one run measured."""
from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from gitexp.core import lines
from gitexp.core.tuples import NamedTuple

WON = 'better'  # the verdict of a row that was better than the champion of its day
METRIC = 'metric'  # in env: what the ledger calls the value, and by that to which ledger a row belongs
PLACE = 'place'  # in env: which row of its log one is that was imported without a time, from 1
_NOTHING: dict[str, Any] = {}


class Status(Enum):
    """How a run ended."""

    OK = 'ok'
    FAILED = 'failed'
    TIMEOUT = 'timeout'
    OOM = 'oom'
    THERMAL_ABORT = 'thermal_abort'
    VIOLATION = 'violation'
    INTERRUPTED = 'interrupted'


class Kind(Enum):
    """What a row is about; supersede, restore and confirm rows are about others."""

    BASELINE = 'baseline'
    EVAL = 'eval'
    TRAIN = 'train'
    ROUND = 'round'
    IMPORT = 'import'
    SUPERSEDE = 'supersede'
    RESTORE = 'restore'
    CONFIRM = 'confirm'


ABOUT = frozenset((Kind.SUPERSEDE, Kind.RESTORE, Kind.CONFIRM))


class Result(NamedTuple):
    """`time` is the start in UTC, ISO 8601; what was not measured is None, never 0.

    `value` is the metric; `params` of a supersede row holds `bug`, `covers` (ids) and, where it ends more versions than its own, `closes`,
    of a restore row `restores` (an id) and, where it undoes more than that one, `also` (ids), of a confirm row `confirms` (a tree),
    `because`, `by`, and what there was of it, `seeds` (how many), `mean`, and the `gain` that was sure; of a run `undeclared` when
    nobody had named its seed before, and `flags`.
    """

    id: str
    time: str
    experiment: str
    kind: Kind
    status: Status = Status.OK
    version: str = 'v1'
    commit: str | None = None
    value: float | None = None
    verdict: str | None = None
    seed: int | None = None
    seconds: float | None = None
    memory_gb: float | None = None
    description: str = ''
    tree: str | None = None
    eval_id: str | None = None
    metrics: Mapping[str, Any] = _NOTHING
    params: Mapping[str, Any] = _NOTHING
    env: Mapping[str, Any] = _NOTHING

    def says(self, other: Result) -> bool:
        """Whether two rows say the same, wherever either of them stood in a log that was imported."""
        if PLACE in self.env and PLACE in other.env:
            other = other._replace(env={**other.env, PLACE: self.env[PLACE]})
        return self == other


def columns(metric: str) -> list[str]:
    """The header of a new ledger."""
    return [*lines.columns(metric)]
