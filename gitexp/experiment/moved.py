"""Worktrees that have been moved together with their repository, which git looks for where they were."""
from __future__ import annotations

from pathlib import Path

from gitexp.core import locks
from gitexp.experiment import removal
from gitexp.git import repository, worktrees
from gitexp.lab.lab import Lab


def repair(lab: Lab) -> list[str]:
    """Let git know where they are, and say so of each."""
    gone = [worktree.path for worktree in lab.worktrees if worktree.prunable]
    found = [new for path in gone if (new := place(lab, path))]
    if not found or copied(lab):  # git would take those of the repository that was copied for ours.
        return []
    with locks.held(lab.state / 'locks' / 'worktrees', purpose='finding worktrees that have moved'):
        lab.git.ask('worktree', 'repair', *map(str, found))
    del lab.worktrees  # It is looked up again.
    return [f"found the worktree '{path}', which has moved with the repository" for path in found]


def place(lab: Lab, path: Path) -> Path | None:
    """Where a worktree is now that lies in the repository's own folder, and has been moved with it."""
    folder = lab.root / lab.config.paths.worktrees / path.name
    named, kept = repository.named(folder), removal.admin(lab.common, path)
    return folder if named and kept and not named.exists() and named.name == kept.name else None


def copied(lab: Lab) -> list[Path]:
    """The worktrees of the repository that this one was copied from, as far as git takes them for ours."""
    return [one.path for one in worktrees.listed(lab.git)[1:] if not worktrees.is_own(one, lab.common)]
