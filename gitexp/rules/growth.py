"""What is wrong with a file that may only grow, by its bytes: journals, ledgers, and documents that keep their sections."""
from __future__ import annotations

from collections.abc import Iterable

from gitexp.core.lines import columns
from gitexp.rules import append, parts, rows, sections, union, wording
from gitexp.rules.case import Case
from gitexp.rules.change import Change, Entry
from gitexp.rules.ruleset import Rule, RuleSet

_APPENDS = {'append-top': append.top, 'append-bottom': append.bottom}


def wrong(case: Case, rule: Rule, change: Change, old: Entry | None, clash: bool) -> str | None:
    """What is wrong with a file that may only grow."""
    new = change.new
    if old is None and not clash:
        return _first(rule, change)
    if new is None or not new.is_file:
        return wording.what(old, new)
    if clash:
        return _united(case, rule, change, new)
    assert old is not None
    if len(set(change.origins)) > 1 and new.mode == old.mode and _united(case, rule, change, new) is None:
        return None  # After merges across each other, what one side still has as a base had it may be what the other has moved on from.
    said = wording.what(old, new) if new.mode != old.mode else _compared(case, rule, change.path, old, new)
    return None if not said or _is_mended(case, rule, change, old) else said


def is_between(case: Case, rule: Rule, change: Change) -> bool:
    """Whether nothing is lost, and what is added is only not where it may be, as where a merge was squashed."""
    texts = [case.read(entry.oid) for entry in (*change.olds, change.new) if entry is not None and entry.is_file]
    return len(texts) == 2 and _holds(case, rule, change.path, *texts) is None


def is_beside(rules: RuleSet, path: str, old: bytes, new: bytes, lefts: Iterable[bytes]) -> bool:
    """Whether `new` has nothing but what `old` has and sections under headings that none of the others has."""
    kinds = {rule.kind for rule in rules.covering(path)}
    return 'sections' in kinds and kinds.isdisjoint(_APPENDS) and sections.are_beside(old, new, lefts, rules.live)


def unmeasured(case: Case, change: Change) -> str | None:
    """What is wrong with the rows that an experiment brings, but for those that a side of a merge or the trunk has."""
    if case.ledger is None:
        return f"changed outside '{case.rules.trunk}'"
    known = {line for text in (*_texts(case, change.olds), case.ledger(change.path)) for line in parts.lines(text)}
    more = sum(line not in known for text in _texts(case, [change.new]) for line in parts.lines(text))
    return f"{'a line' if more == 1 else f'{more} lines'} that '{case.rules.trunk}' does not have" if more else None


def unreadable(case: Case, change: Change) -> str | None:
    """What is wrong with the header that a ledger gets, which it keeps."""
    found = [rows.twice(text) for text in _texts(case, [change.new])]
    if not any(found) or found[0] in [rows.twice(text) for text in _texts(case, change.olds)]:
        return None
    return f"its header has the column '{found[0][0]}' twice"


def _united(case: Case, rule: Rule, change: Change, new: Entry) -> str | None:
    sides, text = _texts(case, change.olds), case.read(new.oid)
    if rule.kind == 'sections':
        return sections.merged(sides, text, case.rules.live)
    return union.wrong(rule.kind, _texts(case, change.origins), sides, text)


def _compared(case: Case, rule: Rule, path: str, old: Entry, new: Entry) -> str | None:
    before, now = case.read(old.oid), case.read(new.oid)

    def others() -> list[bytes]:
        return _texts(case, [side[path][0] for side in case.measured(path) if path in side])
    if rule.kind == 'sections':
        return (sections.held if case.ends else sections.kept)(before, now, case.rules.live, others)
    return _holds(case, rule, path, before, now) if case.ends else _APPENDS[rule.kind](before, now)


def _holds(case: Case, rule: Rule, path: str, before: bytes, now: bytes) -> str | None:
    rules = case.rules
    ours = [name.encode() for name in columns(rules.metric)] if rules.metric and path == rules.ledgers[0] else ()
    return union.holds(rule.kind, before, now, ours)


def _first(rule: Rule, change: Change) -> str | None:
    if change.new is not None and not change.new.is_file:
        return f'added as {wording.form(change.new)}: entries are kept in plain files'
    if change.new is not None and rule.is_displaced(change.path):
        return wording.displaced(rule.pattern)
    spelling = wording.spelling(rule.pattern, change)
    return f'added{spelling}' if spelling else None


def _texts(case: Case, entries: Iterable[Entry | None]) -> list[bytes]:
    return [case.read(entry.oid) for entry in dict.fromkeys(entries) if entry is not None and entry.is_file]


def _is_mended(case: Case, rule: Rule, change: Change, old: Entry) -> bool:
    """Whether a file goes back to what the trunk has because the branch has broken it, and not to lose what was added there.

    A merge on the trunk itself does not go back: it takes a side.
    """
    own = case.on_trunk and len(change.olds) > 1
    began = None if own or change.new is None or case.away(change) else case.began(change.path)
    return began is not None and (old.mode != began.mode or _compared(case._replace(ends=True), rule, change.path, began, old) is not None)
