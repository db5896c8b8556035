"""What git keeps for one worktree alone, and would lose with it."""
from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.git.command import Git

_BEGUN = (
    'MERGE_HEAD', 'MERGE_AUTOSTASH', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-apply', 'rebase-merge', 'sequencer', 'BISECT_LOG',
    'NOTES_MERGE_PARTIAL',
)
_OWN = ('refs/worktree', 'refs/bisect', 'refs/rewritten')  # git-worktree(1): what each worktree has for itself.
_LEFT = re.compile(r'\tcheckout: moving from ([0-9a-f]{40,64}) to ')  # No branch was checked out there, and git has warned of it.
_SHORT = 12


class Unshared(NamedTuple):
    """`way` is what to do about it, `anywhere` whether that can be done without the worktree's folder."""

    says: str
    way: str
    anywhere: bool = False


def of(common: Path, kept: Path, worktree: Path) -> list[Unshared]:
    """What only `kept` has, the folder in which git keeps what it knows about a worktree, which may itself be gone, as with its disk."""
    git, env, at = Git(common), {'GIT_DIR': str(kept)}, f'git -C {shlex.quote(str(worktree))}'
    found = []
    if begun := [name for name in _BEGUN if os.path.lexists(kept / name)]:
        found.append(Unshared(f"what git is in the middle of ({', '.join(begun)})", f'{at} status'))
    if git.run('diff-index', '--cached', '--quiet', '--ignore-submodules=none', 'HEAD', '--', env=env).code:
        found.append(Unshared('what is staged', f'{at} status'))
    if os.path.lexists(modules := kept / 'modules'):
        found.append(Unshared('repositories of submodules', f'{at} submodule deinit --all; rm -r {shlex.quote(str(modules))}'))
    return [*found, *_unreached(git, _named(git, kept))]


def _named(git: Git, kept: Path) -> dict[str, str]:
    """The objects that this worktree alone names, and how."""
    env = {'GIT_DIR': str(kept)}
    said = git.run('for-each-ref', '--format=%(refname) %(objectname)', *_OWN, env=env).text.splitlines()
    if git.run('symbolic-ref', '--quiet', 'HEAD', env=env).code:
        said.append('HEAD ' + git.run('rev-parse', '--verify', '--quiet', 'HEAD', env=env).text)
    return {**dict.fromkeys(_left(git, kept), 'what HEAD was at'), **{oid: name for name, _, oid in (line.partition(' ') for line in said)}}


def _left(git: Git, kept: Path) -> list[str]:
    """The commits of a detached HEAD that somebody has left, as far as they are there yet."""
    try:
        log = (kept / 'logs' / 'HEAD').read_text('utf-8', 'replace')
    except OSError:
        return []
    oids = [*dict.fromkeys(_LEFT.findall(log))]
    return [oid for oid, there in zip(oids, repository.objects(git, oids)) if there]


def _unreached(git: Git, named: Mapping[str, str]) -> list[Unshared]:
    """Those that no ref of all worktrees, and no log of one, reaches; one may name a tag, or a file."""
    if not named:
        return []
    words = ('rev-list', '--objects', '--no-object-names', '--stdin', '--single-worktree', '--not', '--all', '--reflog')
    done = git.run(*words, feed=''.join(f'{oid}\n' for oid in named).encode())
    alone = set(named if done.code else done.text.split('\n'))
    return [
        Unshared(f'{name} ({oid[:_SHORT]}, in no branch and no tag)', f'git tag NAME {oid[:_SHORT]}', anywhere=True)
        for oid, name in named.items() if oid in alone
    ]
