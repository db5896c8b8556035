"""What git starts to merge a ledger or a journal; standard library only, since it starts once a file."""
from __future__ import annotations

import os
import sys
from pathlib import Path

from gitexp.core import files
from gitexp.git.command import Git
from gitexp.rules import weave


def main() -> None:
    """Merge as the arguments KIND BASE OURS THEIRS PATH say, into the file OURS, and exit: 1 leaves it as it was.

    git names what it merges in variables, and sets none where it makes a commit anew on another one (rebase, cherry-pick, am).
    """
    kind, base, ours, theirs, path = sys.argv[1:]
    merges = any(name.startswith('GITHEAD_') for name in os.environ)
    texts = [Path(name).read_bytes() for name in (base, ours, theirs)]
    made = (weave.MAKERS if merges else weave.LINEAR)[kind](*texts)
    if made is not None and merges and kind == 'ledger' and weave.is_within(*texts[1:]) and _is_in_experiment():
        made = texts[2]
    if made is None:
        raise SystemExit(f"gitexp: '{path}' is left to you: a side of the merge has changed {weave.OLD[kind]}")
    files.replace(Path(ours), made)


def _is_in_experiment() -> bool:
    """An experiment has the ledger as the trunk does: in the order of ours rows may stand that the trunk has in another since a rebase."""
    return Git(Path.cwd(), inherit=True).run('symbolic-ref', '--quiet', 'HEAD').text.startswith('refs/heads/exp/')
