"""Texts cut into what must not be torn: the rows of a table, the entries of a journal.

A journal is a title, with what stands above its first entry, and its entries: a heading of their level and what stands below it, up
to the next one. A '#' in fenced code, in a comment or in front matter is no heading, and a block that never ends hides none. What was
a part before stays one, as often as it was there and whatever block was opened above it later: what is new has been put above it, and
if it quotes it in code, it is whole with what it quotes.
"""
from __future__ import annotations

import re
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence

from gitexp.core.lines import BOM

_LINE = re.compile(rb'[^\n]*\n|[^\n]+')
_HEADING = re.compile(rb'(#{1,6})[ \t]')
_ANY = re.compile(rb'^(#{1,6})[ \t]', re.MULTILINE)
_SIGN = re.compile(rb'^(?:\xef\xbb\xbf)?(?:(#{1,6})[ \t]| {0,3}(`{3,}(?=[^`\n]*$)|~{3,}|<!--)([^\n]*))', re.MULTILINE)
_FRONT = re.compile(rb'(?:\xef\xbb\xbf)?---[ \t]*\r?\n(?:[ \t]*\S[^\n]*\n)*?(?:---|\.\.\.)[ \t\r]*(?:\n|\Z)')
_END = re.compile(rb'^ {0,3}(`{3,}|~{3,})[ \t\r]*$', re.MULTILINE)
_GAP = re.compile(rb'\r?\n\s*')

Heading = tuple[int, int]


def lines(text: bytes) -> list[bytes]:
    """The lines that say anything, without their ends."""
    return [line.rstrip(b'\r\n') for line in ended(text)]


def ended(text: bytes) -> list[bytes]:
    """The same with their ends."""
    return [line for line in _LINE.findall(text.removeprefix(BOM)) if line.strip()]


def split(text: bytes, known: Iterable[Iterable[bytes]] = (), depth: int = 0) -> list[bytes]:
    """A journal cut at its title and above each entry; together the parts are the text.

    `known` are the parts of texts that it has grown from, each there as often as in the one that has it most often; `depth` is how many
    marks the heading of an entry has, 0 for as many as in the text itself.
    """
    depth, made, done = depth or level(text), list[bytes](), 0
    for start, end in _whole(text, known, depth):
        made += [*_cut(text[done:start], depth), text[start:end]]
        done = end
    return made + _cut(text[done:], depth)


def common(base: bytes, sides: Sequence[bytes]) -> Iterator[bytes]:
    """The parts of what several sides have grown from, cut also inside a block where one has something between what it holds together.

    Such a block was never ended by its author, but by the code of an older entry.
    """
    depth = level(base)
    for part in split(base):
        yield from [part] if all(bare(part) in side for side in sides) else pieces(part, depth)


def pieces(text: bytes, depth: int) -> list[bytes]:
    """A text cut at each line that looks like the heading of an entry, in code or not."""
    return _parted(text, {found.start() for found in _ANY.finditer(text) if len(found[1]) == depth})


def headings(text: bytes) -> Iterator[Heading]:
    """Where each heading is that the page shows, and how many marks it has."""
    front = _FRONT.match(text)
    at, endless = front.end() if front else 0, dict[bytes, bytes]()
    ends: list[re.Match[bytes]] | None = None
    while sign := _SIGN.search(text, at):
        at, mark = sign.end(), sign[2]
        if sign[1]:
            yield sign.start(), len(sign[1])
        elif not mark.startswith(endless.get(mark[:1], b'\n')):
            ends = [*_END.finditer(text, at)][::-1] if ends is None and mark != b'<!--' else ends
            end = text.find(b'-->', sign.start(2) + 2) if mark == b'<!--' else _closed(mark, at, ends or [])
            at = max(at, end)
            if end < 0:
                endless[mark[:1]] = mark


def is_titled(text: bytes, found: Sequence[Heading]) -> bool:
    """Whether the first of its headings is the title of a text: of the first level, and below nothing but front matter."""
    return bool(found) and found[0][1] == 1 and not _FRONT.sub(b'', text[:found[0][0]], count=1).removeprefix(BOM).strip()


def entries(text: bytes) -> Iterator[Heading]:
    """The headings below the title."""
    found = headings(text)
    top = next(found, None)
    if top and not is_titled(text, [top]):
        yield top
    yield from found


def level(text: bytes) -> int:
    """How many marks the heading of an entry has, 0 for no entries."""
    return next((count for _, count in entries(text)), 0)


def below(text: bytes) -> int:
    """Where the line of a title ends, and the blank lines after it."""
    front = _FRONT.match(text)
    end = text.find(b'\n', next((at for at, _ in headings(text)), front.end() if front else 0)) + 1
    return end + len(text[end:]) - len(text[end:].lstrip(b'\r\n')) if end else len(text)


def marks(part: bytes) -> int:
    """How many marks the heading has that a part starts with, 0 for none."""
    found = _HEADING.match(part)
    return len(found[1]) if found else 0


def plain(part: bytes) -> bytes:
    """What makes a part the same as another."""
    return bare(part.removeprefix(BOM)).replace(b'\r\n', b'\n')


def bare(part: bytes) -> bytes:
    """A part without the blank lines around it, and without the end of its last line."""
    return whole(part).rstrip(b'\r\n')


def whole(part: bytes) -> bytes:
    """A part without the blank lines around it."""
    text = part.lstrip(b'\r\n')
    end = text.find(b'\n', len(text.rstrip())) + 1
    return (text[:end] if end else text) if text.strip() else b''


def _closed(fence: bytes, at: int, ends: list[re.Match[bytes]]) -> int:
    """Where code ends whose fence ends at a place, -1 where it never does; of what could end some, the last comes first."""
    while ends and ends[-1].start() < at:
        ends.pop()
    return next((one.end() for one in reversed(ends) if one[1].startswith(fence)), -1)


def _cut(text: bytes, depth: int) -> list[bytes]:
    return _parted(text, {at for at, count in headings(text) if count == depth} if depth else {below(text)})


def _parted(text: bytes, places: Iterable[int]) -> list[bytes]:
    edges = sorted({0, *places, len(text)})
    return [text[start:end] for start, end in zip(edges, edges[1:])]


def _whole(text: bytes, known: Iterable[Iterable[bytes]], depth: int) -> list[tuple[int, int]]:
    """Where parts that are known stand in a text, with the blank lines below them.

    What stands at the top comes first, then the longest, as far down as it can be: above it is what quotes it.
    """
    most, sizes, taken = Counter[bytes](), defaultdict[bytes, set[int]](set), list[tuple[int, int]]()
    for some in known:
        most |= Counter(filter(None, (bare(part.removeprefix(BOM)) for part in some)))
    for part in most:
        sizes[_top(part)].add(len(part))
    places = _places(text, most)
    there = (
        (at == places[0], size, at, _after(text, at, at + size, depth, sizes))
        for at in places for size in sizes.get(_top(text, at), ()) if text[at:at + size] in most
    )
    for is_first, size, at, end in sorted((one for one in there if one[-1]), reverse=True):
        part, start = text[at:at + size], 0 if is_first else at
        index = bisect(taken, (start, end))
        if most[part] and all(done <= start or end <= begun for begun, done in taken[max(index - 1, 0):index + 1]):
            most[part] -= 1
            taken.insert(index, (start, end))
    return taken


def _places(text: bytes, known: Iterable[bytes]) -> list[int]:
    """Where a part may begin: at the top, at each heading, and where one stands that begins with none."""
    start = len(text) - len(text.removeprefix(BOM).lstrip(b'\r\n'))
    words = (text.find(b'\n' + part) + 1 for part in known if not marks(part))
    return sorted({start, *words, *(found.start() for found in _ANY.finditer(text))})


def _after(text: bytes, start: int, end: int, depth: int, named: Container[bytes]) -> int:
    """Where the blank lines below a part end; 0 where what follows belongs to it: no heading of an entry, and nothing that is known."""
    gap = _GAP.match(text, end)
    if end == len(text) or gap and gap.end() == len(text):
        return len(text)
    place = text.rfind(b'\n', end, gap.end()) + 1 if gap else 0
    most = depth if marks(text[start:start + 7]) == depth else 6
    return place if gap and (0 < marks(text[place:place + 7]) <= most or _top(text, place) in named) else 0


def _top(text: bytes, at: int = 0) -> bytes:
    """The line that begins at a place."""
    end = text.find(b'\n', at)
    return text[at:end if end >= 0 else len(text)].rstrip(b'\r')
