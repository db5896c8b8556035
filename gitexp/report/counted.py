"""Which runs the means of the views are of, and what keeps the others from it."""
from __future__ import annotations

from collections.abc import Iterable

from gitexp.experiment import versions
from gitexp.lab.lab import Lab
from gitexp.ledger import standing
from gitexp.ledger.read import Contents
from gitexp.ledger.result import ABOUT, Kind, Result, Status
from gitexp.measure import current
from gitexp.verdict.noise import Noise, Sample, pooled

AGAIN = 're-evaluated'  # git exp eval --of
_IMPORTED, _ELSEWHERE, _TREELESS = 'imported', 'another evaluation', 'no tree'


def runs(lab: Lab, found: Contents) -> list[Result]:
    """The runs that compete under the lab's own evaluation, else the newest: of each tree a seed once, in the order of their ids."""
    return first(standing.counted(found, lab.config.metric, prefer=current.eval_id(lab)))


def first(rows: Iterable[Result]) -> list[Result]:
    """Of each tree and seed the first row by its id, see `seeds.Runs`."""
    known = list(rows)
    ids = {(row.tree, row.seed): row.id for row in sorted(known, key=lambda row: row.id, reverse=True)}
    return [row for row in known if ids[row.tree, row.seed] == row.id]


def noise(rows: Iterable[Result]) -> Noise | None:
    """The noise of one run, by all trees of such rows."""
    trees: dict[str | None, list[tuple[int | None, float]]] = {}
    for row in rows:
        if row.value is not None:
            trees.setdefault(row.tree, []).append((row.seed, row.value))
    return pooled(map(Sample, trees.values()))


def name(row: Result) -> str:
    """Whose run it is, with the commit."""
    whose = row.experiment if row.kind is Kind.BASELINE else f'{row.experiment} {row.version}'
    return f'{whose} at {row.commit[:7]}' if row.commit else whose


def silent(lab: Lab, found: Contents) -> dict[str, str]:
    """By id, what keeps each run from competing that has a plausible value and is not retired."""
    metric = lab.config.metric
    competing = {row.id for row in standing.counted(found, metric, prefer=current.eval_id(lab))}
    told = standing.silent(found, metric)
    return {
        row.id: why(row) or told.get(row.id) or _ELSEWHERE for row in standing.alive(found)
        if row.id not in competing and row.kind not in ABOUT and row.status is Status.OK
        and row.value is not None and metric.plausible(row.value)
    }


def elsewhere(lab: Lab, found: Contents, name: str) -> list[Result]:
    """The runs of other evaluations that say a number, or were given it in ARGS, which make an evaluation of their own."""
    told = silent(lab, found)
    return [row for row in found.results if told.get(row.id) == _ELSEWHERE and (name in row.metrics or name in _given(row))]


def _given(row: Result) -> set[str]:
    """What ARGS name, as in --lr 0.1, --lr=0.1 or lr=0.1."""
    args = row.params.get('args')
    words = [word for word in args if isinstance(word, str)] if isinstance(args, (list, tuple)) else []
    return {word.lstrip('-').partition('=')[0].replace('-', '_') for word in words if word.startswith('-') or '=' in word}


def why(row: Result) -> str | None:
    """What a row itself says that keeps it from competing, None for nothing."""
    if row.kind is Kind.IMPORT:
        return _IMPORTED
    return AGAIN if versions.is_again(row) else None if row.tree and row.eval_id else _TREELESS
