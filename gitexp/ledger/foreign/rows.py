"""Records of somebody else's log as rows of the ledger: what a record does not say stays empty."""
from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import isfinite

from gitexp.core import escapes, ids
from gitexp.ledger import cells
from gitexp.ledger.cells import PLACES, BadCell
from gitexp.ledger.foreign import columns, quantity, reading, statuses
from gitexp.ledger.foreign.quantity import Quantity
from gitexp.ledger.foreign.reading import Reader
from gitexp.ledger.foreign.record import Dropped, Record
from gitexp.ledger.result import METRIC, PLACE, Kind, Status

_ENCODER = json.JSONEncoder(separators=(',', ':'), ensure_ascii=False, sort_keys=True, allow_nan=False, check_circular=False)
_INFINITE = 'a number in it is not finite'
_TIME, _EXPERIMENT, _VERSION, _VALUE, _STATUS, _METRICS, _PARAMS, _ENV = [
    PLACES[name] for name in ('time', 'experiment', 'version', cells.VALUE, 'status', 'metrics', 'params', 'env')
]


class Maker:
    """Makes rows of records; `dropped` are those that it cannot use, `unknown` the statuses whose meaning it does not know.

    A row is its line, as `cells.written` makes it; `decimals` is whether a value could only have a decimal comma. With `commas`, '1,061' is
    more than a thousand; `ledger` is what the ledger calls its metric. Where a log is kept, and by what name, is not said: two clones that
    import the same one have the same rows. A row without a time says which of the log it is, so that every clone can show them in order.
    """

    def __init__(self, metric: str, *, experiment: str, ledger: str, told: Mapping[str, Status], commas: bool) -> None:
        self.dropped: list[Dropped] = []
        self.unknown = Counter[str]()
        self.decimals = False
        self._metric = metric
        self._known = statuses.meanings(told)
        self._commas = commas
        self._unit: tuple[str, int] | None = None
        self._seen: dict[str, tuple[int, bytes]] = {}
        self._names: tuple[str, ...] = ()
        self._schema = columns.schema((), metric)
        self._others: list[tuple[str, int, int, Reader]] = []
        ours = {'experiment': escapes.escape(experiment), 'version': 'v1', 'kind': Kind.IMPORT.value, 'env': _document({METRIC: ledger})}
        self._blank = [ours.get(name, '') for name in cells.NAMES]

    def rows(self, records: Iterable[Record]) -> list[bytes]:
        """A row for each record that can be used, in the order of the log, the same one once."""
        made = []
        for place, record in enumerate(records, 1):
            try:
                made.append(self._row(record, place))
            except BadCell as error:
                self.dropped.append(Dropped(record.line, str(error)))
            except RecursionError:
                self.dropped.append(Dropped(record.line, 'nested too deeply'))
        return made

    def _row(self, record: Record, place: int) -> bytes:
        line, names, told = record
        if names is not self._names:  # Most rows of a log have the names of the one before.
            self._names, self._schema = names, columns.schema(names, self._metric)
            self._others = [(column, place, PLACES[column], reading.READERS[column]) for column, place in self._schema.others]
        known = self._schema
        if known.value is None:
            raise BadCell(f"no column '{self._metric}'")
        said = self._blank.copy()
        measured: dict[str, float] = {}
        noted: dict[str, object] = {}
        cell = '' if known.status is None else told[known.status]
        word = _word(cell) if isinstance(cell, str) else ''
        if known.status is not None and not word and not quantity.is_nothing(cell):
            noted[names[known.status]] = cell
        status, value = self._ending(word, told[known.value], line)
        ok = status is Status.OK
        said[_STATUS] = status.value
        if ok and value:
            said[_VALUE] = repr(float(value.number))
        elif value and value.number:
            measured[self._metric] = value.number
        elif value is None and not quantity.is_nothing(told[known.value]):
            noted[self._metric] = told[known.value]
        order = self._fill(record, said, noted)
        if not order:
            said[_ENV] = f'{said[_ENV][:-1]},"{PLACE}":{place}}}'
        for column, name in known.measured:
            cell = told[column]
            if type(cell) is str:
                cell = None if quantity.is_nothing(cell) else _plain(cell, self._commas)
            if type(cell) is float or type(cell) is int:
                if ok or cell:  # Where nothing was measured, 0 stands for that.
                    measured[name] = cell
            elif cell is not None:
                noted[name] = cell
        for column, name in known.noted:
            if not quantity.is_nothing(cell := told[column]):
                noted[name] = _plain(cell, self._commas)
        if noted and word:
            noted['status'] = word
        said[_METRICS] = _numbers(measured) if measured else '{}'
        said[_PARAMS] = _document(noted) if noted else _ended(word)
        return self._named(order, said, line)

    def _ending(self, word: str, cell: object, line: int) -> tuple[Status, Quantity | None]:
        """How the run ended and what it measured; without a status, by whether it measured anything."""
        value = quantity.of(cell, commas=self._commas)
        if type(cell) is str:
            self.decimals = self.decimals or quantity.has_decimal_comma(cell)
        status = statuses.of(word, self._known) if word else Status.OK
        if status is None:
            self.unknown[word] += 1
            raise BadCell(f"status '{_short(word)}' is not known")
        if status is not Status.OK:
            return status, value
        if value is None and not quantity.is_nothing(cell):
            raise BadCell(f"'{_short(cell)}' is not a number")
        if value is None and not word:
            raise BadCell('neither a status nor a value')
        if value:
            self._unit = self._unit or (value.unit, line)
            if value.unit != self._unit[0]:
                here, there = [unit or 'no unit' for unit in (value.unit, self._unit[0])]
                raise BadCell(f"'{_short(cell)}' is in {here}, and line {self._unit[1]} in {there}")
        return status, value

    def _fill(self, record: Record, said: list[str], noted: dict[str, object]) -> int:
        """Fill the other columns of the ledger, and keep what does not fit under its own name; when it was, in ms, 0 where it says not."""
        order = 0
        _, names, told = record
        for column, place, ours, reader in self._others:
            cell = told[place]
            if quantity.is_nothing(cell):
                continue
            if column == 'time' and (when := quantity.moment(cell)):
                said[_TIME], order = when
            elif (text := reader(cell, names[place], self._commas)) is not None:
                said[ours] = text
            else:
                noted[names[place]] = _plain(cell, self._commas)
        return order

    def _named(self, order: int, said: list[str], line: int) -> bytes:
        """The row with its id, the same for the same row, wherever it stands; raises BadCell for one that was there before."""
        time, experiment, own = said[_TIME], said[_EXPERIMENT], '\t'.join(said[_VERSION:_ENV])
        whole = f'{time}\t{own}\t{experiment}'
        digest = hashlib.blake2b(whole.encode('utf-8', 'surrogatepass'), digest_size=16).digest()
        name = ids.of(order, digest)
        while (there := self._seen.get(name)) and there[1] != digest:
            name = ids.of(order, hashlib.blake2b(name.encode() + digest).digest())
        if there:
            raise BadCell(f'the same as line {there[0]}')
        self._seen[name] = line, digest
        return f'{name}\t{time}\t{experiment}\t{own}\t{said[_ENV]}'.encode()


@lru_cache(1024)
def _ended(word: str) -> str:
    return _document({'status': word} if word else {})


def _document(said: Mapping[str, object]) -> str:
    try:
        text = '{}' if not said else _ENCODER.encode(said)
    except ValueError:
        raise BadCell(_INFINITE) from None
    return _escaped(text)


def _numbers(said: Mapping[str, float]) -> str:
    """The same of numbers alone, in a third of the time."""
    for one in said.values():
        if type(one) is float and not isfinite(one):
            raise BadCell(_INFINITE)
    return _escaped(f'{{{",".join([f"{_quoted(name)}:{one!r}" for name, one in sorted(said.items())])}}}')


_quoted = lru_cache(1024)(_ENCODER.encode)


def _escaped(text: str) -> str:
    # JSON has no control characters but \x7f: where all is ASCII, the slower look at each character finds nothing more.
    return text if text.isascii() and '\\' not in text and '\x7f' not in text else escapes.escape(text)


@lru_cache(1024)
def _word(cell: str) -> str:
    """A status as it is written; a number is none."""
    return '' if quantity.is_nothing(cell) or quantity.of(cell) else cell.strip()


def _short(said: object) -> str:
    text = reading.text(said)
    return text if len(text) <= 40 else f'{text[:40]}…'


def _plain(cell: object, commas: bool) -> object:
    """A cell, as a number where it is one without a unit."""
    if type(cell) is not str:
        return cell
    number = quantity.of(cell, commas=commas)
    return number.number if number and not number.unit else cell
