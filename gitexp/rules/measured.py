"""What was measured: the ledgers that say so, the commits that rows of an experiment are about, and what came before these."""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.lab import config, parse
from gitexp.rules import gathered, sections
from gitexp.rules.change import LARGEST, Blobs, Change, Entry, Pair
from gitexp.rules.headings import Section
from gitexp.rules.ruleset import RuleSet
from gitexp.rules.sections import Step

_ID = re.compile(r'(?:[0-9a-f]{40}|[0-9a-f]{64})\Z')


def forgotten(git: Git, rules: RuleSet, commit: str, blob: str) -> list[str]:
    """The ledgers of a commit that another gitexp.yaml does not name: their rows would count no more, and nothing would keep them."""
    said = parse.again(repository.blob(git, blob)).get('paths')
    now = config.ledgers(said if isinstance(said, dict) else {})
    left = [path for path in rules.ledgers if path not in now]
    return [path for path, oid in zip(left, repository.objects(git, [f'{commit}:{path}' for path in left])) if oid] if left else []


def way(paths: Iterable[str]) -> str:
    """How a gitexp.yaml names the ledgers that a lab had before."""
    return f'name it in {config.FILE}: paths: {{ledger: …, former: [{", ".join(paths)}]}}'


def named(cells: Iterable[str]) -> list[str]:
    """What rows name that can be a commit, each once."""
    return [name for name in dict.fromkeys(cells) if _ID.match(name)]


def known(git: Git, cells: Iterable[str]) -> list[str]:
    """Those that this repository has."""
    names = named(cells)
    return [oid for oid in repository.objects(git, [f'{name}^{{commit}}' for name in names]) if oid] if names else []


def is_before(git: Git, start: str, ran: Set[str]) -> bool:
    """Whether what was measured goes on from a commit, and nothing was measured up to there; who has rewritten that does not go on."""
    return bool(ran) and history.apart(git, start, ran) == ran and not history.new(git, [start], ran)


def is_made(git: Git, ran: Sequence[str], changes: Sequence[Change], live: Iterable[str]) -> bool:
    """Whether each of some changes was made on the way to what was measured, so that nothing but a rebase puts it after that.

    Where several had a part in a file, or it makes one commit of some, what a rebase makes was never there as a whole: what becomes of
    each section was, in one step or more.
    """
    specs = [f':(top,literal){one.path}' for one in changes]
    edges = [(one.oid, next(iter(one.parents), '')) for one in history.touching(git, ran, specs)] if ran and specs else []
    made = {(path, pair) for side in gathered.differences(git, edges, specs).values() for path, pair in side.items()}
    rest = [one for one in changes if (one.path, (*one.olds, one.new)) not in made]
    return bool(edges) and (not rest or _are_parts(Blobs(git, most=LARGEST), rest, made, [*live]))


def _are_parts(blobs: Blobs, changes: Sequence[Change], made: Set[tuple[str, Pair]], live: Sequence[str]) -> bool:
    """Whether what some changes do to each section is what others of the same file did, one after the other."""
    blobs.expect([*changes, *(Change(path, new, (old,)) for path, (old, new) in made)])
    done: dict[str, set[Step]] = {}
    for path, pair in made:
        done.setdefault(path, set()).update(_steps(blobs, pair, live) or ())
    steps = ((one.path, _steps(blobs, one.olds + (one.new,), live)) for one in changes)
    return all(mine is not None and all(_leads(done.get(path, set()), *one) for one in mine) for path, mine in steps)


def _leads(steps: Set[Step], old: Section | None, new: Section | None) -> bool:
    reached, left = {old}, [old]
    while left:
        one = left.pop()
        more = {after for before, after in steps if before == one} - reached
        reached |= more
        left += more
    return new in reached


def _steps(blobs: Blobs, states: Sequence[Entry | None], live: Sequence[str]) -> set[Step] | None:
    """What a change does to each section of a plain file, None for any other change."""
    if len(states) != 2 or not all(one and one.is_file for one in states) or len({one.mode for one in states if one}) > 1:
        return None
    old, new = (blobs.read(one.oid) for one in states if one)
    return sections.steps(old, new, live)
