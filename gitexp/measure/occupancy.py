"""Who is in the checkout: one evaluation at a time, and what a killed one has left there."""
from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitexp.checkout import checkout
from gitexp.core import locks, origin
from gitexp.core.errors import Failure
from gitexp.lab.lab import Lab
from gitexp.measure.outputs import Outputs
from gitexp.run import family

_WEEK = 7 * 86400.0

Say = Callable[[str], None]


@contextmanager
def alone(lab: Lab, *, purpose: str, say: Say) -> Iterator[None]:
    """Hold the lab's only checkout; evaluations wait for each other in turn."""
    with locks.held(_lock(lab), purpose=purpose, deadline=_WEEK, say=say):
        settle(lab, say)
        before = _hooks(lab)
        try:
            yield
        finally:
            if _hooks(lab) != before:
                _mend_hooks(lab, say)


@contextmanager
def occupied(lab: Lab, run: str, places: Outputs | None = None) -> Iterator[None]:
    """Note which run is in the checkout and where its outputs go, so that `settle` can end what it leaves should we be killed.

    git believes its index about what has not changed, and a run can make it say anything: one that a run has touched goes,
    so that the next checkout writes every file anew. So does one that anybody has touched since: see `checkout.bring`. Where a run
    has left somebody who cannot be ended, the checkout itself goes.
    """
    own = checkout.kept(lab)
    before = own.noted() if own else ''
    _marker(lab).write_text(json.dumps({'run': run, 'places': places.said() if places else None, 'in': origin.of(lab.common)}))
    try:
        if places:
            places.make()
        yield
    except Failure:
        if places:
            places.drop_if_empty()
        _leave(lab, before)
        raise
    _leave(lab, before)


def recover(lab: Lab, say: Say) -> None:
    """Settle what a killed evaluation has left, unless another is under way, which has done so."""
    if _marker(lab).exists():
        with locks.if_free(_lock(lab), purpose='putting right what a killed evaluation has left') as free:
            if free:
                settle(lab, say)


def settle(lab: Lab, say: Say) -> None:
    """End the processes of a run whose supervisor was killed, and move its outputs to its experiment; the checkout must be held.

    A run of another repository, which this one was copied from, is left alone, and so are the places that it names.
    """
    try:
        said = _parsed(_marker(lab).read_bytes())
    except FileNotFoundError:
        return
    if not origin.is_other(lab.common, str(said.get('in', ''))):
        _end(lab, said, say)
    checkout.renew(lab)
    notes(lab).unlink(missing_ok=True)
    _leave(lab, '')


def _end(lab: Lab, said: dict[str, Any], say: Say) -> None:
    if said.get('run'):
        family.end_run(said['run'], notes(lab))
    places = Outputs.of(said['places']) if said.get('places') else None
    if places and places.checkout == checkout.place(lab) and places.below.is_dir():
        places.collect(say)


def notes(lab: Lab) -> Path:
    """Where it is noted who belongs to the run in the checkout, for as long as any of them may live."""
    return lab.state / f'{checkout.NAME}.kin'


def _hooks(lab: Lab) -> dict[str, int]:
    """What git's hooks depend on, with its time of change: a run that is held cannot write there, but change modes."""
    hooks = lab.state / 'hooks'
    try:
        paths = [str(lab.common / 'config'), str(hooks), *(f'{hooks}/{name}' for name in os.listdir(hooks))]
        return {path: os.lstat(path).st_ctime_ns for path in paths}
    except OSError:
        return {}  # There are none.


def _mend_hooks(lab: Lab, say: Say) -> None:
    from gitexp.guard import alive
    now = Lab.find(lab.here or lab.common)
    if now.settings.get('gitexp.hooks') != 'removed':
        mended = alive.repair(now)
        for one in [*mended.done, *mended.left]:
            say(f'after the run{"" if one in mended.left else ", put right"}: {one.message}')


def _leave(lab: Lab, before: str) -> None:
    own = checkout.kept(lab)
    if own:
        own.drop_unless(before)
    if notes(lab).exists():
        checkout.renew(lab)
    _marker(lab).unlink(missing_ok=True)


def _parsed(text: bytes) -> dict[str, Any]:
    """Nothing for one that was never wholly written: then no run was started."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        return {}


def _lock(lab: Lab) -> Path:
    return lab.state / 'locks' / 'eval'


def _marker(lab: Lab) -> Path:
    return lab.state / f'{checkout.NAME}.run'
