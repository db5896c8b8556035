"""Every result is noted on the commit that it measured, and no trouble with that costs a result."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import forked
import pytest
import sharing
from hypothesis import HealthCheck, given, settings
from place import Place
from sharing import REF
from test_cells import results

from gitexp.git import notes as git_notes
from gitexp.git.command import Git
from gitexp.git.notes import Note
from gitexp.lab.lab import Lab
from gitexp.ledger import agreed, notes, read, write
from gitexp.ledger.result import Kind, Result

Rows = Callable[..., Result]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(result=results)
def test_a_row_is_in_its_note_without_loss(result: Result) -> None:
    said = notes.text(result)
    assert notes.parsed(said) == result and notes.text(notes.parsed(said)) == said
    assert '\n' not in notes.line(result, 'score')


def test_git_log_shows_each_result_at_its_commit(lab: Place) -> None:
    lab.git('worktree', 'add', '-q', '--no-track', '-b', 'exp/one', '5_worktrees/one')
    one = lab.at('5_worktrees/one')
    for score in ('2.0', '1.5'):
        one.write('model.py', f'score = {score}\n')
        one.commit('exp(one): try')
        one.ok('eval', '--seeds', '2')
        assert 'noted' not in one.talk
    first, second = [line.split('\t') for line in (lab.path / 'results.tsv').read_text().splitlines()[-2:]]

    assert len(sharing.log(one, '-2')) == 4
    shown = sharing.log(one, '-1')
    assert [line.split('  ')[:2] for line in shown] == [[first[0], 'score 1.501'], [second[0], 'score 1.502']]
    assert all(len(line) <= 76 and f'seed {seed}  eval v1' in line for seed, line in enumerate(shown, 1))

    one.ok('supersede', '--bug', 'leak', '--yes')
    assert [line.split('  ', 1)[1] for line in sharing.log(one, '-2') if 'leak' in line] == ['supersede v1_leak', 'retired: leak, 2 rows']
    one.ok('restore', '--yes')
    assert 'restored: leak, 2 rows' in '\n'.join(sharing.log(one, '-3'))
    assert lab.ok('sync', '--local') == 'ledger: nothing new; notes: nothing new\n', 'all six are noted'


def test_what_stands_on_a_commit_stays(lab: Place) -> None:
    sharing.measure(lab, '01', '02')
    sharing.measure(lab, '03')
    assert [line[:2] for line in sharing.log(lab)] == ['01', '02', '03']


def test_gits_own_commands_keep_the_rows(lab: Place) -> None:
    sharing.measure(lab, '01')
    lab.git('notes', '--ref=exp', 'append', '-m', 'looks odd')
    lab.git('notes', '--ref=exp', 'prune')
    sharing.measure(lab, '02')

    assert lab.ok('sync', '--local') == 'ledger: nothing new; notes: nothing new\n'
    assert {line[:5] for line in sharing.log(lab)} == {'01  s', '02  s', 'looks'}
    lab.git('fsck', '--strict')


def test_a_row_that_names_no_commit_is_noted_all_the_same(lab: Place) -> None:
    for number, said in enumerate((None, 'a1b2c3d', 'x' * 40, 'f' * 64)):
        sharing.measure(lab, f'{number}', commit=said)
    sharing.measure(lab, 'far', commit='f' * 40)
    (lab.path / 'results.tsv').unlink()

    assert lab.ok('sync', '--local') == 'ledger: 5 new rows; notes: nothing new\n'
    assert [path[:2] for path in sharing.paths(lab)][:1] == ['ff'], 'a commit that is not here may be elsewhere'
    assert sharing.log(lab) == []


def test_ids_that_are_no_file_names(lab: Place) -> None:
    names = ['../up', 'a/b', '.git', 'Größe', 'x' * 200, 'A', 'a']
    sharing.measure(lab, *names)
    (lab.path / 'results.tsv').unlink()

    lab.ok('sync', '--local')
    assert sorted(sharing.ledger(lab)) == sorted(names)
    lab.git('fsck', '--strict')


@pytest.mark.parametrize('form', ['sha1', 'sha256'])
def test_without_an_identity_on_a_detached_head_in_a_worktree(lab: Place, tmp_path: Path, form: str) -> None:
    if form == 'sha256':
        other = Place(tmp_path / 'other')
        other.path.mkdir()
        other.git('init', '-q', '--object-format=sha256')
        for name in ('gitexp.yaml', 'eval.py'):
            other.write(name, (lab.path / name).read_bytes())
        other.commit('a lab')
        lab = other
    (Path(os.environ['HOME']) / '.gitconfig').write_text('[user]\n\tuseConfigOnly = true\n')
    lab.git('worktree', 'add', '-q', '--detach', 'elsewhere')
    sharing.measure(lab.at('elsewhere'), '01')

    assert [line[:2] for line in sharing.log(lab)] == ['01']
    assert lab.git('log', '-1', '--format=%an <%ae>', REF).stdout == 'gitexp <gitexp>\n'
    (lab.path / 'results.tsv').unlink()
    assert 'ledger: 1 new row' in lab.ok('sync', '--local')


def test_who_measured_is_told(lab: Place) -> None:
    lab.git('config', 'user.name', 'Grace <H>\n')
    sharing.measure(lab, '01')
    assert lab.git('log', '-1', '--format=%cn <%ce> %s', REF).stdout == 'Grace H <ada@example.org> wide: eval\n'


def test_notes_that_cannot_be_written_cost_no_result(lab: Place) -> None:
    lab.git('worktree', 'add', '-q', '--no-track', '-b', 'exp/one', '5_worktrees/one')
    lock = lab.path / '.git/refs/notes/exp.lock'
    lock.parent.mkdir()
    one = lab.at('5_worktrees/one')
    one.write('model.py', 'score = 2.0\n')
    one.commit('exp(one): try')
    with open(lock, 'w'):  # As by a git at work.
        one.ok('eval', '--seed', '1')
    assert 'in the ledger, and not noted yet: ' in one.talk and 'git exp sync notes it' in one.talk
    rows = len(sharing.ledger(lab))
    assert rows == 1 and not [name for name in os.listdir(lab.path / '.git') if 'crash' in name]

    lock.unlink()
    assert lab.ok('sync', '--local') == 'ledger: nothing new; notes: 1 new row\n'


def test_a_git_that_hangs_is_not_waited_for(lab: Place, row: Rows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = Lab.find(lab.path)
    slow = tmp_path / 'slow'
    slow.mkdir()
    (slow / 'git').write_text('#!/bin/sh\nexec sleep 60\n')
    (slow / 'git').chmod(0o755)
    monkeypatch.setattr('gitexp.git.command._program', lambda: str(slow / 'git'))
    monkeypatch.setattr(git_notes, 'current', lambda git: None)
    monkeypatch.setattr(notes, '_PATIENCE', 1.0)
    found.__dict__['root'] = lab.path

    assert 'git has said nothing for 1 s' in str(notes.add(found, [row('01')]))


def test_writers_at_once_are_all_noted(lab: Place) -> None:
    """By their lock in turn."""
    script = 'import sys, sharing; from place import Place; from pathlib import Path\n' \
             'sharing.measure(Place(Path.cwd()), *(f"{sys.argv[1]}x{n}" for n in range(3)))'
    path = os.pathsep.join(str(Path(__file__).parent / name) for name in ('', '..'))
    children = [
        subprocess.Popen([sys.executable, '-c', script, f'{number}'], cwd=lab.path, env={**os.environ, 'PYTHONPATH': path})
        for number in range(5)
    ]
    assert [child.wait() for child in children] == [0] * 5

    assert len(sharing.log(lab)) == 15
    assert lab.ok('sync', '--local') == 'ledger: nothing new; notes: nothing new\n'


def test_writers_that_know_no_lock_lose_nothing_either(lab: Place) -> None:
    """The ref is moved only from where it was read, and else tried again."""
    git, commit = Git(lab.path / '.git'), lab.git('rev-parse', 'HEAD').stdout.strip()
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            try:
                for turn in range(4):
                    said = f'{number}x{turn}'
                    git_notes.add(git, [Note(said, said.encode(), [(commit, said)])], who='a <a>', message='x')
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(sharing.log(lab)) == 16 and len(sharing.paths(lab)) == 17


def test_a_hook_of_somebody_else_is_asked_and_ours_is_not_started(lab: Place) -> None:
    lab.git('config', '--unset', 'gitexp.hooks')
    lab.write('.git/hooks/reference-transaction', '#!/bin/sh\nsed "s/^/$1 /" >> heard\n').chmod(0o755)
    lab.ok('hook', 'install')
    sharing.measure(lab, '01')
    heard = lab.path / '.git' / 'heard'
    assert f'committed {"0" * 40} {sharing.tip(lab)} {REF}' in heard.read_text()

    (lab.path / '.git/hooks/reference-transaction').unlink()
    lab.write('.git/exp/hooks/reference-transaction', '#!/bin/sh\nexit 1\n')
    sharing.measure(lab, '02')


def test_killed_anywhere_a_row_is_whole_in_the_ledger_and_the_notes_are_sound(lab: Place, row: Rows) -> None:
    found = Lab.find(lab.path)
    found.root
    step, told = 0, None
    while told is None:
        step += 1
        one = row(f'{step:02}', commit=found.trunk_commit)

        def work() -> str:
            write.append(found, [one])
            return str(notes.add(found, [one]))

        told = forked.run(work, die_at=step)
        found_rows = {each.id: each for each in read.read(found).results}
        assert found_rows.get(one.id) in (one, None)
    assert step > 10 and told == 'None'
    missing = agreed.difference(found)
    assert missing.untaken == [] and missing.odd == []
    assert lab.exp('sync', '--local') == 0
    assert sorted(sharing.ledger(lab)) == [line.split('  ')[0] for line in sharing.log(lab)]
    lab.git('fsck', '--strict')


def test_doctor_notices_and_mends(lab: Place) -> None:
    rows = sharing.measure(lab, '01', '02')
    lab.git('add', 'results.tsv')
    lab.git('commit', '-q', '-m', 'rows')
    sharing.measure(lab, '03')
    lab.git('checkout', '-q', 'results.tsv')
    assert sharing.ledger(lab) == ['01', '02'] == [one.id for one in rows]
    lab.exp('doctor')
    assert 'notes          the notes have 1 row that the ledger has lost\n' in lab.said and 'git exp sync --local' in lab.said

    lab.exp('doctor', '--fix')
    assert sharing.ledger(lab) == ['01', '02', '03'], lab.said
    lab.exp('doctor')
    assert 'ok    notes          the same rows as in the ledger\n' in lab.said


def test_a_supersede_row_says_so_on_each_commit_that_it_is_about(lab: Place) -> None:
    sharing.measure(lab, '01', '02')
    lab.write('more', '')
    lab.commit('more')
    sharing.measure(lab, '03')
    sharing.measure(lab, '04', kind=Kind.SUPERSEDE, commit=None, version='v1_leak', params={'bug': 'leak', 'covers': ['01', '03', '09']})
    sharing.measure(lab, '05', kind=Kind.RESTORE, commit=None, version='v1_leak', params={'bug': 'leak', 'restores': '04'})

    assert sharing.log(lab, '-1')[1:] == ['04  retired: leak, 1 row', '05  restored: leak, 1 row']
    assert sharing.log(lab, '-1', '--skip=1')[2:] == ['04  retired: leak, 1 row', '05  restored: leak, 1 row']
