"""Putting right what killed commands left: either all of a command has happened, or nothing."""
from __future__ import annotations

from gitexp.core.errors import Failure
from gitexp.experiment import intent
from gitexp.experiment.intent import Intent
from gitexp.lab.lab import Lab


def recover(lab: Lab) -> list[str]:
    """Finish or revert what dead commands began; one line about each, for the user.

    They are finished where things are now, so worktrees that have moved with the repository are found first. What the lab knew of
    worktrees before may be wrong after.
    """
    said: list[str] = []
    for number, left in enumerate(intent.dead(lab.state)):
        if number == 0:
            said += _found(lab)
        said.append(_settled(lab, left))
    return said


def _found(lab: Lab) -> list[str]:
    from gitexp.experiment import moved  # As below.
    try:
        return moved.repair(lab)
    except (Failure, OSError):
        return []  # git exp doctor says why.


def _settled(lab: Lab, left: Intent) -> str:
    try:
        said = _settle(lab, left)
        left.disarm()
    except (Failure, OSError) as error:
        return f"could not put right 'git exp {left.verb}' of '{left.slug}', which was killed: {error}"
    finally:
        left.close()
    return said


def _settle(lab: Lab, left: Intent) -> str:
    # Imported when something was left, which is almost never, since every command asks.
    from gitexp.experiment import close, start, steps
    assert left.said is not None
    if left.verb == 'new':
        return start.settle(lab, left.slug, left.said)
    if left.verb == 'close':
        return close.settle(lab, left.slug, left.said)
    return steps.settle(lab, left.slug, left.said)
