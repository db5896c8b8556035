"""Where the user is, what is under way, and what to do next."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitexp.core import locks
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Git
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.report import best as report
from gitexp.report import experiments, kept, merged, table
from gitexp.report.overview import Best, Summary
from gitexp.verdict import doubt

if TYPE_CHECKING:
    from gitexp.ledger.result import Result


class Status(NamedTuple):
    """`here` is 'root', 'experiment' or 'elsewhere'; `measured` says whether a row names the tree of this commit.

    `failing` is what keeps the baseline from passing, without which nothing is evaluated; `merged` is a winner that the trunk holds.
    """

    root: Path
    here: str
    slug: str | None
    uncommitted: int | None
    measured: bool
    running: tuple[Result, ...]
    locks: tuple[str, ...]
    open: tuple[str, ...]
    best: Best | None
    summary: Summary | None
    hooks: tuple[Finding, ...]
    baseline: bool
    rows: int
    unused: int
    failing: Finding | None
    merged: bool


def status(lab: Lab, hooks: Sequence[Finding]) -> Status:
    """Gather it; `hooks` are what is wrong with them."""
    slug = lab.current.slug if lab.current else None
    overview = kept.overview(lab, experiments=slug is not None)
    summary = next((one for one in overview.experiments if one.slug == slug), None)
    inside = lab.here is not None and (slug is not None or lab.here == lab.root)
    return Status(
        root=lab.root, here='experiment' if slug else 'root' if inside else 'elsewhere', slug=slug,
        uncommitted=_uncommitted(lab.here) if lab.here and inside else None,
        measured=_measured(lab) if slug else False,
        running=tuple(experiments.running(lab)), locks=tuple(_locks(lab.state / 'locks')), open=tuple(experiments.opened(lab)),
        best=overview.best, summary=summary,
        hooks=tuple(hooks), baseline=overview.baseline, rows=overview.rows, unused=overview.unused,
        failing=_failing(lab) if overview.rows else None,
        merged=summary is not None and summary.won and merged.holds(lab, summary.slug, lab.trunk_commit, f'refs/heads/exp/{slug}'),
    )


def text(now: Status, metric: Metric) -> str:
    """One line for each thing that there is something to say of."""
    direction = 'lower' if metric.direction == 'min' else 'higher'
    facts = [
        ('lab', f'{now.root} ({metric.name}, {direction} is better)'),
        ('here', _here(now)),
        *([('running', '\n'.join(map(_run, now.running)))] if now.running else []),
        *([('locked', '\n'.join(now.locks))] if now.locks else []),
        ('open', ', '.join(now.open) or 'no experiment'),
        ('best', report.headline(now.best, metric) + _doubt(now.best) if now.best else 'nothing is measured'),
        *([('baseline', f'does not pass: {now.failing.message}')] if now.failing else []),
        ('hooks', '; '.join(finding.message for finding in now.hooks) or 'alive'),
    ]
    return table.fields(facts)


def json(now: Status) -> dict[str, Any]:
    """Every field."""
    from gitexp.report import rows
    return {
        **now._asdict(), 'root': str(now.root), 'running': rows.json(now.running, {}), 'best': now.best and report.plain(now.best),
        'summary': now.summary and now.summary._asdict(), 'hooks': [finding.as_json() for finding in now.hooks],
        'failing': now.failing and now.failing.as_json(), 'next': way(now),
    }


def way(now: Status) -> str:
    """What to do next."""
    if now.hooks:
        return 'git exp hook install'
    if now.failing:
        from gitexp.measure import trusted
        return trusted.way(now.failing)
    if not now.baseline:
        return 'git exp baseline'
    if now.slug:
        return _in_experiment(now, now.slug)
    return 'git exp list, or: git exp new SLUG' if now.open else 'git exp new SLUG'


def _in_experiment(now: Status, slug: str) -> str:
    if now.uncommitted:
        return f"git add -A && git commit -m 'exp({slug}): WHAT CHANGED'"
    if not now.measured:
        return 'git exp eval'
    if now.merged:
        return f'git exp close {slug}'
    if now.summary and now.summary.verdict == 'better':
        return 'git exp submit'
    return 'change something and commit it, or: git exp show'


def _failing(lab: Lab) -> Finding | None:
    from gitexp.measure import current, trusted  # A look at every row: it is spared where there is none.
    return trusted.failing(lab, current.eval_id(lab))


def _uncommitted(folder: Path) -> int:
    return len(Git(folder).ask('status', '--porcelain', '--no-renames', '-z').names)


def _measured(lab: Lab) -> bool:
    """A look at the bytes, since reading the rows would cost more than all the rest."""
    tree = lab.git.run('rev-parse', 'HEAD^{tree}').text
    try:
        return tree.encode() in lab.ledger.read_bytes()
    except FileNotFoundError:
        return False


def _locks(folder: Path) -> list[str]:
    """Who holds what now."""
    return [f'{path.name} by {locks.holder(path)}' for path in sorted(folder.glob('*')) if path.is_file() and not locks.is_free(path)]


def _here(now: Status) -> str:
    where = {'root': 'the root', 'experiment': f'experiment {now.slug}', 'elsewhere': 'neither the root nor an experiment'}[now.here]
    return f'{where}, {_files(now.uncommitted)}' if now.uncommitted is not None else where


def _files(many: int) -> str:
    return f'{many or "no"} uncommitted file{"" if many == 1 else "s"}'


def _run(run: Result) -> str:
    seed = f' seed {run.seed}' if run.seed is not None else ''
    return f'{run.kind.value} of {run.experiment} {run.version}{seed}, since {run.time[:16].replace("T", " ")} UTC'


def _doubt(best: Best) -> str:
    held = doubt.of(best.flags)
    return f' ({"a " * (held == doubt.JUMP)}{held}: not confirmed)' if held else ''
