"""Which rows a bug has retired: those that a supersede row names, and what else there is of a version that it closes."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitexp.core.tuples import NamedTuple
from gitexp.ledger.result import Kind, Result

# Baselines and imported rows are 'v1' for ever, so that what comes after a bug is no part of what it closed.
VERSIONED = frozenset((Kind.EVAL, Kind.TRAIN, Kind.ROUND))


class Retired(NamedTuple):
    """The bug by the id of each row that is named, and by experiment and version that is closed.

    A version is closed wherever it is measured: who has not heard of the bug measures it all the same, as in another clone. `events`
    is the id of the first row that retires each that is named.
    """

    ids: dict[str, str]
    versions: dict[tuple[str, str], str]
    events: dict[str, str]

    def bug(self, row: Result) -> str | None:
        """What has retired a row, by its name or with its version."""
        named = self.ids.get(row.id)
        if named is not None or not self.versions or row.kind not in VERSIONED:
            return named
        return self.versions.get((row.experiment, row.version))


def of(rows: Iterable[Result]) -> Retired:
    """What supersede and restore rows come to, in any order."""
    about = sorted((row for row in rows if row.kind in (Kind.SUPERSEDE, Kind.RESTORE)), key=lambda row: row.id)
    restored = {row.params['restores'] for row in about if row.kind is Kind.RESTORE}
    found = Retired({}, {}, {})
    for row in about:
        if row.kind is Kind.SUPERSEDE and row.id not in restored:
            bug = str(row.params.get('bug', ''))
            new = [one for one in row.params['covers'] if one not in found.ids]
            found.ids.update(dict.fromkeys(new, bug))
            found.events.update(dict.fromkeys(new, row.id))
            for version in _shut(row):
                found.versions.setdefault((row.experiment, version), bug)
    return found


def _shut(row: Result) -> list[str]:
    """The versions of which nothing counts any more: the one that it ends, and others whose rows were as current."""
    last, more = closed(row), row.params.get('closes')
    return [last, *(one for one in more if isinstance(one, str))] if last and isinstance(more, list) else [last] if last else []


def closed(row: Result) -> str | None:
    """The version that a supersede row retires as a whole, so that the next one begins: its own is named after that and the bug."""
    version, _, bug = row.version.partition('_')
    return version if row.kind is Kind.SUPERSEDE and bug else None


def covered(rows: Iterable[Result]) -> dict[str, str]:
    """The ids of all that is retired, with the bug."""
    known = list(rows)
    found = of(known)
    unnamed = [row for row in known if row.id not in found.ids] if found.versions else []
    return {**found.ids, **{row.id: bug for row in unnamed if (bug := found.bug(row)) is not None}}


def by(event: Result, rows: Sequence[Result]) -> tuple[Result, ...]:
    """The rows that one supersede row is about."""
    alone, every = of([event]), of(rows)
    return tuple(row for row in rows if row.id in alone.ids or row.id not in every.ids and alone.bug(row) is not None)
