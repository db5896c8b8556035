"""Which columns a ledger has, and which lines of it are passed over, so that all who read one take the same line for its header."""
from __future__ import annotations

BOM = b'\xef\xbb\xbf'
LONGEST = 1 << 22  # bytes
LONG = LONGEST >> 5  # bytes; what is longer may not be short enough when it is written again, with all its escapes
_MARKERS = (b'<<<<<<<', b'|||||||', b'=======', b'>>>>>>>')


def columns(metric: str) -> tuple[str, ...]:
    """Those that we write; somebody may have added more."""
    return (
        'id', 'time', 'experiment', 'version', 'commit', metric, 'status', 'verdict', 'seed', 'kind', 'seconds', 'memory_gb',
        'description', 'tree', 'eval_id', 'metrics', 'params', 'env',
    )


def is_passed_over(line: bytes) -> bool:
    """Whether a line, given with its end, can be neither a row nor the header."""
    return len(line) > LONGEST or is_marker(line) or is_blank(line)


def is_marker(line: bytes) -> bool:
    """Whether git left this line in a file that it could not merge."""
    return line.startswith(_MARKERS) and b'\t' not in line


def is_blank(line: bytes) -> bool:
    """Whether a line says nothing; a byte order mark is nothing."""
    return not line.removeprefix(BOM).strip()
