"""The commit that was measured, where only documents differ: training it again would say the same, or look like noise."""
from __future__ import annotations

from collections.abc import Callable

from gitexp.git import repository
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind
from gitexp.measure.subject import Subject


def before(lab: Lab, what: Subject, eval_id: Callable[[], str]) -> Subject | None:
    """The newest commit of the experiment that was measured by this evaluation and differs in documents alone, if any.

    In whichever version: what a bug has retired, and is measured again despite that, is the same tree, so that its first values are known.
    And wherever it was: a detour, or a commit that was amended, makes no other tree of it.
    """
    if not read.mentions(lab, what.slug):
        return None
    mine = [row for row in read.holding(lab, what.slug) if row.experiment == what.slug and row.kind is Kind.EVAL and row.tree]
    if not mine:
        return None
    asked = eval_id()  # Reads every fixed file of the trunk.
    ran = {row.tree: row for row in sorted(mine, key=lambda row: row.id) if row.eval_id == asked}
    if not ran or any(row.tree == what.tree and row.eval_id == asked for row in read.holding(lab, what.tree)):
        return None
    from gitexp.experiment import documents
    alike = [ran[tree] for tree in documents.alike(lab, what.slug, what.tree, [tree for tree in reversed(ran) if tree])]
    for row, here in zip(alike, repository.objects(lab.git, [f'{row.commit}^{{commit}}' for row in alike])):
        if here and row.tree:  # Of a commit that was amended git may have kept the tree alone.
            return what._replace(commit=here, tree=row.tree, title=row.description)
    return None
