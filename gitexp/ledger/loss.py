"""Whether the ledger has lost rows that this clone has appended or the trunk has, as after `git stash`, or says something else of them.

Each row that is appended is kept whole in a file of the git directory, from before that, so that it can be put back whatever has become
of the notes.
"""
from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

from gitexp.core import digests, files, locks
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
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
_PIECE = 1 << 20


class _Altered(NamedTuple):
    """A row that was appended here, or that the trunk's commit has (`is_own`), and the line that the ledger has of it."""

    row: Result
    said: bytes
    is_own: bool

    def differs(self, header: Header) -> bool:
        try:
            now = header.parse(self.said)
        except BadCell:
            return not self.is_own
        return now is None or now._replace(description='') != self.row._replace(description='')


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
    """Why nothing should be judged now: the ledger lacks a row that it had, or says something else of one that was measured here."""
    rows, altered = _surely(lab)
    if rows:
        return Refused(f"'{lab.ledger}' has lost rows that it had, such as '{rows[-1].id}'", hint='git exp sync --local puts them back')
    if altered:
        way = f"git -C '{lab.root}' checkout -- {lab.config.paths.ledger}, or without a commit that has it: rm '{lab.ledger}'"
        return Refused(
            f"'{lab.ledger}' does not say of '{altered[-1].id}' what was measured", hint=f'{way}; then: git exp sync --local puts it back',
        )
    return None


def lost(lab: Lab) -> list[Result]:
    """The rows that were appended here, or are in the trunk's commit, and that the ledger lacks.

    It is read only where somebody else has changed it.
    """
    return _surely(lab)[0]


def _surely(lab: Lab) -> tuple[list[Result], list[Result]]:
    found = _look(lab)
    if not any(found):
        return found
    try:
        with locks.held(lab.state / 'locks' / 'ledger', purpose='look which rows are there'):
            return _look(lab)  # One may have been on its way.
    except OSError:
        return found


def _look(lab: Lab) -> tuple[list[Result], list[Result]]:
    """The rows that are lost, and those that are neither as the trunk's commit has them nor as they were measured here."""
    now = _current(lab)
    if now == _noted(lab):
        return [], []
    missing: dict[str, Result] = {}
    altered: list[_Altered] = []
    for is_own, lines in (True, ((read.OURS, *one) for one in _of_own(lab))), (False, _of_trunk(lab)):
        for header, line, said in lines:
            if row := _row(lab, header, line):
                if said is None:
                    missing.setdefault(row.id, row)  # As `read` takes it: of two rows of one id the first counts.
                else:
                    altered.append(_Altered(row, said, is_own))
    differ = _differing(lab, altered)
    if not missing and not differ and now == _current(lab):
        try:
            _note(lab, now)
        except OSError:
            pass  # A read-only repository is slower, not broken.
    return list(missing.values()), differ


def _of_own(lab: Lab) -> Iterator[tuple[bytes, bytes | None]]:
    """The lines that were appended here and that the ledger has otherwise, or lacks."""
    return _compared(lab, ((line[:line.find(b'\t')], line) for line in _kept(lab)), read.OURS)


def _of_trunk(lab: Lab) -> Iterator[tuple[Header, bytes, bytes | None]]:
    """The lines of the trunk's commit that the ledger has otherwise, with what it says, or lacks."""
    git, name = Git(lab.common), f'{lab.trunk_commit}:{lab.config.paths.ledger}'
    [oid] = repository.objects(git, [name]) if lab.trunk_commit else [None]
    if oid is None or _begins_with(lab, oid, *repository.sizes(git, [oid])):
        return
    with repository.reading(git, oid) as file:
        header = read.Reader('', lab.config.metric.name).header(file)
        if 'id' in header.columns:
            yield from ((header, *one) for one in _compared(lab, _named(file, header.columns.index('id')), header))


def _differing(lab: Lab, altered: Sequence[_Altered]) -> list[Result]:
    """Those of some rows of which the ledger says something else, but for how they are described.

    What it says as the trunk's commit does is so: a person has put it there. One of ours that cannot be read was torn by a crash.
    """
    if not altered:
        return []
    header = _header(lab)
    found = [one for one in altered if one.differs(header)]
    [there] = repository.contents(Git(lab.common), [f'{lab.trunk_commit}:{lab.config.paths.ledger}']) if found else [None]
    alike = there and read.Reader('', lab.config.metric.name).header(BytesIO(there[1])).columns == header.columns
    committed = {*there[1].splitlines(keepends=True)} if there and alike else ()
    return [one.row for one in found if one.said not in committed]


def _header(lab: Lab) -> Header:
    try:
        with read.opened(lab.ledger) as file:
            return read.Reader('', lab.config.metric.name).header(file)
    except FileNotFoundError:
        return Header(())


def _begins_with(lab: Lab, oid: str, size: int) -> bool:
    """Whether the ledger begins with a blob of git's, by the hash that names it: hashing costs a tenth of comparing lines."""
    digest = digests.begun('sha1' if len(oid) == 40 else 'sha256', size)
    digest.update(b'blob %d\0' % size)
    try:
        with read.opened(lab.ledger) as file:
            while size and (said := file.read(min(size, _PIECE))):
                digest.update(said)
                size -= len(said)
    except FileNotFoundError:
        return False
    return bool(digest.hexdigest() == oid)


def _compared(lab: Lab, wanted: Iterable[tuple[bytes, bytes]], header: Header) -> Iterator[tuple[bytes, bytes | None]]:
    """Of lines, each after its id, those that the ledger has otherwise, with what it says first of that id, or that it lacks, with None.

    Both are mostly in the order of ids: they are gone through side by side, and only what is not found so is remembered and looked for.
    Below another `header` the same line says something else.
    """
    alike = _header(lab).columns == header.columns
    there, last, said = _lines(lab), b'', b''
    left: list[tuple[bytes, bytes]] = []
    for name, line in wanted:
        while last < name and (one := next(there, None)):
            last, said = one
        if last != name:
            left.append((name, line))
        elif not alike or said != line:
            yield line, said
    found, names = dict[bytes, bytes](), {name for name, _ in left}
    for name, said in _lines(lab) if left else ():
        if name in names:
            found.setdefault(name, said)
    yield from ((line, found.get(name)) for name, line in left if not alike or found.get(name) != line)


def _lines(lab: Lab) -> Iterator[tuple[bytes, bytes]]:
    """The lines of the ledger after their first words, or the cells where its ids stand."""
    try:
        file = read.opened(lab.ledger)
    except FileNotFoundError:
        return
    with file:
        columns = read.Reader('', lab.config.metric.name).header(file).columns
        yield from _named(file, columns.index('id') if columns else 0)


def _named(lines: Iterable[bytes], place: int) -> Iterator[tuple[bytes, bytes]]:
    """Each line after the cell where its id stands."""
    for line in lines:
        cells = line.split(b'\t', place + 1)
        if len(cells) > place:
            yield cells[place].rstrip(b'\r\n'), line


def _kept(lab: Lab) -> Iterator[bytes]:
    """Whole lines only: one may have been cut off."""
    try:
        with open(f'{lab.state}/{_KEPT}', 'rb', buffering=1 << 18) as file:
            yield from (line for line in file if line.endswith(b'\n'))
    except FileNotFoundError:
        return


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
