"""The rules where pushes arrive: those of the trunk before the push, for all that the trunk does not reach yet.

Only the old trunk is trusted, whatever other refs there are, so that to park a commit under another name first gains nothing.
Beside what a client asks for, the trunk there must stay one that can be judged.
"""
from __future__ import annotations

import os
import time
from collections.abc import Sequence

from gitexp.core.errors import Refused, Usage
from gitexp.core.finding import Finding
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.guard import push
from gitexp.guard.push import Ground, Update
from gitexp.lab import config as configuration
from gitexp.lab import parse
from gitexp.lab.config import FILE, KINDS
from gitexp.rules import ruleset
from gitexp.rules.attested import Witness
from gitexp.rules.ruleset import RuleSet

_DAY = 86400.0
_MANY = 1000  # More names than are told to git one by one.


def findings(git: Git, trunk: str, asked: Sequence[Update], *, pusher: str | None) -> list[Finding]:
    """Judge a push as a whole; raises Refused or Usage for what cannot be judged. `pusher` is as in attested.Witness."""
    push.refuse_twice(asked)
    ref = f'refs/heads/{trunk}'
    old, blob = repository.objects(git, [ref, f'{ref}:{FILE}'])
    found = _elsewhere(git, asked)
    mine = [update for update in asked if update.ref == ref]
    new = mine[0].local if mine else None
    if old is not None and mine and new is None:
        return [push.deleted(trunk)]
    if new is not None:
        _readable(git, trunk, new, was=blob)
    if old is None or blob is None:
        return found + _beginning(git, trunk, old, new)
    _whole(git, asked, old)
    if new and len(asked) > 1:
        _refuse_cut(git, trunk)
    rules = read(git, blob, trunk)
    ground = Ground(git, rules, new or old, (old, new) if new else (old,), Witness(git, rules.humans, rules.signers, pusher=pusher))
    found += push.advanced(ground, old, new) if new else []
    return list(dict.fromkeys([*found, *push.elsewhere(ground, [update for update in asked if update.ref != ref])]))


def read(git: Git, blob: str, trunk: str) -> RuleSet:
    """The rules of a gitexp.yaml, read without the schema, since nothing that has to be installed is needed here."""
    text = repository.blob(git, blob)
    try:
        said = parse.again(text)
        strange = [*(set(said) - set(parse.schema()['properties'])), *(set(said.get('rules', {})) - set(KINDS))]
        rules = ruleset.of(configuration.of(said), text)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Usage(f'{FILE} cannot be read: {type(error).__name__}: {error}', hint='git exp doctor, in a clone') from None
    if strange:
        raise Usage(f"{FILE}: '{sorted(strange)[0]}' is not known here", hint='git exp doctor, in a clone; or a newer gitexp on the server')
    if rules.trunk != trunk:
        raise Usage(f"{FILE} says that the trunk is '{rules.trunk}', and '{trunk}' is guarded here",
                    hint=f'git exp hook install --server --trunk {rules.trunk}')
    return rules


def _readable(git: Git, trunk: str, new: str, *, was: str | None) -> None:
    """Whatever is allowed to change gitexp.yaml leaves one that the next push can be judged by."""
    blob, = repository.objects(git, [f'{new}:{FILE}'])
    if blob is None:
        raise Refused(f"'{trunk}' would have no {FILE}, and rules are read from there", hint='git exp init, commit, and push again')
    if blob != was:
        read(git, blob, trunk)


def _whole(git: Git, asked: Sequence[Update], old: str) -> None:
    """What a shallow clone sends may lack the commits below it, so that nobody can say what they change."""
    tips = repository.objects(git, [f'{update.local}^{{commit}}' for update in asked if update.local])
    if git.run('rev-list', '--count', '--stdin', feed=''.join(f'{one}\n' for one in (*filter(None, tips), f'^{old}')).encode()).code:
        raise Refused('the history of what is pushed is cut off, as in a shallow clone', hint='git fetch --unshallow, and push again')


def _refuse_cut(git: Git, trunk: str) -> None:
    """All else in a push counts on the new trunk, and git would leave out alone what a shallow clone says is cut off there.

    git does not tell the hook what that is, but keeps it in a file for as long as the push takes; one of a day ago was left behind.
    """
    with os.scandir(git.folder) as entries:
        kept = [one for one in entries if one.name.startswith('shallow_') and one.is_file()]
    if any(time.time() - one.stat().st_mtime < _DAY for one in kept):
        raise Refused(f"a shallow clone pushes '{trunk}' by itself", hint=f'git push REMOTE {trunk}; then the rest')


def _beginning(git: Git, trunk: str, old: str | None, new: str | None) -> list[Finding]:
    """Before there are rules: a lab begins with a push that brings them, and nothing goes past a trunk that has none."""
    if old is not None and new is None:
        raise Refused(f"'{trunk}' has no {FILE}, so that no rules can be read", hint=f'push a {trunk} that has one: git exp init')
    return []


def _elsewhere(git: Git, asked: Sequence[Update]) -> list[Finding]:
    """A name that stands for another one would move that one unseen; one that is not where the push says is left out by git.

    The rest would go on without it, and it may be the trunk that the rest counts on. Where there is no rest, git says so itself.
    """
    refs = [update.ref for update in asked]
    some = refs if len(refs) < _MANY else ()
    lines = git.ask('for-each-ref', '--format=%(objectname) %(refname) %(symref)', '--', *some).text.split('\n') if refs else []
    told = {words[1]: words for words in (line.split(' ') for line in lines if line)}
    here = [(update, told.get(update.ref, [None, '', ''])) for update in asked]
    return [
        *(Finding('name', one.ref, f"it stands for '{said[2]}' here", way=f'push to {said[2]}') for one, said in here if said[2]),
        *(Finding('moved', one.ref, 'is not where the push says that it is', way='git fetch, and push again')
          for one, said in here if len(asked) > 1 and not said[2] and said[0] != one.remote),
    ]
