"""Making the ledger, the notes and a remote's notes agree: rows are only ever added, on each side."""
from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitexp.core import locks
from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import exchange, joined, repository
from gitexp.git import notes as kept
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.ledger import agreed, notes, write

_ROUNDS = 40
_STILL = 10  # rounds in which a remote that takes nothing has got nothing else either: that is no race
_LONGEST = 1.0  # seconds between two rounds

Say = Callable[[str], None]


class Synced(NamedTuple):
    """How many rows the ledger got, and the notes here, and the remote; `odd` is what was left out, and why."""

    remote: str | None
    taken: int
    noted: int
    sent: int
    rounds: int
    odd: list[Finding]


def sync(lab: Lab, remote: str | None, *, say: Say) -> Synced:
    """Bring ledger, notes and remote together; without a remote only what is here. Rows that came stay, even if sending fails.

    Raises Refused when the remote cannot be reached, or takes nothing.
    """
    with _alone(lab, say):
        if remote is None:
            taken, noted, odd = _agree(lab)
            return Synced(None, taken, noted, 0, 0, odd)
        git = Git(lab.root)
        try:
            return _exchanged(lab, git, remote, say)
        finally:
            exchange.forget(git)


def way(lab: Lab, page: str) -> str | None:
    """What to commit before a pull, which git refuses where it brings what has changed here; None where the trunk has no ledger."""
    paths = [lab.config.paths.ledger, page]
    there = [path for path, one in zip(paths, repository.objects(lab.git, [f'{lab.trunk_commit}:{path}' for path in paths])) if one]
    return f"before git pull: git commit -m 'Results' -- {shlex.join(there)}" if paths[0] in there else None


def agree(lab: Lab) -> tuple[int, int]:
    """Give ledger and notes what only the other has; returns how many rows each got."""
    with _alone(lab):
        return _agree(lab)[:2]


@contextmanager
def _alone(lab: Lab, say: Say | None = None) -> Iterator[None]:
    """Two at once would both append what is missing. Notes that git cannot read are made anew from what ledger and remote have."""
    with locks.held(lab.state / 'locks' / 'sync', purpose='git exp sync', deadline=600.0, say=say):
        with locks.held(lab.state / 'locks' / 'notes', purpose='mend notes'):
            mended = kept.mend(Git(lab.common), lab.state / 'torn-notes')
        if mended and say:
            say(kept.MENDED)
        yield


def _agree(lab: Lab) -> tuple[int, int, list[Finding]]:
    back, whole = write.put_back(lab), _made_whole(lab)
    found = agreed.difference(lab)
    taken, odd = agreed.take(lab, found.untaken)
    notes.write_all(lab, found.unnoted, patience=600.0)
    return back + taken, whole + len(found.unnoted), [*found.odd, *odd]


def _made_whole(lab: Lab) -> int:
    """Give the notes what a merge by other hands has left out of them; returns how many rows."""
    git = Git(lab.common)
    if rows := joined.left_out(git):
        with locks.held(lab.state / 'locks' / 'notes', purpose='put rows back into the notes'):
            joined.put_back(git, rows, who=notes.who(lab.settings, os.environ))
    return len(rows)


def _exchanged(lab: Lab, git: Git, remote: str, say: Say) -> Synced:
    there = _met(lab, git, remote, say)
    taken, noted, odd = _agree(lab)
    still = 0
    for number in range(1, _ROUNDS + 1):
        ours = kept.current(Git(lab.common))
        why = None if ours is None or there == {ours} else exchange.push(git, remote, ours)
        if why is None:
            break
        kept.wait(min(_LONGEST, 0.02 * 2.0 ** number))
        before, there = there, _met(lab, git, remote)
        still = still + 1 if there == before else 0
        if still == _STILL:
            raise exchange.untaken(remote, why)
        say(f"'{remote}' {'takes nothing just now' if still else 'got other notes meanwhile'}: round {number + 1}")
    if number > 1:
        more, _, odd = _agree(lab)
        taken += more
    if why is not None:
        raise Refused(f"'{remote}' got other notes {_ROUNDS} times while these were sent; what came is in the ledger", hint='git exp sync')
    sent = max(kept.count(git, theirs, ours) for theirs in there) if ours else 0
    return Synced(remote, taken, noted, sent, number, odd)


def _met(lab: Lab, git: Git, remote: str, say: Say | None = None) -> set[str | None]:
    """The commits of the notes wherever a remote is pushed to, which are among ours now, as are those where it is fetched from.

    With `say`, what can only be pushed to is passed over: perhaps there is nothing to send.
    """
    theirs, there = _fetched(lab, git, remote), set()
    for url in exchange.pushed_to(git, remote):
        try:
            there.add(_fetched(lab, git, url))
        except Refused as error:
            if not say:
                raise
            say(error.message)
            there.add(theirs)
    return there or {theirs}


def _fetched(lab: Lab, git: Git, remote: str) -> str | None:
    """The commit of the remote's notes, which are among ours now."""
    theirs = exchange.fetch(git, remote)
    if theirs:
        with locks.held(lab.state / 'locks' / 'notes', purpose='merge notes'):
            joined.merge(Git(lab.common), theirs, who=notes.who(lab.settings, os.environ))
    return theirs
