"""Whether one text is an append to another, by bytes.

Decided on purpose:
- A byte order mark, a line end or a blank of the old text is a byte like any other, so converting a file to CRLF, or back, is an
  edit, and so is taking away a blank at the end of a line. The header of a table, and what stands above the first entry of a
  journal, are old bytes too.
- An old last line without its end is ended first, or what is appended would change it.
- What is appended ends its last line, in whatever way: a row with LF goes below rows with CRLF.
- The same entry or row twice is an append: who reads drops a doubled id. So is a row with too many columns, which whoever reads
  names by its line, and an entry that opens a comment or a code block: the bytes below it are all there.
- A file that is new, or empty, may begin in any way.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

_MARK = b'\xef\xbb\xbf'
_NOT_HERE = 'elsewhere'
_HEADING = re.compile(rb'^(#{1,6})[ \t]', re.MULTILINE)


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
    level, the top counts as well.
    """
    if not old or new == old:
        return None
    if old.startswith(_MARK) and new.startswith(_MARK):
        return top(old.removeprefix(_MARK), new.removeprefix(_MARK))
    answers = [_inserted(old, new, place) for place in _places(old)]
    if None in answers:
        return None
    return next((wrong for wrong in answers if wrong != _NOT_HERE), None) or _edited(old, new)


def _inserted(old: bytes, new: bytes, place: int) -> str | None:
    """Whether `new` is `old` with something put in at one place."""
    head, body = old[:place], old[place:]
    if len(new) < len(old) or not new.startswith(head) or not new.endswith(body):
        return _NOT_HERE
    added = new[place:len(new) - len(body)]
    if head and not head.endswith(b'\n') and not added.startswith((b'\n', b'\r\n')):
        return 'its last line is changed: end it first'
    if not added.endswith(b'\n'):
        return 'the new entry does not end its last line'
    if _HEADING.search(body) and not _HEADING.match(added.lstrip()):
        return "the new entry does not start with a heading, such as '## 2026-01-31 what was tried'"
    return None


def _places(old: bytes) -> Iterator[int]:
    """Where new entries may go: above the first entry, or at any line break among the blank lines there."""
    headings = [(match.start(), len(match[1])) for match in islice(_HEADING.finditer(old), 2)]
    titled = bool(headings) and headings[0][1] == 1 and not old[:headings[0][0]].strip()
    entries = headings[titled:]
    yield from _breaks(old, entries[0][0] if entries else len(old))
    if titled and entries and entries[0][1] == 1:
        yield headings[0][0]
    if not entries:
        end = old.find(b'\n') + 1
        yield from _breaks(old, end + len(old[end:]) - len(old[end:].lstrip(b'\r\n')))


def _breaks(old: bytes, place: int) -> Iterator[int]:
    filled = len(old[:place].rstrip())
    yield from (at for at in range(place, filled - 1, -1) if at in (0, place) or old[at - 1:at] == b'\n')


def _edited(old: bytes, new: bytes) -> str:
    """What happened to a text that has lost some of its bytes, in words."""
    if _plain(old) == _plain(new):
        return 'its line ends or its byte order mark are changed'
    if old.startswith(new) or old.endswith(new):
        return f'{len(old) - len(new)} bytes are cut off'
    number, line = _first_difference(old, new)
    return f'line {number} is changed: {_shown(line)}' if line else f'line {number} is added in the wrong place'


def _plain(text: bytes) -> bytes:
    return text.removeprefix(_MARK).replace(b'\r\n', b'\n').rstrip(b'\n')


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
