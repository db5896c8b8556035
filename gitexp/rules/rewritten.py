"""The folder of an experiment that has been measured: what was there then is there, whatever way a branch or the trunk has taken."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain

from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.rules import change, gathered, judge
from gitexp.rules.case import Away, Case
from gitexp.rules.change import LARGEST, Blobs, Change, Committed, Entry
from gitexp.rules.judge import LASTING, LIFTED
from gitexp.rules.span import Span, has_trailer

_ID = r'[0-9a-f]{40}|[0-9a-f]{64}'
_GROWING = ('append-top', 'append-bottom')

Opened = Set[tuple[str, Entry | None]]


def arriving(span: Span) -> list[Finding]:
    """Compare what the trunk will be with what is published, and then the experiments that come with what was measured."""
    return span.ends() or [one for slug in sorted(span.arrived) for one in findings(span, slug, opened=span.opened, merged=True)]


def findings(span: Span, slug: str, *, opened: Opened, old: str | None = None, merged: bool = False) -> list[Finding]:
    """Compare the folder of an experiment that has been measured with all that was measured, and with what its branch had.

    That the tip reaches what was measured says little: a merge may leave that behind, or bring beside it what nothing was held against.
    A rebase leaves those files as they are. `old` is where the branch was; what this repository does not have is not compared.
    On the trunk (`merged`) only the files that it takes are: it need not take in everything. `opened` is what a person has put where.
    """
    measured = span.rows(span.trunk, slug)
    if not measured:
        return []
    names = [name for name in dict.fromkeys(measured) if re.fullmatch(_ID, name)]
    *known, was = repository.objects(span.git, [f'{name}^{{commit}}' for name in (*names, old or '0' * len(span.tip))])
    before = dict.fromkeys(oid for oid in (*known, was) if oid)
    if not before:
        return []
    apart = history.apart(span.git, span.tip, before)
    away = judge.away(lambda: [Committed(span.git, span.tip).against(span.trunk)])
    folder = _Folder(span, slug, opened, merged, apart, Blobs(span.git, most=LARGEST), lambda one: one.new is None or away(one))
    return folder.findings([start for start in before if start in known or start in apart])


class _Folder(NamedTuple):
    """The folder of an experiment at the tip; `apart` is what the tip does not reach of that which it is compared with."""

    span: Span
    slug: str
    opened: Opened
    merged: bool
    apart: Set[str]
    blobs: Blobs
    away: Away

    def findings(self, starts: Sequence[str]) -> list[Finding]:
        back = self._back(starts) if self.merged else set()
        since = {
            start: [one for one in changes if not self.merged or start in back or one.path in self.span.taken]
            for start, changes in self._since(starts)
        }
        self.blobs.expect(judge.reading(self.span.rules, chain(*since.values())))
        found = []
        for start, changes in since.items():
            lost = self._lost(start, changes)
            found += self._unsettled(start, changes, lost) if lost and not self._has_left(start) else []
        return list({(one.path, one.rule): one for one in found}.values())

    @property
    def _place(self) -> list[str]:
        return [f':(top,literal){self.span.rules.experiments}/{self.slug}']

    def _since(self, starts: Sequence[str]) -> Iterator[tuple[str, list[Change]]]:
        """What has changed since each of several commits; where that is the same, once for the last of them."""
        sides = gathered.differences(self.span.git, [(self.span.tip, start) for start in starts], self._place)
        kinds = {(start in self.apart, tuple(change.joined([sides[self.span.tip, start]]))): start for start in starts}
        owner = self.span.rules.owner
        return ((start, [one for one in changes if owner(one.path) == self.slug]) for (_, changes), start in kinds.items())

    def _lost(self, start: str, changes: Sequence[Change]) -> list[Finding]:
        # What the trunk had already grows there in its own way, until the branch is merged.
        grown = {one.path for one in changes if self.merged and start in self.apart and self.span.taken.get(one.path)}
        free = {one.path for one in changes if (one.path, one.new) in self.opened}
        lost = [one for one in self._judged(start, changes) if one.rule not in LIFTED or one.path not in free]
        return [one for one in lost if one.path not in grown or one.rule not in _GROWING]

    def _judged(self, start: str, changes: Sequence[Change]) -> list[Finding]:
        case = Case(
            self.span.rules, f'exp/{self.slug}', self.blobs.read, self.away, ends=True, commit=self.span.tip,
            undo=f'git checkout {start[:10]} -- {{path}}, as it was when the experiment was measured',
        )
        return [one for one in judge.judge(case, changes) if one.rule in LASTING]

    def _back(self, starts: Iterable[str]) -> Set[str]:
        """What comes to the trunk once more, after its merge was reverted: then all of it does."""
        return set() if self._stays(self.span.trunk) else self._published(starts)

    def _published(self, starts: Iterable[str]) -> Set[str]:
        asked = set(starts)
        return asked - history.apart(self.span.git, self.span.trunk, asked)

    def _has_left(self, start: str) -> bool:
        """Whether nothing of it is there, as on a branch that has merged a trunk where it was reverted; the history has it."""
        return not self.merged and start not in self.apart and not self._stays(self.span.tip)

    def _stays(self, commit: str) -> bool:
        """Whether a commit has anything of the experiment that a rule keeps."""
        rules, git = self.span.rules, self.span.git
        there = Committed(git, commit).against(change.empty_tree(git, commit), self._place)
        return any(rule.kind in LASTING for path in there if rules.owner(path) == self.slug for rule in rules.covering(path))

    def _unsettled(self, start: str, changes: Sequence[Change], lost: Sequence[Finding]) -> list[Finding]:
        """Without what the history since then accounts for."""
        asked = {one.path: one for one in changes}
        left = [one for one in lost if not self._is_accounted(start, asked[one.path], one.rule)]
        return left if start in self.apart else self._beyond_trunk(start, asked, left)

    def _is_accounted(self, start: str, one: Change, rule: str) -> bool:
        """Whether retired results have counted again since then, or a person has put there what is there."""
        place = self.span.rules.current(one.path) if rule == 'keep' else None
        if place:
            return bool(self._put(start, place, one.olds[0]))
        witness = self.span.witness
        return rule in LIFTED and witness is not None and any(
            has_trailer(self.span.git, oid) and not witness.lacks(oid, self.span.branch) for oid in self._put(start, one.path, one.new)
        )

    def _put(self, start: str, path: str, entry: Entry | None) -> list[str]:
        """The commits since then that have put something at a path."""
        if not entry:
            return []
        git, tip = self.span.git, self.span.tip
        since = {one.oid for one in history.new(git, [tip], [start])}
        commits = since.intersection(git.ask('rev-list', '--full-history', tip, '--', f':(top,literal){path}').text.split())
        oids = repository.objects(git, [f'{oid}:{path}' for oid in commits])
        return [oid for oid, there in zip(commits, oids) if there == entry.oid]

    def _beyond_trunk(self, start: str, asked: Mapping[str, Change], lost: Sequence[Finding]) -> list[Finding]:
        """Without what goes on from what the trunk has made of it, and what a merge with what the trunk has would be."""
        if not lost:
            return []
        since = {one.path: one.olds for _, changes in self._since([self.span.trunk]) for one in changes}
        trunk = {path: since.get(path, (asked[path].new,)) for path in {one.path for one in lost}}
        has_it = bool(self._published([start]))
        sides = {path: olds if has_it else (*asked[path].olds, *olds) for path, olds in trunk.items() if any(olds)}
        joint = [Change(path, asked[path].new, olds, ((),) * (len(olds) - 1)) for path, olds in sides.items()]
        wrong = {(one.path, one.rule) for one in self._judged(start, joint)}
        return [one for one in lost if one.path not in sides or (one.path, one.rule) in wrong]
