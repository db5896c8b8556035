"""Which commits a range check is about, from what somebody types."""
from __future__ import annotations

import re
from collections.abc import Mapping

from gitexp.core.errors import Refused, Usage
from gitexp.core.finding import Finding
from gitexp.git import history, repository
from gitexp.lab.config import FILE
from gitexp.lab.lab import Lab
from gitexp.rules import inherited, meta, rewritten, ruleset
from gitexp.rules.attested import Witness
from gitexp.rules.meta import Meta
from gitexp.rules.ruleset import RuleSet
from gitexp.rules.span import Span


def span(lab: Lab, said: str | None, *, branch: str | None, environment: Mapping[str, str], ci: bool = False) -> Span:
    """The range 'A..B', by default what HEAD has and the trunk has not; a range of the trunk itself is judged by the rules of its start.

    `branch` is the branch that the commits are for, when B does not name it. In `ci` the environment opens nothing, and no name
    that somebody has given to a branch makes it the trunk. Raises Usage for what is no range.
    """
    start, end = _ends(said) if said else (None, 'HEAD')
    tip = _commit(lab, end)
    mode = None if ci else meta.of(lab.git, lab.trunk_commit, environment, lab.config.humans)
    branch = branch or _branch(lab, end)
    if ci and branch == lab.trunk:
        branch = None
    if not ci and (branch == lab.trunk or branch is None and history.is_ancestor(lab.git, tip, lab.trunk_commit)):
        return _of_trunk(lab, start, tip, mode)
    known = [_commit(lab, start)] if start and not ci else []
    follows = history.upstream(lab.git, lab.trunk_ref)
    known += [lab.trunk_commit, *([_commit(lab, follows)] if follows else [])]
    return _span(lab, ruleset.fresh(lab), tip, tuple(known), branch, lab.trunk_commit, mode)


def findings(chosen: Span, *, ci: bool = False) -> list[Finding]:
    """Judge a range and what was measured; of the trunk, and in `ci` of what is to be merged into it, all that is published."""
    slug, found = chosen.rules.slug(chosen.branch), chosen.findings(merged=ci)
    if found:
        return found
    if ci or chosen.branch == chosen.rules.trunk:
        return rewritten.arriving(chosen) or (inherited.findings(chosen) if slug else [])
    return [*(rewritten.findings(chosen, slug) if slug else []), *rewritten.beside(chosen)]


def _of_trunk(lab: Lab, start: str | None, tip: str, mode: Meta | None) -> Span:
    start = start or history.upstream(lab.git, lab.trunk_ref)
    if start is None:
        return _span(lab, ruleset.fresh(lab), tip, (tip,), lab.trunk, tip, mode)
    old = _commit(lab, start)
    blob, now = repository.objects(lab.git, [f'{old}:{FILE}', f'{tip}:{FILE}'])
    if blob is None and now is None:
        raise Refused(f"'{start}' has no {FILE}, so that no rules can be read", hint='start the range at a commit of the trunk')
    if blob is None:
        return _span(lab, ruleset.fresh(lab), tip, (tip,), lab.trunk, tip, mode)
    return _span(lab, ruleset.read(lab.git, blob), tip, (old,), lab.trunk, old, mode)


def _span(lab: Lab, rules: RuleSet, tip: str, known: tuple[str, ...], branch: str | None, trunk: str, mode: Meta | None) -> Span:
    return Span(lab.git, rules, tip, known, branch, trunk, witness=Witness(lab.git, rules.humans, rules.signers, mode, trunk=trunk))


def _ends(said: str) -> tuple[str | None, str]:
    start, dots, end = said.partition('..')
    if not dots or end.startswith('.'):
        raise Usage(f"'{said}' is not a range", hint='A..B: what B has and A has not')
    return start or None, end or 'HEAD'


def _commit(lab: Lab, name: str) -> str:
    """A branch before anything else of that name: a tag or a file must not shadow it. A whole id is that of a commit, as for git."""
    for full in (name,) if _is_id(lab, name) else (f'refs/heads/{name}', name):
        found = lab.git.run('rev-parse', '--verify', '--quiet', '--end-of-options', f'{full}^{{commit}}')
        if found.code == 0:
            return found.text
    raise Usage(f"there is no commit '{name}'", hint='git fetch')


def _branch(lab: Lab, end: str) -> str | None:
    if end == 'HEAD':
        return lab.git.run('symbolic-ref', '--quiet', 'HEAD').text.removeprefix('refs/heads/') or None
    name = end.removeprefix('refs/heads/')
    return name if not _is_id(lab, end) and repository.objects(lab.git, [f'refs/heads/{name}']) != [None] else None


def _is_id(lab: Lab, name: str) -> bool:
    return bool(re.fullmatch('[0-9a-fA-F]+', name)) and len(name) == len(lab.trunk_commit)
