"""One thing that a check says."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitexp.core.tuples import NamedTuple

_SHOWN_WHOLE = 10
_FEW = 5  # paths


class Finding(NamedTuple):
    """`where` names the place of the rule (file:line on the trunk); `way` is the way forward."""

    rule: str
    path: str
    message: str
    where: str = ''
    way: str = ''
    commit: str = ''
    level: str = 'error'

    def lines(self) -> list[str]:
        """For a person: what is wrong, and below it the rule and the way forward."""
        commit = f'{self.commit[:10]} ' if self.commit else ''
        rule = [f'    rule: {self.rule} ({self.where})'] if self.where else []
        way = [f'    do:   {self.way}'] if self.way else []
        level = 'warning: ' if self.level == 'warning' else ''
        return [f'{commit}{shown(self.path)}: {level}{self.message}', *rule, *way]

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def told(found: Sequence[Finding]) -> list[str]:
    """The lines of findings: in full for a few, one line each past ten."""
    return [line for one in found for line in (one.lines() if len(found) <= _SHOWN_WHOLE else one.lines()[:1])]


def failed(error: Exception) -> str:
    """What a gate says that has met what nobody thought of: it refuses all the same."""
    return f'gitexp: refused: gitexp failed ({type(error).__name__}: {" ".join(str(error).split())})'


def shown(path: str) -> str:
    """A path on one line, whatever its name has."""
    return path if path.isprintable() else repr(path)


def few(paths: Sequence[str]) -> str:
    """Some paths for a message, and how many more."""
    rest = len(paths) - _FEW
    named = (f"'{path}'" if path.isprintable() else repr(path) for path in paths[:_FEW])
    return ', '.join(named) + (f' and {rest} more' if rest > 0 else '')
