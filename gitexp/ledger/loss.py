"""Whether the ledger has lost rows that this clone has appended or the trunk has, as after `git stash`: a champion may be missing.

Each row that is appended is kept whole in a file of the git directory, from before that, so that it can be put back whatever has become
of the notes.
"""
from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator

from gitexp.core import files, locks
from gitexp.core.errors import Refused
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.cells import BadCell
from gitexp.ledger.read import Header
from gitexp.ledger.result import METRIC, Kind, Result

_KEPT = 'own-rows.tsv'
_WHOLE = 'whole-ledger'  # what the ledger, that file and the trunk were when last no row was missing
_ROOM = 1 << 8  # bytes, so that one takes the place of another


def keep(lab: Lab, lines: bytes) -> int:
    """Keep rows that are about to be appended by whoever holds the lock of the ledger; returns how much was kept before."""
    handle = os.open(f'{lab.state}/{_KEPT}', os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        size = os.fstat(handle).st_size
        if lines:
            cut_off = size and os.pread(handle, 1, size - 1) != b'\n'  # by a crash of the machine
            said = b'\n' + lines if cut_off else lines
            if os.write(handle, said) != len(said):
                os.ftruncate(handle, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return size
    finally:
        os.close(handle)


def drop(lab: Lab, size: int) -> None:
    """Forget rows that could not be appended."""
    os.truncate(f'{lab.state}/{_KEPT}', size)


def settle(lab: Lab, size: int, before: os.stat_result, now: os.stat_result) -> None:
    """A ledger that lacked nothing lacks nothing after rows were appended; `size` is what `keep` said."""
    if _noted(lab) == _state(lab, before, size):
        try:
            _note(lab, _state(lab, now, os.stat(f'{lab.state}/{_KEPT}').st_size))
        except OSError:
            pass  # It is looked at again.


def refuse(lab: Lab) -> None:
    """Raises what is `found`."""
    if error := found(lab):
        raise error


def found(lab: Lab) -> Refused | None:
    """Why nothing should be judged now: the ledger lacks a row that it had."""
    rows = lost(lab)
    said = f"'{lab.ledger}' has lost rows that it had, such as '{rows[-1].id}'" if rows else ''
    return Refused(said, hint='git exp sync --local puts them back') if rows else None


def lost(lab: Lab) -> list[Result]:
    """The rows that were appended here, or are in the trunk's commit, and that the ledger lacks.

    It is read only where somebody else has changed it.
    """
    rows = _look(lab)
    if not rows:
        return rows
    try:
        with locks.held(lab.state / 'locks' / 'ledger', purpose='look which rows are there'):
            return _look(lab)  # One may have been on its way.
    except OSError:
        return rows


def _look(lab: Lab) -> list[Result]:
    now = _current(lab)
    if now == _noted(lab):
        return []
    there = _ids(lab)
    lacking = [(read.OURS, line) for line in _kept(lab) if line[:line.find(b'\t')] not in there]
    missing = {row.id: row for header, line in (*lacking, *_committed(lab, there)) if (row := _row(lab, header, line))}
    if not missing and now == _current(lab):
        try:
            _note(lab, now)
        except OSError:
            pass  # A read-only repository is slower, not broken.
    return list(missing.values())


def _ids(lab: Lab) -> set[bytes]:
    """The first words of the lines of the ledger, or those where its ids stand."""
    try:
        file = read.opened(lab.ledger)
    except FileNotFoundError:
        return set()
    with file:
        columns = read.Reader('', lab.config.metric.name).header(file).columns
        place = columns.index('id') if columns else 0
        return {_cell(line, place) for line in file if line.count(b'\t') >= place}


def _cell(line: bytes, place: int) -> bytes:
    return line.rstrip(b'\r\n').split(b'\t', place + 1)[place]


def _kept(lab: Lab) -> Iterator[bytes]:
    """Whole lines only: one may have been cut off."""
    try:
        with open(f'{lab.state}/{_KEPT}', 'rb', buffering=1 << 18) as file:
            yield from (line for line in file if line.endswith(b'\n'))
    except FileNotFoundError:
        return


def _committed(lab: Lab, there: set[bytes]) -> Iterator[tuple[Header, bytes]]:
    """The lines of the trunk's commit that have an id which is not there."""
    name = f'{lab.trunk_commit}:{lab.config.paths.ledger}'
    [said] = repository.contents(Git(lab.common), [name]) if lab.trunk_commit else [None]
    file = io.BytesIO(said[1] if said else b'')
    header = read.Reader('', lab.config.metric.name).header(file)
    if 'id' in header.columns:
        place = header.columns.index('id')
        yield from ((header, line) for line in file if line.count(b'\t') >= place and _cell(line, place) not in there)


def _row(lab: Lab, header: Header, line: bytes) -> Result | None:
    """A row of the lab's metric: another is measured under another name, and belongs to another ledger. One that is imported may go."""
    try:
        row = header.parse(line)
    except BadCell:
        return None
    return row if row and row.kind is not Kind.IMPORT and row.env.get(METRIC, lab.config.metric.name) == lab.config.metric.name else None


def _current(lab: Lab) -> bytes:
    try:
        size = os.stat(f'{lab.state}/{_KEPT}').st_size
    except FileNotFoundError:
        size = 0
    try:
        return _state(lab, os.stat(lab.ledger), size)
    except FileNotFoundError:
        return b'none %d' % size


def _state(lab: Lab, ledger: os.stat_result, size: int) -> bytes:
    said = b'%s %d %d %d %d %d' % (
        lab.trunk_commit.encode(), ledger.st_ino, ledger.st_size, ledger.st_mtime_ns, ledger.st_ctime_ns, size,
    )
    return said.ljust(_ROOM)


def _noted(lab: Lab) -> bytes:
    try:
        return files.read(f'{lab.state}/{_WHOLE}')
    except OSError:
        return b''


def _note(lab: Lab, state: bytes) -> None:
    """In place: a file that is emptied first is forced to the disk when it is closed, by file systems such as ext4."""
    handle = os.open(f'{lab.state}/{_WHOLE}', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.pwrite(handle, state, 0)
    finally:
        os.close(handle)
