"""The rules where pushes arrive: those of the trunk before the push, for all that the trunk does not reach yet.

Only the old trunk is trusted, whatever other refs there are, so that to park a commit under another name first gains nothing.
Beside what a client asks for, the trunk there must stay one that can be judged.
"""
from __future__ import annotations

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


def findings(git: Git, trunk: str, asked: Sequence[Update], *, pusher: str | None) -> list[Finding]:
    """Judge a push as a whole; raises Refused or Usage for what cannot be judged. `pusher` is as in attested.Witness."""
    ref = f'refs/heads/{trunk}'
    old, blob = repository.objects(git, [ref, f'{ref}:{FILE}'])
    found = _aliased(git, [update.ref for update in asked if update.remote])
    mine = [update for update in asked if update.ref == ref]
    new = mine[0].local if mine else None
    if old is not None and mine and new is None:
        return [push.deleted(trunk)]
    if new is not None:
        _readable(git, trunk, new, was=blob)
    if old is None or blob is None:
        return found + _beginning(git, trunk, old, new)
    _whole(git, asked, old)
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


def _beginning(git: Git, trunk: str, old: str | None, new: str | None) -> list[Finding]:
    """Before there are rules: a lab begins with a push that brings them, and nothing goes past a trunk that has none."""
    if old is not None and new is None:
        raise Refused(f"'{trunk}' has no {FILE}, so that no rules can be read", hint=f'push a {trunk} that has one: git exp init')
    return []


def _aliased(git: Git, refs: Sequence[str]) -> list[Finding]:
    """A name that stands for another one would move that one unseen."""
    lines = git.ask('for-each-ref', '--format=%(refname) %(symref)', '--', *refs).text.split('\n') if refs else []
    targets = dict(line.split(' ', 1) for line in lines if line and not line.endswith(' '))
    return [Finding('name', ref, f"it stands for '{targets[ref]}' here", way=f'push to {targets[ref]}') for ref in refs if ref in targets]
