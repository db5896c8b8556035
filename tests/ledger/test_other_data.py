"""Two clones with other data each: what was measured on the one is not held against what was measured on the other."""
from __future__ import annotations

import json
import re
from collections.abc import Callable

import sharing
from place import CONFIG, EVAL, IGNORED, Place
from stories import experiment, rows

from gitexp.lab.lab import Lab
from gitexp.ledger import read, standing, write
from gitexp.ledger.result import Kind, Result


def test_what_was_measured_on_other_data_than_the_newest_baseline_does_not_compete(lab: Place) -> None:
    lab.write('.gitignore', f'{IGNORED}/data\n')
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [data]\n')
    lab.write('eval.py', EVAL.replace('model.score', "model.score + float(open('data/shift').read())"))
    lab.commit('data')
    idea = experiment(lab, model_py='score = 2.9\n')
    two = sharing.clone(sharing.server(lab), 'two')
    lab.write('data/shift', '0')
    two.write('data/shift', '-2')
    lab.ok('baseline')
    assert idea.ok('eval').startswith('better')
    two.ok('baseline')
    two.ok('sync')
    lab.ok('sync')

    best = json.loads(lab.ok('best', '--json'))
    assert (best['kind'], best['experiment'], best['n'], best['mean']) == ('baseline', 'baseline', 3, 1.002)
    shown = [(row['value'], row['why_not']) for row in json.loads(lab.ok('results', '--json'))]
    assert [why for value, why in shown if value > 2] == ['other data'] * 7 and {why for value, why in shown if value < 2} == {None}
    assert lab.ok('results').count('other data') == 7
    assert lab.ok('show', 'idea', '--json') and json.loads(lab.said)['trees'] == []
    lab.exp('doctor')
    assert '7 rows measured on other data than the newest baseline: they do not compete' in lab.said
    assert idea.exp('eval', '--seed', '1') == 3 and 'the inputs are not those that run' in idea.talk

    lab.write('data/shift', '-2')
    assert idea.ok('eval').startswith('better: idea v1 against the baseline\n    score 0.9020 (n=3)')


def test_where_time_is_limited_another_number_of_cpus_is_another_ground(lab: Place) -> None:
    """That of the first baseline counts, so that no other takes all out of the way that was better."""
    limited = CONFIG.replace('min_effect', 'time_limited: true, min_effect').replace(', required: false', '')
    lab.write('gitexp.yaml', limited)
    lab.commit('limited')
    lab.ok('baseline')
    ledger = (lab.path / 'results.tsv').read_text()
    lab.write('results.tsv', re.sub('"cpus":', '"cpus":9', ledger).replace('\t3.00', '\t9.00'))
    idea = experiment(lab, model_py='score = 2.0\n')
    assert 'no verdict' in idea.ok('eval', '--seed', '1')
    said = 'it had another number of CPUs than the first baseline, and its time is limited, so that it does not compete'
    assert said in idea.talk
    lab.ok('baseline')
    assert lab.talk.count(said) == 4 and json.loads(lab.ok('best', '--json'))['mean'] == 9.002
    shown = [(row['value'], row['why_not']) for row in json.loads(lab.ok('results', '--json'))]
    assert {why for value, why in shown if value > 9} == {None} and {why for value, why in shown if value < 9} == {'other cpus'}

    lab.write('gitexp.yaml', limited.replace('eval: ', 'eval: env CPUS=8 '))
    lab.commit('on as many')
    lab.ok('baseline')
    other = experiment(lab, 'other', model_py='score = 2.0\n')
    assert other.ok('eval').startswith('better: other v1 against the baseline\n    score 2.0020 (n=3) against 3.0020 (n=3)')


def test_retired_and_restored_nothing_that_has_won_is_on_other_data(lab: Place) -> None:
    lab.write('.gitignore', f'{IGNORED}/data\n')
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [data]\n')
    lab.write('data/note', 'right')
    lab.commit('data')
    idea = experiment(lab, model_py='score = 2.0\n')
    lab.ok('baseline')
    idea.ok('eval', '--seed', '1')
    eval_id = rows(lab)[-1]['eval_id']
    lab.ok('supersede', '--bug', 'tmp', '--eval-id', eval_id, '--yes')
    lab.write('data/note', 'checked')
    lab.ok('baseline')

    assert lab.exp('restore', 'idea', '--bug', 'tmp') == 3
    assert 'was measured on other inputs than the baseline' in lab.talk
    lab.ok('supersede', 'baseline', '--bug', 'other', '--yes')
    lab.ok('restore', 'idea', '--bug', 'tmp', '--yes')
    assert json.loads(lab.ok('best', '--json'))['experiment'] == 'idea'


def test_what_was_gained_over_a_retired_baseline_is_what_it_had_on_the_inputs_of_today(bare: Lab, row: Callable[..., Result]) -> None:
    def base(name: str, value: float, data: str) -> Result:
        return row(name, kind=Kind.BASELINE, tree='old' if name < '5' else 'new', value=value, env={'lab_data_md5': data})

    gone = row('4', kind=Kind.SUPERSEDE, value=None, tree=None, version='v1', params={'bug': 'b', 'covers': ['1', '2', '3']})
    write.append(bare, [base('1', 1000.0, 'wrong'), base('2', 5.0, 'right'), base('3', 6.0, 'right'), gone, base('5', 4.0, 'right')])
    for said in (standing.trees(bare), standing.among(read.read(bare), bare.config.metric)):
        assert said.former == {'old': 5.5}
