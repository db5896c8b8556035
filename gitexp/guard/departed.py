"""What the branch of a measured experiment had before it was deleted or emptied on a server: that counts when it comes again."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from gitexp.git.command import Git

_FILE = Path('exp', 'departed')


def keep(git: Git, left: Iterable[tuple[str, str]]) -> None:
    """Note where branches were, in the bare repository."""
    lines = [f'{oid} {branch}\n' for branch, oid in left]
    # Who may push and may not write there keeps nobody from pushing: what was measured counts all the same.
    with suppress(OSError):
        if lines:
            with (git.folder / _FILE).open('a', encoding='utf-8', errors='surrogateescape') as file:
                file.write(''.join(lines))


def last(git: Git) -> Mapping[str, str]:
    """Where each branch was when it last departed, whether or not that is still there."""
    try:
        lines = (git.folder / _FILE).read_text('utf-8', 'surrogateescape').split('\n')
    except OSError:
        return {}
    return {branch: oid for oid, _, branch in (line.partition(' ') for line in lines) if branch}
