"""JSON lines: a configuration that names the metric, then an object a run."""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache

from gitexp.ledger.foreign.record import DIRECTIONS, Dropped, Log, Record

_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def read(found: Log, lines: Iterable[tuple[int, str]]) -> Iterator[Record]:
    """The rows in lines of a log, which is told what else they say."""
    metric = 'metric'
    none: dict[str, object] = {}
    for number, line in lines:
        for said in _parsed(line) if line[0] not in '#/' else ():
            if not isinstance(said, dict):
                found.dropped.append(Dropped(number, 'no JSON object'))
            elif (kind := said.get('type')) == 'config':
                metric = _text(said.get('metricName')) or 'metric'
                found.directions.update({metric: way} if (way := DIRECTIONS.get(_text(said.get('bestDirection')).lower())) else {})
            elif kind and _text(kind) not in ('run', 'result', 'experiment'):
                found.dropped.append(Dropped(number, f"a line of type '{_text(kind)[:40]}'"))
            else:
                inner = said.get('metrics')
                more = inner if isinstance(inner, dict) else none
                yield Record(number, _names(tuple(said), tuple(more), metric), (*said.values(), *more.values()))


def _parsed(line: str) -> list[object]:
    """The objects of a line, of which two may be fused; None for what is none."""
    found: list[object] = []
    at = 0
    while at < len(line):
        try:
            said, at = _DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            return [*found, None]
        found.append(said)
        while at < len(line) and line[at] in ' \t,':
            at += 1
    return found


@lru_cache(4096)
def _names(outer: tuple[str, ...], inner: tuple[str, ...], metric: str) -> tuple[str, ...]:
    """The names of cells, '' for what is none; 'metric' is called what the log's configuration calls it."""
    names = ['' if name in ('metrics', 'type') else metric if name == 'metric' else name for name in outer]
    names = ['' if name in names[place:] else name for place, name in enumerate(names, 1)]
    return (*names, *['' if name in names else name for name in inner])


def _text(said: object) -> str:
    return said if isinstance(said, str) else ''
