"""A version that a bug has retired, held against the one that is current."""
from __future__ import annotations

from typing import Any

from gitexp.core import files
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import place, plan, scaffold, versions
from gitexp.git import repository
from gitexp.lab.config import Config, Metric
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import counting, read, seeds
from gitexp.ledger import retired as retiring
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Result
from gitexp.measure import current, protocol
from gitexp.report import counted, figures, view
from gitexp.report.figures import Scale


class Side(NamedTuple):
    """The runs of a version that have a value, under one evaluation; `bug` has retired them, None for those that count.

    `events` are the ids of the supersede rows that have.
    """

    version: str
    bug: str | None
    rows: tuple[Result, ...]
    events: tuple[str, ...] = ()

    @property
    def runs(self) -> dict[int | None, float]:
        """By seed, of the tree that was measured last."""
        return dict(seeds.of_last(self.rows))

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
    def shared(self) -> tuple[int, ...]:
        """The seeds that both have."""
        return tuple(sorted(seed for seed in self.before.runs.keys() & self.after.runs.keys() if seed is not None))

    @property
    def gain(self) -> float:
        """Of the fix, at the seeds of both where there are any; negative where the value is worse without the bug."""
        if not self.shared:
            return self.metric.gain(self.after.mean, self.before.mean)
        after, before = (seeds.mean([side.runs[seed] for seed in self.shared]) for side in (self.after, self.before))
        return self.metric.gain(after, before)

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
    now = [row for row in counted.runs(lab, found) if (row.experiment, row.version) == (slug, name)]
    if not now:
        raise Refused(f"no run of '{slug}' {name}, the current version, counts yet", hint='git exp eval')
    then = [row for row in _covered(found, slug) if row.version == version and counting.competes(row, metric)]
    if not then:
        raise Refused(f"no run of '{slug}' {version} has a value", hint=f'git exp results {slug}')
    own = current.eval_id(lab)
    last = max(then, key=lambda row: (row.eval_id == own, row.id)).eval_id
    before = tuple(row for row in then if row.eval_id == last)
    ids, mine = {row.id for row in before}, [row for row in found.results if row.experiment == slug]
    events = [one.id for one in retiring.in_force(mine) if any(row.id in ids for row in retiring.by([one], mine))]
    return Compared(slug, metric, Side(version, bugs[version], before, tuple(events)), Side(name, None, tuple(now)))


def retired(found: Contents, slug: str) -> dict[str, str]:
    """The versions of an experiment that have lost runs, with the bugs."""
    rows = _covered(found, slug)
    bugs = {row.version: dict.fromkeys(found.covered[one.id] for one in rows if one.version == row.version) for row in rows}
    return {version: ', '.join(names) for version, names in bugs.items()}


def text(said: Compared) -> str:
    """One line of numbers."""
    scale = figures.scale([said.before.mean, said.after.mean])
    other = '' if said.is_fair else ', by another evaluation'
    then = f'{_side(said.before, scale)}{other}, retired by {said.before.bug}'
    return f'{said.experiment}: {said.metric.name} of {then}; of {_fixed(said, scale)}'


def noted(said: Compared, which: Experiment) -> bool:
    """Fill in what the fix has changed where PLAN.md has left that open; whether it was."""
    path = which.folder / scaffold.FILE
    try:
        text = files.read(path)
    except OSError:
        return False
    scale = figures.scale([said.before.mean, said.after.mean])
    new = plan.with_delta(text, said.before.version, _fixed(said, scale), rows=said.before.events)
    if new != text:
        files.replace(path, new, mode=path.stat().st_mode, top=which.root)
    return new != text


def _side(side: Side, scale: Scale) -> str:
    return f'{side.version} {scale.show(side.mean)} (n={len(side.runs)})'


def _fixed(said: Compared, scale: Scale) -> str:
    return f'{_side(said.after, scale)}, gain {scale.change(said.gain)}{_where(said)}'


def _where(said: Compared) -> str:
    """At which seeds the gain is, unless both have the same."""
    if said.before.runs.keys() == said.after.runs.keys():
        return ''
    return f' at the seeds of both: {view.listed([*map(str, said.shared)])}' if said.shared else ' between different seeds'


def seeds_to_run(said: Compared, config: Config) -> int | None:
    """How many of the lab's seeds hold all that the retired version has, where the current one lacks some; None for none."""
    lacks = {seed for seed in said.before.runs if seed is not None and seed not in said.after.runs}
    named = protocol.first(config, len(config.seeds) + len(said.before.runs)) if lacks else []
    return 1 + max(map(named.index, lacks)) if lacks and lacks.issubset(named) else None


def json(said: Compared) -> dict[str, Any]:
    """Every figure."""
    sides = {
        name: {
            'version': side.version, 'bug': side.bug, 'eval_id': side.rows[0].eval_id, 'n': len(side.runs), 'mean': side.mean,
            'runs': [{'seed': seed, 'value': value} for seed, value in side.runs.items()],
        }
        for name, side in (('before', said.before), ('after', said.after))
    }
    gain = {'gain': said.gain, 'shared': [*said.shared]}
    return {'experiment': said.experiment, 'metric': said.metric.name, 'direction': said.metric.direction, **sides, **gain}


def _covered(found: Contents, slug: str) -> list[Result]:
    return [row for row in found.results if row.experiment == slug and row.id in found.covered]
