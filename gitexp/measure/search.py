"""best.json of a run that is a search for hyperparameters: one that prints how many trials it made."""
from __future__ import annotations

import json
import os

from gitexp.core import files
from gitexp.ledger.result import Result
from gitexp.measure.execution import Executed
from gitexp.measure.outputs import Outputs
from gitexp.run.ending import Ending

FILE, TRIALS = 'best.json', 'n_trials'
_BUDGET = 'budget'


def note(begun: Result, done: Executed, places: Outputs) -> None:
    """Write it into EXP_OUT, unless the search has left its own; the row says the same."""
    found = done.reading
    if done.last.ending is not Ending.OK or done.offence or not found or found.value is None or TRIALS not in found.others:
        return
    params = {name: said for name, said in found.others.items() if name not in (TRIALS, _BUDGET)}
    said = {
        'experiment': begun.experiment, 'budget': found.others.get(_BUDGET), 'best_value': found.value, 'best_params': params,
        'n_trials': found.others[TRIALS], 'timestamp': begun.time,
    }
    path = places.out / FILE
    try:
        if not os.path.lexists(path):
            files.replace(path, json.dumps(said, indent=2) + '\n', top=places.below)
    except OSError:
        pass
