"""Making one text of two that have both grown: rows at the end of a table, entries at the top of a journal.

What makes it is git's merge driver, and the judge knows a merge by it. Our text stays as it stands, byte for byte, and theirs row
by row and entry by entry, since either may be published. Decided on purpose: line ends, a byte order mark and blank lines do not
make a row or an entry another one; one id with two contents is two rows, since readers count an id once and a lost row never; a
line that nobody can read is a row like any other.
"""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from gitexp.rules import parts

_DATE = re.compile(rb'\d{4}-\d\d-\d\d')


def rows(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Our rows, and below them those that only they have, in their order; None when a side has changed old rows or the header."""
    old, mine, yours = map(parts.lines, (base, ours, theirs))
    if _gone(old, mine, yours) or mine and yours and mine[0] != yours[0]:
        return None
    if not mine:
        return theirs
    end = _ending(ours)
    added = b''.join(row if row.endswith(b'\n') else row + end for row in _missing(mine, parts.ended(theirs)))
    gap = end if added and not ours.endswith(b'\n') else b''
    return ours + gap + added


def is_within(ours: bytes, theirs: bytes) -> bool:
    """Whether they have all our rows, below the same header."""
    mine, yours = map(parts.lines, (ours, theirs))
    return mine[:1] == yours[:1] and not any(_missing(yours, parts.ended(ours)))


def entries(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Our entries, and theirs above what they had them above: of new ones the newer first, ours first where dates say nothing.

    None when a side has changed an old entry, or has added something that is no entry.
    """
    depth, old, mine, yours = _cut(base, ours, theirs)
    if _gone(map(parts.plain, old), map(parts.plain, mine), map(parts.plain, yours)):
        return None
    if not ours.strip():
        return theirs
    made = _woven(mine, yours)
    odd = any(_is_odd(part, yours, depth) if new else parts.marks(part) > depth for part, new in made)
    return None if odd else _joined(made, _ending(ours))


def stacked(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Our text as it stands, and above its entries those that they have added to `base`: what a commit of one parent may do.

    None when they have changed an old entry, or have added something that is no entry.
    """
    depth, old, mine, yours = _cut(base, ours, theirs)
    if _gone(map(parts.plain, old), map(parts.plain, yours)):
        return None
    if not ours.strip():
        return None if base.strip() else theirs
    known = {parts.plain(part) for part in (*old, *mine, b'')}
    fresh = [part for part in yours if parts.plain(part) not in known]
    top = next((at for at, part in enumerate(mine) if parts.marks(part) == depth), len(mine))
    top += depth == 1 and _plain(mine[top:top + 1]) == _plain(yours[top:top + 1])  # A title like the entries below it.
    made = [*((part, False) for part in mine[:top]), *((part, True) for part in fresh), *((part, False) for part in mine[top:])]
    return None if any(_is_odd(part, yours, depth) for part in fresh) else _joined(made, _ending(ours))


Maker = Callable[[bytes, bytes, bytes], 'bytes | None']
MAKERS: dict[str, Maker] = {'ledger': rows, 'journal': entries}
LINEAR: dict[str, Maker] = {'ledger': rows, 'journal': stacked}
OLD = {'ledger': 'the header or an old row', 'journal': 'an old entry, or what stands above the entries'}


def _cut(base: bytes, ours: bytes, theirs: bytes) -> tuple[int, list[bytes], list[bytes], list[bytes]]:
    """How many marks entries have, and the parts of each text."""
    old, depth = [*parts.common(base, [ours, theirs])], parts.level(base)
    mine, yours = (parts.split(side, [old], depth) for side in (ours, theirs))
    return depth or min(filter(None, map(parts.level, (ours, theirs))), default=0), old, mine, yours


def _plain(some: Iterable[bytes]) -> list[bytes]:
    return [*map(parts.plain, some)]


def _is_odd(part: bytes, side: Sequence[bytes], depth: int) -> bool:
    """Whether what a side has added is no entry of its own: words, a title, or what would belong to an entry above it."""
    return not 0 < parts.marks(part) <= depth or part is side[0] and parts.marks(part) != depth


def _gone(old: Iterable[bytes], *sides: Iterable[bytes]) -> bool:
    """Whether a side lacks something of what both began with."""
    there = Counter(filter(None, old))
    return any(there - Counter(side) for side in sides)


def _missing(mine: Sequence[bytes], yours: Iterable[bytes]) -> Iterator[bytes]:
    """The rows that only they have, as they stand there; where rows have no id, equal ones are as many as the side has that has more."""
    named = b'id' in mine[0].split(b'\t')
    there = Counter(mine)
    for line in yours:
        row = line.rstrip(b'\r\n')
        if there[row]:
            there[row] -= not named
        else:
            there[row] += named
            yield line


def _woven(mine: Sequence[bytes], yours: Sequence[bytes]) -> list[tuple[bytes, bool]]:
    """All parts in order, and whether they are new to us."""
    places = defaultdict(list)
    for place, part in enumerate(mine):
        places[parts.plain(part)].append(place)
    fresh: dict[int, list[bytes]] = defaultdict(list)
    shared, above = {len(mine)}, len(mine)
    for part in reversed(yours):
        if places[parts.plain(part)]:
            shared.add(place := places[parts.plain(part)].pop())
            above = min(above, place)
        else:
            fresh[above].append(part)
    made: list[tuple[bytes, bool]] = []
    own: list[bytes] = []
    for place, part in enumerate([*mine, b'']):
        if place in shared:
            made += _newest_first(own, fresh[place][::-1])
            own = []
            made.append((part, False))
        else:
            own.append(part)
    return made[:-1]


def _newest_first(mine: Sequence[bytes], yours: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Two lists of entries as one, each in its own order."""
    rest = list(reversed(yours))
    for part in mine:
        while rest and _date(part) and _date(rest[-1]) > _date(part):
            yield rest.pop(), True
        yield part, False
    yield from ((part, True) for part in reversed(rest))


def _date(part: bytes) -> bytes:
    found = _DATE.search(part.partition(b'\n')[0])
    return found[0] if found else b''


def _joined(made: Sequence[tuple[bytes, bool]], end: bytes) -> bytes:
    """The parts as one text, a blank line on both sides of each new one."""
    text, before = bytearray(), False
    for part, new in made:
        if text and not text.endswith(b'\n'):
            text += end
        if text and (new or before) and not text.endswith((b'\n\n', b'\n\r\n')):
            text += end
        text += part
        before = new
    return bytes(text + end if before and not text.endswith(b'\n') else text)


def _ending(text: bytes) -> bytes:
    return b'\r\n' if text.partition(b'\n')[0].endswith(b'\r') else b'\n'
