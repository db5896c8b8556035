"""Where a command of a run is started, and what it may not do there."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitexp.checkout import fixed
from gitexp.checkout.sentry import Sentry
from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Lab
from gitexp.measure.planted import Planted
from gitexp.measure.prepare import Prepared

if TYPE_CHECKING:
    from gitexp.measure.data import Watch

_SHOWN = 10


class Stage(NamedTuple):
    """What is looked at after a command; in a sealed lab nobody asks what has been `planted`, since nothing of it is loaded."""

    ready: Prepared
    sentry: Sentry
    planted: Planted | None
    watch: Watch | None

    def offence(self, *, trained: bool) -> str | None:
        """What a command has done that it may not, in words; `trained`: the evaluation comes next."""
        changed = [one.path for one in fixed.changed(self.ready.folder, self.ready.fixed)]
        if changed:
            return f'it changed {", ".join(changed[:_SHOWN])}'
        touched = self.sentry.touched()
        links = [path for path in touched if path in self.ready.inputs]
        if links:
            return f'it replaced the input {", ".join(links[:_SHOWN])}'
        if touched:
            return f'it wrote to or moved {", ".join(touched[:_SHOWN])}, and put back what was there'
        found = self.watch.changed() if self.watch else []
        if found:
            return f'the inputs changed while it ran: {", ".join(found[:_SHOWN])}'
        left = self.planted.found(more=trained) if self.planted else []
        return f'{"training" if trained else "it"} left {left[0].path}: {left[0].message}' if left else None


@contextmanager
def of(lab: Lab, ready: Prepared, watch: Watch | None) -> Iterator[Stage]:
    """The checkout, as it is now."""
    planted = None if lab.config.sealed else Planted(ready.folder, ready.fixed, lab)
    with Sentry(ready.folder, ready.watched) as sentry:
        yield Stage(ready, sentry, planted, watch)


@contextmanager
def sealed(lab: Lab, before: Stage, paths: Iterable[str]) -> Iterator[Stage]:
    """A folder with some of the fixed files and the inputs of the lab alone; raises Refused and Integrity as `laid`."""
    from gitexp.checkout.sealed import laid
    ready, files = before.ready, {path: before.ready.fixed[path] for path in paths}
    inputs = {name: source for name, source in ready.inputs.items() if name not in ready.own_inputs}
    with laid(ready.folder, files, inputs) as (folder, still), \
            of(lab, ready._replace(folder=folder, fixed=still, inputs=inputs, own_inputs=()), before.watch) as found:
        yield found
