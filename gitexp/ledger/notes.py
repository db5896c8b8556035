"""Results on refs/notes/exp, where they outlive the working copy and travel: what is noted of a row, and the row in a note."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from gitexp.core import escapes, locks
from gitexp.core.errors import Failure
from gitexp.git import notes, repository
from gitexp.git.command import Git
from gitexp.git.notes import Note
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, read, retired, write
from gitexp.ledger.cells import BadCell
from gitexp.ledger.result import ABOUT, Kind, Result, Status

_PATIENCE = 5.0  # seconds that the end of a run may take longer, at the very worst
_SHOWN = 40  # letters of a reason
_HEX = frozenset('0123456789abcdef')
_PLAIN = frozenset('0123456789abcdefghijklmnopqrstuvwxyz')
_EVENTS = {Kind.SUPERSEDE: 'retired', Kind.RESTORE: 'restored'}


def add(lab: Lab, rows: Sequence[Result]) -> str | None:
    """Note rows that are in the ledger; returns why they could not be noted, which `git exp sync` makes good. Never raises for that."""
    try:
        write_all(lab, rows, patience=_PATIENCE)
    except (Failure, OSError, ValueError) as error:
        return f'in the ledger, and not noted yet: {error}; git exp sync notes it'
    return None


def write_all(lab: Lab, rows: Sequence[Result], *, patience: float) -> None:
    """Note rows that are not noted yet; waits `patience` seconds at most for others, and for git."""
    if not rows:
        return
    touched, whole = _touched(lab, rows), len(lab.trunk_commit)
    names = [name for name in chain((row.commit for row in rows), *touched.values()) if name and len(name) != whole]
    short = repository.commits(lab.git, names)
    said = [note(row, lab.config.metric.name, touched.get(row.id, []), whole=whole, short=short) for row in rows]
    message = escapes.escape(f'{rows[0].experiment}: {rows[0].kind.value}') if len(rows) == 1 else f'{len(rows)} rows'
    with locks.held(lab.state / 'locks' / 'notes', purpose='write notes', deadline=patience):
        notes.add(Git(lab.common), said, who=who(lab.settings, os.environ), message=message, settings=_unasked(lab), patience=patience)


def note(row: Result, metric: str, touched: Sequence[str], *, whole: int, short: Mapping[str, str]) -> Note:
    """What is noted of a row; `touched` are the commits of the rows that it is about, `whole` is the length of a commit's id.

    `short` has the ids of those that are not written out, as in rows of somebody else's log.
    """
    own, others = row.commit or '', Counter(short.get(name, name) for name in touched)
    lines = [(short.get(own, own), line(row, metric)), *((commit, told(row, many)) for commit, many in others.items())]
    return Note(key(row.id), text(row), [one for one in lines if len(one[0]) == whole and _HEX.issuperset(one[0])])


def line(row: Result, metric: str) -> str:
    """A row for who reads the log; what it leaves out is in the row itself."""
    parts = [
        row.id, None if row.value is None else f'{metric} {row.value:.6g}', None if row.status is Status.OK else row.status.value,
        row.verdict, None if row.seed is None else f'seed {row.seed}', f'{row.kind.value} {row.version}',
        None if row.seconds is None else f'{row.seconds:.1f} s', None if row.memory_gb is None else f'{row.memory_gb:.1f} GB',
        row.description[:_SHOWN] if row.kind in ABOUT else None,
    ]
    return '  '.join(escapes.escape(part) for part in parts if part)


def told(row: Result, many: int) -> str:
    """What a supersede or restore row says on the commit of so many rows that it is about."""
    bug = row.params.get('bug', row.version)
    return escapes.escape(f"{row.id}  {_EVENTS[row.kind]}: {bug}, {many} {'row' if many == 1 else 'rows'}")


def text(row: Result) -> bytes:
    """The row as a ledger with our columns has it."""
    return write.lines([cells.written(row)], read.OURS)


def parsed(said: bytes) -> Result:
    """The row that a text says; raises BadCell when it is none."""
    if not said.endswith(b'\n') or said.count(b'\n') > 1:
        raise BadCell('not one line')
    row = read.OURS.parse(said)
    if row is None:
        raise BadCell('a header')
    return row


def key(name: str) -> str:
    """The id of a row as part of a file name; ids of ours are such as they are."""
    if len(name) <= 64 and _PLAIN.issuperset(name):
        return name
    import hashlib  # Costs 3 ms, and only ids that somebody else has made need it.
    return f'_{hashlib.sha256(name.encode()).hexdigest()[:32]}'


def who(settings: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Who notes, as far as git knows; notes are written though it does not."""
    name, address = (
        environment.get(f'GIT_COMMITTER_{what.upper()}') or settings.get(f'committer.{what}') or settings.get(f'user.{what}')
        for what in ('name', 'email')
    )
    return f'{_clean(name)} <{_clean(address)}>'


def _clean(said: str | None) -> str:
    return ''.join(letter for letter in said or '' if letter.isprintable() and letter not in '<>').strip() or 'gitexp'


def _unasked(lab: Lab) -> list[str]:
    """Our own hook has nothing to say about notes, and costs as much as all else; hooks of others are asked."""
    ours = lab.common / 'exp' / 'hooks'
    beside = [ours / 'beside', lab.root / (lab.settings.get('gitexp.chained') or lab.common / 'hooks')]
    mine = lab.settings.get('core.hookspath') == str(ours)
    return [f'core.hooksPath={os.devnull}'] if mine and not any(_is_hook(folder) for folder in beside) else []


def _is_hook(folder: Path) -> bool:
    return os.access(folder / 'reference-transaction', os.X_OK)


def _touched(lab: Lab, rows: Sequence[Result]) -> dict[str, list[str]]:
    """The commits of the rows that each supersede or restore row is about; the ledger is read only for those."""
    if not any(row.kind in _EVENTS for row in rows):
        return {}
    known = {row.id: row for row in [*read.read(lab).results, *rows]}
    return {row.id: _commits(row, known) for row in rows if row.kind in _EVENTS}


def _commits(row: Result, known: Mapping[str, Result]) -> list[str]:
    about = [row, *(known[one] for one in retired.undone(row) if one in known)]
    covers = dict.fromkeys(one for event in about if event.kind is Kind.SUPERSEDE for one in event.params['covers'])
    return [commit for one in covers if one in known and (commit := known[one].commit)]
