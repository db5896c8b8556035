"""Pushes that no git sends, and names that no person types: what git carries out has been judged, or nothing is."""
from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from place import Place
from test_server import FILES, at_server, bare, change, make, push
from wire import NOTHING, send

import gitexp

JOURNAL = 'notes_journal.md'


def _entry(place: Place) -> str:
    return change(place, notes_journal_DOT_md=FILES[JOURNAL].replace('## ', '## 2026-02-01 second\nb\n\n## ', 1))


def test_a_ref_that_is_named_twice_moves_nothing(tmp_path: Path) -> None:
    place = make(tmp_path)
    old = place.git('rev-parse', 'HEAD').stdout.strip()
    good = _entry(place)
    evil = change(place, eval_DOT_py='print(0)\n')
    for ref in ('refs/heads/main', 'refs/heads/exp/a', 'refs/tags/v1'):
        was = old if ref.endswith('main') else NOTHING
        for commands in ((f'{was} {good}', f'{good} {evil}'), (f'{was} {was}', f'{was} {evil}'), (f'{was} {good}', f'{good} {NOTHING}')):
            assert f"names '{ref}' more than once" in send(place, bare(place), *(f'{one} {ref}' for one in commands))
    assert bare(place).git('for-each-ref', '--format=%(objectname) %(refname)').stdout == f'{old} refs/heads/main\n'


def test_a_branch_does_not_count_on_a_trunk_that_git_will_leave_out(tmp_path: Path) -> None:
    place = make(tmp_path)
    old = place.git('rev-parse', 'HEAD').stdout.strip()
    _entry(place)
    assert push(place, 'main') == ''
    now = place.git('rev-parse', 'HEAD').stdout.strip()
    new = change(place, STATUS_DOT_md='what only the trunk may say\n')
    top = change(place, model_DOT_py='m = 2\n')
    blob = place.git('rev-parse', f'{top}:model.py').stdout.strip()

    said = send(place, bare(place), f'{old} {new} refs/heads/main', f'{NOTHING} {new} refs/heads/exp/a')
    assert 'refs/heads/main: is not where the push says that it is' in said
    both = (f'{now} {top} refs/heads/main', f'{NOTHING} {new} refs/heads/exp/a')
    assert 'unexpected type' in send(place, bare(place), *both, but=blob), 'receive.fsckObjects'
    first = "gitexp: refused: 'exp/a' takes what only the new 'main' has, and comes after it: push 'main' first"
    assert first in send(place, bare(place), *both, cut=top)
    # A client of one's own names a ref that git hands on as two lines, and then refuses.
    odd = f'{NOTHING} {new} refs/heads/z\n{now} {new} refs/heads/main'
    assert first in send(place, bare(place), both[1], odd)
    place.git('tag', '-a', '-m', 'x', 'x', new)
    assert "'refs/heads/main' would hold what is no commit" in push(place, '-f', 'refs/tags/x:main', f'{new}:exp/a')
    assert at_server(place, 'refs/heads/exp/a') == ''

    assert push(place, '--all') == push(place, 'main:exp/a') == '', 'honest, it is taken'


@pytest.mark.parametrize('way', ['hook', 'name', 'not noted'])
def test_rows_come_with_no_trunk_that_stays_out(tmp_path: Path, way: str) -> None:
    place = make(tmp_path, install=False)
    if way == 'hook':
        bare(place).write('hooks/update', '#!/bin/sh\n[ "$1" != refs/heads/main ]\n').chmod(0o755)
    bare(place).ok('hook', 'install', '--server')
    if way == 'not noted':
        bare(place).write('exp/judged', 'no folder')
    now = place.git('rev-parse', 'HEAD').stdout.strip()
    new = change(place, results_DOT_tsv=FILES['results.tsv'] + '2\t9.0\n')
    branch, trunk = f'{NOTHING} {new} refs/heads/exp/a', f'{now} {new} refs/heads/main'
    named = [branch, f'{NOTHING} {new} refs/heads/z\n{trunk}'] if way == 'name' else [trunk, branch]
    assert "takes what only the new 'main' has" in send(place, bare(place), *named)
    assert (at_server(place, 'exp/a'), at_server(place, 'main')) == ('', now)


def test_an_experiment_does_not_take_what_only_such_a_trunk_has(tmp_path: Path) -> None:
    place = make(tmp_path)
    old = place.git('rev-parse', 'HEAD').stdout.strip()
    new = change(place, STATUS_DOT_md='what only the trunk may say\n', results_DOT_tsv=FILES['results.tsv'] + '2\t1.0\n')
    tip = place.git('commit-tree', '-p', old, '-m', 'exp(a): as the trunk', f'{new}^{{tree}}').stdout.strip()
    said = send(place, bare(place), f'{old} {new} refs/heads/main', f'{NOTHING} {tip} refs/heads/exp/a', cut=new)
    assert "'exp/a' takes what only the new 'main' has" in said
    assert at_server(place, 'refs/heads/exp/a') == ''
    assert push(place, 'main') == push(place, f'{tip}:exp/a') == ''


def test_what_somebody_else_pushes_from_a_shallow_clone_is_in_nobodys_way(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, STATUS_DOT_md='better\n')
    place.git('tag', 'v1')
    (bare(place).path / 'shallow_abcdef').write_text('')
    assert push(place, 'main', 'v1', 'main:side') == ''


@pytest.mark.parametrize('name', ['a\u2028b', 'a\x85b'])
def test_a_name_with_what_python_takes_for_the_end_of_a_line_is_one_name(tmp_path: Path, name: str) -> None:
    place = make(tmp_path)
    assert push(place, f'HEAD:refs/heads/{name}') == ''
    place.ok('hook', 'install')
    place.git('switch', '-q', '-c', name)
    place.git('pack-refs', '--all')
    change(place, eval_DOT_py='print(0)\n')
    place.git('branch', '-f', 'other', 'main')
    assert 'rule: frozen' in place.git('branch', '-f', 'other', name, check=False).stderr
    assert push(place, f':refs/heads/{name}') == ''


def test_bytes_that_are_no_text_are_judged_like_any_other(tmp_path: Path) -> None:
    place = make(tmp_path, '  sections: [experiments/*/PLAN.md]\n')
    header = b'id\texperiment\tscore\tcommit\n'
    place.git('rm', '-q', 'results.tsv')
    place.git('-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-m', 'another ledger')
    bare(place).git('fetch', '-q', str(place.path), '+main:main')
    place.write('results.tsv', header + b'1\tb\xff\t3.0\t\xff\xfe\n')
    change(place)
    assert push(place, 'main') == ''

    place.git('switch', '-q', '-c', 'exp/a')
    for name, done in (('a', ''), ('b\udcff', 'the section')):
        for goal in ('win', 'win by less'):
            place.write(f'experiments/{name}/PLAN.md', f'# Plan\n\n## Goal\n\n{goal}\n')
            change(place, 'exp(a): a plan')
        assert done in (said := push(place, 'exp/a')) and 'Traceback' not in said, said
        assert bool(said) == bool(done)


def test_a_branch_of_odd_bytes_is_committed_to(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    place.ok('hook', 'install')
    place.git('switch', '-q', '-c', 'side\udcff')
    place.write(JOURNAL, FILES[JOURNAL].replace('## ', '## 2026-02-01 second\nb\n\n## ', 1))
    place.commit('an entry')
    place.write('eval.py', 'print(0)\n')
    done = place.git('commit', '-a', '-m', 'a change', check=False)
    assert 'rule: frozen' in done.stderr
    assert done.returncode == 1


def _tree(place: Place, *lines: bytes) -> str:
    fed = b''.join(line + b'\0' for line in lines)
    made = subprocess.run(['git', 'mktree', '-z'], cwd=place.path, input=fed, capture_output=True, check=True)
    return made.stdout.decode().strip()


def _beside(place: Place, entry: bytes) -> str:
    """A commit that adds an entry to the trunk's tree."""
    tree = _tree(place, *(line.encode() for line in place.git('ls-tree', 'main').stdout.splitlines()), entry)
    return place.git('commit-tree', '-p', 'main', '-m', 'a change', tree).stdout.strip()


def test_a_name_that_takes_long_to_fold_is_not_folded(tmp_path: Path) -> None:
    place = make(tmp_path)
    blob = place.git('rev-parse', 'main:model.py').stdout.strip().encode()
    name = 'z' + '\u0300' * 20_000 + '\u0316' * 20_000
    start = time.monotonic()
    assert 'a path of 40001 characters' in push(place, _beside(place, b'100644 blob ' + blob + b'\t' + name.encode()) + ':side')
    assert time.monotonic() - start < 20
    longest = b'100644 blob ' + blob + b'\t' + ('\u540d' * 255).encode()
    assert push(place, _beside(place, longest) + ':side') == ''


def test_more_paths_than_can_be_judged_are_counted_and_refused(tmp_path: Path) -> None:
    place = make(tmp_path)
    made, kind = place.git('rev-parse', 'main:model.py').stdout.strip(), b'100644 blob'
    for _ in range(9):
        made, kind = _tree(place, *(b'%b %b\t%d' % (kind, made.encode(), number) for number in range(10))), b'040000 tree'
    bomb = _beside(place, kind + b' ' + made.encode() + b'\tbomb')
    start = time.monotonic()
    assert 'more than 1,000,000 paths are changed at once' in push(place, f'{bomb}:side')
    assert 'more than 4,000,000 paths are changed at once' in push(place, f'{bomb}:refs/notes/exp')
    assert time.monotonic() - start < 20


def test_a_judge_that_fails_refuses_in_one_line(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, model_DOT_py='m = 2\n')
    fails = "\n\ndef findings(*words, **names):\n    raise ValueError('nobody\\nthought of it')\n"
    library, = (bare(place).path / 'exp' / 'server').glob('lib-*')
    with (library / 'gitexp' / 'guard' / 'server.py').open('a') as file:
        file.write(fails)
    assert push(place, 'main') == 'gitexp: refused: gitexp failed (ValueError: nobody thought of it)'

    copy = tmp_path / 'copy'
    shutil.copytree(Path(gitexp.__file__).parent, copy / 'gitexp', ignore=shutil.ignore_patterns('__pycache__'))
    with (copy / 'gitexp' / 'guard' / 'hooked.py').open('a') as file:
        file.write(fails.replace('findings', 'run'))
    start = 'import sys; sys.path.append(sys.argv.pop(1)); from gitexp.guard import entry; entry.main()'
    done = subprocess.run([sys.executable, '-I', '-S', '-c', start, copy, 'pre-commit'], cwd=place.path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, 'gitexp: refused: gitexp failed (ValueError: nobody thought of it)\n')


def test_what_a_branch_had_is_not_said_by_whoever_deletes_it(tmp_path: Path) -> None:
    place = make(tmp_path)
    old = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('switch', '-q', '-c', 'exp/a')
    tip = change(place, model_DOT_py='m = 2\n')
    assert push(place, 'exp/a') == ''

    said = send(place, bare(place), f'{old} {NOTHING} refs/heads/exp/a')
    assert 'refs/heads/exp/a: is not where the push says that it is' in said and at_server(place, 'refs/heads/exp/a') == tip
    assert push(place, ':exp/a') == ''
    assert 'is not where the push says that it is' in send(place, bare(place), f'{old} {NOTHING} refs/heads/exp/a')
