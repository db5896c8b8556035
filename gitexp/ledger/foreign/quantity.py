"""Numbers and times as people write them; what is not plainly one is None."""
from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache
from math import isfinite

from gitexp.core.tuples import NamedTuple

_NOTHING = frozenset({'', '-', '--', '---', '–', '—', '?', 'n/a', 'na', 'none', 'null', 'nan', 'inf', '+inf', '-inf', 'tbd'})
SECONDS = {'s': 1.0, 'sec': 1.0, 'secs': 1.0, 'seconds': 1.0, 'ms': 1e-3, 'us': 1e-6, 'µs': 1e-6, 'm': 60.0, 'min': 60.0, 'h': 3600.0}
GIGABYTES = {'gb': 1.0, 'gib': 1.0, 'mb': 1 / 1024, 'mib': 1 / 1024}  # 1024 for all, as those who write GB here divide by it.
_THOUSANDS = re.compile(r'[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?')
_COMMA = re.compile(r'[+-]?[0-9]+,[0-9]+')
_UNIT = re.compile(r'(.*[0-9.]) ?([a-zA-Zµμ%/]{1,9})')
_MOMENT = re.compile(
    r'([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[T ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]+))?)?\s?(Z|[+-][0-9]{2}:?[0-9]{2})?)?'
)
_TWO = [f'{number:02}' for number in range(60)]
_EPOCHS = {10: 1e3, 13: 1.0, 16: 1e-3, 19: 1e-6}  # digits of a Unix time: how many ms one is


class Quantity(NamedTuple):
    """A finite number and the unit that it was written with."""

    number: float
    unit: str = ''


class Moment(NamedTuple):
    """A time as ISO 8601, in UTC where its zone is known, else as it was written; `order` is in ms."""

    text: str
    order: int


def of(said: object, *, commas: bool = True) -> Quantity | None:
    """The number in '0.9979', '9.3s', '44.0 GB', '27 %' or, with `commas`, '1,061'."""
    if isinstance(said, str):
        return _written(said, commas)
    return Quantity(said) if (type(said) is float or type(said) is int) and _fits(said) else None


def is_nothing(said: object) -> bool:
    """Whether a cell only says that there is nothing to say."""
    return said is None or type(said) is str and len(said) < 5 and said.lower() in _NOTHING


def has_decimal_comma(said: object) -> bool:
    """Whether a cell can only be a number with a decimal comma, so that '1,061' in another may be one too."""
    return isinstance(said, str) and ',' in said and bool(_COMMA.fullmatch(said)) and not _THOUSANDS.fullmatch(said)


def moment(said: object) -> Moment | None:
    """The time in an ISO 8601 date and time, or in a Unix time in s, ms, µs or ns."""
    try:
        if type(said) is int and 10 ** 12 <= said < 10 ** 13:  # as most JSON lines have it
            return _since_1970(said)
        text = str(said).strip()
        whole = text.partition('.')[0]
        unit = _EPOCHS.get(len(whole))
        if unit and whole.isdecimal() and whole.isascii():
            if unit >= 1 and text == whole:
                return _since_1970(int(whole) * int(unit))
            return _at(datetime.fromtimestamp(float(text) * unit / 1e3, timezone.utc))
        found = _MOMENT.fullmatch(text)
        return _at(_parsed(found)) if found else None
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(4096)
def _written(text: str, commas: bool) -> Quantity | None:
    try:
        number = float(text)
    except ValueError:
        if _THOUSANDS.fullmatch(text):
            return Quantity(float(text.replace(',', ''))) if commas else None
        found = _UNIT.fullmatch(text)
        bare = _written(found[1], commas) if found else None
        return Quantity(bare.number, found[2]) if found and bare and not bare.unit else None
    if not isfinite(number) or '_' in text or not text.isascii():
        return None
    return Quantity(int(text) if text.isdecimal() and len(text) < 16 else number)


def _fits(number: float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:
        return False


def _parsed(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micro = int(f'{fraction or 0:0<6}'[:6])
    made = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro)
    if zone is None:
        return made
    return datetime.fromisoformat(f'{made.isoformat()}{"+00:00" if zone == "Z" else zone[:3] + ":" + zone[-2:]}').astimezone(timezone.utc)


def _since_1970(milliseconds: int) -> Moment:
    """As `_at` has it, in less time: JSON lines have one in each."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    two = _TWO
    return Moment(f'{_day(days)}T{two[hours]}:{two[minutes]}:{two[seconds]}+00:00', int(milliseconds / 1e3 * 1000))


@lru_cache(4096)
def _day(number: int) -> str:
    return _at(datetime.fromtimestamp(number * 86400, timezone.utc)).text[:10]


def _at(when: datetime) -> Moment:
    if not 2000 <= when.year < 2200:
        raise ValueError
    zoned = when if when.tzinfo else when.replace(tzinfo=timezone.utc)  # to put it in order; the text stays without a zone
    return Moment(when.isoformat('T', 'seconds'), int(zoned.timestamp() * 1000))
