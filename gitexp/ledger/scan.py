"""The rows of a large ledger as columns of cells, a block of lines at a time, and only odd lines one by one."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress
from math import isfinite, nan
from typing import Any, BinaryIO

from gitexp.core.lines import LONG, LONGEST, is_blank, is_marker
from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.ledger import cells, counting
from gitexp.ledger.cells import VALUE, BadCell
from gitexp.ledger.read import Header, Reader
from gitexp.ledger.result import ABOUT, Kind, Result, Status

_BLOCK = 1 << 16  # With four times that the lines leave the processor's cache, and it takes half as long again.
_END = b'\t\n\t'  # A cell of its own where a line ends shows whether every line has its number of cells.
_STATUSES = {status.value.encode() for status in Status}
_RUNS = {kind.value.encode() for kind in Kind if kind not in ABOUT}
_SEED = re.compile(rb'-?[0-9]{1,40}')
# Objects without escapes, and with no more than objects in them, so that what each row measured besides need not be decoded.
_CELL = rb'-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|"[^"\\\0-\x1f]*"'
_OBJECT = rb'\{(?:"[^"\\\0-\x1f]*":(?:%b)(?:,(?=")|(?=\})))*\}'
_PLAINLY = re.compile(_OBJECT % (_CELL + b'|' + _OBJECT % _CELL))
_PLAIN = re.compile(rb'(?:(?:[0-9]{1,17}(?:\.[0-9]{1,20})?)?\t)*')
_MANY = 4096
_DATA, _CPUS = (f'"{key}"'.encode() for key in (counting.DATA, counting.CPUS))
# The status of a run that does not count though it may have a value.
_OUT = {counting.UNDECLARED: b'', counting.CONTENDED: counting.CONTENDED.encode()}


class Rows(NamedTuple):
    """Usable rows, one at each place of every column; what is not said is b'', None or nan. `event`: a row about others, alone."""

    ids: list[bytes]
    times: list[bytes]
    experiments: list[bytes]
    versions: list[bytes]
    commits: list[bytes]
    statuses: list[bytes]
    kinds: list[bytes]
    trees: list[bytes]
    eval_ids: list[bytes]
    seeds: list[int | None]
    values: list[float]
    data: list[bytes]
    verdicts: list[bytes]
    event: Result | None = None


def only(rows: Rows, wanted: Iterable[bool]) -> Rows:
    """Those of some rows that are wanted."""
    columns: tuple[list[Any], ...] = rows[:-1]
    chosen = [*wanted]
    return Rows._make([*(list(compress(column, chosen)) for column in columns), rows.event])


class Scan:
    """One way through a ledger; `unused` counts the lines so far that are said to be unusable, as `read` would."""

    def __init__(self, file: BinaryIO, metric: Metric) -> None:
        reader = Reader('', metric.name)
        self.header: Header = reader.header(file)
        self.unused = len(reader.findings)
        self._file = file
        self._ground = (_DATA, _CPUS) if metric.time_limited else (_DATA,)
        self._width = len(self.header.columns) + 1
        self._places = {name: place for place, name in enumerate(self.header.columns)}
        self._seeds: dict[bytes, int | None] = {b'': None}
        self._documents = {b'', b'{}'}
        self._metric = metric
        self._data: dict[bytes, bytes] = {}
        self._marks = [(column, key, f'"{key}"'.encode()) for column, key in counting.marks(metric)]

    def rows(self) -> Iterator[Rows]:
        """Every row that `read` would use, doubles too, in file order."""
        rest = b''
        while self.header.columns and (said := self._file.read(_BLOCK)):
            end = said.rfind(b'\n') + 1
            if end:
                yield from self._rows(rest + said[:end])
                rest = b''
            rest += said[end:]
            if len(rest) > LONGEST:
                rest = b'\0'  # Nothing more need be known of a line past all measure.
        if rest:
            yield from self._single(rest)

    def _rows(self, block: bytes) -> Iterator[Rows]:
        """The rows of whole lines: at once when all are plain, else half by half."""
        found = self._plain(block)
        if found:
            yield found
            return
        cut = block.rfind(b'\n', 0, len(block) // 2) + 1 or block.find(b'\n') + 1
        if cut == len(block):
            yield from self._single(block)
        else:
            yield from self._rows(block[:cut])
            yield from self._rows(block[cut:])

    def _single(self, line: bytes) -> Iterator[Rows]:
        """The row in one line, if it can be used, by a full reading."""
        if len(line) <= LONGEST and is_blank(line):
            return
        try:
            if is_marker(line):
                raise BadCell
            result = self.header.parse(line)
        except BadCell:
            self.unused += 1
            return
        if result:
            yield one(result, self._metric)

    def _plain(self, block: bytes) -> Rows | None:
        """The rows of a block in which nothing is odd."""
        if b'\r' in block:
            block = block.replace(b'\r\n', b'\n')
        if len(block) > LONG or b'\r' in block or b'\0' in block:
            return None
        said = block.replace(b'\n', _END).split(b'\t')
        said.pop()
        if len(said) % self._width or said[self._width - 1::self._width].count(b'\n') != len(said) // self._width:
            return None
        try:
            return self._columns(block, said) if block.isascii() or block.decode() else None
        except ValueError:
            return None

    def _columns(self, block: bytes, said: list[bytes]) -> Rows | None:
        """Raises ValueError for a number that is none."""
        width, places = self._width, self._places
        none = [b''] * (len(said) // width)

        def column(name: str) -> list[bytes]:
            return said[places[name]::width] if name in places else none

        ids, commits, trees, eval_ids = column('id'), column('commit'), column('tree'), column('eval_id')
        times, experiments, versions = column('time'), column('experiment'), column('version')
        statuses, kinds, verdicts = column('status'), column('kind'), column('verdict')
        documents = set().union(column('metrics'), column('params'), column('env'))
        if (
            b'' in ids or b'id' in ids or not all(_are_names(names) for names in (ids, commits, trees, eval_ids))
            or not _STATUSES.issuperset(statuses) or not _RUNS.issuperset(kinds)
            or b'\\' in block and b'\\' in b''.join([*times, *experiments, *versions, *verdicts])
            or self.header.columns[-1] == 'env' and b'' in column('env')
            or not documents <= self._documents and not self._are_documents(documents)
        ):
            return None
        beside = [*column('seconds'), *column('memory_gb')]
        if not _PLAIN.fullmatch(b'\t'.join([*beside, b''])):
            _numbers(beside)
        for name, key, mark in self._marks:
            if mark in block:
                out = _OUT[key]
                statuses = [out if status and mark in cell and _says(cell, key) else status for cell, status in zip(column(name), statuses)]
        return Rows(
            ids, times, experiments, versions, commits, statuses, kinds, trees, eval_ids, self._whole(column('seed')),
            _numbers(column(VALUE)), self._measured_on(column('env')) if any(map(block.__contains__, self._ground)) else none,
            verdicts,
        )

    def _measured_on(self, said: list[bytes]) -> list[bytes]:
        known = self._data
        if len(known) > _MANY:
            known.clear()
        for one in set(said) - known.keys():
            tells = any(map(one.__contains__, self._ground))
            known[one] = _ground(cells.document(one.decode()) or {}, self._metric) if tells else b''
        return [known[one] for one in said]

    def _whole(self, said: list[bytes]) -> list[int | None]:
        known = self._seeds
        try:
            return [known[one] for one in said]
        except KeyError:
            pass
        if len(known) > _MANY:
            known.clear()
        for one in {b'', *said} - known.keys():
            if one and not _SEED.fullmatch(one):
                raise ValueError
            known[one] = int(one) if one else None
        return [known[one] for one in said]

    def _are_documents(self, said: set[bytes]) -> bool:
        new = said - self._documents
        if len(self._documents) > _MANY:
            self._documents = {b'', b'{}'}
        self._documents |= new
        odd = [one for one in new if not _PLAINLY.fullmatch(one) and cells.document(one.decode()) is None]
        self._documents.difference_update(odd)
        return not odd


def _are_names(said: list[bytes]) -> bool:
    """Whether cells can be compared as they stand."""
    joined = b''.join(said)
    return joined.isalnum() or not joined or b'\\' not in joined and b'"' not in joined and joined.decode().isprintable()


def _numbers(said: list[bytes]) -> list[float]:
    """Raises ValueError when one is no finite number."""
    found = list(map(float, filter(None, said)))
    if b'_' in b''.join(said) or not all(map(isfinite, found)):
        raise ValueError
    return found if len(found) == len(said) else [float(one) if one else nan for one in said]


def _says(cell: bytes, key: str) -> bool:
    return (cells.document(cell.decode()) or {}).get(key) is True


def _ground(env: Mapping[str, Any], metric: Metric) -> bytes:
    return cells.raw(counting.ground(env, metric))


def one(row: Result, metric: Metric) -> Rows:
    """What a way through a ledger with that row alone shows."""
    out = counting.why_not(row, metric)
    status = _OUT[out] if out else row.status.value.encode()
    said = [cells.raw(text or '') for text in (row.id, row.time, row.experiment, row.version, row.commit)]
    said += [status, *(cells.raw(text or '') for text in (row.kind.value, row.tree, row.eval_id))]
    value = nan if row.value is None else row.value
    last = _ground(row.env, metric), cells.raw(row.verdict or '')
    return Rows._make([*([text] for text in said), [row.seed], [value], *([text] for text in last), row if row.kind in ABOUT else None])
