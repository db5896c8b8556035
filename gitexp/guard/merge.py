"""What git starts to merge a ledger or a journal; standard library only, since it starts once a file."""
from __future__ import annotations

import os
import sys
from pathlib import Path

from gitexp.core import files
from gitexp.rules import weave


def main() -> None:
    """Merge as the arguments KIND BASE OURS THEIRS PATH say, into the file OURS, and exit: 1 leaves it as it was.

    git names what it merges in variables, and sets none where it makes a commit anew on another one (rebase, cherry-pick, am).
    """
    kind, base, ours, theirs, path = sys.argv[1:]
    makers = weave.MAKERS if any(name.startswith('GITHEAD_') for name in os.environ) else weave.LINEAR
    made = makers[kind](*(Path(name).read_bytes() for name in (base, ours, theirs)))
    if made is None:
        raise SystemExit(f"gitexp: '{path}' is left to you: a side of the merge has changed {weave.OLD[kind]}")
    files.replace(Path(ours), made)
