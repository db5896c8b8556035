"""What ends a command: one message, what to do about it, and the exit code."""
from __future__ import annotations


class Failure(Exception):
    """Something the user can put right; `hint` is what to type or do next."""

    code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class No(Failure):
    """The answer is no: findings, not better."""


class Usage(Failure):
    """The command cannot be understood, or its configuration cannot."""

    code = 2


class Refused(Failure):
    """Understood, and not done."""

    code = 3


class RunFailed(Failure):
    """What was run did not end well."""

    code = 4


class Integrity(Failure):
    """Something that must not change has changed."""

    code = 5


class TimedOut(Failure):
    """A time limit has passed."""

    code = 124
