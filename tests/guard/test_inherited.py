"""What the trunk has merged and not taken, with real pushes: no experiment begins there with what it may not have."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_server import FILES, OPEN, at_server, bare, change, make, push

from gitexp.git.command import Git
from gitexp.rules import inherited

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
    assert push(place, '--all').count("takes what only the new 'main' has, and comes after it: push 'main' first") == 1
    assert push(place, '--all') == ''

    place.git('switch', '-q', 'main')
    change(place, 'what only the trunk may say', STATUS_DOT_md='better\n', lib_DOT_py='better\n')
    place.git('branch', 'exp/c')
    assert push(place, 'main', 'exp/c') == '', 'a new branch comes after it'


def test_going_on_from_an_experiment_that_was_merged_is_free(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    names = [f'experiments/a/figures/{number}.txt' for number in range(40)]
    place.git('switch', '-q', '-c', 'exp/a')
    for name in names:
        place.write(name, 'figure\n')
    change(place, 'exp(a): lower', model_DOT_py='m = 2\n')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    for name in names:
        place.write(name, 'a better figure\n')
    change(place)
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'exp/b', 'exp/a')
    change(place, 'exp(b): lower', model_DOT_py='m = 3\n')
    assert push(place, 'exp/b') == '' and at_server(place, 'exp/b')
    assert place.exp('check', 'rules', '--ci', '--on', 'exp/b', '..exp/b') == 0, place.said


def test_what_was_not_there_yet_when_a_branch_began_was_not_taken_away(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    old = _made(place, 'main', 'main', note='n')
    change(place, added_DOT_py='x\n')
    both = _made(place, f'main {_made(place, old, old, note="more")}', 'main', note='more')
    tip = _made(place, f'{old} main', old)
    assert inherited.had(Git(place.path), both, tip, {'added.py', 'note', 'lib.py'}) == {'note', 'lib.py'}


def _tidied(tmp_path: Path) -> tuple[Place, str, str]:
    """A trunk that has merged a branch, and the two commits of that."""
    place = _lab(tmp_path, GUARDED)
    place.git('switch', '-q', '-c', 'tidy')
    halfway = change(place, 'half way', lib_DOT_py='broken\n')
    tidy = change(place, 'tidy', lib_DOT_py='tidied\n')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '-m', OPEN, 'tidy')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    return place, halfway, tidy


def test_an_experiment_does_not_begin_on_the_way_of_a_branch_that_was_merged(tmp_path: Path) -> None:
    place, halfway, tidy = _tidied(tmp_path)
    change(place, OPEN, lib_DOT_py='tidied again\n')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    for start, rules in ((halfway, 'fixed+variable'), (tidy, 'ok')):
        tip = _made(place, start, start, model_DOT_py='m = 2\n')
        assert told(push(place, f'{tip}:exp/a')) == rules, 'only what the trunk has had'


def test_the_line_of_a_guarded_trunk_does_not_go_through_a_branch_that_was_merged(tmp_path: Path) -> None:
    place, halfway, tidy = _tidied(tmp_path)
    for parent in (halfway, tidy):
        said = push(place, f'{_made(place, f"{parent} main", "main")}:main')
        assert told(said) == 'guarded' and 'git rebase' in said, 'an experiment could begin half way then'


def test_what_an_experiment_took_from_the_trunk_stays_taken_when_that_goes_on(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('switch', '-q', '-c', 'exp/a')
    change(place, 'exp(a): lower', model_DOT_py='m = 2\n')
    for text in ('fixed\n', 'fixed again\n'):
        place.git('switch', '-q', 'main')
        change(place, 'a fix', lib_DOT_py=text, STATUS_DOT_md=text)
        assert push(place, 'main') == ''
        place.git('switch', '-q', 'exp/a')
        if text == 'fixed\n':
            place.git('cherry-pick', 'main')
        change(place, 'exp(a): lower', model_DOT_py=f'm = "{text[:-1]}"\n')
        assert push(place, 'exp/a') == ''
    assert place.exp('check', 'rules', '--ci', '--on', 'exp/a', '..exp/a') == 1, 'what is merged is the last fix'
    place.git('merge', '-q', '--no-edit', '-X', 'theirs', 'main')
    assert push(place, 'exp/a') == ''
    assert place.exp('check', 'rules', '--ci', '--on', 'exp/a', '..exp/a') == 0, place.said
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    assert push(place, 'main') == ''


def test_what_the_trunk_has_taken_back_does_not_stay_in_an_experiment_that_has_merged_it(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    start = change(place, lib_DOT_py='first\n')
    picked = change(place, lib_DOT_py='second\n')
    change(place, lib_DOT_py='first\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'exp/a', start)
    change(place, 'exp(a): lower', model_DOT_py='m = 2\n')
    place.git('cherry-pick', picked)
    assert push(place, 'exp/a') == '', 'it could begin there'
    place.git('merge', '-q', '--no-edit', 'main')
    merged = place.git('rev-parse', 'HEAD').stdout.strip()
    assert (place.path / 'lib.py').read_text() == 'second\n'
    assert 'do:   git checkout main -- lib.py, which has gone on from there' in push(place, 'exp/a')
    place.git('checkout', 'main', '--', 'lib.py')
    change(place, 'exp(a): as the trunk has it')
    assert told(push(place, 'exp/a', f'{merged}:exp/b')) == 'fixed+variable'
    assert push(place, 'exp/a') == ''


@pytest.mark.parametrize('on_top', [False, True])
def test_an_octopus_of_states_of_the_trunk_takes_nothing_back(tmp_path: Path, on_top: bool) -> None:
    place = _lab(tmp_path, GUARDED)
    first = change(place, OPEN, lib_DOT_py='first\n')
    other = change(place, OPEN, lib_DOT_py='easier\n', model_DOT_py='m = 0\n')
    change(place, OPEN, lib_DOT_py='first\n', model_DOT_py='m = 1\n')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    beside = [_made(place, one, one) if on_top else one for one in (other, first)]
    parents = ' '.join(['main', *beside])
    assert told(push(place, f'{_made(place, parents, other)}:main')) == 'guarded'
    easier = _made(place, parents, 'main', lib_DOT_py='easier\n')
    assert told(push(place, f'{easier}:exp/a')) == 'fixed+variable'


def test_an_octopus_of_branches_that_began_at_several_states_of_the_trunk_is_honest(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    for name in ('one', 'two', 'main'):
        place.git('switch', '-q', 'main')
        change(place, 'the trunk goes on', STATUS_DOT_md=f'{name}\n', lib_DOT_py=f'{name}\n')
        if name != 'main':
            place.git('switch', '-q', '-c', name)
            place.write(f'{name}.py', 'x\n')
            change(place, name)
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'side', 'main')
    change(place, 'mine', model_DOT_py='m = 2\n')
    place.git('merge', '-q', '-m', 'both', 'one', 'two')
    assert len(place.git('rev-list', '--parents', '-1', 'HEAD').stdout.split()) == 4
    assert push(place, 'side') == push(place, 'side:main') == ''


def _worded(tmp_path: Path) -> Place:
    place = make(tmp_path, '  human: [words.md]\nhumans: [ada@example.org]\n', install=False)
    change(place, 'words', words_DOT_md='# Words\n\nfirst\n', results_DOT_tsv='id\texperiment\tcommit\n')
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server', '--identity', 'PUSHER')
    return place


def test_nor_does_it_begin_with_rows_and_words_that_the_trunk_does_not_have(tmp_path: Path) -> None:
    place = _worded(tmp_path)
    first = place.git('rev-parse', 'main').stdout.strip()
    brought = {'words_DOT_md': '# Words\n\nnever said\n', 'results_DOT_tsv': 'id\texperiment\tcommit\n1\ta\t\n'}
    theirs, other = _made(place, '', '', **brought), _made(place, '', '', z='of theirs\n')
    assert push(place, f'{_made(place, f"main {theirs} {other}", "main")}:main') == ''
    assert told(push(place, f'{_made(place, theirs, first, **brought)}:exp/a')) == 'human+rows'
    assert push(place, f'{_made(place, other, first)}:exp/a') == '', 'all of it is as the trunk has it'


def test_what_a_person_has_written_on_a_branch_that_was_merged_is_no_offence_there(tmp_path: Path) -> None:
    place = _worded(tmp_path)
    ada = ('--author=Ada <ada@example.org>',)
    place.git('config', 'user.email', 'ada@example.org')
    place.git('switch', '-q', '-c', 'exp/a')
    change(place, 'exp(a): words', *ada, words_DOT_md='# Words\n\nfirst\n\nlast\n',
           notes_journal_DOT_md=FILES['notes_journal.md'].replace('## ', '## 2026-02-01 mine\nb\n\n## ', 1))
    assert push(place, 'exp/a', PUSHER='ada@example.org') == ''
    place.git('switch', '-q', 'main')
    change(place, 'theirs', *ada, words_DOT_md='# Words\n\nzeroth\n\nfirst\n')
    place.git('merge', '-q', '--no-edit', 'exp/a', check=False)
    change(place, 'Merge', *ada, words_DOT_md='# Words\n\nzeroth\n\nfirst\n\nlast\n')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    for branch in ('exp/a', 'exp/b'):
        place.git('switch', '-q', '-C', branch, 'exp/a')
        change(place, f'{branch[:3]}({branch[4:]}): lower', model_DOT_py=f'm = "{branch}"\n')
        assert push(place, branch, PUSHER='bot@example.org') == ''
