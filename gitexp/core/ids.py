"""Names of runs: they sort by time and are unique across machines."""
from __future__ import annotations

import os

_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
LENGTH = 16


def make(milliseconds: int) -> str:
    """16 characters of Crockford's base 32: 50 bits of Unix time in ms, 30 of chance."""
    return _name(milliseconds, os.urandom(4))


def of(milliseconds: int, digest: bytes) -> str:
    """A name that is always the same for one digest of 16 bytes; those without a time, 0, come before all that have one."""
    if not milliseconds:
        return f'00{digest.hex()[:LENGTH - 2]}'
    return _name(milliseconds, digest[:4])


def milliseconds(name: str) -> int | None:
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
