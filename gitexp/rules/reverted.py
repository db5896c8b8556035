"""An experiment that is taken back on the trunk: as a whole, to what it was before a merge; the history keeps what merges bring."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from functools import cache
from itertools import chain

from gitexp.core.tuples import NamedTuple
from gitexp.git import history
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.rules import gathered, growth, judge
from gitexp.rules.change import LARGEST, Blobs, Change, Entry, Pair
from gitexp.rules.pattern import fold
from gitexp.rules.ruleset import RuleSet

State = frozenset[tuple[str, Entry]]


class Published(NamedTuple):
    """The commits that the trunk has been at, and those on the `way`, which tell what has left and not what it has had."""

    ends: Set[str]
    way: Set[str]


class Back(NamedTuple):
    """That a commit has led an experiment back to where another one had it."""

    commit: str
    to: str
    state: State


class Step(NamedTuple):
    """An experiment at a commit, by the line of first parents that leads there.

    `there` is what lasting rules cover, `had` what the trunk was last published with, and `end` the last commit of the line that counts,
    which had `seen`. It may be led `back` to a state before a merge, or `forth` to one before that, as long as there were nothing but
    merges and such reverts since, and what other commits have changed and taken back: `ways` has the two of then by state. It comes with
    the last commit that had it. `came` is what merges have brought, `gone` the commit that last had a path which was led back or taken
    away, `left` are those before all was led back.
    """

    there: State = frozenset()
    had: State = frozenset()
    end: str = ''
    seen: State = frozenset()
    back: Mapping[State, str] = {}
    forth: Mapping[State, str] = {}
    ways: Mapping[State, tuple[Mapping[State, str], Mapping[State, str]]] = {}
    came: State = frozenset()
    gone: Mapping[str, str] = {}
    left: frozenset[str] = frozenset()
    last: Back | None = None


def led(
    git: Git, rules: RuleSet, lines: Sequence[str], since: Collection[str],
    staged: Callable[[str], tuple[Commit, Mapping[str, Pair]]] | None = None, *, ends: bool = False, published: Published | None = None,
) -> Callable[[Change], Change | None]:
    """What a change is from where one of some commits has led its experiment back; None where none has, or that tells nothing of it.

    The first of `lines` has the history, or what is `staged` on it; what the first parents of the others tell was published one by one.
    A path that comes from there on is new, and no part of that. `ends` asks that what it was led back to was published before. Where it
    is known what was `published`, nothing else counts.
    """
    @cache
    def last(slug: str) -> Back | None:
        steps, plain = _steps(git, rules, slug, lines, published)
        end = steps[lines[0]]
        if staged:
            end = _next(rules, slug, end, *staged(_folder(rules, slug)))
        back = end.last
        if not back or back.commit not in since or plain and history.apart(git, back.to, plain):
            return None
        if ends and back.state and all(steps[oid].had != back.state for oid in history.line(git, *lines[1:])):
            return None
        stays = _is_as_led(git, rules, back.state, end.there, [steps[oid].there for oid in end.left if oid])
        return back if stays and _stands(git, steps, end, back, lines[1:]) else None

    def since_then(one: Change) -> Change | None:
        back = last(rules.owner(one.path))
        old = dict(back.state).get(one.path) if back else None
        return Change(one.path, one.new, (old,)) if back and (old or not one.new) else None
    return since_then


def _stands(git: Git, steps: Mapping[str, Step], end: Step, back: Back, others: Iterable[str]) -> bool:
    """Whether an experiment that was led back has not come back in part since then, nor come anew where nothing was left of it.

    Other lines may bring later what they have; what they had when it was led back has gone with that.
    """
    came = _paths(end.there) - _paths(back.state)
    if not came or not came.isdisjoint(end.gone):
        return not came
    at = [history.left(git, one, back.commit) for one in others]
    had = _paths(*(steps[one].there for one in at if one))
    return came.isdisjoint(had) and (bool(back.state) or came <= _paths(*(steps[one].there for one in others)))


def _paths(*states: State) -> set[str]:
    return {path for state in states for path, _ in state}


def before(
    git: Git, rules: RuleSet, slug: str, lines: Sequence[str], paths: Iterable[str], now: Callable[[], State],
    counts: Callable[[str], bool], published: Published | None,
) -> tuple[dict[str, list[str]], Set[str]]:
    """The commits of some lines that had what comes back of an experiment: for each path, and for the experiment as one.

    Each path was there just before it was led back or taken away, and on the others than the first it may be yet; of that what `counts`
    is asked. As one it comes back where it is not `now` as the lines have had it, but for what never left.
    """
    steps, _ = _steps(git, rules, slug, lines, published)
    there = {one: _paths(steps[one].there) for one in lines[1:]}
    gone = {path: [steps[one].gone[path] for one in lines if path in steps[one].gone] for path in paths}
    ever = {*chain(*gone.values()), *chain(*(steps[one].left for one in lines))} - {''}
    free = {oid for oid in ever if not counts(oid)}
    each = {path: [*some, *(one for one in there if path in there[one])] for path, some in gone.items()}
    each = {path: [one for one in some if one not in free] for path, some in each.items()}
    left = frozenset[str]().union(*(steps[one].left for one in lines)) - {'', *free}
    if not left:
        return each, set()
    state, lefts = now(), [steps[oid].there for oid in left]
    return each, set() if any(_is_as_led(git, rules, one, state, lefts) for one in {step.had for step in steps.values()}) else left


def _is_as_led(git: Git, rules: RuleSet, before: State, now: Collection[tuple[str, Entry]], lefts: Iterable[State]) -> bool:
    """Whether an experiment goes on from what it was before with nothing of what has left, which comes back as one; what is new is free.

    Its files are there, be it retired or current again, with what nothing that left has: files of other names, sections under other
    headings, and what is empty in all of it.
    """
    old, new = dict(before), dict(now)
    read, had = Blobs(git, most=LARGEST).read, [dict(one) for one in lefts]
    names = {fold(path) for one in had for path in one}
    gone = Counter((rules.current(path) or path, old[path]) for path in old.keys() - new.keys())
    came = {path: (rules.current(path) or path, new[path]) for path in new.keys() - old.keys()}
    if gone - Counter(came.values()):
        return False

    def texts(path: str) -> list[bytes]:
        return [read(one[path].oid) for one in had if path in one and one[path].is_file]
    return all(what in gone or fold(path) not in names for path, what in came.items()) and all(
        new[path] == old[path] or new[path].is_file and new[path].mode == old[path].mode
        and growth.is_beside(rules, path, read(old[path].oid), read(new[path].oid), texts(path))
        for path in old.keys() & new.keys()
    )


def had(
    git: Git, rules: RuleSet, slug: str, lines: Sequence[str], asked: Iterable[tuple[str, Entry | None]], published: Published | None,
) -> set[str]:
    """Which paths of an experiment some lines have had as is asked."""
    steps, _ = _steps(git, rules, slug, lines, published)
    there = frozenset[tuple[str, Entry | None]]().union(*{step.had for step in steps.values()})
    return {path for path, entry in asked if (path, entry) in there}


def _steps(
    git: Git, rules: RuleSet, slug: str, lines: Sequence[str], published: Published | None,
) -> tuple[Mapping[str, Step], Set[str]]:
    """Each commit of some lines, and those beside the first line that are neither merges nor lead anything back."""
    commits = history.lines(git, lines)
    edges = [(one.oid, next(iter(one.parents), '')) for one in commits]
    sides = gathered.differences(git, edges, [_folder(rules, slug)])
    steps = {'': Step()}
    for commit, edge in zip(commits, edges):
        made = _next(rules, slug, steps.get(edge[1], steps['']), commit, sides[edge])
        is_end = published is None or commit.oid in published.ends
        made = made._replace(had=made.there) if is_end else made
        steps[commit.oid] = made._replace(end=commit.oid, seen=made.there) if is_end or published and commit.oid in published.way else made
    parents, own = dict(edges), lines[0]
    plain = {oid for oid, parent in edges if steps[oid].there != steps.get(parent, steps['']).there and not steps[oid].back}
    while own in parents:
        plain.discard(own)
        own = parents[own]
    return steps, plain


def _folder(rules: RuleSet, slug: str) -> str:
    return f':(top,literal){rules.experiments}/{slug}'


def _next(rules: RuleSet, slug: str, step: Step, commit: Commit, side: Mapping[str, Pair]) -> Step:
    ours = {path: pair for path, pair in side.items() if rules.owner(path) == slug}
    is_merge, parent = len(commit.parents) > 1, next(iter(commit.parents), '')
    came = step.came | {(path, new) for path, (_, new) in ours.items() if new and is_merge}
    kept = {path: pair for path, pair in ours.items() if judge.lasts(rules, path)}
    there = step.there - {(path, old) for path, (old, _) in kept.items() if old} | {(path, new) for path, (_, new) in kept.items() if new}
    if there == step.there:
        return step._replace(came=came, last=step.last if there else Back(commit.oid, parent, there)) if is_merge else step
    to = {**step.forth, **step.back}.get(there)
    if not is_merge and to is None and all(_is_turned(rules, path, step.came, ours) for path in kept):
        return step._replace(there=there, came=came)
    seen = _paths(step.seen)
    gone = {path: step.end for path, (old, new) in kept.items() if path in seen and (not new or old and to is not None)}
    on = step._replace(there=there, came=came, gone={**step.gone, **gone})
    if to is None and is_merge:
        return on._replace(back={**step.back, step.there: parent}, forth={}, ways={})
    if to is None:
        back, forth = step.ways.get(there, ({}, {}))
        ways = {**step.ways, step.there: (step.back, step.forth)} if step.back or step.forth else step.ways
        return on._replace(back=back, forth=forth, ways=ways)
    left = step.left if step.seen == there else step.left | {step.end}
    return on._replace(forth={**step.forth, step.there: parent}, left=left, last=Back(commit.oid, to, there))


def _is_turned(rules: RuleSet, path: str, came: State, side: Mapping[str, Pair]) -> bool:
    """Whether results that a merge has brought are only retired, or count again."""
    place, (old, new) = rules.current(path), side[path]
    if place is None or old and new:
        return False
    return (place, new) in came if new else side.get(place, (None, None))[1] == old
