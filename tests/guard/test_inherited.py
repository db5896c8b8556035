"""What the trunk has merged and not taken, with real pushes: no experiment begins there with what it may not have."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_server import FILES, OPEN, at_server, bare, change, make, push

MORE = '  fixed: [lib.py]\n  variable: [model.py]\n'
GUARDED = 'trunk: {name: main, guarded: true}\nhumans: [ada@example.org]\n'


def _lab(tmp_path: Path, more: str = '') -> Place:
    return make(tmp_path, MORE + more, words=('--identity', 'PUSHER'))


def _made(place: Place, parents: str, like: str, **written: str) -> str:
    """A commit with these parents and the files of another one but for those that are written; '' is no file at all."""
    place.git('read-tree', *([like] if like else ['--empty']))
    for name, text in written.items():
        path = place.write(f'../{name}', text)
        oid = place.git('hash-object', '-w', str(path)).stdout.strip()
        place.git('update-index', '--add', '--cacheinfo', f'100644,{oid},{name.replace("_DOT_", ".")}')
    tree = place.git('write-tree').stdout.strip()
    place.git('read-tree', 'HEAD')
    return place.git('commit-tree', *(word for one in parents.split() for word in ('-p', one)), '-m', 'a change', tree).stdout.strip()


@pytest.mark.parametrize(('more', 'parents', 'rules'), [
    ('', 'main', 'fixed+variable'), (GUARDED, 'main', 'fixed+variable'), ('', '', 'fixed+frozen+variable'),
], ids=['open', 'guarded', 'another project'])
def test_an_experiment_does_not_begin_at_what_the_trunk_has_merged_and_left_out(
    tmp_path: Path, more: str, parents: str, rules: str,
) -> None:
    place = _lab(tmp_path, more)
    away = _made(place, parents, 'main', lib_DOT_py='evil\n', **({} if parents else {'eval_DOT_py': 'print(0)\n'}))
    assert push(place, f'{_made(place, f"main {away}", "main")}:main') == '', 'as git merge -s ours makes it'
    after = _made(place, away, away, model_DOT_py='m = 2\n')
    for tip in (away, after, _made(place, f'main {away}', away), _made(place, f'{after} origin/main', after)):
        assert told(push(place, f'{tip}:exp/a')) in (rules, 'fixed+variable')
    place.git('fetch', '-q')
    place.git('switch', '-q', '-c', 'exp/a', after)
    place.git('merge', '-q', '-m', 'exp(a): take in main', '--allow-unrelated-histories', '-X', 'theirs', 'origin/main', check=False)
    place.git('checkout', '-q', 'origin/main', '--', '.')
    place.git('rm', '-q', '-f', '--ignore-unmatch', 'lib.py')
    change(place, 'exp(a): as the trunk has it')
    assert push(place, 'exp/a') == '', 'what it says to do is enough'


def test_the_trunk_goes_on_from_where_it_has_begun(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    evil = _made(place, 'main', 'main', eval_DOT_py='print(0)\n')
    root = _made(place, '', '', z='of theirs\n')
    for parents in (f'{root} main', f'{_made(place, root, root)} main'):
        assert 'its first parents are those of another project' in push(place, f'{_made(place, parents, "main", z="z")}:main')
    theirs = _made(place, f'main {root}', 'main', z='of theirs\n')
    assert push(place, f'{theirs}:main') == '', 'merged into the trunk it is welcome'
    assert told(push(place, f'{_made(place, f"{theirs} {evil}", theirs)}:main')) == 'frozen'


def test_a_guarded_trunk_is_compared_with_itself_whatever_its_parents_are(tmp_path: Path) -> None:
    place = _lab(tmp_path, GUARDED)
    first = place.git('rev-parse', 'main').stdout.strip()
    better = change(place, OPEN, model_DOT_py='m = 2\n')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    back = _made(place, better, first)
    assert told(push(place, f'{_made(place, f"{first} {back}", first)}:main')) == 'guarded', 'rolled back'

    away = _made(place, better, better, model_DOT_py='m = 0\n')
    taken = _made(place, f'{better} {away}', better)
    assert push(place, f'{taken}:main') == '', 'nothing of it is taken'
    assert told(push(place, f'{_made(place, f"{away} {taken}", away)}:main')) == 'guarded'
    assert told(push(place, f'{_made(place, f"{away} {taken}", taken)}:main')) == 'guarded', 'nor does its line go there'


def _pull(place: Place) -> None:
    """As a person does who keeps the rows of both sides."""
    place.git('pull', '-q', '--no-rebase', '--no-edit', 'origin', 'main', check=False)
    lines = [line for line in (place.path / 'results.tsv').read_text().splitlines(keepends=True) if line[0].isalnum()]
    place.write('results.tsv', ''.join(lines))
    change(place, 'Merge') if place.git('status', '--porcelain').stdout else None


def _row(place: Place, number: int) -> None:
    change(place, f'row {number}', results_DOT_tsv=(place.path / 'results.tsv').read_text() + f'{number}\t2.0\n')


def test_a_trunk_that_is_pulled_by_merges_in_turns_stays_a_trunk(tmp_path: Path) -> None:
    """The first parents of such a merge are those of who pulls: what was published is beside them."""
    one = _lab(tmp_path, GUARDED)
    two = one.at('../two')
    one.git('clone', '-q', str(bare(one).path), '../two')
    _row(one, 2)
    change(one, OPEN, lib_DOT_py='one\n')
    assert push(one, 'main', PUSHER='ada@example.org') == ''
    one.git('switch', '-q', '-c', 'exp/a')
    change(one, 'exp(a): lower', model_DOT_py='m = 3\n')
    assert push(one, 'exp/a') == ''
    one.git('switch', '-q', 'main')
    change(one, OPEN, lib_DOT_py='two\n')
    assert push(one, 'main', PUSHER='ada@example.org') == ''
    for number, (place, other) in enumerate([(two, one), (one, two), (two, one)], 3):
        _row(other, 2 * number)
        assert push(other, 'main') == ''
        _row(place, 2 * number + 1)
        _pull(place)
        assert push(place, 'main') == ''
    assert one.git('rev-parse', 'exp/a^').stdout not in bare(one).git('rev-list', '--first-parent', 'main').stdout
    one.git('switch', '-q', 'exp/a')
    change(one, 'exp(a): lower still', model_DOT_py='m = 4\n')
    assert push(one, 'exp/a') == '', 'it has what the trunk had then'
    one.git('switch', '-q', '-c', 'exp/b')
    change(one, 'exp(b): other', lib_DOT_py='three\n')
    assert told(push(one, 'exp/b')) == 'fixed+variable'


def test_rows_and_an_experiment_that_begins_there_are_one_push(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    _row(place, 2)
    place.git('switch', '-q', '-c', 'exp/a')
    change(place, 'exp(a): lower', model_DOT_py='m = 2\n')
    assert push(place, 'main', 'exp/a') == ''
    place.git('switch', '-q', 'main')
    _row(place, 3)
    change(place, 'news', notes_journal_DOT_md=FILES['notes_journal.md'].replace('## ', '## 2026-02-01 second\nb\n\n## ', 1))
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    place.git('branch', 'exp/b')
    assert push(place, '--all') == ''

    place.git('switch', '-q', 'main')
    change(place, 'what only the trunk may say', STATUS_DOT_md='better\n', lib_DOT_py='better\n')
    place.git('branch', 'exp/c')
    assert "do:   push 'main' first, since git may leave it out: git push REMOTE main; then the rest" in push(place, 'main', 'exp/c')
    assert push(place, 'main') == push(place, 'exp/c') == ''


def test_going_on_from_an_experiment_that_was_merged_is_free(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/notes.md', 'notes\n')
    change(place, 'exp(a): lower', model_DOT_py='m = 2\n')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.write('experiments/a/notes.md', 'notes\nmore\n')
    change(place)
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'exp/b', 'exp/a')
    change(place, 'exp(b): lower', model_DOT_py='m = 3\n')
    assert push(place, 'exp/b') == '' and at_server(place, 'exp/b')
