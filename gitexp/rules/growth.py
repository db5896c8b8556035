"""What is wrong with a file that may only grow, by its bytes: journals, ledgers, and documents that keep their sections."""
from __future__ import annotations

from collections.abc import Iterable

from gitexp.rules import append, sections, union, wording
from gitexp.rules.case import Case
from gitexp.rules.change import Change, Entry
from gitexp.rules.ruleset import Rule

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
    if len(set(change.bases)) > 1 and new.mode == old.mode and _united(case, rule, change, new) is None:
        return None  # After merges across each other, what one side still has as a base had it may be what the other has moved on from.
    said = wording.what(old, new) if new.mode != old.mode else _compared(case, rule, old, new)
    return None if said and _is_mended(case, rule, change, old) else said


def _united(case: Case, rule: Rule, change: Change, new: Entry) -> str | None:
    sides, text = _texts(case, change.olds), case.read(new.oid)
    if rule.kind == 'sections':
        return sections.merged(sides, text, case.rules.live)
    return union.wrong(rule.kind, _texts(case, change.bases), sides, text)


def _compared(case: Case, rule: Rule, old: Entry, new: Entry) -> str | None:
    if rule.kind == 'sections' and case.ends:
        return sections.merged([case.read(old.oid)], case.read(new.oid), case.rules.live)
    if rule.kind == 'sections':
        return sections.kept(case.read(old.oid), case.read(new.oid), case.rules.live)
    return (union.holds if case.ends else _APPENDS[rule.kind])(case.read(old.oid), case.read(new.oid))


def _first(rule: Rule, change: Change) -> str | None:
    if change.new is not None and not change.new.is_file:
        return f'added as {wording.form(change.new)}: entries are kept in plain files'
    spelling = wording.spelling(rule.pattern, change)
    return f'added{spelling}' if spelling else None


def _texts(case: Case, entries: Iterable[Entry | None]) -> list[bytes]:
    return [case.read(entry.oid) for entry in dict.fromkeys(entries) if entry is not None and entry.is_file]


def _is_mended(case: Case, rule: Rule, change: Change, old: Entry) -> bool:
    """Whether a file goes back to what the trunk has because it was broken, and not to lose what was added since."""
    if change.new is None or case.away(change):
        return False
    return old.mode != change.new.mode or _compared(case, rule, change.new, old) is not None
