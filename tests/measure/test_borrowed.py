"""What an experiment has from a trunk that nobody has measured is no gain of its own."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from stories import change, experiment, rows

IDLE = 'score = 2.0\nremark = 1\n'


def mended(lab: Place) -> None:
    """The trunk by hand."""
    lab.write('model.py', 'score = 2.0\n')
    lab.git('commit', '-q', '-m', 'mend it', 'model.py')


def test_a_remark_gains_nothing_where_the_trunk_was_mended(lab: Place) -> None:
    lab.ok('baseline')
    mended(lab)
    idle = experiment(lab, 'idle', model_py=IDLE)

    said = idle.ok('eval')
    assert said.startswith('provisional: idle v1 against the baseline\n')
    assert "but 'main' has changed 'model.py' since it was measured: nobody knows what it gains of itself" in ' '.join(said.split())
    assert idle.talk.endswith('hint: git exp baseline\n') and rows(lab)[-1]['verdict'] == 'provisional'
    lab.ok('baseline')
    assert idle.ok('eval').startswith('inconclusive: idle v1 against the trunk at ')


def test_what_is_its_own_is_a_gain_wherever_the_trunk_has_gone_on_to(lab: Place) -> None:
    lab.ok('baseline')
    idea = experiment(lab)
    mended(lab)

    assert idea.ok('eval').startswith('better: idea v1 against the baseline\n')


def test_where_the_trunk_was_measured_once_it_has_gone_on_that_is_taken_in_first(lab: Place) -> None:
    lab.write('model.py', 'score = 2.5\n')
    lab.commit('before anybody measured')
    idle = experiment(lab, 'idle', model_py='score = 2.5\nremark = 1\n')
    lab.write('model.py', 'score = 3.0\n')
    lab.commit('as it will be measured')
    lab.ok('baseline')

    assert idle.ok('eval').startswith('provisional: ')
    assert "'main' was not measured as it has it" in ' '.join(idle.said.split())
    assert idle.talk.endswith('hint: git merge main, then: git exp eval\n')


def test_nor_where_it_was_mended_elsewhere_and_only_fetched(lab: Place, tmp_path: Path) -> None:
    lab.ok('baseline')
    lab.git('init', '-q', '--bare', str(tmp_path / 'shared.git'))
    lab.git('remote', 'add', 'origin', str(tmp_path / 'shared.git'))
    mended(lab)
    lab.git('push', '-q', 'origin', 'main')
    lab.git('reset', '-q', '--hard', 'HEAD~')
    idle = experiment(lab, 'idle', experiments__idle__PLAN_md='# Plan\n')
    idle.git('merge', '-q', '--no-edit', 'origin/main')
    change(idle, model_py=IDLE)

    assert idle.ok('eval').startswith('provisional: ')
    assert idle.talk.endswith(f"hint: git -C '{lab.path}' pull, then: git exp baseline\n")


def test_one_that_has_changed_nothing_is_told_so(lab: Place) -> None:
    lab.ok('baseline')
    idle = experiment(lab, 'idle', experiments__idle__PLAN_md='# Plan\n')

    assert idle.ok('eval').startswith('inconclusive: idle v1')
    assert idle.talk.endswith("hint: it is the code of 'main' so far: change something, commit it, and again: git exp eval\n")


def test_what_a_worse_one_lacks_of_the_trunk_is_named(lab: Place) -> None:
    lab.ok('baseline')
    idle = experiment(lab, 'idle', model_py='score = 3.0 + 1e-9\n')
    lab.write('model.py', 'score = 2.0\n')
    lab.commit('mended')
    lab.ok('baseline')

    assert idle.ok('eval').startswith('worse: idle v1')
    assert "hint: it lacks what 'main' has changed, 'model.py': git merge main, and again: git exp eval\n" in idle.talk


def test_the_same_code_once_more_is_no_better_than_it_was_at_first(lab: Place) -> None:
    """Where a seed fixes nothing, an experiment that begins at another draws anew."""
    lab.write('model.py', 'import os, time\nscore = 3.0 + float(open(os.environ["LAB"] + "/luck").read())\n')
    lab.write('luck', '0.0')
    lab.commit('what a machine does')
    lab.ok('baseline', LAB=str(lab.path))
    one = experiment(lab, 'one', model_py='import os\nscore = 3.0 + float(open(os.environ["LAB"] + "/luck").read())\n')
    one.ok('eval', LAB=str(lab.path))
    lab.git('worktree', 'add', '-q', '-b', 'exp/two', '5_worktrees/two', 'exp/one')
    two = lab.at('5_worktrees/two')
    change(two, experiments__two__PLAN_md='# Plan\n')
    lab.write('luck', '-1.0')

    assert two.ok('eval', LAB=str(lab.path)).startswith('provisional: two v1')
    assert 'its seed 1 gave several values' in ' '.join(two.said.split())


def test_rows_of_a_trunk_that_was_only_fetched_are_pulled(lab: Place, tmp_path: Path) -> None:
    lab.git('init', '-q', '--bare', str(tmp_path / 'shared.git'))
    lab.git('remote', 'add', 'origin', str(tmp_path / 'shared.git'))
    lab.ok('baseline')
    lab.git('add', 'results.tsv')
    lab.git('commit', '-q', '-m', 'rows')
    lab.git('push', '-q', 'origin', 'main')
    lab.git('reset', '-q', '--soft', 'HEAD~')
    idle = experiment(lab, 'idle', model_py=IDLE)
    idle.git('merge', '-q', '--no-edit', 'origin/main')

    assert idle.exp('eval') == 5
    assert "results.tsv: added outside 'main'" in idle.talk
    assert idle.talk.endswith(f"hint: git -C '{lab.path}' pull, and again: git exp eval\n")


def test_a_gain_by_other_words_is_not_what_is_submitted(lab: Place) -> None:
    lab.ok('baseline')
    lab.ok('baseline', '--', '--fast')
    idea = experiment(lab)

    assert idea.ok('eval', '--', '--fast').startswith('better: ')
    assert idea.talk.endswith('hint: git exp eval, which git exp submit idea goes by\n')


def test_a_baseline_of_what_the_trunk_never_was_is_no_ground(lab: Place) -> None:
    lab.write('model.py', 'score = 4.0\n')
    lab.commit('worse, and to be taken back')
    lab.ok('baseline')
    ledger = (lab.path / 'results.tsv').read_bytes()
    lab.git('reset', '-q', '--hard', 'HEAD~')
    (lab.path / 'results.tsv').write_bytes(ledger)
    idle = experiment(lab, 'idle', model_py='score = 3.0\nremark = 1\n')

    assert idle.ok('eval').startswith('provisional: ')
    assert idle.talk.endswith('hint: git exp baseline\n')
    lab.ok('baseline')
    assert idle.ok('eval').startswith('inconclusive: idle v1 against the trunk at ')


@pytest.mark.parametrize('how', ['--no-ff', '--squash'])
def test_a_winner_that_was_merged_is_known(lab: Place, how: str) -> None:
    lab.ok('baseline')
    won = experiment(lab, 'won')
    won.ok('eval')
    lab.git('merge', '-q', how, *([] if how == '--squash' else ['--no-edit']), 'exp/won')
    lab.git('commit', '-q', '--allow-empty', '-m', 'won')
    idea = experiment(lab, model_py='score = 1.0\n')

    assert idea.ok('eval').startswith('better: idea v1 against won v1\n')
