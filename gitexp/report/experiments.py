"""The experiments, one line each."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.report import figures, merged, table
from gitexp.report.overview import Summary
from gitexp.report.table import Column
from gitexp.verdict import doubt

if TYPE_CHECKING:
    from gitexp.ledger.result import Result

PREFIX = 'refs/heads/exp/'
GAIN = 'vs base'  # the gain over the first baseline, where the verdict is against another tree
_UNDATED = 'imported'  # All that is measured here has its time.


class State(Enum):
    """Merged: a winner that the trunk holds; open: it has a worktree; closed: only its branch; remote: a remote has that; else rows."""

    RUNNING = 'running'
    MERGED = 'merged'
    OPEN = 'open'
    CLOSED = 'closed'
    REMOTE = 'remote'
    ROWS = 'rows'


class Line(NamedTuple):
    """An experiment and when something last happened to it (UTC, ISO 8601); `summary` is None before its first run."""

    slug: str
    state: State
    last: str
    summary: Summary | None


def running(lab: Lab) -> list[Result]:
    """The runs that are under way; what reads them is only imported where there is something to read."""
    if not any((lab.state / 'runs').glob('*.json')):
        return []
    from gitexp.ledger import pending
    return pending.running(lab)


def opened(lab: Lab) -> list[str]:
    """The experiments that have a worktree, whose folder is there."""
    return [one.branch.removeprefix(PREFIX) for one in lab.worktrees if one.branch and one.branch.startswith(PREFIX) and not one.prunable]


def lines(lab: Lab, summaries: Collection[Summary], running: Collection[str]) -> list[Line]:
    """Every experiment that has a branch or a row, the one that was last active at the end."""
    known = {one.slug: one for one in summaries}
    committed, tips = _branches(lab)
    held = merged.among(lab, summaries, tips)
    known |= held
    state = partial(_state, branches=committed, remote=tips, opened=set(opened(lab)), running=running, held=held)
    found = [Line(slug, state(slug), _last(known.get(slug), committed.get(slug)), known.get(slug)) for slug in {**committed, **known}]
    return sorted(found, key=lambda line: line.last)


def text(shown: Sequence[Line], metric: Metric, *, width: int) -> str:
    """A table; the gain is over the first baseline, as GAIN says, the verdict against the best of the other experiments."""
    scale = figures.scale(line.summary and line.summary.mean for line in shown)
    rows = [(line.slug, line.state.value, *_cells(line.summary, scale), line.last[:16].replace('T', ' ') or _UNDATED) for line in shown]
    return table.text(_columns(metric), rows, width=width)


def json(shown: Sequence[Line]) -> list[dict[str, Any]]:
    """Every field of every line."""
    return [
        {**(line.summary or Summary(line.slug, 0, ''))._asdict(), 'state': line.state.value, 'last': line.last}
        for line in shown
    ]


def _columns(metric: Metric) -> list[Column]:
    return [
        Column('experiment', least=10), Column('state', spare=1), Column('runs', right=True, spare=3), Column('n', right=True),
        Column(metric.name, right=True), Column(GAIN, right=True), Column('verdict', least=18),
        Column('last active (UTC)', spare=2),
    ]


def _cells(summary: Summary | None, scale: figures.Scale) -> tuple[str | None, ...]:
    if summary is None:
        return '0', None, None, None, None
    n = str(summary.n) if summary.n else None
    return str(summary.runs), n, scale.show(summary.mean), scale.change(summary.gain), verdict(summary)


def verdict(summary: Summary) -> str | None:
    """What a person has to know of an experiment's standing in a word or two."""
    if summary.verdict is None and summary.bug is not None:
        return f'bug: {summary.bug}'
    if summary.runs and not summary.n:
        return 'none counts'
    return judged(summary.verdict, summary.flags)


def judged(said: str | None, flags: Sequence[str]) -> str | None:
    """A verdict, and for what it is held back."""
    held = doubt.of(flags)
    return f'{said} ({held})' if held else said


def _branches(lab: Lab) -> tuple[dict[str, str], dict[str, str]]:
    """Each experiment that has a branch, with the time of its last commit (UTC, ISO 8601), and the tips of these and of remote ones."""
    form = '--format=%(refname) %(objectname) %(committerdate:format-local:%Y-%m-%dT%H:%M:%S+00:00)'
    places = [PREFIX, *(f'refs/remotes/{name}/exp/' for name in lab.remotes)]
    asked = lab.git.ask('for-each-ref', form, *places, env={'TZ': 'UTC'}).text
    found = [line.split(' ') for line in asked.split('\n') if line]
    own = {name.removeprefix(PREFIX): when for name, _, when in found if name.startswith(PREFIX)}
    return own, {name.removeprefix(place): tip for place in reversed(places) for name, tip, _ in found if name.startswith(place)}


def _state(
    slug: str, *, branches: Mapping[str, str], remote: Collection[str], opened: Collection[str], running: Collection[str],
    held: Collection[str],
) -> State:
    if slug in running:
        return State.RUNNING
    if slug in held:
        return State.MERGED
    if slug in opened:
        return State.OPEN
    if slug in branches:
        return State.CLOSED
    return State.REMOTE if slug in remote else State.ROWS


def _last(summary: Summary | None, committed: str | None) -> str:
    """All times are UTC to the second, so that they compare as text."""
    return max(committed or '', summary.last if summary else '')
