"""Names of runs: they sort by time and are unique across machines."""
from __future__ import annotations

import os

_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
LENGTH = 16


def make(milliseconds: int) -> str:
    """16 characters of Crockford's base 32: 50 bits of Unix time in ms, 30 of chance."""
    return _digits(milliseconds, 10) + _digits(int.from_bytes(os.urandom(4), 'big'), 6)


def of(milliseconds: int, digest: bytes) -> str:
    """A name that is always the same for one digest of 16 bytes; those without a time, 0, come before all that have one."""
    if not milliseconds:
        return f'00{digest.hex()[:LENGTH - 2]}'
    return _digits(milliseconds, 10) + _digits(int.from_bytes(digest[:4], 'big'), 6)


def milliseconds(name: str) -> int | None:
    """The Unix time of a name that `make` could have made, None for any other."""
    if len(name) != LENGTH or not set(name) <= set(_ALPHABET):
        return None
    number = 0
    for letter in name[:10]:
        number = number << 5 | _ALPHABET.index(letter)
    return number


def _digits(number: int, length: int) -> str:
    return ''.join([_ALPHABET[number >> shift & 31] for shift in range(5 * length - 5, -1, -5)])
