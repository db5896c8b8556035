"""Importing somebody else's log: what must be asked first, what the rows would be, and the one append."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitexp.core import locks
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.ledger import read, write
from gitexp.ledger.foreign import columns, log, quantity, reading, statuses
from gitexp.ledger.foreign.record import Dropped, Log
from gitexp.ledger.foreign.rows import Maker
from gitexp.ledger.result import Status
from gitexp.ledger.scan import Scan

_BETTER = {'min': 'lower', 'max': 'higher'}


class Told(NamedTuple):
    """What a person says of a log: the columns of rows without a header, the column of the lab's metric, which way it is better."""

    columns: tuple[tuple[str, ...], ...] = ()
    metric: str | None = None
    direction: str | None = None
    statuses: Mapping[str, Status] = {}
    experiment: str = 'imported'


class Question(NamedTuple):
    """What only a person knows, `message` without its question mark; `example` is an answer to `option` that would do."""

    option: str
    message: str
    example: str


class Plan(NamedTuple):
    """The rows that a log would become, as lines of the ledger, the lines that none comes from, and the statuses that are not known.

    `question` is the next thing to ask, None when all is known.
    """

    form: str
    rows: list[bytes]
    dropped: list[Dropped]
    unknown: dict[str, int]
    question: Question | None


def plan(data: bytes, metric: Metric, told: Told, *, commas: bool = True) -> Plan:
    """Make the rows that a log says, whether the ledger has them or not; raises Refused for one of gitexp or of another metric."""
    name = told.metric or metric.name
    found = log.of(data, metric=name, named=told.columns)
    maker = Maker(name, experiment=told.experiment, ledger=metric.name, told=told.statuses, commas=commas)
    rows = maker.rows(found.records)
    if any(columns.is_ledger(names) for names in found.headers):
        raise Refused('this is a ledger of gitexp, and no log of somebody else', hint='git merge the branch that has it: all rows are kept')
    if commas and maker.decimals:
        return plan(data, metric, told, commas=False)
    return Plan(found.form, rows, sorted([*found.dropped, *maker.dropped]), dict(maker.unknown), _unclear(found, metric, told))


def _unclear(found: Log, metric: Metric, told: Told) -> Question | None:
    if found.headless and not found.headers:
        return Question('columns', f'what are its {len(found.headless)} columns called, {_shown(found.headless)}',
                        ','.join(_guess(found.headless, metric)))
    name = told.metric or metric.name
    likely = _likely(found, metric)
    if likely and all(columns.find(names, name) is None for names in found.headers):
        ours = '' if told.metric else ', the metric of this lab'
        return Question('metric', f"no column is called '{name}'{ours}; is it {' or '.join(map(repr, likely))}", likely[0])
    direction = told.direction or found.directions.get(name) or found.directions.get('')
    if direction and direction != metric.direction:
        ours = f"'{metric.name}', the metric of this lab, when {_BETTER[metric.direction]}"
        raise Refused(f"'{name}' is better when {_BETTER[direction]}, and {ours}")
    if not direction and found.headers and columns.find((metric.name,), name) is None:
        return Question('direction', f"is lower or higher better in '{name}'", metric.direction)
    return None


def meanings(data: bytes, metric: Metric, told: Told) -> list[tuple[str, str]]:
    """Where the ledger will have what stands in each column of a log, in the log's order."""
    name = told.metric or metric.name
    made: dict[str, str] = {}
    for record in log.of(data, metric=name, named=told.columns).records:
        schema = columns.schema(record.names, name)
        ours = {place: 'the metric' if column == 'value' else column for column, place in schema.places.items()}
        for place, one in enumerate(record.names):
            if place in ours:
                made[one] = ours[place]
            elif not one:
                continue
            elif (place, one) in schema.measured and quantity.of(record.cells[place]):
                made[one] = 'metrics'
            elif not quantity.is_nothing(record.cells[place]):
                made.setdefault(one, 'params')
    return list(made.items())


def missing(lab: Lab, rows: Sequence[bytes]) -> list[bytes]:
    """Those that the ledger does not have."""
    try:
        file = read.opened(lab.ledger)
    except FileNotFoundError:
        return list(rows)
    with file:
        scan = Scan(file, lab.config.metric)
        if scan.header == read.OURS and not set(rows).difference(line.rstrip(b'\n') for line in file):
            return []
        file.seek(0)
        there = {name for some in Scan(file, lab.config.metric).rows() for name in some.ids}
    return [row for row in rows if name_of(row) not in there]


def carry_out(lab: Lab, rows: Sequence[bytes]) -> list[bytes]:
    """Append those that the ledger does not have, all or none of them, and return them."""
    with locks.held(lab.state / 'locks' / 'import', purpose='import a log'):
        new = missing(lab, rows)
        write.put(lab, new)
    return new


def name_of(row: bytes) -> bytes:
    """The id of a row."""
    return row.partition(b'\t')[0]


def _guess(cells: Sequence[str], metric: Metric) -> list[str]:
    """Names for columns, as an example: those of the classic log where the cells look like one."""
    kinds = ['commit' if reading.HASH.fullmatch(cell) or cell == 'HEAD' else 'number' if quantity.of(cell) else
             'status' if statuses.of(cell, statuses.meanings({})) else 'text' for cell in cells]
    if kinds == ['commit', 'number', 'number', 'status', 'text']:
        return ['commit', metric.name, 'memory_gb', 'status', 'description']
    once = [kind if kind in ('commit', 'status') and kinds.index(kind) == place else f'c{place + 1}' for place, kind in enumerate(kinds)]
    return [*once[:-1], 'description'] if kinds[-1] == 'text' else once


def _likely(found: Log, metric: Metric) -> list[str]:
    """The columns that may be the metric: what the log itself calls so, then those that hold numbers; else all. Near names come first."""
    numbers: dict[str, None] = dict.fromkeys(name for names in found.headers for name in names if name and name in found.directions)
    for record in found.first:
        places = columns.schema(record.names, '').measured
        numbers.update((name, None) for place, name in places if quantity.of(record.cells[place]))
    names = numbers or dict.fromkeys(name for names in found.headers for name in names if name)
    return sorted(names, key=lambda name: not columns.are_near(name, metric.name))


def _shown(cells: Sequence[str]) -> str:
    return ' | '.join(cell if len(cell) <= 24 else f'{cell[:24]}…' for cell in cells[:12])
