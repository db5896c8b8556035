"""The one judge: which changes the rules forbid. Every gate asks it, and they differ only in how they gather the changes."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from gitexp.core.finding import Finding
from gitexp.rules import beside, naming, people, wording
from gitexp.rules.case import Away, Case
from gitexp.rules.change import Change, Entry, Pair
from gitexp.rules.ruleset import BUILT_IN, INPUT, Rule, RuleSet

LIFTED = ('frozen', 'protocol', 'guarded', 'naming')
_APPENDS = ('append-top', 'append-bottom')
_BY_BYTES = (*_APPENDS, 'sections')
LASTING = ('protocol', *_BY_BYTES, 'keep')
_EMPTY = {'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391', '473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813'}


def judge(case: Case, changes: Iterable[Change]) -> list[Finding]:
    """Name each change that a rule forbids, in path order; at most one finding a path and rule."""
    changes = sorted(changes, key=lambda change: change.path)
    case = case._replace(moved=_moved_back(case.rules, changes))
    found = [one for change in changes for one in _change(case, change)]
    found += _beside(case, changes, {one.path for one in found})
    told = [one for one in found if one.rule != 'guarded']
    named = {one.path for one in told}
    return told + _together(case, [one for one in found if one.rule == 'guarded' and one.path not in named])


def direct(case: Case, changes: Iterable[Change]) -> list[Finding]:
    """Name what changes directly on a guarded trunk; one finding for all."""
    return _together(case, [one for change in changes for one in _guarded(case, change, list(case.rules.covering(change.path)))])


def reading(rules: RuleSet, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes whose bytes will be asked for."""
    return (change for change in changes if any(rule.kind in _BY_BYTES for rule in rules.covering(change.path)))


def _moved_back(rules: RuleSet, changes: Iterable[Change]) -> Set[str]:
    """The paths of retired results that are where they were before, each in a place of its own."""
    news = {change.path: change.new for change in changes if change.new}
    found: dict[str, str] = {}
    for change in changes:
        place = rules.current(change.path) if change.new is None else None
        if place in news and news[place] in change.olds:
            found.setdefault(place, change.path)
    return set(found.values())


def away(differing: Callable[[], Iterable[Mapping[str, Pair]]], *, alike: Callable[[Change], Entry | None] = lambda one: one.new) -> Away:
    """Whether a path differs from each of several trees.

    `differing` gives what differs between each of them and a state that has `alike` at the path; it is asked when it first matters.
    """
    trees: list[Mapping[str, Pair]] = []

    def differs(change: Change) -> bool:
        if not trees:
            trees.extend(differing())
        return all((tree[change.path][0] if change.path in tree else alike(change)) != change.new for tree in trees)
    return differs


def _change(case: Case, change: Change) -> Iterator[Finding]:
    old, clash = _before(change)
    covering = list(case.rules.covering(change.path))
    merged = change.new == old and not clash
    if not (merged and case.pulled):
        yield from _guarded(case, change, covering)
    if merged:
        return
    told = set(LIFTED) if case.meta else set()
    for rule in covering:
        wrong = None if rule.kind in told else _wrong(case, rule, change, old, clash)
        if wrong and not _has_left(case, rule, change):
            told.add(rule.kind)
            yield _finding(case, rule, change, wrong)
    if change.path == case.rules.ledger and told.isdisjoint((*_APPENDS, 'global')):
        yield from _unmeasured(case, change)
    if old is None and change.new is not None:
        yield from _added(case, change, change.new, told)
    yield from _confined(case, change, old)


def _before(change: Change) -> tuple[Entry | None, bool]:
    """What a change is a change of, and whether the sides of a merge had both changed it, each in its own way."""
    now, *others = change.olds
    for other, bases in zip(others, change.bases, strict=True):
        changed = [side for side in (now, other) if side not in bases]
        if now != other and len(changed) != 1:
            return change.olds[0], True  # Where each side is what some base had, either may have moved on from the other.
        now = now if now == other else changed[0]
    return now, False


def _wrong(case: Case, rule: Rule, change: Change, old: Entry | None, clash: bool) -> str | None:
    """What a rule has against a change, None for nothing."""
    if rule.kind in _BY_BYTES:
        from gitexp.rules import growth  # Most commits touch no such file.
        wrong = growth.wrong(case, rule, change, old, clash)
        is_free = rule.kind == 'sections' and (change.new is None or change.new.is_file) and not _is_begun(case, change.path)
        return None if is_free else wrong
    if _is_free(case, rule, change, old, clash):
        return None
    if clash:
        return 'both sides of the merge have changed it'
    return f'{wording.what(old, change.new)}{wording.spelling(rule.pattern, change)}{_where(case, rule)}'


def _is_free(case: Case, rule: Rule, change: Change, old: Entry | None, clash: bool) -> bool:
    """Whether a rule that looks at no bytes has nothing to say here."""
    if rule.kind == 'global' and case.on_trunk:
        return True
    if rule.kind in ('fixed', INPUT) and not case.rules.slug(case.branch):
        return True
    if rule.kind == 'human' and people.named(case.rules.humans, case.author):
        return True
    if rule.kind == 'links-only' and (change.new is None or _is_link(change.path, change.new)):
        return True
    if rule.kind in ('keep', 'protocol') and old is None and not clash:
        return rule.kind == 'keep' or change.new is None or change.new.is_file or not case.away(change)
    if rule.kind in ('keep', 'protocol', 'human') and change.new is None:
        return change.path in case.moved
    return not case.away(change)


def _is_link(path: str, entry: Entry) -> bool:
    """Whether it is a link, or the empty file that keeps a folder in git."""
    return entry.mode == '120000' or entry.is_file and entry.oid in _EMPTY and path.rpartition('/')[2] == '.gitkeep'


def _has_left(case: Case, rule: Rule, change: Change) -> bool:
    """Whether it goes with a whole experiment, as when the merge of one is reverted: what was measured stays in the history."""
    slug = case.rules.owner(change.path) if change.new is None and case.on_trunk and rule.kind in LASTING else ''
    return bool(slug) and case.left(change)


def _where(case: Case, rule: Rule) -> str:
    """What else belongs to the message: where, or by whom, it is forbidden."""
    if rule.kind == 'global':
        return f" outside '{case.rules.trunk}'"
    if rule.kind == 'links-only':
        return ', and is no symbolic link'
    if rule.kind != 'human':
        return ''
    if not case.rules.humans:
        return ", and 'humans:' in gitexp.yaml names nobody who may"
    return f" by '{case.author}', who is not in 'humans:'" if case.author else ', and who did it is not known'


def _is_begun(case: Case, path: str) -> bool:
    slug = case.rules.owner(path)
    return not slug or case.begun(slug)


def _added(case: Case, change: Change, new: Entry, told: set[str]) -> Iterator[Finding]:
    """What is wrong with a path that was not there: where it is, or what it stands in for."""
    for rule in case.rules.shadowed(change.path, is_file=new.is_file):
        if rule.kind not in told and not _is_free(case, rule, change, None, False):
            wrong = f"{wording.what(None, new)}, and Python would load it in place of '{rule.pattern.said}'"
            yield _finding(case, rule, change, wrong)
            break
    name = case.rules.folder(change.path, is_file=new.is_file)
    if 'naming' not in told and name and naming.wrong(name) and case.away(change):
        way = 'results and exp_log are the current version; git exp supersede --bug NAME retires one as results_v<N>_NAME'
        yield Finding('naming', change.path, f"added in '{name}', which does not say which version it is", BUILT_IN, way, case.commit)


def _beside(case: Case, changes: list[Change], told: Set[str]) -> Iterator[Finding]:
    """Other spellings of what a rule protects, where that rule had nothing against them as new paths."""
    there = beside.twins(case.rules, case.target, changes)
    merged = {one.path: one for one in changes if len(one.olds) > 1} if there else {}
    for change in changes:
        rule = beside.protecting(case.rules, change.path) if change.path in there and change.path not in told else None
        free = not rule or case.meta and rule.kind in LIFTED or rule.kind == 'sections' and not _is_begun(case, change.path)
        if rule and not free and any(case.away(one) for one in (change, merged.get(there[change.path])) if one):
            way = wording.joined(_back(case, change, rule.kind), 'choose another name')
            wrong = f"added as another spelling of '{there[change.path]}', which some file systems take for the same"
            yield Finding(rule.kind, change.path, wrong, rule.where, way, case.commit)


def _unmeasured(case: Case, change: Change) -> Iterator[Finding]:
    """Rows of an experiment are written in root, by the program that measures; its branch may bring those that the trunk has."""
    if not case.rules.slug(case.branch) or not case.away(change):
        return
    from gitexp.rules import growth
    wrong = growth.unmeasured(case, change)
    if wrong:
        own = wording.own(case.rules.trunk) if case.commit else ''
        way = wording.joined(_back(case, change, 'append-bottom'), f"rows are committed in the worktree of '{case.rules.trunk}'{own}")
        yield Finding('rows', change.path, wrong, BUILT_IN, way, case.commit)


def _confined(case: Case, change: Change, old: Entry | None) -> Iterator[Finding]:
    slug = case.rules.slug(case.branch)
    if not case.rules.confines(slug) or case.rules.frees(change.path, slug) or not case.away(change):
        return
    rule = case.rules.variable[0]
    named = [one.pattern.said for one in case.rules.variable]
    free = ', '.join([*named[:4], '…'] if len(named) > 4 else named)
    own = wording.own(case.rules.trunk) if case.commit else ''
    way = wording.joined(_back(case, change, rule.kind), f'free are {free} and {case.rules.experiments}/{slug}/{own}')
    yield Finding(rule.kind, change.path, f'{wording.what(old, change.new)}, and it is not variable', rule.where, way, case.commit)


def _guarded(case: Case, change: Change, covering: list[Rule]) -> Iterator[Finding]:
    if not case.rules.guard or not case.on_trunk or case.meta or case.ends or change.new == change.olds[0]:
        return
    if not any(rule.kind in _APPENDS for rule in covering):
        yield Finding('guarded', change.path, wording.what(change.olds[0], change.new), commit=case.commit)


def _together(case: Case, direct: list[Finding]) -> list[Finding]:
    """One finding for all that a commit changes directly on a guarded trunk."""
    if not direct:
        return []
    more = f' (and {len(direct) - 1} more)' if len(direct) > 1 else ''
    return [Finding(
        'guarded', direct[0].path, f"{direct[0].message} directly on '{case.rules.trunk}', which takes appends and pull requests{more}",
        case.rules.guard, f'commit on a branch of its own: git switch -c NAME; or {wording.PEOPLE}', case.commit,
    )]


def _finding(case: Case, rule: Rule, change: Change, message: str) -> Finding:
    way = wording.way(rule.kind, trunk=case.rules.trunk, back=_back(case, change, rule.kind), is_past=bool(case.commit))
    return Finding(rule.kind, change.path, message, rule.where, way, case.commit)


def _back(case: Case, change: Change, kind: str) -> str:
    return wording.undo(case.undo, change, kind)
