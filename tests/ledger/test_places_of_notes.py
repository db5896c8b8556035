"""Notes that travel by a remote of several places, and notes that a crash of the machine has torn."""
from __future__ import annotations

import json

import pytest
import sharing
from place import Place
from sharing import REF

NOTHING = "ledger: nothing new; 'origin': nothing new\n"


def test_who_pushes_elsewhere_than_he_fetches_has_what_is_there_too(lab: Place) -> None:
    upstream, fork = sharing.server(lab), _mirror(lab, 'fork.git')
    one, two = (_forked(sharing.clone(upstream, name), fork) for name in ('one', 'two'))
    sharing.measure(one, '01')
    assert one.ok('sync') == "ledger: nothing new; 'origin': 1 new row\n"
    assert two.ok('sync') == "ledger: 1 new row; 'origin': nothing new\n", 'though it has nothing to send'
    sharing.measure(one, '02')
    sharing.measure(two, '03')
    one.ok('sync')
    assert json.loads(two.ok('sync', '--json'))['rounds'] == 1
    sharing.measure(lab, '04')
    lab.ok('sync')
    one.ok('sync')
    assert sorted(sharing.ledger(one)) == ['01', '02', '03', '04'] and sharing.tip(one) == sharing.tip(fork)
    assert two.ok('sync') == "ledger: 1 new row; 'origin': nothing new\n"
    assert one.ok('sync') == two.ok('sync') == NOTHING
    assert sharing.ledger(lab) == ['04'] and sharing.log(lab) == sharing.log(upstream), 'nothing is sent where nobody asked to push'


def test_mirrors_that_are_pushed_to_at_once_end_alike(lab: Place) -> None:
    first, other = sharing.server(lab), _mirror(lab, 'mirror.git')
    lab.git('remote', 'set-url', '--add', 'origin', '../mirror.git')
    two = sharing.clone(other, 'two')
    sharing.measure(two, '02')
    two.ok('sync')
    sharing.measure(lab, '01')
    assert lab.ok('sync') == "ledger: 1 new row; 'origin': 2 new rows\n"
    assert sharing.tip(first) == sharing.tip(other) == sharing.tip(lab)


def test_a_remote_that_is_not_to_be_pushed_to_is_asked_all_the_same(lab: Place) -> None:
    bare = sharing.server(lab)
    sharing.measure(lab, '01')
    lab.ok('sync')
    two = sharing.clone(bare, 'two')
    two.git('remote', 'set-url', '--push', 'origin', 'no_push')
    assert two.ok('sync') == "ledger: 1 new row; 'origin': nothing new\n"
    sharing.measure(two, '02')
    assert two.exp('sync') == 3 and "'origin' does not take the notes: " in two.talk and 'round' not in two.talk


@pytest.mark.parametrize('said', [b'', bytes(41), b'\0' * 40, b'0123456789abcdef\n', b'what\n'])
def test_notes_that_a_crash_has_torn_are_made_anew(lab: Place, said: bytes) -> None:
    sharing.server(lab)
    sharing.measure(lab, '01', '02')
    lab.ok('sync')
    _tear(lab, said)
    lab.exp('doctor')
    assert 'refs/notes/exp\' is torn, as by a crash of the machine\n' in lab.said and 'do: git exp sync --local' in lab.said

    assert lab.ok('sync') == NOTHING and lab.talk == "'refs/notes/exp' was torn, and is made anew\n"
    assert [line[:2] for line in sharing.log(lab)] == ['01', '02']
    lab.git('fetch', '-q')
    assert (lab.path / '.git/exp/torn-notes').read_bytes() == said


@pytest.mark.parametrize('words', [('sync', '--local'), ('doctor', '--fix')])
def test_torn_notes_are_made_anew_without_a_remote_and_by_who_is_asked_to_mend(lab: Place, words: tuple[str, ...]) -> None:
    sharing.measure(lab, '01', '02')
    _tear(lab, b'')
    (lab.path / '.git' / f'{REF}.lock').write_bytes(b'')  # by the same crash
    lab.exp(*words)
    assert "'refs/notes/exp' was torn, and is made anew" in lab.said + lab.talk
    assert [line[:2] for line in sharing.log(lab)] == ['01', '02'] and not (lab.path / '.git' / f'{REF}.lock').exists()


def test_torn_notes_are_left_to_a_git_that_is_at_work_on_them(lab: Place) -> None:
    sharing.measure(lab, '01')
    _tear(lab, b'')
    with open(lab.path / '.git' / f'{REF}.lock', 'wb'):
        assert lab.exp('sync') == 3 and 'is torn, and another git is at work on it' in lab.talk
    lab.ok('sync')


def test_a_row_is_safe_though_the_notes_are_torn(lab: Place) -> None:
    sharing.measure(lab, '01')
    (lab.path / '.git' / REF).unlink()
    lab.git('pack-refs', '--all')
    sharing.measure(lab, '02')
    _tear(lab, b'')
    lab.ok('sync')
    assert [line[:2] for line in sharing.log(lab)] == ['01', '02']


def test_notes_whose_objects_are_gone_lead_to_what_mends_them(lab: Place) -> None:
    sharing.server(lab)
    sharing.measure(lab, '01')
    lab.ok('sync')
    (lab.path / '.git' / REF).write_text(f'{"1" * 40}\n')
    assert lab.exp('sync') == 3 and f'hint: git update-ref -d {REF}; git exp sync\n' in lab.talk
    lab.git('update-ref', '-d', REF)
    assert lab.ok('sync') == NOTHING and [line[:2] for line in sharing.log(lab)] == ['01']


def _mirror(lab: Place, name: str) -> Place:
    lab.git('clone', '-q', '--bare', '.', f'../{name}')
    return lab.at(f'../{name}')


def _forked(clone: Place, fork: Place) -> Place:
    clone.git('remote', 'set-url', '--push', 'origin', str(fork.path.resolve()))
    return clone


def _tear(lab: Place, said: bytes) -> None:
    (lab.path / '.git' / REF).write_bytes(said)
