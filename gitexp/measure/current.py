"""Which evaluation is the lab's own."""
from __future__ import annotations

from gitexp.core import files
from gitexp.lab.lab import Lab


def eval_id(lab: Lab) -> str:
    """The evaluation that `git exp eval` without ARGS makes now: its rows are what trees are ranked by.

    Else one run with other ARGS, the newest, would be a ranking of its own. Kept for the trunk's commit, since every look
    at the ledger asks.
    """
    kept = lab.state / 'cache' / 'evaluation'
    try:
        commit, name = kept.read_text().split()
        if commit == lab.trunk_commit:
            return name
    except (OSError, ValueError):
        pass
    from gitexp.measure import yardstick
    name = yardstick.of(lab).name(lab.config)
    try:
        files.replace(kept, f'{lab.trunk_commit} {name}\n')
    except OSError:
        pass  # A read-only repository is slower, not broken.
    return name
