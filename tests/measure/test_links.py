"""What gitexp writes below an experiment's folder goes through no link, whoever has put it there."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from place import CONFIG, Place
from stories import experiment, rows


@pytest.fixture
def idea(lab: Place) -> Place:
    """An experiment in a lab with a smoke test that prints, and a file that is none of its business."""
    lab.write('gitexp.yaml', CONFIG + 'smoke: echo forged\n')
    lab.commit('smoke')
    lab.write('other.txt', 'whole\n')
    return experiment(lab)


def linked(idea: Place, name: str, target: Path) -> None:
    path = idea.path / 'experiments' / 'idea' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def pasted(place: Place) -> None:
    """Do what the hint says."""
    hint = place.talk.partition('hint: ')[2].strip()
    subprocess.run(['sh', '-c', hint.replace(' commit', ' commit -qm "exp(idea): no link"')], cwd='/', check=True)


@pytest.mark.parametrize('name', ['', 'exp_log', 'results', 'PLAN.md', 'exp_log/smoke.log'])
def test_a_link_that_is_committed_is_refused_before_a_run(lab: Place, idea: Place, tmp_path: Path, name: str) -> None:
    (tmp_path / 'elsewhere').mkdir()
    target = lab.path / 'other.txt' if '.' in name else tmp_path / 'elsewhere'
    linked(idea, name, target)
    idea.git('add', '-A', '-f')
    idea.git('commit', '-q', '-m', 'exp(idea): link')

    for command in ('smoke', 'eval'):
        assert idea.exp(command) == 3
        assert f"'{os.path.join('experiments/idea', name).rstrip('/')}' of 'idea' is a link" in idea.talk
    assert (lab.path / 'other.txt').read_text() == 'whole\n' and not os.listdir(tmp_path / 'elsewhere')
    pasted(idea)
    idea.ok('smoke')


def test_a_link_that_nobody_has_committed_is_refused_too(idea: Place, tmp_path: Path) -> None:
    linked(idea, 'exp_log', tmp_path)
    assert idea.exp('smoke') == 3

    pasted(idea)
    idea.ok('smoke')
    assert (idea.path / 'experiments/idea/exp_log/smoke.log').read_text() == 'forged\n'


def test_a_log_with_a_second_name_is_another_file(lab: Place, idea: Place) -> None:
    log = idea.path / 'experiments/idea/exp_log/smoke.log'
    log.parent.mkdir(parents=True)
    os.link(lab.path / 'other.txt', log)
    idea.ok('smoke')

    assert log.read_text() == 'forged\n' and (lab.path / 'other.txt').read_text() == 'whole\n'


@pytest.fixture
def measured(lab: Place) -> Place:
    idea = experiment(lab, experiments__idea__PLAN_md='# idea\n', model_py='score = 2.0\n')
    idea.ok('eval', '--seed', '1')
    return idea


def test_a_plan_that_is_a_link_is_not_written_on(lab: Place, measured: Place) -> None:
    before = (lab.path / 'results.tsv').read_bytes()
    (measured.path / 'experiments/idea/PLAN.md').unlink()
    linked(measured, 'PLAN.md', lab.path / 'results.tsv')
    assert measured.exp('supersede', '--bug', 'leak', '--yes') == 3
    assert f"cannot supersede: '{measured.path}/experiments/idea/PLAN.md' is a link" in measured.talk

    measured.commit('exp(idea): link')
    assert measured.exp('supersede', '--bug', 'leak', '--yes') == 3
    assert "cannot supersede: 'experiments/idea/PLAN.md' is a link on refs/heads/exp/idea" in measured.talk
    assert (lab.path / 'results.tsv').read_bytes() == before

    measured.git('rm', '-q', 'experiments/idea/PLAN.md')
    measured.commit('exp(idea): no link')
    measured.ok('supersede', '--bug', 'leak', '--yes')
    assert '# idea\n' in (measured.path / 'experiments/idea/PLAN.md').read_text() and len(rows(lab)) == 2


def test_a_plan_with_a_second_name_becomes_a_file_of_its_own(measured: Place, tmp_path: Path) -> None:
    os.link(measured.path / 'experiments/idea/PLAN.md', tmp_path / 'second')
    measured.ok('supersede', '--bug', 'leak', '--yes')

    assert (tmp_path / 'second').read_text() == '# idea\n'
    assert 'leak' in (measured.path / 'experiments/idea/PLAN.md').read_text()


def test_closing_moves_nothing_through_a_link(lab: Place, measured: Place, tmp_path: Path) -> None:
    (lab.path / 'experiments').symlink_to(tmp_path)

    assert lab.exp('close', 'idea') == 3
    assert f"'{lab.path}/experiments' is a link" in lab.talk and not (tmp_path / 'idea').exists()
