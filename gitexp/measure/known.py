"""The commit that was measured, where only documents have changed since: training it again would say the same, or look like noise."""
from __future__ import annotations

from collections.abc import Callable

from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind
from gitexp.measure.subject import Subject


def before(lab: Lab, what: Subject, eval_id: Callable[[], str]) -> Subject | None:
    """The commit that its version has measured last, if by this evaluation, which `what` goes on from with other documents; None to measure `what`."""
    if not read.mentions(lab, what.slug) or read.mentions(lab, what.tree):
        return None
    mine = (row for row in read.holding(lab, what.slug) if row.experiment == what.slug and row.kind is Kind.EVAL)
    same = (row for row in mine if row.version == what.version and row.tree)
    newest = max(same, key=lambda row: row.id, default=None)
    if newest is None or newest.tree is None or newest.commit is None or newest.eval_id != eval_id():
        return None
    from gitexp.experiment import documents
    if documents.differing(lab, what.slug, newest.tree, what.tree):
        return None
    if lab.git.run('merge-base', '--is-ancestor', newest.commit, what.commit).code:
        return None
    return what._replace(commit=newest.commit, tree=newest.tree, title=newest.description)
