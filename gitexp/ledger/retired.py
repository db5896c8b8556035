"""Which rows a bug has retired: those that a supersede row names, and what else there is of a version that it closes."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from gitexp.core.tuples import NamedTuple
from gitexp.ledger.result import Kind, Result

# Baselines and imported rows are 'v1' for ever, so that what comes after a bug is no part of what it closed.
VERSIONED = frozenset((Kind.EVAL, Kind.TRAIN, Kind.ROUND))


class Why(NamedTuple):
    """The bug that has retired something, and since when: the id of the first row that says so.

    What a row names was there before it, whatever their ids say. What was measured of a version that was closed already is retired
    since it was measured.
    """

    bug: str
    event: str


class Retired(NamedTuple):
    """What is retired, by the id of each row that is named, and by experiment and version that is closed.

    A version is closed wherever it is measured: who has not heard of the bug measures it all the same, as in another clone. `back` is
    the last row that has restored what is named by a row's id, or by experiment and version, whatever has become of it since.
    """

    ids: dict[str, Why]
    versions: dict[tuple[str, str], Why]
    back: dict[str | tuple[str, str], str]

    def why(self, row: Result) -> Why | None:
        """What has retired a row, by its name or with its version."""
        named = self.ids.get(row.id)
        if named is not None or not self.versions:
            return named
        of = lot(row)
        closed = self.versions.get(of) if of else None
        return closed._replace(event=max(closed.event, row.id)) if closed else None

    def since(self, name: str, lot: tuple[str, str] | None) -> str:
        """From when on a run counts, as ids are ordered: since it was measured, or since it was brought back by name or with its `lot`."""
        back = max(self.back.get(name, ''), self.back.get(lot, '') if lot else '')
        return f'{back} {name}' if back > name else name


NOTHING = Retired({}, {}, {})
_NOW = '\U0010ffff'  # after all ids


def of(rows: Iterable[Result]) -> Retired:
    """What supersede and restore rows come to, in any order."""
    about = sorted((row for row in rows if row.kind in (Kind.SUPERSEDE, Kind.RESTORE)), key=lambda row: row.id)
    restored = {one: row.id for row in reversed(about) for one in undone(row)}
    found = Retired({}, {}, {})
    for row in about:
        if row.kind is not Kind.SUPERSEDE:
            continue
        shut = [(row.experiment, version) for version in _shut(row)]
        if row.id in restored:
            when = max(row.id, restored[row.id])
            found.back.update((one, max(when, found.back.get(one, ''))) for one in (*row.params['covers'], *shut))
            continue
        why = Why(str(row.params.get('bug', '')), row.id)
        for one in row.params['covers']:
            found.ids.setdefault(one, why)
        for closing in shut:
            found.versions.setdefault(closing, why)
    return found


def in_force(rows: Collection[Result]) -> list[Result]:
    """The supersede rows that nothing has undone, the oldest first, in whatever order rows came here."""
    gone = {one for row in rows for one in undone(row)}
    return sorted((row for row in rows if row.kind is Kind.SUPERSEDE and row.id not in gone), key=lambda row: row.id)


def undone(row: Result) -> tuple[str, ...]:
    """The supersede rows that a restore row undoes; none for any other row."""
    return (row.params['restores'], *(row.params.get('also') or ())) if row.kind is Kind.RESTORE else ()


def as_if(rows: Collection[Result], covered: Mapping[str, str]) -> Retired:
    """The same where `covered` is what shall be retired, now if it is not yet, and the rest shall have been brought back now."""
    found = of(rows)
    if not covered and not found.ids and not found.versions:
        return found
    ids = {row.id: found.why(row) or Why(covered[row.id], _NOW) for row in rows if row.id in covered}
    return Retired(ids, {}, {**found.back, **{row.id: _NOW for row in rows if row.id not in covered and found.why(row)}})


def lot(row: Result) -> tuple[str, str] | None:
    """The experiment and version with which a row may be retired as a whole, None for one that only its name can."""
    return (row.experiment, row.version) if row.kind in VERSIONED else None


def _shut(row: Result) -> list[str]:
    """The versions of which nothing counts any more: the one that it ends, and others whose rows were as current."""
    last = closed(row)
    return [last, *(row.params.get('closes') or ())] if last else []


def closed(row: Result) -> str | None:
    """The version that a supersede row retires as a whole, so that the next one begins: its own is named after that and the bug."""
    version, _, bug = row.version.partition('_')
    return version if row.kind is Kind.SUPERSEDE and bug else None


def covered(rows: Iterable[Result]) -> dict[str, str]:
    """The ids of all that is retired, with the bug."""
    known = list(rows)
    found = of(known)
    named = {one: why.bug for one, why in found.ids.items()}
    return {**named, **{row.id: why.bug for row in known if (why := found.why(row))}} if found.versions else named


def by(events: Iterable[Result], rows: Sequence[Result]) -> tuple[Result, ...]:
    """The rows that some supersede rows are about."""
    alone, every = of(events), of(rows)
    return tuple(row for row in rows if row.id in alone.ids or row.id not in every.ids and alone.why(row))
