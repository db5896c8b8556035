"""Ground that a bug has spoilt: a tree of which nothing counts any more, or a commit that has the bug in it."""
from __future__ import annotations

from collections.abc import Sequence

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import documents
from gitexp.git import history as past
from gitexp.lab.lab import Lab
from gitexp.ledger import read, retired
from gitexp.ledger.read import Contents
from gitexp.ledger.result import ABOUT, Kind, Result


_NAMED = 3
_MANY = 200  # trees


class Spoilt(NamedTuple):
    """`commit` is where it was measured, or what brought the bug; `of` is the experiment that has, where that is another one's tree."""

    bug: str
    commit: str | None
    of: str = ''


def bugs(contents: Contents) -> list[str]:
    """The bugs that have retired something, the oldest first, brought back or not."""
    events = sorted((row.id, str(row.params.get('bug'))) for row in contents.results if row.kind is Kind.SUPERSEDE)
    return list(dict.fromkeys(bug for _, bug in events))


def check_known(contents: Contents, bug: str, *, hint: str) -> None:
    """Raises Refused for a bug that has retired nothing, naming the nearest that have, or the newest; `hint` is for where none has."""
    known = bugs(contents)
    if bug in known:
        return
    import difflib  # Costs time, and most bugs are known.
    near = difflib.get_close_matches(bug, known, n=_NAMED)
    named = ' or '.join(f"'{name}'" for name in near or known[:-_NAMED - 1:-1])
    way = f'did you mean {named}?' if near else f'the newest that have: {named}' if known else hint
    raise Refused(f"no bug '{bug}' has retired anything", hint=way)


def tree(
    lab: Lab, contents: Contents, slug: str | None, name: str, *, eval_id: str | None = None, anywhere: bool = False,
) -> Spoilt | None:
    """The newest bug that has retired rows of a tree, or of one of the experiment's that differs in documents only.

    None when any of its rows under the evaluation counts: then the bug is not in the tree. `anywhere` looks at the retired trees of other
    experiments as well, from which this one may have begun; then the papers of all are documents.
    """
    rows = [
        row for row in sorted(contents.results, key=lambda row: row.id, reverse=True)
        if row.kind not in ABOUT and row.tree and eval_id in (None, row.eval_id)
    ]
    others = {row.tree for row in rows if row.id in contents.covered} if anywhere else set()
    rows = [row for row in rows if row.tree == name or row.experiment == slug or row.tree in others]
    if not any(row.id in contents.covered for row in rows):
        return None
    own = {row.tree for row in rows if row.experiment == slug}
    near = [*dict.fromkeys(row.tree for row in rows if row.tree)][:_MANY]
    same = {one for one in documents.alike(lab, slug or '', name, near) if one == name or one in own and slug or one in others}
    mine = [row for row in rows if row.tree in same]
    if not mine or any(row.id not in contents.covered for row in mine):
        return None
    is_own = any(row.tree == name or row.tree in own for row in mine)
    return Spoilt(contents.covered[mine[0].id], mine[0].commit, '' if is_own else mine[0].experiment)


def history(lab: Lab, contents: Contents, commit: str, *, beyond: str | None = None) -> Spoilt | None:
    """The newest bug that is known to have come in with a commit that this one holds, and `beyond` does not, without one that mended it.

    Raises Refused where a shallow clone lacks history that is not `beyond`'s; without that it looks as far as there is some.
    """
    def holds(one: str, other: str) -> bool:
        return past.is_ancestor(lab.git, other, one)

    came = known([*read.former(lab), *contents.results])
    brought = [(one, one.commit, mended) for one, mended in came.items() if one.commit and '..' not in one.commit]
    if brought and beyond:
        past.refuse_shallow(lab.git, past.new(lab.git, [commit], [beyond]))
    for one, bug, mended in reversed(brought):
        if holds(commit, bug) and not any(holds(commit, fix) for fix in mended) and not (beyond and holds(beyond, bug)):
            return one
    return None


def known(rows: Sequence[Result]) -> dict[Spoilt, set[str]]:
    """The bugs of which it is known what brought them, the oldest first, with the commits that are said to have mended each."""
    found: dict[Spoilt, set[str]] = {}
    for row in retired.in_force(rows):
        if one := brought(row):
            mended = found.setdefault(one, set())
            mended.update(filter(None, [row.params['selected'].get('fixed_in')]))
    return found


def brought(row: Result) -> Spoilt | None:
    """The bug that a supersede row is about, and what brought it, where that was said."""
    said = row.params.get('selected') if row.kind is Kind.SUPERSEDE else None
    commit = said.get('commit') if said else None
    return Spoilt(str(row.params.get('bug', '')), commit) if commit else None


def ground(lab: Lab, base: str, commit: str) -> Spoilt | None:
    """What is known against starting from a commit, maybe the tip of the experiment `base`; nothing while no ledger is in sight."""
    try:
        if not lab.config.ledgers[1:] and not read.mentions(lab, Kind.SUPERSEDE.value):
            return None
    except Refused:
        return None
    contents = read.read(lab)
    slug = base if any(row.experiment == base for row in contents.results) else None
    found = tree(lab, contents, slug, lab.git.ask('rev-parse', f'{commit}^{{tree}}').text, anywhere=True)
    return found or history(lab, contents, commit)
