"""What this process may use, see setrlimit(2): any program of the same user can take it away by prlimit(2), also one that is held."""
from __future__ import annotations

import resource
from contextlib import suppress

_ALL = {number: name for name, number in sorted(vars(resource).items(), reverse=True) if name.startswith('RLIMIT_')}


class Limits:
    """Those that we have when this is made; `taken` are the names of those that were lowered since. To raise one harms nobody."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self._wanted = {number: resource.getrlimit(number) for number in _ALL}

    def restore(self) -> bool:
        """Put back what was lowered, as far as we may; returns whether anything was."""
        lowered = [number for number, wanted in self._wanted.items() if _is_less(resource.getrlimit(number), wanted)]
        for number in lowered:
            self._wanted[number] = _put_back(number, self._wanted[number])
            self.taken.add(_ALL[number])
        return bool(lowered)


def _put_back(number: int, wanted: tuple[int, int]) -> tuple[int, int]:
    """What can be had of it."""
    with suppress(ValueError, OSError):
        resource.setrlimit(number, wanted)
        return wanted
    with suppress(ValueError, OSError):  # Only root raises a hard one.
        hard = resource.getrlimit(number)[1]
        resource.setrlimit(number, (min(wanted[0], hard, key=_size), hard))
    return resource.getrlimit(number)


def _is_less(now: tuple[int, int], wanted: tuple[int, int]) -> bool:
    return now != wanted and any(map(lambda one, other: _size(one) < _size(other), now, wanted))


def _size(limit: int) -> float:
    return float('inf') if limit == resource.RLIM_INFINITY else limit
