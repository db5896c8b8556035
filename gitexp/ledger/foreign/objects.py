"""JSON lines: a configuration that names the metric, then an object a run."""
from __future__ import annotations

import json
from collections.abc import Iterator

from gitexp.ledger.foreign.record import DIRECTIONS, Dropped, Log, Record

_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def read(lines: list[tuple[int, str]], dropped: list[Dropped]) -> Log:
    """The rows in lines, `dropped` being those that are known to be none."""
    records, directions = [], {}
    metric = 'metric'
    for number, line in lines:
        for said in _parsed(line) if line[0] not in '#/' else ():
            if not isinstance(said, dict):
                dropped.append(Dropped(number, 'no JSON object'))
            elif said.get('type') == 'config':
                metric = _text(said.get('metricName')) or 'metric'
                directions.update({metric: way} if (way := DIRECTIONS.get(_text(said.get('bestDirection')).lower())) else {})
            elif _text(said.get('type') or 'run') not in ('run', 'result', 'experiment'):
                dropped.append(Dropped(number, f"a line of type '{_text(said['type'])[:40]}'"))
            else:
                names, cells = _flat(said, metric)
                records.append(Record(number, names, cells))
    return Log('JSON lines', records, dropped, None, directions)


def _parsed(line: str) -> Iterator[object]:
    """The objects of a line, of which two may be fused; None for what is none."""
    at = 0
    while at < len(line):
        try:
            said, at = _DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            yield None
            return
        yield said
        while at < len(line) and line[at] in ' \t,':
            at += 1


def _flat(said: dict[str, object], metric: str) -> tuple[tuple[str, ...], tuple[object, ...]]:
    """Names and cells; 'metric' is called what the log's configuration calls it, and 'metrics' are names of their own."""
    made = {metric if name == 'metric' else name: one for name, one in said.items() if name not in ('metrics', 'type')}
    inner = said.get('metrics')
    more = {name: one for name, one in inner.items() if name not in made} if isinstance(inner, dict) else {}
    return (*made, *more), (*made.values(), *more.values())


def _text(said: object) -> str:
    return said if isinstance(said, str) else ''
