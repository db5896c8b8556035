"""The metric, from what the evaluation printed."""
from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from gitexp.core.tuples import NamedTuple

STDOUT = 1
LONGEST = 1 << 20  # bytes of a line that is looked at
MANY = 50  # other numbers that are kept
_DIFFERENT = 5  # values of the metric that are kept, to be shown
_ALIKE = 0.8  # so that 'train_loss' is not taken for 'val_loss'
_NAMED = 10  # other names that are shown
_LIMIT = f'{LONGEST >> 20} MiB'
_OVERLAP = 256  # bytes of a longer line that are looked at twice, so that no name is cut in two
_TAIL = 1 << 16  # bytes at the end in which other numbers are looked for
_SHOWN = 120
_DIGITS, _WORDS = r'(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?', r'(?i:nan|inf|infinity)'
_NUMBER = re.compile(rf'[+-]?(?:{_DIGITS}|{_WORDS})', re.ASCII)
_LINE = re.compile(r'([A-Za-z_][\w./@-]*)\s*[:=](.*)', re.ASCII)
_COLOUR = re.compile(r'\x1b\[[0-9;]*m')
_BEHIND = r'"?\s*[:=]'  # the name, within a line
_WITHIN = rf'(?={_BEHIND}\s*([+-]?(?:{_DIGITS}|{_WORDS}\b)))'  # Looked ahead to: a number may swallow what the next name begins with.
_WAY = 'print it once, on a line of its own, and end the line before it; what is no result goes to stderr, or by another name'
_REDIRECT = 'and only stdout is read for it: redirect it in the command, as in eval: python3 eval.py 2>&1'


class Reading(NamedTuple):
    """`value` is None when there is no telling it, and `why` says why; `others` are further numbers that were printed."""

    value: float | None
    why: str | None
    others: dict[str, float]


class Reader:
    """Reads output as it streams by, in bounded memory.

    The metric is the number of a line 'name: number' or 'name=number', or of the key `name` in a JSON object on the last line, of
    stdout. The same number twice is one number; two different ones are ambiguous, as are a number and a text. So is another number
    behind the name within a line: it may have begun with what somebody else printed there and did not end. Whole objects on other
    lines are progress. Other streams say nothing, but that it may have been meant for stdout.
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
        printed = self._streams.get(STDOUT) or _Stream(self.name)
        last = printed.last()
        value, why = self._decide(printed, last)
        if value is None and not printed.says(last):
            beside = (self._decide(stream, stream.last())[0] for stream in self._streams.values())
            meant = next((number for number in beside if number is not None), None)
            why = why if meant is None else f"the evaluation printed '{self.name}: {meant}' on stderr, {_REDIRECT}"
        return Reading(value, why, self._others(printed, last))

    def _decide(self, stream: _Stream, last: list[tuple[str, Any]]) -> tuple[float | None, str | None]:
        """The metric of one stream, or why there is none; `last` is the object on its last line."""
        metric = [value for key, value in last if key == self.name]
        numbers = [*stream.values, *(number for value in metric if (number := _of_json(value)) is not None)]
        odd = [str(value) for value in metric if _of_json(value) is None]
        different = list({str(number): number for number in numbers}.values())
        if len(different) > 1:
            shown = ', '.join(map(str, different[:_DIFFERENT]))
            return None, f"the evaluation printed '{self.name}' with different values: {shown}"
        unclear = self._unclear(stream, different[0]) if different else None
        if unclear:
            return None, f'{unclear}: {_WAY}'
        said = odd[-1] if odd and not stream.text else stream.text
        if different and said:  # A heading has nothing behind its colon.
            return None, f"the evaluation printed '{self.name}' with different values: {different[0]}, and '{_shown(said)}', which is text"
        if not different:
            return None, self._nothing(stream, said)
        if not math.isfinite(different[0]):
            return None, f"the evaluation printed '{self.name}: {different[0]}', which is not a finite number"
        return different[0], None

    def _unclear(self, stream: _Stream, number: float) -> str | None:
        """Where another number may be what was meant."""
        if stream.long:
            return f"the evaluation printed '{self.name}: {number}', and '{self.name}' within a line of more than {_LIMIT}"
        for other, line in stream.within.items():
            if other != str(number):
                return f"the evaluation printed '{self.name}: {number}', and {other} within the line '{_shown(line)}'"
        return None

    def _nothing(self, stream: _Stream, text: str | None) -> str:
        if text is not None:
            return f"the evaluation printed '{self.name}: {_shown(text)}', which is text and not a number"
        if stream.long:
            return f"the evaluation printed '{self.name}' within a line of more than {_LIMIT}, which is not read: {_WAY}"
        asked = f"no line '{self.name}: NUMBER' and no JSON object with '{self.name}' on its last line"
        return f'the evaluation printed {asked}{self._seen(stream)}'

    def _seen(self, stream: _Stream) -> str:
        """What it printed that may have been meant: by another name, or in other words."""
        names = list(self._others(stream, stream.last()))
        if meant := _nearest(self.name, names):
            shown = [f"'{_shown(name)}'" for name in names[-_NAMED:]]
            return f"; it printed {', '.join(shown)}: is '{_shown(meant)}' the metric?"
        near = next((one.near for one in (stream, *self._streams.values()) if one.near), None)
        return f"; the nearest line is '{_shown(near)}'" if near else ''

    def _others(self, printed: _Stream, last: list[tuple[str, Any]]) -> dict[str, float]:
        found = dict(printed.lines())
        found.update({key: number for key, value in last if (number := _of_json(value)) is not None})
        kept = [(key[:_SHOWN], number) for key, number in found.items() if key != self.name and math.isfinite(number)]
        return dict(kept[-MANY:])


class _Stream:
    """One stream, cut into lines; a carriage return ends a line too."""

    def __init__(self, name: str) -> None:
        self.values: list[float] = []
        self.text: str | None = None
        self.near: str | None = None
        self.within: dict[str, str] = {}  # other numbers by that name, with their lines
        self.long = False  # whether the name is in a line that is too long to be read
        self._name = name
        self._sought = name.encode()
        self._mention = re.escape(name) + _WITHIN  # Compiled when there is one.
        self._start = re.escape(self._sought) + _BEHIND.encode()
        self._open = bytearray()  # a line that has not ended
        self._last = b''  # the last line that is not empty
        self._tail = b''

    def add(self, data: bytes) -> None:
        self._tail = data[-_TAIL:] if len(data) >= _TAIL else (self._tail + data)[-_TAIL:]
        end = max(data.rfind(b'\n'), data.rfind(b'\r')) + 1
        if end:
            self._ended(bytes(self._open) + data[:end])
            self._open.clear()
        self._open += data[end:]
        if len(self._open) > 2 * LONGEST:  # Not at each byte more: what is cut is moved.
            self._skim(self._open)
            del self._open[LONGEST + 1:-_OVERLAP]  # Too long it stays.

    def end(self) -> None:
        self._ended(bytes(self._open))
        self._open.clear()

    def says(self, last: list[tuple[str, Any]]) -> bool:
        """Whether anything stands where the metric belongs."""
        return bool(self.values) or self.text is not None or any(key == self._name for key, _ in last)

    def last(self) -> list[tuple[str, Any]]:
        """The JSON object on the last line that is not empty, as pairs, since a key may stand there twice."""
        return (_object(self._last) if len(self._last) <= LONGEST else None) or []

    def lines(self) -> Iterator[tuple[str, float]]:
        """The lines 'name: number' at the end of the output; what is cut off in front is not one."""
        whole = _lines(self._tail)[1 if len(self._tail) == _TAIL else 0:]
        for line in whole:
            said = _said(line) if len(line) <= _SHOWN * 2 else None
            number = _number(said[1]) if said else None
            if said and number is not None:
                yield said[0], number

    def _ended(self, text: bytes) -> None:
        if said := text.rstrip():
            self._last = _lines(text[max(said.rfind(b'\n'), said.rfind(b'\r')) + 1:])[0]
        if self._sought in text:
            self._look(text)

    def _skim(self, line: bytes | bytearray) -> None:
        self.long = self.long or self._sought in line and re.search(self._start, line) is not None

    def _look(self, text: bytes) -> None:
        for line in _lines(text):
            if self._sought in line:
                (self._consider if len(line) <= LONGEST else self._skim)(line)

    def _consider(self, line: bytes) -> None:
        said = _said(line)
        if not said or said[0] != self._name:
            self.near = self.near or _text(line)
            if len(self.within) < _DIFFERENT and _object(line) is None:
                self._mentioned(line)
            return
        number = _number(said[1])
        if number is None:
            self.text = self.text or said[1]  # A heading does not take back what stood in another line.
        elif len(self.values) < _DIFFERENT and str(number) not in map(str, self.values):
            self.values.append(number)

    def _mentioned(self, line: bytes) -> None:
        """With its colours and without: what one line began with may make one of the name."""
        texts = [line.decode('utf-8', 'replace'), _text(line)]
        self.within.update({str(float(number) + 0.0): texts[1] for text in texts for number in re.findall(self._mention, text, re.ASCII)})


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written."""


def _said(line: bytes) -> tuple[str, str] | None:
    """The name and the value of a line."""
    found = _LINE.fullmatch(_text(line))
    return (found[1], found[2].strip()) if found else None


def _object(line: bytes) -> _Pairs | None:
    """What a line says that is a whole object of JSON, which nobody has begun for another."""
    try:
        said = json.loads(line, object_pairs_hook=_Pairs) if line.lstrip().startswith(b'{') else None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, _Pairs) else None


def _lines(data: bytes) -> list[bytes]:
    return data.replace(b'\r', b'\n').split(b'\n')


def _text(line: bytes) -> str:
    return _COLOUR.sub('', line.decode('utf-8', 'replace')).strip()


def _shown(text: str) -> str:
    """Short, and with nothing in it that a terminal would obey."""
    short = text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…'
    return ''.join(one if one.isprintable() else '?' for one in short)


def _nearest(name: str, names: Sequence[str]) -> str | None:
    """The name that is spelt nearly so, else one that is part of it or has it as a part."""
    import difflib  # Where nothing was found.
    near = difflib.get_close_matches(name, names, n=1, cutoff=_ALIKE)
    return next(iter([*near, *(one for one in names if one in name or name in one)]), None)


def _number(text: str) -> float | None:
    return float(text) + 0.0 if _NUMBER.fullmatch(text) else None


def _of_json(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) + 0.0
    except OverflowError:
        return math.inf if value > 0 else -math.inf
