"""The flags of a verdict for a person: what they mean, and of which of the two trees."""
from __future__ import annotations

from gitexp.report import figures
from gitexp.verdict import flags


def told(flag: str, *, sd: float | None, other: float | None) -> str:
    """A flag, with how much the seeds of a tree and those of what it is held against scatter, where it is about that."""
    scatter = f': sd {_shown(sd)} of its own seeds, {_shown(other)} of those of the other'
    return flags.told(flag) + (scatter if flag == flags.UNSTABLE else '')


def _shown(sd: float | None) -> str:
    return figures.spread(sd) or 'unknown'
