"""The one judge: which changes the rules forbid. Every gate asks it, and they differ only in how they gather the changes."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from gitexp.core.finding import Finding
from gitexp.lab.config import APPENDS
from gitexp.rules import beside, wording
from gitexp.rules.case import Away, Case
from gitexp.rules.change import Change, Entry, Pair
from gitexp.rules.pattern import fold
from gitexp.rules.ruleset import BUILT_IN, INPUT, Rule, RuleSet

LIFTED = ('frozen', 'protocol', 'guarded', 'naming')
_BY_BYTES = (*APPENDS, 'sections')
LASTING = ('protocol', *_BY_BYTES, 'keep')
_LONGEST = 4095  # bytes of what a link says
_EMPTY = {'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391', '473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813'}


def judge(case: Case, changes: Iterable[Change]) -> list[Finding]:
    """Name each change that a rule forbids, in path order; at most one finding a path and rule."""
    changes = sorted(changes, key=lambda change: change.path)
    case = case._replace(moved=_moved_back(case, changes), changes=changes)
    found = [one for change in changes for one in _change(case, change)]
    found += _beside(case, changes, {one.path for one in found})
    told = [one for one in found if one.rule != 'guarded']
    named = {one.path for one in told}
    return told + _together(case, [one for one in found if one.rule == 'guarded' and one.path not in named])


def direct(case: Case, changes: Iterable[Change]) -> list[Finding]:
    """Name what changes directly on a guarded trunk; one finding for all."""
    return _together(case, [one for change in changes for one in _guarded(case, change, list(case.rules.covering(change.path)))])


def lasts(rules: RuleSet, path: str) -> bool:
    """Whether a rule keeps what is at a path for good."""
    return any(rule.kind in LASTING for rule in rules.covering(path))


def reading(rules: RuleSet, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes whose bytes will be asked for."""
    return (change for change in changes if any(_is_read(rule, change.new) for rule in rules.covering(change.path)))


def _is_read(rule: Rule, new: Entry | None) -> bool:
    return rule.kind in _BY_BYTES or rule.kind == 'links-only' and new is not None and new.is_link


def _moved_back(case: Case, changes: Iterable[Change]) -> Set[str]:
    if not any(change.new is None and case.rules.current(change.path) for change in changes):
        return frozenset()
    from gitexp.rules import restored  # Few changes take retired results away.
    return restored.moved_back(case, changes)


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
    if change.path in case.rules.ledgers and told.isdisjoint((*APPENDS, 'global')):
        yield from _unmeasured(case, change)
        yield from _unreadable(case, change)
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
        is_plain = change.new is None or change.new.is_file and not rule.is_displaced(change.path)
        return None if wrong and rule.kind == 'sections' and is_plain and not _is_begun(case, change.path) else wrong
    if _is_free(case, rule, change, old, clash):
        return None
    if clash:
        return 'both sides of the merge have changed it'
    if old is None and rule.kind == 'protocol' and rule.is_displaced(change.path):
        return wording.displaced(rule.pattern)
    return f'{wording.what(old, change.new)}{wording.spelling(rule.pattern, change)}{_where(case, rule)}'


def _is_free(case: Case, rule: Rule, change: Change, old: Entry | None, clash: bool) -> bool:
    """Whether a rule that looks at no bytes has nothing to say here."""
    if rule.kind == 'global' and case.on_trunk:
        return True
    if rule.kind in ('fixed', INPUT) and not case.rules.slug(case.branch):
        return True
    if rule.kind == 'human':
        from gitexp.rules import people
        if people.named(case.rules.humans, case.author):
            return True
    if rule.kind == 'links-only' and (change.new is None or _is_link(case, change.path, change.new)):
        return True
    if rule.kind in ('keep', 'protocol') and old is None and not clash:
        is_right = change.new is None or change.new.is_file and not rule.is_displaced(change.path)
        return rule.kind == 'keep' or is_right or not case.away(change)
    if clash and rule.kind == 'protocol' and change.new and {*change.olds} <= {None, change.new}:
        return True
    if rule.kind in ('keep', 'protocol', 'human') and change.new is None:
        # Where merges across each other have an older state beside it, what a person has deleted on the trunk is gone all the same.
        is_gone = clash and rule.kind == 'human' and None in change.olds and not case.away(change)
        return is_gone or change.path in case.moved
    if rule.kind == 'keep' and len(case.changes) > 1:
        from gitexp.rules import namesakes  # What is kept seldom changes.
        if namesakes.stand(case, change):
            return True
    return not case.away(change)


def _is_link(case: Case, path: str, entry: Entry) -> bool:
    """Whether it is a link that a file system could hold, or the empty file that keeps a folder in git."""
    if entry.is_link:
        text = case.read(entry.oid)
        return 0 < len(text) <= _LONGEST and b'\0' not in text
    return entry.is_file and entry.oid in _EMPTY and path.rpartition('/')[2] == '.gitkeep'


def _has_left(case: Case, rule: Rule, change: Change) -> bool:
    """Whether a whole experiment was led back to before its merge, and nothing was lost since: the history keeps the rest."""
    asked = not case.rules.slug(case.branch) and rule.kind in LASTING and case.rules.owner(change.path)
    led = case.led(change) if asked else None
    return led is not None and (led.new in led.olds or _wrong(case, rule, led, led.olds[0], False) is None)


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
    if 'naming' not in told and name and _is_ill_named(name) and case.away(change):
        way = 'results and exp_log are the current version; git exp supersede --bug NAME retires one as results_v<N>_NAME'
        yield Finding('naming', change.path, f"added in '{name}', which does not say which version it is", BUILT_IN, way, case.commit)


def _is_ill_named(folder: str) -> bool:
    from gitexp.rules import naming  # Most changes add no folder that holds results.
    return naming.wrong(folder)


def _beside(case: Case, changes: list[Change], told: Set[str]) -> Iterator[Finding]:
    """What is added beside, or on the way to, what a rule protects, in another spelling; at most one finding for two spellings."""
    merged = {one.path: one for one in changes if len(one.olds) > 1}
    said: set[tuple[str, str]] = set()
    free: set[tuple[str, str]] = set()
    for one, name, other, inside in beside.twins(case.names or beside.Names().learn(changes), case.target, changes):
        if one.path in told or (name, other) in said | free or one.olds[0] and (other, name) in said:
            continue
        held = sorted(inside, key=lambda path: fold(path) != fold(one.path))
        kept = ((path, rule) for path in held for rule in case.rules.covering(path) if _holds(case, rule, path))
        path, rule = next(kept, ('', None))
        if rule is None:
            free.add((name, other))
        elif case.away(one) or path in merged and case.away(merged[path]):
            said.add((name, other))
            way = wording.joined(_back(case, one, rule.kind), 'choose another name')
            yield Finding(rule.kind, one.path, wording.beside(one.path, name, other), rule.where, way, case.commit)


def _holds(case: Case, rule: Rule, path: str) -> bool:
    """Whether a rule keeps here what is at a path, so that nothing else may take its place."""
    if rule.kind == 'links-only' or rule.kind == 'global' and case.on_trunk or case.meta and rule.kind in LIFTED:
        return False
    if rule.kind in ('fixed', INPUT):
        return bool(case.rules.slug(case.branch))
    return rule.kind != 'sections' or _is_begun(case, path)


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


def _unreadable(case: Case, change: Change) -> Iterator[Finding]:
    from gitexp.rules import growth
    wrong = growth.unreadable(case, change)
    if wrong:
        way = wording.joined(_back(case, change, 'append-bottom'), 'each column has a name of its own')
        yield Finding('rows', change.path, wrong, BUILT_IN, way, case.commit)


def _confined(case: Case, change: Change, old: Entry | None) -> Iterator[Finding]:
    slug = case.rules.slug(case.branch)
    if not case.rules.confines(slug) or case.rules.frees(change.path, slug) or not case.away(change):
        return
    if change.path in case.rules.ledgers:
        return  # It has rules of its own, and a branch may hold rows that the trunk has put on others since.
    rule = case.rules.variable[0]
    named = [one.pattern.said for one in case.rules.variable]
    free = ', '.join([*named[:4], '…'] if len(named) > 4 else named)
    own = wording.own(case.rules.trunk) if case.commit else ''
    way = wording.joined(_back(case, change, rule.kind), f'free are {free} and {case.rules.experiments}/{slug}/{own}')
    yield Finding(rule.kind, change.path, f'{wording.what(old, change.new)}, and it is not variable', rule.where, way, case.commit)


def _guarded(case: Case, change: Change, covering: list[Rule]) -> Iterator[Finding]:
    if not case.rules.guard or not case.on_trunk or case.meta or case.ends or change.new == change.olds[0]:
        return
    if not any(rule.kind in APPENDS and (change.olds[0] or not rule.is_above(change.path)) for rule in covering):
        way = wording.ASIDE if len(change.olds) == 1 else wording.REQUEST if case.commit else f'git merge --abort; {wording.REQUEST}'
        yield Finding('guarded', change.path, wording.what(change.olds[0], change.new), way=way, commit=case.commit)


def _together(case: Case, direct: list[Finding]) -> list[Finding]:
    """One finding for all that a commit changes directly on a guarded trunk."""
    if not direct:
        return []
    more = f' (and {len(direct) - 1} more)' if len(direct) > 1 else ''
    return [Finding(
        'guarded', direct[0].path, f"{direct[0].message} directly on '{case.rules.trunk}', which takes appends and pull requests{more}",
        case.rules.guard, direct[0].way, case.commit,
    )]


def _finding(case: Case, rule: Rule, change: Change, message: str) -> Finding:
    way = wording.way(rule.kind, trunk=case.rules.trunk, back=_back(case, change, rule.kind), is_past=bool(case.commit))
    if rule.kind in APPENDS and case.on_trunk and len(change.olds) == 1:
        from gitexp.rules import growth
        way += wording.squashed(case.rules.trunk) if growth.is_between(case, rule, change) else ''
    if rule.kind == 'keep' and len({*change.olds} - {None}) > 1:
        way += wording.namesake(change.path, side=f'{case.commit[:10]}^2' if case.commit else 'MERGE_HEAD')
    return Finding(rule.kind, change.path, message, rule.where, way, case.commit)


def _back(case: Case, change: Change, kind: str) -> str:
    return wording.undo(case.undo, change, kind)
