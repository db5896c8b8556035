"""One experiment in full."""
from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gitexp.core.errors import Refused
from gitexp.experiment import held, place, spoilt
from gitexp.git import repository
from gitexp.lab.config import Metric
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import read, standing
from gitexp.ledger.read import Contents
from gitexp.ledger.result import ABOUT, WON, Kind, Result
from gitexp.measure import current, trusted, uncommitted
from gitexp.report import experiments, figures, flagged, merged, table
from gitexp.report import tip as ends
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

    `remote` is who has the branch that is not here; `root` is where the worktree is or would be, and `gone` says that git knows one there
    whose folder is not. `branchless` is what never has one: the baseline, and what was imported. `measured`, `bug` and `failed` are about
    the tip: whether it has a value that counts, what has retired all its runs, and how the last one ended where none has a value.
    `undo` takes back what is not committed and no experiment may change; `before` is what comes before anything can be evaluated.
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
    failed: str | None
    undo: str | None
    before: str | None
    remote: str | None
    root: Path
    gone: bool
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
    own = next((one for one in lab.worktrees if one.branch == experiment.branch), None)
    worktree = experiment.root if own and not own.prunable else None
    left = uncommitted.lines(worktree) if worktree and worktree.is_dir() else None
    standings = standing.among(contents, lab.config.metric, prefer=current.eval_id(lab))
    judged = Judged.of(standings, lab.config)
    tried = {row.tree for row in runs}
    stand = [one.by(slug) for one in judged.standings.trees if one.tree in tried]
    where = tip or (remote and f'refs/remotes/{remote}/exp/{slug}')
    is_merged = any(map(judged.has_won, stand)) and held.has(lab, slug, where)
    there = held.commits(lab, [one.commit for one in stand if judged.stands(one)]) if is_merged else ()
    mine = tuple(_tree(judged, one, is_held=one.commit in there) for one in stand)
    return View(
        slug, _state(running, tip, worktree, remote, is_merged), tip, base, ahead, behind, worktree, None if left is None else len(left),
        tuple(_versions(runs, contents)), mine, ends.log(experiment.folder, [*runs, *running]),
        any(one.tree == tree for one in judged.standings.trees), _spoilt(lab, contents, slug, tree),
        _failed([row for row in runs if row.tree == tree]), uncommitted.undo(lab, worktree, left) if worktree and left else None,
        _before(lab),
        remote, experiment.root, own is not None and own.prunable,
        tip is None and remote is None and all(row.kind in _BRANCHLESS for row in runs),
    )


def text(shown: View, metric: Metric, *, width: int) -> str:
    """What it is, then how its trees stand."""
    facts = [
        *([] if shown.branchless else [('branch', _branch(shown)), ('worktree', _worktree(shown))]),
        ('versions', '\n'.join(_version(one) for one in shown.versions) or 'nothing has run yet'),
        *([('last run', shown.failed)] if shown.failed else []),
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


def _tree(judged: Judged, one: standing.Standing, *, is_held: bool) -> Tree:
    """A winner that the trunk holds is no better than that, and has the verdict of its day."""
    reference = judged.rival(one)
    said = judged.verdict(one, reference) if reference else None
    gain = judged.metric.gain(one.mean, judged.baseline.mean) if judged.baseline else None
    shown = Tree(
        one.tree, one.commit, one.version, one.n, one.mean, judged.sample(one).sd, gain,
        said.kind.value if said else None, said.why if said else None, said.flags if said else (),
        judged.sample(reference).sd if reference else None,
    )
    return replace(shown, verdict=WON, why=merged.WHY, flags=()) if is_held and shown.verdict != WON else shown


def _spoilt(lab: Lab, contents: Contents, slug: str, tree: str | None) -> str | None:
    """What has retired a tree, or one that differs in documents only: supersede commits some itself."""
    found = spoilt.tree(lab, contents, slug, tree) if tree else None
    return found.bug if found else None


def _failed(runs: Sequence[Result]) -> str | None:
    last = ends.failed(runs)
    return ends.said(last) if last else None


def _before(lab: Lab) -> str | None:
    failing = trusted.failing(lab, *read.trunk(lab, current.eval_id(lab)))
    return trusted.way(failing) if failing else None


def _branch(shown: View) -> str:
    if shown.commit is None:
        return f"exp/{shown.slug} on '{shown.remote}', none here" if shown.remote else 'none here, nor on a remote as far as git knows'
    base = f', {shown.ahead} ahead of {shown.base[:7]}' if shown.base else ''
    behind = f'; the trunk has {shown.behind} more' if shown.behind else ''
    return f'exp/{shown.slug} at {shown.commit[:7]}{base}{behind}'


def _worktree(shown: View) -> str:
    if shown.worktree is None:
        return f'{shown.root} is gone' if shown.gone else 'none'
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
