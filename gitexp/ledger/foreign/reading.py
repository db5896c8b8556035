"""What a cell of somebody else's log says for a column of the ledger; None when it is nothing of that kind."""
from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache

from gitexp.core import escapes
from gitexp.ledger.foreign import columns

HASH = re.compile('[0-9a-f]{6,40}|[0-9a-f]{64}', re.IGNORECASE)


def text(said: object) -> str:
    """A cell as text, JSON for what is none."""
    return said.strip() if isinstance(said, str) else json.dumps(said)


def _description(cell: object, _name: str, _commas: bool) -> str | None:
    return escapes.escape(text(cell))


def _commit(cell: object, _name: str, _commas: bool) -> str | None:
    said = text(cell)
    return said.lower() if HASH.fullmatch(said) else None


def _seed(cell: object, _name: str, _commas: bool) -> str | None:
    said = text(cell)
    return said if re.fullmatch('[0-9]{1,18}', said) else None


@lru_cache(4096, typed=True)  # True is no 1
def _amount(cell: str | float, name: str, commas: bool) -> str | None:
    amount = columns.amount(cell, name, commas=commas)
    return None if amount is None else repr(amount) if amount else ''  # A run takes time and memory: 0 is nothing measured.


def _measured(cell: object, name: str, commas: bool) -> str | None:
    return _amount(cell, name, commas) if isinstance(cell, (str, int, float)) else None


Reader = Callable[[object, str, bool], 'str | None']
READERS: dict[str, Reader] = {
    'description': _description, 'commit': _commit, 'seed': _seed, 'seconds': _measured, 'memory_gb': _measured, 'time': lambda *_: None,
}
