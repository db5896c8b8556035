"""A run whose supervisor is killed, at whatever step: no process of it lives on, its outputs are kept, and it has its row."""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import killing
from place import CONFIG, PROGRAM, Place, powerless
from gitexp.core import locks
from gitexp.lab.lab import Lab
from gitexp.measure import occupancy
from stories import change, experiment, reason, rows

linux = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells of the death of a parent')
FAMILY = """\
echo $$ >> "$STARTED"; test "$1" = 2 && echo score: 1 && exit
setsid sh -c 'echo $$ >> "$STARTED"; trap "" TERM HUP INT; sleep 60 & wait' &
mkdir -p experiments/idea/results experiments/idea/exp_log
echo weights > experiments/idea/results/model.bin; echo steps > experiments/idea/exp_log/steps.jsonl; echo direct > "$EXP_OUT/direct.txt"
echo working; echo score: 1; echo done >> "$STARTED"; sleep 60
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs say that they have started."""
    monkeypatch.setenv('STARTED', str(tmp_path / 'started'))
    return tmp_path / 'started'


@pytest.fixture
def hung(lab: Place, started: Path) -> Iterator[subprocess.Popen[str]]:
    """The supervisor of a run that hangs, once it has left something in every place."""
    idea = scripted(lab, FAMILY)
    child = subprocess.Popen(
        [PROGRAM, 'eval', '--seed', '1'], cwd=idea.path, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    until(lambda: 'done' in said(started) and len(pids(started)) == 2)
    yield child
    child.kill()
    child.communicate()
    for pid in pids(started):
        subprocess.run(['kill', '-9', pid], stderr=subprocess.DEVNULL)


def scripted(lab: Place, script: str) -> Place:
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3 eval.py {seed}', 'eval: sh ./eval.sh {seed}'))
    change(lab, eval_sh=script)
    return experiment(lab)


def said(started: Path) -> list[str]:
    return started.read_text().split() if started.exists() else []


def pids(started: Path) -> list[str]:
    return [word for word in said(started) if word.isdecimal()]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid: str) -> bool:
    try:
        return Path('/proc', pid, 'stat').read_text().rpartition(') ')[2][0] != 'Z'
    except FileNotFoundError:
        return False


def heirs(child: subprocess.Popen[str] | subprocess.Popen[bytes]) -> list[str]:
    """The children of a supervisor that wait for its end."""
    found = Path(f'/proc/{child.pid}/task/{child.pid}/children').read_text().split()
    return [pid for pid in found if b'\0heir\0' in Path(f'/proc/{pid}/cmdline').read_bytes()]


@linux
def test_a_run_dies_with_its_supervisor(lab: Place, hung: subprocess.Popen[str], started: Path) -> None:
    running = pids(started)
    assert len(running) == 2 and all(map(alive, running)) and len(heirs(hung)) == 1
    heir, = heirs(hung)
    hung.kill()

    until(lambda: not any(map(alive, [*running, heir])))
    assert rows(lab) == []


@linux
def test_an_heir_is_not_asked_to_stop_with_its_parent(hung: subprocess.Popen[str], started: Path) -> None:
    heir, = heirs(hung)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(int(heir), number)
    hung.kill()

    until(lambda: not any(map(alive, [*pids(started), heir])))


@linux
def test_what_a_supervisor_held_is_held_until_its_run_has_ended(lab: Place, hung: subprocess.Popen[str], started: Path) -> None:
    heir, = heirs(hung)
    run, = (lab.path / '.git/exp/runs').glob('*.json')
    held = (lab.path / '.git/exp/locks/eval', run)
    os.kill(int(heir), signal.SIGSTOP)
    hung.kill()
    hung.wait()
    free = [*map(locks.is_free, held)]
    os.kill(int(heir), signal.SIGCONT)
    assert free == [False, False]

    until(lambda: all(map(locks.is_free, held)))
    assert not any(map(alive, pids(started)))


@linux
def test_who_is_killed_with_its_heir_is_survived_by_the_run_until_the_next_command(
    lab: Place, hung: subprocess.Popen[str], started: Path,
) -> None:
    for pid in (*heirs(hung), str(hung.pid)):
        os.kill(int(pid), signal.SIGKILL)
    hung.wait()
    assert all(map(alive, pids(started)))
    lab.ok('list')

    until(lambda: not any(map(alive, pids(started))))


def test_the_next_command_writes_its_row_and_takes_over_its_outputs(lab: Place, hung: subprocess.Popen[str], started: Path) -> None:
    at = lab.path / '5_worktrees/idea/experiments/idea'
    until(lambda: any('score' in path.read_text() for path in at.glob('exp_log/*.log')))
    hung.kill()
    hung.wait()
    until(lambda: not any(map(alive, pids(started))))
    lab.ok('list')

    row, = rows(lab)
    assert (row['seed'], row['status'], row['score'], row['seconds']) == ('1', 'failed', '', '')
    assert reason(row) == 'the process that ran it died' and json.loads(row['env'])['host'] == os.uname().nodename
    assert f"run {row['id']} of 'idea', which was left without a row, has one now: failed" in lab.talk
    assert {str(path.relative_to(at)) for path in at.rglob('*') if path.is_file()} == {
        f'results/{row["id"]}/model.bin', f'results/{row["id"]}/direct.txt', f'exp_log/{row["id"]}/steps.jsonl', f'exp_log/{row["id"]}.log',
    }
    assert (at / f'exp_log/{row["id"]}.log').read_text() == 'working\nscore: 1\n'
    assert not (lab.path / '.git/exp/exp-checkout.run').exists()
    lab.at('5_worktrees/idea').ok('eval', '--seed', '2')
    assert [row['status'] for row in rows(lab)] == ['failed', 'ok']


def test_a_run_under_way_is_left_alone_by_other_commands(lab: Place, hung: subprocess.Popen[str], started: Path) -> None:
    lab.ok('list')
    lab.ok('status')
    lab.ok('show', 'idea')
    name, = (lab.path / '.git/exp/runs').glob('*.json')
    assert lab.talk == f'hint: tail -f {lab.path}/5_worktrees/idea/experiments/idea/exp_log/{name.stem}.log\n'
    occupancy.recover(Lab.find(lab.path), print)

    assert hung.poll() is None and all(map(alive, pids(started)))
    assert rows(lab) == [] and (lab.path / '.git/exp/exp-checkout.run').exists()


@linux
def test_a_copy_of_the_lab_leaves_the_run_of_the_first_alone(
    lab: Place, hung: subprocess.Popen[str], started: Path, tmp_path: Path,
) -> None:
    shutil.copytree(lab.path, tmp_path / 'copy', symlinks=True)
    copy, (name,) = lab.at(tmp_path / 'copy'), (lab.path / '.git/exp/runs').glob('*.json')
    copy.ok('list')

    assert f"run {name.stem} of 'idea' was begun in the repository that this one was copied from, and has its row there\n" == copy.talk
    assert hung.poll() is None and all(map(alive, pids(started))) and rows(copy) == []
    assert not (copy.path / '.git/exp/exp-checkout.run').exists() and not (copy.path / '.git/exp/exp-checkout.kin').exists()
    assert (lab.path / '.git/exp/exp-checkout/experiments/idea/results/model.bin').exists()
    hung.kill()
    hung.wait()
    until(lambda: not any(map(alive, pids(started))))
    lab.ok('list')
    assert [row['id'] for row in rows(lab)] == [name.stem]


def test_outputs_of_a_killed_run_do_not_bring_back_a_worktree_that_is_gone(
    lab: Place, hung: subprocess.Popen[str], started: Path,
) -> None:
    hung.kill()
    hung.wait()
    until(lambda: not any(map(alive, pids(started))))
    shutil.rmtree(lab.path / '5_worktrees/idea')
    lab.ok('list')

    assert [row['status'] for row in rows(lab)] == ['failed'] and not (lab.path / '5_worktrees/idea').exists()


def test_killed_at_any_step_no_run_is_missing_and_nothing_is_left(lab: Place, started: Path) -> None:
    """The whole of an evaluation, and after each kill the next command of any kind that comes when the run has been ended."""
    script = 'echo "$EXP_RUN" >> "$STARTED"; mkdir -p experiments/idea/results; echo x > experiments/idea/results/x; echo score: 1\n'
    idea = scripted(lab, script)
    at, state = idea.path / 'experiments/idea', lab.path / '.git/exp'
    step, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        step += 1
        code = killing.run_until(step, ['eval', '--seed', '1'], idea.path)
        if any((state / 'runs').glob('*')) or (state / 'exp-checkout.run').exists():
            until(lambda: locks.is_free(state / 'locks/eval'))
            idea.ok('list')
        ids = [row['id'] for row in rows(lab)]
        folders = {path.name for path in (at / 'results').glob('*')}
        assert len(ids) == len(set(ids)) and set(said(started)) <= set(ids) and folders <= set(ids)
        assert not list((state / 'runs').glob('*')) and not (state / 'exp-checkout.run').exists()
    assert code == 0 and step > 20 and len(said(started)) > 5

    idea.ok('eval', '--seed', '1')
    assert [row['status'] for row in rows(lab)[-2:]] == ['ok', 'ok']
    assert {row['status'] for row in rows(lab)} == {'failed', 'ok'}
    assert lab.git('fsck', '--no-dangling').stdout == ''
    assert lab.git('worktree', 'list').stdout.count('exp-checkout') == 1


@linux
def test_who_has_emptied_its_environment_is_found_by_its_number(lab: Place, started: Path) -> None:
    """In a session of its own, with nothing in its environment that says whose it is."""
    script = """\
        test "$1" = 1 || { echo score: 1; exit; }
        setsid env -i sh -c 'echo $$ >> "$0"; trap "" TERM HUP; sleep 60 & echo $! >> "$0"; wait' "$STARTED" &
        sleep 60
    """
    idea = scripted(lab, script)
    child = subprocess.Popen([PROGRAM, 'eval', '--seed', '1'], cwd=idea.path, start_new_session=True, stderr=subprocess.PIPE)
    kin = lab.path / '.git/exp/exp-checkout.kin'
    until(lambda: len(pids(started)) == 2 and any(line.startswith(pids(started)[0] + ' ') for line in kin.read_text().splitlines()))
    inode = (lab.path / '.git/exp/exp-checkout').stat().st_ino
    handle = os.open(lab.path / '.git/exp/exp-checkout', os.O_RDONLY)
    for pid in heirs(child):
        os.kill(int(pid), signal.SIGKILL)
    child.kill()
    child.communicate()
    assert all(map(alive, pids(started)))
    idea.ok('eval', '--seed', '2')

    assert not any(map(alive, pids(started))) and not kin.exists()
    assert (lab.path / '.git/exp/exp-checkout').stat().st_ino != inode and os.listdir(handle) == []
    os.close(handle)


@pytest.mark.parametrize('text', ['', '{"run": "2026', '[]', '{"run": "x", "places": null}'])
def test_a_note_that_was_never_wholly_written_holds_nobody_up(lab: Place, text: str) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    note = lab.write('.git/exp/exp-checkout.run', text)
    idea.ok('list')

    assert not note.exists()
    idea.ok('eval', '--seed', '1')


@linux
def test_a_run_that_takes_the_modes_of_its_own_file_holds_nobody_up(lab: Place, hung: subprocess.Popen[str], started: Path) -> None:
    hung.kill()
    hung.wait()
    until(lambda: not any(map(alive, pids(started))))
    state = lab.path / '.git' / 'exp'
    begun, = (state / 'runs').glob('*.json')
    for path in (begun, state / 'exp-checkout.run', state / 'runs'):
        path.chmod(0)
    lab.before = powerless()
    lab.ok('status')

    assert f"put right: '{state}/" in lab.talk and "could not be used, nor 2 more" in lab.talk
    assert [(row['id'], row['status']) for row in rows(lab)] == [(begun.stem, 'failed')]
    lab.ok('status')
    assert 'could not be used' not in lab.talk
