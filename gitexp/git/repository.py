"""Where a repository is, and what it holds."""
from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from gitexp.core.errors import Refused
from gitexp.git.command import Git


class Place(NamedTuple):
    """The folders of a repository seen from one folder; `top` is None in a bare one."""

    top: Path | None
    common: Path


def place(folder: Path) -> Place:
    """Find the repository around a folder; raises Refused when there is none."""
    done = Git(folder).run('rev-parse', '--path-format=absolute', '--git-common-dir', '--is-inside-work-tree', '--show-toplevel')
    # A path may hold line ends, so the answer between the two paths is what separates them.
    found = re.fullmatch(r'(/.*?)\n(true|false)(?:\n(.*))?', done.text, re.DOTALL)
    if not found:
        raise Refused(_why_not(folder, done.err), hint='git init, or change into the repository')
    common, inside, top = found.groups()
    return Place(Path(top) if inside == 'true' else None, Path(common))


def _why_not(folder: Path, said: str) -> str:
    if 'dubious ownership' in said:
        return said.strip()
    return f"'{folder}' is not in a git repository"


def objects(git: Git, names: Iterable[str]) -> list[str | None]:
    """The object id of each name such as 'refs/heads/main:eval.py', or None; one git process for all."""
    feed = ''.join(f'{name}\n' for name in names).encode('utf-8', 'surrogateescape')
    lines = git.ask('cat-file', '--batch-check=%(objectname)', feed=feed).text.split('\n') if feed else []
    return [None if ' ' in line else line for line in lines]


def blob(git: Git, oid: str) -> bytes:
    """The bytes of a blob."""
    return git.ask('cat-file', 'blob', oid).out
