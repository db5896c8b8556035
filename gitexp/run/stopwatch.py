"""Time that does not pass while it is paused."""
from __future__ import annotations


class Stopwatch:
    """Runs from `now`; all times are in seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._started = now
        self._paused = 0.0
        self._since: float | None = None

    @property
    def stands(self) -> bool:
        return self._since is not None

    def stop(self, now: float) -> None:
        """Begin a pause, if there is none."""
        if self._since is None:
            self._since = now

    def go(self, now: float) -> None:
        """End the pause, if there is one."""
        self._paused = self.paused(now)
        self._since = None

    def paused(self, now: float) -> float:
        """How long it has been paused, all pauses together."""
        return self._paused + (now - self._since if self._since is not None else 0.0)

    def read(self, now: float) -> float:
        """How long it has run."""
        return now - self._started - self.paused(now)

    def reaches(self, seconds: float) -> float | None:
        """When it will read so much, None while it stands."""
        return None if self.stands else self._started + self._paused + seconds
