"""The one judge: which changes the rules forbid. Every gate asks it, and they differ only in how they gather the changes."""
from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gitexp.core.finding import Finding
from gitexp.rules import append
from gitexp.rules.change import Change, Entry, Pair
from gitexp.rules.pattern import fold
from gitexp.rules.ruleset import Rule, RuleSet

Away = Callable[[Change], bool]
LIFTED = ('frozen', 'protocol', 'guarded')
_APPENDS = {'append-top': append.top, 'append-bottom': append.bottom}
_PEOPLE = 'or ask a person for meta mode'


@dataclass(frozen=True)
class Case:
    """What a change is judged by beside itself.

    `branch` is the short name that the commit is for, None for a detached HEAD. `read` gives the bytes of a blob. `away` tells
    whether a change leads to what the trunk has neither now nor where the branch left it: going back to the trunk's state is no
    offence. `pulled` says that a merge brings in only what the published trunk has. `undo` takes a change back, with a place
    for the path. `news` is what there is in the end, by path: results that count again are moved back, and not lost.
    """

    rules: RuleSet
    branch: str | None
    read: Callable[[str], bytes]
    away: Away = lambda one: True
    meta: bool = False
    pulled: bool = False
    undo: str = 'git restore --staged --worktree {path}'
    commit: str = ''
    news: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def on_trunk(self) -> bool:
        return self.branch == self.rules.trunk


def judge(case: Case, changes: Iterable[Change]) -> list[Finding]:
    """Name each change that a rule forbids, in path order; at most one finding a path and rule."""
    changes = sorted(changes, key=lambda change: change.path)
    case = replace(case, news={change.path: change.new for change in changes if change.new})
    found = [one for change in changes for one in _change(case, change)]
    direct = [one for one in found if one.rule == 'guarded']
    return [one for one in found if one.rule != 'guarded'] + _together(case, direct)


def _change(case: Case, change: Change) -> Iterator[Finding]:
    old, clash = _before(change)
    covering = list(case.rules.covering(change.path))
    yield from _guarded(case, change, covering)
    if change.new == old and not clash:
        return
    told = set(LIFTED) if case.meta else set()
    for rule in covering:
        wrong = None if rule.kind in told else _wrong(case, rule, change, old, clash)
        if wrong:
            told.add(rule.kind)
            yield _finding(case, rule, change.path, wrong, _way(case, rule, change))
    yield from _confined(case, change, old)


def _before(change: Change) -> tuple[Entry | None, bool]:
    """What a change is a change of, and whether the sides of a merge had both changed it, each in its own way."""
    sides = dict.fromkeys(change.olds)
    if len(sides) == 1:
        return change.olds[0], False
    changed = [side for side in sides if side not in change.bases]
    if len(changed) == 1:
        return changed[0], False
    if not changed and change.new in sides:
        return change.new, False
    return change.olds[0], bool(changed)


def _wrong(case: Case, rule: Rule, change: Change, old: Entry | None, clash: bool) -> str | None:
    """What a rule has against a change, None for nothing."""
    if rule.kind in _APPENDS:
        return _appended(case, rule, change, old, clash)
    if _is_free(case, rule, change, old, clash):
        return None
    if clash:
        return 'both sides of the merge have changed it'
    outside = f" outside '{case.rules.trunk}'" if rule.kind == 'global' else ''
    return f'{_what(old, change.new)}{_spelling(rule, change)}{outside}'


def _is_free(case: Case, rule: Rule, change: Change, old: Entry | None, clash: bool) -> bool:
    """Whether a rule that looks at no bytes has nothing to say here."""
    if rule.kind == 'global' and case.on_trunk:
        return True
    if rule.kind == 'fixed' and not case.rules.slug(case.branch):
        return True
    if rule.kind in ('keep', 'protocol') and old is None and not clash:
        return True
    if rule.kind == 'keep' and change.new is None:
        return old is not None and case.news.get(case.rules.current(change.path) or '') == old
    return not case.away(change)


def _appended(case: Case, rule: Rule, change: Change, old: Entry | None, clash: bool) -> str | None:
    new = change.new
    if old is None and not clash:
        return _begun(rule, change)
    if new is None or not new.is_file:
        return _what(old, new)
    if clash:
        return append.union(_texts(case, change.bases), _texts(case, change.olds), case.read(new.oid))
    assert old is not None
    wrong = _what(old, new) if new.mode != old.mode else _APPENDS[rule.kind](case.read(old.oid), case.read(new.oid))
    return None if wrong and _is_mended(case, rule, change, old) else wrong


def _begun(rule: Rule, change: Change) -> str | None:
    if change.new is not None and not change.new.is_file:
        return f'added as {_form(change.new)}: entries are kept in plain files'
    return f'added{_spelling(rule, change)}' if _spelling(rule, change) else None


def _texts(case: Case, entries: Iterable[Entry | None]) -> list[bytes]:
    return [case.read(entry.oid) for entry in dict.fromkeys(entries) if entry is not None and entry.is_file]


def _is_mended(case: Case, rule: Rule, change: Change, old: Entry) -> bool:
    """Whether an append file goes back to what the trunk has because it was broken, and not to lose what was appended since."""
    if change.new is None or case.away(change):
        return False
    if old.mode != change.new.mode:
        return True
    return _APPENDS[rule.kind](case.read(change.new.oid), case.read(old.oid)) is not None


def _confined(case: Case, change: Change, old: Entry | None) -> Iterator[Finding]:
    slug = case.rules.slug(case.branch)
    if not case.rules.confines(slug) or case.rules.frees(change.path, slug) or not case.away(change):
        return
    rule = case.rules.variable[0]
    named = [one.pattern.said for one in case.rules.variable]
    free = ', '.join([*named[:4], '…'] if len(named) > 4 else named)
    way = f'{_undo(case, change)}; free are {free} and {case.rules.experiments}/{slug}/'
    yield _finding(case, rule, change.path, f'{_what(old, change.new)}, and it is not variable', way)


def _guarded(case: Case, change: Change, covering: list[Rule]) -> Iterator[Finding]:
    if not case.rules.guard or not case.on_trunk or case.meta or case.pulled or change.new == change.olds[0]:
        return
    if not any(rule.kind in _APPENDS for rule in covering):
        yield Finding('guarded', change.path, _what(change.olds[0], change.new), commit=case.commit)


def _together(case: Case, direct: list[Finding]) -> list[Finding]:
    """One finding for all that a commit changes directly on a guarded trunk."""
    if not direct:
        return []
    more = f' (and {len(direct) - 1} more)' if len(direct) > 1 else ''
    return [Finding(
        'guarded', direct[0].path, f"{direct[0].message} directly on '{case.rules.trunk}', which takes appends and pull requests{more}",
        case.rules.guard, f'commit on a branch of its own: git switch -c NAME; {_PEOPLE}', case.commit,
    )]


def _finding(case: Case, rule: Rule, path: str, message: str, way: str) -> Finding:
    return Finding(rule.kind, path, message, rule.where, way, case.commit)


def _what(old: Entry | None, new: Entry | None) -> str:
    if new is None:
        return 'deleted or renamed away'
    if old is None:
        return 'added' if new.is_file else f'added as {_form(new)}'
    if _form(old) != _form(new):
        return f'replaced by {_form(new)}'
    if old.oid == new.oid:
        return f'its mode is changed from {old.mode} to {new.mode}'
    return 'changed'


def _form(entry: Entry) -> str:
    return {'120000': 'a symbolic link', '160000': 'a submodule'}.get(entry.mode, 'a file')


def _spelling(rule: Rule, change: Change) -> str:
    """Names that some file systems take for one and the same."""
    named = rule.pattern
    if not named.is_literal or not any(old is None for old in change.olds) or fold(change.path) != named.text or change.path == named.said:
        return ''
    return f" as another spelling of '{named.said}'"


def _way(case: Case, rule: Rule, change: Change) -> str:
    then = {
        'frozen': _PEOPLE, 'protocol': _PEOPLE,
        'global': f"change it in the worktree of '{case.rules.trunk}'",
        'append-top': 'then put a new entry above the first one',
        'append-bottom': 'then add lines at the end',
        'keep': 'what is retired stays as evidence',
        'fixed': 'what is fixed changes on the trunk, for all experiments',
    }
    return f'{_undo(case, change)}; {then[rule.kind]}'


def _undo(case: Case, change: Change) -> str:
    path = _word(change.path)
    if case.undo == Case.undo and all(old is None for old in change.olds):
        return f'git rm --cached {path}'
    return case.undo.format(path=path)


def _word(path: str) -> str:
    """A path for the shell, on one line whatever its name has."""
    if path.isprintable():
        return shlex.quote(path)
    data = path.encode('utf-8', 'surrogateescape')
    return "$'" + ''.join(chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f'\\{byte:03o}' for byte in data) + "'"


def reading(rules: RuleSet, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes whose bytes will be asked for."""
    return (change for change in changes if any(rule.kind in _APPENDS for rule in rules.covering(change.path)))


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
