"""The metric, from what the evaluation printed."""
from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

STDOUT = 1
LONGEST = 1 << 16  # bytes of a line that is looked at
MANY = 50  # other numbers that are kept
_DIFFERENT = 5  # values of the metric that are kept, to be shown
_SHOWN = 120
_NUMBER = re.compile(r'[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)', re.ASCII | re.IGNORECASE)
_LINE = re.compile(r'([A-Za-z_][\w./@-]*)\s*[:=](.*)', re.ASCII)
_COLOUR = re.compile(r'\x1b\[[0-9;]*m')


class Reading(NamedTuple):
    """`value` is None when there is no telling it, and `why` says why; `others` are further numbers that were printed."""

    value: float | None
    why: str | None
    others: dict[str, float]


class Reader:
    """Reads output as it streams by, in bounded memory.

    The metric is the number of a line 'name: number' or 'name=number', on stdout or stderr, or of the key `name` in a JSON
    object on the last line of stdout. The same number twice is one number; two different ones are ambiguous.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._streams: dict[int, _Stream] = {}

    def hear(self, stream: int, data: bytes) -> None:
        """Take the next bytes of a stream."""
        if stream not in self._streams:
            self._streams[stream] = _Stream(self.name)
        self._streams[stream].add(data)

    def reading(self) -> Reading:
        """What was printed, now that all of it is."""
        for stream in self._streams.values():
            stream.end()
        printed = self._streams.get(STDOUT)
        last = printed.last() if printed else []
        metric = [value for key, value in last if key == self.name]
        numbers = [number for stream in self._streams.values() for number in stream.values]
        numbers += [number for value in metric if (number := _of_json(value)) is not None]
        value, why = self._decide(numbers, str(metric[-1]) if metric else None)
        return Reading(value, why, self._others(printed, last))

    def _decide(self, numbers: list[float], text: str | None) -> tuple[float | None, str | None]:
        different = list({str(number): number for number in numbers}.values())
        if len(different) > 1:
            shown = ', '.join(map(str, different[:_DIFFERENT]))
            return None, f"the evaluation printed '{self.name}' with different values: {shown}"
        if not different:
            return None, self._nothing(text)
        if not math.isfinite(different[0]):
            return None, f"the evaluation printed '{self.name}: {different[0]}', which is not a finite number"
        return different[0], None

    def _nothing(self, text: str | None) -> str:
        text = next((stream.text for stream in self._streams.values() if stream.text is not None), text)
        if text is not None:
            return f"the evaluation printed '{self.name}: {_shown(text)}', which is text and not a number"
        near = next((stream.near for stream in self._streams.values() if stream.near), None)
        seen = f"; the nearest line is '{_shown(near)}'" if near else ''
        return f"the evaluation printed no line '{self.name}: NUMBER' and no JSON object with '{self.name}' on its last line{seen}"

    def _others(self, printed: _Stream | None, last: list[tuple[str, Any]]) -> dict[str, float]:
        found = dict(printed.lines()) if printed else {}
        found.update({key: number for key, value in last if (number := _of_json(value)) is not None})
        kept = [(key[:_SHOWN], number) for key, number in found.items() if key != self.name and math.isfinite(number)]
        return dict(kept[-MANY:])


class _Stream:
    """One stream, cut into lines; a carriage return ends a line too."""

    def __init__(self, name: str) -> None:
        self.values: list[float] = []
        self.text: str | None = None
        self.near: str | None = None
        self._name = name
        self._sought = name.encode()
        self._open = b''  # a line that has not ended
        self._tail = b''

    def add(self, data: bytes) -> None:
        self._tail = data[-LONGEST:] if len(data) >= LONGEST else (self._tail + data)[-LONGEST:]
        text = self._open + data
        end = max(text.rfind(b'\n'), text.rfind(b'\r')) + 1
        self._open = text[end:][:LONGEST + 1]
        if text.find(self._sought, 0, end) >= 0:
            self._look(text[:end])

    def end(self) -> None:
        self._look(self._open)
        self._open = b''

    def last(self) -> list[tuple[str, Any]]:
        """The JSON object on the last line that is not empty, as pairs, since a key may stand there twice."""
        line = _lines(self._tail.rstrip())[-1]
        try:
            said = json.loads(line, object_pairs_hook=_Pairs) if line.lstrip().startswith(b'{') else None
        except (ValueError, RecursionError):
            return []
        return said if isinstance(said, _Pairs) else []

    def lines(self) -> Iterator[tuple[str, float]]:
        """The lines 'name: number' at the end of the output; what is cut off in front is not one."""
        whole = _lines(self._tail)[1 if len(self._tail) == LONGEST else 0:]
        for line in whole:
            said = _said(line) if len(line) <= _SHOWN * 2 else None
            number = _number(said[1]) if said else None
            if said and number is not None:
                yield said[0], number

    def _look(self, text: bytes) -> None:
        for line in _lines(text):
            if self._sought in line and len(line) <= LONGEST:
                self._consider(line)

    def _consider(self, line: bytes) -> None:
        said = _said(line)
        if not said or said[0] != self._name:
            self.near = self.near or _text(line)
            return
        number = _number(said[1])
        if number is None:
            self.text = said[1]
        elif len(self.values) < _DIFFERENT and str(number) not in map(str, self.values):
            self.values.append(number)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written."""


def _said(line: bytes) -> tuple[str, str] | None:
    """The name and the value of a line."""
    found = _LINE.fullmatch(_text(line))
    return (found[1], found[2].strip()) if found else None


def _lines(data: bytes) -> list[bytes]:
    return data.replace(b'\r', b'\n').split(b'\n')


def _text(line: bytes) -> str:
    return _COLOUR.sub('', line.decode('utf-8', 'replace')).strip()


def _shown(text: str) -> str:
    """Short, and with nothing in it that a terminal would obey."""
    short = text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…'
    return ''.join(one if one.isprintable() else '?' for one in short)


def _number(text: str) -> float | None:
    return float(text) + 0.0 if _NUMBER.fullmatch(text) else None


def _of_json(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) + 0.0
    except OverflowError:
        return math.inf if value > 0 else -math.inf
