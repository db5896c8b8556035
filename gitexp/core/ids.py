"""Names of runs: they sort by time and are unique across machines."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
_UNDATED = '00'
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
LENGTH = 16
SKEW = 5 * 60 * 1000  # ms by which the clocks of two machines may differ without harm


def make(milliseconds: int) -> str:
    """16 characters of Crockford's base 32: 50 bits of Unix time in ms, 30 of chance."""
    return _name(milliseconds, os.urandom(4))


def clock(now: datetime) -> int:
    """The Unix time in ms, by which names are made."""
    return int(now.timestamp() * 1000)


def after(seen: str, milliseconds: int, *, skew: float = SKEW) -> str | None:
    """A new name that sorts after one that was seen, None where that is further ahead of the clock than `skew`, or there is none."""
    name, made = make(milliseconds), time_of(seen)
    if name <= seen and made is not None and made <= milliseconds + skew:
        name = make(made + 1)
    return name if name > seen else None


def of(milliseconds: int, digest: bytes) -> str:
    """A name that is always the same for one digest of 16 bytes; that of what has no time, 0, tells nothing of it."""
    if not milliseconds:
        return f'{_UNDATED}{digest.hex()[:LENGTH - len(_UNDATED)]}'
    return _name(milliseconds, digest[:4])


def time_of(name: str) -> int | None:
    """The Unix time of a name that `make` could have made, None for any other."""
    if len(name) != LENGTH or not set(name) <= set(_ALPHABET):
        return None
    number = 0
    for letter in name[:10]:
        number = number << 5 | _ALPHABET.index(letter)
    return number


def _name(when: int, chance: bytes) -> str:
    two, rest = _PAIRS, int.from_bytes(chance, 'big')
    return (
        f'{two[when >> 40 & 1023]}{two[when >> 30 & 1023]}{two[when >> 20 & 1023]}{two[when >> 10 & 1023]}{two[when & 1023]}'
        f'{two[rest >> 20 & 1023]}{two[rest >> 10 & 1023]}{two[rest & 1023]}'
    )
