"""Where the sections of a document begin: at every line that begins with '##', in code or not.

Blanks and the marks of quotes and lists may stand before it. Bytes of zero are passed over, so that it is seen in UTF-16 as well, and
nothing that hides a heading on the page hides it here. Fenced code is known besides, since what is said in it is not what the page says:
no section there is live or empty, and none gets there. Headings that are underlined are not looked at.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gitexp.core.lines import BOM
from gitexp.core.tuples import NamedTuple

_HEADING = rb'(?:\xff\xfe|\xfe\xff)?(?:[ \t>]|[-+*][ \t]|\d{1,9}[.)][ \t])*##(?!\S)'
_FENCE = rb'(?s)( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)'


class Section(NamedTuple):
    """What begins with a heading, and whether that stands in fenced code."""

    text: bytes
    in_code: bool


def sections(text: bytes) -> list[Section]:
    """What begins with each heading, without the line ends at its end; what stands before the first is left out."""
    found: list[tuple[list[bytes], bool]] = [([], False)]
    lines = text.removeprefix(BOM).splitlines(keepends=True)
    plain = [line.replace(b'\0', b'') for line in lines]
    for line, said, in_code in zip(lines, plain, _coded(plain)):
        if re.match(_HEADING, said):
            found.append(([], in_code))
        found[-1][0].append(line)
    return [Section(b''.join(some).strip(b'\0').rstrip(b'\r\n\0'), in_code) for some, in_code in found[1:]]


def _coded(lines: Iterable[bytes]) -> Iterator[bool]:
    """Whether each line is in fenced code, or in what looks like it."""
    fence, indent = b'', 0
    for line in lines:
        if len(line) - len(line.lstrip(b' ')) < indent and line.strip():
            fence, indent = b'', 0  # The code of a list item ends where a line stands left of it.
        yield bool(fence)
        mark = re.match(_FENCE, line)
        if mark and not fence:
            fence, indent = mark[2], len(mark[1])
        elif mark and mark[2].startswith(fence) and not mark[3].strip(b' \t\r\n'):
            fence, indent = b'', 0
