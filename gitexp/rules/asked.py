"""Which commits a range check is about, from what somebody types."""
from __future__ import annotations

from collections.abc import Mapping

from gitexp.core.errors import Refused, Usage
from gitexp.git import history, repository
from gitexp.lab.config import FILE
from gitexp.lab.lab import Lab
from gitexp.rules import meta, ruleset
from gitexp.rules.span import Span


def span(lab: Lab, said: str | None, *, branch: str | None, environment: Mapping[str, str]) -> Span:
    """The range 'A..B', by default what HEAD has and the trunk has not; a range of the trunk itself is judged by the rules of its start.

    `branch` is the branch that the commits are for, when B does not name it. Raises Usage for what is no range.
    """
    start, end = _ends(said) if said else (None, 'HEAD')
    tip = _commit(lab, end)
    mode = meta.of(lab.git, lab.trunk_commit, environment).on
    branch = branch or _branch(lab, end)
    if branch == lab.trunk or (branch is None and history.is_ancestor(lab.git, tip, lab.trunk_commit)):
        return _of_trunk(lab, start, tip, mode)
    known = [_commit(lab, start)] if start else []
    follows = history.upstream(lab.git, lab.trunk_ref)
    known += [lab.trunk_commit, *([_commit(lab, follows)] if follows else [])]
    return Span(lab.git, ruleset.fresh(lab), tip, tuple(known), branch, lab.trunk_commit, mode)


def _of_trunk(lab: Lab, start: str | None, tip: str, mode: bool) -> Span:
    start = start or history.upstream(lab.git, lab.trunk_ref)
    if start is None:
        return Span(lab.git, ruleset.fresh(lab), tip, (tip,), lab.trunk, tip, mode)
    old = _commit(lab, start)
    blob, now = repository.objects(lab.git, [f'{old}:{FILE}', f'{tip}:{FILE}'])
    if blob is None and now is None:
        raise Refused(f"'{start}' has no {FILE}, so that no rules can be read", hint='start the range at a commit of the trunk')
    if blob is None:
        return Span(lab.git, ruleset.fresh(lab), tip, (tip,), lab.trunk, tip, mode)
    return Span(lab.git, ruleset.read(lab.git, blob), tip, (old,), lab.trunk, old, mode)


def _ends(said: str) -> tuple[str | None, str]:
    start, dots, end = said.partition('..')
    if not dots or end.startswith('.'):
        raise Usage(f"'{said}' is not a range", hint='A..B: what B has and A has not')
    return start or None, end or 'HEAD'


def _commit(lab: Lab, name: str) -> str:
    """A branch before anything else of that name: a tag or a file must not shadow it."""
    for full in (f'refs/heads/{name}', name):
        found = lab.git.run('rev-parse', '--verify', '--quiet', '--end-of-options', f'{full}^{{commit}}')
        if found.code == 0:
            return found.text
    raise Usage(f"there is no commit '{name}'", hint='git fetch')


def _branch(lab: Lab, end: str) -> str | None:
    if end == 'HEAD':
        return lab.git.run('symbolic-ref', '--quiet', 'HEAD').text.removeprefix('refs/heads/') or None
    name = end.removeprefix('refs/heads/')
    return name if repository.objects(lab.git, [f'refs/heads/{name}']) != [None] else None
