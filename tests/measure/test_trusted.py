"""Nothing is evaluated before a baseline has passed."""
from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from gitexp.lab.lab import Lab
from gitexp.measure import baseline
from gitexp.measure.voice import Voice
from place import CONFIG, Place
from stories import change, experiment, rows

STRICT = CONFIG.replace(', required: false', '')


@pytest.fixture
def strict(lab: Place) -> Place:
    change(lab, gitexp_yaml=STRICT)
    return lab


def test_an_evaluation_waits_for_a_baseline(strict: Place) -> None:
    idea = experiment(strict)

    assert idea.exp('eval') == 3 and rows(strict) == []
    said = 'nothing is evaluated before the unchanged trunk is: this evaluation has no baseline'
    assert idea.talk == f'git exp: {said}\nhint: git exp baseline\n'
    idea.ok('eval', META_MODE='1')
    strict.ok('baseline')
    idea.ok('eval')


def test_a_baseline_that_does_not_pass_lets_nothing_in(strict: Place) -> None:
    strict.exp('baseline', '--seeds', '2')
    assert strict.said.splitlines()[1:] == [
        'error: 2 seeds say too little of the noise: it takes 3', '    rule: seeds (gitexp.yaml, baseline)',
        '    do:   git exp baseline --seeds 3',
    ]
    idea = experiment(strict)

    assert idea.exp('eval') == 3
    assert 'before a baseline has passed: 2 seeds say too little of the noise' in idea.talk
    strict.ok('baseline')
    idea.ok('eval')


def test_what_is_left_of_a_baseline_is_measured_anew(strict: Place) -> None:
    strict.ok('baseline', '--seeds', '4')
    strict.ok('supersede', 'baseline', '--bug', 'hot-gpu', '--runs', rows(strict)[1]['id'], '--yes')
    idea, eval_id = experiment(strict), rows(strict)[0]['eval_id']

    assert idea.exp('eval') == 3
    why = "because of 'hot-gpu' some of its runs are retired and others count, so that the mean may be picked"
    way = f'retire the rest too: git exp supersede baseline --bug hot-gpu --eval-id {eval_id}; once mended: git exp baseline'
    assert idea.talk == f'git exp: nothing is evaluated before a baseline has passed: {why}\nhint: {way}\n'
    assert strict.exp('baseline') == 3 and strict.talk == f'git exp: the baseline cannot pass: {why}\nhint: {way}\n'
    assert len(rows(strict)) == 6
    strict.ok('supersede', 'baseline', '--bug', 'hot-gpu', '--eval-id', eval_id, '--yes')
    strict.ok('baseline')
    assert idea.ok('eval').startswith('better: ')


@pytest.mark.parametrize('minutes', [3, 60])
def test_a_baseline_by_a_clock_that_was_ahead_is_retired_as_a_whole_and_measured_anew(strict: Place, minutes: int) -> None:
    ahead = timedelta(minutes=minutes)
    baseline.baseline(Lab.find(strict.path), voice=Voice(lambda: datetime.now(timezone.utc) + ahead, lambda text: None))
    strict.ok('supersede', 'baseline', '--bug', 'clock', '--yes')
    strict.ok('baseline')
    event = next(row for row in rows(strict) if row['kind'] == 'supersede')
    anew = [row['id'] for row in rows(strict)[-4:]]
    assert event['id'] < anew[0] and anew == sorted(anew)

    assert experiment(strict).ok('eval').startswith('better: ')
    assert strict.exp('status') == 0
    strict.ok('baseline')


def test_an_experiment_with_the_trunks_tree_is_retired_and_the_baseline_is_none_the_worse(strict: Place) -> None:
    strict.ok('baseline')
    same = experiment(strict, 'same')
    change(same, model_py='score = 3.0\n')
    same.ok('eval', '--seed', '1')
    assert len({row['tree'] for row in rows(strict)}) == 1
    same.ok('supersede', '--bug', 'wrong', '--yes')

    assert experiment(strict).ok('eval').startswith('better: ')
    assert json.loads(strict.ok('best', '--json'))['flags'] == []


def test_what_the_lab_wants_now_is_what_counts(strict: Place) -> None:
    strict.ok('baseline')
    change(strict, gitexp_yaml=STRICT.replace('[0, 40]', '[5, 40]'))
    idea = experiment(strict)

    assert idea.exp('eval') == 3
    assert 'less than the 5 wanted' in idea.talk and 'baseline: {minutes: [0, 40]}; then nothing need be run again\n' in idea.talk
    change(strict, gitexp_yaml=STRICT)
    idea.ok('eval')


def test_another_evaluation_and_a_retired_baseline_are_none(strict: Place) -> None:
    strict.ok('baseline')
    idea = experiment(strict)
    idea.ok('eval')
    strict.ok('supersede', 'baseline', '--bug', 'wrong-split')

    assert idea.exp('eval') == 3 and 'has no baseline' in idea.talk
    strict.ok('restore', 'baseline')
    idea.ok('eval')
    change(strict, eval_py=(strict.path / 'eval.py').read_text() + '# another\n')
    idea.git('merge', '-q', '-m', 'merge', 'main')
    assert idea.exp('eval') == 3 and 'has no baseline' in idea.talk
    idea.ok('eval', '--', '--other')  # Compares with nothing but itself.


def test_under_other_words_no_gain_is_believed_before_they_have_a_baseline(strict: Place) -> None:
    junk, idea = experiment(strict, 'junk', model_py='score = 9.0\n'), experiment(strict)
    junk.ok('eval', '--seeds', '3', '--', '--fast', 'a b')
    assert junk.talk.endswith("hint: git exp baseline -- --fast 'a b'\n")

    assert idea.ok('eval', '--seeds', '3', '--', '--fast', 'a b').startswith('provisional: idea v1 against junk v1\n')
    assert ', but no baseline has been measured by this evaluation\n' in idea.said
    assert idea.talk.endswith("hint: git exp baseline -- --fast 'a b'\n")
    assert strict.ok('list').count('provisional') == 1 and "\nhint: git exp baseline\n" in strict.talk
    assert strict.talk.startswith("the lab's own evaluation has measured nothing that counts; this is by another, ")
    assert json.loads(strict.ok('best', '--json'))['verdict'] == 'provisional' and 'better' not in strict.ok('results')

    strict.ok('baseline', '--', '--fast', 'a b')
    assert idea.ok('eval', '--', '--fast', 'a b').startswith('better: idea v1 against the baseline\n')
