"""The ledger and the notes, held against each other: what one has and the other lacks."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence, Set
from typing import BinaryIO

from gitexp.core.finding import Finding
from gitexp.core.lines import LONGEST
from gitexp.core.tuples import NamedTuple
from gitexp.git import notes as kept
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.git.notes import REF, Kept
from gitexp.lab.lab import Lab
from gitexp.ledger import notes, read, write
from gitexp.ledger.cells import BadCell
from gitexp.ledger.read import Header, Reader
from gitexp.ledger.result import METRIC, Result

_AT_ONCE = 20_000


class Difference(NamedTuple):
    """`unnoted` are rows of the ledger, `untaken` are rows of the notes, several of one key when they differ.

    `odd` names what is in the notes and no row, and rows that the ledger has otherwise; it keeps its own.
    """

    unnoted: list[Result]
    untaken: list[list[Kept]]
    odd: list[Finding]


def difference(lab: Lab) -> Difference:
    """Hold all rows against each other. A line that the notes have too is known by its hash; only others are read."""
    rows, strange = kept.kept(Git(lab.common))
    there: dict[str, list[Kept]] = {}
    for one in rows:
        there.setdefault(one.key, []).append(one)
    unnoted: list[Result] = []
    seen: dict[str, str] = {}
    name_of = _hash(lab)
    for name, oid, row in _ledger(lab, {one.oid for one in rows}):
        if name in seen:
            continue
        seen[name] = oid
        if row and name in there:
            seen[name] = name_of(notes.text(row))
        elif row:
            unnoted.append(row)
    differ = [one for name, oid in seen.items() for one in there.get(name, ()) if one.oid != oid]
    odd = [_odd(path, 'not a row') for path in strange]
    odd += [_odd(one.path, f"not what the ledger says of '{one.key}', which stays as it is here") for one in _contrary(lab, differ)]
    return Difference(unnoted, [same for name, same in there.items() if name not in seen], odd)


def take(lab: Lab, untaken: Sequence[Sequence[Kept]]) -> tuple[int, list[Finding]]:
    """Append what only the notes have, in order; returns how many rows, and what could not be used.

    Of rows of one id that differ the first counts. The difference must be of notes that were read before the ledger.
    """
    count = 0
    odd: list[Finding] = []
    for rows in lacking(lab, untaken, odd):
        write.append(lab, read.in_order(rows))
        count += len(rows)
    return count, odd


def lacking(lab: Lab, untaken: Sequence[Sequence[Kept]], odd: list[Finding]) -> Iterator[list[Result]]:
    """The rows that only the notes have and this ledger wants, in parts: what was measured as another metric belongs to another one.

    What could not be used is added to `odd`.
    """
    git, metric = Git(lab.common), lab.config.metric.name
    chosen = sorted(one for same in untaken if (one := _chosen(git, same, odd)))
    for start in range(0, len(chosen), _AT_ONCE):
        some = chosen[start:start + _AT_ONCE]
        found = []
        for one, said in zip(some, repository.contents(git, [one.oid for one in some])):
            try:
                found.append(_row(one, said[1] if said else b''))
            except BadCell as error:
                odd.append(_odd(one.path, str(error)))
        yield [row for row in found if row.env.get(METRIC, metric) == metric]


def _contrary(lab: Lab, differ: Sequence[Kept]) -> Iterator[Kept]:
    """Those of some rows of the notes that do not say what the ledger does."""
    mine = read.present(lab, {one.key for one in differ}) if differ else {}
    for one, said in zip(differ, repository.contents(Git(lab.common), [one.oid for one in differ])):
        try:
            if (row := mine.get(one.key)) and row.says(_row(one, said[1] if said else b'')):
                continue
        except BadCell:
            pass
        yield one


def _chosen(git: Git, same: Sequence[Kept], odd: list[Finding]) -> Kept | None:
    if len(same) == 1:
        return same[0]
    path = kept.first(git, [one.path for one in same])
    says = 'and the first, so that it counts' if path else 'and nothing tells which was first, so that none counts'
    odd.append(_odd(path or same[0].path, f'one of {len(same)} rows of that id, {says}'))
    return next((one for one in same if one.path == path), None)


def _odd(path: str, message: str) -> Finding:
    return Finding('notes', f'{REF}:{path}', message, way=f'git show {REF}:{path}', level='note')


def _row(one: Kept, said: bytes) -> Result:
    row = notes.parsed(said)
    if notes.key(row.id) != one.key:
        raise BadCell(f"it has the id '{row.id}'")
    return row


def _ledger(lab: Lab, known: Set[str]) -> Iterator[tuple[str, str, Result | None]]:
    """The key of every usable row of the ledger, and the hash of its line, or the row when nothing known has that hash."""
    try:
        file = read.opened(lab.ledger)
    except FileNotFoundError:
        return
    with file:
        header = Reader(lab.ledger.name, lab.config.metric.name).header(file)
        write.check_metric(lab, header)
        name_of, ours = _hash(lab), header == read.OURS
        for line in _lines(file) if header.columns else ():
            oid = name_of(line)
            if ours and oid in known:
                yield notes.key(line.partition(b'\t')[0].decode()), oid, None
            elif row := _usable(header, line):
                yield notes.key(row.id), '', row


def _hash(lab: Lab) -> Callable[[bytes], str]:
    """What names a blob in this repository."""
    digest = hashlib.sha1 if len(lab.trunk_commit) == 40 else hashlib.sha256
    return lambda text: digest(b'blob %d\0%s' % (len(text), text)).hexdigest()


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LONGEST + 1):
        if len(line) <= LONGEST:
            yield line
        while len(line) > LONGEST and not line.endswith(b'\n'):
            line = file.readline(LONGEST + 1)


def _usable(header: Header, line: bytes) -> Result | None:
    try:
        return header.parse(line)
    except BadCell:
        return None
