"""The rules before a push: what the remote's trunk does not have yet, and names that would shadow it."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.git import history, repository
from gitexp.lab.config import FILE
from gitexp.lab.lab import Lab
from gitexp.rules import ruleset
from gitexp.rules.pattern import fold
from gitexp.rules.ruleset import RuleSet
from gitexp.rules.span import Span

_NOTHING = re.compile(r'0+\Z')
_HEADS = 'refs/heads/'


@dataclass(frozen=True)
class Update:
    """One line of what git tells a pre-push hook; None is an object that is not there."""

    local: str | None
    ref: str
    remote: str | None


def updates(told: bytes, environment: Mapping[str, str]) -> Iterator[Update]:
    """Read the lines that git feeds the hook; the pre-commit framework tells one in its environment instead."""
    if not told.strip() and 'PRE_COMMIT_REMOTE_BRANCH' in environment:
        tip, before = environment['PRE_COMMIT_TO_REF'], environment.get('PRE_COMMIT_FROM_REF', '0')
        yield Update(_there(tip), environment['PRE_COMMIT_REMOTE_BRANCH'], _there(before))
        return
    for line in told.decode('utf-8', 'surrogateescape').splitlines():
        _, local, ref, remote = line.rsplit(' ', 3)
        yield Update(_there(local), ref, _there(remote))


def _there(oid: str) -> str | None:
    return None if _NOTHING.match(oid) else oid


def findings(lab: Lab, rules: RuleSet, asked: Sequence[Update], *, remote: str, meta: bool) -> list[Finding]:
    """Judge every commit that the trunk does not have; raises Refused when the remote's trunk is not known here."""
    pushed = next((one.local for one in asked if one.ref == lab.trunk_ref and one.local), None)
    known = [lab.trunk_commit, *_tracked(lab, remote), *([pushed] if pushed else [])]
    found: dict[Finding, None] = {}
    for update in asked:
        if update.ref == lab.trunk_ref:
            found.update(dict.fromkeys(_trunk(lab, update, meta)))
        elif update.local:
            found.update(dict.fromkeys(_elsewhere(lab, update, rules, known, meta)))
    return list(found)


def _trunk(lab: Lab, update: Update, meta: bool) -> Iterable[Finding]:
    if update.local is None:
        return [Finding('trunk', lab.trunk, 'deleted on the remote: results and rules live on it', way='push without deleting it')]
    if update.remote is None:
        return []  # The first push makes the lab there; the rules bind from then on.
    if repository.objects(lab.git, [update.remote]) == [None]:
        raise Refused(f"the remote's '{lab.trunk}' has commits that are not here", hint='git fetch, rebase or merge, and push again')
    if not history.is_ancestor(lab.git, update.remote, update.local):
        return [Finding('trunk', lab.trunk, 'rewritten: what the remote has would be lost', way='git fetch, then rebase or merge')]
    blob, = repository.objects(lab.git, [f'{update.remote}:{FILE}'])
    if blob is None:
        return []  # What is pushed makes a lab of it.
    rules = ruleset.read(lab.git, blob)
    return Span(lab.git, rules, update.local, (update.remote,), rules.trunk, update.remote, meta).findings()


def _elsewhere(lab: Lab, update: Update, rules: RuleSet, known: Sequence[str], meta: bool) -> Iterable[Finding]:
    wrong = _shadowing(lab, update.ref)
    if wrong:
        return [Finding('name', update.ref, wrong, way='push it under another name')]
    tip = lab.git.run('rev-parse', '--verify', '--quiet', f'{update.local}^{{commit}}').text
    if not tip or update.ref.startswith('refs/notes/'):
        return []
    branch = update.ref.removeprefix(_HEADS) if update.ref.startswith(_HEADS) else None
    return Span(lab.git, rules, tip, tuple(known), branch, lab.trunk_commit, meta).findings()


def _shadowing(lab: Lab, ref: str) -> str | None:
    """Why a name must not exist: it would be taken for another one."""
    if ref.startswith('refs/replace/'):
        return 'a replacement would hide what a commit holds'
    if fold(ref) == fold(f'refs/tags/{lab.trunk}'):
        return f"a tag of that name would be taken for the branch '{lab.trunk}'"
    for name in ('HEAD', lab.trunk):
        if fold(ref) == fold(f'{_HEADS}{name}'):
            return f"a branch of that name would be taken for '{name}'"
    return None


def _tracked(lab: Lab, remote: str) -> list[str]:
    """What was last seen of the remote's trunk."""
    found = repository.objects(lab.git, [f'refs/remotes/{remote}/{lab.trunk}']) if remote else []
    return [oid for oid in found if oid]
