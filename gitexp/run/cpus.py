"""On how many CPUs a run may work."""
from __future__ import annotations

import os
import sys

_MOST = 1 << 13  # which Linux can be built for


def widen() -> tuple[int, int] | None:
    """Let this process, and so what it starts, work on every CPU that its cgroup has; from how many to how many, None if that is no other.

    A mask, as of taskset(1), is one that each program may lift from itself, and so says nothing of where it has worked.
    """
    if sys.platform != 'linux':
        return None
    before = len(os.sched_getaffinity(0))
    try:
        os.sched_setaffinity(0, range(_MOST))
    except OSError:
        return None  # Forbidden, to a run as well.
    after = len(os.sched_getaffinity(0))
    return (before, after) if after != before else None
