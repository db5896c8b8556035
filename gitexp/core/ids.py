"""Names of runs: they sort by time and are unique across machines."""
from __future__ import annotations

import os

_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
LENGTH = 16


def make(milliseconds: int) -> str:
    """16 characters of Crockford's base 32: 50 bits of Unix time in ms, 30 of chance."""
    return _digits(milliseconds, 10) + _digits(int.from_bytes(os.urandom(4), 'big'), 6)


def _digits(number: int, length: int) -> str:
    return ''.join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
