"""One result as the text cells of a row, and back."""
from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from sys import float_info
from typing import Any

from gitexp.core.escapes import escape, unescape
from gitexp.core.lines import LONGEST, columns
from gitexp.ledger.result import ABOUT, Kind, Result, Status

VALUE = 'value'
NAMES = columns(VALUE)
PLACES = {name: place for place, name in enumerate(NAMES)}
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(',', ':'), ensure_ascii=False, default=str)
_SEED = re.compile('-?[0-9]{1,40}')
_DEEPEST = 100
_STATUS = {status.value: status for status in Status}
_KIND = {kind.value: kind for kind in Kind}


class BadCell(ValueError):
    """What makes a row unusable."""


def written(result: Result) -> bytes:
    """The line of a result, its cells in the order of NAMES, without its end; raises BadCell for what could not be read back."""
    line = '\t'.join((
        escape(result.id), escape(result.time), escape(result.experiment), escape(result.version), escape(result.commit),
        _digits(result.value), result.status.value, escape(result.verdict), _digits(result.seed), result.kind.value,
        _digits(result.seconds), _digits(result.memory_gb), escape(result.description), escape(result.tree), escape(result.eval_id),
        _document(result.metrics), _document(result.params), _document(result.env),
    )).encode()
    parsed(named(line))
    if len(line) > LONGEST // 2:  # Half of it is for the columns of others.
        raise BadCell(f"the row of '{_short(result.id)}' is longer than {LONGEST >> 21} MiB")
    return line


def named(line: bytes) -> dict[str, str]:
    """The cells of such a line by column, the metric as 'value'."""
    return dict(zip(NAMES, line.decode().split('\t')))


def parsed(cells: Mapping[str, str]) -> Result:
    """The result that cells say, what is missing is None; raises BadCell for any cell that says nothing."""
    said = cells.get
    kind, status = _KIND.get(said('kind', '')), _STATUS.get(said('status', ''))
    if kind is None or status is None:
        raise BadCell(_unknown('kind', said('kind', ''), _KIND) if kind is None else _unknown('status', said('status', ''), _STATUS))
    found = Result(
        _name('id', said('id')) or _refuse('no id'), unescape(said('time', '')), unescape(said('experiment', '')), kind, status,
        unescape(said('version', '')) or 'v1', _name('commit', said('commit')), _number('the metric', said(VALUE)),
        unescape(said('verdict', '')) or None, _seed(said('seed')),
        _number('seconds', said('seconds')), _number('memory_gb', said('memory_gb')), unescape(said('description', '')),
        _name('tree', said('tree')), _name('eval_id', said('eval_id')),
        _object('metrics', said('metrics')), _object('params', said('params')), _object('env', said('env')),
    )
    if kind in ABOUT:
        _check_about(found)
    return found


def _digits(said: float | None) -> str:
    return '' if said is None else repr(said)


def _document(said: Mapping[str, Any]) -> str:
    return escape(_ENCODER.encode(dict(said))) if said else '{}'


def _name(column: str, text: str | None) -> str | None:
    """Names are compared as they stand, so they need no escapes."""
    if not text:
        return None
    if not text.isprintable() or escape(text) != text:
        raise BadCell(f"{column} '{_short(text)}' is not a name")
    return text


def _number(column: str, text: str | None) -> float | None:
    if not text:
        return None
    try:
        said = float(text)
    except ValueError:
        said = math.nan
    if not math.isfinite(said) or '_' in text or not text.isascii():
        raise BadCell(f"{column} '{_short(text)}' is not a finite number")
    return said


def _seed(text: str | None) -> int | None:
    if not text:
        return None
    if not _SEED.fullmatch(text):
        raise BadCell(f"seed '{_short(text)}' is not a whole number")
    return int(text)


def _object(column: str, text: str | None) -> Mapping[str, Any]:
    """Rows share what they say alike, such as the machine."""
    if not text or text == '{}':
        return {}
    said = document(text)
    if said is None:
        raise BadCell(f"{column} '{_short(text)}' is not a JSON object")
    return said


@lru_cache(1024)
def document(text: str) -> dict[str, Any] | None:
    """What a cell with a JSON object says, None for anything else; nobody changes it."""
    try:
        said = json.loads(unescape(text))
    except (ValueError, RecursionError):
        return None
    is_flat = text.count('{') + text.count('[') <= _DEEPEST
    return said if isinstance(said, dict) and (is_flat or not _is_deep(said)) else None


def _is_deep(said: object) -> bool:
    """Whether it is nested so that the next reader, further down in its calls, may not come to the end of it."""
    level = [said]
    for _ in range(_DEEPEST):
        level = [inner for one in level if isinstance(one, (dict, list)) for inner in (one.values() if isinstance(one, dict) else one)]
    return bool(level)


def _check_about(row: Result) -> None:
    needed, told = _NEEDED[row.kind]
    for name, is_right in _SAID[row.kind].items():
        said = row.params.get(name)
        if name == needed and not is_right(said):
            raise BadCell(f"params does not say which {told} it '{name}'")
        if said is not None and not is_right(said):
            raise BadCell(f"params says '{name}' in no way that is known")


def _is_text(said: object) -> bool:
    return isinstance(said, str)


def _are_texts(said: object) -> bool:
    return isinstance(said, (list, tuple)) and all(map(_is_text, said))


def _is_number(said: object) -> bool:
    return isinstance(said, (int, float)) and abs(said) <= float_info.max


def _is_selection(said: object) -> bool:
    """As `Selection` says it: ids of runs, and dates and commits, which are told to git."""
    return isinstance(said, dict) and all(
        _are_texts(one) if name == 'runs' else isinstance(one, str) and one.isprintable() for name, one in said.items()
    )


_NEEDED = {
    Kind.SUPERSEDE: ('covers', 'rows'), Kind.RESTORE: ('restores', 'supersede row'), Kind.CONFIRM: ('confirms', 'tree'),
}
_SAID: dict[Kind, dict[str, Callable[[object], bool]]] = {
    Kind.SUPERSEDE: {'covers': _are_texts, 'bug': _is_text, 'closes': _are_texts, 'selected': _is_selection},
    Kind.RESTORE: {'restores': _is_text, 'also': _are_texts, 'bug': _is_text},
    Kind.CONFIRM: {'confirms': _is_text, 'because': _is_text, 'by': _is_text, 'seeds': _is_number, 'mean': _is_number},
}


def _unknown(column: str, text: str, known: Mapping[str, object]) -> str:
    return f"{column} '{_short(text)}' is none of {', '.join(known)}"


def _refuse(message: str) -> str:
    raise BadCell(message)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f'{text[:40]}…'


def raw(text: str) -> bytes:
    """The bytes of a cell, whatever is in it."""
    return text.encode('utf-8', 'surrogatepass')


def text(raw: bytes) -> str:
    """The other way round."""
    return raw.decode('utf-8', 'surrogatepass')
