"""The versions of an experiment's results: which one is current, and which rows are its own."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitexp.experiment import folders
from gitexp.lab.lab import Experiment
from gitexp.ledger import retired
from gitexp.ledger.read import Contents
from gitexp.ledger.result import ABOUT, Result

_AGAIN = '_with_'
_DIGITS = 9  # and so that the next one can be the name of a folder


@dataclass(frozen=True)
class Turned:
    """What of an experiment is retired or brought back, or would be; `row` and `commit` are ids, None before it is done or without one.

    `version` is such as 'v1_val-leak', or 'v1' where `left` rows of it are not concerned, and its folders stay as they are.
    `moves` are names in `folder`; `held` are rows that stay retired where others are brought back, each with the other bug.
    """

    experiment: str
    version: str
    bug: str
    rows: tuple[Result, ...]
    moves: tuple[tuple[str, str], ...]
    folder: Path | None
    left: int = 0
    row: str | None = None
    commit: str | None = None
    held: Mapping[str, str] = field(default_factory=dict)

    @property
    def staying(self) -> str:
        """What is said of those that stay retired; '' where none does."""
        many = '1 row stays' if len(self.held) == 1 else f'{len(self.held)} rows stay'
        return f'{many} retired because of {", ".join(sorted({*self.held.values()}))}' if self.held else ''


def current(experiment: Experiment, rows: Iterable[Result] = ()) -> int:
    """The number of the version that is being measured: one more than the newest retired one, in the folder or in the ledger's rows."""
    return number(experiment.slug, experiment.folder, rows)


def number(slug: str, folder: Path | None, rows: Iterable[Result]) -> int:
    """The same of an experiment that may have no folder."""
    rows = [row for row in rows if row.experiment == slug]
    numbers = [of(row) + closes(row) for row in (*retired.in_force(rows), *(row for row in rows if row.kind not in ABOUT))]
    return max(1, 1 + (folders.retired(folder) if folder else 0), *numbers)


def of(row: Result) -> int:
    """The number of the version that a row is about."""
    return named(row.version)


def named(version: str) -> int:
    """The number in the name of a version, 0 without one, or with one that nobody counts to."""
    said = version.removeprefix('v').partition('_')[0]
    return int(said) if said.isdecimal() and len(said) <= _DIGITS else 0


def closes(row: Result) -> bool:
    """Whether a row retires a version as a whole, so that the next one begins."""
    return retired.closed(row) is not None


def others(found: Turned) -> list[str]:
    """The versions that end with one that goes as a whole: where an older one was restored, what is current has the rows of several."""
    name, _, bug = found.version.partition('_')
    names = {row.version for row in found.rows if bug and row.kind in retired.VERSIONED and not is_again(row)}
    return sorted(names - {name})


def counting(contents: Contents) -> list[Result]:
    """The runs that nothing has retired."""
    return [row for row in contents.results if row.kind not in ABOUT and row.id not in contents.covered]


def again(version: str, fix: str) -> str:
    """The name of what comes of evaluating again, with a fix, what a version has trained."""
    return f'{version}{_AGAIN}{fix}'


def is_again(row: Result) -> bool:
    """Whether a row is of such an evaluation, which belongs to no version that is current."""
    return _AGAIN in row.version
