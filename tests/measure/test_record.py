"""What a row says of the machine and the programs that its run was made with."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from place import CONFIG, Place
from gitexp.core.kept import Kept
from gitexp.measure import interpreter, packages, record
from stories import experiment, rows


def env(lab: Place) -> dict[str, Any]:
    """What the newest row says of its surroundings."""
    return dict(json.loads(rows(lab)[-1]['env']))


def asked(program: str, text: str) -> str:
    return subprocess.run([program, '-c', text], capture_output=True, text=True, check=True, cwd='/').stdout.strip()


def program(path: Path, text: str = '') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_row_says_what_it_was_measured_with(lab: Place) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    said = env(lab)

    assert said['git'] == lab.git('version').stdout.split()[2]
    assert said['python'] == asked('python3', 'import sys; print(sys.version.split()[0])')
    assert said['interpreter'] == asked('python3', 'import sys; print(sys.executable)')
    assert (said['host'], said['cpus']) == (os.uname().nodename, len(os.sched_getaffinity(0)))
    assert said['system'] == f'{os.uname().sysname} {os.uname().release} {os.uname().machine}'
    listed = (idea.path / f"experiments/idea/exp_log/packages-{said['packages']}.txt").read_text().splitlines()
    assert f'{pytest.__name__}=={pytest.__version__}' in listed
    idea.ok('eval', '--seed', '2')
    assert env(lab) == said


def test_the_folder_of_the_logs_says_what_the_runs_were_made_with(lab: Place) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    logs = idea.path / 'experiments/idea/exp_log'
    first, said = (logs / 'CONTEXT.md').read_text(), env(lab)
    run = rows(lab)[-1]
    assert first.startswith('# What the runs of idea v1 were made with\n') and f'\n## From run {run["id"]}, {run["time"]}\n' in first
    for line in ('seeds: 1, 2, 3', f'host: {said["host"]}', f'python: {said["python"]}', f'packages: {said["packages"]}'):
        assert f'\n- {line}\n' in first

    idea.ok('eval', '--seed', '2')
    assert (logs / 'CONTEXT.md').read_text() == first
    (logs / 'CONTEXT.md').write_text(first + '\nMine.\n')
    idea.ok('eval', '--seed', '3', OMP_NUM_THREADS='1')
    grown = (logs / 'CONTEXT.md').read_text()
    assert grown.startswith(first + '\nMine.\n\n## From run') and '"OMP_NUM_THREADS": "1"' in grown
    idea.ok('eval', '--seed', '4')
    assert (logs / 'CONTEXT.md').read_text() == grown and not idea.git('status', '--porcelain').stdout


def test_a_row_is_written_where_its_context_cannot_be(lab: Place) -> None:
    idea = experiment(lab)
    (idea.path / 'experiments/idea/exp_log/CONTEXT.md').mkdir(parents=True)
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['status'] == 'ok'


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux has masks of CPUs')
def test_where_time_is_limited_a_run_has_all_cpus_that_it_could_take(lab: Place) -> None:
    ours = os.sched_getaffinity(0)
    idea = experiment(lab, model_py='import os\nscore = float(len(os.sched_getaffinity(0)))\n')
    os.sched_setaffinity(0, range(1 << 13))
    every = len(os.sched_getaffinity(0))
    try:
        os.sched_setaffinity(0, {min(ours)})
        idea.ok('eval', '--seed', '0')
        lab.write('gitexp.yaml', CONFIG.replace('min_effect', 'time_limited: true, min_effect'))
        lab.commit('limited')
        idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')
        idea.ok('eval', '--seed', '0')
    finally:
        os.sched_setaffinity(0, ours)
    assert [(float(row['score']), json.loads(row['env'])['cpus']) for row in rows(lab)] == [(1, 1), (every, every)]
    assert (f'a run has all {every} CPUs, and not 1' in idea.talk) == (every > 1)


def test_a_row_names_the_packages_of_the_python_that_evaluates(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3', 'eval: .venv/bin/python') + 'inputs: [.venv]\n')
    lab.write('.gitignore', '/.venv\n/5_worktrees/\n/experiments/*/results*/*\n/experiments/*/exp_log*/\n')
    lab.commit('venv')
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', '.venv'], cwd=lab.path, check=True)
    site, = (lab.path / '.venv/lib').glob('*/site-packages')
    (site / 'torch-2.4.1+cu121.dist-info').mkdir()
    lab.write(site / 'torch/version.py', "__version__ = '2.4.1+cu121'\ncuda: Optional[str] = '12.1'\n")
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    first = env(lab)
    assert (first['torch'], first['cuda']) == ('2.4.1+cu121', '12.1')
    assert first['interpreter'] == str(lab.path / '.venv/bin/python')
    assert first['packages'] == packages.digest({'torch': '2.4.1+cu121'})

    (site / 'Some_Package-1.0.dist-info').mkdir()
    assert idea.exp('eval', '--seed', '2') == 3 and 'the inputs are not those' in idea.talk
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text().replace('eval: ', 'eval: env PACKAGES=2 '))
    lab.commit('another package')
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')
    idea.ok('eval', '--seed', '1')
    assert env(lab)['packages'] == packages.digest({'torch': '2.4.1+cu121', 'some-package': '1.0'})
    listed = idea.path / f"experiments/idea/exp_log/packages-{env(lab)['packages']}.txt"
    assert listed.read_text() == 'some-package==1.0\ntorch==2.4.1+cu121\n'


def test_what_cannot_be_told_is_left_out(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3 eval.py {seed}', 'eval: "echo score: 1"'))
    lab.commit('shell')
    experiment(lab).ok('eval', '--seed', '1')

    assert not {'python', 'interpreter', 'packages', 'torch', 'cuda', 'data_md5'} & set(env(lab))


@pytest.mark.parametrize(('command', 'name'), [
    ('python3 eval.py', 'bin/python3'), ('A=1 env B=2 python3.11 eval.py', 'bin/python3.11'), ('nice -n 5 python3 eval.py', 'bin/python3'),
    ('PLACE/venv/python eval.py', 'venv/python'), ('venv/python eval.py', 'venv/python'), ('launch eval.py', 'venv/python'),
    ('find-it', 'bin/python3'), ('./eval.py', 'bin/python3'), ('wrapper python3 eval.py', None), ('sh eval.sh', None),
    ('PATH=/x python3 eval.py', None), ('nice missing', None), ('python9 eval.py', None), ('', None),
])
def test_the_python_of_a_command_is_the_one_that_runs_it(command: str, name: str | None, tmp_path: Path) -> None:
    for path in ('bin/python3', 'bin/python3.11', 'venv/python', 'bin/wrapper', 'bin/sh'):
        program(tmp_path / path, '\x7fELF')
    program(tmp_path / 'bin/launch', f'#!{tmp_path}/venv/python\nimport torch\n')
    program(tmp_path / 'bin/find-it', '#!/usr/bin/env python3\n')
    program(tmp_path / 'eval.py', '#!/usr/bin/env python3\n')

    found = interpreter.of(command.replace('PLACE', str(tmp_path)), {'PATH': f'{tmp_path}/bin'}, tmp_path)
    assert found == (name and str(tmp_path / name))


def test_a_program_that_chooses_a_python_is_asked_each_time(tmp_path: Path) -> None:
    shim = program(tmp_path / 'python3', f'#!/bin/sh\necho x >> {tmp_path}/asked\nexec {sys.executable} "$@"\n')
    kept = Kept(tmp_path / 'kept.json')
    age(shim)

    for _ in range(2):
        said = interpreter.ask(str(shim), kept, folder=tmp_path)
        assert said and said.version == sys.version.split()[0]
    assert (tmp_path / 'asked').read_text() == 'x\nx\n'


def test_a_python_that_does_not_answer_is_none(tmp_path: Path) -> None:
    assert interpreter.ask(str(program(tmp_path / 'python3', '#!/bin/sh\nexit 1\n')), Kept(tmp_path / 'kept'), folder=tmp_path) is None
    assert interpreter.ask(str(program(tmp_path / 'python4', 'no program')), Kept(tmp_path / 'kept'), folder=tmp_path) is None


def test_of_two_packages_with_one_name_the_first_counts(tmp_path: Path) -> None:
    names = {'one': ['A_b.c-2.0.dist-info', 'edited.egg-info', 'x.txt'], 'two': ['a_b_c-1.0.dist-info', 'd-1.0-py3.11.egg-info', 'torch']}
    for place, entries in names.items():
        for entry in entries:
            (tmp_path / place / 'site-packages' / entry).mkdir(parents=True)
    path = [str(tmp_path / 'none/site-packages'), *(str(tmp_path / place / 'site-packages') for place in names), str(tmp_path)]

    assert packages.installed(path) == {'a-b-c': '2.0', 'edited': '', 'd': '1.0'}
    assert packages.cuda(path) is None


def test_the_driver_tells_of_itself_and_its_gpus(tmp_path: Path) -> None:
    assert record.graphics(str(tmp_path)) == {}
    (tmp_path / 'version').write_text(
        'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc version 12.3.0\n')
    for number in (0, 1):
        gpu = tmp_path / f'gpus/0000:0{number}:00.0'
        gpu.mkdir(parents=True)
        (gpu / 'information').write_text(f'Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 1{number}\n')
    assert record.graphics(str(tmp_path)) == {'driver': '535.104.05', 'machine_gpus': ['NVIDIA H100 80GB HBM3'] * 2}
    (tmp_path / 'version').write_text('NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs@x)\n')
    assert record.graphics(str(tmp_path))['driver'] == '550.54.15'


def test_an_answer_is_kept_until_its_file_changes(tmp_path: Path) -> None:
    file, beside, asked = tmp_path / 'file', tmp_path / 'beside', []

    def answer() -> int:
        asked.append(1)
        return len(asked)

    def ask() -> int:
        kept = Kept(tmp_path / 'kept.json')
        said = kept.ask(str(file), answer, lambda known: [str(beside)])
        kept.save()
        return said
    file.write_text('a')
    assert [ask(), ask()] == [1, 2]  # Too young to be believed: it may change again in the same tick.
    age(file)
    assert [ask(), ask()] == [3, 3]
    before = file.stat()
    file.write_text('b')
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    age(file)
    assert [ask(), ask()] == [4, 4]
    beside.write_text('')
    age(beside)
    assert [ask(), ask()] == [5, 5]
    (tmp_path / 'kept.json').write_text('{"torn')
    assert ask() == 6


def age(file: Path) -> None:
    while time.time() - file.stat().st_ctime < 1.01:
        time.sleep(0.05)
