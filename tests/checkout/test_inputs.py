"""Which ignored files a run gets when the lab and the experiment both have some."""
from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from place import CONFIG, Place
from gitexp.checkout import inputs
from gitexp.core.errors import Refused
from stories import change, experiment, reason, rows

EVAL = """\
from pathlib import Path
print('score:', sum(float(path.read_text()) for path in Path('data').glob('*.txt')))
"""


@pytest.fixture
def idea(lab: Place) -> Place:
    lab.write('gitexp.yaml', CONFIG + 'inputs: [data/**]\n')
    lab.write('.gitignore', '/data\n/5_worktrees/\n/experiments/*/results*/*\n/experiments/*/exp_log*/\n')
    lab.write('eval.py', EVAL)
    lab.commit('data')
    lab.write('data/val.txt', '2.0')
    return experiment(lab)


def linked(tmp_path: Path, *patterns: str) -> tuple[str, ...]:
    (tmp_path / 'checkout').mkdir(exist_ok=True)
    return inputs.link(patterns, into=tmp_path / 'checkout', root=tmp_path / 'root', own=tmp_path / 'own', leave_out='5_worktrees',
                       settled=lambda name: name.endswith('.md')).own


def put(path: Path, text: str = '') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_of_the_experiment_cannot_stand_in_for_one_of_the_lab(lab: Place, idea: Place) -> None:
    mine = idea.write('data/val.txt', '0.5')

    assert idea.exp('eval', '--seed', '1') == 3
    assert f"the input 'data/val.txt' is there twice: '{lab.path / 'data/val.txt'}' and '{mine}'" in idea.talk
    assert 'remove the one that is not meant, or give it another name' in idea.talk and rows(lab) == []


def test_what_only_the_experiment_has_is_linked_and_named_in_the_row(lab: Place, idea: Place) -> None:
    idea.write('data/checkpoint.txt', '1.0')
    idea.ok('eval', '--seed', '1')

    row, = rows(lab)
    assert row['score'] == '3.0' and json.loads(row['env'])['inputs_of_worktree'] == ['data/checkpoint.txt']


def test_a_row_does_not_name_a_thousand_files(lab: Place, idea: Place) -> None:
    for number in range(30):
        idea.write(f'data/{number:02}.txt', '0')
    idea.ok('eval', '--seed', '1')

    said = json.loads(rows(lab)[0]['env'])['inputs_of_worktree']
    assert len(said) == 11 and said[0] == 'data/00.txt' and said[-1] == 'and 20 more'


@pytest.mark.parametrize('way', ['link', 'folder', 'same file'])
def test_the_very_same_file_may_be_in_both(lab: Place, idea: Place, way: str) -> None:
    if way == 'folder':
        (idea.path / 'data').symlink_to(lab.path / 'data')
    else:
        (idea.path / 'data').mkdir()
        (os.symlink if way == 'link' else os.link)(lab.path / 'data/val.txt', idea.path / 'data/val.txt')
    idea.ok('eval', '--seed', '1')

    row, = rows(lab)
    assert row['score'] == '2.0' and 'inputs_of_worktree' not in json.loads(row['env'])


def test_a_folder_that_one_of_them_has_is_one_link(tmp_path: Path) -> None:
    put(tmp_path / 'root/data/deep/a.bin')
    put(tmp_path / 'own/runs/last.pt')

    assert linked(tmp_path, 'data/**', 'runs') == ('runs',)
    assert (tmp_path / 'checkout/data').is_symlink() and (tmp_path / 'checkout/runs').is_symlink()


def test_a_folder_that_both_have_is_put_together(tmp_path: Path) -> None:
    put(tmp_path / 'root/data/deep/a.bin', 'of root')
    put(tmp_path / 'own/data/last.pt', 'own')
    put(tmp_path / 'checkout/data/README.md', 'committed')
    put(tmp_path / 'own/data/README.md', 'committed')
    put(tmp_path / 'root/data/README.md', 'of root')

    assert linked(tmp_path, 'data/') == ('data/last.pt',)
    assert (tmp_path / 'checkout/data/deep').is_symlink() and (tmp_path / 'checkout/data/deep/a.bin').read_text() == 'of root'
    assert (tmp_path / 'checkout/data/last.pt').read_text() == 'own' and (tmp_path / 'checkout/data/README.md').read_text() == 'committed'


@pytest.mark.parametrize('other', ['file', 'folder', 'dangling', 'link'])
def test_a_folder_does_not_stand_in_for_a_file_either(tmp_path: Path, other: str) -> None:
    put(tmp_path / 'root/data/val/a.bin', 'of root')
    mine = tmp_path / 'own/data/val'
    if other == 'folder':
        put(mine / 'a.bin', 'own')
    elif other == 'file':
        put(mine)
    else:
        put(tmp_path / 'fake/b.bin')
        mine.parent.mkdir(parents=True)
        mine.symlink_to(tmp_path / ('fake' if other == 'link' else 'nothing'))

    with pytest.raises(Refused, match="the input 'data/val.*' is there twice"):
        linked(tmp_path, 'data/**')


def test_nothing_is_made_outside_on_the_way_to_the_refusal(tmp_path: Path) -> None:
    put(tmp_path / 'root/data/deep/x')
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'checkout').mkdir()
    (tmp_path / 'checkout/data').symlink_to(tmp_path / 'outside')

    with pytest.raises(Refused, match="the way to the input 'data/deep/x' leads through 'data'"):
        linked(tmp_path, 'data/deep/x')
    assert list((tmp_path / 'outside').iterdir()) == []


def test_what_the_commit_holds_in_the_place_of_an_input_is_the_trunks_or_nothing(tmp_path: Path) -> None:
    put(tmp_path / 'root/data/val', 'of root')
    put(tmp_path / 'checkout/data/val', 'committed')

    with pytest.raises(Refused, match="the commit holds 'data/val', where an input of the lab goes"):
        linked(tmp_path, 'data')


@pytest.mark.parametrize('pattern', ['data/val.txt', 'data/*', 'data'])
def test_a_committed_link_leads_to_no_other_data(lab: Place, idea: Place, pattern: str) -> None:
    lab.write('gitexp.yaml', CONFIG + f'inputs: ["{pattern}"]\n')
    lab.write('.gitignore', '/5_worktrees/\n/experiments/*/results*/*\n/experiments/*/exp_log*/\n')
    lab.git('commit', '-qam', 'inputs')
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')
    idea.write('mine/val.txt', '0.5')
    (idea.path / 'data').symlink_to('mine')
    idea.commit('exp(idea): data of its own')

    assert idea.exp('eval', '--seed', '1') in (3, 5)
    assert rows(lab) == []


@pytest.mark.parametrize('swap', [
    'rm data; mkdir data; echo 0.5 > data/val.txt', 'rm data; cp -r ../mine data', 'mv data aside; mkdir data; echo 0.5 > data/val.txt; '
    'python3 eval.py; rm -r data; mv aside data',
])
@pytest.mark.parametrize('train', [True, False])
def test_a_run_cannot_put_its_own_in_the_place_of_an_input(lab: Place, idea: Place, swap: str, train: bool) -> None:
    commands = 'train: sh train.sh\n' if train else ''
    evaluation = 'python3 eval.py {seed}' if train else 'sh train.sh; python3 eval.py'
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', evaluation) + commands + 'inputs: [data/**]\n')
    lab.commit('inputs')
    change(idea, train_sh=swap + '\n')

    assert idea.exp('eval', '--seed', '1') == 5, idea.talk
    assert rows(lab)[0]['status'] == 'violation' and reason(rows(lab)[0]) == 'it replaced the input data'
    assert (lab.path / 'data/val.txt').read_text() == '2.0'


@pytest.mark.parametrize(('how', 'named'), [
    ('echo 0.5 > data/val.txt', 'data/val.txt'),
    ('cp -p data/val.txt aside; echo 0.5 > data/val.txt; cat aside > data/val.txt', 'data/val.txt'),
    ('echo 1 > data/more.txt', 'data/more.txt'),
    ('rm data/val.txt', 'data/val.txt'),
])
def test_a_run_that_writes_to_the_data_of_the_lab_is_no_result(lab: Place, idea: Place, how: str, named: str) -> None:
    lab.write('gitexp.yaml', CONFIG + 'train: sh train.sh\ninputs: [data/**]\n')
    lab.commit('inputs')
    change(idea, train_sh=how + '\n')

    assert idea.exp('eval', '--seed', '1') == 5
    assert reason(rows(lab)[0]) == f'the inputs changed while it ran: {named}'


def test_a_value_on_other_data_is_refused_before_it_is_measured(lab: Place, idea: Place) -> None:
    idea.ok('eval', '--seed', '1')
    idea.write('data/checkpoint.txt', '0.0')
    idea.ok('eval', '--seed', '2')
    lab.write('data/val.txt', '1.0')
    assert idea.exp('eval', '--seed', '3') == 3 and len(rows(lab)) == 2
    assert f"the inputs are not those that run {rows(lab)[1]['id']} of 'idea' was measured on" in idea.talk
    assert 'eval: env DATA=NAME python3 eval.py {seed}' in idea.talk
    assert lab.exp('baseline') == 3

    lab.write('data/val.txt', '2.0')
    idea.ok('eval', '--seed', '3')
    lab.write('data/val.txt', '1.0')
    lab.write('gitexp.yaml', CONFIG.replace('eval: ', 'eval: env DATA=new ') + 'inputs: [data/**]\n')
    lab.commit('other data')
    idea.ok('eval', '--seed', '1')
    assert [row['score'] for row in rows(lab)] == ['2.0', '2.0', '2.0', '1.0'] and rows(lab)[3]['eval_id'] != rows(lab)[0]['eval_id']


def test_data_that_retired_runs_were_measured_on_binds_nobody(lab: Place, idea: Place) -> None:
    idea.ok('eval', '--seed', '1')
    lab.ok('supersede', 'idea', '--bug', 'wrong-data', '--yes')
    lab.write('data/val.txt', '1.0')
    change(idea, model_py='score = 1\n')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[-1]['score'] == '1.0'
