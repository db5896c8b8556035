"""The folder of an experiment that has been measured: what was there then is there, whatever way a branch or the trunk has taken."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import cache
from itertools import chain

from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.lab.config import APPENDS, FILE
from gitexp.rules import change, gathered, judge, measured, meta, restored, reverted, rows
from gitexp.rules.beside import Names
from gitexp.rules.case import Away, Case
from gitexp.rules.change import LARGEST, Blobs, Change, Committed, Entry
from gitexp.rules.judge import LASTING, LIFTED
from gitexp.rules.ruleset import BUILT_IN
from gitexp.rules.span import Span

_DROP = 'leave out the merge that brings it, and what takes it back: git rebase --rebase-merges -i, and push that'


def arriving(span: Span, *, whole: bool = False, noted: Mapping[str, str] = {}) -> list[Finding]:
    """Compare what the trunk will be with what is published, and then the experiments that come with what was measured.

    `noted` is where branches were that have departed.
    """
    wrong = _forgotten(span) or span.ends()
    if wrong:
        return wrong
    joined = _joined(span, noted)
    return [
        one for slug in sorted(span.arrived | joined.keys())
        for one in findings(span, slug, old=joined.get(slug), merged=True, whole=whole)
    ]


def passing(span: Span, *, whole: bool = False) -> list[Finding]:
    """Compare what the trunk has of experiments at merges on the way and before them, and not in the end: from then on it has had that."""
    way, place = history.merging(span.git, span.trunk, span.tip), f':(top,literal){span.rules.experiments}'
    sides = gathered.differences(span.git, [(one, end) for one in way for end in (span.tip, span.trunk)], [place])
    found = []
    for one in way:
        slugs = set.intersection(*({span.rules.owner(path) for path in sides[one, end]} for end in (span.tip, span.trunk))) - {''}
        there = span._replace(tip=one)
        if slugs and not there.findings():
            found += [wrong for slug in sorted(slugs & there.arrived) for wrong in findings(there, slug, merged=True, whole=whole)]
    return [one._replace(way=_DROP) for one in found]


def _joined(span: Span, noted: Mapping[str, str]) -> dict[str, str | None]:
    """The experiments that the trunk comes to reach, be it that it takes nothing of them: where each branch is, or what was measured."""
    git, rules, new = span.git, span.rules, {one.oid for one in span.commits}
    here = git.ask('for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/heads/exp').text.split('\n')
    tips = {**noted, **{branch: oid for branch, _, oid in (line.partition(' ') for line in here)}}
    ran = dict.fromkeys(rows.about(git, span.trunk, rules.ledgers, new))
    return {**ran, **{slug: oid for branch, oid in tips.items() if oid in new and (slug := rules.slug(branch))}}


def beside(span: Span) -> list[Finding]:
    """Compare what commits, which have been judged, have made of other experiments beside what was measured, as the trunk would."""
    others = span.anew - {span.rules.slug(span.branch)}
    if not others:
        return []
    lost = [one for one in span.ends() if span.rules.owner(one.path) in others]
    return lost or [one for slug in sorted(others & span.arrived) for one in findings(span, slug, merged=True)]


def _forgotten(span: Span) -> list[Finding]:
    """That what was measured counts as such no more, since the ledger is another one."""
    blob, = repository.objects(span.git, [f'{span.tip}:{FILE}']) if FILE in span.taken else [None]
    lost = measured.forgotten(span.git, span.rules, span.trunk, blob) if blob else []
    return [Finding('rows', FILE, f"'{path}' would be no ledger any more", BUILT_IN, measured.way(lost)) for path in lost[:1]]


def findings(span: Span, slug: str, *, old: str | None = None, merged: bool = False, whole: bool = False) -> list[Finding]:
    """Compare the folder of an experiment that has been measured with all that was measured, and with what its branch had.

    That the tip reaches what was measured says little: a merge may leave that behind, or bring beside it what nothing was held against.
    A rebase leaves those files as they are. `old` is where the branch was; what this repository does not have is not compared, but
    where it has all that was ever pushed (`whole`) an experiment does not come without anything that was measured.
    On the trunk (`merged`) only the files that it takes are: it need not take in everything. Of what it comes to reach by that all are,
    unless it has none of them: from then on the branch may have what the trunk has.

    What was led back on the trunk comes as it left, and all of it, there and on a branch that has merged that. What a person has put
    there counts where the span's own commits have put it: another branch's are its own business.
    """
    said = span.rows(span.trunk, slug)
    left, led = _left(span, slug, merged=merged)
    if not said and not left and not led:
        return []
    names = measured.named(said)
    *known, was = repository.objects(span.git, [f'{name}^{{commit}}' for name in (*names, old or '0' * len(span.tip))])
    before = dict.fromkeys(oid for oid in (*known, was, *chain(*left.values()), *led) if oid)
    lacking = _lacking(span, slug, merged=merged) if whole and said else []
    if lacking or not before:
        return lacking
    apart = history.apart(span.git, span.tip, before)
    away = judge.away(lambda: [Committed(span.git, span.tip).against(span.trunk)])
    published = {*before} - history.apart(span.git, span.trunk, before)
    ran = {oid for oid in known if oid}

    @cache
    def is_begun(start: str) -> bool:
        # A branch that goes on from where it was had not to keep its plan there before something was measured, further on.
        return bool(said) and (start != was or start in apart or not measured.is_before(span.git, start, ran))
    joined = {*before} - apart - published if merged and stays(span, slug, span.tip) else set()
    asked = joined.union(*(some for path, some in left.items() if span.taken[path] is None))
    folder = _Folder(
        span, slug, merged, apart=apart, blobs=Blobs(span.git, most=LARGEST), published=published, ran={*said}, is_begun=is_begun,
        left=asked, led=led - apart, tips=[span.tip, *filter(None, [was])], away=lambda one: one.new is None or away(one),
    )
    return folder.findings([one for one in before if merged or one not in led or one not in apart])


def _left(span: Span, slug: str, *, merged: bool) -> tuple[dict[str, list[str]], Set[str]]:
    """The commits of the trunk that had what comes back to it: for each path that it takes, and for the experiment as one."""
    ours = _taken(span, slug)
    if not ours:
        return {}, set()
    lines = (span.trunk, *span.beside)
    return reverted.before(
        span.git, span.rules, slug, lines, ours if merged else (), lambda: frozenset(_lasting(span, slug, span.tip)),
        lambda oid: _is_evidence(span, slug, oid), span.published,
    )


def _is_evidence(span: Span, slug: str, commit: str) -> bool:
    """Whether a commit of the trunk had an experiment since something of it was measured: before that a plan may begin anew."""
    ran = {*measured.known(span.git, span.rows(span.trunk, slug))}  # Others may have measured what nobody has pushed.
    return bool(span.rows(commit, slug)) or bool(ran) and not ran <= history.apart(span.git, commit, ran)


def _taken(span: Span, slug: str) -> list[str]:
    """What the trunk takes of an experiment that a rule keeps."""
    return [path for path in span.taken if span.rules.owner(path) == slug and judge.lasts(span.rules, path)]


def _lacking(span: Span, slug: str, *, merged: bool) -> list[Finding]:
    """That nothing is here of what was measured; what the trunk has already is held against that."""
    ran = measured.named(rows.at(span.git, span.trunk, span.rules.ledgers, slug, here=True))
    if not ran or measured.known(span.git, ran):
        return []
    if merged and all(map(span.taken.get, _taken(span, slug))) and stays(span, slug, span.trunk):
        return []
    wrong = f'its rows name commits that were never pushed, such as {ran[-1][:10]}, so that nothing can be compared with them'
    return [Finding('measured', f'exp/{slug}', wrong, way=f'push that first: git push origin {ran[-1]}:refs/heads/exp/{slug}')]


def stays(span: Span, slug: str, commit: str) -> bool:
    """Whether a commit has anything of an experiment that a rule keeps."""
    return any(True for _ in _lasting(span, slug, commit))


def _lasting(span: Span, slug: str, commit: str) -> Iterator[tuple[str, Entry]]:
    """What a commit has of an experiment that a rule keeps."""
    rules, git = span.rules, span.git
    there = Committed(git, commit).against(change.empty_tree(git, commit), [f':(top,literal){rules.experiments}/{slug}'])
    return ((path, new) for path, (_, new) in there.items() if new and rules.owner(path) == slug and judge.lasts(rules, path))


class _Folder(NamedTuple):
    """The folder of an experiment at the tip; `apart` is what the tip does not reach of that which it is compared with.

    `published` is what the trunk reaches of that, `ran` what its rows name, `is_begun` tells whether something had been measured there.
    `left` is what all is asked of: where the trunk last had what comes back to it, and what it comes to reach; `led` is where it had it
    before it was led back, of which nothing that has happened since accounts for a part. `tips` are those that tell what has happened
    since.
    """

    span: Span
    slug: str
    merged: bool
    apart: Set[str]
    blobs: Blobs
    published: Set[str]
    ran: Set[str]
    is_begun: Callable[[str], bool]
    left: Set[str]
    led: Set[str]
    tips: Sequence[str]
    away: Away

    def findings(self, starts: Sequence[str]) -> list[Finding]:
        back = self._back() | self.left | self.led
        since = {
            start: [
                one for one in changes
                if not self.merged or start in back or one.path in self.span.taken
            ]
            for start, changes in self._since(starts)
        }
        self.blobs.expect(judge.reading(self.span.rules, chain(*since.values())))
        found = []
        for start, changes in since.items():
            lost = self._lost(start, changes)
            if lost and self._has_left(start):
                self.span.emptied.add(start)
            elif lost:
                found += self._unsettled(start, changes, lost)
        return list({(one.path, one.rule): one for one in found}.values())

    @property
    def _place(self) -> list[str]:
        return [f':(top,literal){self.span.rules.experiments}/{self.slug}']

    def _since(self, starts: Sequence[str]) -> Iterator[tuple[str, list[Change]]]:
        """What has changed since each of several commits; where that is the same and asked alike, once for the last of them."""
        sides = gathered.differences(self.span.git, [(self.span.tip, start) for start in starts], self._place)
        kinds = {(self._asked(start), tuple(change.joined([sides[self.span.tip, start]]))): start for start in starts}
        owner = self.span.rules.owner
        return ((start, [one for one in changes if owner(one.path) == self.slug]) for (_, changes), start in kinds.items())

    def _asked(self, start: str) -> tuple[bool, ...]:
        return start in self.apart, start in self.published, self.is_begun(start)

    def _lost(self, start: str, changes: Sequence[Change]) -> list[Finding]:
        # What the trunk had already grows there in its own way, until the branch is merged.
        grown = {one.path for one in changes if self.merged and start in self.apart and self.span.taken.get(one.path)}
        free = {one.path for one in changes if self._is_opened(start, one)}
        lost = [one for one in self._judged(start, changes) if one.rule not in LIFTED or one.path not in free]
        lost = [one for one in lost if one.path not in grown or one.rule not in APPENDS]
        asked = {one.path: one for one in changes} if self.merged else {}
        return [one for one in lost if not (self.merged and self._is_led(start, asked[one.path]))]

    def _is_opened(self, start: str, one: Change) -> bool:
        """Whether a person has put there what is there, and not before that."""
        commits = self.span.opened.get((one.path, one.new), [])
        return bool(commits and history.apart(self.span.git, start, commits))

    def _is_led(self, start: str, one: Change) -> bool:
        """Whether the trunk has it so since a merge was taken back; of what was measured, to what was published."""
        led = (self.span.led if start in self.ran or start not in self.tips else self.span.turned)(one)
        return led is not None and not self._judged(start, [led])

    def _judged(self, start: str, changes: Sequence[Change]) -> list[Finding]:
        # What the trunk has is its own, and no state of an experiment that is no part of it yet.
        case = Case(
            self.span.rules, f'exp/{self.slug}', self.blobs.read, lambda one: self.away(one) or start not in self.published, ends=True,
            undo=f'git checkout {start[:10]} -- {{path}}, as it was then', commit=self.span.tip,
            target=Committed(self.span.git, self.span.tip), names=Names(self.span.git, start).learn(changes), measured=self.span.measured,
        )
        found = [one for one in judge.judge(case, changes) if one.rule in LASTING]
        return [one for one in found if one.rule != 'sections' or self.is_begun(start)]

    def _back(self) -> Set[str]:
        """What comes to the trunk once more, after its merge was reverted: then all of it does."""
        return set() if not self.merged or stays(self.span, self.slug, self.span.trunk) else self.published

    def _has_left(self, start: str) -> bool:
        """Whether nothing of it is there, as on a branch that has merged a trunk where it was reverted; the history has it."""
        return not self.merged and start not in self.apart and not stays(self.span, self.slug, self.span.tip)

    def _unsettled(self, start: str, changes: Sequence[Change], lost: Sequence[Finding]) -> list[Finding]:
        """Without what the history since then accounts for."""
        asked = {one.path: one for one in changes}
        left = restored.without(self.span.git, self.span.rules, lost, changes, self.tips, start)
        left = [one for one in left if not self._is_accounted(start, asked[one.path], one.rule)]
        if start not in self.apart and start not in self.led:
            left = self._beyond_trunk(start, asked, left)
        if not self.merged or start in self.published:
            return left
        # Where a rebase was merged, the trunk has had what was measured, though not that commit, and its own ends are judged.
        kept = [one.path for one in left if start in self.apart or one.rule != 'sections']  # A plan was free there before it was measured.
        ours = [(path, asked[path].olds[0]) for path in kept if self.span.taken.get(path, asked[path].new)]
        lines = (self.span.trunk, *self.span.beside)
        had = reverted.had(self.span.git, self.span.rules, self.slug, lines, ours, self.span.published) if ours else set()
        return [one for one in left if one.path not in had]

    def _is_accounted(self, start: str, one: Change, rule: str) -> bool:
        """Whether a person has put there since then what is there."""
        git, tip, witness = self.span.git, self.span.tip, self.span.witness
        return rule in LIFTED and witness is not None and any(
            meta.is_said(git, oid) and not witness.lacks(oid, self.span.branch) for oid in gathered.put(git, tip, start, one.path, one.new)
        )

    def _beyond_trunk(self, start: str, asked: Mapping[str, Change], lost: Sequence[Finding]) -> list[Finding]:
        """Without what goes on from what the trunk has made of it, and what a merge with what the trunk has would be.

        What the trunk has led back is gone on a branch that has merged that, where some of the experiment is left: with nothing left of
        it, all is asked of whatever comes.
        """
        if not lost:
            return []
        since = {one.path: one.olds for _, changes in self._since([self.span.trunk]) for one in changes}
        trunk = {path: since.get(path, (one.new,)) for path, one in asked.items()}
        sides = trunk if start in self.published else {path: (*asked[path].olds, *olds) for path, olds in trunk.items()}
        joint = [Change(path, asked[path].new, olds, ((),) * (len(olds) - 1)) for path, olds in sides.items()]
        wrong = {(one.path, one.rule) for one in self._judged(start, joint)}
        left = [one for one in lost if not any(trunk[one.path]) or (one.path, one.rule) in wrong]
        git, rules = self.span.git, self.span.rules
        at = history.left(git, self.span.trunk, self.span.tip) if left and not self.merged else None
        if at is None or not stays(self.span, self.slug, at):
            return left
        led = reverted.led(git, rules, [at], history.line(git, at))
        return [one for one in left if any(trunk[one.path]) or led(asked[one.path]) is None]
