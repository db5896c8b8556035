"""What the commands that run something share: showing the run, printing its rows."""
from __future__ import annotations

import sys
from argparse import BooleanOptionalAction
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from gitexp.commands import options, out
from gitexp.commands.declare import argument, option
from gitexp.core.errors import Failure
from gitexp.lab.config import REPORT
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result, Status
from gitexp.measure.evaluate import Evaluation
from gitexp.measure.voice import Voice
from gitexp.report import view

show = option('--show', action=BooleanOptionalAction, help='Show the output of a run as it comes. Default: on a terminal.')
NAMED = '-e SLUG'
slug = option(
    '-e', '--experiment', dest='slug', metavar='SLUG', completes=options.experiments,
    help='This experiment. Default: the one whose worktree this is.',
)
args = argument('--', dest='args', metavar='ARGS', nargs='*')


@contextmanager
def voice(show: bool | None) -> Iterator[Voice]:
    """The clock and stderr, which shows a run's output when asked to, or when it is a terminal."""
    if not (sys.stderr.isatty() if show is None else show):
        yield Voice(_now, out.talk)
        return
    from gitexp.run.terminal import Terminal
    shown = Terminal(sys.stderr.fileno())
    try:
        yield Voice(_now, out.talk, shown.show)
    finally:
        shown.close()


def renew(lab: Lab, results: Iterable[Result]) -> None:
    """Write the report anew, where there is one and a run has succeeded; what keeps it from that does not fail the run."""
    if not any(one.status is Status.OK for one in results):
        return
    try:
        if written(lab):
            from gitexp.report import document
            document.write(lab, _now())
    except (Failure, OSError, ArithmeticError, ValueError) as error:
        out.talk(f'{REPORT} is not written anew: {error}')


def written(lab: Lab) -> list[str]:
    """The page that is written anew after a run, where it is there and ours."""
    return [REPORT] if view.is_there(lab.root / REPORT) else []


def as_json(done: Evaluation) -> dict[str, Any]:
    """The rows of an evaluation and what they are of."""
    what = done.subject
    return {
        'experiment': what.slug, 'version': what.version, 'commit': what.commit, 'tree': what.tree, 'eval_id': done.eval_id,
        'results': [_row(result) for result in done.results], 'failed': done.failure.message if done.failure else None,
    }


def _row(result: Result) -> dict[str, Any]:
    return {
        'id': result.id, 'time': result.time, 'seed': result.seed, 'status': result.status.value, 'value': result.value,
        'verdict': result.verdict, 'seconds': result.seconds, 'memory_gb': result.memory_gb, 'metrics': dict(result.metrics),
        'reason': result.env.get('reason'),
    }


def _now() -> datetime:
    return datetime.now(timezone.utc)
