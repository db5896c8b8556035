"""One bug in many experiments: all are retired or none, whatever is killed, refused or busy."""
from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

import killing
import scene
from gitexp.core import ids
from gitexp.core.errors import Refused
from gitexp.experiment import intent, journal, restore, supersede
from gitexp.experiment.plan import Cause
from gitexp.experiment.selection import Selection
from gitexp.experiment.supersede import Wanted
from gitexp.lab.lab import Lab
from gitexp.ledger import loss, read, write
from gitexp.ledger.result import Kind, Result
from place import PROGRAM, Place

ALL = Wanted('leak', None, Selection(eval_id='bad'))
EVERY = int(os.environ.get('KILL_EVERY', '7'))  # 1 kills at every step
SLUGS = ('closed', 'part', 'whole')


@pytest.fixture
def three(lab: Place) -> Place:
    """Three experiments, one of them closed; of one only some rows will be spoilt."""
    for slug in SLUGS:
        scene.begin(lab.path, slug)
    lab.ok('close', 'closed')
    measured(lab.path)
    return lab


def measured(lab: Path) -> None:
    """Rows of a spoilt evaluation for all, and a sound one for one, and what they left."""
    for slug in SLUGS:
        home = folder(lab, slug)
        for name in ('results', 'exp_log'):
            (home / name).mkdir(parents=True, exist_ok=True)
            (home / name / 'left').write_text('left\n')
    made = [row(slug, 'bad') for slug in SLUGS] + [row('part', 'good')]
    write.append(Lab.find(lab), [one._replace(version=scene.current(lab, one.experiment)) for one in made])
    loss.refuse(Lab.find(lab))  # Looked at now, so that it makes no step later.


def row(slug: str, eval_id: str) -> Result:
    name = ids.make(ids.clock(scene.NOW) + SLUGS.index(slug))
    return Result(name, scene.NOW.isoformat(), slug, Kind.EVAL, value=1.0, tree=slug, eval_id=eval_id)


def folder(lab: Path, slug: str) -> Path:
    return lab / ('' if slug == 'closed' else f'5_worktrees/{slug}') / f'experiments/{slug}'


def test_by_a_clock_that_is_behind_all_may_be_retired_and_no_part(three: Place) -> None:
    lab, early = Lab.find(three.path), scene.NOW - timedelta(hours=1)
    with pytest.raises(Refused, match="the clock here is behind the newest row '.*' about 'part', and some of its runs are to stay"):
        supersede.supersede(lab, Wanted('leak', 'part', ALL.selection), cause=Cause('leak'), now=early)
    near = supersede.supersede(lab, Wanted('leak', 'part', ALL.selection), cause=Cause('leak'), now=scene.NOW - timedelta(minutes=4))
    whole = supersede.supersede(lab, Wanted('leak', 'whole'), cause=Cause('leak'), now=early)
    back = restore.restore(lab, 'whole', now=early)
    newest = {slug: max(row.id for row in read.read(lab).results if row.experiment == slug) for slug in SLUGS}
    assert [one.row for one in (*near, *back)] == [newest['part'], newest['whole']] and str(whole[0].row) < newest['whole']


def retire(lab: Path) -> None:
    supersede.supersede(Lab.find(lab), ALL, cause=Cause('leak'), now=scene.NOW)


def bring_back(lab: Path) -> None:
    restore.restore(Lab.find(lab), None, bug='leak', now=scene.NOW)


def assert_retired(lab: Path, times: int) -> None:
    """Each experiment has been retired so often; the ledger's own lines, since a reader counts one that stands there twice once."""
    lines = [line for line in (lab / 'results.tsv').read_text().split('\n') if '\tsupersede\t' in line]
    assert len(lines) == len({line.partition('\t')[0] for line in lines}) == 3 * times
    for slug in SLUGS:
        assert len(scene.rows(lab, slug, Kind.SUPERSEDE)) == times
        moved = folder(lab, slug) / f'results_v{times}_leak'
        assert moved.exists() is (slug != 'part') and (folder(lab, slug) / 'results/left').exists() is (slug == 'part')
        assert scene.git(lab, 'show', f'exp/{slug}:experiments/{slug}/PLAN.md').count('root cause: leak') == times
        if slug != 'closed':
            assert (folder(lab, slug) / 'PLAN.md').read_text().count('root cause: leak') == times
            assert scene.git(folder(lab, slug), 'status', '--porcelain') == ''


def assert_as_it_was(lab: Path, times: int) -> None:
    for slug in SLUGS:
        assert len(scene.rows(lab, slug, Kind.SUPERSEDE)) == times
        assert (folder(lab, slug) / 'results/left').exists() and not (folder(lab, slug) / f'results_v{times + 1}_leak').exists()
        assert scene.git(lab, 'show', f'exp/{slug}:experiments/{slug}/PLAN.md').count('root cause: leak') == times


def test_killed_at_any_step_all_are_retired_or_none(three: Place) -> None:
    for times, step in enumerate(range(1, 999, EVERY), 1):
        code = killing.fork_until(step, lambda: retire(three.path))
        scene.recover_until_quiet(three.path)
        if len(scene.rows(three.path, 'whole', Kind.SUPERSEDE)) < times:
            assert code == -signal.SIGKILL
            assert_as_it_was(three.path, times - 1)
            retire(three.path)
        assert_retired(three.path, times)
        if code == 0:
            break
        measured(three.path)

    assert step > 30
    scene.assert_sound(three.path)


def test_killed_at_any_step_all_are_brought_back_or_none(three: Place) -> None:
    for times, step in enumerate(range(1, 999, EVERY), 1):
        retire(three.path)
        code = killing.fork_until(step, lambda: bring_back(three.path))
        scene.recover_until_quiet(three.path)
        there = {len(scene.rows(three.path, slug, Kind.RESTORE)) for slug in SLUGS}
        assert len(there) == 1
        if there == {times - 1}:
            assert code == -signal.SIGKILL and len(scene.covered(three.path)) == 3
            bring_back(three.path)
        assert scene.covered(three.path) == {} and all((folder(three.path, slug) / 'results/left').exists() for slug in SLUGS)
        if code == 0:
            break

    assert step > 30
    scene.assert_sound(three.path)


def test_a_recovery_that_is_killed_is_recovered(three: Place) -> None:
    armed = kill_when_armed(three.path)
    for times, step in enumerate(range(1, 999, EVERY), 1):
        code = killing.fork_until(step, lambda: journal.recover(Lab.find(three.path)))
        scene.recover_until_quiet(three.path)
        assert_retired(three.path, times)
        if code == 0:
            break
        measured(three.path)
        assert killing.fork_until(armed, lambda: retire(three.path)) == -signal.SIGKILL

    assert step > 10
    scene.assert_sound(three.path)


def test_what_is_half_done_is_left_alone_until_it_is_put_right(three: Place) -> None:
    kill_when_armed(three.path)

    with pytest.raises(Exception, match="'part' was left half done by a command that died"):
        with intent.claimed(three.path / '.git/exp', 'part', 'close'):
            pass
    group, = (three.path / '.git/exp/journal').glob('@*')
    with open(group) as held:  # As by a git that outlives its killed parent.
        fcntl.flock(held, fcntl.LOCK_EX)
        assert scene.recover(three.path) == []
        with pytest.raises(Exception, match="'part' is busy"):
            with intent.claimed(three.path / '.git/exp', 'part', 'close'):
                pass
    assert scene.recover(three.path) == [
        "finished 'git exp supersede' of 'closed' and 2 more, such as 'whole', which was killed",
    ]
    assert_retired(three.path, 1)


def test_one_that_is_busy_or_refused_keeps_all_from_it(three: Place) -> None:
    with intent.claimed(three.path / '.git/exp', 'whole', 'close'):
        assert three.exp('supersede', '--bug', 'leak', '--eval-id', 'bad', '--yes') == 3
        assert "'whole' is busy: git exp close (pid " in three.talk
    assert_as_it_was(three.path, 0)
    hook = three.write('.git/hooks/reference-transaction', '#!/bin/sh\n[ "$1" != prepared ] || ! grep -q refs/heads/exp/whole\n')
    hook.chmod(0o755)
    assert three.exp('supersede', '--bug', 'leak', '--eval-id', 'bad', '--yes') == 3
    hook.unlink()
    assert_as_it_was(three.path, 0)
    three.git('-C', '5_worktrees/part', 'checkout', '-q', '--detach')
    three.git('-C', '5_worktrees/whole', 'checkout', '-q', '--detach')
    assert three.exp('supersede', '--bug', 'leak', '--eval-id', 'bad', '--yes') == 3
    assert "not now:\n  the worktree of 'part' is not on its branch\n  the worktree of 'whole' is not on its branch\n" in three.talk
    scene.assert_sound(three.path)


def test_two_who_find_the_same_bug_at_once_retire_it_once(three: Place) -> None:
    words = [str(PROGRAM), 'supersede', '--bug', 'leak', '--eval-id', 'bad', '--yes']
    racers = [subprocess.Popen(words, cwd=three.path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    told = [racer.communicate()[1] for racer in racers]

    assert sorted(racer.returncode for racer in racers) == [0, 3, 3], told
    assert_retired(three.path, 1)
    scene.assert_sound(three.path)


def kill_when_armed(lab: Path) -> int:
    """Kill a supersede as soon as it has said what it will do, and done nothing of it; returns at which step."""
    for step in range(40, 300):
        assert killing.fork_until(step, lambda: retire(lab)) == -signal.SIGKILL
        if any(path.read_bytes().count(b'\n') == 2 for path in (lab / '.git/exp/journal').glob('@*')):
            return step
        assert scene.recover(lab) == [] and os.listdir(lab / '.git/exp/journal') == []
    raise AssertionError('it is never armed')
