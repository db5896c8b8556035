"""How hot a GPU may be, and what follows when it is hotter."""
from __future__ import annotations

from enum import Enum

EVERY = 10.0  # seconds from one look to the next
REFUSE = 85  # °C. From here on no run starts.
PAUSE = 85  # Above this a run is paused,
RESUME = 80  # until it is below this.
ABORT = 95  # Above this a run ends.
BLIND = 3  # So does one whose temperature cannot be read so many times in a row.


class Heat(Enum):
    """What a run may do now."""

    COOL = 'run'
    HOT = 'wait'
    CRITICAL = 'end'
    UNKNOWN = 'end, since nobody knows'


class Course:
    """What readings mean, one after the other."""

    def __init__(self) -> None:
        self.heat = Heat.COOL
        self._blind = 0

    def next(self, celsius: int | None, *, failed: bool = False, lost: bool = False) -> Heat:
        """Take the next reading: the hottest that is known, whether any has failed, and whether that is for good."""
        if celsius is not None:
            self.heat = _judged(celsius, self.heat)
        self._blind = self._blind + 1 if failed or lost else 0
        if self.heat is not Heat.CRITICAL and (lost or self._blind >= BLIND):
            self.heat = Heat.UNKNOWN
        return self.heat


def may_start(celsius: int) -> bool:
    """Whether a run may start at this temperature."""
    return celsius < REFUSE


def _judged(celsius: int, before: Heat) -> Heat:
    """Between the bounds all stays as it is."""
    if celsius > ABORT:
        return Heat.CRITICAL
    if celsius > PAUSE:
        return Heat.HOT
    return Heat.COOL if celsius < RESUME else before
