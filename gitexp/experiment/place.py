"""Where an experiment is now: in its worktree, or closed."""
from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import folders, scaffold
from gitexp.experiment import slug as slugs
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import pending, read
from gitexp.ledger.result import Kind, Result


class Place(NamedTuple):
    """`folder` is in the worktree, or what `close` kept in root; None when there is none, or when git tracks it there.

    `branch` is a full ref name and `head` its commit, both None when there is no branch.
    """

    slug: str
    folder: Path | None
    worktree: Path | None
    branch: str | None
    head: str | None

    def plan(self, lab: Lab) -> bytes:
        """The committed PLAN.md, b'' when there is none."""
        done = Git(lab.common).run('cat-file', 'blob', f'{self.head}:{lab.config.paths.experiments}/{self.slug}/{scaffold.FILE}')
        return done.out if self.head and done.code == 0 else b''

    def working_plan(self) -> bytes:
        """PLAN.md as it stands in the worktree, b'' when there is none."""
        path = self.folder / scaffold.FILE if self.worktree and self.folder else None
        return path.read_bytes() if path and path.is_file() else b''


def find(lab: Lab, slug: str) -> Place:
    """Find an experiment that nothing is at work on.

    Raises Refused while a run of it is alive, its worktree is on another branch, or git is in the middle of something there.
    """
    _check_idle(lab, slug)
    at = now(lab, slug)
    if at.worktree:
        _check_calm(lab, slug, at.worktree)
    return at


def now(lab: Lab, slug: str) -> Place:
    """The same, whatever is at work on it; raises Refused when its worktree is on another branch."""
    experiment = lab.experiment(slug)
    head = Git(lab.common).run('rev-parse', '--verify', '--quiet', experiment.branch).text or None
    branch = experiment.branch if head else None
    found = [one for one in lab.worktrees if not one.prunable]  # What has taken the place of one that is gone is none.
    if any(one.branch == experiment.branch for one in found) and experiment.root.is_dir():
        return Place(slug, experiment.folder, experiment.root, branch, head)
    there = next((one for one in found if one.path == experiment.root), None)
    renamed = there and not head and there.branch and there.branch.startswith('refs/heads/exp/')  # Then it is the place of another one.
    if there and not renamed and experiment.root.is_dir():
        raise Refused(f"the worktree of '{slug}' is not on its branch", hint=f'git -C {experiment.root} switch exp/{slug}')
    return Place(slug, kept(lab, slug), None, branch, head)


def kept(lab: Lab, slug: str) -> Path | None:
    """The folder in root where what an experiment measured is when it is closed, None where there is none, or the trunk has it."""
    inside = f'{lab.config.paths.experiments}/{slug}'
    folder = lab.root / inside
    names = [f'{inside}/{name}' for name in folders.CURRENT]
    if not folder.is_dir() or lab.git.at(lab.root).ask('--literal-pathspecs', 'ls-files', '-z', '--', *names).out:
        return None
    return folder


def check_name(lab: Lab, slug: str) -> None:
    """Raises Refused for what cannot be the name of an experiment."""
    if not slugs.shaped(slug):
        raise unknown(lab, slug)


def check_known(lab: Lab, slug: str, at: Place, rows: Iterable[Result]) -> None:
    """Raises Refused naming the nearest experiment when there is no trace of this one."""
    if at.branch or at.folder or any(row.experiment == slug for row in rows):
        return
    raise unknown(lab, slug)


def unknown(lab: Lab, slug: str) -> Refused:
    """What to say of an experiment that there is not, or whose branch somebody has deleted."""
    which = lab.experiment(slug)
    if any(one.branch == which.branch for one in lab.worktrees):
        return Refused(f"the branch exp/{slug} is gone, and its worktree is there", hint='git exp doctor')
    if remote := of_remote(lab, slug):
        return Refused(f"'{slug}' is not in this clone: its branch is on '{remote}'", hint=f'to go on with it: {entry(which)}')
    if _has_rows(lab, slug):
        return Refused(f"'{slug}' has neither branch nor worktree here, only rows", hint=f'git exp show {slug}')
    return Refused(f"there is no experiment '{slug}'", hint=nearest(lab, slug))


def nearest(lab: Lab, slug: str) -> str:
    """What to say to who has named an experiment that there is not."""
    known = lab.git.ask('for-each-ref', '--format=%(refname:lstrip=3)', 'refs/heads/exp/').text.split('\n')
    import difflib  # Costs time, and most experiments are known.
    near = difflib.get_close_matches(slug, known, n=1)
    return f"did you mean '{near[0]}'?" if near else 'git exp list'


def of_remote(lab: Lab, slug: str) -> str | None:
    """The remote that had its branch when it was last asked."""
    names = lab.remotes if slugs.shaped(slug) else []
    found = repository.objects(lab.git, [f'refs/remotes/{name}/exp/{slug}' for name in names]) if names else []
    return next((name for name, there in zip(names, found) if there), None)


def entry(which: Experiment) -> str:
    """The command that leads into its worktree, which is made anew where it is gone."""
    root = shlex.quote(str(which.root))
    return f'cd {root}' if which.root.is_dir() else f'git worktree add {root} exp/{which.slug} && cd {root}'


def _has_rows(lab: Lab, slug: str) -> bool:
    try:
        known = read.mentions(lab, slug)
    except Refused:
        return False  # No ledger is in sight.
    return known and any(row.experiment == slug and row.kind is not Kind.BASELINE for row in read.holding(lab, slug))


def _check_idle(lab: Lab, slug: str) -> None:
    for run in pending.running(lab):
        if run.experiment == slug:
            pid = f", pid {run.env['pid']}" if 'pid' in run.env else ''
            raise Refused(f"a run of '{slug}' is alive ({run.id}{pid})", hint='wait for it, or stop it')


def _check_calm(lab: Lab, slug: str, root: Path) -> None:
    git = Git(root)
    lock = Path(git.ask('rev-parse', '--path-format=absolute', '--git-path', 'index.lock').text)
    if lock.exists():
        raise Refused(f"another git is at work in the worktree of '{slug}'", hint=f"wait for it; if there is none: rm '{lock}'")
    if git.ask('ls-files', '--unmerged').out:
        raise Refused(f"the worktree of '{slug}' is in the middle of a merge", hint=f'git -C {root} status')
