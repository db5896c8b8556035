"""An experiment that leaves the trunk: only as a whole, and the way it came, by a merge that is taken back; the history keeps it."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache

from gitexp.git import history
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.rules import gathered, rows
from gitexp.rules.change import Change, Entry, Pair
from gitexp.rules.ruleset import RuleSet


def left(git: Git, rules: RuleSet, trunk: str, lines: Sequence[str], is_gone: Callable[[str], bool]) -> Callable[[Change], bool]:
    """Whether a path goes with all of its experiment, where nothing but merges had brought that path and what was measured last.

    `trunk` has the ledger, and the first of `lines` the history; their first parents are what was published one by one.
    """
    @cache
    def plain(slug: str) -> Set[str] | None:
        return _plain(git, rules, trunk, lines, slug) if is_gone(slug) else None

    def is_left(one: Change) -> bool:
        stays = plain(rules.owner(one.path))
        return stays is not None and one.path not in stays
    return is_left


def _plain(git: Git, rules: RuleSet, trunk: str, lines: Sequence[str], slug: str) -> Set[str] | None:
    """The paths of an experiment that plain commits have brought; None where what was measured last did not come by a merge."""
    last = rows.at(git, trunk, rules.ledger, slug, runs=True)[-1:]
    commits = history.lines(git, lines)
    if last in ([one.oid] for one in commits) or last not in ([one] for one in git.ask('rev-list', lines[0]).text.split()):
        return None
    edges = [(one.oid, next(iter(one.parents), '')) for one in commits]
    sides = gathered.differences(git, edges, [f':(top,literal){rules.experiments}/{slug}'])
    return _added(rules, commits, [sides[edge] for edge in edges])


def _added(rules: RuleSet, commits: Iterable[Commit], sides: Iterable[Mapping[str, Pair]]) -> Set[str]:
    """What a plain commit has added that no merge before it had brought, there or where it counted then."""
    came: dict[str, frozenset[tuple[str | None, Entry]]] = {}
    plain: set[str] = set()
    for commit, side in zip(commits, sides):
        new = {(path, entry) for path, (old, entry) in side.items() if entry and old is None}
        had = came.get(next(iter(commit.parents), ''), frozenset())
        if len(commit.parents) < 2:
            plain.update(path for path, entry in new if had.isdisjoint([(path, entry), (rules.current(path), entry)]))
        came[commit.oid] = had | new if new and len(commit.parents) > 1 else had
    return plain
