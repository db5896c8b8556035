"""The rules over a range of commits: each one against each of its parents, so that breaking and restoring is seen."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import history
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.rules import attested, change, gathered, judge, rows
from gitexp.rules.attested import Witness
from gitexp.rules.case import Case
from gitexp.rules.change import Blobs, Change, Committed
from gitexp.rules.judge import LIFTED
from gitexp.rules.meta import TRAILER
from gitexp.rules.ruleset import RuleSet

_AT_ONCE = 128
_PUBLISHED = (*LIFTED, 'append-top', 'append-bottom', 'sections', 'keep')


class Asked(NamedTuple):
    """What `tip` reaches and `known` does not, as commits of `branch`.

    `trunk` is the trunk's commit. Commits that carry the trailer of meta mode have its right if it is on here (`meta`) or, where
    there is a `witness`, if that has nothing to say against them. `undo` says how a change is taken back.
    """

    git: Git
    rules: RuleSet
    tip: str
    known: tuple[str, ...]
    branch: str | None
    trunk: str
    meta: bool = False
    witness: Witness | None = None
    undo: Callable[[Commit], str] = lambda commit: f'take it out of that commit: git rebase -i {commit.oid[:10]}^'


class Span(Asked):
    """The commits that are asked about, and what is found; a class of its own, since a named tuple alone could not keep it."""

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
    def _origin(self) -> list[str]:
        return history.origin(self.git, self.trunk, self.tip)

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
        found = self._judged(self.commits)
        return self._judged(ours) if found and (ours := self._ours) != self.commits else found

    def _judged(self, commits: Sequence[Commit]) -> list[Finding]:
        blobs = Blobs(self.git)
        starts = range(0, len(commits), _AT_ONCE)
        return [one for start in starts for one in self._some(commits[start:start + _AT_ONCE], blobs)]

    @property
    def _ours(self) -> list[Commit]:
        """The commits without those of another project that is merged in, whose paths are its own; a merge is a change of what we had.

        What begins anew and is not merged has nothing to be compared with, and is judged as it stands.
        """
        if all(len(commit.parents) < 2 for commit in self.commits):
            return self.commits
        kin = history.kin(self.git, self.trunk, self.tip)
        if self.tip not in kin:
            return self.commits
        return [one._replace(parents=tuple(other for other in one.parents if other in kin)) for one in self.commits if one.oid in kin]

    def ends(self) -> list[Finding]:
        """Judge the trunk before and after as one change: what was published stays, in its order, whatever way the commits took."""
        blobs = Blobs(self.git)
        blobs.expect(judge.reading(self.rules, self._whole))
        case = Case(
            self.rules, self.branch, blobs.read, ends=True, begun=self._begun(None), commit=self.tip,
            undo=f'git rebase {self.trunk[:10]}, which is what was published',
        )
        found = [one for one in judge.judge(case, self._whole) if one.rule in _PUBLISHED]
        return [one for one in found if one.rule not in LIFTED or one.path not in self.opened]

    @cached_property
    def _whole(self) -> list[Change]:
        return change.since(Committed(self.git, self.tip), self.trunk, self.rules.pathspecs)

    @property
    def arrived(self) -> set[str]:
        """The experiments that have files now which the trunk did not have."""
        return {self.rules.owner(one.path) for one in self._whole if one.olds == (None,)} - {''}

    @cached_property
    def opened(self) -> set[str]:
        """The paths that commits in meta mode have changed, as far as they have been judged."""
        return set()

    def _some(self, commits: Sequence[Commit], blobs: Blobs) -> Iterator[Finding]:
        found = list(gathered.changes(self.git, commits, () if self._is_wide else self.rules.pathspecs))
        for _, changes in found:
            blobs.expect(judge.reading(self.rules, changes))
        authors = self._authors(found)
        for commit, changes in found:
            yield from self._one(commit, changes, blobs.read, authors.get(commit.oid, ''))

    def _one(self, commit: Commit, changes: list[Change], read: Callable[[str], bytes], author: str) -> list[Finding]:
        own = not self._on_trunk or commit.oid in self._line
        target = Committed(self.git, commit.oid)
        case = Case(
            self.rules, self.branch if own else None, read,
            judge.away(lambda: [target.against(tree) for tree in dict.fromkeys((self.trunk, *self._origin))]),
            pulled=all(other not in self._known_here for other in commit.parents[1:]) and len(commit.parents) > 1,
            undo=self.undo(commit), commit=commit.oid,
            author=self.witness.author(commit.oid, author) if self.witness and author else author, begun=self._begun(commit),
        )
        found = judge.judge(case, changes)
        if author and not case.author and self.witness:
            found = _because(found, ('human',), self.witness.lacks(commit.oid), self.witness.way)
        if not any(one.rule in LIFTED for one in found) or not has_trailer(self.git, commit.oid):
            return found
        lacking = self.witness.lacks(commit.oid) if self.witness else '' if self.meta else 'meta mode is off here'
        if lacking:
            return _because(found, LIFTED, lacking, self.witness.way if self.witness else '')
        self.opened.update(one.path for one in changes)
        return judge.judge(case._replace(meta=True), changes)

    def _authors(self, found: Sequence[tuple[Commit, list[Change]]]) -> dict[str, str]:
        """Who made the commits that change what is for people only."""
        human = [rule for rule in self.rules.rules if rule.kind == 'human']
        asked = [
            commit.oid for commit, changes in found
            if any(rule.pattern.covers(one.path) for rule in human for one in changes)
        ]
        return {oid: author for oid, (author, _) in attested.idents(self.git, asked).items()} if asked else {}

    def _begun(self, commit: Commit | None) -> Callable[[str], bool]:
        """Whether an experiment had had a run before a commit, or before all of them: its ledger has a row, or the trunk's one about it."""
        before = commit.parents[:1] if commit else (self.trunk,)
        return lambda slug: any(self.rows(one, slug) for one in before) or commit is not None and self._is_measured(slug, commit)

    def _is_measured(self, slug: str, commit: Commit) -> bool:
        """Whether the trunk's ledger has a row of an experiment about an ancestor of a commit, or one that names none."""
        measured = set(self.rows(self.trunk, slug))
        return '' in measured or bool(measured) and not measured.isdisjoint(self.git.ask('rev-list', f'{commit.oid}^@').text.split())

    def rows(self, commit: str, slug: str) -> list[str]:
        """The commits that the ledger there has rows of an experiment about."""
        return rows.at(self.git, commit, self.rules.ledger, slug)

    @cached_property
    def _known_here(self) -> frozenset[str]:
        return frozenset(commit.oid for commit in self.commits)


def _because(found: Sequence[Finding], kinds: Sequence[str], lacking: str, way: str) -> list[Finding]:
    """Findings that a person could have had the right to, with what is missing for it, and how a person comes by it."""
    return [
        one._replace(message=f'{one.message}; {lacking}', way=f'a person: {way}; or {one.way}' if way else one.way)
        if one.rule in kinds else one for one in found
    ]


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
