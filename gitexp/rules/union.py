"""Whether a merge of texts that both sides appended to loses and invents nothing.

Either it is what the merge drivers make, seen from either end of the sides, or a person has resolved it by hand: then every
row or entry of each side is there, in that side's order, each once, and nothing else. Plain text may repeat itself, so its
lines may be there as often as the sides together have added them. Blank lines are nobody's. Entries are found by what the sides have
added, and not by what the merged text looks like: there one that forgets to end its code would take in the next.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import dropwhile

from gitexp.core.lines import BOM, is_passed_over
from gitexp.rules import append, parts, weave

_Lost = Callable[[Iterable[Iterable[bytes]], Sequence[bytes]], 'bytes | None']
_Parts = tuple[list[list[bytes]], list[list[bytes]], list[bytes]]
_PLACE = re.compile(rb',"place":[0-9]+(?=\}$)')  # What `import` adds to `env` of a row without a time; its id says nothing of it.
_MAKERS = {'append-bottom': weave.rows, 'append-top': weave.entries}


def wrong(kind: str, bases: Sequence[bytes], sides: Sequence[bytes], new: bytes) -> str | None:
    """What is wrong with `new` as a merge under the rule `kind`; the first of `sides` is the first parent's. None when nothing is."""
    if sides and all(map(_is_table, sides)) and _top(new) not in map(_top, sides):
        return 'the merge puts something above the header'
    is_journal = kind == 'append-top' and any(map(parts.level, (*bases, *sides)))
    each_once = is_journal or all(map(_is_table, sides))
    if each_once and any(_made(kind, base, order) == new for base in {b'', *bases[:1]} for order in (sides, sides[::-1])):
        return None
    olds, mine, now = _entries(bases, sides, new) if is_journal else _lines(bases, sides, new)
    lost = _lost(mine, now)
    return _added(_most(olds, mine, each_once=each_once), now) if lost is None else f'the merge loses or moves {_shown(lost)}'


def holds(kind: str, old: bytes, new: bytes, ours: Collection[bytes] = (), *, strewn: bool = False) -> str | None:
    """What published rows, lines or entries `new` has lost, moved or changed, whatever merges there were between; None for nothing.

    Each is there byte for byte, with its line ends, and an entry whole. The rows of a table may change their order, and a
    doubled one goes: who merges keeps the own rows in place, and the published ones follow, each once. `ours` are the columns of which a
    row is made: in others somebody may say something of a row that he has before it is published. Lines and entries may stand in another
    order as well where they may be `strewn`, by what was put between them.
    """
    if not old.strip() or kind == 'append-top' and append.top(old, new) is None:
        return None
    # A last line without its end may have been ended in either way.
    lost = _gone if strewn else _lost
    said = [_held(kind, old + end, new if new.endswith(b'\n') else new + (end or b'\n'), ours, lost) for end in _ends(old)]
    return None if None in said else said[0]


def _ends(text: bytes) -> Sequence[bytes]:
    return (b'',) if text.endswith(b'\n') else (b'\n', b'\r\n')


def _held(kind: str, old: bytes, new: bytes, ours: Collection[bytes], lost: _Lost) -> str | None:
    if _is_table(old):
        return _kept(old, new, ours)
    depth = parts.level(old) if kind == 'append-top' else 0
    found = _torn(old, new, depth, lost) if depth else lost([parts.ended(old)], parts.ended(new))
    return None if found is None else f'{_shown(found)} is lost, moved or changed'


def _torn(old: bytes, new: bytes, depth: int, lost: _Lost) -> bytes | None:
    """The first entry that is not there whole."""
    found = None
    for entries in (parts.pieces(old, depth), parts.split(old)):  # What an entry has opened may be ended by the code of an older one.
        found = lost([map(parts.whole, entries)], [*map(parts.whole, parts.split(new, [entries], depth))])
        if found is None:
            break
    return found


def _kept(old: bytes, new: bytes, ours: Collection[bytes]) -> str | None:
    before, there = _table(parts.ended(old)), set(parts.ended(new))
    top = old.index(before[0]) + len(before[0])
    if not new.startswith(old[:top]):
        return f'the header is changed: {_shown(before[0])}'
    gone = next((row for row in before[1:] if row not in there), None)
    if gone is None:
        return _displaced(_table(parts.lines(old)), parts.lines(new), ours)
    return f'{_shown(gone)} is lost' if gone.rstrip(b'\r\n') not in parts.lines(new) else f'the line end of {_shown(gone)} is changed'


def _displaced(before: Sequence[bytes], now: Sequence[bytes], ours: Collection[bytes]) -> str | None:
    """A row that takes the id of a published one: who reads counts an id once, whatever stands in columns that are not ours."""
    columns = before[0].split(b'\t')
    if b'id' not in columns:
        return None
    at, there = columns.index(b'id'), set(before)
    known = {row.split(b'\t')[at:at + 1][0] for row in before[1:] if row.count(b'\t') >= at}
    taken = [row for row in now if row not in there and row.count(b'\t') >= at and row.split(b'\t')[at] in known]
    if taken and ours and set(ours) <= set(columns):
        published = {_said(row, columns, ours) for row in before[1:]}
        taken = [row for row in taken if _said(row, columns, ours) not in published]
    return f'{_shown(taken[0])} has the id of another row' if taken else None


def _said(row: bytes, columns: Sequence[bytes], ours: Collection[bytes]) -> tuple[bytes, ...]:
    """What a row says in our columns, but for where it stood in a log; all of a line that has others than the header."""
    cells = row.split(b'\t')
    return tuple(_PLACE.sub(b'', cell) for cell, name in zip(cells, columns) if name in ours) if len(cells) == len(columns) else (row,)


def _made(kind: str, base: bytes, sides: Sequence[bytes]) -> bytes | None:
    """What the merge drivers make of the sides. What became of old rows is asked of the commits that changed them."""
    made: bytes | None = sides[0] if sides else None
    for side in sides[1:]:
        made = made if made is None else _MAKERS[kind](base, made, side)
    return made


def _entries(bases: Sequence[bytes], sides: Sequence[bytes], new: bytes) -> _Parts:
    """The entries of journals: what is known is found in what came of it, so that only what was added is cut."""
    depth, olds = next(filter(None, map(parts.level, bases)), 0), [[*parts.common(base, sides)] for base in bases]
    mine = [parts.split(side, olds, depth) for side in sides]
    now = parts.split(new, mine, depth)
    return [_plain(old) for old in olds], [_plain(side) for side in mine], _plain(now)


def _lines(bases: Sequence[bytes], sides: Sequence[bytes], new: bytes) -> _Parts:
    return [*map(parts.lines, bases)], [*map(parts.lines, sides)], parts.lines(new)


def _plain(some: Iterable[bytes]) -> list[bytes]:
    return [part for part in map(parts.plain, some) if part]


def _is_table(text: bytes) -> bool:
    return any(b'\t' in line or line == b'id' for line in _table(parts.lines(text))[:1])


def _table(lines: Sequence[bytes]) -> list[bytes]:
    """The lines from the header on, as who reads results takes it."""
    return [*dropwhile(is_passed_over, lines)]


def _top(text: bytes) -> bytes:
    """The first line, blank or not, without its end."""
    return text.removeprefix(BOM).partition(b'\n')[0].rstrip(b'\r')


def _lost(sides: Iterable[Iterable[bytes]], now: Sequence[bytes]) -> bytes | None:
    """The first part of a side that is not there in that side's order."""
    for side in sides:
        rest = iter(now)
        lost = next((part for part in side if part not in rest), None)
        if lost is not None:
            return lost
    return None


def _gone(sides: Iterable[Iterable[bytes]], now: Sequence[bytes]) -> bytes | None:
    """The first part of a side that is not there as often."""
    return next((part for side in sides for part in Counter(filter(None, side)) - Counter(now)), None)


def _added(most: Counter[bytes], now: Iterable[bytes]) -> str | None:
    more = Counter(now) - most
    part = next(iter(more), None)
    if part is None:
        return None
    return f'the merge doubles {_shown(part)}' if most[part] else f'the merge adds {_shown(part)}, which no side has'


def _most(bases: Iterable[Iterable[bytes]], sides: Iterable[Iterable[bytes]], *, each_once: bool) -> Counter[bytes]:
    """How often each part may stand in a merge."""
    before: Counter[bytes] = Counter()
    for base in bases:
        before |= Counter(base)
    most = before.copy()
    for side in map(Counter, sides):
        most = most | side if each_once else most + (side - before)
    return most


def _shown(part: bytes) -> str:
    text = part.partition(b'\n')[0].strip().decode('utf-8', 'replace')
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
