"""What a run must leave, where it goes, and room for it."""
from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import gitexp
from gitexp.core import deep
from gitexp.measure import outputs
from place import CONFIG, Place, powerless
from stories import change, experiment, reason, rows


def lab_with(lab: Place, script: str, config: str) -> Place:
    """An experiment in a lab whose evaluation is this script."""
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3 eval.py {seed}', 'eval: sh ./eval.sh {seed}') + config)
    change(lab, eval_sh=script)
    return experiment(lab)


def test_a_run_that_leaves_out_a_declared_output_has_failed(lab: Place) -> None:
    script = 'test "$1" = 1 && touch "$EXP_OUT/best.json"; ln -s nowhere "$EXP_OUT/last.pt"; echo score: 1\n'
    idea = lab_with(lab, script, 'outputs: [best.json, last.pt, "steps/*.npy"]\n')

    assert idea.exp('eval', '--seed', '1') == 4
    row, = rows(lab)
    assert (row['status'], row['score'], row['verdict']) == ('failed', '', '')
    assert reason(row) == "it left no 'last.pt', 'steps/*.npy', which gitexp.yaml names among the outputs"
    assert reason(row) in idea.talk


def test_a_search_that_prints_what_it_has_found_leaves_it_as_a_file_too(lab: Place) -> None:
    script = 'test "$1" = 1 || echo own > "$EXP_OUT/best.json"\n' \
        'printf "score: 1.5\\nn_trials: 40\\nbudget: 300\\nlr: 0.03\\n"; test "$1" != 3\n'
    idea = lab_with(lab, script, '')
    assert [idea.exp('eval', '--seed', seed) for seed in '123'] == [0, 0, 4]

    first, second, third = rows(lab)
    out = idea.path / 'experiments/idea/results'
    assert json.loads((out / first['id'] / 'best.json').read_text()) == {
        'experiment': 'idea', 'budget': 300, 'best_value': 1.5, 'best_params': {'lr': 0.03}, 'n_trials': 40, 'timestamp': first['time'],
    }
    assert [(out / row['id'] / 'best.json').read_text() for row in (second, third)] == ['own\n'] * 2


def test_what_gitexp_writes_of_a_search_is_no_output_that_the_run_has_left(lab: Place) -> None:
    idea = lab_with(lab, 'echo score: 1; echo n_trials: 1\n', 'outputs: [best.json]\n')
    assert idea.exp('eval', '--seed', '1') == 4

    row, = rows(lab)
    assert reason(row) == "it left no 'best.json', which gitexp.yaml names among the outputs"
    assert not (idea.path / 'experiments/idea/results' / row['id']).exists()


def test_declared_outputs_may_be_left_in_every_place(lab: Place) -> None:
    script = 'cd experiments/idea || mkdir -p experiments/idea && cd experiments/idea; mkdir -p results/steps exp_log; ' \
        'touch "$EXP_OUT/best.json" results/steps/1.npy exp_log/log.jsonl; echo score: 1\n'
    idea = lab_with(lab, script, 'outputs: [best.json, "steps/*.npy", log.jsonl]\n')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['score'] == '1.0'


def test_what_is_in_folders_that_are_closed_is_kept_and_all_else_as_well(lab: Place) -> None:
    script = 'mkdir -p experiments/idea; cd experiments/idea; mkdir -p results/best/inner results/shut; ' \
        'for at in a best/b best/inner/c shut/d; do echo > results/$at; done; chmod 555 results/best; chmod 0 results/shut; echo score: 1'
    idea = lab_with(lab, script, '')
    idea.before = powerless()
    idea.ok('eval', '--seed', '1')

    left = idea.path / 'experiments/idea/results' / rows(lab)[0]['id']
    found = sorted(str(path.relative_to(left)) for path in left.rglob('*') if path.is_file())
    assert found == ['a', 'best/b', 'best/inner/c', 'shut/d']


def test_what_cannot_be_moved_is_said_and_all_else_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def refuse(name: str, *rest: Any, **more: Any) -> None:
        if name.startswith('not'):
            raise PermissionError(errno.EACCES, 'Permission denied', name)
        rename(name, *rest, **more)
    places = outputs.expect('run', folder=tmp_path / 'e', checkout=tmp_path / 'c', below=tmp_path)
    for at in ('results/not', 'results/not-either', 'results/yes', 'exp_log/yes'):
        (places.there / at).parent.mkdir(parents=True, exist_ok=True)
        (places.there / at).write_text('')
    monkeypatch.setattr(os, 'rename', refuse)
    said: list[str] = []

    assert places.collect(said.append) == ['yes'] and (places.folder / 'exp_log/run/yes').exists()
    line, = said
    assert 'Permission denied' in line and line.endswith(', and 1 more')


def test_an_output_below_folders_without_end_is_not_looked_for_without_end(tmp_path: Path) -> None:
    places = outputs.expect('run', folder=tmp_path / 'e', checkout=tmp_path / 'c', below=tmp_path)
    (places.out / 'near').mkdir(parents=True)
    at = os.open(places.out, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir('d', dir_fd=at)
        inner = os.open('d', os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)
    missing = places.missing(['**/end', 'near'])
    deep.remove(tmp_path / 'e')

    assert missing == ['**/end']


def test_what_another_run_has_left_does_not_count(lab: Place) -> None:
    idea = lab_with(lab, 'test "$1" = 1 && touch "$EXP_OUT/best.json"; echo score: 1\n', 'outputs: [best.json]\n')
    idea.ok('eval', '--seed', '1')

    assert idea.exp('eval', '--seed', '2') == 4
    assert [row['status'] for row in rows(lab)] == ['ok', 'failed']


def test_a_failure_is_named_before_what_it_did_not_leave(lab: Place) -> None:
    idea = lab_with(lab, 'echo score: 1; exit 3\n', 'outputs: [best.json]\n')
    idea.exp('eval', '--seed', '1')

    assert reason(rows(lab)[0]) == 'exit code 3'


def test_runs_of_other_trees_write_beside_what_is_there(lab: Place) -> None:
    """A later tree, and a repeated seed, use the very same names, in every way that a run has."""
    script = 'mkdir -p experiments/idea/results experiments/idea/exp_log; cat model.py > "$EXP_OUT/model.bin"; ' \
        'cat model.py > experiments/idea/results/best.json; cat model.py > experiments/idea/exp_log/log.jsonl; ' \
        'cat model.py; echo score: 1\n'
    idea = lab_with(lab, script, '')
    for text in ('first', 'second', 'second again'):
        change(idea, model_py=f'{text}\n')
        idea.ok('eval', '--seed', '1')

    at = idea.path / 'experiments/idea'
    for row, text in zip(rows(lab), ('first', 'second', 'second again'), strict=True):
        left = [at / 'results' / row['id'] / name for name in ('model.bin', 'best.json')]
        assert [path.read_text() for path in (*left, at / 'exp_log' / row['id'] / 'log.jsonl')] == [f'{text}\n'] * 3
        assert (at / f'exp_log/{row["id"]}.log').read_text() == f'{text}\nscore: 1\n'


@pytest.mark.parametrize('command', ['eval', 'smoke'])
def test_a_run_is_refused_where_the_disk_is_nearly_full(lab: Place, command: str, tmp_path: Path) -> None:
    idea = lab_with(lab, f'touch "{tmp_path}/started"; echo score: 1\n', 'smoke: sh ./eval.sh\nmin_free_gb: 1000000000\n')

    assert idea.exp(command) == 3
    assert 'GB free in' in idea.talk and 'a run wants 1e+09' in idea.talk and 'min_free_gb: 0' in idea.talk
    assert rows(lab) == [] and not (tmp_path / 'started').exists()


def test_commands_of_a_lab_are_started_in_one_place() -> None:
    """All else that gitexp starts are programs that it names itself."""
    top = Path(gitexp.__file__).parent
    shell = re.compile(r'/bin/sh|shell=True|os\.(system|popen)')
    shells = {str(path.relative_to(top)) for path in top.rglob('*.py') if shell.search(path.read_text())}

    assert shells == {'run/launch.py', 'run/heir.py'}, 'the heir waits in one, and has nothing of the lab'
