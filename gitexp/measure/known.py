"""The commit that was measured, where only documents have changed since: training it again would say the same, or look like noise."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind, Result
from gitexp.measure.subject import Subject

_FAR = 100  # commits
_MANY = 20  # trees


def before(lab: Lab, what: Subject, eval_id: Callable[[], str]) -> Subject | None:
    """The last commit before `what` that was measured by this evaluation, if documents are all that differs; else None.

    In whichever version: what a bug has retired, and is measured again despite that, is the same tree, so that its first values are known.
    So is one that is no commit before `what` any more, as after an amend.
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
    from gitexp.experiment import documents
    for one in (*filter(None, [last]), *_retired(lab, mine, asked)):
        if one.commit and one.tree and not documents.differing(lab, what.slug, one.tree, what.tree):
            return what._replace(commit=one.commit, tree=one.tree, title=one.description)
    return None


def _retired(lab: Lab, rows: Sequence[Result], eval_id: str) -> list[Result]:
    """A row of each tree of which something was retired, the newest first."""
    if not read.mentions(lab, Kind.SUPERSEDE.value):
        return []
    covered = read.read(lab).covered
    found = {row.tree: row for row in rows if row.id in covered and row.eval_id == eval_id}
    return sorted(found.values(), key=lambda row: row.id, reverse=True)[:_MANY]
