"""Whether a run is tracked, as the lab has it; what does that is imported where it is wanted, so that the rest costs nothing."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result
from gitexp.measure.subject import Subject


class Tracker(Protocol):
    """What a run tells: that it starts, then how it ended. `environment` is for its commands, which train or eval."""

    def start(self) -> None: ...

    def environment(self, *, did: str) -> dict[str, str]: ...

    def end(self, result: Result) -> Result: ...

    def tell(self, say: Callable[[str], None]) -> None: ...


class Untracked:
    """Does nothing with it."""

    def start(self) -> None:
        pass

    def environment(self, *, did: str) -> dict[str, str]:
        return {}

    def end(self, result: Result) -> Result:
        return result

    def tell(self, say: Callable[[str], None]) -> None:
        pass


def of(lab: Lab, what: Subject, begun: Result, *, out: Path, kind: str = '') -> Tracker:
    """The tracker of a run that is about to begin; raises Refused when it cannot be tracked as the lab wants."""
    if lab.config.tracking is None:
        return Untracked()
    from gitexp.tracking import tracker
    return tracker.of(lab, begun, folder=what.folder, out=out, below=what.worktree, kind=kind)
