"""Reading the ledger: names every line that cannot be used, and goes on."""
from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.core.lines import BOM, LONG, LONGEST, is_blank, is_marker, is_passed_over
from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, retired
from gitexp.ledger.cells import BadCell
from gitexp.ledger.result import ABOUT, PLACE, Kind, Result
from gitexp.ledger.retired import Retired

NEEDED = ('id', 'experiment', 'status', 'kind')
_HEAD = 1 << 14
_JUNK = 'delete it; where it is committed, let it be: it counts for nothing'
TOO_LONG = f'longer than {LONGEST >> 20} MiB'


class Contents(NamedTuple):
    """`results` are `in_order`, each once; `covered` maps the id of a retired row to the bug that spoilt it."""

    results: list[Result]
    findings: list[Finding]
    covered: dict[str, str]


class Header(NamedTuple):
    """The columns of a ledger, with the metric's called 'value', and how its first line ends."""

    columns: tuple[str, ...]
    ending: bytes = b'\n'

    @property
    def twice(self) -> list[str]:
        """Our columns that are there more than once, so that two readers may take a row for two."""
        return [f"'{name}'" for name in cells.NAMES if self.columns.count(name) > 1]

    def parse(self, line: bytes) -> Result | None:
        """The result in a line, None for the header said again; raises BadCell with the reason for any other line."""
        if len(line) > LONGEST:
            raise BadCell(TOO_LONG)
        if b'\0' in line:
            raise BadCell('binary data')
        try:
            found = line.rstrip(b'\r\n').decode().split('\t')
        except UnicodeDecodeError:
            raise BadCell('not UTF-8 text') from None
        if len(found) != len(self.columns):
            raise BadCell(f'{len(found)} column{"" if len(found) == 1 else "s"} where the header has {len(self.columns)}')
        if self.columns[-1] == 'env' and not found[-1]:  # We write '{}', so that no row looks whole that was cut off there.
            raise BadCell('no env')
        said = dict(zip(self.columns, found))
        row = None if said['id'] == 'id' else cells.parsed(said)
        if row and len(line) > LONG:
            cells.written(row)  # A row is what the notes could have as well, or another ledger.
        return row


OURS = Header(cells.NAMES)


class Reader:
    """One way through the lines of the ledger called `name`; `findings` grow on the way."""

    def __init__(self, name: str, metric: str) -> None:
        self.name = name
        self.metric = metric
        self.findings: list[Finding] = []

    def rows(self, file: BinaryIO, ids: Collection[str] | None = None, words: Collection[str] | None = None) -> Iterator[Result]:
        """Each usable row in file order, doubles too; with `ids` only the rows of those, with `words` only those that hold one."""
        lines = self._lines(file)
        header = self._header(lines)
        wanted = None if ids is None and words is None else [cells.raw(one) for one in ids or words or ()]
        for number, line in lines if header.columns else ():
            if wanted is None or any(one in line for one in wanted):
                result = self._row(number, line, header)
                if result and (ids is None or result.id in ids):
                    yield result

    def header(self, file: BinaryIO) -> Header:
        """The header alone, without columns when this is no ledger; the file stands where the rows begin."""
        return self._header(self._lines(file))

    def say(self, message: str, level: str = 'error', way: str = '') -> None:
        """Add a finding about the ledger."""
        self.findings.append(Finding('ledger', self.name, message, way=way, level=level))

    def _header(self, lines: Iterable[tuple[int, bytes]]) -> Header:
        """The header, without columns when this is no ledger."""
        header = next((heading(line, self.metric) for _, line in lines), Header((*NEEDED, cells.VALUE)))
        missing = [f"'{name}'" for name in NEEDED if name not in header.columns]
        if missing:
            self.say(f'not a ledger of gitexp: its header has no column {", ".join(missing)}')
            return Header(())
        if header.twice:
            self.say(f'not a ledger of gitexp: its header has the column {", ".join(header.twice)} twice')
            return Header(())
        if cells.VALUE not in header.columns:
            self.say(f"its header has no column '{self.metric}', the metric")
        return header

    def _row(self, number: int, line: bytes, header: Header) -> Result | None:
        try:
            result = header.parse(line)
        except BadCell as error:
            cut = '' if line.endswith(b'\n') else 'cut off: '
            self.say(f'line {number}: {cut}{error}', way=_JUNK)
            return None
        if result is None:
            self.say(f'line {number}: the header again', 'note')
        return result

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """The lines that may be rows, with their numbers."""
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                while line and not line.endswith(b'\n'):
                    line = file.readline(LONGEST)
                self.say(f'line {number}: {TOO_LONG}', way=_JUNK)
            elif is_marker(line):
                self.say(f'line {number}: a conflict marker', way=_JUNK)
            elif not is_blank(line):
                yield number, line


def read(lab: Lab) -> Contents:
    """Everything that the ledger says; a missing ledger is empty."""
    reader = Reader(lab.config.paths.ledger, lab.config.metric.name)
    found: dict[str, Result] = {}
    for result in _rows(lab, reader):
        if (first := found.setdefault(result.id, result)) != result and not first.says(result):
            reader.say(f"'{result.id}' stands there twice and differs: the first counts", 'note')
    results = in_order(found.values())
    return Contents(results, reader.findings, retired.covered(results))


def present(lab: Lab, ids: Collection[str]) -> dict[str, Result]:
    """The rows of those of `ids` that the ledger has, of two the first."""
    rows = [*_rows(lab, Reader(lab.config.paths.ledger, lab.config.metric.name), ids)]
    return {row.id: row for row in reversed(rows)}


def holding(lab: Lab, word: str) -> Iterator[Result]:
    """The rows whose lines hold a word anywhere."""
    return _rows(lab, Reader(lab.config.paths.ledger, lab.config.metric.name), words=[word])


def former(lab: Lab) -> list[Result]:
    """The rows about other rows in the ledgers that the lab had before, as the trunk has them."""
    paths = [path for path in lab.config.ledgers if path != lab.config.paths.ledger]
    if not paths:
        return []
    from gitexp.git import repository  # Few labs have had another ledger.
    texts = repository.contents(lab.git, [f'{lab.trunk_commit}:{path}' for path in paths])
    words = [kind.value for kind in ABOUT]
    return [row for text in texts if text for row in Reader('', lab.config.metric.name).rows(BytesIO(text[1]), words=words)]


def baselines(lab: Lab, eval_id: str) -> list[Result]:
    """The runs of the unchanged trunk under an evaluation that nothing has retired, in order; no other row is looked at for long."""
    rows, gone = trunk(lab, eval_id)
    return [row for row in rows if gone.why(row) is None]


def trunk(lab: Lab, eval_id: str) -> tuple[list[Result], Retired]:
    """The same with those that are retired, and what has retired them."""
    reader = Reader(lab.config.paths.ledger, lab.config.metric.name)
    kinds = [kind.value for kind in (Kind.BASELINE, Kind.SUPERSEDE, Kind.RESTORE)]
    found = {row.id: row for row in reversed(list(_rows(lab, reader, words=kinds)))}
    rows = in_order(reversed(found.values()))
    return [row for row in rows if row.kind is Kind.BASELINE and row.eval_id == eval_id], retired.of(found.values())


def stamp(lab: Lab) -> tuple[int, ...] | None:
    """What tells one state of the ledger from another: its inode, its size and its times; None while there is none."""
    try:
        now = os.stat(lab.ledger)
    except FileNotFoundError:
        return None
    return now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def mentions(lab: Lab, word: str, *, after: int = 0) -> bool:
    """Whether the ledger holds a word anywhere, but for its first bytes: a yes need not mean much, a no is sure."""
    wanted, rest = cells.raw(word), b''
    try:
        file = opened(lab.ledger)
    except FileNotFoundError:
        return False
    with file:
        file.seek(max(0, after - len(wanted)))
        while said := file.read(1 << 20):
            if wanted in rest + said:
                return True
            rest = said[-len(wanted):]
    return False


def confirmed(results: Iterable[Result], eval_id: str, began: Mapping[tuple[str, str, str], str]) -> dict[str, Result]:
    """The newest confirm row of each tree under an evaluation, if a run that counts was there to be looked at.

    `began` is the first such run by tree, experiment and version, and a row is about one of these: what is measured again after a bug
    is held anew, by whomever.
    """
    said = sorted((row for row in results if row.kind is Kind.CONFIRM and row.eval_id == eval_id), key=lambda row: row.id)
    about = ((row, began.get((row.params['confirms'], row.experiment, row.version))) for row in said)
    return {row.params['confirms']: row for row, first in about if first is not None and first < row.id}


def in_order(rows: Iterable[Result]) -> list[Result]:
    """As every clone says them, which has its own first in its file: by ids, and before that those without a time as in their logs."""
    return sorted(rows, key=_order)


def heading(line: bytes, metric: str) -> Header:
    """The columns that a first line names; a column 'value' of somebody else's is none of ours."""
    text = line.removeprefix(BOM)
    names = text.rstrip(b'\r\n').decode('utf-8', 'replace').split('\t')
    ours = [cells.VALUE if name == metric else f'({name})' if name == cells.VALUE else name for name in names]
    return Header(tuple(ours), b'\r\n' if text.endswith(b'\r\n') else b'\n')


def opened(path: Path) -> BufferedReader:
    """A ledger to read; raises Refused for what is no file, since a pipe would be waited for."""
    if path.exists() and not path.is_file():
        raise Refused(f"'{path}' is no file", hint='put it aside: the ledger must be a file')
    return BufferedReader(FileIO(path), 1 << 18)


def opening(handle: int) -> tuple[bytes, int]:
    """The line of an open ledger that must be its header, b'' when nothing is there, and where the next begins."""
    head, end = os.pread(handle, _HEAD, 0), 0
    while end < len(head):
        start, end = end, (head.find(b'\n', end) + 1) or len(head)
        line = head[start:end]
        if not is_passed_over(line):
            return line, end
    return b'', end


def _order(row: Result) -> tuple[str, str, int, str]:
    if row.time or row.kind is not Kind.IMPORT:
        return row.id, '', 0, ''
    place = row.env.get(PLACE)
    # What was imported before there were places is in the order of the file, which is that of its log where it was imported.
    return ('', row.experiment, place, row.id) if isinstance(place, int) else ('', '', 0, '')


def _rows(lab: Lab, reader: Reader, ids: Collection[str] | None = None, words: Collection[str] | None = None) -> Iterator[Result]:
    try:
        file = opened(lab.ledger)
    except FileNotFoundError:
        return
    with file:
        yield from reader.rows(file, ids, words)
