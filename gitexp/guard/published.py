"""Where the trunk of a server has been, and its own line leads no more, as after a pull by a merge: what began there began at the trunk."""
from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gitexp.git import history, repository
from gitexp.git.command import Git

_FILE = Path('exp', 'published')


def keep(git: Git, old: str, new: str) -> None:
    """Note where the trunk is, in the bare repository, where it is about to go on beside that."""
    if history.left(git, new, old) == old:
        return
    # Who may push and may not write there keeps nobody from pushing: what begins there is asked to merge the trunk.
    with suppress(OSError), (git.folder / _FILE).open('a') as file:
        file.write(f'{old}\n')


def beside(git: Git) -> list[str]:
    """The commits that the trunk was at, as far as they are still there."""
    try:
        said = (git.folder / _FILE).read_text('utf-8', 'surrogateescape').split()
    except OSError:
        return []
    return [oid for oid in repository.objects(git, [f'{one}^{{commit}}' for one in dict.fromkeys(said)]) if oid]
