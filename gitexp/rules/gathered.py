"""What each of many commits changes, from few git processes."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.rules import change
from gitexp.rules.change import RAW, Change, Entry, Pair

Differences = Mapping[str, Pair]


def changes(
    git: Git, commits: Sequence[Commit], specs: Sequence[str], kin: Set[str] | None = None,
) -> Iterator[tuple[Commit, list[Change]]]:
    """The changes of each commit that has any; of merges, which may differ much from a parent, only what the pathspecs select.

    For all others they are left out: git takes twenty times longer to match each entry of a tree than to see that it is the same.
    Where there are `kin`, what is not one of them is no merge base.
    """
    merges = [one for one in commits if len(one.parents) > 1]
    sides = differences(git, _edges(one for one in commits if len(one.parents) < 2), ())
    sides.update(differences(git, _edges(iter(merges)), specs))
    joins = [one for one in merges if any(sides[one.oid, parent] for parent in one.parents)]
    bases = {
        one.oid: [[base for base in some if kin is None or base in kin] for some in history.joins(git, *one.parents)] for one in joins
    }
    origins = differences(git, [(oid, base) for oid, found in bases.items() for some in found for base in some], specs)
    for commit in commits:
        mine = [sides[edge] for edge in _edges(iter([commit]))]
        if any(mine):
            yield commit, change.joined(mine, [[origins[commit.oid, base] for base in some] for some in bases.get(commit.oid, ())])


def differences(git: Git, edges: Sequence[tuple[str, str]], specs: Sequence[str]) -> dict[tuple[str, str], Differences]:
    """What differs between each commit and another one, '' for nothing at all; one process for all."""
    if not edges:
        return {}
    feed = ''.join(f'{commit} {parent}'.rstrip() + '\n' for commit, parent in edges).encode()
    fields = git.ask('diff-tree', '--stdin', '--root', '--always', *RAW, '--', *specs, feed=feed).names
    return dict(zip(edges, _blocks(fields)))


def apart(git: Git, tree: str, others: Sequence[str]) -> dict[str, Differences]:
    """What differs between each of some trees and one; one process for all. None of them may be another kind of object."""
    different = [other for other in others if other != tree]
    if not different:
        return dict.fromkeys(others, {})
    feed = ''.join(f'{other} {tree}\n' for other in different).encode()
    sides = dict(zip(different, map(change.pairs, _tree_blocks(git.ask('diff-tree', '--stdin', *RAW, feed=feed).names))))
    return {other: sides.get(other, {}) for other in others}


def made(git: Git, line: Sequence[Commit], specs: Sequence[str] = ()) -> Mapping[str, Set[Entry | None]]:
    """What each commit of a line has made of the paths that it changes, against its first parent; where there are pathspecs, of those."""
    found: dict[str, set[Entry | None]] = {}
    for side in differences(git, [(one.oid, next(iter(one.parents), '')) for one in line], specs).values():
        for path, (_, new) in side.items():
            found.setdefault(path, set()).add(new)
    return found


def put(git: Git, tip: str, since: str, path: str, entry: Entry | None) -> list[str]:
    """The commits on the way from one to another that have put something at a path."""
    if not entry:
        return []
    new = {one.oid for one in history.new(git, [tip], [since])}
    commits = new.intersection(git.ask('rev-list', '--full-history', tip, '--', f':(top,literal){path}').text.split())
    oids = repository.objects(git, [f'{oid}:{path}' for oid in commits])
    return [oid for oid, there in zip(commits, oids) if there == entry.oid]


def _edges(commits: Iterator[Commit]) -> list[tuple[str, str]]:
    """Each commit with each of its parents, '' for the parent of a first one."""
    return [(commit.oid, parent) for commit in commits for parent in commit.parents or ('',)]


def _tree_blocks(fields: Sequence[str]) -> list[list[str]]:
    """The records below the names of each two trees, which differ, and which git ends by a newline whatever else it ends by."""
    found: list[list[str]] = []
    for said, path in zip(fields[::2], fields[1::2]):
        names, _, record = said.rpartition('\n')
        if names:
            found.append([])
        found[-1] += [record, path]
    return found


def _blocks(fields: Sequence[str]) -> Iterator[Differences]:
    """The records below each commit's name."""
    at = 0
    while at < len(fields):
        end = at + 1
        while end < len(fields) and fields[end].startswith(':'):
            end += 2
        yield change.pairs(fields[at + 1:end])
        at = end
