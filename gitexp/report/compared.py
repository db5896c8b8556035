"""A version that a bug has retired, held against the one that is current."""
from __future__ import annotations

from typing import Any

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import place, versions
from gitexp.git import repository
from gitexp.lab.config import Metric
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import counting, read, seeds
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Result
from gitexp.measure import current
from gitexp.report import document, figures


class Side(NamedTuple):
    """The runs of a version that have a value, under one evaluation; `bug` has retired them, None for those that count."""

    version: str
    bug: str | None
    rows: tuple[Result, ...]

    @property
    def runs(self) -> dict[int | None, float]:
        """By seed, of each the first."""
        return dict(seeds.first((row.seed, row.value) for row in sorted(self.rows, key=lambda row: row.id) if row.value is not None))

    @property
    def mean(self) -> float:
        return seeds.mean(self.runs.values())


class Compared(NamedTuple):
    """`before` is retired, `after` is current."""

    experiment: str
    metric: Metric
    before: Side
    after: Side

    @property
    def gain(self) -> float:
        """Of the fix; negative where the value is worse without the bug."""
        return self.metric.gain(self.after.mean, self.before.mean)

    @property
    def is_fair(self) -> bool:
        """Whether one evaluation has measured both."""
        return self.before.rows[0].eval_id == self.after.rows[0].eval_id


def of(lab: Lab, which: Experiment, version: str) -> Compared:
    """Both sides of an experiment that has a worktree; raises Refused without that, and where a side has no run with a value."""
    slug, metric = which.slug, lab.config.metric
    if not any(one.branch == which.branch for one in lab.worktrees):
        here = repository.objects(lab.git, [which.branch])[0]
        raise Refused(f"'{slug}' has no worktree to draw into", hint=place.entry(which)) if here else place.unknown(lab, slug)
    found = read.read(lab)
    bugs = retired(found, slug)
    if version not in bugs:
        names = ', '.join(f'{name} ({bug})' for name, bug in bugs.items())
        raise Refused(f"'{slug}' has no retired version '{version}'", hint=f'it has {names}' if names else f'git exp show {slug}')
    name = f'v{versions.current(which, found.results)}'
    now = [row for row in document.counted(lab, found) if (row.experiment, row.version) == (slug, name)]
    if not now:
        raise Refused(f"no run of '{slug}' {name}, the current version, counts yet", hint='git exp eval')
    then = [row for row in _covered(found, slug) if row.version == version and counting.competes(row, metric)]
    if not then:
        raise Refused(f"no run of '{slug}' {version} has a value", hint=f'git exp results --experiment {slug}')
    own = current.eval_id(lab)
    last = max(then, key=lambda row: (row.eval_id == own, row.id)).eval_id
    before = Side(version, bugs[version], tuple(row for row in then if row.eval_id == last))
    return Compared(slug, metric, before, Side(name, None, tuple(now)))


def retired(found: Contents, slug: str) -> dict[str, str]:
    """The versions of an experiment that have lost runs, with the bugs."""
    rows = _covered(found, slug)
    bugs = {row.version: dict.fromkeys(found.covered[one.id] for one in rows if one.version == row.version) for row in rows}
    return {version: ', '.join(names) for version, names in bugs.items()}


def text(said: Compared) -> str:
    """One line of numbers."""
    scale = figures.scale([said.before.mean, said.after.mean])
    before, after = (f'{side.version} {scale.show(side.mean)} (n={len(side.runs)})' for side in (said.before, said.after))
    other = '' if said.is_fair else ', by another evaluation'
    then = f'{before}{other}, retired by {said.before.bug}'
    return f'{said.experiment}: {said.metric.name} of {then}; of {after}, gain {scale.change(said.gain)}'


def json(said: Compared) -> dict[str, Any]:
    """Every figure."""
    sides = {
        name: {
            'version': side.version, 'bug': side.bug, 'eval_id': side.rows[0].eval_id, 'n': len(side.runs), 'mean': side.mean,
            'runs': [{'seed': seed, 'value': value} for seed, value in side.runs.items()],
        }
        for name, side in (('before', said.before), ('after', said.after))
    }
    return {'experiment': said.experiment, 'metric': said.metric.name, 'direction': said.metric.direction, **sides, 'gain': said.gain}


def _covered(found: Contents, slug: str) -> list[Result]:
    return [row for row in found.results if row.experiment == slug and row.id in found.covered]
