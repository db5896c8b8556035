"""git exp doctor --fix, where a merge has left a conflict in what several people append to."""
from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gitexp.report import conflicts
from place import CONFIG, Place

LEDGER, JOURNAL = 'results.tsv', 'RESEARCH_JOURNAL.md'
ROWS = 'id\tscore\n1\t3.0\n'
BOTH = f'{ROWS}2\t2.9\n3\t2.8\n'
ENTRIES = '# Research journal\n\n{}## 2026-01-01 start\nfirst entry\n'


@pytest.fixture
def torn(make_lab: Callable[..., Place]) -> Place:
    """A trunk in the middle of a merge that git could not make without our drivers."""
    lab = make_lab(config=CONFIG.replace('[RESEARCH_JOURNAL.md, results.tsv]', '[program.md]', 1), **{LEDGER: ROWS})
    lab.git('branch', 'theirs')
    for branch, row, entry in (('theirs', '3\t2.8', '## theirs\ny\n\n'), ('main', '2\t2.9', '## ours\nx\n\n')):
        lab.git('switch', '-q', branch)
        lab.write(LEDGER, f'{ROWS}{row}\n')
        lab.write(JOURNAL, ENTRIES.format(entry))
        lab.commit(branch)
    assert lab.git('merge', 'theirs', check=False).returncode == 1
    return lab


def troubles(place: Place) -> list[tuple[str, str | None]]:
    place.exp('doctor', '--json')
    return [(check['says'], check['way']) for check in json.loads(place.said)['checks'] if check['name'] == 'conflicts']


def test_it_is_said_and_mended(torn: Place) -> None:
    says = "'{}': a merge has left its conflict markers"
    assert sorted(troubles(torn)) == [(says.format(name), 'git exp doctor --fix') for name in (JOURNAL, LEDGER)]

    torn.exp('doctor', '--fix')

    assert f"fixed the conflict in '{LEDGER}': what both sides added is there, and staged\n" in torn.said
    assert (torn.path / LEDGER).read_text() == BOTH
    assert (torn.path / JOURNAL).read_text() == ENTRIES.format('## ours\nx\n\n## theirs\ny\n\n')
    assert torn.git('ls-files', '-u').stdout == torn.git('diff').stdout == ''
    assert troubles(torn) == []
    torn.git('commit', '-q', '--no-edit')
    assert 'nothing against the rules' in torn.ok('check', 'rules', 'HEAD^..HEAD')


def test_where_a_merge_is_squashed_the_entries_come_on_top(torn: Place) -> None:
    torn.git('merge', '--abort')
    for branch, entry in (('theirs', '## 2026-03-01 theirs\ny\n\n'), ('main', '## 2026-03-02 ours\nx\n\n')):
        torn.git('switch', '-q', branch)
        torn.write(JOURNAL, ENTRIES.format(entry))
        torn.commit('dated')
    assert torn.git('merge', '--squash', 'theirs', check=False).returncode == 1

    torn.exp('doctor', '--fix')

    assert (torn.path / JOURNAL).read_text() == ENTRIES.format('## 2026-03-01 theirs\ny\n\n## 2026-03-02 ours\nx\n\n')


def test_a_row_that_came_meanwhile_stays_for_the_next_commit(torn: Place) -> None:
    with open(torn.path / LEDGER, 'a') as file:
        file.write('4\t2.7\n')

    torn.exp('doctor', '--fix')

    assert (torn.path / LEDGER).read_text() == f'{BOTH}4\t2.7\n'
    assert torn.git('show', f':{LEDGER}').stdout == BOTH


def test_words_that_no_side_has_keep_a_journal_as_it_is(torn: Place) -> None:
    text = (torn.path / JOURNAL).read_text() + 'a thought\n'
    torn.write(JOURNAL, text)

    torn.exp('doctor', '--fix')

    assert (torn.path / JOURNAL).read_text() == text
    assert troubles(torn) == [
        (f"'{JOURNAL}': a merge has left its conflict markers", f"keep every line of both sides, then: git add '{JOURNAL}'"),
    ]


def test_markers_that_were_staged_are_mended_from_the_text(torn: Place) -> None:
    torn.git('add', LEDGER)
    (torn.path / LEDGER).chmod(0o664)

    torn.exp('doctor', '--fix')

    assert f"fixed the conflict in '{LEDGER}': what both sides added is there\n" in torn.said
    assert (torn.path / LEDGER).read_text() == BOTH
    assert (torn.path / LEDGER).stat().st_mode & 0o777 == 0o664
    assert torn.git('diff', '--name-only').stdout.split() == [LEDGER], 'what somebody has staged is left to him'


def test_an_underline_that_may_be_the_border_of_the_sides_is_left_to_a_person(torn: Place) -> None:
    torn.git('merge', '--abort')
    torn.write(JOURNAL, ENTRIES.format('## ours\n\nResult\n=======\n## more of ours\nx\n\n'))
    torn.commit('underlined')
    torn.git('merge', 'theirs', check=False)
    text = (torn.path / JOURNAL).read_text()
    torn.git('add', JOURNAL)

    assert torn.exp('doctor', '--fix') == 1

    assert (torn.path / JOURNAL).read_text() == text
    assert f"keep every line of both sides, then: git add '{JOURNAL}'" in torn.said


def test_an_edited_row_is_left_to_a_person(torn: Place) -> None:
    torn.git('merge', '--abort')
    torn.write(LEDGER, f'{ROWS}2\t2.9\n'.replace('3.0', '0.1'))
    torn.commit('edited')
    torn.git('merge', 'theirs', check=False)
    text = (torn.path / LEDGER).read_text()

    torn.exp('doctor', '--fix')

    assert (torn.path / LEDGER).read_text() == text
    assert len(troubles(torn)) == 1


def test_markers_that_are_history_are_left_alone(torn: Place) -> None:
    torn.git('commit', '-q', '-n', '-a', '-m', 'with its markers')
    text = (torn.path / LEDGER).read_text()

    torn.exp('doctor', '--fix')

    assert (torn.path / LEDGER).read_text() == text
    assert troubles(torn) == []


def test_a_stash_that_does_not_fit_is_mended_too(lab: Place) -> None:
    lab.write(LEDGER, ROWS)
    lab.commit('rows')
    lab.write(LEDGER, f'{ROWS}3\t2.8\n')
    lab.git('stash', '-q')
    lab.write(LEDGER, f'{ROWS}2\t2.9\n')
    lab.commit('row')
    lab.git('stash', 'pop', check=False)

    lab.exp('doctor', '--fix')

    assert (lab.path / LEDGER).read_text() == BOTH


@pytest.mark.parametrize(('text', 'sides'), [
    (b'a\n<<<<<<< x\nb\n=======\nc\n>>>>>>> y\nd\n', (b'a\nd\n', b'a\nb\nd\n', b'a\nc\nd\n')),
    (b'a\n<<<<<<< x\nb\n||||||| o\na2\n=======\nc\n>>>>>>> y\n', (b'a\na2\n', b'a\nb\n', b'a\nc\n')),
    (b'<<<<<<< x\r\nb\r\n=======\r\n>>>>>>> y\r\n', (b'', b'b\r\n', b'')),
    (b'title\n=======\n', (b'title\n=======\n',) * 3),
    (b'=======\n<<<<<<< x\nb\n=======\n>>>>>>> y\n=======\n', (b'=======\n=======\n', b'=======\nb\n=======\n', b'=======\n=======\n')),
    (b'<<<<<<< x\nb\n<<<<<<<<< odd\n========\n=======\nc\n>>>>>>> y\n', (b'', b'b\n<<<<<<<<< odd\n========\n', b'c\n')),
    (b'<<<<<<< x\nb\n=======\nc\n', None),
    (b'<<<<<<< x\ntitle\n=======\nb\n=======\nc\n>>>>>>> y\n', None),
    (b'<<<<<<< x\nb\n||||||| o\ntitle\n=======\n=======\nc\n>>>>>>> y\n', None),
    (b'<<<<<<< x\nb\n=======\n<<<<<<< x\nc\n>>>>>>> y\n', None),
    (b'<<<<<<< x\n>>>>>>> quoted\nb\n=======\nc\n>>>>>>> y\n', None),
    (b'<<<<<<< x\nb\n=======\n>>>>>>> quoted\nc\n>>>>>>> y\n', None),
])
def test_a_text_with_markers_is_parted(text: bytes, sides: tuple[bytes, bytes, bytes] | None) -> None:
    assert conflicts.parted(text) == sides
