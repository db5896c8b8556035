"""The commands of a run, one after the other, and what they did."""
from __future__ import annotations

from pathlib import Path

from gitexp.core.tuples import NamedTuple
from gitexp.measure.metric import Reading
from gitexp.run.ending import Ended, Ending


class Executed(NamedTuple):
    """The commands of a run that were started, in their order: how the last one ended, and where its log is.

    `offence` is what the run did that makes it no result, None for nothing.
    """

    last: Ended
    log: Path
    seconds: float
    memory_gb: float | None
    reading: Reading | None
    offence: str | None
    paused: float = 0.0


def added(before: Executed | None, last: Executed) -> Executed:
    """Two commands as one: their seconds together, and the larger memory."""
    memory = [one.memory_gb for one in (before, last) if one and one.memory_gb is not None]
    return last._replace(
        seconds=(before.seconds if before else 0) + last.seconds, memory_gb=max(memory, default=None),
        paused=(before.paused if before else 0) + last.paused,
    )


def none(log: Path, reason: str) -> Executed:
    """What stands for a command that could not be started."""
    return Executed(Ended(Ending.FAILED, reason, 0.0), log, 0.0, None, None, None)
