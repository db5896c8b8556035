"""Which lines of a ledger are passed over, so that all who read one take the same line for its header."""
from __future__ import annotations

BOM = b'\xef\xbb\xbf'
LONGEST = 1 << 22  # bytes
_MARKERS = (b'<<<<<<<', b'|||||||', b'=======', b'>>>>>>>')


def is_passed_over(line: bytes) -> bool:
    """Whether a line, given with its end, can be neither a row nor the header."""
    return len(line) > LONGEST or is_marker(line) or is_blank(line)


def is_marker(line: bytes) -> bool:
    """Whether git left this line in a file that it could not merge."""
    return line.startswith(_MARKERS) and b'\t' not in line


def is_blank(line: bytes) -> bool:
    """Whether a line says nothing; a byte order mark is nothing."""
    return not line.removeprefix(BOM).strip()
