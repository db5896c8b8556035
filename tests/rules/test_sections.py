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
    (PLAN, _swapped(PLAN, b'Why: so', b'Why: so that'), "the section '8. Code' is changed"),
    (PLAN, _swapped(PLAN, b'lower', b'higher'), "the section '1. Goal' is changed"),
    (PLAN, _swapped(PLAN, b'lower', b'lower '), "the section '1. Goal' is changed"),
    (PLAN, _swapped(PLAN, b'lower', b'lower\n\nand more'), "the section '1. Goal' is changed"),
    (PLAN, _swapped(PLAN, b'1. Goal', b'1. Aim'), "the section '1. Goal' is gone"),
    (PLAN, _swapped(PLAN, b'2. Data', b'2. Status'), "the section '2. Data' is gone"),
    (PLAN, _swapped(PLAN, b'not a heading', b'still none'), "the section '8. Code' is changed"),
    (PLAN, _swapped(PLAN, b'\n', b'\r\n'), "the line ends of the section '1. Goal' are changed"),
    (PLAN, b'', "the section '1. Goal' is gone"),
    (PLAN, _swapped(PLAN, b'## 2.', NEW + b'\n## 2.'), "the section '2. Data' is not in its place: new ones follow below the last"),
    (PLAN, PLAN + b'## 1. Goal\n\nlower\n', "the section '1. Goal' is there twice"),
    (PLAN, PLAN + b'## 1. Goal\n\nhigher\n', None),
    (PLAN, _swapped(PLAN, b'planned', b'planned\n~~~'), "the section '1. Goal' is gone"),
    (GAP, _swapped(GAP, b'\n## 10.', NEW + b'\n## 10.'), None),
    (GAP, _swapped(GAP, b'\n## 10.', NEW.replace(b'9. ', b'') + b'\n## 10.'),
     "the section '10. v1 root cause' is not in its place: new ones follow below the last"),
    (b'## 1. a\n\n## ' + b'9' * 5000 + b'. b\n', b'## 1. a\n\n## 2. x\n\n## ' + b'9' * 5000 + b'. b\n',
     f"the section '{'9' * 60}…' is not in its place: new ones follow below the last"),
    (PLAN + b'```\n', PLAN + b'```\n\nx\n```\n', "the section '8. Code' is changed"),
    (b'## 1. A\n```\n``` goes on\n## 2. B\n```\n', b'## 1. A\n```\n``` goes on\n## 2. C\n```\n', "the section '1. A' is changed"),
    (b'', PLAN, None),
    (b'no sections\n', b'other words\n', None),
    (b'## 1. A\r\nx\r\n', b'## 1. A\r\nx\r\n\n## 2. B\ny\n', None),
])
def test_what_is_committed_stays(old: bytes, new: bytes, says: str | None) -> None:
    assert sections.kept(old, new, LIVE) == says


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


_lines = some.sampled_from([
    b'## 1. a\n', b'## 2. b\n', b'## status\n', b'x\n', b'- y:\n', b'\n', b'```\n', b'x', b'\r\n', b'<!--', b'-->\n',
])
_texts = some.lists(_lines, max_size=9).map(b''.join)


@given(_texts, _texts)
def test_no_line_of_a_closed_section_is_ever_lost(old: bytes, new: bytes) -> None:
    if sections.kept(old, new, LIVE) is None:
        rest = iter(new.split(b'\n'))
        closed = [line for text in sections._closed(old, LIVE) for line in text.split(b'\n')]
        kept = [line for line in closed if line.startswith((b'## ', b'x'))]
        assert all(any(line.rstrip() == other.rstrip() for other in rest) for line in kept)


@given(_texts)
def test_a_text_follows_itself_and_takes_a_new_section(old: bytes) -> None:
    assert sections.kept(old, old, LIVE) is None
    if b'```' not in old:
        assert sections.kept(old, old + b'\n\n## 9. new\n\ntext\n', LIVE) is None
