"""What an evaluation needs of the world beside the lab: the time, and somebody to tell."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gitexp.core.tuples import NamedTuple


class Voice(NamedTuple):
    """`say` takes a line for a person; `echo`, where a run's output is to be seen, takes it as it comes and must not block."""

    clock: Callable[[], datetime]
    say: Callable[[str], None]
    echo: Callable[[bytes], None] | None = None
