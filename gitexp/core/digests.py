"""Hashes: of little by what Python itself brings, since OpenSSL takes 3 ms to load, and of much by that, which is ten times as fast."""
from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

_LITTLE = 1 << 18  # bytes


def sha256(data: bytes) -> str:
    """The hash of some bytes, in hexadecimal."""
    made = begun('sha256', len(data))
    made.update(data)
    return str(made.hexdigest())


def begun(name: str, size: int) -> Any:
    """A hash, of 'sha1' or 'sha256', that is to be fed with about so many bytes."""
    if size <= _LITTLE and (own := _own(name)):
        return own(usedforsecurity=False)
    import hashlib
    return hashlib.new(name, usedforsecurity=False)


@cache
def _own(name: str) -> Callable[..., Any] | None:
    """What Python brings, None where it was built without."""
    module = '_sha1' if name == 'sha1' else '_sha2' if sys.version_info >= (3, 12) else '_sha256'
    try:
        return getattr(import_module(module), name, None)
    except ImportError:
        return None
