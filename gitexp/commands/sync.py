"""git exp sync."""
from __future__ import annotations

import os

from gitexp.commands import here, options, out
from gitexp.commands.declare import argument, command, flag
from gitexp.core import finding
from gitexp.core.errors import Usage
from gitexp.git import exchange
from gitexp.lab.config import REPORT
from gitexp.lab.lab import Lab
from gitexp.ledger import sync as syncing
from gitexp.ledger.sync import Synced
from gitexp.tracking import names


@command(
    argument('remote', metavar='REMOTE', nargs='?', completes=options.remotes),
    flag('--local', help='Ask no remote: only make the ledger and the notes here agree.'),
    options.as_json,
)
def sync(remote: str | None, local: bool, as_json: bool) -> None:
    """Exchange results with a remote.

    Each result is also on refs/notes/exp: a line on the commit that it measured, which `git log --notes=exp` shows, and beside it the
    row itself. sync fetches the notes of REMOTE, makes one of both, appends to the ledger what it lacks, and pushes. Rows are only ever
    added: a row whose id is known here with other content is named and left out, and so is what is no row. No branch is pushed, and
    nothing is configured; `git config --add notes.displayRef refs/notes/exp` makes git log show the lines always.

    REMOTE is the one that the trunk follows, or origin, or the only one, unless named. Rows that the ledger has lost, as by
    `git checkout results.tsv`, come back from the notes, with --local too.
    """
    if remote and local:
        raise Usage('REMOTE and --local exclude each other')
    lab = here.lab()
    done = syncing.sync(lab, None if local else _remote(lab, remote), say=out.talk)
    names.catch_up(lab)
    if as_json:
        out.data({**done._asdict(), 'odd': [one.as_json() for one in done.odd]})
        return
    for line in finding.told(done.odd):
        out.talk(line)
    out.answer(_told(done))
    if done.remote and done.taken and (way := syncing.way(lab, REPORT)):
        out.hint(way)
    if done.remote is None and not local:
        out.hint('there is no remote: git remote add origin URL')


def _remote(lab: Lab, said: str | None) -> str | None:
    """A path that is typed counts from where it was typed."""
    git = lab.git.at(lab.root)
    if said is None:
        return exchange.usual(git, lab.trunk)
    return os.path.abspath(said) if os.path.isdir(said) and said not in exchange.remotes(git) else said


def _told(done: Synced) -> str:
    if done.remote is None:
        return f'ledger: {_rows(done.taken)}; notes: {_rows(done.noted)}'
    return f"ledger: {_rows(done.taken)}; '{done.remote}': {_rows(done.sent)}"


def _rows(count: int) -> str:
    return f'{count} new {"row" if count == 1 else "rows"}' if count else 'nothing new'
