"""Appending to the ledger: under one lock, in one write, all or nothing."""
from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

from gitexp.core import files, locks, modes
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, loss, read
from gitexp.ledger.read import Header
from gitexp.ledger.result import Kind, Result, columns

_NEEDED = (*read.NEEDED, cells.VALUE, 'tree', 'eval_id')
_ANOTHER = 'a ledger keeps its header: on the trunk, name another in gitexp.yaml: paths: {ledger: results_2.tsv, former: [results.tsv]}'


def append(lab: Lab, rows: Sequence[Result]) -> None:
    """Add rows to the end of the ledger and make them durable; makes the ledger when there is none.

    Raises Refused when they cannot be written, and then the ledger is as it was.
    """
    said = [*map(cells.written, rows)]
    # Imported rows never compete, and `git checkout` of the ledger is the way to be rid of them.
    put(lab, said, own=[line for row, line in zip(rows, said) if row.kind is not Kind.IMPORT])


def keep(lab: Lab, rows: Sequence[Result]) -> None:
    """Keep rows of another metric for the ledger of that one, where they are `loss.lost` then."""
    with locks.held(lab.state / 'locks' / 'ledger', purpose='keep rows for another ledger'):
        loss.keep(lab, lines([*map(cells.written, rows)], read.OURS))


def put_back(lab: Lab) -> int:
    """Append what is `loss.lost`; returns how many rows."""
    rows = sorted(loss.lost(lab), key=lambda row: row.id)
    put(lab, [*map(cells.written, rows)])
    return len(rows)


def put(lab: Lab, said: Sequence[bytes], *, own: Sequence[bytes] = ()) -> None:
    """Add rows that are lines already, as `cells.written` makes them, and keep `own`; as `append` in all else."""
    if not said:
        return
    path = str(lab.ledger)
    try:
        with locks.held(lab.state / 'locks' / 'ledger', purpose='append to the ledger'):
            _put(lab, path, said, own)
    except OSError as error:
        raise Refused(f"cannot append to '{path}': {words(error)}", hint=way(path, error)) from None


def _put(lab: Lab, path: str, said: Sequence[bytes], own: Sequence[bytes]) -> None:
    kept = loss.keep(lab, lines(own, read.OURS))
    try:
        while (states := _append(path, said, lab.config.metric.name)) is None:
            pass
    except (OSError, Refused):
        loss.drop(lab, kept)
        raise
    if states:
        loss.settle(lab, kept, *states)


def ready(lab: Lab) -> None:
    """Whether rows can be appended, asked before hours of work; raises Refused as `append` and `loss.refuse` would."""
    _open(str(lab.ledger), lab.config.metric.name)
    loss.refuse(lab)


def lines(said: Sequence[bytes], header: Header) -> bytes:
    """Rows in the header's order; a column that is not ours stays empty."""
    if header.columns != cells.NAMES:
        in_order = itemgetter(*[cells.PLACES.get(name, -1) for name in header.columns])
        said = [b'\t'.join(in_order([*line.split(b'\t'), b''])) for line in said]
    return header.ending.join([*said, b''])


def check_metric(lab: Lab, header: Header) -> None:
    """Raises Refused for a ledger of another metric than the lab's: its values would be taken for what they are not."""
    if header.columns and cells.VALUE not in header.columns:
        raise Refused(f"the header of '{lab.ledger}' has no column '{lab.config.metric.name}'", hint=_unless_new(str(lab.ledger)))


def _unless_new(path: str) -> str:
    """The way out where the metric has another name now: rows that nobody has seen may go."""
    return f"{_ANOTHER}; where it is not committed yet: mv '{path}' '{path}.old'"


def _open(path: str, metric: str) -> None:
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        folder = _nearest(os.path.dirname(os.path.realpath(path)))
        if not os.access(folder, os.W_OK):
            raise Refused(f"cannot make the ledger '{path}': permission denied", hint=f"chmod u+w '{folder}'") from None
        return
    except OSError as error:
        raise Refused(f"cannot append to the ledger '{path}': {words(error)}", hint=way(path, error)) from None
    try:
        first, _ = _opening(handle, path)
        if first:
            _check(path, read.heading(first, metric), [], metric)
    finally:
        os.close(handle)


def _nearest(folder: str) -> str:
    """The folder, or what is there of the way to it: the rest is made with the ledger."""
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return folder


def _append(path: str, said: Sequence[bytes], metric: str) -> tuple[os.stat_result, ...] | None:
    """What the file was like before and after, () when more has changed; None where the rows are in one that was replaced meanwhile."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except FileNotFoundError:
        _make(path, said, metric)
        return ()
    try:
        first, before = _opening(handle, path)
        if not first:
            _make(path, said, metric)
            return ()
        header = read.heading(first, metric)
        _check(path, header, said, metric)
        last = os.pread(handle, 1, before.st_size - 1)
        data = (b'' if last == b'\n' else header.ending) + lines(said, header)
        _write(handle, before.st_size, data)
        now = os.fstat(handle)
        if not _is_still(path, before):
            return None
        return (before, now) if now.st_size == before.st_size + len(data) else ()
    finally:
        os.close(handle)


def _is_still(path: str, before: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), before)
    except FileNotFoundError:
        return False


def _opening(handle: int, path: str) -> tuple[bytes, os.stat_result]:
    now = os.fstat(handle)
    if not stat.S_ISREG(now.st_mode):
        raise Refused(f"cannot append to '{path}': it is no file")
    return read.opening(handle)[0], now


def _make(path: str, said: Sequence[bytes], metric: str) -> None:
    files.replace(Path(os.path.realpath(path)), lines(['\t'.join(columns(metric)).encode(), *said], read.OURS))


def _write(handle: int, size: int, data: bytes) -> None:
    try:
        if os.write(handle, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        os.fsync(handle)
        raise


def _check(path: str, header: Header, said: Sequence[bytes], metric: str) -> None:
    """A row must be found again, and nothing that it says may be lost for want of a column."""
    if len(set(header.columns)) < len(header.columns) and (twice := header.twice):
        raise Refused(f"cannot append to '{path}': its header has the column {', '.join(twice)} twice", hint=_ANOTHER)
    if set(cells.NAMES) <= set(header.columns):
        return
    spoken = {name for line in said for name, cell in zip(cells.NAMES, line.split(b'\t')) if cell not in (b'', b'{}')}
    missing = [name for name in dict.fromkeys([*_NEEDED, *cells.NAMES]) if name not in header.columns and name in {*_NEEDED, *spoken}]
    if missing:
        named = ', '.join(f"'{metric if name == cells.VALUE else name}'" for name in missing)
        raise Refused(
            f"cannot append to '{path}': its header has no column {named}",
            hint=_unless_new(path) if cells.VALUE in missing else _ANOTHER,
        )


def words(error: OSError) -> str:
    """What the system said, as part of a sentence."""
    return (error.strerror or str(error)).lower()


def way(path: str, error: OSError) -> str | None:
    """What to do when a file cannot be written."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return modes.way(path) or f"chmod u+w '{path if os.path.exists(path) and not os.access(path, os.W_OK) else os.path.dirname(path)}'"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return 'free some space; what could not be written whole was taken back'
    return None
