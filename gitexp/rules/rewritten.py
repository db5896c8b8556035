"""The branch of an experiment that is written anew: what was there when it was measured is still there."""
from __future__ import annotations

import re
from collections.abc import Set

from gitexp.core.finding import Finding
from gitexp.git import history, repository
from gitexp.rules import change, judge
from gitexp.rules.case import Case
from gitexp.rules.change import LARGEST, Blobs, Committed, Entry
from gitexp.rules.judge import LASTING, LIFTED
from gitexp.rules.span import Span

_ID = r'[0-9a-f]{40}|[0-9a-f]{64}'
_GROWING = ('append-top', 'append-bottom')

Opened = Set[tuple[str, Entry | None]]


def arriving(span: Span) -> list[Finding]:
    """Compare what the trunk will be with what is published, and then the experiments that come with what was measured."""
    return span.ends() or [one for slug in sorted(span.arrived) for one in findings(span, slug, opened=span.opened, merged=True)]


def findings(span: Span, slug: str, *, opened: Opened, old: str | None = None, merged: bool = False) -> list[Finding]:
    """Compare the folder of an experiment that has been measured with what its branch had, and with all that was measured.

    A rebase leaves those files as they are. `old` is where the branch was; what this repository does not have is not compared.
    On the trunk (`merged`) only the files that it takes are: it need not take in everything. `opened` is what a person has put where.
    """
    measured = span.rows(span.trunk, slug)
    if not measured:
        return []
    names = [name for name in dict.fromkeys(measured) if re.fullmatch(_ID, name)]
    *known, was = repository.objects(span.git, [f'{name}^{{commit}}' for name in (*names, old or '0' * len(span.tip))])
    before = dict.fromkeys(oid for oid in (*known, was) if oid)
    back = [start for start in list(before)[-1:] if merged and _is_back(span, slug, start)]
    anew = [start for start in history.apart(span.git, span.tip, before) if start not in back] if before else []
    lost = [_compared(span, slug, start, merged and start in anew, opened) for start in (*back, *anew)]
    return list({(one.path, one.rule): one for found in lost for one in found}.values())


def _is_back(span: Span, slug: str, start: str) -> bool:
    """Whether an experiment comes to the trunk once more, after its merge was reverted: then all of it does."""
    there, = repository.objects(span.git, [f'{span.trunk}:{span.rules.experiments}/{slug}'])
    return there is None and history.is_ancestor(span.git, start, span.trunk)


def _compared(span: Span, slug: str, start: str, merged: bool, opened: Opened) -> list[Finding]:
    target, rules, blobs = Committed(span.git, span.tip), span.rules, Blobs(span.git, most=LARGEST)
    changes = [one for one in change.since(target, start, rules.pathspecs) if rules.owner(one.path) == slug]
    changes = [one for one in changes if not merged or one.path in span.taken]
    # What the trunk had already grows there in its own way, until the branch is merged.
    grown = {one.path for one in changes if merged and span.taken[one.path]}
    blobs.expect(judge.reading(rules, changes))
    differs = judge.away(lambda: [target.against(span.trunk)])
    case = Case(
        rules, f'exp/{slug}', blobs.read, lambda one: one.new is None or differs(one), ends=True, commit=span.tip,
        undo=f'git checkout {start[:10]} -- {{path}}, as it was when the experiment was measured',
    )
    free = {one.path for one in changes if (one.path, one.new) in opened}
    lost = [one for one in judge.judge(case, changes) if one.rule in LASTING and (one.rule not in LIFTED or one.path not in free)]
    return [one for one in lost if one.path not in grown or one.rule not in _GROWING]
