"""Sections by bytes."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gitexp.rules import sections

LIVE = ('Status', '7. Monitoring')
PLAN = b"""# Plan

**Status:** planned

## 1. Goal

lower

## 2. Data
<!-- which
files -->

## 7. MONITORING

curves

## 8. Code

```
## not a heading
```
- Where:
- Why: so
"""
NEW = b'\n## 9. v1 results\n\nbetter\n'
GAP = PLAN + b'\n## 10. v1 root cause\n\n- Bug: x\n'


def _swapped(text: bytes, one: bytes, other: bytes) -> bytes:
    assert one in text
    return text.replace(one, other)


@pytest.mark.parametrize(('old', 'new', 'says'), [
    (PLAN, PLAN + NEW, None),
    (PLAN, PLAN.rstrip() + NEW, None),
    (PLAN.rstrip(), PLAN + NEW, None),
    (PLAN, PLAN.rstrip(), None),
    (PLAN, _swapped(PLAN, b'planned', b'done'), None),
    (PLAN, PLAN[PLAN.index(b'## 1.'):], None),
    (PLAN, b'\xef\xbb\xbf' + PLAN, None),
    (b'\xef\xbb\xbf## 1. Goal\nlower\n', b'## 1. Goal\nlower\n', None),
    (b'\xef\xbb\xbf## 1. Goal\nlower\n', b'## 1. Goal\nhigher\n', "the section '1. Goal' is changed"),
    (PLAN, _swapped(PLAN, b'curves', b'losses\n\n### more'), None),
    (PLAN, _swapped(PLAN, b'## 7. MONITORING\n\ncurves\n\n', b''), None),
    (PLAN, _swapped(PLAN, b'<!-- which\nfiles -->', b'train.txt\n\nall of it'), None),
    (PLAN, _swapped(PLAN, b'Where:', b'Where: model.py'), None),
    (PLAN, _swapped(PLAN, b'Why: so', b'Why: so that'), "the section 'not a heading' is changed"),
    (PLAN, _swapped(PLAN, b'lower', b'higher'), "the section '1. Goal' is changed"),
    (PLAN, _swapped(PLAN, b'lower', b'lower '), "the section '1. Goal' is changed"),
    (PLAN, _swapped(PLAN, b'lower', b'lower\n\nand more'), "the section '1. Goal' is changed"),
    (PLAN, _swapped(PLAN, b'1. Goal', b'1. Aim'), "the section '1. Goal' is gone"),
    (PLAN, _swapped(PLAN, b'2. Data', b'2. Status'), "the section '2. Data' is gone"),
    (PLAN, _swapped(PLAN, b'not a heading', b'still none'), "the section 'not a heading' is gone"),
    (PLAN, _swapped(PLAN, b'\n', b'\r\n'), "the line ends of the section '1. Goal' are changed"),
    (PLAN, b'', "the section '1. Goal' is gone"),
    (PLAN, _swapped(PLAN, b'## 2.', NEW + b'\n## 2.'), "the section '2. Data' is not in its place: new ones follow below the last"),
    (PLAN, PLAN + b'## 1. Goal\n\nlower\n', "the section '1. Goal' is there twice"),
    (PLAN, PLAN + b'## 1. Goal\n\nhigher\n', None),
    (PLAN, _swapped(PLAN, b'planned', b'planned\n~~~'), "the section '1. Goal' is in code now"),
    (PLAN, _swapped(PLAN, b'<!-- which\nfiles -->', b'```\n## list\nls\n```'),
     "the section '8. Code' is not in its place: new ones follow below the last, and a line '## …' in code begins one"),
    (GAP, _swapped(GAP, b'\n## 10.', NEW + b'\n## 10.'), None),
    (GAP, _swapped(GAP, b'\n## 10.', NEW.replace(b'9. ', b'') + b'\n## 10.'),
     "the section '10. v1 root cause' is not in its place: new ones follow below the last"),
    (b'## 1. a\n\n## ' + b'9' * 5000 + b'. b\n', b'## 1. a\n\n## 2. x\n\n## ' + b'9' * 5000 + b'. b\n',
     f"the section '{'9' * 60}…' is not in its place: new ones follow below the last"),
    (PLAN + b'```\n', PLAN + b'```\n\nx\n```\n', "the section 'not a heading' is changed"),
    (b'## 1. A\n```\n``` goes on\n## 2. B\n```\n', b'## 1. A\n```\n``` goes on\n## 2. C\n```\n', "the section '2. B' is gone"),
    (b'', PLAN, None),
    (b'no sections\n', b'other words\n', None),
    (b'## 1. A\r\nx\r\n', b'## 1. A\r\nx\r\n\n## 2. B\ny\n', None),
    (b'## 1. A\r\rx\n', b'## 1. A\r\rx\n\nor y\n', "the section '1. A' is changed"),
    (b'## 1. A\r\r## 2. B\rx\n', b'## 1. A\ry\r\r## 2. B\rx\n', None),
    (b'##\n\nfalls\n', b'##\n\nrises\n', "the section '' is changed"),
    (b'> ## A\n>\n> falls\n', b'> ## A\n>\n> rises\n', "the section 'A' is changed"),
    (b'1. ## A\n\n   falls\n', b'1. ## A\n\n   rises\n', "the section 'A' is changed"),
])
def test_what_is_committed_stays(old: bytes, new: bytes, says: str | None) -> None:
    assert sections.kept(old, new, LIVE) == says


@pytest.mark.parametrize(('body', 'is_open'), [
    ('', True), (' \t\n\r\n', True), ('<!-- say\nwhat -->\n\n   <!-- and why -->  ', True), ('<!---->', True),
    ('<!--> it falls <!-- -->', False), ('<!---> it falls -->', False), ('<!-- a --!> it falls <!-- -->', False),
    ('<!-- a --> it falls', False), ('<!-- a --> <!-- b -->', False), ('<!-- a <!-- b -->', False), ('<!-- it falls', False),
    ('    <!-- it falls -->', False), ('\t<!-- it falls -->', False), ('- <!-- it falls -->', False), ('\f', False),
])
def test_only_what_shows_nothing_to_any_reader_is_empty(body: str, is_open: bool) -> None:
    old, new = (f'## 1. Goal\n{text}\n\n## 2. Data\n\nx\n'.encode() for text in (body, 'it rises'))
    assert (sections.kept(old, new, ()) is None) == is_open


@pytest.mark.parametrize('above', [
    '```\nsetup\n```\f\n```\n\n', '<div>\n\n\f\n```\n</div>\n\n', 'P\0\n\n', '```\n', '~~~\n', '<!--\n', '\0',
    '\ufeff\n', '## 1. Code\n\n```\n## 1. Status\n```\n\n', '<pre>\n',
])
def test_whatever_stands_above_a_section_it_stays(above: str) -> None:
    old, new = (f'# Plan\n\n{above}## Hypothesis\n\nit {word}\n'.encode() for word in ('falls', 'rises'))
    for wrong in (sections.kept(old, new, LIVE), sections.held(old, new, LIVE), sections.merged([old, old], new, LIVE)):
        assert wrong and 'Hypothesis' in wrong


def test_what_is_live_on_the_page_is_not_so_in_code() -> None:
    old = b'## 1. Goal\n\n```\n## Status\n```\n\nit falls\n\n## Status\n\nplanned\n'
    assert sections.kept(old, _swapped(old, b'falls', b'rises'), LIVE) == "the section 'Status' is changed"
    assert sections.kept(old, _swapped(old, b'planned', b'done'), LIVE) is None
    assert sections.kept(old, old + b'\n## 2. More\n\n```\n## Status\n```\n\nit falls\n', LIVE) is None, 'code may be said again'


def test_a_merge_has_the_sections_of_both_sides_in_either_order() -> None:
    mine, theirs = PLAN + NEW, PLAN + b'\n## 9. other\n\nworse\n'

    assert sections.merged([mine, theirs], mine + b'\n## 9. other\n\nworse\n', LIVE) is None
    assert sections.merged([mine, theirs], theirs + NEW, LIVE) is None
    assert sections.merged([mine, theirs], mine, LIVE) == "the merge loses or moves the section '9. other'"
    assert sections.merged([mine, theirs], NEW + theirs, LIVE) == "the merge loses or moves the section '9. v1 results'"


def test_a_merge_neither_doubles_a_section_nor_puts_a_new_one_above_an_old_one() -> None:
    mine, goal = PLAN + NEW, b'## Goal\n\nlose\n\n'
    assert sections.merged([PLAN, mine], mine + NEW, LIVE) == "the merge doubles the section '9. v1 results'"
    assert sections.merged([PLAN, mine], goal + mine, LIVE) == "the merge puts the section 'Goal' above '1. Goal'"
    assert sections.merged([PLAN, GAP], _swapped(GAP, b'\n## 10.', NEW + b'\n## 10.'), LIVE) is None, 'where its number belongs'
    assert sections.merged([PLAN, mine], mine + goal, LIVE) is None


@pytest.mark.parametrize(('new', 'says'), [
    (NEW + PLAN, None),
    (PLAN + b'\n## 1. Goal\n\nhigher\n', None),
    (b'## 1. Goal\n\nhigher\n\n' + PLAN, "the section '1. Goal' stands below another one of that name"),
    (_swapped(PLAN, b'lower', b'higher'), "the section '1. Goal' is changed"),
    (_swapped(PLAN, b'## 1. Goal\n\nlower\n\n', b'') + b'\n## 1. Goal\n\nlower\n',
     "the section '2. Data' is not in its place: new ones follow below the last"),
])
def test_what_is_published_is_held_whatever_was_merged(new: bytes, says: str | None) -> None:
    assert sections.held(PLAN, new, LIVE) == says


@pytest.mark.parametrize(('new', 'are_beside'), [
    (PLAN, True),
    (PLAN + b'\n## 5. More\n\ndata\n', True),
    (_swapped(PLAN, b'## 2. Data', b'## 1.5 Before\n\nx\n\n## 2. Data'), True),
    (PLAN + b'\n## 3. Results\n\n3.0\n', False),
    (PLAN + b'\n## 3.  RESULTS\n\n9.0\n', False),
    (PLAN + b'\n## 1. Goal\n\nsecond\n', False),
    (PLAN + b'\n## Status\n\nrunning\n', True),
    (_swapped(PLAN, b'lower', b'higher'), False),
    (_swapped(PLAN, b'## 1. Goal\n\nlower\n\n', b''), False),
])
def test_what_stands_beside_a_plan_has_headings_that_never_left(new: bytes, are_beside: bool) -> None:
    left = PLAN + b'\n## 3. Results\n\n3.0\n\n## 1. Goal\n\nsecond\n\n## Status\n\nplanned\n'
    assert sections.are_beside(PLAN, new, [left], LIVE) is are_beside


@pytest.mark.parametrize('empty, filled', [
    (b'## 1. Goal\n\n', b'## 1. Goal\n\nwin\n'), (b'## 1. Goal\n\n- score:\n', b'## 1. Goal\n\n- score: 1\n'),
])
def test_what_was_empty_is_filled_beside_it_where_it_was_empty_when_it_left(empty: bytes, filled: bytes) -> None:
    assert sections.are_beside(empty, filled, [empty + b'\n## 2. Data\n'], LIVE)
    assert not sections.are_beside(empty, filled, [empty, filled.replace(b': 1', b': 2').replace(b'win', b'lose')], LIVE)


@pytest.mark.parametrize('name', ['RE\u0301SULTAT', 're\u0301sultat\u200b', 'R\xe9sultat <!-- -->', ' r\xe9sultat ##'])
def test_headings_that_read_the_same_are_the_same(name: str) -> None:
    left = PLAN + '\n## R\xe9sultat\n\nit failed\n'.encode()
    assert not sections.are_beside(PLAN, PLAN + f'\n## {name}\n\nall was well\n'.encode(), [left], LIVE)


@pytest.mark.parametrize(('others', 'is_so'), [
    ([b'# Plan\n\n## 1. Goal\n\nhigher\n'], True),
    ([], False),
    ([PLAN, b'## 1. Goal\n\nlower\n\n## 1. Goal\n\nhigher\n'], False),
    ([b'## 1. Goal\n'], False),
    ([b'## 2. Data\n\nhigher\n'], False),
])
def test_above_a_section_stands_only_one_that_was_measured_without_it(others: list[bytes], is_so: bool) -> None:
    new = _swapped(PLAN, b'## 1. Goal', b'## 1. Goal\n\nhigher\n\n## 1. Goal')
    assert (sections.held(PLAN, new, LIVE, lambda: others) is None) == is_so
    assert (sections.kept(PLAN, new, LIVE, lambda: others) is None) == is_so
    more = _swapped(new, b'higher\n\n', b'higher\n\n## 1. Goal\n\nworst\n\n')
    assert sections.held(PLAN, more, LIVE, lambda: others) is not None, 'and nothing else with it'


_lines = some.sampled_from([
    b'## 1. a\n', b'## 2. b\n', b'## status\n', b'x\n', b'- y:\n', b'\n', b'```\n', b'x', b'\r\n', b'<!--', b'-->\n',
])
_texts = some.lists(_lines, max_size=9).map(b''.join)


@given(_texts, _texts)
def test_no_line_of_a_closed_section_is_ever_lost(old: bytes, new: bytes) -> None:
    if sections.kept(old, new, LIVE) is None:
        rest = iter(new.split(b'\n'))
        closed = [line for section in sections._closed(old, LIVE) for line in section.text.split(b'\n')]
        kept = [line for line in closed if line.startswith((b'## ', b'x'))]
        assert all(any(line.rstrip() == other.rstrip() for other in rest) for line in kept)


@given(_texts)
def test_a_text_follows_itself_and_takes_a_new_section(old: bytes) -> None:
    assert sections.kept(old, old, LIVE) is None
    if b'```' not in old:
        assert sections.kept(old, old + b'\n\n## 9. new\n\ntext\n', LIVE) is None
