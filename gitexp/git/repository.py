"""Where a repository is, and what it holds."""
from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gitexp.core import files
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Git

_COMMIT = re.compile('[0-9a-f]{6,64}')


class Place(NamedTuple):
    """The folders of a repository seen from one folder; `top` is None in a bare one."""

    top: Path | None
    common: Path


def place(folder: Path) -> Place:
    """Find the repository around a folder, which counts, whatever GIT_DIR says; raises Refused when there is none that can be used."""
    done = Git(folder, unknown=True).run(
        'rev-parse', '--path-format=absolute', '--git-common-dir', '--is-bare-repository', '--git-dir', '--is-inside-work-tree',
        '--show-toplevel',
    )
    # A path may hold line ends, so the answers between the paths are what separates them.
    found = re.fullmatch(r'(/.*?)\n(?:true|false)\n(/.*?)\n(true|false)(?:\n(.*))?', done.text, re.DOTALL)
    if not found:
        raise _unusable(folder, done.err)
    common, own, inside, top = found.groups()
    _refuse_other(folder, common)
    if inside == 'true' and own != common:
        _refuse_copy(Path(top), Path(own))
    return Place(Path(top) if inside == 'true' else None, Path(common))


def named(top: Path) -> Path | None:
    """The git directory that '.git' in a folder is or names, None when there is nothing of that kind."""
    link = top / '.git'
    try:
        said = '' if link.is_dir() else files.read(link).decode('utf-8', 'surrogateescape')
    except OSError:
        return None
    return Path(os.path.realpath(top / said.removeprefix('gitdir: ').rstrip('\n') if said else link))


def _refuse_other(folder: Path, common: str) -> None:
    """The rules of one repository must not judge the files of another, as where GIT_DIR is not that of the folder."""
    told = os.environ.get('GIT_DIR')
    if told is None:
        return
    at = Path(os.path.abspath(told))
    at = named(at.parent) or at if at.name == '.git' else at
    if os.path.realpath(at / _line(at / 'commondir')) != os.path.realpath(common):
        raise Refused(f"GIT_DIR is '{told}', and '{folder}' is in another repository", hint='unset GIT_DIR GIT_WORK_TREE')


def _refuse_copy(top: Path, own: Path) -> None:
    """A copied worktree is taken by git for the one that it was copied from."""
    link = own / _line(own / 'gitdir')
    if link != top / '.git' and named(link.parent) == own and not os.path.samefile(link, top / '.git'):
        raise Refused(
            f"'{top}' is a copy of the worktree '{link.parent}', and git takes it for that one",
            hint='work in that one; or take the files elsewhere, and make a worktree for them: git worktree add',
        )


def _line(path: Path) -> str:
    try:
        return path.read_text('utf-8', 'surrogateescape').removesuffix('\n')
    except OSError:
        return ''


def _unusable(folder: Path, said: str) -> Refused:
    """What git said when it found nothing, in one sentence."""
    if found := re.search(r"dubious ownership in repository at '(.*)'", said):
        way = f"git config --global --add safe.directory '{found[1]}'"
        return Refused(f"'{found[1]}' belongs to somebody else, and git does not trust it", hint=way)
    if found := re.search(r'(unknown repository extensions? found:.*?|Expected git repo version .*?)(?=\nfatal: |$)', said, re.DOTALL):
        why = ' '.join(found[1].split())
        return Refused(f"this git cannot read the repository around '{folder}': {why}", hint='install a newer git')
    if found := re.search(r'not a git repository: (.*)|failed to read (.*)/commondir', said):
        if found[2] or os.path.isdir(found[1]):
            return Refused(f"what git keeps about '{folder}' is torn, in '{found[2] or found[1]}'", hint='in root: git exp doctor --fix')
        way = f"if the repository has moved, in it: git worktree repair '{folder}'"
        return Refused(f"'{folder}' belongs to a repository that is gone: '{found[1]}'", hint=way)
    if 'GIT_DIR' in os.environ:
        return Refused(f"'{folder}' is not in a git repository, and GIT_DIR does not count here", hint='change into the repository')
    return Refused(f"'{folder}' is not in a git repository", hint='git init, or change into the repository')


def objects(git: Git, names: Iterable[str]) -> list[str | None]:
    """The object id of each name such as 'refs/heads/main:eval.py', or None; one git process for all."""
    feed = _feed(git, names)
    lines = git.ask('cat-file', '--batch-check=%(objectname)', feed=feed).text.split('\n') if feed else []
    return [None if ' ' in line else line for line in lines]


def commits(git: Git, names: Iterable[str | None]) -> dict[str, str]:
    """The id of each commit that is here, by the id or the beginning of it that names it; one git process for all."""
    wanted = sorted({name for name in names if name and _COMMIT.fullmatch(name)})
    found = zip(wanted, objects(git, [f'{name}^{{commit}}' for name in wanted]))
    return {name: oid for name, oid in found if oid and oid.startswith(name)}  # A branch may be called as a commit begins.


def sizes(git: Git, names: Iterable[str]) -> list[int]:
    """How many bytes each object has, 0 for one that is not there; one git process for all."""
    feed = _feed(git, names)
    lines = git.ask('cat-file', '--batch-check=%(objectsize)', feed=feed).text.split('\n') if feed else []
    return [int(line) if line.isdigit() else 0 for line in lines]


def contents(git: Git, names: Iterable[str]) -> list[tuple[str, bytes] | None]:
    """The object id and the bytes of each name, or None; one git process for all."""
    out = git.ask('cat-file', '--batch', feed=_feed(git, names)).out
    found: list[tuple[str, bytes] | None] = []
    at = 0
    while at < len(out):
        end = out.index(b'\n', at)
        words = out[at:end].rsplit(b' ', 2)
        at = end + 1
        if len(words) == 3 and words[2].isdigit():
            size = int(words[2])
            found.append((words[0].decode(), out[at:at + size]))
            at += size + 1
        else:
            found.append(None)
    return found


def _feed(git: Git, names: Iterable[str]) -> bytes:
    """Names in lines: one that would be taken for more lines, or for a shorter one, is looked up by itself."""
    asked = (_id(git, name) if '\n' in name or name.endswith('\r') else name for name in names)
    return ''.join(f'{name}\n' for name in asked).encode('utf-8', 'surrogateescape')


def _id(git: Git, name: str) -> str:
    """The object id of a name; without one it is a name that no object has."""
    done = git.run('rev-parse', '--verify', '--quiet', '--end-of-options', name)
    return ':' if done.code else done.text


def blob(git: Git, oid: str) -> bytes:
    """The bytes of a blob."""
    return git.ask('cat-file', 'blob', oid).out


@contextmanager
def reading(git: Git, oid: str) -> Iterator[BinaryIO]:
    """A blob, however large, as a file that git writes while it is read; raises Refused when git could not."""
    out, theirs = os.pipe()
    with open(os.devnull, 'r+b') as none:
        try:
            pid = git.start('cat-file', 'blob', oid, handles=(none.fileno(), theirs, none.fileno()))
        finally:
            os.close(theirs)
    with open(out, 'rb') as file:
        yield file
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in (0, -signal.SIGPIPE):
        raise Refused(f"git cat-file failed in '{git.folder}': {oid} cannot be read", hint='git fsck')
