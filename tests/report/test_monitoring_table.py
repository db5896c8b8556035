"""PLAN.md's Monitoring table against what was logged."""
from __future__ import annotations

import json

import pytest

from gitexp.lab.lab import Lab
from gitexp.ledger import write
from gitexp.ledger.result import Kind, Result
from gitexp.report import monitoring
from place import Place

HEAD = "| W&B key | What it measures | How it's calculated | Source |\n|---|---|---|---|\n"
SCORE = '| `score` | how far off | `abs(model.score + 0.001 * seed)` | `model.py:score_of` |\n'
LOSS = '| train/loss | misfit | 1 − 2·∑(p·y) / (∑p + ∑y + ε), ε = 1e-6 | model.py:Net.loss() |\n'
MODEL = 'def score_of(): ...\nclass Net:\n    if True:\n        def loss(self): ...\n'


@pytest.fixture
def idea(lab: Place) -> Place:
    """An experiment that has measured a score, and logged a loss and what wandb adds by itself."""
    lab.git('worktree', 'add', '-q', '--no-track', '-b', 'exp/idea', '5_worktrees/idea', 'main')
    idea = lab.at('5_worktrees/idea')
    idea.write('model.py', MODEL)
    lines = [{'step': 1, 'train/loss': 0.5}, {'event': 'pause', 'hot': 1}, {'system/gpu.0.temp': 60, '_runtime': 1}]
    idea.write('experiments/idea/results/r1/metrics.jsonl', ''.join(f'{json.dumps(line)}\n' for line in lines))
    write.append(Lab.find(lab.path), [Result('r1', '2026-01-01T00:00:00+00:00', 'idea', Kind.EVAL, value=1.0)])
    return idea


def plan(idea: Place, table: str, *, head: str = HEAD, status: str = '') -> None:
    before = f'# idea\n{status}\n## 6. Inference\n\n## 7. Monitoring\n\n'
    idea.write('experiments/idea/PLAN.md', f'{before}{head}{table}\n## 8. Protocol\n| a | b |\n')


def test_a_table_that_says_what_is_logged(idea: Place) -> None:
    plan(idea, SCORE + LOSS)

    assert idea.ok('check', 'monitoring') == "'idea' logs what its table says\n"
    assert json.loads(idea.ok('check', 'monitoring', 'idea', '--json')) == []


@pytest.mark.parametrize('name', ['..', '.', '', '/', 'idea/..', '../experiments/idea'])
def test_what_leads_to_another_folder_is_no_experiment(idea: Place, name: str) -> None:
    plan(idea, SCORE + LOSS)
    idea.write('PLAN.md', '# of nobody\n')

    for command in ('monitoring', 'config'):
        assert idea.exp('check', command, name) == 3 and idea.talk.startswith(f"git exp: there is no experiment '{name}'\n")


def test_table_and_stream_agree_both_ways(idea: Place) -> None:
    plan(idea, SCORE + SCORE + LOSS.replace('train/loss', 'val/loss'))

    assert idea.exp('check', 'monitoring') == 1
    assert [line for line in idea.said.splitlines() if not line.startswith(' ')] == [
        "experiments/idea/PLAN.md:10: 'score' is in the table twice",
        "experiments/idea/PLAN.md:11: 'val/loss' was never logged",
        "experiments/idea/PLAN.md: 'train/loss' is logged and not in the table: results/r1/metrics.jsonl",
    ]


def test_before_the_first_run_only_the_rows_are_looked_at(idea: Place) -> None:
    other = idea.at('../other')
    idea.git('worktree', 'add', '-q', '--no-track', '-b', 'exp/other', str(other.path), 'main')
    other.write('experiments/other/PLAN.md', f'## 7. Monitoring\n{HEAD}{LOSS.replace("model.py:Net.loss()", "eval.py")}')

    assert other.exp('check', 'monitoring') == 0
    assert other.said.startswith("experiments/other/PLAN.md:4: warning: the source of 'train/loss' is no FILE:FUNCTION: 'eval.py'\n")


@pytest.mark.parametrize('formula', [
    '', 'DSC', '`Dice score`', 'see code', 'see train.py line 30', 'TODO', 'to be written, TBD', 'train/loss', 'p - y', '$1-d$',
])
def test_what_is_no_formula(idea: Place, formula: str) -> None:
    plan(idea, SCORE + f'| train/loss | misfit | {formula} | model.py:Net |\n')

    assert idea.exp('check', 'monitoring') == 1
    assert "PLAN.md:10: how 'train/loss' is calculated" in idea.said


@pytest.mark.parametrize('formula', [
    r'2·\|p ∩ y\| / (\|p\| + \|y\|), p > 0.5', 'mean over volumes of the DSC', "optimizer.param_groups[0]['lr']",
    'torch.cuda.max_memory_allocated() / 2**30', '`sum(loss) / len(batches)`',
])
def test_what_is_a_formula(idea: Place, formula: str) -> None:
    plan(idea, SCORE + f'| train/loss | misfit | {formula} | model.py:Net |\n')

    assert idea.exp('check', 'monitoring') == 0, idea.said


@pytest.mark.parametrize(('source', 'said'), [
    ('model.py:lost', "'lost', which 'model.py' does not define"), ('nets/model.py:loss', "'nets/model.py', which is not there"),
    ('model.py', 'no FILE:FUNCTION'), ('', 'no FILE:FUNCTION'), ('broken.py:f', 'Python cannot read'),
    ('run.sh:go', "'run.sh' does not have"),
])
def test_a_source_that_leads_nowhere_is_a_warning(idea: Place, source: str, said: str) -> None:
    idea.write('broken.py', 'def f(:')
    idea.write('run.sh', 'going() { :; }\n')
    plan(idea, SCORE + f'| train/loss | misfit | sum(loss) / batches | {source} |\n')

    assert idea.exp('check', 'monitoring') == 0
    assert said in idea.said


@pytest.mark.parametrize(('text', 'said'), [
    ('# idea\n', "has no section '## N. Monitoring'"),
    ('## Monitoring\n' + HEAD + SCORE, "has no section '## N. Monitoring'"),
    ('## 7. Monitoring\n<!--\n' + HEAD + '-->\n', 'PLAN.md:1: the Monitoring section has no table with exactly its four columns'),
    ('## 7. Monitoring\n' + HEAD.replace('Source', 'Where') + SCORE, 'PLAN.md:2: the Monitoring section has no table with exactly'),
    ('## 7. Monitoring\n' + HEAD + '| score | p|y | abs(a - b) | model.py:Net |\n', r'PLAN.md:4: 5 cells where the table has 4 columns'),
])
def test_what_is_no_table(idea: Place, text: str, said: str) -> None:
    idea.write('experiments/idea/PLAN.md', text)

    assert idea.exp('check', 'monitoring') == 1
    assert said in idea.said


def test_a_plan_that_is_missing_and_an_experiment_that_is(idea: Place) -> None:
    assert idea.exp('check', 'monitoring') == 1 and 'is not there' in idea.said
    assert idea.exp('check', 'monitoring', 'none') == 3 and "no experiment 'none'" in idea.talk


def test_what_a_closed_experiment_says_and_left_is_still_held_together(lab: Place, idea: Place) -> None:
    plan(idea, SCORE)
    idea.commit('exp(idea): plan')
    lab.ok('close', 'idea')

    assert lab.exp('check', 'monitoring', 'idea') == 1
    assert "'train/loss' is logged and not in the table" in lab.said and 'score' not in lab.said


def test_the_status_is_to_name_the_run(idea: Place) -> None:
    env = {'wandb': 'https://wandb.example/ada/idea/runs/r2'}
    write.append(Lab.find(idea.path), [Result('r2', '2026-01-01T00:00:00+00:00', 'idea', Kind.EVAL, value=1.0, env=env)])
    plan(idea, SCORE + LOSS, status='**Status, v1:** Key metric: none yet. wandb: none yet. → see §8\n')

    assert idea.exp('check', 'monitoring') == 0
    assert "its status says 'wandb: none yet'" in idea.said and 'do:   wandb: https://wandb.example/ada/idea/runs/r2' in idea.said


def test_retired_runs_do_not_count(idea: Place) -> None:
    plan(idea, SCORE)
    idea.git('add', 'experiments/idea/PLAN.md')
    idea.git('commit', '-q', '-m', 'exp(idea): plan')
    idea.ok('supersede', '--bug', 'leak', '--yes')

    assert idea.ok('check', 'monitoring') == "'idea' logs what its table says\n"


def test_the_example_rows_of_the_template_pass_but_for_their_files(idea: Place) -> None:
    from gitexp.experiment import scaffold
    text = scaffold.plan('idea', idea=None, date='2026-01-01').decode()
    rows = [line for line in text.split('\n') if line.startswith('| ') and 'W&B key' not in line]
    idea.write('experiments/idea/PLAN.md', text.replace('|---|---|---|---|\n', '\n'.join(['|---|---|---|---|', *rows, ''])))

    assert len(rows) == 7
    found = monitoring.findings(Lab.find(idea.path), Lab.find(idea.path).experiment('idea'))
    assert [one.message for one in found if 'calculated' in one.message or 'cells' in one.message] == []
    assert len([one for one in found if 'was never logged' in one.message]) == 6
