"""Where the user is, what is under way, and what to do next."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitexp.core import locks
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import held
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.measure import uncommitted
from gitexp.report import best as report
from gitexp.report import experiments, kept, merged, table, tip, view
from gitexp.report.overview import Best, Summary
from gitexp.verdict import doubt

if TYPE_CHECKING:
    from gitexp.ledger.result import Result


class Status(NamedTuple):
    """`here` is 'root', 'experiment' or 'elsewhere'; `measured` says whether a row names the tree of this commit.

    `failing` is what keeps the baseline from passing, without which nothing is evaluated; `changed` is what the trunk has changed since;
    `merged` is a winner that the trunk holds. Of this commit, `bug` has retired its runs, and `failed` is how the last one ended where
    none has a value, with its log in `log`. `undo` takes back what is not committed and no experiment may change. `astray` is the
    experiment whose worktree this is while HEAD is elsewhere, as in a rebase.
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
    changed: tuple[str, ...]
    bug: str | None
    failed: str | None
    log: Path | None
    undo: str | None
    astray: str | None


def status(lab: Lab, hooks: Sequence[Finding]) -> Status:
    """Gather it; `hooks` are what is wrong with them."""
    slug = lab.current.slug if lab.current else None
    overview = kept.overview(lab, experiments=slug is not None)
    summary = next((one for one in overview.experiments if one.slug == slug), None)
    inside = lab.here is not None and (slug is not None or lab.here == lab.root)
    left = uncommitted.lines(lab.here) if lab.here and inside else None
    tree = lab.git.run('rev-parse', 'HEAD^{tree}').text if slug else ''
    measured = _measured(lab, tree) if slug else False
    run = _failed(lab, tree) if measured and not (summary and summary.tree == tree) else None
    failing, changed = _baselines(lab) if overview.rows else (None, ())
    return Status(
        root=lab.root, here='experiment' if slug else 'root' if inside else 'elsewhere', slug=slug,
        uncommitted=None if left is None else len(left),
        measured=measured,
        running=tuple(experiments.running(lab)), locks=tuple(_locks(lab.state / 'locks')), open=tuple(experiments.opened(lab)),
        best=overview.best and merged.best(lab, overview.best), summary=summary,
        hooks=tuple(hooks), baseline=overview.baseline, rows=overview.rows, unused=overview.unused,
        failing=failing, changed=changed,
        merged=summary is not None and summary.won and held.has(lab, summary.slug, f'refs/heads/exp/{slug}'),
        bug=_bug(lab, summary.slug, tree) if summary and summary.bug is not None else None,
        failed=tip.said(run) if run else None, log=tip.log(lab.current.folder, [run]) if run and lab.current else None,
        undo=uncommitted.undo(lab, lab.here, left) if slug and left and lab.here else None, astray=None if inside else _astray(lab),
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
        *([('last run', now.failed)] if now.failed else []),
        *([('baseline', said)] if (said := _baseline(now)) else []),
        ('hooks', '; '.join(finding.message for finding in now.hooks) or 'alive'),
    ]
    return table.fields(facts)


def json(now: Status) -> dict[str, Any]:
    """Every field."""
    from gitexp.report import rows
    return {
        **now._asdict(), 'root': str(now.root), 'running': rows.json(now.running, {}), 'best': now.best and report.plain(now.best),
        'summary': now.summary and now.summary._asdict(), 'hooks': [finding.as_json() for finding in now.hooks],
        'failing': now.failing and now.failing.as_json(), 'log': now.log and str(now.log), 'next': way(now),
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
    if now.astray:
        return f'git status, or: git switch exp/{now.astray}'
    begin = 'git exp list, or: git exp new SLUG' if now.open else 'git exp new SLUG'
    return f'git exp baseline, or: {begin}' if now.changed else begin


def _in_experiment(now: Status, slug: str) -> str:
    if any(run.experiment == slug for run in now.running):
        return 'git exp status, once it has ended'
    if now.undo:
        return now.undo
    if now.uncommitted:
        return f"git add -A && git commit -m 'exp({slug}): WHAT CHANGED'"
    if now.bug is not None:
        return f"mend '{now.bug}' and commit it, then: git exp eval"
    if now.failed:
        return f"less '{now.log}'" if now.log else 'git exp show'
    if not now.measured:
        return 'git exp eval'
    if now.merged:
        return f'git exp close {slug}'
    if now.summary and now.summary.verdict == 'better':
        return 'git exp submit'
    return 'change something and commit it, or: git exp show'


def _baselines(lab: Lab) -> tuple[Finding | None, tuple[str, ...]]:
    """What keeps them from passing, and what the trunk has changed since."""
    from gitexp.ledger import read  # A look at every row: it is spared where there is none.
    from gitexp.measure import current, trusted
    from gitexp.report import since
    rows, gone = read.trunk(lab, current.eval_id(lab))
    return trusted.failing(lab, rows, gone), tuple(since.baseline(lab, [row for row in rows if gone.why(row) is None]))


def _measured(lab: Lab, tree: str) -> bool:
    """A look at the bytes, since reading the rows would cost more than all the rest."""
    try:
        return tree.encode() in lab.ledger.read_bytes()
    except FileNotFoundError:
        return False


def _failed(lab: Lab, tree: str) -> Result | None:
    from gitexp.ledger import read  # As above.
    return tip.failed([row for row in read.holding(lab, tree) if row.tree == tree])


def _bug(lab: Lab, slug: str, tree: str) -> str | None:
    """What has retired this commit, or one that differs in documents only: supersede commits some itself."""
    from gitexp.experiment import spoilt
    from gitexp.ledger import read
    found = spoilt.tree(lab, read.read(lab), slug, tree)
    return found.bug if found else None


def _locks(folder: Path) -> list[str]:
    """Who holds what now."""
    return [f'{path.name} by {locks.holder(path)}' for path in sorted(folder.glob('*')) if path.is_file() and not locks.is_free(path)]


def _astray(lab: Lab) -> str | None:
    """The experiment whose place this is."""
    name = lab.here.name if lab.here and lab.here.parent == lab.root / lab.config.paths.worktrees else ''
    return name if name and lab.git.run('rev-parse', '--verify', '--quiet', f'refs/heads/exp/{name}').text else None


def _here(now: Status) -> str:
    other = f"the worktree of '{now.astray}', which is not on its branch" if now.astray else 'neither the root nor an experiment'
    where = {'root': 'the root', 'experiment': f'experiment {now.slug}', 'elsewhere': other}[now.here]
    return f'{where}, {_files(now.uncommitted)}' if now.uncommitted is not None else where


def _baseline(now: Status) -> str | None:
    if now.failing:
        return f'does not pass: {now.failing.message}'
    return f'the trunk has changed {view.listed(now.changed)} since: git exp baseline' if now.changed else None


def _files(many: int) -> str:
    return f'{many or "no"} uncommitted file{"" if many == 1 else "s"}'


def _run(run: Result) -> str:
    seed = f' seed {run.seed}' if run.seed is not None else ''
    return f'{run.kind.value} of {run.experiment} {run.version}{seed}, since {run.time[:16].replace("T", " ")} UTC'


def _doubt(best: Best) -> str:
    held = doubt.of(best.flags)
    return f' ({"a " * (held == doubt.JUMP)}{held}: not confirmed)' if held else ''
