"""What the branch of a measured experiment had before it was deleted or emptied on a server: that counts when it comes again."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from gitexp.git.command import Git

_FILE = Path('exp', 'departed')


def keep(git: Git, left: Iterable[tuple[str, str]], *, seen: Mapping[str, str]) -> Mapping[str, str]:
    """Note where branches were, in the bare repository, and give where each was when it last departed, as of then.

    Of one that has departed since they were `seen` nothing is noted: what it had in the end is, and whoever has judged it
    before that did not know.
    """
    lines = list(left)
    # Who may push and may not write there keeps nobody from pushing: what was measured counts all the same.
    with suppress(OSError):
        if lines:
            import fcntl  # Few pushes take a branch away.
            with (git.folder / _FILE).open('a', encoding='utf-8', errors='surrogateescape') as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                now = last(git)
                new = {branch: oid for branch, oid in lines if now.get(branch) == seen.get(branch)}
                file.write(''.join(f'{oid} {branch}\n' for branch, oid in new.items()))
                return {**now, **new}
    return last(git)


def last(git: Git) -> Mapping[str, str]:
    """Where each branch was when it last departed, whether or not that is still there."""
    try:
        lines = (git.folder / _FILE).read_text('utf-8', 'surrogateescape').split('\n')
    except OSError:
        return {}
    return {branch: oid for oid, _, branch in (line.partition(' ') for line in lines) if branch}
