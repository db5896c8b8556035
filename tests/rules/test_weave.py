"""Texts that both sides of a merge have appended to, made into one."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gitexp.rules import parts, weave

HEAD = b'id\tscore\n'
BASE = HEAD + b'1\t3.0\n'
OURS, THEIRS = BASE + b'2\t2.9\n', BASE + b'3\t2.8\n'
BOM = b'\xef\xbb\xbf'


@pytest.mark.parametrize(('base', 'ours', 'theirs', 'made'), [
    (BASE, OURS, THEIRS, OURS + b'3\t2.8\n'),
    (BASE, THEIRS, OURS, THEIRS + b'2\t2.9\n'),
    (BASE, OURS, OURS, OURS),
    (BASE, OURS, BASE, OURS),
    (BASE, BASE, THEIRS, THEIRS),
    (b'', OURS, THEIRS, OURS + b'3\t2.8\n'),
    (b'', b'', THEIRS, THEIRS),
    (b'', b'', b'', b''),
    (BASE, OURS, HEAD + b'0\t4.0\n1\t3.0\n', OURS + b'0\t4.0\n'),
    (HEAD + b'2\t2.9\n1\t3.0\n', HEAD + b'1\t3.0\n2\t2.9\n', HEAD + b'2\t2.9\n1\t3.0\n3\t2.8\n', HEAD + b'1\t3.0\n2\t2.9\n3\t2.8\n'),
], ids=['both', 'the other way', 'the same', 'only we', 'only they', 'begun twice', 'begun by them', 'nothing', 'in the middle', 'across'])
def test_our_rows_keep_their_place_and_theirs_follow(base: bytes, ours: bytes, theirs: bytes, made: bytes) -> None:
    assert weave.rows(base, ours, theirs) == made


@pytest.mark.parametrize(('ours', 'theirs', 'made'), [
    (OURS[:-1], THEIRS, OURS + b'3\t2.8\n'),
    (OURS, THEIRS[:-1], OURS + b'3\t2.8\n'),
    (OURS.replace(b'\n', b'\r\n'), THEIRS, OURS.replace(b'\n', b'\r\n') + b'3\t2.8\n'),
    (OURS, THEIRS.replace(b'\n', b'\r\n'), OURS + b'3\t2.8\r\n'),
    (OURS.replace(b'\n', b'\r\n'), THEIRS[:-1], OURS.replace(b'\n', b'\r\n') + b'3\t2.8\r\n'),
    (BOM + OURS, THEIRS, BOM + OURS + b'3\t2.8\n'),
    (OURS, BOM + THEIRS, OURS + b'3\t2.8\n'),
    (OURS + b'\n\n', THEIRS + b'\n4\t2.7\n', OURS + b'\n\n3\t2.8\n4\t2.7\n'),
    (OURS, THEIRS + b'to\0rn\t\xff', OURS + b'3\t2.8\nto\0rn\t\xff\n'),
    (OURS, HEAD + THEIRS, OURS + b'3\t2.8\n'),
    (OURS, THEIRS + b'3\t2.8\n2\t2.9\n', OURS + b'3\t2.8\n'),
    (OURS, BASE + b'2\t1.1\n', OURS + b'2\t1.1\n'),
    (OURS, BASE + b'<<<<<<< HEAD\n', OURS + b'<<<<<<< HEAD\n'),
], ids=[
    'our last line is open', 'their last line is open', 'CRLF here', 'CRLF there', 'CRLF here, their last line is open',
    'a mark here', 'a mark there', 'blank lines',
    'unreadable', 'the header again', 'a row again', 'an id with two contents', 'markers are lines',
])
def test_no_row_is_lost_and_none_doubled(ours: bytes, theirs: bytes, made: bytes) -> None:
    assert weave.rows(BASE, ours, theirs) == made


def test_rows_without_ids_may_repeat_themselves() -> None:
    head = b'commit\tval_bpb\n'
    assert weave.rows(head, head + b'a\t1\n', head + b'a\t1\na\t1\n') == head + b'a\t1\na\t1\n'
    assert weave.rows(head, head + b'a\t1\na\t1\n', head + b'a\t1\n') == head + b'a\t1\na\t1\n'


@pytest.mark.parametrize(('base', 'ours', 'theirs'), [
    (BASE, HEAD + b'1\t2.0\n', THEIRS),
    (BASE, OURS, HEAD + b'1\t2.0\n'),
    (BASE, OURS, HEAD),
    (BASE, b'', THEIRS),
    (b'', OURS, OURS.replace(b'score', b'loss')),
    (b'', OURS, b'id\tscore\tnote\n3\t2.8\t\n'),
    (BASE, OURS, THEIRS.replace(b'score\n', b'score\tnote\n')),
], ids=['we edited', 'they edited', 'they deleted', 'we emptied', 'another metric', 'another column', 'a column more'])
def test_what_only_a_person_can_merge_is_left(base: bytes, ours: bytes, theirs: bytes) -> None:
    assert weave.rows(base, ours, theirs) is None


TITLE = b'# Journal\n\nAbout.\n'
OLD = b'\n## 2026-01-02 b\nx\n\n## 2026-01-01 a\ny\n'


def _journal(*entries: str, title: bytes = TITLE, old: bytes = OLD) -> bytes:
    return title + b''.join(f'\n## {entry}\ntext\n'.encode() for entry in entries) + old


@pytest.mark.parametrize(('ours', 'theirs', 'made'), [
    (['2026-02-02 o'], ['2026-02-01 t'], ['2026-02-02 o', '2026-02-01 t']),
    (['2026-02-01 o'], ['2026-02-02 t'], ['2026-02-02 t', '2026-02-01 o']),
    (['2026-02-01 o'], ['2026-02-01 t'], ['2026-02-01 o', '2026-02-01 t']),
    (['o'], ['2026-02-02 t'], ['o', '2026-02-02 t']),
    (['2026-02-01 o'], ['t'], ['2026-02-01 o', 't']),
    (['2026-02-04 o', '2026-02-02 p'], ['2026-02-03 t', '2026-02-01 u'],
     ['2026-02-04 o', '2026-02-03 t', '2026-02-02 p', '2026-02-01 u']),
    (['2026-02-01 o', '2026-02-09 p'], ['2026-02-05 t'], ['2026-02-05 t', '2026-02-01 o', '2026-02-09 p']),
    (['s'], ['t', 's'], ['t', 's']),
    (['s'], ['s', 't'], ['s', 't']),
    (['a1', 'b1'], ['t', 'b1', 'a1'], ['t', 'a1', 'b1']),
    (['o'], [], ['o']),
    ([], ['t'], ['t']),
], ids=lambda said: '+'.join(said) or '-')
def test_new_entries_stand_above_published_ones_the_newest_first(ours: list[str], theirs: list[str], made: list[str]) -> None:
    for old in (OLD, b''):
        base = _journal(old=old)
        assert weave.entries(base, _journal(*ours, old=old), _journal(*theirs, old=old)) == _journal(*made, old=old)


@pytest.mark.parametrize(('base', 'ours', 'theirs', 'made'), [
    (b'# T\n', b'# T\n## o\nx\n', b'# T\n\n## t\ny', b'# T\n## o\nx\n\n## t\ny\n'),
    (b'# T', b'# T\n\n## o\nx', b'# T', b'# T\n\n## o\nx'),
    (b'# T\r\n', b'# T\r\n\r\n## o\r\n', b'# T\r\n\r\n## t\r\n', b'# T\r\n\r\n## o\r\n\r\n## t\r\n'),
    (BOM + b'# T\n', BOM + b'# T\n## o\n', b'# T\n## t\n', BOM + b'# T\n## o\n\n## t\n'),
    (b'', b'# T\n## o\n', b'# T\n## t\n', b'# T\n## o\n\n## t\n'),
    (b'', b'', b'# T\n## t\n', b'# T\n## t\n'),
    (b'## a\n', b'## o\n## a\n', b'## t\n## a\n', b'## o\n\n## t\n\n## a\n'),
    (b'# 2026-01-01 a\n', b'# 2026-01-02 o\n\n# 2026-01-01 a\n', b'# 2026-01-03 t\n\n# 2026-01-01 a\n',
     b'# 2026-01-03 t\n\n# 2026-01-02 o\n\n# 2026-01-01 a\n'),
    (b'# T\n## a\n', b'# T\n## o\n### why\nx\n## a\n', b'# T\n## t\n### why\nx\n## a\n',
     b'# T\n## o\n### why\nx\n\n## t\n### why\nx\n\n## a\n'),
    (b'# T\n## a\n', b'# T\n## o\n```sh\n# run\n```\n## a\n', b'# T\n## t\n~~~~\n# run\n~~~\n~~~~\n## a\n',
     b'# T\n## o\n```sh\n# run\n```\n\n## t\n~~~~\n# run\n~~~\n~~~~\n\n## a\n'),
    (b'# T\n## a\n', b'# T\n## o\n```pip x``` it\n## a\n', b'# T\n## t\n```\n``` x\n# y\n```\n## a\n',
     b'# T\n## o\n```pip x``` it\n\n## t\n```\n``` x\n# y\n```\n\n## a\n'),
    (b'# T\n## a\n', b'# T\n## o\n## a\n', b'# T\n## t\n```\nx\n## a\n', b'# T\n## o\n\n## t\n```\nx\n\n## a\n'),
    (b'# T\n<!--\n## x\n-->\n## a\n', b'# T\n<!--\n## x\n-->\n## o\n## a\n', b'# T\n<!--\n## x\n-->\n## t\n## a\n',
     b'# T\n<!--\n## x\n-->\n## o\n\n## t\n\n## a\n'),
    (b'---\nt: x\n---\n# T\n## a\n', b'---\nt: x\n---\n# T\n## o\n## a\n', b'---\nt: x\n---\n# T\n## t\n## a\n',
     b'---\nt: x\n---\n# T\n## o\n\n## t\n\n## a\n'),
    (b'# T\n## a\n```sh\n# x\n```\n', b'# T\n## o\n```\n## a\n```sh\n# x\n```\n', b'# T\n## t\n# run\n## a\n```sh\n# x\n```\n',
     b'# T\n## o\n```\n\n## t\n# run\n\n## a\n```sh\n# x\n```\n'),
], ids=[
    'no entries yet', 'no line end', 'CRLF', 'a mark', 'begun twice', 'begun by them', 'no title', 'one level', 'sub-headings',
    'fences', 'code in a line', 'an open fence', 'a comment', 'front matter', 'an open fence above code',
])
def test_entries_are_taken_whole(base: bytes, ours: bytes, theirs: bytes, made: bytes) -> None:
    assert weave.entries(base, ours, theirs) == made


@pytest.mark.parametrize(('base', 'ours', 'theirs'), [
    (_journal(), _journal('o').replace(b'y\n', b'z\n'), _journal('t')),
    (_journal(), _journal('o'), _journal('t').replace(b'About', b'on')),
    (_journal(), _journal('o'), _journal('t', old=b'')),
    (b'# T\n\n- a\n', b'# T\n\n- o\n- a\n', b'# T\n\n- t\n- a\n'),
    (b'', b'# T\n## o\n', b'# U\n## t\n'),
    (b'', b'words\n## o\n', b'more words\n## t\n'),
    (b'', b'words\n', b'more words\n'),
], ids=['we edited', 'they edited', 'they deleted', 'a list', 'two titles', 'two prefaces', 'no entries'])
def test_a_journal_that_only_a_person_can_merge_is_left(base: bytes, ours: bytes, theirs: bytes) -> None:
    assert weave.entries(base, ours, theirs) is None


@pytest.mark.parametrize(('base', 'ours', 'theirs', 'made'), [
    (['a'], ['2026-02-01 o', 'a'], ['2026-01-01 t', 'a'], ['2026-01-01 t', '2026-02-01 o', 'a']),
    (['a'], ['o', 'a'], ['t', 'u', 'a'], ['t', 'u', 'o', 'a']),
    (['a'], ['t', 'o', 'a'], ['t', 'a'], ['t', 'o', 'a']),
    (['b', 'a'], ['o', 'a'], ['t', 'b', 'a'], ['t', 'o', 'a']),
    (['a'], ['o', 'a'], ['a', 't'], ['t', 'o', 'a']),
    ([], ['o'], ['t'], ['t', 'o']),
    ([], ['o'], [], ['o']),
], ids=['older', 'two', 'there already', 'without what it stood on', 'not on top', 'both begin', 'nothing'])
def test_what_is_made_anew_is_put_above_all_of_ours(base: list[str], ours: list[str], theirs: list[str], made: list[str]) -> None:
    assert weave.stacked(*(_journal(*side, old=b'') for side in (base, ours, theirs))) == _journal(*made, old=b'')


@pytest.mark.parametrize(('base', 'ours', 'theirs', 'made'), [
    (b'## a\n', b'## o\n\n## a\n', b'## t\n\n## a\n', b'## t\n\n## o\n\n## a\n'),
    (b'# T\n# a\n', b'# T\n# o\n# a\n', b'# T\n# t\n# a\n', b'# T\n\n# t\n\n# o\n# a\n'),
    (b'---\nt: x\n---\n# T\n## a\n', b'---\nt: x\n---\n# T\n## o\n## a\n', b'---\nt: x\n---\n# T\n## t\n## a\n',
     b'---\nt: x\n---\n# T\n\n## t\n\n## o\n## a\n'),
    (b'---\nt: x\n---\n# T\n# a\n', b'---\nt: x\n---\n# T\n# o\n# a\n', b'---\nt: x\n---\n# T\n# t\n# a\n',
     b'---\nt: x\n---\n# T\n\n# t\n\n# o\n# a\n'),
    (b'# T\r\n', b'# T\r\n\r\n## o\r\n', b'# T\n\n## t\n', b'# T\r\n\r\n## t\n\r\n## o\r\n'),
    (b'', b'', b'# T\n## t\n', b'# T\n## t\n'),
    (b'', b'# T\n## o\n', b'', b'# T\n## o\n'),
    (b'# T\n## a\n', b'', b'# T\n## t\n## a\n', None),
    (b'# T\n## a\n', b'# T\n## o\n## a\n', b'# T\n## a, edited\n', None),
    (b'# T\n', b'# T\n## o\n', b'# U\n## t\n', None),
    (b'', b'# T\n## o\n', b'words\n## t\n', None),
], ids=[
    'no title', 'one level', 'front matter', 'one level below it',
    'CRLF', 'begun by them', 'begun by us', 'emptied', 'they edited', 'another title', 'a preface',
])
def test_our_text_stays_as_it_stands_below(base: bytes, ours: bytes, theirs: bytes, made: bytes | None) -> None:
    assert weave.stacked(base, ours, theirs) == made


_titles = [*(f'2026-0{month}-01 {name}' for month in '123' for name in 'ab'), 'x', 'y']
_names = some.lists(some.sampled_from(_titles), max_size=4, unique=True)


@given(_names, _names)
def test_both_sides_are_there_in_order_and_once(ours: list[str], theirs: list[str]) -> None:
    theirs = [name for name in theirs if name not in ours]
    made = weave.entries(_journal(), _journal(*ours), _journal(*theirs))

    assert made is not None
    there = [part.split(b'\n')[0][3:].decode() for part in parts.split(made)[1:-2]]
    assert sorted(there) == sorted(ours + theirs)
    assert [name for name in there if name in ours] == ours
    assert [name for name in there if name in theirs] == theirs
    assert made.endswith(OLD)
