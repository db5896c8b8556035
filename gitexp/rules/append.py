"""Whether one text is an append to another, by bytes.

Decided on purpose:
- A byte order mark, a line end or a blank of the old text is a byte like any other, so converting a file to CRLF, or back, is an
  edit, and so is taking away a blank at the end of a line. The header of a table, and what stands above the first entry of a
  journal, are old bytes too.
- An old last line without its end is ended first, or what is appended would change it.
- What is appended ends its last line, in whatever way: a row with LF goes below rows with CRLF.
- The same entry or row twice is an append: who reads drops a doubled id. So is a row with too many columns, which whoever reads
  names by its line, and an entry that opens a comment or a code block: the bytes below it are all there.
- A new entry has a heading of the level that the first one has: of another one it would take in the entries below it, or belong to one
  that a merge puts above it, and be taken now and merged by nobody.
- A file that is new, or empty, may begin in any way.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from gitexp.core.lines import BOM
from gitexp.rules import parts

_NOT_HERE = 'elsewhere'
_MARKS = re.compile(rb'#{1,6}[ \t]')


def bottom(old: bytes, new: bytes) -> str | None:
    """What is wrong with `new` as the old text with lines added below, None when nothing is."""
    if not old:
        return None
    if not new.startswith(old):
        return _edited(old, new)
    added = new[len(old):]
    if added and not old.endswith(b'\n') and not added.startswith((b'\n', b'\r\n')):
        return 'its last line is changed: end it first'
    if added and not added.endswith(b'\n'):
        return 'the appended line has no end'
    return None


def top(old: bytes, new: bytes) -> str | None:
    """What is wrong with `new` as the old text with entries added below its heading, None when nothing is.

    An entry starts with a Markdown heading. The title ('# ...' in the first line) and what follows it up to the first entry
    stay above; a text without entries may grow below its title or at its end; where title and entries are all of the first
    level, the top counts as well. A new entry has as many marks as the first one has.
    """
    if not old or new == old:
        return None
    if old.startswith(BOM) and new.startswith(BOM):
        return top(old.removeprefix(BOM), new.removeprefix(BOM))
    headings = [*islice(parts.headings(old), 2)]
    last = headings[-1][0] if headings else -1
    answers = [_inserted(old, new, zone, last) for zone in _zones(old, headings)]
    if None in answers:
        return _misfit(old, new)
    return next((wrong for wrong in answers if wrong != _NOT_HERE), None) or _edited(old, new)


def _misfit(old: bytes, new: bytes) -> str | None:
    """What is wrong with the level of a new entry: with fewer marks it would take in those below it, with more belong to one above."""
    depth, now = parts.level(old), parts.level(new)
    # Where a heading of the preface has more marks than the entries, theirs count as well.
    if depth in (0, now) or now < depth and now == min((count for _, count in parts.entries(old) if count > 1), default=0):
        return None
    return f"the new entry does not begin with '{'#' * depth} ', as the others do"


def _inserted(old: bytes, new: bytes, zone: tuple[int, int], last: int) -> str | None:
    """Whether `new` is `old` with something put in at a line break in a zone of blanks; below `last` there is no heading.

    How far the texts agree from both ends is found once: somebody may have put in a million blank lines.
    """
    more = len(new) - len(old)
    low, high = max(zone[0], len(old) - _common(old[::-1], new[::-1])), min(zone[1], _common(old, new))
    if more < 0 or low > high:
        return _NOT_HERE
    start = len(new) - len(new[high:].lstrip())
    begins = _MARKS.match(new, start) is not None
    answers = (
        _placed(old, new[at:at + 2], new[at + more - 1:at + more] if more else b'', at, at > last or begins and start < at + more)
        for at in range(high, low - 1, -1) if at in (0, zone[1]) or old[at - 1:at] == b'\n'
    )
    wrong = _NOT_HERE
    for answer in answers:
        if answer is None:
            return None
        wrong = answer if wrong == _NOT_HERE else wrong
    return wrong


def _placed(old: bytes, first: bytes, end: bytes, at: int, is_entry: bool) -> str | None:
    """What is wrong with something put in at one place, by how it begins and ends."""
    if at and old[at - 1:at] != b'\n' and not first.startswith((b'\n', b'\r\n')):
        return 'its last line is changed: end it first'
    if end != b'\n':
        return 'the new entry does not end its last line'
    return None if is_entry else "the new entry does not start with a heading, such as '## 2026-01-31 what was tried'"


def _zones(old: bytes, headings: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where new entries may go: above the first entry, or at any line break among the blank lines there."""
    entries = headings[parts.is_titled(old, headings):]
    titled = len(entries) < len(headings)
    yield _blanks(old, entries[0][0] if entries else len(old))
    if titled and entries and entries[0][1] == 1:
        yield headings[0][0], headings[0][0]
    if not entries:
        yield _blanks(old, parts.below(old))


def _blanks(old: bytes, place: int) -> tuple[int, int]:
    return len(old[:place].rstrip()), place


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two texts have in common from their start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _edited(old: bytes, new: bytes) -> str:
    """What happened to a text that has lost some of its bytes, in words."""
    if _plain(old) == _plain(new):
        return 'its line ends or its byte order mark are changed'
    if old.startswith(new) or old.endswith(new):
        return f'{len(old) - len(new)} bytes are cut off'
    number, line = _first_difference(old, new)
    return f'line {number} is changed: {_shown(line)}' if line else f'line {number} is added in the wrong place'


def _plain(text: bytes) -> bytes:
    return text.removeprefix(BOM).replace(b'\r\n', b'\n').rstrip(b'\n')


def _first_difference(old: bytes, new: bytes) -> tuple[int, bytes]:
    """The first old line that is not there any more, in order; past the end when only the order of insertions is wrong."""
    rest = iter(new.splitlines(keepends=True))
    for number, line in enumerate(old.splitlines(keepends=True), 1):
        if line not in rest:
            return number, line
    news, olds = new.splitlines(), old.splitlines()
    return next((at + 1 for at, (one, other) in enumerate(zip(news, olds)) if one != other), len(olds) + 1), b''


def _shown(line: bytes) -> str:
    text = line.strip().decode('utf-8', 'replace')
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
