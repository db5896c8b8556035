"""Whether git keeps PLAN.md as it is written: gitexp adds to it as plain text in UTF-8, past all filters."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from gitexp.core.errors import Refused
from gitexp.git.command import Git

_KEPT = {'filter': {'set', ''}, 'working-tree-encoding': {'', 'utf-8', 'utf8'}}
_NONE = {'unspecified', 'unset'}
_FILE = '.gitattributes'


def require(git: Git, path: str, *, verb: str, commit: str = '') -> None:
    """Raise Refused where the attributes in git's worktree, or those of a commit, convert a file."""
    with _index(git, path, commit) as env:
        fields = git.ask('check-attr', '-z', *(['--cached'] if commit else []), *_KEPT, '--', path, env=env).names
        said = {name: value for name, value in zip(fields[1::3], fields[2::3]) if value.lower() not in _KEPT[name] | _NONE}
        if said:
            raise _refused(git, path, said, verb=verb, last=_last(git, path, env))


@contextmanager
def _index(git: Git, path: str, commit: str) -> Iterator[dict[str, str]]:
    """An index that has the attributes of a commit and no more, and without one the worktree's own."""
    if not commit:
        yield {}
        return
    with TemporaryDirectory() as folder:
        env = {'GIT_INDEX_FILE': f'{folder}/index'}
        git.ask('update-index', '-z', '--index-info', feed=git.ask('ls-tree', '-z', commit, '--', *_files(path)).out, env=env)
        yield env


def _files(path: str) -> list[str]:
    """The files of attributes that have a say, the one that outweighs the others first."""
    return [str(folder / _FILE) for folder in PurePosixPath(path).parents]


def _last(git: Git, path: str, env: dict[str, str]) -> str:
    """The one that outweighs all others that are there."""
    there = git.ask('ls-files', '-z', '--', *_files(path), env=env).names
    return next((name for name in _files(path) if name in there or not env and (git.folder / name).is_file()), _FILE)


def _refused(git: Git, path: str, said: dict[str, str], *, verb: str, last: str) -> Refused:
    every, why = PurePosixPath(path).parent.with_name('*') / PurePosixPath(path).name, ' '.join(f'{name}={said[name]}' for name in said)
    near = PurePosixPath(*every.parts[len(PurePosixPath(last).parts) - 1:])
    own = Path(git.ask('rev-parse', '--path-format=absolute', '--git-path', 'info/attributes').text)
    return Refused(
        f"cannot {verb}: git converts '{path}' ({why}), and gitexp adds to plans as plain text",
        hint=f"commit '{' '.join([str(near), *(f'-{name}' for name in said)])}' as the last line of {last}"
             f"{f', and look into {own}, which outweighs it' if own.is_file() else ''}; "
             f"plans that are there, saved as plain text in UTF-8, with it: git add --renormalize '{every}'",
    )
