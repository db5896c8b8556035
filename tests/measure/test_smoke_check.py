from __future__ import annotations

import json
from pathlib import Path

import pytest

from place import CONFIG, Place
from stories import change, experiment, rows

CHECK = 'smoke: {command: sh ./check.sh, time_limit: 5}\n'


@pytest.fixture
def idea(lab: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An experiment in a lab whose check fails as long as model.py says 'broken', and counts itself."""
    monkeypatch.setenv('COUNT', str(tmp_path / 'count'))
    lab.write('gitexp.yaml', CONFIG + CHECK)
    change(lab, check_sh='echo x >> "$COUNT"; echo checking; touch left; ! grep broken model.py\n')
    return experiment(lab)


def count() -> int:
    import os
    return len(Path(os.environ['COUNT']).read_text().split())


def test_a_tree_that_passes_is_not_checked_again(lab: Place, idea: Place) -> None:
    assert idea.ok('smoke').startswith('idea passed the smoke test in ')
    idea.ok('eval')

    assert count() == 1
    assert len(rows(lab)) == 3
    assert json.loads(idea.ok('smoke', '--json'))['passed'] is True and count() == 2


def test_eval_checks_a_tree_that_was_not(lab: Place, idea: Place) -> None:
    idea.ok('eval', '--seed', '1')
    assert 'smoke test passed' in idea.talk and count() == 1
    change(idea, model_py='score = 1.5  # broken\n')

    assert idea.exp('eval') == 4
    assert "'idea' fails the smoke test: exit code 1" in idea.talk and 'checking' in idea.talk
    assert len(rows(lab)) == 1
    assert idea.exp('smoke') == 4


def test_another_check_is_another_question(lab: Place, idea: Place) -> None:
    idea.ok('smoke')
    lab.write('gitexp.yaml', CONFIG + CHECK.replace('check.sh', 'check.sh again'))
    lab.commit('check')
    idea.ok('eval', '--seed', '1')

    assert count() == 2


def test_a_check_that_hangs_is_ended(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG + 'smoke: {command: sleep 20, time_limit: 0.2}\n')
    lab.commit('check')

    assert experiment(lab).exp('smoke') == 124


def test_a_lab_without_a_check_says_how_to_have_one(lab: Place) -> None:
    idea = experiment(lab)

    assert idea.exp('smoke') == 3
    assert 'this lab has no smoke test' in idea.talk and 'smoke: ' in idea.talk
