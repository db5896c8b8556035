"""Gains that luck may have made: a seed that was run until it ended well, and seeds that all give one value."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from place import CONFIG, Place
from stories import experiment, rows

TRIES = """\
import os
path = os.environ['TRIES']
left = int(open(path).read())
open(path, 'w').write(str(left - 1))
assert left <= 0
score = 2.0
"""
SCORES = TRIES.replace('assert left <= 0\nscore = 2.0', 'score = [2.0, 1000.0, 1000.0][max(left, 0)]')
PICKED = TRIES.replace('assert left <= 0\nscore = 2.0', 'score = 2.0 + max(left, 0)')
ONE_VALUE = 'import sys\nscore = 2.0 - 0.001 * int(sys.argv[1])\n'


def test_a_seed_that_was_run_until_it_ended_well(lab: Place, tmp_path: Path) -> None:
    tries = tmp_path / 'tries'
    tries.write_text('2')
    lab.ok('baseline')
    idea = experiment(lab, model_py=TRIES)
    assert [idea.exp('eval', TRIES=str(tries)) for _ in range(3)] == [4, 4, 0]

    assert idea.said.startswith('provisional: idea v1 against the baseline')
    assert 'git exp confirm idea --because WHY' in idea.talk and 'provisional (retried)' in lab.ok('list')
    assert rows(lab)[-1]['verdict'] == 'provisional' and json.loads(rows(lab)[-1]['params']) == {'flags': ['retried']}
    best = json.loads(lab.ok('best', '--json'))
    assert (best['verdict'], best['flags']) == ('provisional', ['retried'])
    assert 'but other runs of seed 1 failed, did not compete or are retired: 2' in best['why']
    assert '    better: ' in lab.ok('confirm', 'idea', '--because', 'the disk was full')
    assert json.loads(lab.ok('best', '--json'))['verdict'] == 'better'


def test_a_seed_that_was_run_until_it_was_within_the_bounds(lab: Place, tmp_path: Path) -> None:
    tries = tmp_path / 'tries'
    tries.write_text('2')
    lab.ok('baseline')
    idea = experiment(lab, model_py=SCORES)
    for _ in range(3):
        idea.ok('eval', TRIES=str(tries))

    assert [row['score'] for row in rows(lab)[4:]] == ['1000.001', '1000.001', '2.001', '2.002', '2.003']
    assert idea.said.startswith('provisional: idea v1 against the baseline') and 'flag: retried' in idea.said


def test_where_the_last_value_does_not_compete_the_others_are_judged(lab: Place) -> None:
    lab.ok('baseline')
    idea = experiment(lab, model_py="import os\nscore = 2 if os.environ['EXP_SEED'] != '3' else 1000\n")
    for _ in range(2):
        assert idea.ok('eval').startswith('provisional: idea v1 against the baseline')
        assert 'only 2 of the 3 seeds that decide have a value' in idea.said
        assert 'outside the plausible bounds [0.0, 100.0]' in idea.talk


def test_a_seed_whose_value_was_retired_and_that_was_run_once_more(lab: Place, tmp_path: Path) -> None:
    tries = tmp_path / 'tries'
    tries.write_text('1')
    lab.ok('baseline')
    idea = experiment(lab, model_py=PICKED)
    idea.ok('eval', '--seeds', '3', TRIES=str(tries))
    measured = idea.git('rev-parse', 'HEAD').stdout.strip()
    idea.ok('supersede', '--bug', 'unlucky', '--runs', rows(lab)[4]['id'], '--yes')
    idea.git('reset', '-q', '--hard', measured)

    said = idea.ok('eval', '--seeds', '3', TRIES=str(tries))
    assert said.startswith('provisional: idea v1 against the baseline')
    assert 'but other runs of seed 1 failed, did not compete or are retired: 1\n    flag: retried\n' in said
    assert json.loads(lab.ok('best', '--json'))['flags'] == ['retried']


def test_a_gain_over_what_is_left_of_a_tree(lab: Place) -> None:
    lab.ok('baseline', '--seeds', '4')
    retire(lab, 'baseline', '2')
    idea = experiment(lab)

    assert "but some of the other's runs are retired and others count\n    flag: retried\n" in idea.ok('eval', '--seeds', '3')
    assert '    better: ' in lab.ok('confirm', 'idea', '--because', 'seed 2 ran on the broken machine')


def test_a_seed_that_is_run_again_has_the_value_that_it_had(lab: Place, tmp_path: Path) -> None:
    tries = tmp_path / 'tries'
    tries.write_text('0')
    lab.ok('baseline')
    falling = TRIES.replace('assert left <= 0\nscore = 2.0', 'score = 40.0 + left')
    idea = experiment(lab, model_py=falling)
    idea.ok('eval', '--seeds', '3', TRIES=str(tries))
    before = json.loads(lab.ok('show', 'idea', '--json'))['trees'][0]
    for seed in ('1', '1', '2', '3'):
        idea.ok('eval', '--seed', seed, TRIES=str(tries))

    after = json.loads(lab.ok('show', 'idea', '--json'))['trees'][0]
    assert (after['mean'], after['n'], after['verdict']) == (before['mean'], 3, before['verdict'])
    assert float(rows(lab)[-1]['score']) < before['mean'] and rows(lab)[-1]['verdict'] == before['verdict']


def test_a_gain_of_what_is_left_of_a_tree(lab: Place) -> None:
    lab.ok('baseline')
    experiment(lab).ok('eval', '--seeds', '5')
    for seed in ('4', '5'):
        assert json.loads(lab.ok('best', '--json'))['verdict'] == 'better'
        retire(lab, 'idea', seed)
        best = json.loads(lab.ok('best', '--json'))
        assert (best['verdict'], best['flags']) == ('provisional', ['retried'])
        assert 'but some of its own runs are retired and others count' in best['why']
        assert 'confirmed by ' in lab.ok('confirm', 'idea', '--because', 'that machine was broken')
    assert json.loads(lab.ok('best', '--json'))['verdict'] == 'better'


def retire(lab: Place, slug: str, seed: str) -> None:
    run = next(row['id'] for row in rows(lab) if (row['experiment'], row['seed']) == (slug, seed))
    lab.ok('supersede', slug, '--bug', f'hot-gpu-{seed}', '--runs', run, '--yes')


def test_a_champion_that_is_doubted_afterwards_is_still_to_be_beaten(lab: Place) -> None:
    lab.ok('baseline')
    champ = experiment(lab, 'champ', model_py='score = 2.0\n')
    champ.ok('eval')
    champ.ok('eval', '--seed', '1')
    lab.ok('supersede', 'champ', '--bug', 'hiccup', '--runs', rows(lab)[-1]['id'], '--yes')
    assert experiment(lab, 'small', model_py='score = 2.9\n').ok('eval', '--seeds', '3').startswith('worse: small v1 against champ v1\n')
    assert json.loads(lab.ok('best', '--json'))['flags'] == ['retried']


def test_junk_that_is_measured_takes_no_gain_away(make_lab: Callable[..., Place]) -> None:
    lab = make_lab(config=CONFIG.replace('min_effect: 0.01', 'min_effect: 0.002'))
    lab.ok('baseline')
    assert experiment(lab, 'small', model_py='score = 2.995\n').ok('eval').startswith('better: ')
    for number in range(3):
        scatter = f'import sys\nscore = 3.1 + {number} / 1e4 + [0, 0.009, -0.008][int(sys.argv[1]) - 1]\n'
        experiment(lab, f'junk-{number}', model_py=scatter).ok('eval', '--seeds', '3')
    assert json.loads(lab.ok('show', 'small', '--json'))['trees'][0]['verdict'] == 'inconclusive'
    assert experiment(lab, 'leap', model_py='score = 0.5\n').ok('eval').startswith('provisional: leap v1 against small v1\n')
    assert rows(lab)[-1]['verdict'] == 'provisional' and json.loads(rows(lab)[-1]['params']) == {'flags': ['jump']}


def test_seeds_that_came_after_a_confirmation_are_not_confirmed_by_it(lab: Place) -> None:
    lab.ok('baseline')
    experiment(lab, 'small', model_py='score = 2.9\n').ok('eval')
    idea = experiment(lab, model_py=ONE_VALUE.replace('2.0', '0.5'))
    assert 'flag: jump' in idea.ok('eval', '--seed', '1')
    lab.ok('confirm', 'idea', '--because', 'looked: no leak')
    idea.ok('eval')
    assert json.loads(lab.ok('best', '--json'))['flags'] == ['seedless']
    assert '    better: ' in lab.ok('confirm', 'idea', '--because', 'it is solved exactly')


def test_seeds_that_all_give_one_value_count_as_one(lab: Place) -> None:
    lab.ok('baseline')
    idea = experiment(lab, model_py=ONE_VALUE)
    said = idea.ok('eval')

    assert said.startswith('provisional: idea v1 against the baseline\n    score 2.0000 (n=1) against 3.0020 (n=3)\n')
    assert 'but its 3 seeds gave one value, where those of others differ, and count as one\n    flag: seedless\n' in said
    assert '    better: ' in lab.ok('confirm', 'idea', '--because', 'it is solved exactly')
    best = json.loads(lab.ok('best', '--json'))
    assert (best['verdict'], best['n'], best['flags']) == ('better', 3, [])
