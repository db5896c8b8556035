"""The rules over a range of commits: each one against each of its parents, so that breaking and restoring is seen."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from functools import cached_property

from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.rules import attested, change, gathered, judge, measured, meta, people, restored, reverted, rows, wording
from gitexp.rules.attested import Witness
from gitexp.rules.beside import Names
from gitexp.rules.case import Case
from gitexp.rules.change import LARGEST, Blobs, Change, Committed, Entry
from gitexp.rules.judge import LASTING, LIFTED
from gitexp.rules.gathered import Differences
from gitexp.rules.picked import Picks
from gitexp.rules.reverted import Published
from gitexp.rules.ruleset import RuleSet

_AT_ONCE = 128
_PUBLISHED = (*LIFTED, *LASTING, 'human', 'links-only')


class Asked(NamedTuple):
    """What `tip` reaches and `known` does not, as commits of `branch`.

    `trunk` is the trunk's commit. Commits that carry the trailer of meta mode have its right if it is on here (`meta`) or, where
    there is a `witness`, if that has nothing to say against them. `undo` says how a change is taken back. `beside` is what the trunk
    was published as beside its line, as far as that is known, and `tips` all that it was at since somebody has noted it; `way` is by
    what it has gone on besides.
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
    beside: tuple[str, ...] = ()
    tips: tuple[str, ...] = ()
    way: frozenset[str] = frozenset()


class Span(Asked):
    """The commits that are asked about, and what is found; a class of its own, since a named tuple alone could not keep it."""

    @cached_property
    def commits(self) -> list[Commit]:
        """Parents before children."""
        return history.new(self.git, [self.tip], self.known)[::-1]

    @cached_property
    def line(self) -> list[str]:
        """The commits that were made on the branch itself, its first parents; the last is the one that they begin at, '' for none."""
        parents = {commit.oid: next(iter(commit.parents), '') for commit in self.commits}
        line = [self.tip]
        while line[-1] in parents:
            line.append(parents[line[-1]])
        return line

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(self.line)

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

    def findings(self, *, merged: bool = False) -> list[Finding]:
        """Judge every commit, as it would be `merged` today or as it is; raises Refused when history is cut off within the range."""
        history.refuse_shallow(self.git, self.commits)
        found = self._judged(self._ours)
        if found or not self.picks.overtake(self.tip, self.opened, merged=merged):
            return found
        way = f'git checkout {self.rules.trunk} -- {{path}}, which has gone on from there, and commit that'
        return [one._replace(way=way.format(path=wording.word(one.path))) for one in self._judged(self._ours)]

    def _judged(self, commits: Sequence[Commit]) -> list[Finding]:
        blobs = Blobs(self.git, most=LARGEST)
        starts = range(0, len(commits), _AT_ONCE)
        return [one for start in starts for one in self._some(commits[start:start + _AT_ONCE], blobs)]

    @property
    def _ours(self) -> list[Commit]:
        """The commits without those of another project that is merged in, whose paths are its own; a merge is a change of what we had.

        What begins anew and is not merged has nothing to be compared with, and is judged as it stands.
        """
        kin = self._kin
        if kin is None:
            return self.commits
        return [one._replace(parents=tuple(other for other in one.parents if other in kin)) for one in self.commits if one.oid in kin]

    @cached_property
    def _kin(self) -> Set[str] | None:
        """What comes from where the trunk has begun, where another project may be merged in; None where that tells nothing apart."""
        if all(len(commit.parents) < 2 for commit in self.commits) or len(history.roots(self.git, self.trunk, self.tip)) < 2:
            return None
        kin = history.kin(self.git, self.trunk, self.tip)
        return kin if self.tip in kin else None

    def ends(self) -> list[Finding]:
        """Judge the trunk as it is and as it will be as one change: what was published stays, whatever way the commits took."""
        blobs = Blobs(self.git, most=LARGEST)
        blobs.expect(judge.reading(self.rules, self._whole))
        merged = any(len(one.parents) > 1 for one in self.commits)
        back = f'git rebase {self.trunk[:10]}' if merged else f'git checkout {self.trunk[:10]} -- {{path}}'
        case = Case(
            self.rules, self.rules.trunk, blobs.read, ends=True, led=self.led, commit=self.tip,
            begun=lambda slug: bool(self.rows(self.trunk, slug)) and not measured.takes(self.git, self.rules, self.trunk, self.tip, slug),
            target=change.Either(self.git, self.tip, self.trunk) if self._parted else Committed(self.git, self.tip),
            names=Names(self.git, self.trunk, self.tip).learn(self._whole),
            undo=f'{back}, which is what was published', measured=self.measured,
        )
        put = {one.path: one.new for one in self._whole}
        found = [one for one in judge.judge(case, self._whole) if one.rule in _PUBLISHED]
        found = [one for one in found if not self._is_granted(one, put[one.path])]
        return restored.without(self.git, self.rules, found, self._whole, [self.tip], self.trunk)

    def _is_granted(self, found: Finding, new: Entry | None) -> bool:
        """Whether what a path has in the end was put there by who may; where something stands only in the way, whether it once was."""
        put = (found.path, new)
        if found.rule == 'human':
            return put in self.written
        if found.rule not in LIFTED:
            return False
        named = any(rule.kind == found.rule for rule in self.rules.covering(found.path))
        return put in self.opened if named else any(path == found.path for path, _ in self.opened)

    @cached_property
    def _whole(self) -> list[Change]:
        """What a merge of the tip makes of the trunk: where both have moved on, what the tip has changed since they parted."""
        target, specs = Committed(self.git, self.tip), self.rules.pathspecs
        if not self._parted:
            return change.since(target, self.trunk, specs)
        changes = [one for one in change.merged(target, [self.trunk], [self._parted], specs) if one.new not in one.origins]
        return [Change(one.path, one.new, one.olds if one.olds[0] in one.origins else one.origins[:1]) for one in changes]

    @cached_property
    def _parted(self) -> list[str]:
        """Where the trunk and the tip have parted, if both have moved on."""
        bases = [base for base in history.bases(self.git, self.trunk, self.tip) if self._kin is None or base in self._kin]
        return [] if bases == [self.trunk] else bases

    @cached_property
    def published(self) -> Published | None:
        """The commits that the trunk has been at, as far as is known: all of its line before anybody noted it. None where nobody has."""
        first, = repository.objects(self.git, [f'{one}^{{commit}}' for one in self.tips[:1]]) or [None]
        return Published({*history.line(self.git, first), *self.tips, *self.beside, self.trunk}, self.way) if first else None

    @property
    def arrived(self) -> set[str]:
        """The experiments of which the trunk takes something."""
        return {self.rules.owner(path) for path in self.taken} - {''}

    @cached_property
    def taken(self) -> dict[str, Entry | None]:
        """The protected paths that are there and not as the trunk had them, with what it had."""
        return {one.path: one.olds[0] for one in self._whole if one.new}

    @cached_property
    def opened(self) -> dict[tuple[str, Entry | None], list[str]]:
        """The paths that commits in meta mode have changed, each with what they put there, as far as they have been judged."""
        return {}

    @cached_property
    def written(self) -> set[tuple[str, Entry | None]]:
        """The same of what only people may change, and one of them has."""
        return set()

    @cached_property
    def emptied(self) -> set[str]:
        """Where its branch was when it had an experiment that it has no more, as far as it has been judged."""
        return set()

    @cached_property
    def anew(self) -> set[str]:
        """The experiments that commits change beside what was measured, so that only the result counts, as far as they have been judged."""
        return set()

    @cached_property
    def _names(self) -> Names:
        """What there may be at any of the commits: a merge tells what it brings in that a rule protects."""
        begins = (other for one in self.commits if self._known_here.isdisjoint(one.parents) for other in one.parents)
        return Names(self.git, *dict.fromkeys(begins))

    @property
    def measured(self) -> Callable[[str], list[Differences]]:
        """How the tip differs, in the folder of a path, from what was measured of its experiment."""
        return measured.differing(self.git, self.rules, self.trunk, self.tip)

    @cached_property
    def picks(self) -> Picks:
        """What was taken from the trunk without a merge, as far as it has been judged."""
        return Picks(self.git, self.trunk)

    def _some(self, commits: Sequence[Commit], blobs: Blobs) -> Iterator[Finding]:
        found = list(gathered.changes(self.git, commits, () if self._is_wide else self.rules.pathspecs, self._kin))
        self._names.learn(one for _, changes in found for one in changes)
        for _, changes in found:
            blobs.expect(judge.reading(self.rules, changes))
        authors = self._authors(found)
        for commit, changes in found:
            yield from self._one(commit, changes, blobs.read, authors.get(commit.oid, ''))

    def _one(self, commit: Commit, changes: list[Change], read: Callable[[str], bytes], author: str) -> list[Finding]:
        own = not self._on_trunk or commit.oid in self._own
        target = Committed(self.git, commit.oid)
        case = Case(
            self.rules, self.branch if own else None, read, self.picks.away(commit.oid, self._origin),
            pulled=all(other not in self._known_here for other in commit.parents[1:]) and len(commit.parents) > 1,
            undo=self.undo(commit), commit=commit.oid,
            author=self.witness.author(commit.oid, self.branch, author) if self.witness and author else author,
            begun=lambda slug: self._is_begun(slug, commit), led=self._led(commit.oid),
            ledger=lambda path: rows.whole(self.git, self.trunk, path), target=target, names=self._names,
            began=change.left(self.git, self.trunk, commit.oid),
        )
        found = judge.judge(case, changes)
        if people.named(self.rules.humans, case.author):
            self.written.update((one.path, one.new) for one in changes)
        if author and not case.author and self.witness:
            found = _because(found, ('human',), self.witness.lacks(commit.oid, self.branch), self.witness.way)
        if not any(one.rule in LIFTED for one in found) or not meta.is_said(self.git, commit.oid):
            return found
        lacking = self.witness.lacks(commit.oid, self.branch) if self.witness else '' if self.meta else 'meta mode is off here'
        if lacking:
            return _because(found, LIFTED, lacking, self.witness.way if self.witness else '')
        for one in changes:
            self.opened.setdefault((one.path, one.new), []).append(commit.oid)
        return judge.judge(case._replace(meta=True), changes)

    def _authors(self, found: Sequence[tuple[Commit, list[Change]]]) -> dict[str, str]:
        """Who made the commits that change what is for people only."""
        human = [rule for rule in self.rules.rules if rule.kind == 'human']
        asked = [
            commit.oid for commit, changes in found
            if any(rule.pattern.covers(one.path) for rule in human for one in changes)
        ]
        return {oid: author for oid, (author, _) in attested.idents(self.git, asked).items()} if asked else {}

    def _is_begun(self, slug: str, commit: Commit) -> bool:
        """Whether a commit goes on from a run of an experiment; where nothing that was measured is here, its ledger says so.

        What begins elsewhere may be a rebase of what came before the first run: it is held against what was measured, as a whole.
        """
        if self._is_measured(slug, commit):
            return True
        if not any(self.rows(one, slug) for one in commit.parents[:1]):
            return False
        if not measured.known(self.git, self.rows(self.trunk, slug)):
            return True
        self.anew.add(slug)
        return False

    @cached_property
    def led(self) -> Callable[[Change], Change | None]:
        """What a change is since its experiment was led back by commits of the line; None where it was not."""
        return self._led(*self.line[:-1], ends=True)

    @cached_property
    def turned(self) -> Callable[[Change], Change | None]:
        """The same, be it to what was not published."""
        return self._led(*self.line[:-1])

    def _led(self, *commits: str, ends: bool = False) -> Callable[[Change], Change | None]:
        """What a change is since its experiment was led back by some commits of the line that ends at the first of them."""
        lines = (*commits[:1], self.trunk, *self.beside)
        return reverted.led(self.git, self.rules, lines, commits, ends=ends, published=self.published)

    def _is_measured(self, slug: str, commit: Commit) -> bool:
        """Whether the trunk's ledger has a row of an experiment about an ancestor of a commit, or one that names none."""
        ran = set(self.rows(self.trunk, slug))
        return '' in ran or bool(ran) and not ran.isdisjoint(self._before(commit.oid))

    def _before(self, commit: str) -> list[str]:
        return self.git.ask('rev-list', f'{commit}^@').text.split()

    def rows(self, commit: str, slug: str) -> list[str]:
        """The commits that the ledgers there have rows of an experiment about."""
        return rows.at(self.git, commit, self.rules.ledgers, slug)

    @cached_property
    def _known_here(self) -> frozenset[str]:
        return frozenset(commit.oid for commit in self.commits)


def _because(found: Sequence[Finding], kinds: Sequence[str], lacking: str, way: str) -> list[Finding]:
    """Findings that a person could have had the right to, with what is missing for it, and how a person comes by it."""
    return [
        one._replace(message=f'{one.message}; {lacking}', way=f'a person: {way}; or {one.way}' if way else one.way)
        if one.rule in kinds else one for one in found
    ]
