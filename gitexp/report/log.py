"""All runs of a ledger as CSV, in 17 columns that do not change."""
from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from gitexp.experiment import versions
from gitexp.lab.lab import Lab
from gitexp.ledger import read, standing
from gitexp.ledger.result import ABOUT, Result, Status
from gitexp.measure import current, search
from gitexp.report import counted, pivot

COLUMNS = (
    'timestamp', 'experiment', 'phase', 'budget', 'task', 'horizon', 'timescale', 'script_path', 'run_type', 'status', 'duration_seconds',
    'val_loss', 'test_accuracy', 'hyperparameters', 'error_message', 'thermal_max_temp', 'data_md5',
)
OURS = re.compile(re.escape(f'{",".join(COLUMNS)}\n'.encode()))
_AXES = COLUMNS[2:7]
_NUMBERS = ('val_loss', 'test_accuracy')
_SAID = ('flags', 'undeclared', 'of', 'with', 'inference')  # params of a run that say what it is, and are no parameters of the model


def text(lab: Lab) -> str:
    """The runs in the order of their ids, also those that a bug has retired, which `error_message` says then.

    `timestamp` is the start. `run_type` is `hpo` where a run has printed how many trials it made (`n_trials: 40`). `hyperparameters` is
    JSON: the metric and what else a run printed or was given that has no column, and under `run` which one it is; its `verdict` is that
    of the row's day, or what keeps it from competing.
    """
    found = read.read(lab)
    written = io.StringIO()
    log = csv.DictWriter(written, COLUMNS, lineterminator='\n')
    log.writeheader()
    script, eval_id, silent = _script(lab), current.eval_id(lab), standing.silent(found, lab.config.metric)
    for run in found.results:
        if run.kind not in ABOUT:
            by = script if run.eval_id == eval_id else ''
            log.writerow(_row(run, lab.config.metric.name, found.covered, lab.config.axes, by, silent.get(run.id)))
    return written.getvalue()


def _row(
    run: Result, metric: str, covered: Mapping[str, str], axes: Iterable[str], script: str, why: str | None,
) -> dict[str, Any]:
    numbers = {**run.metrics, **({} if run.value is None else {metric: run.value})}
    places = {axis: pivot.label(pivot.place(run, axis)) for axis in axes if axis in _AXES}
    columns = {name: numbers.get(name) for name in _NUMBERS}
    given = {name: said for name, said in run.params.items() if name not in _SAID}
    rest = {name: said for name, said in {**given, **numbers}.items() if name not in (*places, *columns)}
    rest['run'] = _which(run, why)
    bug = covered.get(run.id)
    return {
        'timestamp': run.time, 'experiment': run.experiment, **places, 'script_path': script,
        'run_type': 'hpo' if search.TRIALS in run.metrics else 'training',
        'status': _status(run.status), 'duration_seconds': run.seconds, **columns, 'hyperparameters': json.dumps(rest, ensure_ascii=False),
        'error_message': f'retired: {bug}' if bug else run.env.get('reason'), 'thermal_max_temp': run.env.get('thermal_max'),
        'data_md5': run.env.get('data_md5'),
    }


def _which(run: Result, why: str | None) -> dict[str, Any]:
    verdict = counted.AGAIN if versions.is_again(run) else why or run.verdict
    said = {'seed': run.seed, 'commit': run.commit, 'version': run.version, 'verdict': verdict, 'kind': run.kind.value}
    return {name: one for name, one in {**said, 'eval_id': run.eval_id, 'tree': run.tree}.items() if one is not None}


def _status(status: Status) -> str:
    return {Status.OK: 'success', Status.THERMAL_ABORT: 'thermal_abort'}.get(status, 'failed')


def _script(lab: Lab) -> str:
    """The first file of the lab that its training names, or else its evaluation."""
    text = (lab.config.train or lab.config.eval).text
    try:
        words = shlex.split(text, comments=True)
    except ValueError:  # What the shell understands may be too much for it.
        words = text.split()
    return next((word for word in words if (lab.root / word).is_file()), '')
