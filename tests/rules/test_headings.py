"""Where sections begin, as CommonMark has it; where it is not sure that code hides a heading, none is hidden."""
from __future__ import annotations

import pytest

from gitexp.rules import headings, sections

GOAL = '## Goal\nwin\n'


@pytest.mark.parametrize(('above', 'count'), [
    ('# Plan\n\n ## a\n   ##\tb\n    ## code\n', 3), ('```\n## x\n```\n', 1), ('```\n', 0), ('~~~\n```\n', 0),
    ('<!-- told -->\n\n```\n## x\n```\n', 1), ('<br>\n\n```\n## x\n```\n', 1), ('a <!--\n\n```\n', 0),
    ('<!--\n```\n-->\n\n', 1), ('<div>\n```\n</div>\n\n', 1), ('<pre>\n\n```\n</pre>\n', 1), ('<?php\n```\n?>\n', 1),
    ('- a\n\n  ```\n', 1), ('- <!--\n  ```\n  -->\n', 1), ('- a\n\n  ````\n<!--\n```\n-->\n', 1), ('  ```\n  ## x\n  ```\n', 1),
])
def test_a_heading_is_what_the_page_shows_as_one(above: str, count: int) -> None:
    assert len(headings.sections((above + GOAL).encode())) == count


@pytest.mark.parametrize('code', ['utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32'])
def test_a_plan_may_be_written_in_another_way_and_still_says_the_same(code: str) -> None:
    plan = f'# Plan\n\n{GOAL}\n## 2. Why\nä\n'
    text = plan.encode(code)
    assert sections.kept(text, plan.encode(), []) is None
    assert sections.kept(text, f'{plan}\n## 3. New\n'.encode(code), []) is None
    assert sections.kept(text, plan.replace('win', 'lose').encode(code), []) == "the section 'Goal' is changed"
    assert headings.sections(b'') == headings.sections(b'#') == []
