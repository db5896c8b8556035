"""A sealed evaluation: of an experiment it sees what training has left, and nothing else."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gitexp.checkout.sealed import laid
from place import CONFIG, IGNORED, Place, powerless
from stories import experiment, reason, rows

SEALED = CONFIG.replace('eval: python3 eval.py {seed}', 'train: python3 train.py\neval: python3 eval.py\nsealed: true')
TRAIN = """\
import os, model
open(os.path.join(os.environ['EXP_OUT'], 'answer'), 'w').write(str(model.score))
"""
EVAL = """\
import os, random
print('score:', abs(float(open(os.path.join(os.environ['EXP_OUT'], 'answer')).read()) - random.Random(1).random()))
"""
PLANTED = 'class Random:\n    def __init__(self, seed): pass\n    def random(self): return 2.0\n'


@pytest.fixture
def lab(make_lab: Callable[..., Place]) -> Place:
    return make_lab(config=SEALED, **{'train.py': TRAIN, 'eval.py': EVAL})


def score(lab: Place) -> float:
    return float(rows(lab)[-1]['score'])


def test_what_training_left_is_scored(lab: Place) -> None:
    idea = experiment(lab, model_py='score = 2.0\n')

    idea.ok('eval', '--seed', '1')
    assert score(lab) == pytest.approx(1.8656, abs=1e-4)
    row = rows(lab)[-1]
    assert json.loads(row['env'])['sealed'] is True
    assert f"exp_log/{row['id']}.log\n" in idea.ok('show')


@pytest.mark.parametrize('planting', [
    "import os\nos.makedirs('x'); open('x/random.py', 'w').write(open('planted.txt').read()); os.symlink('x', 'src')\n",
    "open('random.py', 'w').write(open('planted.txt').read())\n",
    "import os\nopen(os.path.join('..', 'random.py'), 'w').write(open('planted.txt').read())\n",
])
def test_nothing_that_training_has_planted_is_loaded(lab: Place, planting: str) -> None:
    idea = experiment(lab, model_py=f'{planting}score = 2.0\n', planted_txt=PLANTED)

    idea.ok('eval', '--seed', '1')
    assert score(lab) == pytest.approx(1.8656, abs=1e-4)


def test_what_training_left_in_results_is_in_exp_out(lab: Place) -> None:
    leaving = """\
import os
os.makedirs(f'experiments/{os.environ["EXP_SLUG"]}/results', exist_ok=True)
open(f'experiments/{os.environ["EXP_SLUG"]}/results/more', 'w').write('1')
score = 2.0
"""
    lab.write('eval.py', "import os\nprint('score:', open(os.path.join(os.environ['EXP_OUT'], 'more')).read())\n")
    lab.commit('reads more')
    idea = experiment(lab, model_py=leaving)

    idea.ok('eval', '--seed', '1')
    assert score(lab) == 1.0


def test_it_has_the_inputs_of_the_lab_and_not_those_of_the_experiment(lab: Place) -> None:
    lab.write('gitexp.yaml', f'{SEALED}inputs: [val.txt, start.txt]\n')
    lab.write('.gitignore', f'{IGNORED}val.txt\nstart.txt\n')
    lab.write('eval.py', "import os\nprint('score:', open('val.txt').read())\nassert not os.path.lexists('start.txt')\n")
    lab.commit('inputs')
    lab.write('val.txt', '7')
    idea = experiment(lab, model_py="score = open('start.txt').read()\n")
    idea.write('start.txt', 'mine')

    idea.ok('eval', '--seed', '1')
    assert score(lab) == 7.0


def test_what_lies_beside_an_input_is_not_loaded_with_it(lab: Place) -> None:
    lab.write('gitexp.yaml', f'{SEALED.replace("eval.py", "own/score")}inputs: [own/score, own/large]\n')
    lab.write('.gitignore', f'{IGNORED}own/\n')
    lab.commit('what scores is in no commit')
    lab.write('own/score', f"{EVAL}open('own/large').read(1)\nassert os.path.islink('own/large') and not os.path.islink('own/score')\n")
    lab.write('own/large', 'x' * (1 << 23))
    lab.write('own/random.py', PLANTED)
    idea = experiment(lab, model_py='score = 2.0\n')

    idea.ok('eval', '--seed', '1')
    assert score(lab) == pytest.approx(1.8656, abs=1e-4)


def test_a_copy_of_an_input_is_left_alone(lab: Place) -> None:
    lab.write('gitexp.yaml', f'{SEALED}inputs: [val.txt]\n')
    lab.write('.gitignore', f'{IGNORED}val.txt\n')
    lab.write('eval.py', "open('val.txt', 'w').write('9')\nprint('score: 1')\n")
    lab.commit('an input')
    lab.write('val.txt', '7')
    idea = experiment(lab, model_py='score = 2.0\n')

    assert idea.exp('eval', '--seed', '1') == 5
    assert reason(rows(lab)[-1]) == 'it changed val.txt' and (lab.path / 'val.txt').read_text() == '7'


def test_of_many_inputs_only_some_are_copied(tmp_path: Path) -> None:
    inputs = {f'{number}.txt': tmp_path / f'{number}.txt' for number in range(1100)}
    for path in [*inputs.values(), tmp_path / 'score']:
        path.write_text('x')
    (tmp_path / 'score').chmod(0o755)
    (tmp_path / 'checkout').mkdir()
    with laid(tmp_path / 'checkout', {}, {**inputs, 'score': tmp_path / 'score', 'folder': tmp_path}) as (folder, still):
        links = [path.name for path in folder.iterdir() if path.is_symlink()]

    assert len(links) == 1101 - 1024 and 'folder' in links and len(still) == 1025 and 'score' in still


def test_a_database_is_not_torn_from_what_it_has_not_taken_in_yet(tmp_path: Path) -> None:
    for name in ('plain.db', 'open.db', 'open.db-wal'):
        (tmp_path / name).write_text('x')
    (tmp_path / 'checkout').mkdir()
    with laid(tmp_path / 'checkout', {}, {name: tmp_path / name for name in ('plain.db', 'open.db')}) as (folder, _):
        assert [path.name for path in folder.iterdir() if path.is_symlink()] == ['open.db']


def test_code_that_is_not_fixed_is_not_there_and_it_is_said(lab: Place) -> None:
    lab.write('eval.py', 'import model\nprint("score:", model.score)\n')
    lab.commit('imports the model')
    idea = experiment(lab, model_py='score = 2.0\n')

    assert idea.exp('eval', '--seed', '1') == 4
    assert 'sealed: of the repository it has the frozen and fixed files' in idea.talk
    assert "No module named 'model'" in idea.talk


def test_training_is_judged_as_ever(lab: Place) -> None:
    idea = experiment(lab, model_py="open('eval.py', 'w').write('print(\"score: 0\")')\nscore = 2.0\n")

    assert idea.exp('eval', '--seed', '1') == 5
    assert reason(rows(lab)[-1]) == 'it changed eval.py'


def test_a_retired_version_is_evaluated_again_sealed(lab: Place) -> None:
    idea = experiment(lab, model_py='score = 2.0\n')
    idea.ok('eval', '--seed', '1')
    idea.ok('supersede', '--bug', 'leak', '--yes')

    idea.ok('eval', '--of', 'v1', '--with', 'fix')
    assert score(lab) == pytest.approx(1.8656, abs=1e-4)


def test_what_a_killed_run_has_left_is_not_seen_and_the_folder_goes_with_the_run(lab: Place) -> None:
    lab.write('.git/exp/exp-sealed/random.py', PLANTED)
    idea = experiment(lab, model_py='score = 2.0\n')

    idea.ok('eval', '--seed', '1')
    assert score(lab) == pytest.approx(1.8656, abs=1e-4)
    assert not list(lab.path.glob('.git/exp/exp-sealed*'))


def test_another_evaluation_than_one_that_is_not_sealed(lab: Place) -> None:
    idea = experiment(lab, model_py='score = 2.0\n')
    idea.ok('eval', '--seed', '1')
    lab.write('gitexp.yaml', SEALED.replace('sealed: true\n', ''))
    lab.commit('open')
    idea.git('merge', 'main')
    idea.ok('eval', '--seed', '1')

    one, other = (row['eval_id'] for row in rows(lab))
    assert one != other


def test_what_lies_above_is_of_nobody(lab: Place) -> None:
    idea = experiment(lab, model_py="""\
import os, pathlib
for place in (os.path.join('..', 'conftest.py'), os.path.join('..', 'pytest.toml')):
    pathlib.Path(place).write_text('x')
score = 2.0
""")
    lab.write('.git/exp/setup.cfg', 'x')

    idea.ok('eval', '--seed', '1')
    beside = [path.name for path in lab.path.glob('.git/exp/*') if path.name.startswith(('conftest', 'pytest', 'setup'))]
    assert beside == ['pytest.ini']


@pytest.mark.parametrize('leaving', [
    "os.symlink('/dev/stdout', out + '/wrong')", "os.symlink('/proc/self/fd/1', out + '/wrong')",
    "os.symlink('../../../..', out + '/wrong')",
    "os.mkdir(out + '/deep'); os.symlink('/etc', out + '/deep/wrong')", "os.mkfifo(out + '/wrong')",
])
def test_what_training_left_leads_nowhere_else(lab: Place, leaving: str) -> None:
    """Else what is scored could be said by what the evaluation only writes down."""
    scoring = EVAL + "with open(os.environ['EXP_OUT'] + '/wrong', 'w') as file: print('score: 0.1', file=file)\n"
    lab.write('eval.py', scoring)
    lab.commit('writes down')
    idea = experiment(lab, model_py=f"import os\nout = os.environ['EXP_OUT']\n{leaving}\nscore = 2.0\n")

    assert idea.exp('eval', '--seed', '1') == 4
    row = rows(lab)[-1]
    assert (row['status'], row['score']) == ('failed', '')
    assert reason(row).endswith("wrong' in EXP_OUT, which is no file, no folder that can be listed, and no link to one in there")


@pytest.mark.parametrize('hidden', ['/deep', '/deep/er'])
def test_a_folder_that_training_has_closed_hides_nothing(lab: Place, hidden: str) -> None:
    leaving = "os.makedirs(out)\nos.symlink('/dev/stdout', out + '/wrong')\nos.chmod(out, 0o300)"
    idea = experiment(lab, model_py=f"import os\nout = os.environ['EXP_OUT'] + '{hidden}'\n{leaving}\nscore = 2.0\n")
    idea.before = powerless()

    assert idea.exp('eval', '--seed', '1') == 4
    assert rows(lab)[-1]['status'] == 'failed'
    assert "' in EXP_OUT, which is no file, no folder that can be listed, and no link to one in there" in reason(rows(lab)[-1])


def test_links_within_what_training_left_are_followed(lab: Place) -> None:
    leaving = "import os\nout = os.environ['EXP_OUT']\nopen(out + '/a', 'w').write('2.0')\nos.symlink('a', out + '/last')\nscore = 2.0\n"
    lab.write('eval.py', "import os\nprint('score:', open(os.environ['EXP_OUT'] + '/last').read())\n")
    lab.commit('reads a link')

    experiment(lab, model_py=leaving).ok('eval', '--seed', '1')
    assert score(lab) == 2.0
