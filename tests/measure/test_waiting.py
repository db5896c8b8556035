"""What happens to the ledger while an evaluation waits, or before it begins, is known when it runs."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from place import PROGRAM, Place, quiet
from stories import change, experiment, rows

SLOW = """\
import os, time
while not os.path.exists(os.environ['GATE']): time.sleep(0.02)
score = 2.5
"""


def until_it_waits(place: Place, gate: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [PROGRAM, 'eval', '--seeds', '3'], cwd=place.path, env={**quiet(), 'GATE': str(gate)}, stderr=subprocess.PIPE, text=True)
    assert child.stderr and 'waiting for the evaluation of' in child.stderr.readline()
    return child


@pytest.mark.parametrize(('mended', 'says'), [
    (False, "what 'leak' holds is superseded by the bug 'leak'"), (True, "v1 of 'leak' was superseded while this waited"),
], ids=['the same', 'mended'])
def test_what_was_retired_meanwhile_is_not_measured(lab: Place, tmp_path: Path, mended: bool, says: str) -> None:
    gate = tmp_path / 'gate'
    leak, slow = experiment(lab, 'leak', model_py='score = 0.5\n'), experiment(lab, 'slow', model_py=SLOW)
    leak.ok('eval', '--seed', '1')
    if mended:
        change(leak, model_py='score = 2.9\n')
    first = subprocess.Popen([PROGRAM, 'eval', '--seed', '1'], cwd=slow.path, env={**quiet(), 'GATE': str(gate)}, stderr=subprocess.PIPE)
    while not [*(lab.path / '.git/exp/runs').glob('*.json')]:
        assert first.poll() is None
    child = until_it_waits(leak, gate)
    leak.ok('supersede', '--bug', 'leak', '--yes')
    gate.touch()

    assert says in child.communicate(timeout=60)[1] and child.returncode == 3
    assert first.wait(60) == 0
    assert [(row['experiment'], row['kind']) for row in rows(lab)] == [('leak', 'eval'), ('leak', 'supersede'), ('slow', 'eval')]


def test_nothing_is_judged_while_the_ledger_lacks_rows_that_it_had(lab: Place) -> None:
    lab.ok('baseline')
    lab.commit('rows')
    experiment(lab, 'good', model_py='score = 2.0\n').ok('eval')
    idea = experiment(lab, 'idea', model_py='score = 2.5\n')
    lab.git('stash')

    assert idea.exp('eval') == 3 and 'has lost rows that it had' in idea.talk
    assert idea.talk.endswith('hint: git exp sync --local puts them back\n')
    for words in (['results'], ['status'], ['list'], ['show', 'good']):
        assert lab.exp(*words) == 0 and 'has lost rows that it had' in lab.talk and 'git exp baseline' not in lab.talk, words
    assert lab.ok('sync', '--local') == 'ledger: 3 new rows; notes: nothing new\n'
    assert idea.ok('eval', '--seeds', '3').startswith('worse: idea v1 against good v1')

    lab.git('checkout', 'results.tsv')
    lab.git('update-ref', '-d', 'refs/notes/exp')
    assert idea.exp('eval') == 3 and 'has lost rows that it had' in idea.talk, 'whatever the notes say'
    assert lab.ok('sync', '--local') == 'ledger: 6 new rows; notes: 10 new rows\n'
    assert idea.ok('eval').startswith('worse: idea v1 against good v1')


def test_rows_lost_while_it_runs_make_no_verdict(lab: Place, tmp_path: Path) -> None:
    gate = tmp_path / 'gate'
    lab.ok('baseline')
    lab.commit('rows')
    experiment(lab, 'good', model_py='score = 2.0\n').ok('eval')
    slow = experiment(lab, 'slow', model_py=SLOW)
    child = subprocess.Popen(
        [PROGRAM, 'eval'], cwd=slow.path, env={**quiet(), 'GATE': str(gate)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not [*(lab.path / '.git/exp/runs').glob('*.json')]:
        assert child.poll() is None
    lab.git('stash')
    gate.touch()

    said, talk = child.communicate(timeout=60)
    assert talk.count('no verdict: ') == 3 and 'better' not in said, 'it would be, of the baseline'
    assert [row['verdict'] for row in rows(lab)[-3:]] == ['provisional'] * 3
    assert slow.exp('eval') == 3 and 'has lost rows that it had' in slow.talk, 'its own row is the last one now'
    lab.ok('sync', '--local')
    assert slow.ok('eval', '--seeds', '3', GATE=str(gate)).startswith('worse: slow v1 against good v1')


def test_what_is_appended_hides_no_loss_from_whoever_judges(lab: Place) -> None:
    lab.ok('baseline')
    lab.commit('rows')
    experiment(lab, 'good', model_py='score = 2.0\n').ok('eval')
    idea = experiment(lab, 'idea', model_py='score = 2.5\n')
    idea.ok('eval', '--seeds', '3')
    lab.git('stash')
    lab.write('old.tsv', 'commit\tscore\tstatus\na1b2c3d\t9.0\tkeep\n')
    lab.ok('import', 'old.tsv')

    for words in (['eval'], ['submit'], ['confirm', '--because', 'why not']):
        assert idea.exp(*words) == 3 and 'has lost rows that it had' in idea.talk, words
    assert lab.ok('best').startswith('the baseline: ') and 'has lost rows that it had' in lab.talk
    lab.ok('sync', '--local')
    assert lab.ok('best').startswith('good v1: ') and lab.talk == ''
