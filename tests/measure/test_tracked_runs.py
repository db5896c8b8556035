"""Every run is in wandb too, and wandb can cost it nothing: real wandb, offline, against a small server, and one that is broken."""
from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gitexp.tracking import offline
from place import CONFIG, PROGRAM, Place, quiet
from stories import change, experiment, rows
from wandb_server import serving

TRACKED = CONFIG.replace('python3 eval.py {seed}', 'sh ./eval.sh') + 'tracking: wandb\n'
SETTINGS = 'dataset: digits\nmodel_variant: small\nlr: 0.1\nnested: {a: [1, 2], when: 2026-01-01}\n'
# Waits for its wandb run, as a run does that takes minutes.
WAITS = """
env | grep WANDB_ > "$EXP_OUT/env.txt"
tries=0; until ls "$AT"/experiments/*/exp_log/wandb/*run-*"$EXP_RUN" > /dev/null 2>&1 || [ $tries -gt 600 ]; do
    sleep 0.1; tries=$((tries + 1))
done
sleep 0.3
echo '{"step": 5, "loss": 0.5, "deep": {"er": 1}}' > "$EXP_OUT/metrics.jsonl"
echo '{"step": 6, "loss": 0.25}' >> "$EXP_OUT/metrics.jsonl"
"""
# Does at once what wandb takes its time for.
QUICK = '''
import os, struct, types, zlib
class errors:
    class Error(Exception): ...
class Settings(dict): ...
def teardown(): ...
def init(**said):
    place = os.path.join(said['dir'], 'wandb', 'offline-run-1-' + said['id'])
    os.makedirs(place)
    run = types.SimpleNamespace(url=None, summary={}, settings=types.SimpleNamespace(sync_dir=place))
    run.log = lambda values, step=None: open(os.path.join(place, 'logged'), 'a').close()
    def finish(exit_code):
        with open(os.path.join(place, f'run-{said["id"]}.wandb'), 'wb') as file:
            data = bytes([146, 1, 0])
            file.write(b':W&B' + struct.pack('<HBIHB', 0xBEE1, 0, zlib.crc32(b'\\1' + data), len(data), 1) + data)
    run.finish = finish
    return run
'''
BROKEN = {
    'missing': "raise ModuleNotFoundError('no', name='wandb')",
    'raises': 'class Settings:\n    def __init__(self, **_): raise RuntimeError("out of order")',
    'dies': 'import os\nos._exit(7)',
    'hangs': 'import time\ntime.sleep(80)',
}


def real() -> Any:
    pytest.importorskip('wandb', reason='wandb is not installed')
    return importlib.import_module('wandb.proto.wandb_internal_pb2')


def until(true: Callable[[], object], deadline: float = 90.0) -> Any:
    """What a condition gives once it holds."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError('it never came to be')


def tracked(lab: Place, script: str, config: str = TRACKED, settings: str | None = SETTINGS) -> Place:
    """An experiment in a lab that tracks, evaluated by a script."""
    lab.write('gitexp.yaml', config.replace('eval.py,', 'eval.sh,'))
    change(lab, eval_sh=script)
    idea = experiment(lab, **({'experiments__idea__config_yaml': settings} if settings else {'model_py': '\n'}))
    idea.env['AT'] = str(idea.path)
    return idea


def file_of(idea: Place, run: str = '*') -> Path | None:
    return next(idea.path.glob(f'experiments/idea/exp_log*/wandb/*run-*-{run}/run-{run}.wandb'), None)


def whole(idea: Place, run: str = '*') -> Path:
    """The file of a run, once wandb is through with it."""
    found: Path = until(lambda: (path := file_of(idea, run)) and offline.is_whole(path) and path)
    return found


def records(path: Path) -> list[Any]:
    parts = real()
    with open(path, 'rb') as file:
        return [parts.Record.FromString(data) for data in offline.records(file)]


def env_of(row: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(row['env']))


def test_an_evaluation_is_logged_under_the_name_of_its_version(lab: Place) -> None:
    real()
    idea = tracked(lab, WAITS + 'echo accuracy: 0.9; echo score: 1.5\n')
    idea.ok('eval', '--seed', '4')

    row, = rows(lab)
    path = whole(idea, row['id'])
    assert env_of(row)['wandb'] in (str(path.parent.relative_to(idea.path)), row['id'])
    said = records(path)
    run = next(one.run for one in said if one.WhichOneof('record_type') == 'run')
    assert (run.project, run.display_name, list(run.tags)) == ('idea', 'v1', ['eval', 'v1', 'digits', 'small'])
    assert (run.run_id, run.run_group, run.job_type) == (row['id'], row['commit'][:10], 'eval')
    config = {item.key: json.loads(item.value_json) for item in run.config.update if item.key != '_wandb'}
    assert config == {'dataset': 'digits', 'model_variant': 'small', 'lr': 0.1, 'nested': {'a': [1, 2], 'when': '2026-01-01'}}
    lines = [one.history.item for one in said if one.history.item]
    history = [{item.key or item.nested_key[0]: json.loads(item.value_json) for item in items} for items in lines]
    assert [(line['_step'], line.get('loss'), line.get('deep.er'), line.get('score')) for line in history] == [
        (5, 0.5, 1, None), (6, 0.25, None, 1.5),
    ]
    assert next(one.exit.exit_code for one in said if one.WhichOneof('record_type') == 'exit') == 0
    assert {'exp/status', 'exp/seed', 'exp/seconds', 'accuracy'} <= offline.keys(path)
    idea.exp('check', 'monitoring')
    assert 'PLAN.md: is not there' in idea.said


def test_what_a_command_logs_itself_agrees_and_its_keys_are_found(lab: Place) -> None:
    parts = real()
    own = "import wandb\nrun = wandb.init()\nrun.log({'mine/loss': 1})\nrun.finish()\nprint('score: 1')\n"
    config = TRACKED.replace('sh ./eval.sh', 'python3 own.py') + 'train: sh ./eval.sh\n'
    idea = tracked(lab, 'env > "$EXP_OUT/env.txt"\n', config)
    change(idea, own_py=own)
    idea.ok('eval', '--seed', '1')

    out = idea.path / 'experiments/idea/results' / rows(lab)[0]['id']
    told = dict(line.split('=', 1) for line in (out / 'env.txt').read_text().splitlines() if line.startswith('WANDB_'))
    assert (told['WANDB_MODE'], told['WANDB_TAGS']) == ('offline', 'train,v1,digits,small')
    path = next(out.glob('wandb/offline-run-*/run-*.wandb'))
    run = next(one.run for one in records(path) if isinstance(one, parts.Record) and one.WhichOneof('record_type') == 'run')
    assert (run.project, run.display_name, run.run_group) == ('idea', 'v1', rows(lab)[0]['commit'][:10])
    assert list(run.tags) == ['eval', 'v1', 'digits', 'small']
    idea.write('experiments/idea/PLAN.md', "## 7. Monitoring\n| W&B key | What it measures | How it's calculated | Source |\n")
    assert idea.exp('check', 'monitoring') == 1
    assert "'mine/loss' is logged and not in the table" in idea.said and "'score' is logged" in idea.said


def test_the_smoke_test_is_tracked_too(lab: Place) -> None:
    real()
    idea = tracked(lab, 'echo score: 1\n', TRACKED + 'smoke: "true"\n')
    idea.ok('smoke')

    said = records(whole(idea))
    run = next(one.run for one in said if one.WhichOneof('record_type') == 'run')
    assert (run.display_name, run.job_type, list(run.tags)[0]) == ('v1', 'smoke', 'eval') and rows(lab) == []


def test_what_could_not_be_tracked_is_not_run(lab: Place) -> None:
    idea = tracked(lab, 'touch "$AT"/../../ran; echo score: 1\n', settings=None)
    assert idea.exp('eval', '--seed', '1') == 3
    assert "there is no 'experiments/idea/config.yaml'" in idea.talk
    for settings, code, said in [
        ('dataset: digits\n', 3, "'experiments/idea/config.yaml' does not say model_variant"),
        ('dataset: ""\n', 3, 'does not say dataset and model_variant'),
        ('dataset: [\n', 2, 'experiments/idea/config.yaml:2:'),
        ('- dataset\n', 2, 'config.yaml must be a mapping'),
    ]:
        change(idea, experiments__idea__config_yaml=settings)
        assert idea.exp('eval', '--seed', '1') == code and said in idea.talk, idea.talk
    change(idea, experiments__idea__config_yaml=SETTINGS)
    assert idea.exp('eval', '--seed', '1', WANDB_MODE='disabled') == 3 and 'wandb is disabled' in idea.talk
    assert rows(lab) == [] and not (lab.path / 'ran').exists()


def test_the_config_of_the_lab_serves_where_there_is_no_other(lab: Place, tmp_path: Path) -> None:
    tracked(lab, 'echo score: 1; env | grep WANDB_TAGS\n', settings=None)
    lab.write('config.yaml', SETTINGS)
    lab.commit('config')

    lab.ok('baseline', '--show', PYTHONPATH=stubbed(tmp_path, 'missing'))
    assert lab.talk.count('WANDB_TAGS=eval,v1,digits,small') == 4


def stubbed(folder: Path, how: str) -> str:
    """A path on which wandb is broken."""
    (folder / how).mkdir()
    (folder / how / 'wandb.py').write_text(BROKEN[how])
    return ahead(folder / how)


def ahead(folder: Path) -> str:
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get('PYTHONPATH')])])


@pytest.mark.parametrize(('how', 'said'), [
    ('missing', "wandb has not got this run: wandb is not installed: pip install 'gitexp[wandb]'"),
    ('raises', 'wandb has not got this run: '),
    ('dies', 'wandb has not got this run: its process died'),
    ('hangs', ' (still at work on it)'),
])
def test_a_broken_wandb_costs_a_line(lab: Place, tmp_path: Path, how: str, said: str) -> None:
    seen = tmp_path / 'seen'
    idea = tracked(lab, f'until [ -e "{seen}" ]; do sleep 0.05; done; sleep 0.2; echo score: 1.5\n')
    path = stubbed(tmp_path, how)
    stub = tmp_path / how / 'wandb.py'
    stub.write_text(f'open({str(seen)!r}, "w").close()\n{stub.read_text()}')

    idea.ok('eval', '--seed', '1', PYTHONPATH=path)
    row, = rows(lab)
    assert (row['score'], row['status']) == ('1.5', 'ok') and idea.talk.count(said) == 1
    assert ('untracked' in env_of(row)) == (how != 'hangs')


def test_where_a_run_is_goes_to_its_row(lab: Place, tmp_path: Path) -> None:
    logged = '"$AT"/experiments/idea/exp_log/wandb/offline-run-1-"$EXP_RUN"/logged'
    script = f'echo \'{{"loss": 1}}\' > "$EXP_OUT/metrics.jsonl"; until [ -e {logged} ]; do sleep 0.05; done; echo score: 1.5\n'
    idea = tracked(lab, script)
    (tmp_path / 'wandb.py').write_text(QUICK)

    idea.ok('eval', '--seed', '1', PYTHONPATH=ahead(tmp_path))
    row, = rows(lab)
    assert env_of(row)['wandb'] == f'experiments/idea/exp_log/wandb/offline-run-1-{row["id"]}'
    assert f'    wandb: {env_of(row)["wandb"]}' in idea.talk and 'untracked' not in env_of(row)


def test_a_folder_that_cannot_be_written_costs_a_line(lab: Place) -> None:
    idea = tracked(lab, 'echo score: 1.5\n')
    idea.write('experiments/idea/exp_log/wandb', 'in the way')

    idea.ok('eval', '--seed', '1')
    assert rows(lab)[0]['score'] == '1.5' and idea.talk.count('wandb has not got this run: not a directory') == 1


@contextmanager
def tiny_disk(place: Path) -> Iterator[None]:
    place.mkdir(parents=True)
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', place], capture_output=True, text=True) \
        if shutil.which('mount') else None
    if done is None or done.returncode:
        pytest.skip('no file system can be mounted here')
    try:
        yield
    finally:
        subprocess.run(['umount', '--lazy', place], check=True)


def test_a_full_disk_below_wandb_costs_a_line(lab: Place) -> None:
    real()
    idea = tracked(lab, WAITS + 'yes \'{"loss": 1}\' | head -3000 > "$EXP_OUT/metrics.jsonl"; sleep 1.5; echo score: 1.5\n')
    with tiny_disk(idea.path / 'experiments/idea/exp_log/wandb'):
        idea.ok('eval', '--seed', '1')

        row, = rows(lab)
        assert row['score'] == '1.5'
        assert 'wandb has not got this run: its end could not be written' in idea.talk or 'still at work' in idea.talk


@pytest.mark.parametrize('at_work', [
    pytest.param('', id='at its start'),
    pytest.param('until grep -q "run started" "$AT"/experiments/*/exp_log/wandb/debug.log; do sleep 0.1; done; sleep 1', id='at work'),
])
def test_a_killed_supervisor_leaves_a_run_that_has_failed(lab: Place, at_work: str) -> None:
    real()
    idea = tracked(lab, f'{WAITS}{at_work}\ntouch "$AT/../../there"; sleep 60\n')
    running = subprocess.Popen([PROGRAM, 'eval', '--seed', '1'], cwd=idea.path, env={**quiet(), **idea.env}, stderr=subprocess.DEVNULL)
    until((lab.path / 'there').exists)
    running.send_signal(signal.SIGKILL)
    running.wait()

    said = records(whole(idea))
    assert next(one.exit.exit_code for one in said if one.WhichOneof('record_type') == 'exit') == 1
    idea.ok('status')
    row, = rows(lab)
    assert row['status'] == 'failed'


def test_a_server_gets_the_run_and_its_new_name_and_none_is_waited_for(lab: Place) -> None:
    real()
    idea = tracked(lab, '[ $EXP_SEED = 2 ] || {' + WAITS + 'sleep 1; }; echo score: 1.5\n')
    idea.ok('eval', '--seed', '2', WANDB_BASE_URL='http://127.0.0.1:9', WANDB_API_KEY='0' * 40)
    alone, = rows(lab)
    assert alone['score'] == '1.5' and f'wandb: {alone["id"]} (still at work on it)' in idea.talk

    with serving() as server:
        idea.env.update(server.env)
        idea.ok('eval', '--seed', '1')
        row = rows(lab)[1]
        run = until(lambda: server.runs.get(row['id']))
        assert (run['project'], run['displayName'], run['tags']) == ('idea', 'v1', ['eval', 'v1', 'digits', 'small'])
        assert env_of(row)['wandb'] in (f'{server.env["WANDB_BASE_URL"]}/ada/idea/runs/{row["id"]}', row['id'])
        until(lambda: any('exp/status' in text for text in run['lines']))
        until(lambda: list(idea.path.glob(f'experiments/idea/exp_log/wandb/offline-run-*-{alone["id"]}')))
        idea.ok('supersede', '--bug', 'leak', '--yes')
        until(lambda: run['displayName'] == 'v1_leak')
        idea.ok('restore', '--yes')
        until(lambda: run['displayName'] == 'v1')


def test_without_tracking_wandb_is_not_spoken_of(lab: Place) -> None:
    idea = tracked(lab, 'env | grep -c WANDB_; echo score: 1\n', TRACKED.replace('tracking: wandb', 'tracking: none'), settings=None)
    idea.ok('eval', '--seed', '1', '--show')

    assert '0\nscore: 1\n' in idea.talk and 'wandb' not in idea.talk and '"wandb' not in rows(lab)[0]['env']
