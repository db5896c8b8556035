"""Room on the disk, asked for before hours of work."""
from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gitexp.core.errors import Refused

_GB = 2 ** 30


def require(places: Iterable[Path], least: float) -> None:
    """Raise Refused when there are fewer GiB free where one of these is, or will be, than `least`."""
    for place in places:
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        found = os.statvfs(there)
        free = found.f_bavail * found.f_frsize / _GB
        if free < least:
            raise Refused(
                f"there are {free:.2g} GB free in '{there}', and a run wants {least:g}",
                hint='free some space, or on the trunk, in gitexp.yaml: min_free_gb: 0',
            )
