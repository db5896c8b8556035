"""The demo lab: what its evaluation measures, and what a train.py cannot do to it."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[1] / 'templates'
METRIC = re.compile(r'^val_bpb\s*[:=]\s*(\S+)$', re.MULTILINE)
SMALL = (('PAGE_BYTES = 768', 'PAGE_BYTES = 24'), ('TRAIN_BYTES = 1_200_000', 'TRAIN_BYTES = 60_000'))


@pytest.fixture
def lab(tmp_path):
    """A copy of the lab with a space in its path."""
    return Path(shutil.copytree(TEMPLATES / 'bytelm', tmp_path / 'a lab'))


@pytest.fixture
def small(lab):
    """The lab with much less to train and score."""
    text = (lab / 'eval.py').read_text()
    for full, less in SMALL:
        assert full in text
        text = text.replace(full, less)
    (lab / 'eval.py').write_text(text)
    return lab


def evaluate(lab, *arguments, **environment):
    return subprocess.run(
        [sys.executable, '-I', 'eval.py', *arguments], cwd=lab, capture_output=True, text=True, timeout=100,
        env={key: value for key, value in os.environ.items() if key != 'EXP_OUT'} | environment)


def bpb(lab, *arguments, **environment):
    ran = evaluate(lab, *arguments, **environment)
    assert ran.returncode == 0, ran.stderr
    [value] = METRIC.findall(ran.stdout)
    assert re.fullmatch(r'\d\.\d{6}', value)
    return float(value)


def train_like(lab, predict='return [1 / 256] * 256', start=''):
    """Write a train.py whose model has this body for predict, and this code around it."""
    (lab / 'train.py').write_text(
        'import os, sys\n'
        'class Model:\n'
        f'    def predict(self, past):\n        {predict}\n'
        f'def train(data, seed):\n    {start or "pass"}\n    return Model()\n')


def patched(lab, name, tmp_path):
    copy = Path(shutil.copytree(lab, tmp_path / name))
    subprocess.run(['git', 'apply', TEMPLATES / 'demo' / f'{name}.patch'], cwd=copy, check=True,
                   env=os.environ | {'GIT_CEILING_DIRECTORIES': str(tmp_path)})
    return copy


def test_the_story_of_the_demo_comes_out_on_real_numbers(lab, tmp_path):
    baseline = bpb(lab, '--seed', '1')
    better = bpb(patched(lab, 'higher-order', tmp_path), '--seed', '1')
    leaking = bpb(patched(lab, 'wide-context', tmp_path), '--seed', '1')

    assert 0.05 < baseline - better < 0.15
    assert better - leaking > 10 * (baseline - better)


def test_a_seed_gives_the_same_value_again_and_another_seed_another(small):
    assert bpb(small, '--seed', '7', PYTHONHASHSEED='1') == bpb(small, '--seed', '7', PYTHONHASHSEED='2')
    assert bpb(small, '--seed', '7') != bpb(small, '--seed', '8')


def test_knowing_nothing_costs_eight_bits(small):
    train_like(small)

    assert bpb(small) == 8.0


def test_what_it_finds_file_by_file_is_left_in_exp_out(small, tmp_path):
    value = bpb(small, EXP_OUT=str(tmp_path / 'out'))

    metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    files = metrics['bpb_by_file'].values()
    assert round(metrics['val_bpb'], 6) == value
    assert sum(files) / len(files) == pytest.approx(metrics['val_bpb'])
    assert len(metrics['data_md5']) == 32


def test_smoke_says_that_it_works_and_gives_no_value(lab):
    ran = evaluate(lab, '--smoke')

    assert ran.returncode == 0 and 'smoke passed' in ran.stdout
    assert not METRIC.search(ran.stdout)


@pytest.mark.parametrize(('predict', 'said'), [
    ('return [1 / 255] * 256', 'sum 1.00'),
    ('return [2.0, -1.0] + [0.0] * 254', 'smallest -1.0'),
    ('return [float("nan")] * 256', 'sum nan'),
    ('return [float("inf")] * 256', 'sum inf'),
    ('return [1.0] + [0.0] * 255', 'probability 0'),
    ('return [1 / 255] * 255', 'gave 255 probabilities'),
    ('return "?" * 256', 'TypeError'),
    ('raise KeyError("my bug")', 'my bug'),
    ('os._exit(0)', 'ended before its time'),
])
def test_what_is_no_distribution_gives_no_value(small, predict, said):
    train_like(small, predict)

    ran = evaluate(small)

    assert ran.returncode == 1
    assert said in ran.stderr
    assert not METRIC.search(ran.stdout + ran.stderr)


@pytest.mark.parametrize('start', ['raise KeyError("my bug")', 'import no_such_module', 'sys.exit("my bug")'])
def test_a_train_py_that_fails_is_shown_with_its_reason(small, start):
    train_like(small, start=start)

    ran = evaluate(small)

    assert ran.returncode == 1
    assert 'train.py | ' in ran.stderr and ('my bug' in ran.stderr or 'no_such_module' in ran.stderr)


def test_what_train_py_prints_is_never_a_metric_line(small):
    cheat = r'print("val_bpb: 0.1"); print("\rval_bpb: 0.2"); os.write(1, b"val_bpb=0.3\n"); os.write(2, b"val_bpb=0.4\n")'
    train_like(small, start=cheat)

    ran = evaluate(small)

    assert METRIC.findall(ran.stdout) == ['8.000000']
    assert not METRIC.search(ran.stderr)
    assert ran.stderr.count('val_bpb') == 4


def test_what_train_py_does_to_eval_py_stays_in_its_own_process(small):
    cheat = ('import __main__, math\n'
             '    for name in ("report", "score_pages", "probability", "corpus"): setattr(__main__, name, None)\n'
             '    math.log2 = lambda value: 0.0')
    train_like(small, start=cheat)

    assert bpb(small) == 8.0


def test_a_model_that_reads_ahead_in_its_pipe_finds_nothing(small):
    ahead = ('requests = sys._getframe(1).f_locals["requests"]\n'
             '        os.set_blocking(requests.fileno(), False)\n'
             '        assert not requests.peek()\n'
             '        os.set_blocking(requests.fileno(), True)\n'
             '        return [1 / 256] * 256')
    train_like(small, ahead)

    assert bpb(small) == 8.0


def test_what_lies_beside_eval_py_stands_in_for_no_module(small):
    (small / 'math.py').write_text('print("val_bpb: 0.1")')
    (small / 'argparse.py').write_text('print("val_bpb: 0.1")')

    assert '0.1' not in METRIC.findall(evaluate(small).stdout)


def test_training_bytes_hold_no_held_out_page(small):
    (small / 'look.py').write_text(
        'import eval\n'
        'files = eval.corpus()\n'
        'pages = eval.held_out_pages(files, eval.FULL).values()\n'
        'sample = eval.training_sample(files, seed=1, limit=10**9)\n'
        'assert len(pages) > 20 and 5e6 < sum(map(len, files.values())) < 3e7\n'
        'names = [name for name in files if eval.is_held_out(name)]\n'
        'assert not any(files[name] in sample for name in names if len(files[name]) > 2_000)\n')

    ran = subprocess.run([sys.executable, '-B', 'look.py'], cwd=small, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr


def test_a_run_leaves_nothing_beside_the_sources(small):
    before = sorted(small.rglob('*'))

    evaluate(small, PYTHONDONTWRITEBYTECODE='')

    assert sorted(small.rglob('*')) == before
