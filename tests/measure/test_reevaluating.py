"""Evaluating again, with a fix, what a retired version has trained, and refusing ground that a bug has spoilt."""
from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitexp.core.errors import Refused
from gitexp.ledger.result import Kind, Result
from gitexp.measure import evidence
from gitexp.measure.execution import Executed
from gitexp.measure.trained import Trained
from gitexp.run.ending import Ended, Ending
from place import CONFIG, Place
from stories import change, experiment, rows

TRAIN = """\
mkdir -p experiments/$EXP_SLUG/results/deep
echo 2.$1 > experiments/$EXP_SLUG/results/deep/ckpt
echo 1000 > "$EXP_OUT/steps"
echo trained >> '%s'
"""
# The bug is on the side of inference: it scores half of what it should.
EVAL = """\
[ ! -e "$EXP_OUT/seen" ] || exit 1
[ "$(cat "$EXP_OUT/steps")" = 1000 ] || exit 1
echo seen > "$EXP_OUT/seen"
python3 -c "print('score:', float(open('experiments/$EXP_SLUG/results/deep/ckpt').read()) * $(cat infer.txt))"
"""


@pytest.fixture
def idea(make_lab: Callable[..., Place], tmp_path) -> Place:
    """An experiment with a trained and retired version of two seeds, and its fix committed."""
    config = CONFIG.replace('eval: python3 eval.py {seed}', 'train: sh ./train.sh {seed}\neval: sh ./eval.sh {seed}')
    config = config.replace('frozen: [', 'frozen: [eval.sh, train.sh, ') + 'seeds: [1, 2]\n'
    lab = make_lab(config=config, **{'infer.txt': '1.0', 'train.sh': TRAIN % (tmp_path / 'trained'), 'eval.sh': EVAL})
    place = experiment(lab, infer_txt='0.5')
    place.ok('eval', '--seeds', '2')
    place.ok('supersede', '--bug', 'half', '--yes')
    (tmp_path / 'trained').write_text('')
    return place


def test_what_was_trained_meets_the_fixed_evaluation(idea: Place, tmp_path) -> None:
    lab = idea.at('../..')
    old = [row for row in rows(lab) if row['experiment'] == 'idea' and row['kind'] == 'eval']
    fixed = change(idea, infer_txt='1.0')
    kept = {path: path.read_bytes() for path in idea.path.glob('experiments/idea/*_v1_half/**/*') if path.is_file()}

    said = idea.ok('eval', '--of', 'v1', '--with', 'whole')

    head, columns, *lines = said.splitlines()
    assert head == f'idea v1_with_whole: score by the evaluation of {fixed[:10]}; nothing was trained'
    assert columns.split() == ['trained', 'by', 'at', 'commit', 'seed', 'v1', 'now', 'gain']
    assert [line.split() for line in lines] == [
        [old[0]['id'], old[0]['commit'][:10], '1', '1.0500', '2.1000', '-1.0500'],
        [old[1]['id'], old[1]['commit'][:10], '2', '1.1000', '2.2000', '-1.1000'],
    ]
    new = rows(lab)[-2:]
    assert [(row['version'], row['commit'], row['tree'], row['score'], row['verdict']) for row in new] == [
        ('v1_with_whole', old[0]['commit'], '', '2.1', ''), ('v1_with_whole', old[1]['commit'], '', '2.2', ''),
    ]
    said = json.loads(new[0]['params'])
    assert (said['of'], said['with'], said['inference']['commit']) == (old[0]['id'], 'whole', fixed)
    folder = idea.path / 'experiments/idea'
    assert sorted(str(path.relative_to(folder)) for path in folder.glob('*_with_*/**/*') if not path.is_dir()) == sorted([
        name for row in new for name in (f'exp_log_v1_with_whole/{row["id"]}.log', f'results_v1_with_whole/{row["id"]}/seen')
    ])
    assert {path: path.read_bytes() for path in kept} == kept
    assert (tmp_path / 'trained').read_text() == ''
    assert idea.exp('best') == 1, 'it competes with nothing'
    idea.ok('restore', '--yes')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['version'] == 'v1', 'a folder of it makes no new version'


def test_the_next_version_is_the_same_with_it_or_without(idea: Place) -> None:
    change(idea, infer_txt='1.0')
    idea.ok('eval', '--of', 'v1', '--with', 'whole')
    idea.ok('eval', '--seeds', '1')

    assert rows(idea.at('../..'))[-1]['version'] == 'v2'
    said = idea.ok('supersede', '--bug', 'other', '--yes')
    assert said.startswith("retired v2_other of 'idea': 1 row\n"), 'what was evaluated again is not of that version'
    idea.ok('restore', '--yes')
    idea.ok('supersede', '--bug', 'other', '--yes')
    idea.ok('restore', '--bug', 'half', '--yes')


def test_a_run_that_changes_what_was_trained_is_no_result(idea: Place) -> None:
    idea.git('config', 'gitexp.landlock', 'false')
    spoils = 'echo 3 > "$EXP_OUT/steps"; for one in "$EXP_OUT"/../../results_v1_*/*/steps; do echo 4 > "$one"; done\n'
    idea.at('../..').write('eval.sh', EVAL + spoils)
    idea.at('../..').commit('meta: another evaluation')
    idea.git('merge', '-q', 'main')

    assert idea.exp('eval', '--of', 'v1', '--with', 'whole') == 5
    assert "/steps', which is evidence" in idea.talk
    assert rows(idea.at('../..'))[-1]['status'] == 'violation'


def test_what_cannot_be_evaluated_again_is_said(idea: Place) -> None:
    for words, code, told in (
        (['--of', 'v2', '--with', 'x'], 3, "'idea' has no retired version v2"),
        (['--of', 'v1'], 2, '--of and --with go together'),
        (['--of', 'v1', '--with', 'A B'], 2, "'A B' is not a name"),
    ):
        assert idea.exp('eval', *words) == code
        assert told in idea.talk
    for path in idea.path.glob('experiments/idea/results_v1_half/*/deep'):
        (path / 'ckpt').unlink()
    assert idea.exp('eval', '--of', 'v1', '--with', 'x') == 3
    assert "deep/ckpt' is gone" in idea.talk


def test_what_was_put_in_the_place_of_what_was_trained_is_not_evaluated(idea: Place) -> None:
    first = sorted(idea.path.glob('experiments/idea/results_v1_half/*'))[0]
    (first / 'deep/ckpt').write_text('0.1\n')

    assert idea.exp('eval', '--of', 'v1', '--with', 'whole') == 3
    assert f"what lies in '{first}' is not what run {first.name} has left there" in idea.talk


def test_of_large_evidence_blocks_from_all_over_count(tmp_path: Path) -> None:
    (tmp_path / 'model').write_bytes(b'')
    os.truncate(tmp_path / 'model', 200 << 20)
    there = {'model': tmp_path / 'model'}
    before = evidence.digest(there)
    with open(tmp_path / 'model', 'r+b') as file:
        file.seek(-1, os.SEEK_END)
        file.write(b'x')

    assert before != evidence.digest(there) != evidence.digest({})


def test_one_file_is_no_other_files_whatever_it_holds(tmp_path: Path) -> None:
    for name, text in {'a': b'1', 'b': b'2', 'ab': b'1b\x001\x002'}.items():
        (tmp_path / name).write_bytes(text)

    assert evidence.digest({'a': tmp_path / 'a', 'b': tmp_path / 'b'}) != evidence.digest({'a': tmp_path / 'ab'})


@pytest.mark.parametrize('size', [3, 65 << 20])
def test_what_is_laid_out_is_what_is_compared(tmp_path: Path, size: int) -> None:
    kept = tmp_path / 'kept'
    kept.mkdir()
    (kept / 'model').write_bytes(b'abc')
    os.truncate(kept / 'model', size)
    row = Result('r', '', 'idea', Kind.EVAL, env={'trained': evidence.digest({'model': kept / 'model'})})
    trained = Trained(row, kept, 'fix', '', ('model',), ())
    done = Executed(Ended(Ending.OK, None, 1.0), tmp_path / 'log', 1.0, None, None, None)

    with trained.laid(tmp_path / 'out', tmp_path / 'idea') as judged:
        assert (tmp_path / 'out/model').read_bytes().startswith(b'abc')
        assert judged(done).offence is None
    assert os.listdir(tmp_path / 'out') == []
    with trained.laid(tmp_path / 'out', tmp_path / 'idea') as judged:
        (kept / 'model').write_bytes(b'abd')
        assert 'which is evidence' in (judged(done).offence or '')
    with pytest.raises(Refused, match='is not what run r has left there'), trained.laid(tmp_path / 'out', tmp_path / 'idea'):
        pass


def test_of_two_files_of_one_name_neither_is_evidence(make_lab: Callable[..., Place]) -> None:
    leaving = "import os\ninner = f'experiments/{os.environ[\"EXP_SLUG\"]}/results'\nos.makedirs(inner, exist_ok=True)\n" \
        "open(f'{inner}/model', 'w').write('5')\nopen(os.path.join(os.environ['EXP_OUT'], 'model'), 'w').write('0')\n"
    config = CONFIG.replace('eval: python3 eval.py {seed}', 'train: python3 train.py\neval: python3 eval.py')
    lab = make_lab(config=config, **{'eval.py': 'print("score: 1")\n', 'train.py': leaving})
    one = experiment(lab)
    one.ok('eval', '--seed', '1')
    one.ok('supersede', '--bug', 'x', '--yes')

    assert one.exp('eval', '--of', 'v1', '--with', 'fix') == 3
    assert 'was not noted' in one.talk


def test_what_is_no_file_is_no_evidence(make_lab: Callable[..., Place]) -> None:
    leaving = "import os\nos.chdir(os.environ['EXP_OUT'])\nopen('model', 'w').write('5')\n" \
        "os.symlink('later', 'latest')\nos.symlink('loop', 'loop')\nos.mkfifo('pipe')\n"
    config = CONFIG.replace('eval: python3 eval.py {seed}', 'train: python3 train.py\neval: python3 eval.py')
    score = "import os\nos.chdir(os.environ['EXP_OUT'])\nprint('score:', open('later' if os.path.exists('later') else 'model').read())\n"
    lab = make_lab(config=config, **{'eval.py': score, 'train.py': leaving})
    one = experiment(lab)
    one.ok('eval', '--seed', '1')
    one.ok('supersede', '--bug', 'x', '--yes')
    first, = one.path.glob('experiments/idea/results_v1_x/*')
    (first / 'later').write_text('0')

    one.ok('eval', '--of', 'v1', '--with', 'fix')
    assert rows(lab)[-1]['score'] == '5.0'


@pytest.mark.parametrize('put', ['os.mkfifo(path)', 'os.symlink("/proc/kmsg", path)', 'os.symlink("/dev/zero", path)'])
def test_what_becomes_of_evidence_while_it_is_scored_holds_no_run_up(make_lab: Callable[..., Place], put: str) -> None:
    leaving = "import os\nopen(os.path.join(os.environ['EXP_OUT'], 'model'), 'w').write('5')\n"
    score = f"import os\npath = os.path.join(os.environ['EXP_OUT'], 'model')\nos.remove(path)\n{put}\nprint('score: 1')\n"
    config = CONFIG.replace('eval: python3 eval.py {seed}', 'train: python3 train.py\neval: python3 eval.py')
    one = experiment(make_lab(config=config, **{'eval.py': score, 'train.py': leaving}))
    one.ok('eval', '--seed', '1')

    row = rows(one.at('../..'))[-1]
    assert (row['status'], row['score']) == ('ok', '1.0') and 'trained' not in json.loads(row['env'])


def test_a_lab_that_trains_nothing_has_nothing_to_evaluate_again(lab: Place) -> None:
    one = experiment(lab)
    one.ok('eval')
    one.ok('supersede', '--bug', 'x', '--yes')

    assert one.exp('eval', '--of', 'v1', '--with', 'fix') == 3
    assert 'this lab has no training of its own that could be left out' in one.talk


def test_spoilt_ground_is_not_measured_again(idea: Place) -> None:
    lab = idea.at('../..')
    before = rows(lab)

    assert idea.exp('eval') == 3
    assert "git exp: what 'idea' holds is superseded by the bug 'half', and would give the same again\n" in idea.talk
    assert rows(lab) == before
    assert idea.exp('eval', '--despite', 'other') == 3
    idea.ok('eval', '--despite', 'half', '--seeds', '1')
    change(idea, infer_txt='1.0')
    assert idea.exp('eval', '--despite', 'halve', '--seeds', '1') == 3
    assert idea.talk == "git exp: no bug 'halve' has retired anything\nhint: did you mean 'half'?\n"
    idea.ok('eval', '--seeds', '1')
    assert [row['version'] for row in rows(lab)[len(before):]] == ['v2', 'v2']


def test_ground_of_which_some_rows_count_is_measured(idea: Place) -> None:
    idea.ok('restore', '--yes')
    first = next(row for row in rows(idea.at('../..')) if row['kind'] == 'eval')
    idea.ok('supersede', '--bug', 'gpu', '--runs', first['id'], '--yes')

    idea.ok('eval', '--seed', '1')


def test_who_starts_from_spoilt_ground_is_told(idea: Place) -> None:
    lab = idea.at('../..')
    lab.ok('new', 'two', '--base', 'idea')
    assert "what it starts from is superseded: " in lab.talk and "has the bug 'half'" in lab.talk
    change(idea, infer_txt='1.0')
    lab.ok('new', 'three', '--base', 'idea')
    assert 'superseded' not in lab.talk


def test_who_starts_after_a_commit_that_brought_a_bug_is_told(lab: Place) -> None:
    one = experiment(lab, 'one')
    one.ok('eval', '--seeds', '1')
    bad = one.git('rev-parse', 'HEAD').stdout.strip()
    lab.ok('supersede', '--bug', 'leak', '--commit', bad, '--yes')
    change(one, model_py='score = 2.5\n')

    lab.ok('new', 'two', '--base', 'exp/one')
    assert f"what it starts from is superseded: {bad[:10]} has the bug 'leak'" in lab.talk


def test_spoilt_ground_is_not_submitted(idea: Place) -> None:
    assert idea.exp('submit') == 3
    assert "what 'exp/idea' holds is superseded by the bug 'half'" in idea.talk


@pytest.mark.parametrize('torn', [
    '', '{', '[]', '{"out": 1}', '{"out": ["../../x"], "inside": []}', '{"out": ["/etc/x"], "inside": []}', 'pipe',
])
def test_a_note_that_is_torn_is_none(idea: Place, torn: str) -> None:
    for note in idea.path.glob('experiments/idea/exp_log_v1_half/*.trained'):
        note.unlink()
        if torn == 'pipe':
            os.mkfifo(note)
        else:
            note.write_text(torn)

    assert idea.exp('eval', '--of', 'v1', '--with', 'whole') == 3
    assert 'no run of v1' in idea.talk


def test_a_fork_of_what_is_retired_is_spoilt_as_well(idea: Place) -> None:
    lab = idea.at('../..')
    lab.ok('new', 'fork', '--base', 'exp/idea')
    assert "what it starts from is superseded: " in lab.talk and "has the bug 'half'" in lab.talk

    fork = lab.at('5_worktrees/fork')
    for words in ([], ['--despite', 'half']):
        assert fork.exp('eval', *words) == 3 and "what 'fork' holds is superseded by the bug 'half'" in fork.talk
        assert fork.talk.endswith('git exp eval -e idea --despite half\n'), 'there it is the same tree'
    change(fork, infer_txt='1.0')
    fork.ok('eval', '--seeds', '1')


def test_a_retired_commit_that_was_amended_is_the_same_tree(idea: Place) -> None:
    before = rows(idea.at('../..'))[0]
    idea.git('reset', '-q', '--soft', 'HEAD~2')
    idea.write('experiments/idea/README.md', 'more\n')
    change(idea)

    idea.ok('eval', '--despite', 'half', '--seeds', '1')
    now = rows(idea.at('../..'))[-1]
    assert (now['version'], now['tree'], now['commit']) == ('v2', before['tree'], before['commit'])
