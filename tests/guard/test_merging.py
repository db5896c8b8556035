"""Real merges of what several people append to: rows and entries of both sides are there, once, and the rules hold."""
from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from gitexp.core import lines
from gitexp.git.command import Git
from gitexp.guard import drivers
from gitexp.guard.stubs import Origin
from gitexp.lab.lab import Lab
from gitexp.rules import gate, weave
from place import CONFIG, Place
from test_server import at_server, bare, change, make, push

ATTRIBUTES = '/results.tsv merge=gitexp-ledger -text\n/*_journal.md merge=gitexp-journal\n/RESEARCH_JOURNAL.md merge=gitexp-journal\n'
LEDGER, JOURNAL = 'results.tsv', 'RESEARCH_JOURNAL.md'
TEXT = '# Research journal\n\n## 2026-01-02 second\nb\n\n## 2026-01-01 start\na\n'
ROWS = 'id\tscore\n1\t3.0\n2\t2.9\n'


def append(place: Place, row: str | None = None, entry: str | None = None) -> None:
    if row:
        place.write(LEDGER, (place.path / LEDGER).read_text() + f'{row}\t2.5\n')
    if entry:
        place.write(JOURNAL, (place.path / JOURNAL).read_text().replace('\n\n', f'\n\n## {entry}\nsame words\n\n', 1))
    place.git('commit', '-q', '-a', '-m', f'append {row or entry}')


def rows(place: Place) -> list[str]:
    return [line.split('\t')[0] for line in (place.path / LEDGER).read_text().splitlines()]


def entries(place: Place) -> list[str]:
    return [line[3:] for line in (place.path / JOURNAL).read_text().splitlines() if line.startswith('## ')]


def pull(place: Place, *words: str) -> int:
    return place.git('pull', '-q', '--no-rebase', '--no-edit', *words, check=False).returncode


def knows(place: Place) -> Place:
    drivers.install(Git(place.path), Origin.here(''))
    return place


def shared(place: Place, journal: str = TEXT) -> Place:
    """A lab whose trunk has a ledger and a journal, and is in a remote, too."""
    for path, text in {'.gitattributes': ATTRIBUTES, LEDGER: ROWS, JOURNAL: journal}.items():
        place.write(path, text)
    place.commit('shared files')
    place.git('clone', '-q', '--bare', '.', '../shared.git')
    place.git('remote', 'add', 'origin', '../shared.git')
    place.git('fetch', '-q')
    place.git('branch', '-q', '--set-upstream-to=origin/main')
    return place


@pytest.fixture
def start(make_lab: Callable[..., Place]) -> Place:
    """A lab where nothing is global: what comes in by a merge is judged by what it appends, not by where it was made."""
    return shared(make_lab('one', CONFIG.replace('[RESEARCH_JOURNAL.md, results.tsv]', '[program.md]', 1)))


def second(place: Place) -> Place:
    place.git('clone', '-q', '../shared.git', '../two')
    return place.at('../two')


def test_two_clones_with_hooks_append_and_pull_in_turns(lab: Place) -> None:
    one, two = shared(lab), second(lab)
    one.ok('hook', 'install')
    two.ok('hook', 'install')
    append(one, '3', '2026-02-01 one')
    one.git('push', '-q')
    append(two, '4', '2026-02-02 two')

    assert pull(two) == 0
    assert rows(two) == ['id', '1', '2', '4', '3'], 'whoever merges keeps the rows in place, and the published ones follow'
    assert entries(two) == ['2026-02-02 two', '2026-02-01 one', '2026-01-02 second', '2026-01-01 start']
    two.git('push', '-q')

    append(one, '5', '2026-01-20 one again')
    assert pull(one) == 0
    assert rows(one) == ['id', '1', '2', '3', '5', '4']
    assert entries(one)[:3] == ['2026-02-02 two', '2026-01-20 one again', '2026-02-01 one']
    assert '2 commits' in one.ok('check', 'rules', 'origin/main..main')
    one.git('push', '-q')
    assert pull(two) == 0
    assert (two.path / LEDGER).read_text() == (one.path / LEDGER).read_text()


@pytest.mark.parametrize('variable', ['', '  variable: [model.py]\n'], ids=['open', 'narrow'])
def test_an_experiment_takes_the_ledger_as_the_trunk_has_it(make_lab: Callable[..., Place], variable: str) -> None:
    """It began on rows that the trunk has put on others since."""
    one = shared(make_lab('one', CONFIG.replace('[RESEARCH_JOURNAL.md, results.tsv]', f'[program.md]\n{variable}'.rstrip())))
    two = second(one)
    for place in (one, two):
        place.ok('hook', 'install')
    append(two, '4')
    two.git('worktree', 'add', '-q', '-b', 'exp/b', '../b')
    b = two.at('../b')
    b.write('model.py', 'score = 1.0\n')
    b.commit('exp(b): try')
    append(one, '3')
    one.git('push', '-q')
    two.git('pull', '-q', '--rebase')
    two.git('push', '-q')

    b.git('merge', '-q', '--no-edit', 'main')
    assert rows(b) == rows(two) == ['id', '1', '2', '3', '4']
    b.git('push', '-q', 'origin', 'exp/b')
    b.ok('check', 'rules', 'main..exp/b')


def test_a_ledger_of_a_trunk_that_was_rebased_is_measured_after_a_merge(make_lab: Callable[..., Place]) -> None:
    one = shared(make_lab('one', CONFIG.replace('[RESEARCH_JOURNAL.md, results.tsv]', '[program.md]')))
    two = second(one)
    for place in (one, two):
        place.ok('hook', 'install')
    append(two, '4')
    append(one, '3')
    one.git('push', '-q')
    two.git('pull', '-q', '--no-rebase', '--no-edit')
    two.git('worktree', 'add', '-q', '-b', 'exp/b', '../b')
    b = two.at('../b')
    b.write('model.py', 'score = 1.0\n')
    b.commit('exp(b): try')
    two.git('pull', '-q', '--rebase')
    assert (rows(b), rows(two)) == (['id', '1', '2', '4', '3'], ['id', '1', '2', '3', '4'])

    found = gate.commit(Lab.find(two.path), 'exp/b', slug='b')
    assert [(one.path, one.way) for one in found] == [('results.tsv', 'git merge main')]
    b.git('merge', '-q', '--no-edit', 'main')
    assert rows(b) == rows(two) and gate.commit(Lab.find(two.path), 'exp/b', slug='b') == []


def test_rebasing_takes_the_published_rows_first(start: Place) -> None:
    one, two = knows(start), knows(second(start))
    append(one, '3', '2026-02-01 one')
    one.git('push', '-q')
    append(two, '4', '2026-02-02 two')

    two.git('pull', '-q', '--rebase')

    assert rows(two) == ['id', '1', '2', '3', '4']
    assert entries(two)[:2] == ['2026-02-02 two', '2026-02-01 one']


@pytest.mark.parametrize('again', [False, True], ids=['as it was pulled', 'what has gone on since'])
@pytest.mark.parametrize('date', ['2026-02-02', '2026-01-15'])
def test_what_was_pulled_by_a_merge_may_be_rebased_after_all(lab: Place, date: str, again: bool) -> None:
    one, two = shared(lab), second(lab)
    one.ok('hook', 'install')
    two.ok('hook', 'install')
    append(one, '3', '2026-02-01 one')
    one.git('push', '-q')
    append(two, '4', f'{date} two')
    assert pull(two) == 0
    append(two, '5', '2026-02-03 two again')
    if again:
        append(one, '6', '2026-02-04 one again')
        one.git('push', '-q')

    two.git('pull', '-q', '--rebase')

    more, newer = (['6'], ['2026-02-04 one again']) if again else ([], [])
    assert rows(two) == ['id', '1', '2', '3', *more, '4', '5'], 'the published rows come first now'
    assert entries(two)[:-2] == ['2026-02-03 two again', f'{date} two', *newer, '2026-02-01 one']
    two.git('push', '-q')


def test_nor_need_git_be_told_which_remote_a_trunk_follows(lab: Place) -> None:
    one, two = shared(lab), second(lab)
    two.ok('hook', 'install')
    two.git('branch', '-q', '--unset-upstream')
    append(one, '3', '2026-02-01 one')
    one.git('push', '-q', 'origin', 'main')
    append(two, '4', '2026-02-02 two')
    assert pull(two, 'origin', 'main') == 0 and rows(two) == ['id', '1', '2', '4', '3']

    two.git('pull', '-q', '--rebase', 'origin', 'main')
    assert rows(two) == ['id', '1', '2', '3', '4']


@pytest.mark.parametrize('path', [LEDGER, JOURNAL])
def test_a_rebase_of_what_was_pulled_by_a_merge_loses_nothing_of_it(start: Place, path: str) -> None:
    one, two = start, second(start)
    two.ok('hook', 'install')
    append(one, '3', '2026-02-01 one')
    one.git('push', '-q')
    append(two, '4', '2026-01-15 two')
    assert pull(two) == 0
    two.git('switch', '-q', '--detach', 'origin/main')
    append(two, '4', '2026-01-15 two')
    two.write(path, (two.path / path).read_text().replace('4\t2.5', '4\t2.4').replace('two\nsame', 'two\nother'))
    two.without_hooks('commit', '-q', '--amend', '-a', '--no-edit')

    done = two.git('branch', '-f', 'main', 'HEAD', check=False)

    assert done.returncode == 128 and f'{path}: ' in done.stderr, 'what was measured, or written, here is not there any more'


@pytest.mark.parametrize('date', ['2026-02-01', '2026-01-15'])
@pytest.mark.parametrize('words', [('pull', '-q', '--rebase'), ('rebase', '-q', '--apply', 'origin/main'), ('cherry-pick', 'mine')])
def test_an_entry_that_is_no_newer_is_put_on_top_when_its_commit_is_made_anew(lab: Place, words: tuple[str, ...], date: str) -> None:
    one, two = shared(lab), second(lab)
    one.ok('hook', 'install')
    two.ok('hook', 'install')
    append(one, entry='2026-02-01 one')
    one.git('push', '-q')
    published = (one.path / JOURNAL).read_text()
    append(two, entry=f'{date} two')
    append(two, entry=f'{date} two again')
    two.git('fetch', '-q')
    if words[0] == 'cherry-pick':
        two.git('branch', '-q', 'mine', 'main~1')
        two.git('reset', '-q', '--hard', 'origin/main')

    two.git(*words)

    picked = [f'{date} two'] if words[0] == 'cherry-pick' else [f'{date} two again', f'{date} two']
    assert entries(two) == [*picked, '2026-02-01 one', '2026-01-02 second', '2026-01-01 start']
    assert (two.path / JOURNAL).read_text().endswith(published.partition('\n\n')[2]), 'the published text is not touched'
    assert 'nothing against the rules' in two.ok('check', 'rules', 'origin/main..main')
    two.git('push', '-q')


def test_the_last_of_two_entries_may_be_picked_alone(lab: Place) -> None:
    one, two = shared(lab), second(lab)
    two.ok('hook', 'install')
    append(one, entry='2026-02-01 one')
    one.git('push', '-q')
    append(two, entry='2026-02-01 left out')
    append(two, entry='2026-02-01 picked')
    two.git('fetch', '-q')
    two.git('branch', '-q', 'mine')
    two.git('reset', '-q', '--hard', 'origin/main')

    two.git('cherry-pick', 'mine')

    assert entries(two)[:2] == ['2026-02-01 picked', '2026-02-01 one']


def test_a_stashed_entry_comes_back_on_top(lab: Place) -> None:
    one = shared(lab)
    one.ok('hook', 'install')
    text = (one.path / JOURNAL).read_text()
    one.write(JOURNAL, text.replace('\n\n', '\n\n## 2026-01-15 stashed\nx\n\n', 1))
    one.git('stash', '-q')
    append(one, entry='2026-02-01 one')

    one.git('stash', 'pop', '-q')

    assert entries(one)[:2] == ['2026-01-15 stashed', '2026-02-01 one']
    one.git('commit', '-q', '-a', '-m', 'append the stashed entry')


@pytest.mark.parametrize(('how', 'date'), [('--no-rebase', '2026-02-02'), ('--no-rebase', '2026-01-15'), ('--rebase', '2026-01-15')])
@pytest.mark.parametrize('said', ['```pip install x``` was needed', 'it says\n```\nand no end'])
def test_an_entry_that_forgets_to_end_its_code_hinders_nobody(lab: Place, said: str, how: str, date: str) -> None:
    one, two = shared(lab, TEXT + '```sh\n# as before\n```\n'), second(lab)
    one.ok('hook', 'install')
    two.ok('hook', 'install')
    append(one, entry=f'2026-02-01 one\n{said}')
    one.git('push', '-q')
    append(two, entry=f'{date} two')

    two.git('pull', '-q', '--no-edit', how)

    first = ['2026-02-01 one', f'{date} two'][::-1 if how == '--rebase' or date > '2026-02-01' else 1]
    assert entries(two) == [*first, '2026-01-02 second', '2026-01-01 start']
    assert 'nothing against the rules' in two.ok('check', 'rules', 'origin/main..main')
    two.git('push', '-q')


@pytest.mark.parametrize('said', ['nothing new', 'it was said\n{quoted}'])
def test_entries_are_merged_whole_with_the_older_ones_that_they_quote(lab: Place, said: str) -> None:
    one, two = shared(lab), second(lab)
    one.ok('hook', 'install')
    two.ok('hook', 'install')
    quoted = '```\n{}```'.format(TEXT.partition('\n\n')[2])
    first, other = f'2026-02-02 one\n{quoted}', f'2026-02-01 two\n{said}'.format(quoted=quoted)
    append(one, entry=first)
    one.git('push', '-q')
    append(two, entry=other)

    assert pull(two) == 0
    made = ''.join(f'## {entry}\nsame words\n\n' for entry in (first, other))
    assert (two.path / JOURNAL).read_text() == TEXT.replace('\n\n', f'\n\n{made}', 1)
    two.git('push', '-q')


@pytest.mark.parametrize('marks', ['#', '###'])
def test_an_entry_of_another_level_is_refused_when_it_is_made(lab: Place, marks: str) -> None:
    place = shared(lab)
    place.ok('hook', 'install')
    place.write(JOURNAL, TEXT.replace('## ', f'{marks} 2026-02-01 new\nx\n\n## ', 1))
    done = place.git('commit', '-q', '-a', '-m', 'append', check=False)
    assert f"{JOURNAL}: the new entry does not begin with '## ', as the others do" in done.stderr


def test_a_merge_orders_by_date(lab: Place) -> None:
    one, two = shared(lab), second(lab)
    one.ok('hook', 'install')
    two.ok('hook', 'install')
    append(one, entry='2026-01-15 one')
    one.git('push', '-q')
    append(two, entry='2026-02-01 two')
    assert pull(two) == 0
    assert entries(two)[:2] == ['2026-02-01 two', '2026-01-15 one']


def test_a_clone_that_knows_no_driver_gets_a_conflict_and_loses_nothing(start: Place) -> None:
    one, two = start, second(start)
    append(one, '3', 'one')
    one.git('push', '-q')
    append(two, '4', 'two')

    assert pull(two) == 1

    assert two.git('diff', '--name-only', '--diff-filter=U').stdout.split() == [JOURNAL, LEDGER]
    assert {'3', '4', '=======', '<<<<<<< HEAD'} <= set(rows(two))


def test_a_gitexp_that_is_gone_is_no_worse(start: Place) -> None:
    one, two = start, second(start)
    drivers.install(Git(two.path), Origin('/gone/python', '/gone', ''))
    append(one, '3', 'one')
    one.git('push', '-q')
    append(two, '4', 'two')

    assert pull(two) == 1
    assert rows(two) == ['id', '1', '2', '<<<<<<< ours', '4', '=======', '3', '>>>>>>> theirs']


def test_a_python_in_an_odd_place_is_found(start: Place) -> None:
    one, two = start, second(start)
    python = two.path.parent / "it's 100%A" / 'python'
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    drivers.install(Git(two.path), Origin.here('')._replace(python=str(python)))
    append(one, '3', 'one')
    one.git('push', '-q')
    append(two, '4', 'two')

    assert pull(two) == 0
    assert rows(two) == ['id', '1', '2', '4', '3']


def test_an_edited_row_is_left_to_a_person_and_said(start: Place) -> None:
    one, two = start, knows(second(start))
    one.write(LEDGER, ROWS.replace('3.0', '0.1'))
    append(one, entry='one')
    one.git('push', '-q')
    append(two, '4', 'two')

    done = two.git('pull', '-q', '--no-rebase', '--no-edit', check=False)

    assert done.returncode == 1
    assert f"gitexp: '{LEDGER}' is left to you: a side of the merge has changed the header or an old row" in done.stderr
    assert two.git('diff', '--name-only', '--diff-filter=U').stdout.split() == [LEDGER], 'the journal is merged all the same'
    assert entries(two)[:2] == ['two', 'one']
    assert rows(two) == ['id', '1', '2', '4']


def test_two_people_may_begin_a_ledger_at_once(start: Place) -> None:
    start.git('rm', '-q', LEDGER)
    start.git('commit', '-q', '-m', 'none yet')
    start.git('push', '-q')
    one, two = knows(start), knows(second(start))
    for place, row in ((one, '3'), (two, '4')):
        place.write(LEDGER, 'id\tscore\n')
        place.git('add', LEDGER)
        append(place, row)
    one.git('push', '-q')

    assert pull(two) == 0
    assert rows(two) == ['id', '4', '3']


def test_paths_with_blanks_and_quotes_have_their_driver(start: Place) -> None:
    name = "our 'own' notes.md"
    start.write('.gitattributes', f'"/{name}" merge=gitexp-journal\n')
    start.write(name, TEXT)
    start.commit('notes')
    start.git('push', '-q')
    one, two = knows(start), knows(second(start))
    for place in (one, two):
        place.write(name, TEXT.replace('\n\n', f'\n\n## by {place.path.name}\nx\n\n', 1))
        place.commit('note')
    one.git('push', '-q')

    assert pull(two) == 0
    assert '## by two\nx\n\n## by one\nx\n' in (two.path / name).read_text()


def test_the_drivers_are_put_there_and_taken_out(start: Place) -> None:
    before = (start.path / '.git' / 'config').read_text()
    git = Git(start.path)
    drivers.install(git, Origin.here(''))
    made = (start.path / '.git' / 'config').read_text()
    drivers.install(git, Origin.here(''))
    assert (start.path / '.git' / 'config').read_text() == made
    assert made.count('[merge "gitexp-') == 2

    drivers.remove(git)
    assert (start.path / '.git' / 'config').read_text() == before


_steps = some.lists(some.tuples(some.sampled_from(['row', 'entry', 'dated', 'merge']), some.booleans()), min_size=4, max_size=9)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_steps)
def test_whatever_two_clones_append_and_merge_nothing_is_lost_or_doubled(
    start: Place, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool]],
) -> None:
    folder = tmp_path_factory.mktemp('clones')
    clones = [knows(Place(_copied(start.path, folder / name))) for name in ('one', 'two')]
    root, names = start.git('rev-parse', 'HEAD').stdout.strip(), (f'{number:02}' for number in itertools.count(10))
    made: dict[str, set[str]] = {'row': set(rows(start)), 'entry': set(entries(start))}
    for what, first in [*steps, ('merge', True), ('merge', False), ('merge', True), ('merge', False)]:
        here, there = clones if first else reversed(clones)
        name = next(names)
        if what == 'merge':
            _merge(here, there)
        elif what == 'row':
            append(here, row=name)
            made['row'].add(name)
        else:
            title = f'2026-02-{name} x' if what == 'dated' else f'entry {name}'
            append(here, entry=title)
            made['entry'].add(title)
    for place in clones:
        assert sorted(rows(place)) == sorted(made['row']) and rows(place)[:3] == ['id', '1', '2']
        assert sorted(entries(place)) == sorted(made['entry']) and entries(place)[-2:] == entries(start)
        assert 'nothing against the rules' in place.ok('check', 'rules', f'{root}..main')


def _merge(here: Place, there: Place) -> None:
    head, before, old = here.git('rev-parse', 'HEAD').stdout, (here.path / LEDGER).read_text(), entries(here)
    assert pull(here, str(there.path), 'main') == 0
    assert [entry for entry in entries(here) if entry in old] == old
    if here.git('rev-parse', '--verify', '--quiet', 'HEAD^2', check=False).stdout and here.git('rev-parse', 'HEAD^1').stdout == head:
        base = here.git('merge-base', 'HEAD^1', 'HEAD^2').stdout.strip()
        if here.git('show', f'{base}:{LEDGER}').stdout != before:  # Else git takes the other side whole, and asks no driver.
            assert (here.path / LEDGER).read_text().startswith(before)


def _copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    return target


def test_what_is_merged_is_what_the_pure_function_makes(start: Place) -> None:
    one, two = knows(start), knows(second(start))
    append(one, '3', 'one')
    one.git('push', '-q')
    append(two, '4', 'two')
    sides = [(place.path / LEDGER).read_bytes() for place in (two, one)]

    assert pull(two) == 0
    assert (two.path / LEDGER).read_bytes() == weave.rows(ROWS.encode(), *sides)


def test_drivers_that_are_gone_are_put_back_by_the_next_command(lab: Place) -> None:
    lab.ok('hook', 'install')
    made = lab.git('config', '--get-regexp', '^merge').stdout
    lab.git('config', '--remove-section', 'merge.gitexp-ledger')
    lab.git('config', 'merge.gitexp-journal.driver', '/an/old/python %A')

    lab.ok('status')

    assert 'put right: git does not know how to merge the ledger and the journals\n' in lab.talk
    assert sorted(lab.git('config', '--get-regexp', '^merge').stdout.split('\n')) == sorted(made.split('\n'))
    lab.ok('status')
    assert 'put right' not in lab.talk


@pytest.mark.parametrize(('score', 'said'), [('4.0', ''), ('0.1', 'has the id of another row')])
def test_a_row_of_which_somebody_says_more_in_a_column_of_his_own_is_that_row(tmp_path: Path, score: str, said: str) -> None:
    place, names = make(tmp_path, install=False), lines.columns('score')
    head, row = '\t'.join([*names, 'remark']), '\t'.join({'id': 'x1', 'score': '4.0'}.get(name, '') for name in names)
    change(place, 'a ledger with a remark', results_DOT_tsv=f'{head}\n')
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    change(place, 'a row', results_DOT_tsv=f'{head}\n{row}\tfine\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'mine', 'main^')
    change(place, 'the same row, by sync', results_DOT_tsv=f"{head}\n{row.replace('4.0', score)}\t\n")
    knows(place)
    place.write('.git/info/attributes', ATTRIBUTES)
    place.git('merge', '-q', '--no-edit', 'main')
    assert rows(place) == ['id', 'x1', 'x1']
    assert said in push(place, 'mine:main') and at_server(place, 'mine') == ''
    assert (at_server(place, 'main') == place.git('rev-parse', 'HEAD').stdout.strip()) == (not said)
