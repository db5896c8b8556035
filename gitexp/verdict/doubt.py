"""For what a gain is held back until somebody confirms it."""
from __future__ import annotations

from collections.abc import Collection

JUMP = 'jump'  # one step beyond all that was gained before
RETRIED = 'retried'  # a seed that ended badly until it gave a value, values of a tree that are retired, or several of one seed
SEEDLESS = 'seedless'  # seeds that all give one value, or nearly


def of(flags: Collection[str]) -> str | None:
    """The flag that holds a gain back, None where none does."""
    return next((flag for flag in (JUMP, RETRIED, SEEDLESS) if flag in flags), None)
