"""Where the sections of a document begin, as who reads the page sees it.

A heading is '## ' after three blanks at most, and not in fenced code. A fence that is never closed hides the headings below it, as
on the page. One that may be part of HTML or of a list item, so that the page shows what is below it, hides none, nor does any that
follows. Headings that are underlined are not looked at, nor what a comment hides.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_MARK = b'\xef\xbb\xbf'
_HEADING = rb' {0,3}##[ \t]'
_FENCE = rb'(?s)( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)'
_HTML = rb'(?i)\s*<(?:(!--)|([!?]|(?:pre|script|style|textarea)\b)|/?[a-z])'
_NEVER, _BLANK = rb'(?!)', rb'\A\s*\Z'
_CODES = {rb'\xff\xfe\0\0|\0\0\xfe\xff': 'utf-32', rb'\xff\xfe|\xfe\xff': 'utf-16', rb'(?s)\0.': 'utf-16-be', rb'(?s).\0': 'utf-16-le'}


def sections(text: bytes) -> list[bytes]:
    """What begins with each heading, in UTF-8, without the line ends at its end; what stands before the first is left out."""
    found: list[list[bytes]] = [[]]
    lines = _utf8(text).removeprefix(_MARK).splitlines(keepends=True)
    for line, is_code in zip(lines, _coded(lines)):
        if not is_code and re.match(_HEADING, line):
            found.append([])
        found[-1].append(line)
    return [b''.join(some).rstrip(b'\r\n') for some in found[1:]]


def _utf8(text: bytes) -> bytes:
    """The text as it is read where its mark, or a zero in its first sign, tells that it is written in another way."""
    code = next((code for start, code in _CODES.items() if re.match(start, text)), None)
    return text.decode(code, 'backslashreplace').encode() if code else text


def _coded(lines: Iterable[bytes]) -> Iterator[bool]:
    """Whether each line is in fenced code for sure."""
    fence, indent, end, is_sure = b'', 0, b'', True
    for line in lines:
        mark, inside = re.match(_FENCE, line), bool(fence)
        if fence:
            # The code of a list item ends where a line stands left of it.
            is_sure = is_sure and not (line.strip() and len(line) - len(line.lstrip(b' ')) < indent)
            fence = b'' if mark and mark[2].startswith(fence) and not mark[3].strip() else fence
        elif mark:
            is_sure, fence, indent = is_sure and not end, mark[2], len(mark[1])
        else:
            end = _end(line, end)
        yield inside and is_sure


def _end(line: bytes, end: bytes) -> bytes:
    """A pattern of the line that ends the HTML which may go on below this one, b'' where there is none."""
    if not end and (found := re.match(_HTML, line)):
        end = rb'-->' if found[1] else _NEVER if found[2] else _BLANK
    return b'' if end and re.search(end, line) else end
