"""The lab around the current folder, with what a killed command or another tool has broken put right first."""
from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from gitexp.commands import out
from gitexp.core import locks, modes
from gitexp.core.errors import Failure, Refused
from gitexp.core.finding import Finding
from gitexp.guard import alive, hooks
from gitexp.lab.lab import Experiment, Lab
from gitexp.measure import current


def lab(*, afresh: bool = False, install: bool = False) -> Lab:
    """Find the lab, finish what dead commands began, mend the hooks; raises Refused outside a lab.

    `afresh` is for what must not believe anything that is kept between commands; `install` puts hooks into a clone that
    has none, unless they were taken out.
    """
    found = Lab.find(_folder(), afresh=afresh)
    _reopen(found)
    mended, settled = _mend_hooks(found, install=install), _settle(found)
    for line in settled:
        out.talk(line)
    found = Lab.find(_folder(), afresh=afresh) if mended or settled else found
    _end(found)
    _record(found)
    return found


def experiment(found: Lab, slug: str | None = None, *, named: str = 'SLUG') -> Experiment:
    """The named experiment, or the one whose worktree this is; raises Refused rather than guess, and says how one is `named`."""
    if slug is not None:
        if not {'', '.', '..'}.isdisjoint(slug.split('/')):
            raise Refused(f"there is no experiment '{slug}'", hint='git exp list')  # Its folder would be another one.
        return found.experiment(slug)
    if found.current is None and any(worktree.path == found.here and worktree.head and not worktree.branch for worktree in found.worktrees):
        raise Refused('HEAD is detached here, so that nothing says which experiment this is', hint='git switch exp/SLUG')
    if found.current is None:
        raise Refused('this is not the worktree of an experiment', hint=f'name it ({named}), or change into its worktree: git exp list')
    return found.current


def lacks_rows(found: Lab) -> bool:
    """Say, where it is so, that the ledger has lost rows, without which nothing that is shown of it may be right."""
    from gitexp.ledger import loss
    lost = loss.found(found)
    if lost:
        out.failure(lost)
    return lost is not None


def tell_evaluation(found: Lab, eval_id: str | None) -> None:
    """Say, where it is so, that what is shown is by another evaluation than the lab's own."""
    if eval_id is not None and eval_id != current.eval_id(found):
        out.talk(f"the lab's own evaluation has measured nothing that counts; this is by another, {eval_id}")
        out.hint('git exp baseline')


def _folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise Refused('the current folder is gone', hint='cd to one that exists') from None


def _reopen(found: Lab) -> None:
    """A run may take modes from what every command reads; a repository that is read-only as a whole stays so."""
    if os.access(found.common, os.W_OK):
        given = modes.restore([found.state, *(found.state / name for name in ('runs', 'locks', 'journal', 'cache'))])
        if given:
            out.talk(f"put right: '{given[0]}' could not be used" + (f', nor {len(given) - 1} more' if given[1:] else ''))


def _mend_hooks(found: Lab, *, install: bool) -> bool:
    """Hooks that are silently off are how rules die, so every command looks."""
    if found.settings.get('gitexp.hooks') == 'removed':
        return False
    done, left, failure = alive.repair(found)
    if done:
        out.talk(f'put right: {_first(done)}')
    if install and [one.rule for one in left] == [alive.MISSING]:
        hooks.install(_folder())
        out.talk('the hooks of the lab are installed now')
        return True
    if left:
        out.talk(f'git exp: {_first(left)}' + (f'; {failure.message}' if failure else ''))
        out.hint(failure.hint if failure and failure.hint else left[0].way)
    return bool(done)


def _settle(found: Lab) -> list[str]:
    try:
        left = os.listdir(found.state / 'journal')
    except FileNotFoundError:
        left = []
    if not left:
        return []
    from gitexp.experiment import journal  # Costs time, and seldom is anything left.
    return journal.recover(found)


def _first(found: Sequence[Finding]) -> str:
    """One line for all; doctor names each."""
    return found[0].message + (f', and {len(found) - 1} more' if len(found) > 1 else '')


def _end(found: Lab) -> None:
    """What a killed evaluation left running is ended first, so that its row is its last word."""
    if (found.state / 'exp-checkout.run').exists() and locks.is_free(found.state / 'locks' / 'eval'):
        from gitexp.measure import occupancy
        occupancy.recover(found, out.talk)


def _record(found: Lab) -> None:
    """A ledger that cannot be written now keeps its outcomes; it must not keep anybody from reading."""
    if not any((found.state / 'runs').glob('*.json')):
        return
    from gitexp.ledger import pending  # Costs 5 ms, and seldom is anything left.
    try:
        for result in pending.forget_others(found):
            out.talk(pending.elsewhere(result))
        recorded = pending.recover(found, datetime.now(timezone.utc).isoformat(timespec='seconds'))
    except Failure as error:
        out.failure(error)
        return
    for result in recorded:
        out.talk(pending.told(found, result))
