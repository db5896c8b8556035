"""Exchanging the notes with a remote: what is there, and what it answers."""
from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from gitexp.core.errors import Refused
from gitexp.git import abandoned
from gitexp.git.command import Done, Git
from gitexp.git.notes import REF, unreadable

# Only for as long as it takes to make the two one; no configuration of fetches can name it, or overwrite the notes themselves.
_THEIRS = 'refs/exp/theirs'
_FETCH = (
    'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-prune', '--no-recurse-submodules', '--no-auto-maintenance',
    '--no-filter', '--refmap=',
)
_NO = 'GITEXP_NO'
_AGAIN = re.compile(r'\[rejected\]|lock|failed to update ref|incorrect old value|reference already exists|but expected')
_LOCKED = re.compile(r"Unable to create '(.+?\.lock)': File exists")
_BLOCKED = re.compile(rf"'({REF}/[^']*|refs/notes)' exists; cannot create")
_DULL = re.compile(r'^(fatal|error|remote|ssh): (?=.)|^(remote: *|hint: .*|)$')


def remotes(git: Git) -> list[str]:
    return git.ask('remote').text.split()


def usual(git: Git, trunk: str) -> str | None:
    """The remote that the trunk follows, or 'origin', or the only one; raises Refused where only the user knows."""
    known = remotes(git)
    follows = git.run('config', f'branch.{trunk}.remote').text
    for name in (follows, 'origin'):
        if name in known:
            return name
    if len(known) > 1:
        raise Refused('there are several remotes', hint=f'name one: git exp sync {known[0]}')
    return known[0] if known else None


def pushed_to(git: Git, remote: str) -> list[str]:
    """Where a remote is pushed to, if that is not where it is fetched from: a fork, or mirrors."""
    urls = git.run('remote', 'get-url', '--push', '--all', remote).text
    return [] if urls == git.run('remote', 'get-url', remote).text else urls.split('\n')


def fetch(git: Git, remote: str) -> str | None:
    """The commit of the notes at a remote, fetched; None when it has no notes. Raises Refused when it cannot be asked."""
    if remote.startswith('-'):
        raise Refused(f"'{remote}' is no remote", hint='git remote')
    done = abandoned.run(git, *_FETCH, remote, f'+{REF}:{_THEIRS}')
    if done.code and f"couldn't find remote ref {REF}" in done.err:
        return None
    if f'bad object {REF}' in done.err:
        raise unreadable(_why(done))
    if done.code:
        raise Refused(f"cannot fetch the notes of '{remote}': {_why(done)}", hint=f'git fetch {remote}')
    commit = git.run('rev-parse', '--verify', '--quiet', f'{_THEIRS}^{{commit}}').text
    if not commit:
        way = f'somebody has overwritten it: git push {shlex.quote(remote)} :{REF}, then: git exp sync'
        raise Refused(f"what '{remote}' has as {REF} are no notes", hint=way)
    return commit


def send(git: Git, remote: str, refs: str, *options: str, env: Mapping[str, str] | None = None) -> Done:
    """Push, also to a remote that is set up to be pushed to as a mirror, where git takes no refs by name."""
    words = ('push', '--porcelain', *options, '--', remote, refs)
    return git.run(f'--config-env=remote.{remote}.mirror={_NO}', *words, env={**(env or {}), _NO: 'false'})


def push(git: Git, remote: str, commit: str) -> str | None:
    """Bring a remote's notes to a commit; returns why that may be worth another try, as where somebody was faster, None when it is done.

    Raises Refused when it does not take them.
    """
    done = send(git, remote, f'{commit}:{REF}', '--no-follow-tags', '--no-recurse-submodules')
    if not done.code:
        return None
    if blocked := _BLOCKED.search(done.err):
        raise Refused(f"'{remote}' has '{blocked[1]}', which leaves no room for '{REF}'", hint=f'git push {remote} --delete {blocked[1]}')
    refused = next((line.rpartition('\t')[2] for line in done.text.split('\n') if line.startswith('!')), None)
    why = f'{refused.removeprefix("[remote rejected] ").strip("()")}: {_why(done)}' if refused else _why(done)
    if refused and _AGAIN.search(refused):
        return why
    raise untaken(remote, why)


def untaken(remote: str, why: str) -> Refused:
    left = _LOCKED.search(why)
    hint = f"there, where no git is at work on it: rm '{left[1]}'" if left else f'git push {remote} {REF}'
    return Refused(f"'{remote}' does not take the notes: {why}", hint=hint)


def forget(git: Git) -> None:
    """Remove what a fetch has left."""
    abandoned.run(git, 'update-ref', '-d', _THEIRS)


def _why(done: Done) -> str:
    """The first line in which git says something."""
    lines = (_DULL.sub('', line.strip()) for line in done.err.splitlines() if not line.startswith(('To ', 'hint:')))
    return next(filter(None, lines), f'exit code {done.code}')
