from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from place import CONFIG, PROGRAM, Place, quiet
from stories import change, experiment, reason, rows


def slow(lab: Place, script: str) -> Place:
    """An experiment whose evaluation is this script."""
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3 eval.py {seed}', 'eval: sh ./eval.sh {seed}'))
    change(lab, eval_sh=script)
    return experiment(lab)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(place: Place, *words: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, *words], cwd=place.path, env={**quiet(), **env}, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )


def alive(pid: str) -> bool:
    try:
        return Path('/proc', pid, 'stat').read_text().rpartition(') ')[2][0] != 'Z'
    except FileNotFoundError:
        return False


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_the_run_and_writes_its_row(lab: Place, tmp_path: Path, number: int) -> None:
    idea = slow(lab, 'echo $$ > "$STARTED"; echo score: 1; sleep 20\n')
    started = tmp_path / 'started'
    child = start(idea, 'eval', STARTED=str(started))
    until(lambda: started.exists() and started.read_text())
    os.killpg(child.pid, number)
    _, talk = child.communicate(timeout=30)

    assert child.returncode == 130 and 'interrupted' in talk
    row, = rows(lab)
    assert (row['status'], row['score'], row['seed']) == ('interrupted', '', '1')
    assert reason(row) == f'interrupted by {signal.Signals(number).name}'
    assert not alive(started.read_text().strip())
    idea.ok('list')
    assert len(rows(lab)) == 1


def test_ctrl_c_while_waiting_for_another_leaves_nothing(lab: Place, tmp_path: Path) -> None:
    idea = slow(lab, 'touch "$STARTED"; while test -e "$STARTED"; do sleep 0.02; done; echo score: 1\n')
    started = tmp_path / 'started'
    first = start(idea, 'eval', '--seed', '1', STARTED=str(started))
    until(started.exists)
    second = start(idea, 'eval', '--seed', '2', STARTED=str(started))
    assert second.stderr and 'waiting for the evaluation' in second.stderr.readline()
    os.killpg(second.pid, signal.SIGINT)
    second.communicate(timeout=30)
    started.unlink()
    first.communicate(timeout=30)

    assert (second.returncode, first.returncode) == (130, 0)
    assert [row['seed'] for row in rows(lab)] == ['1']
