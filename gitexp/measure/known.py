"""The commit that was measured, where only documents have changed since: training it again would say the same, or look like noise."""
from __future__ import annotations

from collections.abc import Callable

from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind
from gitexp.measure.subject import Subject

_FAR = 100  # commits


def before(lab: Lab, what: Subject, eval_id: Callable[[], str]) -> Subject | None:
    """The last commit before `what` that was measured by this evaluation, if documents are all that differs; else None.

    In whichever version: what a bug has retired, and is measured again despite that, is the same tree, so that its first values are known.
    """
    if not read.mentions(lab, what.slug):
        return None
    mine = [row for row in read.holding(lab, what.slug) if row.experiment == what.slug and row.kind is Kind.EVAL and row.tree]
    if not mine:
        return None
    asked = eval_id()  # Reads every fixed file of the trunk.
    ran = {row.commit: row for row in mine if row.eval_id == asked}
    if not ran or any(row.tree == what.tree and row.eval_id == asked for row in read.holding(lab, what.tree)):
        return None
    line = lab.git.ask('rev-list', '--first-parent', f'--max-count={_FAR}', what.commit).text.split()
    last = next((ran[commit] for commit in line if commit in ran), None)
    if last is None or last.commit is None or last.tree is None:
        return None
    from gitexp.experiment import documents
    if documents.differing(lab, what.slug, last.tree, what.tree):
        return None
    return what._replace(commit=last.commit, tree=last.tree, title=last.description)
