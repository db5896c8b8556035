"""What is at stake when results are retired or brought back: before anything is done."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from gitexp.core.errors import Refused
from gitexp.experiment import selection
from gitexp.experiment.selection import Selection
from gitexp.experiment.versions import Turned
from gitexp.git import repository
from gitexp.lab.lab import Lab
from gitexp.ledger import standing
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Kind, Result
from gitexp.ledger.standing import Standing
from gitexp.measure import current
from gitexp.verdict.judged import Judged

_REMOTES, _BRANCHES = 'refs/remotes/', 'refs/heads/exp/'
_AT_ONCE = 2000  # commits on one command line


@dataclass(frozen=True)
class Hours:
    """Hours that runs took: times the GPUs that each had, and of the runs of which no GPU is known."""

    gpu: float
    other: float

    def __str__(self) -> str:
        said = [_long(self.gpu, 'GPU-')] if self.gpu else []
        if self.other:
            said.append(f'{_long(self.other)} of runs' + (' on no known GPU' if self.gpu else ''))
        return ' and '.join(said) or 'no time that is known'


@dataclass(frozen=True)
class Radius:
    """`then` is the best afterwards; `handed` says of experiments how far they went, `judged` what the verdict on others was and becomes.

    `built_on` are other experiments that hold a commit of what goes.
    """

    rows: int
    experiments: int
    hours: Hours
    best: Standing | None
    then: Standing | None
    no_baseline: bool
    handed: dict[str, str]
    built_on: tuple[str, ...]
    judged: dict[str, tuple[str | None, str | None]]

    @property
    def hits_best(self) -> bool:
        return (self.best and self.best.tree) != (self.then and self.then.tree)

    def as_json(self) -> dict[str, Any]:
        return {
            'rows': self.rows, 'experiments': self.experiments, 'gpu_hours': self.hours.gpu, 'hours_on_no_known_gpu': self.hours.other,
            'best': _best_json(self.best), 'then': _best_json(self.then), 'no_baseline': self.no_baseline, 'handed_over': self.handed,
            'built_on': list(self.built_on),
            'judged': {slug: {'verdict': before, 'then': after} for slug, (before, after) in self.judged.items()},
        }


def of(lab: Lab, contents: Contents, turned: Sequence[Turned], *, back: bool = False) -> Radius:
    """Look what goes when rows are retired, or with `back` what comes when they count again."""
    metric = lab.config.metric
    rows = [row for one in turned for row in one.rows]
    ids = {row.id for row in rows}
    if back:
        covered = {name: bug for name, bug in contents.covered.items() if name not in ids}
    else:
        covered = {**contents.covered, **dict.fromkeys(ids, 'this')}
    prefer = current.eval_id(lab)
    before, after = (
        Judged.of(standing.among(said, metric, prefer=prefer), lab.config)
        for said in (contents, contents._replace(covered=covered))
    )
    here = repository.commits(lab.git, [row.commit for row in rows if row.kind is not Kind.BASELINE])
    commits = set(here.values())
    merged = _in_trunk(lab, commits)
    return Radius(
        len(rows), len(turned), hours(rows), _first(before), _first(after), bool(before.baseline and not after.baseline),
        _handed(lab, [one.experiment for one in turned], {row.experiment for row in rows if here.get(row.commit or '') in merged}),
        tuple(slug for slug in _holding(lab, commits - merged) if slug not in {one.experiment for one in turned}),
        _rejudged(before, after, {row.tree for row in rows}),
    )


def in_trunk(lab: Lab, contents: Contents, turned: Sequence[Turned]) -> str | None:
    """The first commit of what goes that the trunk holds, where a baseline of it would still count; None for none."""
    rows = sorted((row for one in turned for row in one.rows), key=lambda row: row.id)
    here = repository.commits(lab.git, [row.commit for row in rows])
    merged = _in_trunk(lab, {*here.values()})
    first = next((here[row.commit] for row in rows if row.commit in here and here[row.commit] in merged), None)
    if first is None:
        return None
    after = contents._replace(covered={**contents.covered, **{row.id: 'this' for row in rows}})
    try:
        left = selection.choose(lab, after, Selection(commit=first)).rows
    except Refused:
        return None  # A shallow clone cannot tell.
    return first if any(row.kind is Kind.BASELINE for row in left) else None


def _in_trunk(lab: Lab, commits: Set[str]) -> set[str]:
    return {*commits}.difference(_listed(lab, [*commits, f'^{lab.trunk_commit}']))


def hours(rows: Iterable[Result]) -> Hours:
    """What runs have cost, as far as it was written down."""
    gpu = other = 0.0
    for row in rows:
        taken = row.env.get('gpus')
        count = len(taken) if isinstance(taken, (list, tuple)) else taken if isinstance(taken, int) else 0
        gpu += count * (row.seconds or 0.0) / 3600
        other += 0.0 if count else (row.seconds or 0.0) / 3600
    return Hours(gpu, other)


def _first(judged: Judged) -> Standing | None:
    return judged.ranking[0] if judged.ranking else None


def _listed(lab: Lab, names: Sequence[str]) -> list[str]:
    return lab.git.ask('rev-list', '--stdin', feed=''.join(f'{name}\n' for name in names).encode()).text.split() if len(names) > 1 else []


def _holding(lab: Lab, commits: Collection[str]) -> list[str]:
    """The experiments whose branch has one of the commits."""
    found: dict[str, None] = {}
    names = sorted(commits)
    for start in range(0, len(names), _AT_ONCE):
        words = [f'--contains={name}' for name in names[start:start + _AT_ONCE]]
        found.update(dict.fromkeys(lab.git.ask('for-each-ref', '--format=%(refname:lstrip=3)', *words, _BRANCHES).text.split()))
    return list(found)


def _handed(lab: Lab, slugs: Sequence[str], merged: Collection[str]) -> dict[str, str]:
    refs = lab.git.ask('for-each-ref', '--format=%(refname)', _REMOTES).text.split()
    pushed = {ref.partition('/exp/')[2] for ref in refs}
    said: dict[str, str] = {}
    for slug in slugs:
        asked = (lab.state / 'submit' / f'{slug}.md').exists()
        way = f'merged into {lab.trunk}' if slug in merged else 'submitted' if asked else 'pushed' if slug in pushed else None
        if way:
            said[slug] = way
    return said


def _rejudged(before: Judged, after: Judged, gone: Collection[str | None]) -> dict[str, tuple[str | None, str | None]]:
    """The experiments whose best tree is held against what goes or against what comes, with the verdict before and after."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for one in after.ranking:
        was, rivals = before.standings.of(one.tree), (before.rival(one), after.rival(one))
        if one.kind is Kind.BASELINE or one.tree in gone or one.experiment in found or was is None:
            continue
        if any(rival and rival.tree in gone for rival in rivals):
            found[one.experiment] = _said(before, was, rivals[0]), _said(after, one, rivals[1])
    return found


def _said(judged: Judged, one: Standing, rival: Standing | None) -> str | None:
    return judged.verdict(one, rival).kind.value if rival else None


def _best_json(one: Standing | None) -> dict[str, Any] | None:
    return one and {'experiment': one.experiment, 'version': one.version, 'tree': one.tree, 'mean': one.mean, 'n': one.n}


def _long(hours: float, unit: str = '') -> str:
    if hours * 60 < 1:
        return f'less than one {unit}minute'
    minutes = f'{hours * 60:.0f}'
    if hours < 1:
        return f'{minutes} {unit}minute{"" if minutes == "1" else "s"}'
    return f'{hours:,.1f} {unit}hours' if hours < 100 else f'{hours:,.0f} {unit}hours'
