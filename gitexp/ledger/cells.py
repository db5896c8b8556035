"""One result as the text cells of a row, and back."""
from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gitexp.core.escapes import escape, unescape
from gitexp.core.lines import LONGEST
from gitexp.ledger.result import ABOUT, Kind, Result, Status

VALUE = 'value'
NAMES = (
    'id', 'time', 'experiment', 'version', 'commit', VALUE, 'status', 'verdict', 'seed', 'kind', 'seconds', 'memory_gb',
    'description', 'tree', 'eval_id', 'metrics', 'params', 'env',
)
PLACES = {name: place for place, name in enumerate(NAMES)}
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(',', ':'), ensure_ascii=False, default=str)
_SEED = re.compile('-?[0-9]{1,40}')
_STATUS = {status.value: status for status in Status}
_KIND = {kind.value: kind for kind in Kind}


class BadCell(ValueError):
    """What makes a row unusable."""


def written(result: Result) -> bytes:
    """The line of a result, its cells in the order of NAMES, without its end; raises ValueError for what could not be read back."""
    line = '\t'.join((
        escape(result.id), escape(result.time), escape(result.experiment), escape(result.version), escape(result.commit),
        _digits(result.value), result.status.value, escape(result.verdict), _digits(result.seed), result.kind.value,
        _digits(result.seconds), _digits(result.memory_gb), escape(result.description), escape(result.tree), escape(result.eval_id),
        _document(result.metrics), _document(result.params), _document(result.env),
    )).encode()
    parsed(named(line))
    if len(line) > LONGEST // 2:  # Half of it is for the columns of others.
        raise ValueError(f"the row of '{result.id}' is longer than {LONGEST >> 21} MiB")
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
    if '\\' in text or not text.isprintable():
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
    return said if isinstance(said, dict) else None


def _check_about(row: Result) -> None:
    covers, restores = row.params.get('covers'), row.params.get('restores')
    if row.kind is Kind.SUPERSEDE and not (isinstance(covers, (list, tuple)) and all(isinstance(one, str) for one in covers)):
        raise BadCell("params does not say which rows it 'covers'")
    if row.kind is Kind.RESTORE and not isinstance(restores, str):
        raise BadCell("params does not say which supersede row it 'restores'")
    if row.kind is Kind.CONFIRM and not isinstance(row.params.get('confirms'), str):
        raise BadCell("params does not say which tree it 'confirms'")


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
