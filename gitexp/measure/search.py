"""best.json of a run that is a search for hyperparameters: one that prints how many trials it made."""
from __future__ import annotations

import json
import os

from gitexp.core import files
from gitexp.ledger.result import Result, Status
from gitexp.measure.outputs import Outputs

FILE, TRIALS = 'best.json', 'n_trials'
_BUDGET = 'budget'


def note(result: Result, places: Outputs) -> None:
    """Write it into EXP_OUT, unless the search has left its own; the row says the same."""
    found = result.metrics
    if result.status is not Status.OK or TRIALS not in found:
        return
    params = {name: said for name, said in found.items() if name not in (TRIALS, _BUDGET)}
    said = {
        'experiment': result.experiment, 'budget': found.get(_BUDGET), 'best_value': result.value, 'best_params': params,
        'n_trials': found[TRIALS], 'timestamp': result.time,
    }
    path = places.out / FILE
    try:
        if not os.path.lexists(path):
            files.replace(path, json.dumps(said, indent=2) + '\n', top=places.below)
    except OSError:
        pass
