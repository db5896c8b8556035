"""Where sections begin: wherever a line begins with '## ', whatever a page makes of it."""
from __future__ import annotations

import pytest

from gitexp.rules import headings, sections

GOAL = '## Goal\nwin\n'


@pytest.mark.parametrize(('above', 'code'), [
    ('# Plan\n\n ## a\n   ##\tb\n    ## code\n', '....'), ('```\n## x\n```\n', 'x.'), ('```\n', 'x'), ('~~~\n```\n', 'x'),
    ('```\n```\f\n```\n', '.'), ('```pip install```\n', '.'), ('````\n```\n## a\n````  \n## b\n', 'x..'),
    ('<!-- told -->\n\n```\n## x\n```\n', 'x.'), ('<!--\n', '.'), ('<div>\n```\n</div>\n```\n', '.'), ('<pre>\n', '.'),
    ('##\n', '..'), ('> ## a\n1. ## b\n- > * ##\tc\n', '....'), ('###\n### a\n##a\n#\n# ## x\na ## b\n', '.'),
    ('- a\n\n  ```\n', '.'), ('- ```\n  ls\n  ```\n', '.'), ('  ```\n  ## x\n  ```\n', 'x.'),
])
def test_every_line_that_begins_so_is_a_heading_and_it_is_known_which_are_in_code(above: str, code: str) -> None:
    assert ''.join('.x'[section.in_code] for section in headings.sections((above + GOAL).encode())) == code


@pytest.mark.parametrize('code', ['utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32'])
def test_a_plan_may_be_written_in_another_way(code: str) -> None:
    plan = f'# Plan\n\n{GOAL}\n## 2. Why\nä\n\n## Status\nnew\n'
    text = plan.encode(code)
    assert len(headings.sections(text)) == 3
    assert sections.kept(text, f'{plan}\n## 3. New\n'.encode(code), []) is None
    assert sections.kept(text, plan.replace('new', 'done').encode(code), ['Status']) is None
    assert sections.kept(text, plan.replace('win', 'lose').encode(code), []) == "the section 'Goal' is changed"
    if code != 'utf-8-sig':
        assert sections.kept(plan.encode(), text, []) is not None, 'that is an edit, like other line ends'
    assert headings.sections(b'') == headings.sections(b'#') == []
