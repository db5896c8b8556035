"""Getting an experiment's branch to a remote, without ever waiting for somebody to type."""
from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.git import exchange, repository
from gitexp.git.command import Done, Git
from gitexp.lab.lab import Experiment, Lab

_NOT_REACHED = ('could not resolve', 'failed to connect', 'unable to access', 'connection refused', 'timed out', 'unreachable')
_NOT_ALLOWED = ('authentication failed', 'could not read username', 'could not read password', 'permission denied', 'host key verification')


def push(lab: Lab, experiment: Experiment, *, remote: str) -> bool:
    """Push the branch under its own name, never by force; returns whether the remote's changed.

    Raises Refused when the remote is missing, out of reach, asks for a password or rejects, and when a hook of ours does.
    """
    _require(lab, f'exp/{experiment.slug}', remote)
    git = place(lab, experiment.root, remote=remote)
    done = exchange.send(git, remote, f'{experiment.branch}:{experiment.branch}', env=unattended(git))
    if done.code:
        raise _refusal(lab, experiment, remote, done)
    return not any(line.startswith('=') for line in done.text.split('\n'))


def place(lab: Lab, worktree: Path, *, remote: str) -> Git:
    """Where to talk to a remote: a worktree that is there, as its owner would, or the root, which a relative path counts from."""
    url = lab.git.run('config', '--get', f'remote.{remote}.url').text or remote
    return lab.git.at(worktree if worktree.is_dir() and not url.startswith('.') else lab.root)


def unattended(git: Git) -> dict[str, str]:
    """No password is asked for, neither by git nor by an ssh that the user has not set up otherwise."""
    own = os.environ.keys() & {'GIT_SSH', 'GIT_SSH_COMMAND'} or not git.run('config', '--get', 'core.sshCommand').code
    return {'GIT_TERMINAL_PROMPT': '0', **({} if own else {'GIT_SSH_COMMAND': 'ssh -o BatchMode=yes'})}


def without_secrets(said: str) -> str:
    """A URL, or a text with some in it, without the user and password that HTTP URLs may carry."""
    return re.sub(r'(https?://)[^/@\s]+@', r'\1', said)


def merging(lab: Lab) -> str:
    """How a person merges into the trunk; a guarded one takes that in meta mode, where no forge does it, and a server wants it signed."""
    if not lab.config.guarded:
        return 'git merge --no-ff'
    return f'META_MODE=1 git merge --no-ff{" -S" if lab.config.signers else ""}'


def _require(lab: Lab, name: str, remote: str) -> None:
    """A path or URL is left to git; a name must be one that is set up."""
    git = lab.git
    if '/' in remote or ':' in remote or not git.run('config', '--get', f'remote.{remote}.url').code:
        return
    others = git.run('remote').text.split()
    alone = f'where it is better, by yourself in root: {merging(lab)} {name}, then git exp baseline'
    hint = f'git exp submit --remote {others[0]}' if others else f'git remote add {remote} URL; or {alone}'
    raise Refused(f"there is no remote '{remote}'", hint=hint)


def _is_ahead(lab: Lab, experiment: Experiment, remote: str) -> bool:
    """Whether the branch has commits of the trunk that its remote lacks, as far as git knows."""
    published = f'refs/remotes/{remote}/{lab.trunk}'
    base = lab.git.run('merge-base', lab.trunk_commit, experiment.branch).text
    return bool(base) and lab.git.run('merge-base', '--is-ancestor', base, published).code == 1


def _was_there(lab: Lab, experiment: Experiment, remote: str) -> bool:
    """Whether what the remote has is where the branch was here, before an amend or a rebase."""
    tip, = repository.objects(lab.git, [f'refs/remotes/{remote}/exp/{experiment.slug}'])
    return tip is not None and tip in lab.git.run('rev-list', '--walk-reflogs', experiment.branch).text.split('\n')


def _refusal(lab: Lab, experiment: Experiment, remote: str, done: Done) -> Refused:
    said = without_secrets(done.err.strip())
    name, to = f'exp/{experiment.slug}', shlex.quote(remote)
    told = '\n'.join(f'    {line}' for line in said.split('\n') if line and not line.startswith('hint: '))
    rejected = re.search(r'^!\t.*\[(.*?rejected)\] \((.*)\)$', done.text, re.M)
    if rejected and rejected[1] == 'rejected':
        theirs = f"'{name}' on '{remote}' has commits that are not in yours ({rejected[2]})"
        if rejected[2] == 'non-fast-forward' and _was_there(lab, experiment, remote):  # Else git does not even know what is there.
            anew = f'git push --force-with-lease {to} {name}, then again: git exp submit {experiment.slug}'
            return Refused(f'{theirs}: it was there, and is written anew', hint=anew)
        taken = f'git fetch {to} && git fetch {to} {name} && git merge FETCH_HEAD'  # The first for a trunk that is in theirs.
        return Refused(theirs, hint=f'{taken} && git exp eval')
    if (rejected or done.code == 1 and not done.text) and _is_ahead(lab, experiment, remote):
        return Refused(
            f"'{lab.trunk}' is ahead of '{remote}/{lab.trunk}', and '{name}' has taken that in\n{told}",
            hint=f'git push {to} {lab.trunk}, then again: git exp submit {experiment.slug}',
        )
    if rejected:
        way = "what to do stands above, behind 'do:'" if 'do:' in said else 'what it said is above'
        return Refused(f"'{remote}' rejected '{name}': {rejected[2]}\n{told}", hint=f'{way}; then again: git exp submit {experiment.slug}')
    if done.code == 1 and not done.text:
        return Refused(f"the pre-push hook stopped '{name}'\n{told}", hint=f'git exp check rules {lab.trunk}..{name}')
    if any(words in said.lower() for words in _NOT_ALLOWED):
        return Refused(f"'{remote}' wants to know who you are\n{told}", hint=f'git push {to} {name}')
    if any(words in said.lower() for words in _NOT_REACHED):
        return Refused(f"'{remote}' cannot be reached\n{told}", hint=f'git exp submit {experiment.slug} again when there is a connection')
    return Refused(f"'{name}' could not be pushed to '{remote}'\n{told}", hint=f'git remote -v, or: git push {to} {name}')
