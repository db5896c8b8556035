from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fakegpu
from fakegpu import Machine
from gitexp.gpu import strangers
from place import CONFIG, PROGRAM, Place, quiet
from stories import change, experiment, reason, rows

SCRIPT = 'echo "CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES-unset}"; echo score: 1; '
# What `git exp` is, but that it looks at its GPUs twenty times a second.
_OFTEN = 'import sys; from gitexp.gpu import thermal; thermal.EVERY = 0.05; from gitexp import cli; sys.exit(cli.run(sys.argv[1:]))'


@pytest.fixture(scope='session')
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakegpu.build(tmp_path_factory.mktemp('nvml'))


@pytest.fixture
def gpu(library: Path, tmp_path: Path) -> Iterator[Machine]:
    with fakegpu.machine(library, tmp_path) as made:
        yield made


def scene(lab: Place, script: str, more: str = '') -> Place:
    """An experiment whose evaluation is this script, in a lab whose gitexp.yaml has more lines."""
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3 eval.py {seed}', f'eval: sh ./eval.sh {{seed}}\n{more}'))
    change(lab, eval_sh=script)
    return experiment(lab)


def start(place: Place, *words: str, often: bool = False, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-c', _OFTEN, *words] if often else [PROGRAM, *words], cwd=place.path, env={**quiet(), **place.env, **env},
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def env_of(row: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(row['env']))


def visible(idea: Place) -> list[str]:
    """What each run was told of its GPUs."""
    logs = sorted((idea.path / 'experiments/idea/exp_log').glob('*.log'))
    return [line.partition('=')[2] for log in logs for line in log.read_text().split('\n') if line.startswith('CUDA_')]


def test_the_row_says_which_gpus_and_how_hot(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT + 'sed s/61/73/ "$FAKE_NVML" > new; mv new "$FAKE_NVML"\n')
    gpu.count = 2
    gpu.say(temp_0=61, name_1='Bigger')
    idea.ok('eval', '--seed', '1', **gpu.env)

    said = env_of(rows(lab)[0])
    assert (said['gpus'], said['thermal_max']) == (['Fake', 'Bigger'], 73)
    assert not {'contended', 'others_on_gpu', 'paused'} & {*said}
    assert visible(idea) == ['unset']


def test_where_time_is_limited_other_gpus_make_no_verdict(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT)
    gpu.count = 2
    gpu.say(name_1='Bigger')
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text().replace('min_effect', 'time_limited: true, min_effect'))
    lab.commit('limited')
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')
    lab.ok('baseline', **gpu.env, CUDA_VISIBLE_DEVICES='0')

    for seed, said in enumerate(({'CUDA_VISIBLE_DEVICES': '1'}, {}, {'CUDA_VISIBLE_DEVICES': '0'})):
        idea.ok('eval', '--seed', str(seed + 1), **gpu.env, **said)
        assert ('it had other GPUs, or another number of CPUs, than the first baseline' in idea.talk) == (seed < 2)
    assert [env_of(row)['gpus'] for row in rows(lab)[-3:]] == [['Bigger'], ['Fake', 'Bigger'], ['Fake']]


def test_nothing_starts_on_a_hot_gpu(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT, 'smoke: "true"')
    gpu.count = 2
    gpu.say(temp_0=60, temp_1=85)

    for place, words in ((idea, ['eval']), (idea, ['smoke']), (lab, ['baseline'])):
        assert place.exp(*words, **gpu.env) == 3
        assert 'GPU 1 (Fake) is at 85 °C, and nothing starts at 85 or more' in place.talk
    assert rows(lab) == []
    assert idea.exp('eval', '--seed', '1', **gpu.env, CUDA_VISIBLE_DEVICES='0') == 0


@pytest.mark.parametrize(('said', 'why'), [
    ({'init': 18}, 'cannot be asked for their temperature: RM has detected an NVML/RM version mismatch'),
    ({'fail_0': 3}, 'GPU 0 (Fake) does not say how it is: Not Supported'),
    ({'gone_0': 15}, 'GPU 0 (GPU is lost) does not answer'),
])
def test_a_gpu_that_does_not_answer_is_refused_and_can_be_done_without(lab: Place, gpu: Machine, said: dict[str, int], why: str) -> None:
    idea = scene(lab, SCRIPT)
    gpu.say(**said)

    assert idea.exp('eval', '--seed', '1', **gpu.env) == 3
    assert why in idea.talk and rows(lab) == []
    idea.ok('eval', '--seed', '1', **gpu.env, CUDA_VISIBLE_DEVICES='')
    assert 'thermal_max' not in env_of(rows(lab)[0])


def test_who_has_no_thermometer_can_say_so(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT)
    gpu.say(fail_0=3)
    lab.git('config', 'gitexp.thermal', 'false')
    idea.ok('eval', '--seed', '1', **gpu.env)

    assert env_of(rows(lab)[0])['gpus'] == ['Fake']
    assert 'thermal_max' not in env_of(rows(lab)[0])


def test_a_driver_that_is_not_loaded_is_no_gpu(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT)
    gpu.file.unlink()
    idea.ok('eval', '--seed', '1', **gpu.env)

    assert visible(idea) == ['unset']


def test_a_lab_that_takes_no_gpu_has_none(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT, 'gpus: 0')
    gpu.say(temp_0=99)
    idea.ok('eval', '--seed', '1', **gpu.env)

    assert visible(idea) == ['']


def test_a_lab_that_needs_gpus_starts_nothing_without(lab: Place) -> None:
    idea = scene(lab, SCRIPT, 'gpus: 2')

    assert idea.exp('eval', CUDA_VISIBLE_DEVICES='') == 3
    assert 'gitexp.yaml wants 2 GPUs for a run, and none of them can be seen' in idea.talk


def test_labs_share_out_the_gpus_of_a_machine(make_lab: Callable[..., Place], gpu: Machine, tmp_path: Path) -> None:
    gpu.count = 2
    gpu.say()
    wait = 'touch "$STARTED"; while test -e "$STARTED"; do sleep 0.02; done; '
    labs = [make_lab(f'lab {number}') for number in range(3)]
    ideas = [scene(lab, wait + SCRIPT, 'gpus: 1') for lab in labs]
    started = [tmp_path / f'started-{number}' for number in range(3)]
    first, second = (start(ideas[at], 'eval', '--seed', '1', **gpu.env, STARTED=str(started[at])) for at in (0, 1))
    until(lambda: started[0].exists() and started[1].exists())
    third = start(ideas[2], 'eval', '--seed', '1', **gpu.env, STARTED=str(started[2]))
    assert third.stderr
    line = third.stderr.readline()
    assert line.startswith('waiting for GPU 0 (Fake): ') and "for 'idea' in '" in line and 'since 20' in line
    started[0].unlink()
    until(started[2].exists)
    started[1].unlink()
    started[2].unlink()

    assert [child.communicate(timeout=30) and child.returncode for child in (first, second, third)] == [0, 0, 0]
    told = [visible(idea)[0] for idea in ideas]
    assert sorted(told[:2]) == gpu.uuids and told[2] == told[0]


def test_ctrl_c_while_waiting_for_a_gpu_leaves_nothing(make_lab: Callable[..., Place], gpu: Machine, tmp_path: Path) -> None:
    started = tmp_path / 'started'
    ideas = [scene(make_lab(name), 'touch "$STARTED"; while test -e "$STARTED"; do sleep 0.02; done; ' + SCRIPT) for name in ('a', 'b')]
    first = start(ideas[0], 'eval', '--seed', '1', **gpu.env, STARTED=str(started))
    until(started.exists)
    second = start(ideas[1], 'eval', '--seed', '1', **gpu.env, STARTED=str(started))
    assert second.stderr and second.stderr.readline().startswith('waiting for GPU 0')
    os.killpg(second.pid, signal.SIGINT)
    second.communicate(timeout=30)
    started.unlink()
    first.communicate(timeout=30)

    assert (second.returncode, first.returncode) == (130, 0)
    assert rows(ideas[1].at('../..')) == []


def test_a_run_is_paused_and_at_last_ended_by_the_heat(lab: Place, gpu: Machine) -> None:
    save = """trap 'echo saved > "$EXP_OUT/checkpoint"; exit 0' TERM"""
    idea = scene(lab, f'{save}; touch "$FAKE_NVML.on"; while :; do sleep 0.02; done\n')
    child = start(idea, 'eval', often=True, **gpu.env)
    until(Path(f'{gpu.file}.on').exists)
    assert child.stderr
    gpu.say(temp_0=91)
    assert 'GPU 0 (Fake) is at 91 °C: the run is paused until it is below 80' in child.stderr.readline()
    gpu.say(temp_0=97)
    _, talk = child.communicate(timeout=30)

    assert child.returncode == 4 and 'the run is no result: GPU 0 (Fake) was at 97 °C' in talk
    row, = rows(lab)
    assert (row['status'], row['score'], reason(row)) == ('thermal_abort', '', 'GPU 0 (Fake) was at 97 °C')
    said = env_of(row)
    assert said['thermal_max'] == 97 and said['paused'] >= 0
    assert [line.partition(' ')[2] for line in said['heat']] == ['paused: GPU 0 (Fake) at 91 °C', 'ended: GPU 0 (Fake) at 97 °C']
    assert next((idea.path / 'experiments/idea/results').rglob('checkpoint')).read_text() == 'saved\n'


def test_later_seeds_wait_for_the_heat_of_the_first(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT + 'test "$1" = 2 || sed "$ a temp.0 88" "$FAKE_NVML" > new && mv new "$FAKE_NVML"\n')
    child = start(idea, 'baseline', '--seeds', '1', often=True, **gpu.env)
    assert child.stderr
    lines = []
    while not lines or 'waiting until it is below 80' not in lines[-1]:
        lines.append(child.stderr.readline())
        assert lines[-1], lines
    gpu.say(temp_0=60)
    child.communicate(timeout=30)

    assert [row['status'] for row in rows(lab)] == ['ok', 'ok']


def test_others_on_the_gpu_are_recorded(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT)
    stranger = subprocess.Popen(['sleep', '60'])
    try:
        gpu.say(procs_0=stranger.pid)
        idea.ok('eval', '--seed', '1', **gpu.env)
    finally:
        stranger.kill()
        stranger.wait()

    said = env_of(rows(lab)[0])
    assert said['contended'] is True
    named = 'a process outside this container' if not strangers.numbered_alike() else f'sleep (pid {stranger.pid})'
    assert said['others_on_gpu'] == [f'{named}, on GPU 0 (Fake)']


def test_a_seed_that_had_company_until_it_was_lucky(lab: Place, gpu: Machine) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('bounds:', 'time_limited: true, bounds:').replace('python3 eval.py', 'sh ./eval.sh'))
    change(lab, eval_sh='echo "score: $(cat value.txt).00$1"', value_txt='3')
    lab.ok('baseline', **gpu.env)
    idea = experiment(lab, value_txt='2')
    stranger = subprocess.Popen(['sleep', '60'])
    try:
        gpu.say(procs_0=stranger.pid)
        for _ in range(2):
            idea.ok('eval', **gpu.env)
    finally:
        stranger.kill()
        stranger.wait()
    gpu.say()

    assert idea.ok('eval', **gpu.env).startswith('provisional: ')
    assert 'but other runs of seed 1 failed, did not compete or are retired: 2\n    flag: retried' in idea.said


def test_the_family_is_no_other(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT + 'setsid sleep 0.5 & echo "procs.0 $$,$!" >> "$FAKE_NVML"; wait\n')
    child = start(idea, 'eval', '--seed', '1', often=True, **gpu.env)
    assert child.communicate(timeout=30) and child.returncode == 0

    assert 'contended' not in env_of(rows(lab)[0])


def test_a_driver_that_does_not_list_processes_is_said_to(lab: Place, gpu: Machine) -> None:
    idea = scene(lab, SCRIPT)
    gpu.say(listing_0=3, procs_0='1')
    idea.ok('eval', '--seed', '1', **gpu.env)

    said = env_of(rows(lab)[0])
    assert 'contended' not in said and said['others_on_gpu'] == ['unknown: GPU 0 (Fake) does not say how it is: Not Supported']
