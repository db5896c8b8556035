"""One experiment in full."""
from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gitexp.core.errors import Refused
from gitexp.experiment import place
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.config import Metric
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import standing
from gitexp.ledger.read import Contents
from gitexp.ledger.result import ABOUT, WON, Kind, Result
from gitexp.measure import current
from gitexp.report import experiments, figures, flagged, merged, table
from gitexp.report.experiments import State
from gitexp.report.table import Column
from gitexp.verdict import flags
from gitexp.verdict.judged import Judged

_BRANCHLESS = (Kind.BASELINE, Kind.IMPORT)


@dataclass(frozen=True)
class Version:
    """The runs of one version; `bug` retired all of them, None when some count, and `retired` is how many do not."""

    name: str
    runs: int
    ok: int
    bug: str | None
    retired: int = 0


@dataclass(frozen=True)
class Tree:
    """A tree by the runs of it that count; `gain` is over the first baseline, `verdict` against the best of the others, of `other_sd`."""

    tree: str
    commit: str | None
    version: str
    n: int
    mean: float
    sd: float | None
    gain: float | None
    verdict: str | None
    why: str | None
    flags: tuple[str, ...]
    other_sd: float | None


@dataclass(frozen=True)
class View:
    """`base` is where the branch left the trunk; `uncommitted` counts files, None without a worktree.

    `remote` is who has the branch that is not here; `root` is where the worktree is or would be. `branchless` is what never has one:
    the baseline, and what was imported. `measured` and `bug` are about the tip: whether it has a value that counts, and what has
    retired all its runs.
    """

    slug: str
    state: State
    commit: str | None
    base: str | None
    ahead: int
    behind: int
    worktree: Path | None
    uncommitted: int | None
    versions: tuple[Version, ...]
    trees: tuple[Tree, ...]
    log: Path | None
    measured: bool
    bug: str | None
    remote: str | None
    root: Path
    branchless: bool


def view(lab: Lab, experiment: Experiment, contents: Contents) -> View:
    """Gather what there is; raises Refused when there is neither a branch nor a row."""
    slug = experiment.slug
    runs = [row for row in contents.results if row.experiment == slug and row.kind not in ABOUT]
    tip, tree = _tip(lab, experiment)
    remote = place.of_remote(lab, slug) if tip is None else None
    if tip is None and not runs:
        raise place.unknown(lab, slug) if remote else Refused(f"there is no experiment '{slug}'", hint=_near(lab, slug))
    base = lab.git.run('merge-base', lab.trunk_commit, tip).text or None if tip else None
    ahead, behind = _distance(lab, tip)
    running = [run for run in experiments.running(lab) if run.experiment == slug]
    worktree = experiment.root if any(one.branch == experiment.branch for one in lab.worktrees) else None
    standings = standing.among(contents, lab.config.metric, prefer=current.eval_id(lab))
    judged = Judged(standings, lab.config.metric, seeds=lab.config.seeds)
    tried = {row.tree for row in runs}
    stand = [one.by(slug) for one in judged.standings.trees if one.tree in tried]
    where = tip or (remote and f'refs/remotes/{remote}/exp/{slug}')
    mine = tuple(_tree(judged, one, lambda commit: merged.holds(lab, slug, commit, where)) for one in stand)
    is_merged = any(map(judged.has_won, stand)) and merged.holds(lab, slug, lab.trunk_commit, where)
    return View(
        slug, _state(running, tip, worktree, remote, is_merged), tip, base, ahead, behind, worktree, uncommitted(worktree),
        tuple(_versions(runs, contents)), mine, _log(experiment.folder, [*runs, *running]),
        any(one.tree == tree for one in judged.standings.trees), _bug([row for row in runs if row.tree == tree], contents),
        remote, experiment.root, tip is None and remote is None and all(row.kind in _BRANCHLESS for row in runs),
    )


def uncommitted(worktree: Path | None) -> int | None:
    """How many files of a worktree differ from its commit or are new."""
    if worktree is None or not worktree.is_dir():
        return None
    return len(Git(worktree).ask('status', '--porcelain', '--no-renames', '-z').names)


def text(shown: View, metric: Metric, *, width: int) -> str:
    """What it is, then how its trees stand."""
    facts = [
        *([] if shown.branchless else [('branch', _branch(shown)), ('worktree', _worktree(shown))]),
        ('versions', '\n'.join(_version(one) for one in shown.versions) or 'nothing has run yet'),
        *([('last log', str(shown.log))] if shown.log else []),
    ]
    head = table.fields([(f'  {name}', said) for name, said in facts])
    return '\n'.join([f'{shown.slug}: {shown.state.value}', head, *(['', _trees(shown, metric, width)] if shown.trees else [])])


def json(shown: View) -> dict[str, Any]:
    """Every field."""
    return {
        **asdict(shown), 'state': shown.state.value,
        'worktree': shown.worktree and str(shown.worktree), 'log': shown.log and str(shown.log), 'root': str(shown.root),
    }


def way(shown: View) -> str:
    """What to do next."""
    better = any(one.verdict == WON for one in shown.trees)
    if shown.state is State.RUNNING:
        return f'tail -f {shown.log}' if shown.log else 'git exp status'
    if shown.remote:
        return f'to go on with it: {place.entry(Experiment(shown.slug, shown.root, shown.root))}'
    if shown.branchless:
        return f'git exp results --experiment {shown.slug}'
    if shown.state is State.ROWS:
        return 'git fetch, which brings its branch where somebody has pushed it'
    if shown.versions and shown.commit and not shown.ahead:  # The trunk has it.
        return f'git exp close {shown.slug}' if shown.worktree else 'git exp new SLUG'
    if shown.worktree is None:
        return f'git exp submit {shown.slug}' if better else 'git exp new SLUG'
    if shown.uncommitted:
        return f"cd '{shown.worktree}' && git add -A && git commit -m 'exp({shown.slug}): WHAT CHANGED'"
    if shown.bug is not None:
        return f"cd '{shown.worktree}', mend '{shown.bug}' and commit it, then: git exp eval"
    if not shown.measured:
        return f"cd '{shown.worktree}' && git exp eval"
    return f'git exp submit {shown.slug}' if better else f"cd '{shown.worktree}', change something and commit it"


def _tip(lab: Lab, experiment: Experiment) -> tuple[str | None, str | None]:
    commit, tree = repository.objects(lab.git, [experiment.branch, f'{experiment.branch}^{{tree}}'])
    return commit, tree


def _near(lab: Lab, slug: str) -> str:
    names = lab.git.ask('for-each-ref', '--format=%(refname:lstrip=3)', experiments.PREFIX).text.split()
    near = difflib.get_close_matches(slug, names, n=1)
    return f'git exp show {near[0]}' if near else 'git exp list'


def _distance(lab: Lab, tip: str | None) -> tuple[int, int]:
    """How many commits a tip has that the trunk lacks, and the other way round."""
    done = lab.git.run('rev-list', '--left-right', '--count', f'{tip}...{lab.trunk_commit}') if tip else None
    if done is None or done.code:
        return 0, 0
    ahead, behind = done.text.split()
    return int(ahead), int(behind)


def _state(running: Sequence[Result], tip: str | None, worktree: Path | None, remote: str | None, is_merged: bool) -> State:
    if running:
        return State.RUNNING
    if is_merged:
        return State.MERGED
    if worktree:
        return State.OPEN
    if tip:
        return State.CLOSED
    return State.REMOTE if remote else State.ROWS


def _versions(runs: Sequence[Result], contents: Contents) -> list[Version]:
    found: dict[str, list[Result]] = {}
    for row in runs:
        found.setdefault(row.version, []).append(row)
    return [_versioned(name, rows, contents) for name, rows in found.items()]


def _versioned(name: str, rows: Sequence[Result], contents: Contents) -> Version:
    ok = sum(row.status.value == 'ok' for row in rows)
    return Version(name, len(rows), ok, _bug(rows, contents), sum(row.id in contents.covered for row in rows))


def _bug(rows: Sequence[Result], contents: Contents) -> str | None:
    """What has retired the first of some rows, where all are retired."""
    bugs = [contents.covered.get(row.id) for row in rows]
    return None if None in bugs or not bugs else bugs[0]


def _tree(judged: Judged, one: standing.Standing, is_held: Callable[[str | None], bool]) -> Tree:
    """A winner is no better than the trunk that holds it, and has the verdict of its rows; `is_held`: by a commit."""
    reference = judged.rival(one)
    said = judged.verdict(one, reference) if reference else None
    gain = judged.metric.gain(one.mean, judged.baseline.mean) if judged.baseline else None
    shown = Tree(
        one.tree, one.commit, one.version, one.n, one.mean, judged.sample(one).sd, gain,
        said.kind.value if said else None, said.why if said else None, said.flags if said else (),
        judged.sample(reference).sd if reference else None,
    )
    if not reference or reference.kind is not Kind.BASELINE or shown.verdict == WON:
        return shown
    if not judged.has_won(one) or not is_held(reference.commit):
        return shown
    return replace(shown, verdict=WON, why=f'its rows say so, and {judged.standings.named(reference)} holds it', flags=())


def _log(folder: Path, runs: Sequence[Result]) -> Path | None:
    """The output of the newest run that left some, of its evaluation if that began; a retired version's has moved."""
    for row in reversed(runs[-3:]):
        found = min(folder.glob(f'exp_log*/{row.id}*.log'), key=lambda path: len(path.name), default=None)
        if found:
            return found
    return None


def _branch(shown: View) -> str:
    if shown.commit is None:
        return f"exp/{shown.slug} on '{shown.remote}', none here" if shown.remote else 'none here, nor on a remote as far as git knows'
    base = f', {shown.ahead} ahead of {shown.base[:7]}' if shown.base else ''
    behind = f'; the trunk has {shown.behind} more' if shown.behind else ''
    return f'exp/{shown.slug} at {shown.commit[:7]}{base}{behind}'


def _worktree(shown: View) -> str:
    if shown.worktree is None:
        return 'none'
    dirty = f' ({shown.uncommitted} uncommitted)' if shown.uncommitted else ''
    return f'{shown.worktree}{dirty}'


def _version(one: Version) -> str:
    ran = f'{one.runs} run{"" if one.runs == 1 else "s"}'
    failed = f', {one.runs - one.ok} not ok' if one.runs > one.ok else ''
    if one.bug is None and one.retired:
        return f'{one.name}: {ran}{failed}, {one.retired} superseded'
    return f'{one.name}: {ran}{failed}' + (f', superseded by the bug {one.bug}' if one.bug is not None else '')


def _trees(shown: View, metric: Metric, width: int) -> str:
    scale = figures.scale(one.mean for one in shown.trees)
    columns = [
        Column('tree'), Column('commit', spare=2), Column('ver', spare=3), Column('n', right=True), Column(metric.name, right=True),
        Column('sd', right=True, spare=1), Column(experiments.GAIN, right=True), Column('verdict'),
    ]
    rows = [
        (
            one.tree[:7], one.commit and one.commit[:7], one.version, str(one.n), scale.show(one.mean), figures.spread(one.sd),
            scale.change(one.gain), experiments.judged(one.verdict, one.flags),
        )
        for one in shown.trees
    ]
    return '\n'.join([table.text(columns, rows, width=width), *_flags(shown.trees, width)])


def _flags(trees: Sequence[Tree], width: int) -> list[str]:
    """What each flag means that the verdicts themselves do not say, with its trees."""
    found: dict[str, list[str]] = {}
    for one in trees:
        for flag in one.flags:
            if flag in flags.MEANINGS:
                found.setdefault(flagged.told(flag, sd=one.sd, other=one.other_sd), []).append(one.tree[:7])
    return [table.wrapped(f'{", ".join(names)} {said}', width) for said, names in found.items()]
