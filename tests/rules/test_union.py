"""Which merges of texts that both sides appended to lose and invent nothing."""
from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gitexp.rules import append, union, weave

bottom, top = partial(union.wrong, 'append-bottom'), partial(union.wrong, 'append-top')
BASE = b'id\tscore\n1\t3.0\n'
OURS, THEIRS = BASE + b'2\t2.9\n', BASE + b'3\t2.8\n'
TITLE, OLD = b'# Journal\n', b'\n## a\ny\n'
MINE, YOURS = b'\n## o\nsame\nx\n', b'\n## t\nsame\nz\n'


@pytest.mark.parametrize(('new', 'said'), [
    (OURS + b'3\t2.8\n', None),
    (THEIRS + b'2\t2.9\n', None),
    (OURS, "the merge loses or moves '3\t2.8'"),
    (THEIRS, "the merge loses or moves '2\t2.9'"),
    (b'id\tscore\n2\t2.9\n1\t3.0\n3\t2.8\n', "the merge loses or moves '2\t2.9'"),
    (OURS + b'3\t2.8\n3\t2.8\n', "the merge doubles '3\t2.8'"),
    (OURS + THEIRS, "the merge doubles 'id\tscore'"),
    (OURS + b'3\t2.8\n4\t0.1\n', "the merge adds '4\t0.1', which no side has"),
    (OURS + b'=======\n3\t2.8\n', "the merge adds '=======', which no side has"),
    (OURS.replace(b'3.0', b'0.3') + b'3\t2.8\n', "the merge loses or moves '1\t3.0'"),
])
def test_rows_of_both_sides_are_there_once(new: bytes, said: str | None) -> None:
    assert bottom([BASE], [OURS, THEIRS], new) == said


def test_a_row_that_both_sides_have_added_is_there_once() -> None:
    assert bottom([BASE], [OURS + b'4\t2.7\n', OURS + b'5\t2.6\n'], OURS + b'5\t2.6\n4\t2.7\n') is None
    assert bottom([BASE], [OURS + b'4\t2.7\n', OURS + b'5\t2.6\n'], OURS + b'4\t2.7\n2\t2.9\n5\t2.6\n') == "the merge doubles '2\t2.9'"


def test_what_the_driver_makes_is_a_union_though_the_sides_disagree_on_the_order() -> None:
    ours, theirs = BASE + b'2\t2.9\n3\t2.8\n4\t2.7\n', BASE + b'3\t2.8\n2\t2.9\n5\t2.6\n'
    assert bottom([OURS, THEIRS], [ours, theirs], ours + b'5\t2.6\n') is None
    assert bottom([OURS, THEIRS], [ours, theirs], theirs + b'4\t2.7\n') is None
    assert bottom([OURS, THEIRS], [ours, theirs], ours) is not None
    assert bottom([OURS, THEIRS], [ours, theirs], BASE + b'5\t2.6\n4\t2.7\n3\t2.8\n2\t2.9\n') is not None


def test_line_ends_and_marks_are_the_business_of_the_commit_that_changed_them() -> None:
    crlf = OURS.replace(b'\n', b'\r\n')
    assert bottom([BASE], [crlf, THEIRS], crlf + b'3\t2.8\r\n') is None
    assert bottom([BASE], [OURS[:-1], THEIRS], OURS + b'3\t2.8\n') is None


@pytest.mark.parametrize(('new', 'said'), [
    (TITLE + MINE + YOURS + OLD, None),
    (TITLE + YOURS + MINE + OLD, None),
    (TITLE + b'\n\n' + YOURS + MINE + b'\n' + OLD, None),
    (TITLE + MINE + OLD, "the merge loses or moves '## t'"),
    (TITLE + MINE + OLD + YOURS, "the merge loses or moves '## a'"),
    (TITLE + MINE + MINE + YOURS + OLD, "the merge doubles '## o'"),
    (TITLE + MINE + YOURS + b'\n## n\n' + OLD, "the merge adds '## n', which no side has"),
    (TITLE + b'\n## o\n\n## t\nsame\nx\nsame\nz\n' + OLD, "the merge loses or moves '## o'"),
    (TITLE + b'\nmore\n' + MINE + YOURS + OLD, "the merge loses or moves '# Journal'"),
])
def test_entries_of_both_sides_are_there_whole(new: bytes, said: str | None) -> None:
    assert top([TITLE + OLD], [TITLE + MINE + OLD, TITLE + YOURS + OLD], new) == said


@pytest.mark.parametrize('code', [b'```\nls\n', b'~~~\n', b'<!--\n', b'```x``` it\n', b'```\n# run\n'])
@pytest.mark.parametrize('old', [OLD, b'\n## a\n```\n# run\n```\n', b'\n## a\n```sh\n# run\n```\n~~~\nx\n~~~\n<!-- x -->\n'])
def test_whoever_has_forgotten_to_end_a_block_may_be_merged_with(code: bytes, old: bytes) -> None:
    base, mine, yours = TITLE + old, TITLE + b'\n## o\n' + code + old, TITLE + YOURS + old
    for new in (TITLE + b'\n## o\n' + code + YOURS + old, TITLE + YOURS + b'\n## o\n' + code + old):
        assert top([base], [mine, yours], new) is None
        assert [union.holds('append-top', side, new) for side in (mine, yours)] == [None, None]
    assert top([base], [mine, yours], TITLE + YOURS + old) is not None
    assert top([base], [mine, yours], TITLE + b'\n## o\n' + code + old) is not None


def test_a_block_that_is_ended_by_older_code_holds_nothing_together() -> None:
    old, open_, mine = b'\n## a\n```sh\nls\n```\n', b'\n## o\n```\n', TITLE + b'\n## n\n'
    base = TITLE + open_ + old
    assert top([base], [mine + open_ + YOURS + old, TITLE + MINE.replace(b'## o', b'## p') + open_ + old],
               mine + MINE.replace(b'## o', b'## p') + open_ + YOURS + old) is None, 'one side had it merged between'


def test_code_that_an_author_has_ended_is_not_torn() -> None:
    code = b'\n## o\n```\n## x\n# run\n```\n'
    sides = [TITLE + code + OLD, TITLE + YOURS + OLD]
    for line in (b'## x', b'# run'):
        torn = code.replace(line, YOURS[1:] + line)
        assert top([TITLE + OLD], sides, TITLE + torn + OLD) == "the merge loses or moves '## o'"
        assert weave.entries(TITLE + OLD, *sides) != TITLE + torn + OLD


def test_an_entry_is_whole_with_the_older_ones_that_it_quotes() -> None:
    old = b'\n## b\nz\n' + OLD
    mine, yours = (b'\n## %s\n```%s```\nboth hold\n' % (name, old) for name in (b'o', b't'))
    base, sides = TITLE + old, [TITLE + mine + old, TITLE + yours + old]
    assert weave.entries(base, *sides) == TITLE + mine + yours + old
    for new in (TITLE + mine + yours + old, TITLE + yours + mine + old):
        assert top([base], sides, new) is None
        assert [union.holds('append-top', side, new) for side in sides] == [None, None]
    torn = mine.replace(OLD, YOURS + OLD)
    assert top([base], [sides[0], TITLE + YOURS + old], TITLE + torn + old) == "the merge loses or moves '## o'"
    assert top([base], sides, TITLE + mine.replace(OLD, yours + OLD) + old) == "the merge loses or moves '## o'"


def test_two_who_begin_a_journal_on_levels_of_their_own_can_be_merged() -> None:
    sides = [TITLE + b'\n### o\nx\n', TITLE + YOURS]
    assert weave.entries(TITLE, *sides) is None
    assert top([TITLE], sides, TITLE + b'\n### o\nx\n' + YOURS) is None
    assert top([TITLE], sides, TITLE + YOURS) is not None


def test_lines_of_text_may_repeat_themselves() -> None:
    old, mine, yours = b'one\n', b'one\n- it broke\n', b'one\n- it broke\n'
    assert bottom([old], [mine, yours + b'two\n'], b'one\n- it broke\n- it broke\ntwo\n') is None
    assert bottom([old], [mine, yours + b'two\n'], b'one\n- it broke\n- it broke\n- it broke\ntwo\n') is not None
    assert bottom([old], [mine, b'one\ntwo\n- it broke\n'], b'one\n- it broke\ntwo\n') is not None, 'words have an order'


_said = some.lists(some.sampled_from(['x', '```', '```sh', '~~~', '# run', '## x', '### why', '<!--', '-->', '```pip```', '']), max_size=4)
_bodies = some.lists(_said.map('\n'.join), min_size=1, max_size=3)
_prefaces = some.sampled_from(['# T\n\n', '', '---\nt: x\n---\n# T\n\n', '# T\n\n```\n## DATE\n```\n\n'])


def _entries(name: str, bodies: list[str]) -> bytes:
    return ''.join(f'## 2026-01-0{at + 1} {name}\n{body.replace("## x", f"## {name}{at}")}\n\n' for at, body in enumerate(bodies)).encode()


@given(_prefaces, _bodies, _bodies, _bodies)
def test_entries_are_merged_whatever_code_they_forget_to_end(preface: str, old: list[str], ours: list[str], theirs: list[str]) -> None:
    first, tail, mine, yours = preface.encode(), _entries('a', old), _entries('o', ours), _entries('t', theirs)
    base, sides = first + tail, [first + mine + tail, first + yours + tail]
    assert [append.top(base, side) for side in sides] == [None, None]
    made, anew = weave.entries(base, *sides), weave.stacked(base, *sides)
    assert made is not None and anew is not None
    assert append.top(sides[0], anew) is None
    for new in (made, first + mine + yours + tail, first + yours + mine + tail):
        assert top([base], sides, new) is None
        assert [union.holds('append-top', side, new) for side in sides] == [None, None]
    for new in (*sides, first + tail + mine + yours, first + mine + yours, base):
        assert top([base], sides, new) is not None


_texts = some.text(alphabet='a# \n-', max_size=20).map(lambda text: text.encode() + b'\n')


@given(_texts, _texts, _texts)
def test_either_order_is_a_union(base: bytes, mine: bytes, theirs: bytes) -> None:
    for new in (base + mine + theirs, base + theirs + mine):
        assert bottom([base], [base + mine, base + theirs], new) is None


@given(_texts, _texts.filter(lambda text: bool(text.strip())))
def test_a_union_loses_and_invents_nothing(base: bytes, mine: bytes) -> None:
    assert bottom([base], [base + mine, base], base) is not None
    assert bottom([base], [base + mine, base], base + mine + b'invented\n') is not None


_rows = some.lists(some.integers(0, 9), max_size=6).map(lambda ids: b'id\tx\n' + b''.join(b'%d\tx\n' % one for one in ids))


@given(_rows, _rows)
def test_the_judge_and_the_driver_agree(ours: bytes, theirs: bytes) -> None:
    made = weave.rows(b'', ours, theirs)
    assert made is not None
    assert bottom([], [ours, theirs], made) is None
    assert union.holds('append-bottom', ours, made) is None
    assert union.holds('append-bottom', theirs, made) is None


_others = some.lists(some.integers(10, 19), max_size=6).map(lambda ids: b'id\tx\n' + b''.join(b'%d\tx\r\n' % one for one in ids))


@given(_rows, _others, some.booleans())
def test_what_the_driver_makes_holds_every_line_end(ours: bytes, theirs: bytes, is_open: bool) -> None:
    theirs = theirs.rstrip(b'\r\n') if is_open else theirs
    for one, other in ((ours, theirs), (theirs, ours)):
        made = weave.rows(b'', one, other)
        assert made is not None
        assert [union.holds('append-bottom', side, made) for side in (one, other)] == [None, None]


@pytest.mark.parametrize(('old', 'new', 'said'), [
    (OURS, OURS + b'3\t2.8\n', None),
    (OURS[:-1], (OURS + b'3\t2.8\n')[:-1], None),
    (OURS[:-1], OURS[:-1] + b'\r\n3\t2.8\r\n', None),
    (OURS, OURS.replace(b'\n', b'\r\n'), "the header is changed: 'id\tscore'"),
    (OURS, OURS[:-1] + b'\r\n', "the line end of '2\t2.9' is changed"),
    (OURS, b'\n' + OURS, "the header is changed: 'id\tscore'"),
    (OURS, THEIRS + b'2\t2.9\n', None),
    (OURS[:-1], OURS + b'3\t2.8\n', None),
    (OURS, THEIRS, "'2\t2.9' is lost"),
    (OURS + b'2\t2.9\n', OURS, None),
    (OURS, b'x\ty\n' + OURS, "the header is changed: 'id\tscore'"),
    (OURS, b'', "the header is changed: 'id\tscore'"),
    (b'', OURS, None),
    (b'=======\n' + OURS, b'=======\n' + BASE + b'2\t0.1\n2\t2.9\n', "'2\t0.1' has the id of another row"),
    (b'=======\n' + OURS, OURS, "the header is changed: 'id\tscore'"),
    (b'one\ntwo\n', b'one\nmine\ntwo\n', None),
    (b'one\ntwo\n', b'two\none\n', "'two' is lost, moved or changed"),
    (b'one\ntwo\n', b'one\r\ntwo\r\n', "'one' is lost, moved or changed"),
])
def test_what_is_published_is_held(old: bytes, new: bytes, said: str | None) -> None:
    assert union.holds('append-bottom', old, new) == said


@pytest.mark.parametrize(('new', 'said'), [
    (TITLE + YOURS + MINE + OLD, None),
    (TITLE + MINE + YOURS + OLD, None),
    (TITLE + b'\n### more\nx\n' + MINE + YOURS + OLD, None),
    (TITLE + b'\n```\n' + MINE + OLD, "'# Journal' is lost, moved or changed"),
    (TITLE + b'\n# Big\n' + YOURS + MINE + OLD + YOURS, None),
    (TITLE + MINE, "'## a' is lost, moved or changed"),
    (TITLE + OLD + MINE, "'## a' is lost, moved or changed"),
    (TITLE + YOURS + MINE.replace(b'x\n', b'no\nx\n') + OLD, "'## o' is lost, moved or changed"),
    (TITLE + YOURS + MINE + b'(withdrawn)\n' + OLD, "'## o' is lost, moved or changed"),
    (TITLE + YOURS + MINE + b'\n### not so\n' + OLD, "'## o' is lost, moved or changed"),
    (TITLE + b'not so\n' + YOURS + MINE + OLD, "'# Journal' is lost, moved or changed"),
    ((TITLE + YOURS + MINE + OLD).replace(b'\n', b'\r\n'), "'# Journal' is lost, moved or changed"),
    (TITLE + YOURS + MINE[:-1] + b'\r\n' + OLD, "'## o' is lost, moved or changed"),
    (TITLE + YOURS + MINE + OLD[:-1] + b'\r\n', "'## a' is lost, moved or changed"),
])
def test_published_entries_are_held_whole(new: bytes, said: str | None) -> None:
    assert union.holds('append-top', TITLE + MINE + OLD, new) == said


def test_a_published_entry_is_held_though_a_new_one_hides_it() -> None:
    hiding = b'\n## n\n```\nnever closed\n'
    assert union.holds('append-top', TITLE + OLD, TITLE + hiding + OLD) is None, 'an append is one whatever it says'


def test_nothing_stands_above_a_header() -> None:
    assert bottom([], [OURS, THEIRS], b'\n' + OURS + b'3\t2.8\n') == 'the merge puts something above the header'
