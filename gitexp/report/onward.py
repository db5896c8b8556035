"""What to do next with an experiment."""
from __future__ import annotations

from gitexp.experiment import place
from gitexp.lab.lab import Experiment
from gitexp.ledger.result import WON
from gitexp.report.experiment import View
from gitexp.report.experiments import State


def way(shown: View) -> str:
    """What to do next."""
    better = any(one.verdict == WON for one in shown.trees)
    if shown.state is State.RUNNING:
        return f'tail -f {shown.log}' if shown.log else 'git exp status'
    if shown.gone:
        return 'git exp doctor --fix'
    if shown.remote:
        return f'to go on with it: {place.entry(Experiment(shown.slug, shown.root, shown.root))}'
    if shown.branchless:
        return f'git exp results {shown.slug}'
    if shown.state is State.ROWS:
        return 'git fetch, which brings its branch where somebody has pushed it'
    if shown.versions and shown.commit and not shown.ahead:  # The trunk has it.
        return f'git exp close {shown.slug}' if shown.worktree else 'git exp new SLUG'
    if shown.worktree is None:
        return f'git exp submit {shown.slug}' if better else 'git exp new SLUG'
    if shown.undo:
        return f"cd '{shown.worktree}' && {shown.undo}"
    if shown.uncommitted:
        return f"cd '{shown.worktree}' && git add -A && git commit -m 'exp({shown.slug}): WHAT CHANGED'"
    if shown.bug is not None:
        return f"cd '{shown.worktree}', mend '{shown.bug}' and commit it, then: git exp eval"
    if shown.failed and shown.log:
        return f"less '{shown.log}'"
    if not shown.measured:
        return shown.before or f"cd '{shown.worktree}' && git exp eval"
    return f'git exp submit {shown.slug}' if better else f"cd '{shown.worktree}', change something and commit it"
