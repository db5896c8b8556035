"""git exp doctor."""
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from gitexp.commands import options, out
from gitexp.commands.declare import command, flag
from gitexp.report import examination
from gitexp.report.health import Check, State


@command(
    flag('--fix', help='Mend what is ours: hooks, conflicts in the ledger, rows, half-done commands, worktrees.'),
    options.as_json,
)
def doctor(fix: bool, as_json: bool) -> int:
    """Look for what is broken, and mend it.

    Prints a line for each thing that was looked at: ok, warn or bad, and what to do. Works outside a lab, too.
    The exit code is 1 when something is bad.
    """
    mended = examination.mend(Path.cwd(), now=datetime.now(timezone.utc).isoformat(timespec='seconds')) if fix else []
    checks = examination.examine(Path.cwd())
    if as_json:
        out.data({'mended': mended, 'checks': [check.as_json() for check in checks]})
    else:
        _print(checks, mended)
    return 1 if any(check.state is State.BAD for check in checks) else 0


def _print(checks: list[Check], mended: list[str]) -> None:
    for line in mended:
        out.answer(f'fixed {line}')
    for check in checks:
        out.answer(f'{check.state.value:6}{check.name:15}{check.says}')
        if check.way:
            out.answer(f'{"":21}do: {check.way}')
