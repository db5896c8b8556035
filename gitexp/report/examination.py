"""Looking at everything, and mending what is ours."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from gitexp.core.errors import Failure
from gitexp.experiment import journal, torn
from gitexp.git import notes
from gitexp.git.command import Git
from gitexp.guard import alive, hooks
from gitexp.lab.lab import Lab
from gitexp.ledger import pending, sync
from gitexp.report import adrift, conflicts, health, symptoms
from gitexp.report.health import Check, State


def examine(folder: Path) -> list[Check]:
    """Look at the machine, the repository and the lab; never raises for what is wrong with them."""
    checks, lab = health.around(folder)
    return [*health.machine(folder), *checks, *(_lab(lab) if lab else [])]


def _lab(lab: Lab) -> list[Check]:
    names = symptoms.SERVED if lab.is_server else symptoms.LOOKS
    found = [check for name in names for check in health.tried(name, partial(symptoms.LOOKS[name], lab))]
    first = {(check.says, check.way): check for check in reversed(found)}  # What stops several looks is said once.
    return [check for check in found if check.state is not State.BAD or first[check.says, check.way] is check]


def mend(folder: Path, *, now: str) -> list[str]:
    """Put right what commands of ours left, and say what was done; what cannot be mended shows in the next examination."""
    try:
        lab = Lab.find(folder)
        if lab.is_server:
            return []
        first = _said(torn.mend, lab)
        lab = Lab.find(folder)  # As it is after that.
    except Failure:
        return []
    steps = (journal.recover, conflicts.resolve, lambda lab: _rows(lab, now), _notes, _hooks, adrift.mend)
    return [*first, *(line for step in steps for line in _said(step, lab))]


def _said(step: Callable[[Lab], list[str]], lab: Lab) -> list[str]:
    try:
        return step(lab)
    except (Failure, OSError) as error:
        return [f'not mended: {error}']


def _rows(lab: Lab, now: str) -> list[str]:
    return [*map(pending.elsewhere, pending.forget_others(lab)), *(pending.told(lab, result) for result in pending.recover(lab, now))]


def _notes(lab: Lab) -> list[str]:
    torn = notes.is_torn(Git(lab.common))
    taken, noted = sync.agree(lab)
    said = ((taken, 'brought back rows that the ledger had lost'), (noted, 'noted rows'))
    return [notes.MENDED] * torn + [f'{words}: {many}' for many, words in said if many]


def _hooks(lab: Lab) -> list[str]:
    """Whoever asks for mending wants hooks that are missing, too."""
    wrong = alive.state(lab)
    if wrong:
        hooks.install(lab.here or lab.root)
    left = {finding.message for finding in alive.state(Lab.find(lab.here or lab.root))} if wrong else set()
    return [f'hooks: {finding.message}' for finding in wrong if finding.message not in left]
