"""That nothing is evaluated again whose results a bug has spoilt: it would give the same, and count."""
from __future__ import annotations

from collections.abc import Callable

from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind
from gitexp.measure.subject import Subject


def require(lab: Lab, what: Subject, eval_id: Callable[[], str], *, despite: str | None) -> None:
    """Raises Refused for a tree whose rows under this evaluation are all retired, unless `despite` names the bug."""
    if not read.mentions(lab, f'\t{Kind.SUPERSEDE.value}\t'):
        return
    from gitexp.experiment import spoilt
    found = spoilt.tree(lab, read.read(lab), what.slug, what.tree, eval_id=eval_id())
    if found and found.bug != despite:
        raise Refused(
            f"what '{what.slug}' holds is superseded by the bug '{found.bug}', and would give the same again",
            hint=f'mend it and commit; where the bug was in no file of the tree: git exp eval --despite {found.bug}',
        )
