"""The commands of a run, one after the other, and what they did."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gitexp.checkout import fixed
from gitexp.checkout.sentry import Sentry
from gitexp.core.tuples import NamedTuple
from gitexp.measure.metric import Reading
from gitexp.measure.planted import Planted
from gitexp.measure.prepare import Prepared
from gitexp.run.ending import Ended

if TYPE_CHECKING:
    from gitexp.measure.data import Watch

_SHOWN = 10


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
        paused=(before.paused if before else 0) + last.last.paused,
    )


def offence(ready: Prepared, sentry: Sentry, planted: Planted, watch: Watch | None, *, trained: bool) -> str | None:
    """What a command has done that it may not, in words; `trained`: the evaluation comes next."""
    changed = [one.path for one in fixed.changed(ready.folder, ready.fixed)]
    if changed:
        return f'it changed {", ".join(changed[:_SHOWN])}'
    touched = sentry.touched()
    links = [path for path in touched if path in ready.inputs]
    if links:
        return f'it replaced the input {", ".join(links[:_SHOWN])}'
    if touched:
        return f'it wrote to or moved {", ".join(touched[:_SHOWN])}, and put back what was there'
    found = watch.changed() if watch else []
    if found:
        return f'the inputs changed while it ran: {", ".join(found[:_SHOWN])}'
    left = planted.found(more=trained)
    return f'{"training" if trained else "it"} left {left[0].path}: {left[0].message}' if left else None
