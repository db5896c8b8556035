"""The rules over a range of commits: each one against each of its parents, so that breaking and restoring is seen."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.git import history
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.rules import change, judge
from gitexp.rules.change import RAW, Blobs, Change, Committed, Pair
from gitexp.rules.judge import LIFTED, Case
from gitexp.rules.meta import TRAILER
from gitexp.rules.ruleset import RuleSet

_AT_ONCE = 512
Differences = Mapping[str, Pair]


@dataclass(frozen=True)
class Span:
    """What `tip` reaches and `known` does not, as commits of `branch`.

    `trunk` is the trunk's commit; `meta` tells whether meta mode is on here, for commits that carry its trailer.
    """

    git: Git
    rules: RuleSet
    tip: str
    known: tuple[str, ...]
    branch: str | None
    trunk: str
    meta: bool = False

    @cached_property
    def commits(self) -> list[Commit]:
        """Parents before children."""
        return history.new(self.git, self.tip, self.known)

    @cached_property
    def _line(self) -> frozenset[str]:
        """The commits that were made on the branch itself: its first parents."""
        parents = {commit.oid: commit.parents[:1] for commit in self.commits}
        line, at = set(), self.tip
        while at in parents:
            line.add(at)
            at = next(iter(parents[at]), '')
        return frozenset(line)

    @cached_property
    def _bases(self) -> list[str]:
        return history.bases(self.git, self.trunk, self.tip)

    @cached_property
    def _is_wide(self) -> bool:
        """Whether every path matters, and not only those that a rule names."""
        return self._on_trunk and bool(self.rules.guard) or self.rules.confines(self.rules.slug(self.branch))

    @property
    def _on_trunk(self) -> bool:
        return self.branch == self.rules.trunk

    def findings(self) -> list[Finding]:
        """Judge every commit; raises Refused when history is cut off within the range."""
        _refuse_shallow(self.git, self.commits)
        blobs = Blobs(self.git)
        starts = range(0, len(self.commits), _AT_ONCE)
        return [one for start in starts for one in self._some(self.commits[start:start + _AT_ONCE], blobs)]

    def _some(self, commits: Sequence[Commit], blobs: Blobs) -> Iterator[Finding]:
        gathered = list(self._gathered(commits))
        for _, changes in gathered:
            blobs.expect(judge.reading(self.rules, changes))
        for commit, changes in gathered:
            yield from self._one(commit, changes, blobs.read)

    def _one(self, commit: Commit, changes: list[Change], read: Callable[[str], bytes]) -> list[Finding]:
        own = not self._on_trunk or commit.oid in self._line
        target = Committed(self.git, commit.oid)
        case = Case(
            self.rules, self.branch if own else None, read,
            judge.away(lambda: [target.against(tree) for tree in dict.fromkeys((self.trunk, *self._bases))]),
            pulled=all(other not in self._known_here for other in commit.parents[1:]) and len(commit.parents) > 1,
            undo=f'take it out of that commit: git rebase -i {commit.oid[:10]}^', commit=commit.oid,
        )
        found = judge.judge(case, changes)
        if self.meta and any(one.rule in LIFTED for one in found) and has_trailer(self.git, commit.oid):
            return judge.judge(replace(case, meta=True), changes)
        return found

    @cached_property
    def _known_here(self) -> frozenset[str]:
        return frozenset(commit.oid for commit in self.commits)

    def _gathered(self, commits: Sequence[Commit]) -> Iterator[tuple[Commit, list[Change]]]:
        """The changes of each commit that has any which matter, all from two git processes."""
        edges = [(commit.oid, parent) for commit in commits for parent in commit.parents or ('',)]
        differing = self._differences(edges)
        joins = [one for one in commits if len(one.parents) > 1 and any(differing[one.oid, parent] for parent in one.parents)]
        bases = {one.oid: history.bases(self.git, *one.parents) for one in joins}
        origins = self._differences([(oid, base) for oid, found in bases.items() for base in found])
        for commit in commits:
            sides = [differing[commit.oid, parent] for parent in commit.parents or ('',)]
            if any(sides):
                yield commit, change.joined(sides, [origins[commit.oid, base] for base in bases.get(commit.oid, ())])

    def _differences(self, edges: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Differences]:
        """What differs between each commit and another one, '' for nothing at all; one process for all."""
        if not edges:
            return {}
        feed = ''.join(f'{commit} {parent}'.rstrip() + '\n' for commit, parent in edges).encode()
        specs = () if self._is_wide else self.rules.pathspecs
        fields = self.git.ask('diff-tree', '--stdin', '--root', '--always', *RAW, '--', *specs, feed=feed).names
        return dict(zip(edges, _blocks(fields)))


def _blocks(fields: Sequence[str]) -> Iterator[Differences]:
    """The records below each commit's name."""
    at = 0
    while at < len(fields):
        end = at + 1
        while end < len(fields) and fields[end].startswith(':'):
            end += 2
        yield dict(change.pairs(fields[at + 1:end]))
        at = end


def has_trailer(git: Git, commit: str) -> bool:
    """Whether a commit says that it was made in meta mode."""
    return bool(git.ask('log', '-1', '--no-show-signature', f'--format=%(trailers:key={TRAILER},valueonly)', commit, '--').text.strip())


def _refuse_shallow(git: Git, commits: Sequence[Commit]) -> None:
    ends = [commit for commit in commits if not commit.parents]
    if not ends or git.ask('rev-parse', '--is-shallow-repository').text != 'true':
        return
    cut = set(Path(git.ask('rev-parse', '--path-format=absolute', '--git-path', 'shallow').text).read_text().split())
    if any(commit.oid in cut for commit in ends):
        raise Refused('this clone is shallow, and its history is cut off within the range', hint='git fetch --unshallow')
