"""The plan of an experiment under the sections rule: open until the first run, then it only grows."""
from __future__ import annotations

from collections.abc import Callable

import pytest

import scene
from place import CONFIG, Place

RULE = '  sections: [experiments/*/PLAN.md]\n'


@pytest.fixture
def plan(make_lab: Callable[..., Place]) -> Place:
    """The folder of an experiment, with hooks."""
    lab = make_lab(config=CONFIG.replace('environment:', f'{RULE}environment:'))
    lab.git('config', '--unset', 'gitexp.hooks')
    lab.ok('hook', 'install')
    lab.ok('new', 'one', '--idea', 'a longer context predicts better')
    return lab.at('5_worktrees/one/experiments/one')


def _says(plan: Place, old: str, new: str) -> str:
    """Change the plan and commit it; returns the rule that forbids it, or 'ok'."""
    text = (plan.path / 'PLAN.md').read_text()
    assert old in text
    plan.write('PLAN.md', text.replace(old, new, 1))
    done = plan.git('commit', '-qam', 'exp(one): the plan', check=False)
    if done.returncode:
        plan.git('checkout', '-q', 'HEAD', '--', '.')
    return 'sections' if 'rule: sections (gitexp.yaml:9)' in done.stderr else done.stderr.strip() or 'ok'


def test_a_plan_is_open_until_there_is_a_run(plan: Place) -> None:
    lab = plan.at('../../../..')
    assert _says(plan, 'a longer context', 'a far longer context') == 'ok'
    assert _says(plan, '## 6. Inference', '## 6. Scoring') == 'ok'
    scene.measure(lab.path, 'one', 2.0, commit=plan.git('rev-parse', 'HEAD').stdout.strip())

    assert _says(plan, 'far longer', 'somewhat longer') == 'sections'
    assert _says(plan, '## 6. Scoring', '## 6. Inference') == 'sections'
    assert _says(plan, '<!-- Which files', 'train.txt <!-- Which files') == 'ok', 'what is empty may be filled'
    assert _says(plan, '<!-- Which curves', 'the loss <!-- Which curves') == 'ok'
    assert _says(plan, 'the loss', 'the loss of each layer') == 'ok', 'monitoring is live'
    assert _says(plan, 'nothing measured yet', 'measured once') == 'ok'
    assert _says(plan, '## 8. Protocol', '## 9. v1 results\n\nbetter\n\n## 8. Protocol') == 'sections'

    lab.commit('results')
    assert 'nothing against the rules' in plan.ok('check', 'rules'), 'what was written before the run is still legal'
    plan.write('PLAN.md', (plan.path / 'PLAN.md').read_text().replace('far longer', 'somewhat longer'))
    plan.without_hooks('commit', '-qam', 'exp(one): the plan')
    assert plan.exp('check', 'rules') == 1
    assert "the section '1. Goal' is changed" in plan.said


def test_what_supersede_and_restore_write_is_legal_and_can_be_filled_in(plan: Place) -> None:
    lab = plan.at('../../../..')
    scene.measure(lab.path, 'one', 2.0)
    plan.write('PLAN.md', (plan.path / 'PLAN.md').read_text() + '\n## 9. v1 results\n\nmine\n')

    plan.ok('supersede', '--bug', 'val-leak', '--yes')
    assert _says(plan, '- Symptom:', '- Symptom: too good') == 'ok', 'with the section that was still to be committed before it'
    assert _says(plan, 'with the fix:', 'with the fix: 0.1 worse') == 'ok'
    assert _says(plan, 'too good', 'none') == 'sections'
    plan.ok('restore', '--yes')

    text = (plan.path / 'PLAN.md').read_text()
    assert [line for line in text.split('\n') if line.startswith('## ')][8:] == [
        '## 9. v1 results', '## 10. v1 root cause: val-leak', '## 11. v1 restored: val-leak',
    ]
    assert plan.git('status', '--porcelain').stdout == ''
    scene.git(lab.path, 'add', 'results.tsv')
    scene.git(lab.path, 'commit', '-qm', 'results')
    assert 'nothing against the rules' in plan.ok('check', 'rules')
