"""Which seeds an evaluation runs: those that were named before, one first."""
from __future__ import annotations

import json

import pytest

from place import CONFIG, Place
from stories import change, experiment, rows

# Each seed moves every model alike, and each model a little more.
NOISY = """\
import random, sys
sys.path.insert(0, '.')
import model
seed = int(sys.argv[1])
print('score:', model.score + random.Random(seed).gauss(0, 0.05) + random.Random(f'{model.score} {seed}').gauss(0, 0.02))
"""


def seeds(lab: Place, slug: str) -> list[str]:
    return [row['seed'] for row in rows(lab) if row['experiment'] == slug]


@pytest.fixture
def noisy(lab: Place) -> Place:
    """A lab that has measured its baseline, about 3.0."""
    lab.write('gitexp.yaml', CONFIG.replace('min_effect: 0.01, ', ''))
    change(lab, eval_py=NOISY)
    lab.ok('baseline')
    return lab


def test_what_shows_no_promise_is_stopped_after_one_seed(noisy: Place) -> None:
    idea = experiment(noisy, 'idea', model_py='score = 3.4\n')
    said = idea.ok('eval').splitlines()

    assert seeds(noisy, 'idea') == ['1']
    assert said[0] == 'worse: idea v1 against the baseline'
    assert said[-1].startswith('    the first seed loses 0.') and said[-1].endswith(' is promising: seeds 2 and 3 not run')
    assert idea.talk.endswith('hint: to run all the same: git exp eval --seeds 3\n')
    before = rows(noisy)
    assert idea.ok('eval').endswith(' is promising: seeds 2 and 3 not run\n') and idea.talk.endswith('git exp eval --seeds 3\n')
    assert rows(noisy) == before
    told = idea.ok('eval', '--seeds', '3')

    assert seeds(noisy, 'idea') == ['1', '2', '3']
    assert idea.ok('eval') == told and 'seeds 1, 2 and 3 have been run for this tree already' in idea.talk
    assert json.loads(idea.ok('eval', '--json'))['results'] == []
    assert seeds(noisy, 'idea') == ['1', '2', '3']


def test_what_is_promising_goes_on_to_the_seeds_that_decide(noisy: Place) -> None:
    idea = experiment(noisy, 'idea', model_py='score = 2.5\n')
    said = idea.ok('eval')

    assert said.startswith('better: idea v1 against the baseline\n') and 'promising: seeds 2 and 3 follow' in idea.talk
    assert [(row['seed'], row['verdict']) for row in rows(noisy)[4:]] == [('1', 'provisional'), ('2', 'provisional'), ('3', 'better')]


def test_without_noise_all_seeds_are_run(lab: Place) -> None:
    idea = experiment(lab, 'idea', model_py='score = 9.0\n')
    idea.ok('eval')

    assert seeds(lab, 'idea') == ['1', '2', '3']
    assert idea.talk.endswith('hint: git exp baseline\n')


def test_a_lucky_first_seed_is_no_win(noisy: Place) -> None:
    idea = experiment(noisy, 'idea', model_py='score = 2.5\n')
    said = idea.ok('eval', '--seed', '1')

    assert said.startswith('provisional: idea v1 against the baseline\n') and 'but only 1 of the 3 seeds that decide has a value' in said
    assert idea.talk.endswith('hint: git exp eval\n')
    assert json.loads(noisy.ok('best', '--json'))['verdict'] == 'provisional'
    assert idea.ok('eval').startswith('better: ')
    assert seeds(noisy, 'idea') == ['1', '2', '3']


def test_a_seed_that_nobody_named_before_makes_no_verdict(noisy: Place) -> None:
    idea = experiment(noisy, 'idea', model_py='score = 2.99\n')
    for seed in ('11', '12', '13'):
        assert idea.ok('eval', '--seed', seed) == 'no verdict: a seed that the lab has not named counts for nothing\n'
        assert 'not one of the seeds that the lab has named, so that it does not compete' in idea.talk

    assert [(row['status'], row['verdict']) for row in rows(noisy)[4:]] == [('ok', '')] * 3
    best = json.loads(noisy.ok('best', '--json'))
    assert (best['experiment'], best['n']) == ('baseline', 3)
    assert json.loads(noisy.ok('show', 'idea', '--json'))['trees'] == []
    assert idea.exp('submit') == 1 or 'no result that counts' in idea.talk


def test_the_first_n_count_up_past_the_named_and_are_not_run_twice(noisy: Place) -> None:
    idea = experiment(noisy, 'idea', model_py='score = 2.95\n')
    idea.ok('eval', '--seeds', '2')
    idea.ok('eval', '--seeds', '5')

    assert seeds(noisy, 'idea') == ['1', '2', '3', '4', '5']
    assert all('undeclared' not in row['params'] for row in rows(noisy))
    assert json.loads(noisy.ok('show', 'idea', '--json'))['trees'][0]['n'] == 5


def test_an_implausible_first_value_is_not_repeated(noisy: Place) -> None:
    idea = experiment(noisy, 'idea', model_py='score = -5\n')

    assert idea.ok('eval') == 'no verdict: idea v1 has no value that counts\n'
    assert seeds(noisy, 'idea') == ['1']
