"""Two clones with other data each: what was measured on the one is not held against what was measured on the other."""
from __future__ import annotations

import json
import re

import sharing
from place import CONFIG, EVAL, IGNORED, Place
from stories import experiment


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
