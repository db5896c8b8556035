"""The branch of an experiment that is written anew: what was there when it was measured is still there."""
from __future__ import annotations

import re
from collections.abc import Set

from gitexp.core.finding import Finding
from gitexp.git import history, repository
from gitexp.rules import change, judge
from gitexp.rules.case import Case
from gitexp.rules.change import Blobs, Committed
from gitexp.rules.judge import LIFTED
from gitexp.rules.span import Span

_ID = r'[0-9a-f]{40}|[0-9a-f]{64}'
_LASTING = ('protocol', 'append-top', 'append-bottom', 'sections', 'keep')


def findings(span: Span, slug: str, *, opened: Set[str], old: str | None = None, merged: bool = False) -> list[Finding]:
    """Compare the folder of an experiment that has been measured with what its branch had, and with what was measured last.

    A rebase leaves those files as they are. `old` is where the branch was; what this repository does not have is not compared.
    On the trunk (`merged`) only the files that are there are: it need not take in everything. `opened` are paths that a person has opened.
    """
    measured = span.rows(span.trunk, slug)
    if not measured:
        return []
    names = [name for name in dict.fromkeys(measured) if re.fullmatch(_ID, name)]
    *known, was = repository.objects(span.git, [f'{name}^{{commit}}' for name in (*names, old or '0' * len(span.tip))])
    before = [oid for oid in dict.fromkeys((*list(filter(None, known))[-1:], was)) if oid]
    lost = (one for start in before if not history.is_ancestor(span.git, start, span.tip) for one in _compared(span, slug, start, merged))
    return list({(one.path, one.rule): one for one in lost if one.rule not in LIFTED or one.path not in opened}.values())


def _compared(span: Span, slug: str, start: str, merged: bool) -> list[Finding]:
    target, rules, blobs = Committed(span.git, span.tip), span.rules, Blobs(span.git)
    changes = [one for one in change.since(target, start, rules.pathspecs) if rules.owner(one.path) == slug and (one.new or not merged)]
    blobs.expect(judge.reading(rules, changes))
    differs = judge.away(lambda: [target.against(span.trunk)])
    case = Case(
        rules, f'exp/{slug}', blobs.read, lambda one: one.new is None or differs(one), ends=True, commit=span.tip,
        undo=f'git checkout {start[:10]} -- {{path}}, as it was when the experiment was measured',
    )
    return [one for one in judge.judge(case, changes) if one.rule in _LASTING]
