"""Two clones with other data each: what was measured on the one is not held against what was measured on the other."""
from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable

import pytest
import sharing
from place import CONFIG, EVAL, IGNORED, Place
from stories import change, experiment, rows

from gitexp.lab.lab import Lab
from gitexp.ledger import read, standing, write
from gitexp.ledger.result import Kind, Result


def test_what_was_measured_on_other_data_than_the_first_baseline_does_not_compete(lab: Place) -> None:
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
    assert (best['kind'], best['experiment'], best['n']) == ('eval', 'idea', 3)
    shown = [(row['value'], row['why_not']) for row in json.loads(lab.ok('results', '--json'))]
    assert [why for value, why in shown if value < 2] == ['other data'] * 4 and {why for value, why in shown if value > 2} == {None}
    assert lab.ok('results').count('other data') == 4
    lab.exp('doctor')
    assert '4 rows measured on other data than the first baseline: they do not compete' in lab.said
    two.ok('sync')
    assert two.exp('baseline', '--seeds', '1') == 3 and 'the inputs are not those that run' in two.talk

    lab.ok('supersede', '--bug', 'wrong-data', '--runs', ','.join(row['id'] for row in rows(lab) if float(row['score']) > 2), '--yes')
    lab.write('data/shift', '-2')
    assert json.loads(lab.ok('best', '--json'))['mean'] == 1.002
    change(idea, model_py='score = 2.8\n')
    assert idea.ok('eval').startswith('better: idea v2 against the baseline\n    score 0.8020 (n=3)')


def elsewhere(lab: Place, ledger: str) -> None:
    """A ledger as another machine would have made it."""
    lab.write('results.tsv', ledger)
    (lab.path / '.git/exp/own-rows.tsv').unlink()


def test_where_time_is_limited_another_number_of_cpus_is_another_ground(lab: Place) -> None:
    """That of the first baseline counts, so that no other takes all out of the way that was better."""
    limited = CONFIG.replace('min_effect', 'time_limited: true, min_effect').replace(', required: false', '')
    lab.write('gitexp.yaml', limited)
    lab.commit('limited')
    lab.ok('baseline')
    ledger = (lab.path / 'results.tsv').read_text()
    elsewhere(lab, re.sub('"cpus":', '"cpus":9', ledger).replace('\t3.00', '\t9.00'))
    idea = experiment(lab, model_py='score = 2.0\n')
    assert 'no verdict' in idea.ok('eval', '--seed', '1')
    said = 'it had other GPUs, or another number of CPUs, than the first baseline, and its time is limited, so that it does not compete'
    assert said in idea.talk
    lab.ok('baseline')
    assert lab.talk.count(said) == 4 and json.loads(lab.ok('best', '--json'))['mean'] == 9.002
    shown = [(row['value'], row['why_not']) for row in json.loads(lab.ok('results', '--json'))]
    assert {why for value, why in shown if value > 9} == {None} and {why for value, why in shown if value < 9} == {'other machine'}

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
    idea.ok('eval')
    eval_id = rows(lab)[-1]['eval_id']
    lab.ok('supersede', '--bug', 'tmp', '--eval-id', eval_id, '--yes')
    lab.write('data/note', 'checked')
    lab.ok('baseline')

    lab.ok('restore', 'idea', '--bug', 'tmp')
    assert json.loads(lab.ok('best', '--json'))['experiment'] == 'baseline' and lab.ok('results').count('other data') == 3
    lab.ok('supersede', 'baseline', '--bug', 'other', '--yes')
    lab.ok('restore', '--all', '--bug', 'tmp', '--yes')
    shutil.rmtree(lab.path / 'experiments/baseline')
    lab.ok('restore', '--all', '--bug', 'other', '--yes')
    assert json.loads(lab.ok('best', '--json'))['experiment'] == 'idea'
    assert lab.ok('results').count('other data') == 4
    lab.write('data/note', 'right')
    lab.ok('supersede', 'baseline', '--bug', 'again', '--yes')
    assert json.loads(lab.ok('best', '--json'))['experiment'] == 'idea'


def test_a_baseline_on_other_cpus_takes_the_place_of_none_that_a_winner_had(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('min_effect', 'time_limited: true, min_effect'))
    lab.commit('limited')
    lab.ok('baseline')
    idea = experiment(lab, model_py='score = 2.0\n')
    assert idea.ok('eval').startswith('better')
    elsewhere(lab, re.sub('"cpus":', '"cpus":9', (lab.path / 'results.tsv').read_text()))
    lab.ok('supersede', 'baseline', '--bug', 'odd', '--yes')

    assert lab.exp('baseline') == 3
    assert "of 'idea', which has won, had 9" in lab.talk and 'in gitexp.yaml: eval: env MACHINE=' in lab.talk
    lab.ok('supersede', 'idea', '--bug', 'odd', '--yes')
    lab.ok('baseline')


@pytest.mark.parametrize('how', ['better', 'confirmed'])
def test_a_baseline_of_a_clone_that_knew_no_better_takes_no_winner_away(bare: Lab, row: Callable[..., Result], how: str) -> None:
    said = {data: {'env': {'lab_data_md5': data}} for data in ('right', 'wrong')}
    base = [row(name, kind=Kind.BASELINE, tree='old', value=5.0, **said[data]) for name, data in (('1', 'right'), ('5', 'wrong'))]
    won = row('2', tree='won', value=4.0, verdict='better' if how == 'better' else 'provisional', **said['right'])
    vouched = row('3', kind=Kind.CONFIRM, value=None, tree=None, verdict='better', params={'confirms': 'won'})
    gone = row('4', kind=Kind.SUPERSEDE, value=None, tree=None, version='v1', params={'bug': 'b', 'covers': ['1']})
    write.append(bare, [base[0], won, *([vouched] if how == 'confirmed' else []), gone, base[1]])
    for found in (standing.trees(bare), standing.among(read.read(bare), bare.config.metric)):
        assert found.data == 'right' and [one.tree for one in found.trees] == ['won']


@pytest.mark.parametrize('by', ['its name', 'its version'])
def test_what_is_restored_takes_nothing_out_of_the_way_that_has_won_meanwhile(bare: Lab, row: Callable[..., Result], by: str) -> None:
    """A clone that restores it may not know what has won, and its rows may come first."""
    wrong, right = ({'env': {'lab_data_md5': data}} for data in ('wrong', 'right'))
    kind, version = (Kind.BASELINE, 'v1') if by == 'its name' else (Kind.EVAL, 'v1_b')
    spoilt = row('1', kind=kind, tree='old', value=1.0, verdict='better', **wrong)
    gone = row('2', kind=Kind.SUPERSEDE, value=None, tree=None, version=version, params={'bug': 'b', 'covers': ['1'] * (by == 'its name')})
    won = row('3', tree='won', experiment='champ', value=4.0, verdict='better', **right)
    back = row('4', kind=Kind.RESTORE, value=None, tree=None, params={'restores': '2'})
    write.append(bare, [back, spoilt, gone, won])
    for found in (standing.trees(bare), standing.among(read.read(bare), bare.config.metric)):
        assert found.data == 'right' and [one.tree for one in found.trees] == ['won']


@pytest.mark.parametrize(('first', 'there'), [('right', ['right']), (None, ['None', 'right', 'None']), ('', ['right', ''])])
def test_what_nobody_can_tell_the_inputs_of_competes_only_where_that_of_the_first_baseline_is_as_unknown(
    bare: Lab, row: Callable[..., Result], first: str | None, there: list[str],
) -> None:
    """Rows from before the md5 was kept say nothing, and compare with all."""
    def base(name: str, data: str | None) -> Result:
        said = {} if data == '' else {'lab_data_md5': data}
        return row(name, kind=Kind.BASELINE, tree=f'{name}{data}', env=said)

    write.append(bare, [*([base('1', first)] if first != 'right' else []), base('2', 'right'), base('3', None), base('4', 'other')])
    for found in (standing.trees(bare), standing.among(read.read(bare), bare.config.metric)):
        assert sorted(one.tree[1:] for one in found.trees) == sorted(there)


def test_nothing_is_retired_that_leaves_the_ground_to_others(lab: Place, row: Callable[..., Result]) -> None:
    def base(name: str, data: str) -> Result:
        return row(name, kind=Kind.BASELINE, tree='old', experiment='baseline', value=5.0, env={'lab_data_md5': data})

    won = row('3', tree='won', verdict='better', env={'lab_data_md5': 'right'})
    write.append(Lab.find(lab.path), [base('1', 'right'), base('2', 'wrong'), won])
    assert lab.exp('supersede', '--bug', 'odd', '--runs', '1', '--yes') == 3
    assert "measured on other inputs, or another machine, than run 3 of 'wide', which would not compete any more" in lab.talk
    lab.ok('supersede', '--bug', 'odd', '--runs', '1,3', '--yes')


def test_what_was_gained_over_a_retired_baseline_is_what_it_had_on_the_inputs_of_today(bare: Lab, row: Callable[..., Result]) -> None:
    def base(name: str, value: float, data: str) -> Result:
        return row(name, kind=Kind.BASELINE, tree='old' if name < '5' else 'new', value=value, env={'lab_data_md5': data})

    gone = row('4', kind=Kind.SUPERSEDE, value=None, tree=None, version='v1', params={'bug': 'b', 'covers': ['1', '2', '3']})
    write.append(bare, [base('1', 1000.0, 'wrong'), base('2', 5.0, 'right'), base('3', 6.0, 'right'), gone, base('5', 4.0, 'right')])
    for said in (standing.trees(bare), standing.among(read.read(bare), bare.config.metric)):
        assert said.former == {'old': 5.5}
