"""What of a worktree is not committed."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gitexp.git import unrecorded
from gitexp.git.command import Git
from gitexp.lab.lab import Lab

_HELD = ('frozen', 'fixed', 'global')
_NEW, _SHOWN = '??', 10


def lines(worktree: Path, *words: str) -> list[str]:
    """Two letters of git status and a blank before each path."""
    return unrecorded.lines(worktree, '--no-renames', *words)


def undo(lab: Lab, worktree: Path, said: Sequence[str]) -> str | None:
    """The command that takes back what no experiment may commit; None where there is nothing, and in a merge, which may bring it."""
    from gitexp.rules import ruleset, wording  # Most worktrees are clean.
    rules = ruleset.of(lab.config, lab.text)
    tracked = [line[3:] for line in said if not line.startswith(_NEW)]
    held = [path for path in tracked if any(rule.kind in _HELD for rule in rules.covering(path))]
    if not held or not Git(worktree).run('rev-parse', '--verify', '--quiet', 'MERGE_HEAD').code:
        return None
    return wording.UNDO.format(path=' '.join(map(wording.word, held[:_SHOWN])))
