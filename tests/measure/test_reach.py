"""What a run may do to its checkout, and must not bring about by it."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from place import CONFIG, PROGRAM, Place
from gitexp.core import files, locks
from gitexp.run import fence
from stories import change, experiment, rows

held = pytest.mark.skipif(
    fence.around([], said='true', env={}, command='').version is None, reason='this kernel does not offer Landlock',
)
linux = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells of other processes')


def scripted(lab: Place, script: str) -> Place:
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3 eval.py {seed}', 'eval: sh ./eval.sh {seed}'))
    change(lab, eval_sh='sh try.sh "$1"; echo score: 1\n')
    return experiment(lab, try_sh=script)


def fails(place: Place, *words: str) -> int:
    """Run git exp, which must not hang; returns the exit code."""
    done = subprocess.run([PROGRAM, *words], cwd=place.path, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    place.said, place.talk = done.stdout, done.stderr
    return done.returncode


def test_the_index_of_somebody_else_is_left_alone(lab: Place) -> None:
    idea = scripted(lab, f'echo "gitdir: {lab.path}/.git" > .git\n')
    lab.write('staged.txt', 'work')
    lab.git('add', 'staged.txt')
    idea.ok('eval', '--seed', '1')

    assert lab.git('diff', '--cached', '--name-only').stdout == 'staged.txt\n'
    experiment(lab, 'other', model_py='score = 2.0\n', try_sh='true\n').ok('eval', '--seed', '1')
    assert [row['status'] for row in rows(lab)] == ['ok', 'ok']


@pytest.mark.parametrize('name', ['.git', '.gitattributes', 'eval.py', 'experiments/idea/results/pipe'])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(lab: Place, name: str) -> None:
    lab.git('config', 'filter.x.smudge', 'cat')
    idea = scripted(lab, f'test "$1" = 2 && exit; mkdir -p "$(dirname {name})"; rm -f {name}; mkfifo {name}; exit 1\n')
    change(lab, eval_sh='sh try.sh "$1" || exit 1; echo score: 1\n')
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')

    assert fails(idea, 'eval', '--seed', '1') == (5 if name == 'eval.py' else 4)
    for words in (['status'], ['list'], ['doctor'], ['eval', '--seed', '2']):
        assert fails(idea, *words) in (0, 1), idea.talk
    assert rows(lab)[-1]['status'] == 'ok'


@pytest.mark.parametrize('where', ['.git/exp/runs', '.git/exp/hooks', 'aside'])
def test_outputs_stay_in_the_folder_of_the_run(lab: Place, where: str) -> None:
    target = lab.path / where
    target.mkdir(parents=True, exist_ok=True)
    before = sorted(os.listdir(target))
    script = f'ln -s "{target}" "$EXP_OUT/x"; mkdir -p experiments/idea/results/x/y; echo forged > experiments/idea/results/x/zz.json\n' \
        'echo "#!/bin/sh" > experiments/idea/results/x/y/pre-commit\n'
    idea = scripted(lab, script)
    idea.ok('eval', '--seed', '1')

    left = idea.path / 'experiments/idea/results' / rows(lab)[0]['id']
    assert sorted(os.listdir(target)) == before
    assert {str(path.relative_to(left)) for path in left.rglob('*')} == {'x', 'x-2', 'x-2/zz.json', 'x-2/y', 'x-2/y/pre-commit'}


@held
def test_hooks_that_a_held_run_has_changed_are_put_right_at_its_end(lab: Place) -> None:
    lab.git('config', 'gitexp.landlock', 'true')
    lab.git('config', '--unset', 'gitexp.hooks')
    idea = scripted(lab, 'chmod -x "$HOOKS"/*\n')
    lab.ok('hook', 'install')
    idea.ok('eval', '--seed', '1', HOOKS=str(lab.path / '.git/exp/hooks'))

    assert "after the run, put right: the hook 'commit-msg' is not executable" in idea.talk
    assert os.access(lab.path / '.git/exp/hooks/pre-commit', os.X_OK)
    idea.ok('eval', '--seed', '2', HOOKS='none')
    assert 'after the run' not in idea.talk


@held
@pytest.mark.skipif((fence.around([], said='true', env={}, command='').version or 0) < 6, reason='this Landlock knows no signals')
def test_a_held_run_cannot_stop_its_supervisor(lab: Place) -> None:
    lab.git('config', 'gitexp.landlock', 'true')
    supervisor = 'cut -d" " -f4 /proc/$(cut -d" " -f5 /proc/self/stat)/stat'
    idea = scripted(lab, f'pid=$({supervisor}); kill -STOP $pid && exit; sleep 9 & kill $! && echo stopped: 0\n')

    assert fails(idea, 'eval', '--seed', '1') == 0
    assert json.loads(rows(lab)[0]['metrics']) == {'stopped': 0.0}


@linux
def test_who_waits_hears_how_a_stopped_holder_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    child = os.fork()
    if not child:
        with locks.held(tmp_path / 'lock', purpose='a run'):
            os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(child, os.WUNTRACED)

    def wake(line: str) -> None:
        said.append(line)
        os.kill(child, signal.SIGCONT)
    with locks.held(tmp_path / 'lock', purpose='another', deadline=7 * 86400, say=wake):
        os.waitpid(child, 0)
    assert said == [f'waiting for a run (pid {child}, for 0 s, and it is stopped: kill -CONT {child}), for 7 days at most']


def test_only_a_plain_file_is_read(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('text')
    (tmp_path / 'link').symlink_to('file')
    os.mkfifo(tmp_path / 'pipe')

    assert files.read(tmp_path / 'file') == files.read(tmp_path / 'link') == b'text'
    for name in ('pipe', '.', 'missing'):
        with pytest.raises(OSError):
            files.read(tmp_path / name)


def test_a_version_is_retired_by_what_is_committed_and_by_rows(lab: Place) -> None:
    idea = scripted(lab, 'true\n')
    (idea.path / 'experiments/idea/results_v1_x').mkdir(parents=True)
    (idea.path / 'experiments/idea/exp_log_v2_y').mkdir()
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[0]['version'] == 'v1'

    idea.write('experiments/idea/results_v1_x/viz/plot.txt', 'x')
    idea.commit('exp(idea): plot')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[1]['version'] == 'v2'

    (idea.path / 'experiments/idea/exp_log_v2_y').rmdir()
    lab.ok('supersede', 'idea', '--bug', 'leak', '--yes')
    change(idea, try_sh='true; true\n')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['version'] == 'v3'


def test_what_outlives_every_signal_is_left_with_an_old_folder(lab: Place) -> None:
    """A supervisor that has to give up notes who is left, and the next checkout is another folder."""
    idea = scripted(lab, 'true\n')
    idea.ok('eval', '--seed', '1')
    folder = lab.path / '.git/exp/exp-checkout'
    handle = os.open(folder, os.O_RDONLY)
    try:
        lab.write('.git/exp/exp-checkout.kin', 'another boot\n')
        lab.write('.git/exp/exp-checkout.run', json.dumps({'run': 'x', 'places': None}))
        idea.ok('eval', '--seed', '2')

        assert folder.stat().st_ino != os.fstat(handle).st_ino and os.listdir(handle) == []
        assert not (lab.path / '.git/exp/exp-checkout.kin').exists()
    finally:
        os.close(handle)
    idea.ok('eval', '--seed', '3')
    assert [row['status'] for row in rows(lab)] == ['ok'] * 3
