"""What SQLite takes for newer than a database: what was written, and is not in its file yet."""
from __future__ import annotations

import os
from collections.abc import Iterator


def beside(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """The ends of the names of those that lie beside a file, where that really is, and are not empty."""
    for end in ('-wal', '-journal'):
        try:
            info = os.stat(os.path.realpath(path) + end)
        except OSError:
            continue
        if info.st_size:
            yield end, info
