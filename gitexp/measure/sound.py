"""That nothing is evaluated again whose results a bug has spoilt: it would give the same, and count."""
from __future__ import annotations

from collections.abc import Callable

from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind
from gitexp.measure.subject import Subject


class Sound:
    """Asked again whenever the ledger has changed: an evaluation waits for others, and runs for hours."""

    def __init__(self, lab: Lab, what: Subject, eval_id: Callable[[], str], *, despite: str | None) -> None:
        self._lab = lab
        self._what = what
        self._eval_id = eval_id
        self._despite = despite
        self._seen: tuple[int, ...] | None = None

    def require(self) -> None:
        """Raises Refused for a tree whose rows under this evaluation are all retired, unless `despite` names the bug, and once the
        version that is measured has been closed. No other bug can be named than one that has retired something.
        """
        before, self._seen = self._seen, read.stamp(self._lab)
        if self._seen == before:
            return
        grown = before and self._seen and before[0] == self._seen[0] and before[1] < self._seen[1]
        asked = before is None and self._despite is not None
        if not asked and not read.mentions(self._lab, Kind.SUPERSEDE.value, after=before[1] if before and grown else 0):
            return
        from gitexp.experiment import spoilt, versions
        contents = read.read(self._lab)
        if self._despite is not None:
            spoilt.check_known(contents, self._despite, hint='git exp eval')
        found = spoilt.tree(self._lab, contents, self._what.slug, self._what.tree, eval_id=self._eval_id(), anywhere=True)
        if found and (found.of or found.bug != self._despite):
            where = f'-e {found.of} ' if found.of else ''
            raise Refused(
                f"what '{self._what.slug}' holds is superseded by the bug '{found.bug}', and would give the same again",
                hint=f'mend it and commit; where the bug was in no file of the tree: git exp eval {where}--despite {found.bug}',
            )
        if before and versions.number(self._what.slug, None, contents.results) > versions.named(self._what.version):
            raise Refused(f"{self._what.version} of '{self._what.slug}' was superseded while this waited", hint='git exp eval')
