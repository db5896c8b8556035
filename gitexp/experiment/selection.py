"""Which rows a bug has spoilt: selectors over the ledger and the history."""
from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timezone
from typing import Any

from gitexp.core.errors import Refused, Usage
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import versions
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Result

_DATE = re.compile(r'\d{4}-\d\d-\d\d.*')


class Selection(NamedTuple):
    """What a row must be to be taken, by all that is said; None says nothing.

    `since` is a date or a commit, `commit` one that brought the bug, or a range A..B, `fixed_in` the commit without it.
    """

    since: str | None = None
    commit: str | None = None
    fixed_in: str | None = None
    eval_id: str | None = None
    runs: tuple[str, ...] = ()

    @property
    def said(self) -> dict[str, Any]:
        return {name: said for name, said in self._asdict().items() if said not in (None, ())}


class Chosen(NamedTuple):
    """The rows in order; `unknown` are those whose time or commit cannot be told here, and which are therefore not taken."""

    rows: list[Result]
    unknown: list[Result]


def resolved(lab: Lab, wanted: Selection) -> dict[str, Any]:
    """What was selected, with commits by their ids, as a row can hold it."""
    said = wanted.said
    for name in ('commit', 'fixed_in', 'since'):
        text = said.get(name)
        if text and not _DATE.fullmatch(text):
            said[name] = '..'.join(_commit(lab.git, one or 'HEAD') for one in text.split('..', 1))
    return said


def choose(lab: Lab, contents: Contents, wanted: Selection, *, slug: str | None = None) -> Chosen:
    """The runs that nothing has retired yet and that the selection takes, of one experiment or of all.

    Raises Usage for what is no date, commit, range or evaluation, Refused for a run that there is not or that is retired, and where a
    shallow clone lacks the history that would tell.
    """
    rows = [row for row in versions.counting(contents) if slug in (None, row.experiment)]
    if wanted.runs:
        _check_runs(contents, wanted.runs, slug)
        rows = [row for row in rows if row.id in wanted.runs]
    if wanted.eval_id:
        name = _evaluation(contents, wanted.eval_id)
        rows = [row for row in rows if row.eval_id == name]
    found = Chosen(rows, [])
    if wanted.since:
        found = _since(found, _moment(lab.git, wanted.since))
    if wanted.commit or wanted.fixed_in:
        found = _at_commits(lab.git, found, wanted)
    return found


def _check_runs(contents: Contents, ids: Collection[str], slug: str | None) -> None:
    runs = {row.id: row for row in contents.results}
    for one in ids:
        if one in contents.covered:
            raise Refused(f"'{one}' is retired already, because of '{contents.covered[one]}'", hint='git exp results')
        if one not in runs or slug not in (None, runs[one].experiment):
            raise Refused(f"there is no run '{one}'" + (f" of '{slug}'" if slug else ''), hint='git exp results --json names them')


def _evaluation(contents: Contents, said: str) -> str:
    """The one evaluation that begins so."""
    known = {row.eval_id for row in contents.results if row.eval_id}
    found = sorted(name for name in known if name.startswith(said))
    if said in known or len(found) == 1:
        return said if said in known else found[0]
    if found:
        raise Usage(f"'{said}' may be {' or '.join(found)}")
    raise Usage(f"no row has the evaluation '{said}'", hint='git exp results --json names them')


def _since(found: Chosen, moment: datetime) -> Chosen:
    times = {row.id: _time(row.time) for row in found.rows}
    later = [row for row in found.rows if (at := times[row.id]) and at >= moment]
    return Chosen(later, [*found.unknown, *(row for row in found.rows if times[row.id] is None)])


def _moment(git: Git, said: str) -> datetime:
    """A date in UTC unless it says otherwise, or when a commit was made."""
    if _DATE.fullmatch(said):
        at = _time(said)
        if at is None:
            raise Usage(f"'{said}' is not a date", hint='such as 2026-01-31, or 2026-01-31T03:00+01:00')
        return at
    try:
        commit = _commit(git, said)
    except Usage as error:
        raise Usage(f'{error}, nor a date', hint='--since 2026-01-31, or 2026-01-31T03:00+01:00') from None
    at = _time(git.ask('rev-list', '--no-commit-header', '--max-count=1', '--format=%cI', commit, '--').text)
    assert at
    return at


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.replace('Z', '+00:00'))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def _at_commits(git: Git, found: Chosen, wanted: Selection) -> Chosen:
    here = repository.commits(git, [row.commit for row in found.rows])
    taken = set(here.values())
    if wanted.commit and '..' in wanted.commit:
        taken = taken & _range(git, wanted.commit)
    elif wanted.commit:
        taken = _containing(git, taken, _commit(git, wanted.commit))
    if wanted.fixed_in:
        taken = taken - _containing(git, taken, _commit(git, wanted.fixed_in))
    unknown = [row for row in found.rows if row.commit not in here]
    return Chosen([row for row in found.rows if row.commit and here.get(row.commit) in taken], [*found.unknown, *unknown])


def _containing(git: Git, commits: set[str], one: str) -> set[str]:
    """Those of the commits that are this one or come after it."""
    if not commits:
        return commits
    feed = ''.join(f'{name}\n' for name in (*commits, f'^{one}')).encode()
    found = commits & {one, *git.ask('rev-list', '--ancestry-path', '--stdin', feed=feed).text.split()}
    history.refuse_shallow(git, history.new(git, commits - found, [one]))
    return found


def _range(git: Git, said: str) -> set[str]:
    old, _, new = said.partition('..')
    if new.startswith('.'):
        raise Usage(f"'{said}' is not a range", hint='A..B: what B has and A has not')
    last, known = [_commit(git, new or 'HEAD')], [_commit(git, old or 'HEAD')]
    found = history.new(git, last, known)
    history.refuse_shallow(git, [*found, *history.new(git, known, last)])
    return {one.oid for one in found}


def _commit(git: Git, said: str) -> str:
    done = git.run('rev-parse', '--verify', '--quiet', '--end-of-options', f'{said}^{{commit}}')
    if done.code or not said:
        raise Usage(f"'{said}' is not a commit" + ('' if _DATE.match(said) else ' that is here'), hint='git log --oneline --all')
    return done.text
