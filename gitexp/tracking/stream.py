"""The metrics stream of a run: `EXP_OUT/metrics.jsonl`, one JSON object a line, such as {"step": 10, "loss": 0.31}.

Numbers are metrics, with a dot before what is nested; everything else in a line is not looked at, and a line with the key `event`
tells of the run and measures nothing. A line that is no object, or not ended yet, is passed over.
"""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from gitexp.core import files
from gitexp.core.tuples import NamedTuple

FILE = 'metrics.jsonl'
STEP = 'step'
MOST = 1 << 20  # bytes that are read at a time


class Point(NamedTuple):
    """What one line measured; `step` is None where it does not say."""

    step: int | None
    values: Mapping[str, float]


class Stream:
    """Reads a file that grows: `more` gives what was added since it was last asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at = 0
        self._open = b''  # a line that has not ended

    def more(self) -> list[Point]:
        """The next points, from a megabyte at most; none when there is nothing new, or no file."""
        try:
            with files.opened(self.path) as file:
                file.seek(self.at)
                data = file.read(MOST)
        except OSError:
            return []
        self.at += len(data)
        *ended, self._open = (self._open + data).split(b'\n')
        self._open = self._open if len(self._open) <= MOST else b''
        return [point for line in ended if (point := _point(line))]

    def last(self) -> list[Point]:
        """What an unended last line measured, now that nothing follows."""
        point = _point(self._open)
        self._open = b''
        return [point] if point else []


def points(path: Path) -> Iterator[Point]:
    """All that a stream has measured."""
    stream, before = Stream(path), -1
    while stream.at != before:
        before = stream.at
        yield from stream.more()
    yield from stream.last()


def keys(path: Path) -> set[str]:
    """The names that a stream has measured."""
    return {key for point in points(path) for key in point.values}


def _point(line: bytes) -> Point | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or 'event' in said:
        return None
    step = said.pop(STEP, None)
    values = dict(_numbers('', said))
    return Point(step if isinstance(step, int) and step >= 0 else None, values) if values else None


def _numbers(prefix: str, said: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    for key, value in said.items():
        if isinstance(value, dict):
            yield from _numbers(f'{prefix}{key}.', value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield f'{prefix}{key}', value
