"""Which ignored files a run gets when the lab and the experiment both have some."""
from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest

from place import CONFIG, Place, powerless
from gitexp.checkout import inputs
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.measure import data, evaluate
from gitexp.measure.protocol import Seeds
from gitexp.measure.voice import Voice
from stories import change, experiment, reason, rows

EVAL = """\
from pathlib import Path
print('score:', sum(float(path.read_text()) for path in Path().glob('[dm]*/*.txt')))
"""
WITH_ITS_OWN = CONFIG + 'inputs: [data/**, mine]\n'


@pytest.fixture
def idea(lab: Place) -> Place:
    lab.write('gitexp.yaml', CONFIG + 'inputs: [data/**]\n')
    lab.write('.gitignore', '/data\n/mine\n/5_worktrees/\n/experiments/*/results*/*\n/experiments/*/exp_log*/\n')
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


@pytest.fixture
def own(lab: Place, idea: Place) -> Place:
    """The experiment in a lab that has an input only there."""
    lab.write('gitexp.yaml', WITH_ITS_OWN)
    lab.git('commit', '-qam', 'inputs')
    return idea


def test_what_only_the_experiment_has_is_linked_and_named_in_the_row(lab: Place, own: Place) -> None:
    own.write('mine/checkpoint.txt', '1.0')
    own.ok('eval', '--seed', '1')

    own.write('mine/checkpoint.txt', '2.0')
    own.ok('eval', '--seed', '2')

    said = [json.loads(row['env']) for row in rows(lab)]
    assert [row['score'] for row in rows(lab)] == ['3.0', '4.0']
    assert {one['lab_data_md5'] for one in said} == {said[0]['lab_data_md5']} and said[0]['inputs_of_worktree'] == ['mine']


def test_a_row_does_not_name_a_thousand_files(lab: Place, own: Place) -> None:
    lab.write('gitexp.yaml', WITH_ITS_OWN.replace('mine', 'mine/*'))
    lab.git('commit', '-qam', 'one by one')
    for number in range(30):
        own.write(f'mine/{number:02}.txt', '0')
    own.ok('eval', '--seed', '1')

    said = json.loads(rows(lab)[0]['env'])['inputs_of_worktree']
    assert len(said) == 11 and said[0] == 'mine/00.txt' and said[-1] == 'and 20 more'


@pytest.mark.parametrize('pattern', ['data', 'data/**', 'data/*', '**/*.txt'])
def test_nothing_is_added_to_the_files_of_the_lab(lab: Place, idea: Place, pattern: str) -> None:
    lab.write('gitexp.yaml', CONFIG + f'inputs: ["{pattern}"]\n')
    lab.git('commit', '-qam', 'inputs')
    added = idea.write('data/more.txt', '-1.5')

    assert idea.exp('eval', '--seed', '1') == 3 and rows(lab) == []
    assert f"'{added}' would be read as a part of the input '{pattern}', of which the lab has the rest" in idea.talk


def test_but_by_what_the_trunk_names(lab: Place, idea: Place) -> None:
    lab.write('gitexp.yaml', CONFIG + 'inputs: [data, data/more.txt]\n')
    lab.git('commit', '-qam', 'inputs')
    idea.write('data/more.txt', '-1.5')
    idea.ok('eval', '--seed', '1')

    assert json.loads(rows(lab)[0]['env'])['inputs_of_worktree'] == ['data/more.txt']


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


def test_a_submodule_that_is_checked_out_in_both_is_the_labs(tmp_path: Path) -> None:
    for place, repository in (('root', '../.git/modules/third'), ('own', '../../.git/worktrees/one/modules/third')):
        put(tmp_path / place / 'third/.git', f'gitdir: {repository}\n')
        put(tmp_path / place / 'third/deep/val.csv', '100')
    (tmp_path / 'checkout/third').mkdir(parents=True)

    assert linked(tmp_path, 'third') == ()
    assert (tmp_path / 'checkout/third/deep/val.csv').readlink() == tmp_path / 'root/third/deep/val.csv'
    assert (tmp_path / 'checkout/third/.git').readlink() == tmp_path / 'root/third/.git'

    shutil.rmtree(tmp_path / 'checkout')
    put(tmp_path / 'own/third/deep/val.csv', '101')
    with pytest.raises(Refused, match="the input 'third/deep/val.csv' is there twice"):
        linked(tmp_path, 'third')


def test_what_a_file_manager_leaves_beside_committed_data_is_not_read(tmp_path: Path) -> None:
    put(tmp_path / 'checkout/data/a.md', '100')
    for place in ('root', 'own'):
        put(tmp_path / place / 'data/a.md', '100')
        for name in ('.DS_Store', '.a.md.swp', 'deep/.DS_Store'):
            put(tmp_path / place / 'data' / name, place if name[0] == '.' else '')

    assert linked(tmp_path, 'data') == ()
    assert sorted(path.name for path in (tmp_path / 'checkout/data').iterdir()) == ['a.md', 'deep']
    assert (tmp_path / 'checkout/data/deep/.DS_Store').exists(), 'what nothing is committed in is taken as it is'


def test_a_folder_that_one_of_them_has_is_one_link(tmp_path: Path) -> None:
    put(tmp_path / 'root/data/deep/a.bin')
    put(tmp_path / 'own/runs/last.pt')

    assert linked(tmp_path, 'data/**', 'runs') == ('runs',)
    assert (tmp_path / 'checkout/data').is_symlink() and (tmp_path / 'checkout/runs').is_symlink()


@pytest.mark.parametrize('whose', ['root', 'own'])
def test_a_folder_that_both_have_and_the_commit_as_well_is_put_together(tmp_path: Path, whose: str) -> None:
    put(tmp_path / whose / 'data/deep/a.bin', f'of {whose}')
    put(tmp_path / 'checkout/data/README.md', 'committed')
    put(tmp_path / 'own/data/README.md', 'committed')
    put(tmp_path / 'root/data/README.md', 'of root')

    assert linked(tmp_path, 'data/') == (('data/deep',) if whose == 'own' else ())
    assert (tmp_path / 'checkout/data/deep').is_symlink() and (tmp_path / 'checkout/data/deep/a.bin').read_text() == f'of {whose}'
    assert (tmp_path / 'checkout/data/README.md').read_text() == 'committed'


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
    lab.ok('supersede', 'idea', '--bug', 'odd', '--yes')
    shutil.rmtree(idea.path / 'experiments/idea/exp_log')
    lab.ok('restore', 'idea', '--bug', 'wrong-data', '--yes')
    change(idea, model_py='score = 3\n')
    assert idea.exp('eval', '--seed', '1') == 3 and 'the inputs are not those that run' in idea.talk


@pytest.mark.parametrize('why', ['a pipe', 'only in the worktree'])
def test_nor_is_one_measured_on_what_cannot_be_told(lab: Place, idea: Place, why: str) -> None:
    idea.ok('eval', '--seed', '1')
    if why == 'a pipe':
        os.mkfifo(lab.path / 'data/more')
    else:
        (lab.path / 'data').rename(idea.path / 'data')

    assert idea.exp('eval', '--seed', '2') == 3 and len(rows(lab)) == 1
    assert f"it cannot be told what this would be measured on, as it can of run {rows(lab)[0]['id']} of 'idea'" in idea.talk


def test_where_it_could_never_be_told_that_is_said(lab: Place, idea: Place) -> None:
    os.mkfifo(lab.path / 'data/more')
    idea.ok('eval', '--seed', '1')

    assert 'nothing tells whether this value was measured on what the others were' in idea.talk
    assert json.loads(rows(lab)[0]['env'])['lab_data_md5'] is None


def test_data_that_is_another_while_it_is_evaluated_is_noticed(lab: Place, idea: Place, tmp_path: Path) -> None:
    put(tmp_path / 'easy/val.txt', '0.5')
    swap = f"""
import os
import shutil
os.rename({str(lab.path / 'data')!r}, {str(tmp_path / 'true')!r})
os.rename({str(tmp_path / 'easy')!r}, {str(lab.path / 'data')!r})
exec(open('eval.py').read())
os.rename({str(lab.path / 'data')!r}, {str(tmp_path / 'easy')!r})
os.rename({str(tmp_path / 'true')!r}, {str(lab.path / 'data')!r})
"""
    lab.git('config', 'gitexp.landlock', 'false')
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py', 'python3 swap.py') + 'inputs: [data]\n')
    lab.git('commit', '-qam', 'another command')
    change(idea, swap_py=swap)

    assert idea.exp('eval', '--seed', '1') == 5
    assert reason(rows(lab)[0]) == 'the inputs changed while it ran: data/' and (lab.path / 'data/val.txt').read_text() == '2.0'


def test_and_so_is_what_is_another_when_that_begins(lab: Place, idea: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the md5 of much data is read there is time to put other data there."""
    monkeypatch.setattr(data, '_TOLD', -1)
    lab.git('config', 'gitexp.landlock', 'false')
    put(tmp_path / 'easy/val.txt', '0.5')
    found = Lab.find(idea.path)

    def swap(said: str) -> None:
        if said.startswith('reading') and not (tmp_path / 'true').exists():
            (lab.path / 'data').rename(tmp_path / 'true')
            (tmp_path / 'easy').rename(lab.path / 'data')

    assert found.current
    evaluate.evaluate(found, found.current, seeds=Seeds((1,)), voice=Voice(lambda: datetime.now(timezone.utc), swap))
    assert rows(lab)[0]['status'] == 'violation' and 'data/val.txt' in reason(rows(lab)[0])


@pytest.mark.parametrize('way', ['/proc/self/cwd/deep/val.txt', '/dev/../proc/thread-self/cwd/deep/val.txt', 'other/val.txt'])
def test_an_input_is_the_same_for_all_who_ask(lab: Place, idea: Place, way: str) -> None:
    change(idea, deep__val_txt='0.25')
    (lab.path / 'data/val.txt').rename(put(lab.path / 'deep/val.txt'))
    (lab.path / 'data/val.txt').symlink_to(way)
    (lab.path / 'data/other').symlink_to('/proc/self/cwd/deep')

    assert idea.exp('eval', '--seed', '1') == 3 and rows(lab) == []
    assert f"the input '{lab.path}/data/" in idea.talk and "leads through '/proc', where each program finds another" in idea.talk


@pytest.mark.parametrize(('mode', 'is_known'), [(0o311, False), (0, True)])
def test_what_may_lie_in_a_folder_that_cannot_be_listed_has_no_md5(lab: Place, idea: Place, mode: int, is_known: bool) -> None:
    """One that cannot be passed either holds nothing that a run could read, such as lost+found."""
    put(lab.path / 'data/closed/val.txt', '9').parent.chmod(mode)
    idea.before = powerless()
    idea.ok('eval', '--seed', '1')
    (lab.path / 'data/closed').chmod(0o755)

    assert bool(json.loads(rows(lab)[0]['env'])['lab_data_md5']) is is_known


@pytest.mark.parametrize('patterns', [('data', 'data/val', './data'), ('data/val', 'data/*', 'data')])
def test_what_several_patterns_name_is_linked_once(tmp_path: Path, patterns: tuple[str, ...]) -> None:
    put(tmp_path / 'root/data/val', 'mine')
    put(tmp_path / 'root/data/more', 'mine')

    assert linked(tmp_path, *patterns) == ()
    assert (tmp_path / 'checkout/data/val').read_text() == (tmp_path / 'checkout/data/more').read_text() == 'mine'


def test_the_experiment_adds_nothing_to_what_the_lab_has_committed(tmp_path: Path) -> None:
    for place in ('root', 'checkout', 'own'):
        put(tmp_path / place / 'data/LICENSE-MIT.md', 'committed')
    put(tmp_path / 'own/data/z', 'mine')

    with pytest.raises(Refused, match="would be read as a part of the input 'data', of which the lab has the rest"):
        linked(tmp_path, 'data')


def test_what_is_committed_counts_though_a_worktree_does_not_show_it(tmp_path: Path) -> None:
    put(tmp_path / 'checkout/data/a.md', 'committed')
    put(tmp_path / 'own/data/z', 'mine')

    with pytest.raises(Refused, match="would be read as a part of the input 'data', of which the lab has the rest"):
        linked(tmp_path, 'data')
