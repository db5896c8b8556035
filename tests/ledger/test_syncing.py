"""Results travel by notes: whoever syncs has every row once, whatever happens on the way."""
from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import forked
import pytest
import sharing
from hypothesis import given, settings
from hypothesis import strategies as st
from place import PROGRAM, Place
from sharing import REF

from gitexp.core.errors import Refused
from gitexp.git import joined
from gitexp.git import notes as kept
from gitexp.git.command import Git
from gitexp.git.joined import Change
from gitexp.lab.lab import Lab
from gitexp.git.notes import Note
from gitexp.ledger import notes, read, sync
from gitexp.ledger.result import Kind, Result

Rows = Callable[..., Result]
NOTHING = "ledger: nothing new; 'origin': nothing new\n"


def test_a_clone_has_the_same_ledger_byte_for_byte(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01', '02', description='tab\tand \\ and é\u2028', metrics={'loss': [1, {'a': None}], 'n': 10 ** 20})
    sharing.measure(lab, '03', commit=None, kind=Kind.SUPERSEDE, params={'bug': 'leak', 'covers': ['01']})
    sharing.measure(lab, '04', value=1e-300, seed=None, noted=False)
    assert lab.ok('sync') == "ledger: nothing new; 'origin': 4 new rows\n"
    assert lab.ok('sync') == NOTHING

    two = sharing.clone(bare, 'two')
    assert json.loads(two.ok('sync', '--json')) == {'remote': 'origin', 'taken': 4, 'noted': 0, 'sent': 0, 'rounds': 1, 'odd': []}
    assert (two.path / 'results.tsv').read_bytes() == (lab.path / 'results.tsv').read_bytes()
    assert sharing.log(two) == sharing.log(lab) and sharing.tip(two) == sharing.tip(lab)
    assert read.read(Lab.find(two.path)).covered == {'01': 'leak'}, 'what is retired here is retired there'


@pytest.mark.parametrize(('committed', 'way'), [
    (('model.py',), None), (('results.tsv',), 'results.tsv'), (('results.tsv', 'docs'), 'results.tsv docs/experiment_results.md'),
])
def test_what_git_pull_would_stumble_over_is_named_with_the_rows_that_came(lab: Place, committed: tuple[str, ...], way: str | None) -> None:
    sharing.measure(lab, '01')
    lab.ok('report')
    lab.git('add', *committed)
    lab.git('commit', '-q', '--allow-empty', '-m', 'Results')
    bare = sharing.server(lab)
    lab.ok('sync')
    two = sharing.clone(bare, 'two')
    two.ok('sync')
    sharing.measure(lab, '02')
    lab.ok('sync')

    assert two.ok('sync') == "ledger: 1 new row; 'origin': nothing new\n"
    assert two.talk == (f"hint: before git pull: git commit -m 'Results' -- {way}\n" if way else '')


def test_a_row_of_somebody_that_could_not_be_written_again_keeps_no_other_from_travelling(lab: Place) -> None:
    sharing.server(lab)
    sharing.measure(lab, '01')
    text = notes.text(sharing.measure(lab, '02', noted=False)[0])
    ledger, whole = lab.path / 'results.tsv', f'"x":[{"1e15," * 130_000}1]'.encode()
    noted, there = (text.replace(b'\t{}\t', b'\t{%b}\t' % whole, 1).replace(b'02', name, 1) for name in (b'03', b'04'))
    kept.add(Git(Lab.find(lab.path).common), [Note('03', noted, [])], who='Eve <e@x.org>', message='a row')
    ledger.write_bytes(ledger.read_bytes() + there)
    said = json.loads(lab.ok('sync', '--json'))
    assert (said['taken'], said['noted'], said['sent']) == (0, 1, 3)
    assert [one['message'] for one in said['odd']] == ["the row of '03' is longer than 2 MiB"]


def test_two_that_measured_apart_meet(lab: Place) -> None:
    bare = sharing.server(lab)
    two = sharing.clone(bare, 'two')
    sharing.measure(lab, '01')
    sharing.measure(two, '02')
    lab.ok('sync')
    assert two.ok('sync') == "ledger: 1 new row; 'origin': 1 new row\n"
    assert lab.ok('sync') == "ledger: 1 new row; 'origin': nothing new\n"
    assert (sharing.ledger(lab), sharing.ledger(two)) == (['01', '02'], ['02', '01'])
    assert [line[:2] for line in sharing.log(lab)] == ['01', '02'] and sharing.tip(lab) == sharing.tip(two) == sharing.tip(bare)
    assert two.ok('sync') == lab.ok('sync') == NOTHING


def test_ten_clones_at_once_end_with_every_row_once(lab: Place) -> None:
    """Against a server that judges each push; some of them with hooks of their own."""
    bare = sharing.server(lab)
    bare.ok('hook', 'install', '--server')
    clones = [sharing.clone(bare, f'clone{number}') for number in range(10)]
    for number, one in enumerate(clones):
        if number < 2:
            one.git('config', '--unset', 'gitexp.hooks')
            one.ok('hook', 'install')
        sharing.measure(one, *(f'{number}x{turn}' for turn in range(2)), noted=number % 2 == 0)
    running = [subprocess.Popen([PROGRAM, 'sync'], cwd=one.path, stdout=-1, stderr=-1, text=True) for one in clones]
    said = [child.communicate() for child in running]
    assert [child.returncode for child in running] == [0] * 10, said
    assert 'meanwhile: round 2' in ''.join(talk for _, talk in said), 'some have lost a race, or this shows nothing'

    expected = sorted(f'{number}x{turn}' for number in range(10) for turn in range(2))
    for one in [*clones, clones[0], lab]:
        one.ok('sync')
    assert all(sorted(sharing.ledger(one)) == expected for one in [*clones, lab])
    assert {sharing.tip(one) for one in clones} == {sharing.tip(bare)}
    assert sorted(line.split('  ')[0] for line in sharing.log(lab)) == expected
    bare.git('fsck', '--strict')


def test_rows_that_the_working_copy_lost_come_back(lab: Place) -> None:
    sharing.measure(lab, '01', '02')
    before = (lab.path / 'results.tsv').read_bytes()
    (lab.path / 'results.tsv').unlink()

    assert lab.ok('sync') == 'ledger: 2 new rows; notes: nothing new\n'
    assert 'hint: there is no remote' in lab.talk
    assert (lab.path / 'results.tsv').read_bytes() == before


def test_a_ledger_of_another_shape_is_no_other_ledger(lab: Place) -> None:
    sharing.measure(lab, '01', '02')
    lines = (lab.path / 'results.tsv').read_text().splitlines()
    lab.write('results.tsv', ''.join(f'me\t{line}\r\n' if number else f'by\t{line}\r\n' for number, line in enumerate(lines)))
    assert lab.ok('sync') == 'ledger: nothing new; notes: nothing new\n'

    lab.write('results.tsv', '\n'.join(lines))
    assert lab.ok('sync') == 'ledger: nothing new; notes: nothing new\n' and not lab.talk.startswith(REF), 'nor without its last line end'


def test_a_row_that_somebody_has_edited_travels_nowhere(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01', '02')
    lab.ok('sync')
    two, three = sharing.clone(bare, 'two'), sharing.clone(bare, 'three')
    two.ok('sync')
    two.write('results.tsv', (two.path / 'results.tsv').read_text().replace('\t1.5\t', '\t0.1\t', 1))

    assert two.ok('sync') == NOTHING
    assert f"{REF}:{sharing.row_path(two, '01')}: not what the ledger says of '01', which stays as it is here" in two.talk
    three.ok('sync')
    assert [row.value for row in read.read(Lab.find(three.path)).results] == [1.5, 1.5]
    two.exp('doctor')
    assert 'warn  notes' in two.said


@pytest.mark.parametrize('follow', ['false', 'true'])
def test_a_forged_note_is_named_and_what_was_there_first_counts(lab: Place, follow: str) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    lab.ok('sync')
    eve = sharing.clone(bare, 'eve')
    eve.ok('sync')
    sharing.forge(eve, lab, '01')
    eve.git('push', '-q', 'origin', REF)

    lab.ok('sync')
    assert lab.talk.count("not what the ledger says of '01', which stays as it is here") == 4
    fresh = sharing.clone(bare, 'fresh')
    fresh.git('config', 'log.follow', follow)
    assert "ledger: 1 new row" in fresh.ok('sync')
    assert 'one of 5 rows of that id, and the first, so that it counts' in fresh.talk
    assert [row.value for row in read.read(Lab.find(fresh.path)).results] == [1.5]


def test_of_two_rows_neither_counts_where_only_dates_say_which_was_first(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    sharing.measure(lab, '02')
    lab.ok('sync')
    eve = sharing.clone(bare, 'eve')
    eve.ok('sync')
    forged = (lab.path / 'results.tsv').read_text().splitlines()[2].replace('\t1.5\t', '\t0.1\t') + '\n'
    true, oid = eve.git('rev-parse', REF).stdout.strip(), subprocess.run(
        ['git', 'hash-object', '-w', '--stdin'], cwd=eve.path, input=forged, text=True, capture_output=True).stdout.strip()
    path = f'rows/{oid[:2]}/02-{oid[2:10]}'
    old = {'GIT_AUTHOR_DATE': '@1000 +0000', 'GIT_COMMITTER_DATE': '@1000 +0000', 'GIT_INDEX_FILE': str(eve.path / '.git/forged')}
    eve.git('read-tree', '--empty', **old)
    eve.git('update-index', '--add', '--cacheinfo', f'100644,{oid},{path}', **old)
    root = eve.git('commit-tree', '-m', 'old', eve.git('write-tree', **old).stdout.strip(), **old).stdout.strip()
    eve.git('read-tree', true, **old)
    eve.git('update-index', '--add', '--cacheinfo', f'100644,{oid},{path}', **old)
    both = eve.git('commit-tree', '-m', 'both', '-p', root, '-p', true, eve.git('write-tree', **old).stdout.strip(), **old).stdout.strip()
    eve.git('push', '-q', 'origin', f'{both}:{REF}')

    fresh = sharing.clone(bare, 'fresh')
    assert 'ledger: 1 new row' in fresh.ok('sync') and sharing.ledger(fresh) == ['01']
    assert 'one of 2 rows of that id, and nothing tells which was first, so that none counts' in fresh.talk
    lab.ok('sync')
    assert [row.value for row in read.read(Lab.find(lab.path)).results] == [1.5, 1.5]


def test_of_rows_that_came_together_none_was_the_first(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    sharing.measure(lab, '02')
    lab.ok('sync')
    eve = sharing.clone(bare, 'eve')
    eve.ok('sync')
    sharing.forge(eve, lab, '02')
    squashed = eve.git('commit-tree', '-m', 'all at once', f'{REF}^{{tree}}').stdout.strip()
    eve.git('push', '-q', '-f', 'origin', f'{squashed}:{REF}')

    fresh = sharing.clone(bare, 'fresh')
    assert 'ledger: 1 new row' in fresh.ok('sync') and sharing.ledger(fresh) == ['01']
    assert 'one of 5 rows of that id, and nothing tells which was first, so that none counts' in fresh.talk
    lab.ok('sync')
    fresh.ok('sync')
    assert sharing.ledger(fresh) == ['01'], 'nor does it when the history is there again'
    assert [row.value for row in read.read(Lab.find(lab.path)).results] == [1.5, 1.5]


@pytest.mark.parametrize(('text', 'path', 'why'), [
    ('nonsense\n', None, '1 column where'),
    ('{}\n' * 2, None, 'not one line'),
    ('a row without its end', None, 'not one line'),
    ('whatever\n', 'rows/aa/02-00000000', 'not a row'),
    ('whatever\n', 'rows/README', 'not a row'),
])
def test_what_is_no_row_is_named_and_left_out(lab: Place, text: str, path: str | None, why: str) -> None:
    sharing.measure(lab, '01')
    oid = subprocess.run(['git', 'hash-object', '--stdin'], input=text, text=True, capture_output=True).stdout
    sharing.plant(lab, path or f'rows/{oid[:2]}/02-{oid[2:10]}', text)
    (lab.path / 'results.tsv').unlink()

    assert lab.ok('sync') == 'ledger: 1 new row; notes: nothing new\n'
    assert why in lab.talk and lab.talk.startswith(f'{REF}:rows/')
    assert sharing.ledger(lab) == ['01']


def test_a_row_under_the_name_of_another_is_no_row(lab: Place) -> None:
    [row] = sharing.measure(lab, '01')
    text = lab.git('show', f'{REF}:{sharing.row_path(lab, "01")}').stdout
    oid = subprocess.run(['git', 'hash-object', '--stdin'], input=text, text=True, capture_output=True).stdout
    sharing.plant(lab, f'rows/{oid[:2]}/02-{oid[2:10]}', text)
    lab.ok('sync')
    assert "it has the id '01'" in lab.talk and sharing.ledger(lab) == [row.id]


def test_notes_that_somebody_removed_or_rewound_are_there_again(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    lab.ok('sync')
    two = sharing.clone(bare, 'two')
    two.ok('sync')
    sharing.measure(two, '02')
    two.ok('sync')
    lab.git('notes', '--ref=exp', 'remove', 'HEAD')
    lab.git('push', '-q', '--force', 'origin', f'{REF}:{REF}')

    assert two.ok('sync') == "ledger: nothing new; 'origin': 1 new row\n"
    assert lab.ok('sync') == "ledger: 1 new row; 'origin': nothing new\n"
    assert [line[:2] for line in sharing.log(lab)] == ['01', '02']

    bare.git('update-ref', '-d', REF)
    assert two.ok('sync') == "ledger: nothing new; 'origin': 2 new rows\n"
    assert lab.ok('sync') == NOTHING


@pytest.mark.parametrize('strategy', ['cat_sort_uniq', 'ours'])
@pytest.mark.parametrize('by_hand', [False, True], ids=['merged', 'merged and pushed'])
def test_rows_that_a_merge_by_git_has_left_out_are_there_again(lab: Place, by_hand: bool, strategy: str) -> None:
    bare = sharing.server(lab)
    two, one = sharing.clone(bare, 'two'), sharing.clone(bare, 'one')
    sharing.measure(two, '02')
    sharing.measure(one, '01')
    two.ok('sync')
    one.git('fetch', '-q', 'origin', f'{REF}:refs/notes/their')
    one.git('notes', '--ref=exp', 'merge', '-q', '-s', strategy, 'their')
    assert len(sharing.paths(one)) == 2, 'the note of both, and the row of one side'
    if by_hand:
        one.git('push', '-q', 'origin', REF)

    other = sharing.clone(bare, 'three') if by_hand else one
    other.ok('sync')
    assert sorted(sharing.ledger(other)) == ['01', '02']
    for place in (two, one):
        place.ok('sync')
    assert sorted(sharing.ledger(one)) == sorted(sharing.ledger(two)) == ['01', '02'] and sharing.tip(one) == sharing.tip(two)
    assert two.ok('sync') == one.ok('sync') == NOTHING


def test_without_a_remote_too_a_merge_by_git_leaves_no_row_out(lab: Place) -> None:
    bare = sharing.server(lab)
    two = sharing.clone(bare, 'two')
    sharing.measure(two, '02')
    two.ok('sync')
    sharing.measure(lab, '01')
    lab.git('fetch', '-q', 'origin', f'{REF}:refs/notes/their')
    lab.git('notes', '--ref=exp', 'merge', '-q', '-s', 'union', 'their')
    assert lab.ok('sync', '--local') == 'ledger: 1 new row; notes: 1 new row\n'
    assert lab.ok('sync', '--local') == 'ledger: nothing new; notes: nothing new\n'


def test_a_fetch_that_overwrites_the_notes_loses_nothing(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    lab.ok('sync')
    two = sharing.clone(bare, 'two')
    two.git('config', '--add', 'remote.origin.fetch', '+refs/notes/*:refs/notes/*')
    sharing.measure(two, '02')
    two.git('fetch', '-q')
    assert two.ok('sync') == "ledger: 1 new row; 'origin': 1 new row\n"
    sharing.measure(two, '03')
    assert two.ok('sync') == "ledger: nothing new; 'origin': 1 new row\n"
    assert sorted(line[:2] for line in sharing.log(two)) == ['01', '02', '03']


def test_notes_that_git_has_laid_out_otherwise_are_the_same_notes(lab: Place) -> None:
    """Below 256 notes git has no folders for them, and rewrites them so."""
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    lab.ok('sync')
    two = sharing.clone(bare, 'two')
    two.ok('sync')
    two.git('notes', '--ref=exp', 'append', '-m', 'looks odd')
    sharing.measure(lab, '02')
    lab.ok('sync')
    two.ok('sync')
    lab.ok('sync')
    for one in (lab, two):
        assert [line[:2] for line in sharing.log(one)] == ['01', '02', 'lo'], 'each line once'
    assert sharing.tip(lab) == sharing.tip(two)


def test_a_lost_race_is_run_again_and_given_up_in_the_end(lab: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = sharing.server(lab)
    two = sharing.clone(bare, 'two')
    sharing.measure(two, '02')
    two.ok('sync')
    faster = f"cd '{two.path}' && git notes --ref=exp append -m again 2>/dev/null && git push -q origin {REF}"
    hook = lab.write('.git/hooks/pre-push', f'#!/bin/sh\nunset GIT_DIR\n{faster}\n')
    hook.chmod(0o755)
    sharing.measure(lab, '01')
    monkeypatch.setattr(sync, '_ROUNDS', 3)
    heard: list[str] = []
    with pytest.raises(Refused, match='got other notes 3 times while these were sent; what came is in the ledger'):
        sync.sync(Lab.find(lab.path), 'origin', say=heard.append)
    assert heard == ["'origin' got other notes meanwhile: round 2", "'origin' got other notes meanwhile: round 3",
                     "'origin' got other notes meanwhile: round 4"][:len(heard)] and len(heard) >= 2
    assert sharing.ledger(lab) == ['01', '02']
    hook.unlink()
    assert lab.ok('sync') == "ledger: nothing new; 'origin': 1 new row\n"


def test_a_lock_that_was_left_at_the_remote_is_no_race_and_named(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    lab.ok('sync')
    lock = bare.write(f'{REF}.lock', '')
    sharing.measure(lab, '02')

    assert lab.exp('sync') == 3
    assert "'origin' takes nothing just now: round 2\n" in lab.talk and 'got other notes' not in lab.talk
    assert "git exp: 'origin' does not take the notes: failed to update ref: " in lab.talk
    assert f"{REF}.lock': File exists" in lab.talk and "hint: there, where no git is at work on it: rm '" in lab.talk
    lock.unlink()
    assert lab.ok('sync') == "ledger: nothing new; 'origin': 1 new row\n"


def test_a_remote_that_is_a_mirror_takes_notes_as_any_other(lab: Place) -> None:
    lab.git('init', '-q', '--bare', '../backup.git')
    lab.git('remote', 'add', '--mirror=push', 'a=b', '../backup.git')
    sharing.measure(lab, '01')
    assert lab.ok('sync') == "ledger: nothing new; 'a=b': 1 new row\n"
    sharing.measure(lab, '02')
    assert lab.ok('sync', lab.git('remote', 'get-url', 'a=b').stdout.strip()).endswith(': 1 new row\n'), 'nor does a path harm'


@pytest.mark.parametrize(('remote', 'says'), [
    ('nowhere', "cannot fetch the notes of 'nowhere': 'nowhere' does not appear to be a git repository"),
    ('http://127.0.0.1:9/x.git', "cannot fetch the notes of 'http://127.0.0.1:9/x.git': unable to access"),
])
def test_a_remote_that_cannot_be_reached(lab: Place, remote: str, says: str) -> None:
    sharing.measure(lab, '01', noted=False)
    assert lab.exp('sync', remote) == 3
    assert lab.talk.startswith(f'git exp: {says}') and lab.talk.count('\n') == 2
    assert sharing.log(lab) == []


def test_a_remote_that_takes_nothing(lab: Place) -> None:
    bare = sharing.server(lab)
    bare.write('hooks/pre-receive', '#!/bin/sh\necho "notes are not for you" >&2\nexit 1\n').chmod(0o755)
    sharing.measure(lab, '01')
    assert lab.exp('sync') == 3
    assert lab.talk == (
        "git exp: 'origin' does not take the notes: pre-receive hook declined: notes are not for you\n"
        f'hint: git push origin {REF}\n'
    )


def test_a_ref_below_the_notes_is_named(lab: Place) -> None:
    bare = sharing.server(lab)
    bare.git('update-ref', f'{REF}/more', 'main')
    sharing.measure(lab, '01')
    assert lab.exp('sync') == 3
    assert lab.talk == (
        f"git exp: 'origin' has '{REF}/more', which leaves no room for '{REF}'\n"
        f'hint: git push origin --delete {REF}/more\n'
    )


def test_which_remote(lab: Place, tmp_path: Path) -> None:
    sharing.measure(lab, '01')
    lab.git('clone', '-q', '--bare', '.', '../a.git')
    lab.git('clone', '-q', '--bare', '.', '../b.git')
    lab.git('remote', 'add', 'a', '../a.git')
    assert "'a': 1 new row" in lab.ok('sync')
    lab.git('remote', 'add', 'b', '../b.git')
    assert lab.exp('sync') == 3 and lab.talk == 'git exp: there are several remotes\nhint: name one: git exp sync a\n'
    lab.git('config', 'branch.main.remote', 'b')
    assert "'b': 1 new row" in lab.ok('sync')
    lab.git('worktree', 'add', '-q', '--no-track', '-b', 'exp/one', '5_worktrees/one')
    assert 'nothing new' in lab.at('5_worktrees/one').ok('sync', '../../../a.git')
    assert lab.exp('sync', 'a', '--local') == 2


def test_from_a_shallow_and_from_a_partial_clone(lab: Place) -> None:
    bare = sharing.server(lab)
    bare.git('config', 'uploadpack.allowFilter', 'true')
    lab.write('more', '')
    lab.commit('more')
    lab.git('push', '-q', 'origin', 'main')
    sharing.measure(lab, '01')
    lab.ok('sync')
    for number, word in enumerate(('--depth=1', '--filter=blob:none')):
        bare.git('clone', '-q', word, f'file://{bare.path.resolve()}', f'../cut{number}')
        cut = bare.at(f'../cut{number}')
        cut.git('config', 'gitexp.hooks', 'removed')
        sharing.measure(cut, f'cut{number}')
        cut.ok('sync')
        assert '01' in sharing.ledger(cut) and len(sharing.log(cut)) == 2 + number
    assert "ledger: 2 new rows" in lab.ok('sync')


def test_in_a_bare_repository_it_says_that_there_is_no_ledger(lab: Place) -> None:
    bare = sharing.server(lab)
    assert bare.exp('sync') == 3 and "no worktree has the trunk 'main' checked out" in bare.talk


def test_nothing_is_left_behind(lab: Place) -> None:
    sharing.server(lab)
    sharing.measure(lab, '01')
    before = (lab.path / '.git/config').read_text()
    lab.ok('sync')
    refs = lab.git('for-each-ref', '--format=%(refname)').stdout.split()
    assert refs == ['refs/heads/main', REF] and not (lab.path / '.git/FETCH_HEAD').exists()
    assert (lab.path / '.git/config').read_text() == before


def test_killed_anywhere_the_next_sync_ends_what_was_begun(lab: Place, row: Rows) -> None:
    bare = sharing.server(lab)
    two = sharing.clone(bare, 'two')
    sharing.measure(two, '02', noted=False)
    sharing.measure(lab, '01')
    lab.ok('sync')
    step, told = 0, None
    while told is None:
        step += 5
        sharing.measure(lab, f'1{step:03}')
        lab.ok('sync')
        told = forked.run(lambda: str(sync.sync(Lab.find(two.path), 'origin', say=str).rounds), die_at=step)
        assert len({*usable(two)}) == len(usable(two))
    assert step > 30
    two.ok('sync')
    lab.ok('sync')
    assert sorted(usable(two)) == sorted(usable(lab)) and sharing.tip(two) == sharing.tip(lab)
    two.git('fsck', '--strict')


def usable(place: Place) -> list[str]:
    return [row.id for row in read.read(Lab.find(place.path)).results]


paths = st.sampled_from(['aa/' + 'b' * 38, 'cc/' + 'd' * 38, 'rows/aa/1-bbbbbbbb', 'else'])
texts = st.dictionaries(paths, st.sampled_from('pqr'), max_size=4)


def merged(ours: dict[str, str], theirs: dict[str, str]) -> tuple[dict[str, str], bool]:
    """Both sides by the union, each note as its lines: a model of trees whose objects are their own texts."""
    changes = [
        Change(path, *(('100644', side[path]) if path in side else None for side in (ours, theirs)))
        for path in sorted({*ours, *theirs}) if ours.get(path) != theirs.get(path)
    ]
    edits, lacks = joined.union(changes, lambda oid: '\n'.join(oid).encode())
    made = dict(ours)
    for edit in edits:
        made.pop(edit.path, None)
        if edit.text is not None:
            made[edit.path] = edit.text.decode().replace('\n', '')
        elif edit.entry:
            made[edit.path] = edit.entry[1]
    return made, lacks


@settings(max_examples=200, deadline=None)
@given(one=texts, two=texts, three=texts)
def test_in_whatever_order_notes_meet_they_end_the_same(one: dict[str, str], two: dict[str, str], three: dict[str, str]) -> None:
    both, lacks = merged(one, two)
    assert both == merged(two, one)[0] and lacks == (both != two)
    assert merged(both, three)[0] == merged(one, merged(two, three)[0])[0]
    assert merged(both, two) == (both, both != two)
    assert all(set(one[path]) <= set(both[path]) for path in one if path[2] == '/'), 'no line is lost'


def test_a_union_of_lines_that_stand_at_several_places() -> None:
    flat, usual = 'ab' + 'c' * 38, 'ab/' + 'c' * 38
    ours, theirs = {usual: 'p'}, {flat: 'pq'}
    both, lacks = merged(ours, theirs)
    assert both == {usual: 'pq'} and lacks
    assert merged({flat: 'p'}, {usual: 'q'})[0] == {usual: 'pq'}
    assert merged({usual: 'p', flat: 'q'}, {usual: 'p'}) == ({usual: 'p', flat: 'q'}, True)


def test_how_long_a_note_line_is(lab: Place) -> None:
    [row] = sharing.measure(lab, 'z' * 16, value=-123.456789, memory_gb=12.3, seconds=86400.0, verdict='inconclusive', version='v10')
    assert max(map(len, sharing.log(lab))) <= 100 - 4 and os.linesep not in row.id


def test_a_file_where_the_notes_have_a_folder_takes_nothing_away(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01', '02')
    lab.ok('sync')
    blob = lab.git('rev-parse', 'HEAD:model.py').stdout.strip()
    made = subprocess.run(['git', 'mktree'], cwd=lab.path, input=f'100644 blob {blob}\trows\n', capture_output=True, text=True, check=True)
    strange = lab.git('commit-tree', '-m', 'x', made.stdout.strip()).stdout.strip()
    lab.git('push', '-q', '-f', 'origin', f'{strange}:{REF}')

    lab.ok('sync')

    assert len(sharing.paths(bare)) >= 2 and sharing.clone(bare, 'two').ok('sync').startswith('ledger: 2 new rows')


@pytest.mark.parametrize('words', [('--', '--upload-pack=touch stray'), ('shared',)])
def test_what_is_no_remote_starts_nothing(lab: Place, words: tuple[str, ...]) -> None:
    sharing.server(lab)

    assert lab.exp('sync', *words) == 3
    assert not (lab.path / 'stray').exists()


def test_a_remote_that_has_no_notes_but_a_file_is_named(lab: Place) -> None:
    bare = sharing.server(lab)
    (bare.path / REF).parent.mkdir(parents=True, exist_ok=True)
    (bare.path / REF).write_text(bare.git('rev-parse', 'main:model.py').stdout)

    assert lab.exp('sync') == 3 and "what 'origin' has as refs/notes/exp are no notes" in lab.talk
    assert lab.talk.endswith('hint: somebody has overwritten it: git push origin :refs/notes/exp, then: git exp sync\n')
    lab.git('push', '-q', 'origin', ':refs/notes/exp')
    lab.ok('sync')
