"""Whether git keeps PLAN.md as it is written: gitexp adds to it as plain text in UTF-8, past all filters."""
from __future__ import annotations

from pathlib import PurePosixPath

from gitexp.core.errors import Refused
from gitexp.git.command import Git

_KEPT = {'filter': {'set', ''}, 'working-tree-encoding': {'', 'utf-8', 'utf8'}}
_NONE = {'unspecified', 'unset'}


def require(git: Git, path: str, *, verb: str) -> None:
    """Raise Refused where the attributes in git's worktree convert a file."""
    fields = git.ask('check-attr', '-z', *_KEPT, '--', path).names
    said = {name: value for name, value in zip(fields[1::3], fields[2::3]) if value.lower() not in _KEPT[name] | _NONE}
    if said:
        every = str(PurePosixPath(path).parent.with_name('*') / PurePosixPath(path).name)
        line, why = ' '.join([every, *(f'-{name}' for name in said)]), ' '.join(f'{name}={value}' for name, value in said.items())
        raise Refused(
            f"cannot {verb}: git converts '{path}' ({why}), and gitexp adds to plans as plain text",
            hint=f"commit '{line}' as the last line of .gitattributes; plans that are there, saved as plain text in UTF-8, with it: "
                 f"git add --renormalize '{every}'",
        )
