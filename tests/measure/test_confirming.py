"""A gain that is too good to be believed is held back until somebody vouches for it."""
from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from place import CONFIG, PROGRAM, Place
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import pending, read, write
from gitexp.ledger.result import Kind, Result
from gitexp.measure import confirm
from stories import change, experiment, rows


def jump(lab: Place) -> Place:
    """An experiment that gains 2.5 where 0.1 was gained before."""
    lab.ok('baseline')
    experiment(lab, 'small', model_py='score = 2.9\n').ok('eval')
    leak = experiment(lab, 'leak', model_py='score = 0.5\n')
    leak.ok('eval')
    return leak


def verdict(lab: Place) -> tuple[str, list[str]]:
    best = json.loads(lab.ok('best', '--json'))
    return best['verdict'], best['flags']


def test_a_jump_is_held_until_it_is_confirmed(lab: Place) -> None:
    leak = jump(lab)
    assert leak.talk.endswith('if there is one: git exp supersede leak --bug NAME; if not: git exp confirm leak --because WHY\n')
    assert [(row['verdict'], json.loads(row['params'])) for row in rows(lab)[-3:]] == [('provisional', {'flags': ['jump']})] * 3
    assert verdict(lab) == ('provisional', ['jump'])

    said = lab.ok('confirm', 'leak', '--because', 'trained again: the same')
    at = leak.git('rev-parse', '--short=7', 'HEAD').stdout.strip()
    assert said.splitlines()[0] == f'confirmed by Ada <ada@example.org>: leak v1 at {at}, score 0.50200 on 3 seeds'
    assert len(said.splitlines()) == 2 and said.splitlines()[1].startswith('    better: gain 2.4')
    row, small = rows(lab)[-1], next(row['tree'] for row in rows(lab) if row['experiment'] == 'small')
    assert (row['kind'], row['experiment'], row['score'], row['tree']) == ('confirm', 'leak', '', '')
    assert json.loads(row['params']) == {
        'confirms': rows(lab)[-2]['tree'], 'by': 'Ada <ada@example.org>', 'because': 'trained again: the same',
        'seeds': 3, 'mean': 0.502, 'gains': {small: pytest.approx(2.4)},
    }
    assert verdict(lab) == ('better', [])
    assert '(jump)' not in lab.ok('list') and 'not confirmed' not in lab.ok('status')
    assert lab.ok('confirm', 'leak', '--because', 'again').startswith('confirmed before by Ada')
    assert len(rows(lab)) == 11


def test_nobody_vouches_for_a_run_under_way(lab: Place) -> None:
    jump(lab)
    begun = pending.begin(Lab.find(lab.path), Result('01zzzzzzzzzzzzzz', '2026-01-01T00:00:00+00:00', 'leak', Kind.EVAL))

    assert lab.exp('confirm', 'leak', '--because', 'trained again: the same') == 3
    assert "a run of 'leak' is under way, and nobody has looked at it yet" in lab.talk
    begun.drop()
    lab.ok('confirm', 'leak', '--because', 'trained again: the same')


def test_a_jump_while_the_best_was_retired_is_one_when_that_is_back(lab: Place) -> None:
    lab.ok('baseline')
    experiment(lab, 'small', model_py='score = 2.9\n').ok('eval')
    lab.ok('supersede', 'small', '--bug', 'cold', '--yes')
    leak = experiment(lab, 'leak', model_py='score = 0.5\n')
    assert leak.ok('eval').startswith('better: ') and verdict(lab) == ('better', [])

    lab.ok('restore', 'small', '--yes')
    assert [row['verdict'] for row in rows(lab) if row['experiment'] == 'leak'][-1] == 'better'
    assert verdict(lab) == ('provisional', ['jump']) and 'provisional (jump)' in lab.ok('list')
    assert 'provisional' in lab.ok('show', 'leak')
    lab.git('init', '-q', '--bare', '../shared.git')
    lab.git('remote', 'add', 'origin', '../shared.git')
    assert leak.exp('submit') == 1 and "'exp/leak' is not confirmed: " in leak.talk


def test_a_clock_that_is_behind_confirms_what_it_has_seen_or_nothing(lab: Place) -> None:
    jump(lab)
    here, now = Lab.find(lab.path), datetime.now(timezone.utc)
    which, before = here.experiment('leak'), rows(lab)
    with pytest.raises(Refused, match='the clock here is behind .*, by 60 minutes'):
        confirm.confirm(here, which, because='looked', here=here.git, now=now - timedelta(hours=1))
    assert rows(lab) == before and verdict(lab) == ('provisional', ['jump'])

    said = confirm.confirm(here, which, because='looked', here=here.git, now=now - timedelta(minutes=2))
    assert said.new and verdict(lab) == ('better', [])
    assert said.row.id > before[-1]['id'] and not confirm.confirm(here, which, because='again', here=here.git, now=now).new


def test_more_runs_stay_confirmed_and_another_tree_is_not(lab: Place) -> None:
    leak = jump(lab)
    lab.ok('confirm', 'leak', '--because', 'looked')
    leak.ok('eval', '--seeds', '4')
    assert verdict(lab) == ('better', [])

    more = experiment(lab, 'more', model_py='score = 0.4\n')
    assert more.ok('eval').startswith('better: more v1 against leak v1\n'), 'what is confirmed has been gained'


def test_what_was_tried_in_vain_after_it_was_confirmed_counts(lab: Place, tmp_path: Path) -> None:
    lab.ok('baseline')
    experiment(lab, 'small', model_py='score = 2.9\n').ok('eval')
    fails = 'import os, sys\nassert sys.argv[1] == "1" or not os.path.exists(os.environ["TRIES"])\nscore = 0.5\n'
    bold = experiment(lab, 'bold', model_py=fails)
    flag = tmp_path / 'fails'
    flag.touch()
    bold.ok('eval', '--seed', '1', TRIES=str(flag))
    assert '    provisional: ' in lab.ok('confirm', 'bold', '--because', 'looked: no leak')
    for _ in range(2):
        assert bold.exp('eval', '--seed', '2', TRIES=str(flag)) == 4
    flag.unlink()
    bold.ok('eval', TRIES=str(flag))
    assert verdict(lab) == ('provisional', ['retried'])
    assert '    better: ' in lab.ok('confirm', 'bold', '--because', 'the disk was full')
    assert verdict(lab) == ('better', [])


def test_what_was_confirmed_and_retired_is_held_anew_whoever_measures_it(lab: Place) -> None:
    leak = jump(lab)
    commit = leak.git('rev-parse', 'HEAD').stdout.strip()
    lab.ok('confirm', 'leak', '--because', 'looked')
    lab.ok('supersede', 'leak', '--bug', 'val-leak', '--yes')
    lab.git('worktree', 'add', '-q', '-b', 'exp/again', '5_worktrees/again', commit)
    again = lab.at('5_worktrees/again')
    assert again.ok('eval', '--seeds', '3', '--despite', 'val-leak').startswith('provisional: again v1')
    assert 'jump' in verdict(lab)[1]


def test_what_is_measured_again_despite_a_bug_is_held_anew_though_the_plan_tells_of_the_bug(lab: Place) -> None:
    lab.ok('baseline')
    idea = experiment(lab, 'idea', model_py='score = 2.9\n')
    for bug in ('drift', 'heat'):
        idea.ok('eval', '--seeds', '3', *(['--despite', 'drift'] if bug == 'heat' else []))
        idea.ok('supersede', '--bug', bug, '--yes')

    assert idea.ok('eval', '--seeds', '3', '--despite', 'heat').startswith('provisional: idea v3')
    assert 'retried' in verdict(lab)[1] and len({row['tree'] for row in rows(lab) if row['kind'] == 'eval'}) == 1
    assert '    better: ' in lab.ok('confirm', 'idea', '--because', 'the fan was dead')


def test_a_tree_of_the_trunk_is_its_baseline_whoever_measured_it_first(lab: Place) -> None:
    lab.ok('baseline')
    experiment(lab, 'small', model_py='score = 2.9\n').ok('eval')
    lab.commit('rows')
    older = ','.join(row['id'] for row in rows(lab) if row['kind'] == 'baseline')
    early = experiment(lab, 'early')
    early.git('reset', '-q', '--hard', 'main')
    early.ok('eval', '--seed', '1')
    lab.ok('baseline')
    lab.ok('supersede', '--bug', 'old-driver', '--runs', older, '--yes')
    assert experiment(lab, 'leap', model_py='score = 0.5\n').ok('eval', '--seeds', '3').startswith('provisional: leap v1 against small v1')
    assert verdict(lab) == ('provisional', ['jump'])


def test_retired_and_measured_again_it_is_held_anew(lab: Place) -> None:
    jump(lab)
    lab.ok('confirm', 'leak', '--because', 'looked')
    here = Lab.find(lab.path)
    runs = [row for row in read.read(here).results if row.experiment == 'leak' and row.kind is Kind.EVAL]
    retired = Result('9', '', 'leak', Kind.SUPERSEDE, version='v1_leak', params={'bug': 'leak', 'covers': [row.id for row in runs]})
    write.append(here, [retired, *(row._replace(id=f'a{row.id}', version='v2') for row in runs)])
    assert verdict(lab) == ('provisional', ['retried', 'jump'])

    write.append(here, [Result('b', '', 'leak', Kind.RESTORE, params={'restores': '9'})])
    assert verdict(lab) == ('better', [])


def test_a_tip_that_was_confirmed_hides_no_better_tree_that_is_held_back(lab: Place) -> None:
    lab.ok('baseline')
    experiment(lab, 'small', model_py='score = 2.98\n').ok('eval')
    leak = experiment(lab, 'leak', model_py='score = 2.77\n')
    leak.ok('eval')
    lab.ok('confirm', 'leak', '--because', 'looked at the first')
    change(leak, model_py='score = 0.01\n')
    leak.ok('eval')
    change(leak, model_py='score = 2.77\n')
    assert verdict(lab) == ('provisional', ['jump'])

    second = leak.git('rev-parse', '--short=7', 'HEAD~').stdout.strip()
    first, past, *_ = lab.ok('confirm', 'leak', '--because', 'looked at the second').splitlines()
    assert first == f'confirmed by Ada <ada@example.org>: leak v1 at {second}, score 0.012000 on 3 seeds'
    assert past == "    'exp/leak' holds something else by now, which this does not confirm"
    assert verdict(lab) == ('better', [])
    assert lab.ok('confirm', 'leak', '--because', 'again').startswith('confirmed before by Ada')


def test_what_is_confirmed_is_what_a_document_was_committed_about(lab: Place) -> None:
    """The leak is better, and was mended since."""
    leak = jump(lab)
    change(leak, model_py='score = 1.0  # without the leak\n')
    leak.ok('eval')
    change(leak, experiments__leak__SUMMARY_md='# What came of it\n')

    assert 'leak v1' in lab.ok('confirm', 'leak', '--because', 'read it')
    assert json.loads(rows(lab)[-1]['params'])['mean'] == pytest.approx(1.002)
    assert verdict(lab) == ('provisional', ['jump'])


@pytest.mark.parametrize('running', ['leak', 'fork'])
def test_an_experiment_on_the_tree_of_another_is_confirmed_with_it(lab: Place, running: str) -> None:
    """Each of them names the command with its own slug."""
    jump(lab)
    lab.git('branch', 'exp/fork', 'exp/leak')
    begun = pending.begin(Lab.find(lab.path), Result('01zzzzzzzzzzzzzz', '2026-01-01T00:00:00+00:00', running, Kind.EVAL))
    assert lab.exp('confirm', 'fork', '--because', 'looked') == 3 and f"a run of '{running}' is under way" in lab.talk
    begun.path.unlink()

    assert lab.ok('confirm', 'fork', '--because', 'looked').startswith('confirmed by Ada <ada@example.org>: leak v1 at ')
    assert verdict(lab) == ('better', [])


def test_nothing_to_confirm(lab: Place) -> None:
    jump(lab)

    assert lab.exp('confirm', 'small', '--because', 'why not') == 3
    assert lab.talk == "git exp: nothing to confirm: no result of 'small' is held back\nhint: git exp show small\n"
    assert lab.exp('confirm', 'leak', '--because', ' ') == 3 and 'needs a reason' in lab.talk


def test_only_a_human_of_the_lab_confirms(make_lab: Callable[..., Place]) -> None:
    lab = make_lab(config=CONFIG + 'humans: [Ada <ada@example.org>]\n')
    leak = jump(lab)
    agent = {'GIT_AUTHOR_NAME': 'agent', 'GIT_AUTHOR_EMAIL': 'agent@example.org'}

    assert leak.exp('confirm', '--because', 'it is real, trust me', **agent) == 3
    assert "'agent <agent@example.org>' is not one of the humans in gitexp.yaml, and only they confirm what is held back" in leak.talk
    assert verdict(lab) == ('provisional', ['jump'])
    leak.ok('confirm', '--because', 'looked')
    assert verdict(lab) == ('better', [])


def test_confirmed_by_many_at_once_it_is_confirmed(lab: Place) -> None:
    jump(lab)
    asked = [subprocess.Popen([PROGRAM, 'confirm', 'leak', '--because', f'{n}'], cwd=lab.path, stdout=subprocess.DEVNULL) for n in range(4)]
    assert [one.wait() for one in asked] == [0] * 4
    assert verdict(lab) == ('better', [])


@pytest.mark.parametrize('limited', [True, False])
def test_a_run_that_shared_its_gpu_makes_no_verdict_where_time_is_limited(make_lab: Callable[..., Place], limited: bool) -> None:
    lab = make_lab(config=CONFIG.replace('bounds:', f'time_limited: {str(limited).lower()}, bounds:'))
    lab.ok('baseline')
    experiment(lab, 'idea', model_py='score = 2.9\n').ok('eval')
    text = (lab.path / 'results.tsv').read_text().splitlines(keepends=True)
    (lab.path / 'results.tsv').write_text(''.join([*text[:5], *(line.replace('"cpus":', '"contended":true,"cpus":') for line in text[5:])]))

    for _ in range(2):  # By the quick reader, and line by line.
        best = json.loads(lab.ok('best', '--json'))
        assert best['experiment'] == ('baseline' if limited else 'idea')
        assert bool(json.loads(lab.ok('show', 'idea', '--json'))['trees']) is not limited
        with open(lab.path / 'results.tsv', 'a') as file:
            file.write('no row\n')
