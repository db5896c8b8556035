from __future__ import annotations

import re

import pytest

from gitexp.core import patterns


def test_a_pattern_waits_until_it_is_used_and_is_then_as_any() -> None:
    with patterns.late():
        late, wrong = re.compile('(a+)b', re.IGNORECASE), re.compile('(')
    found = late.search('xAab')
    assert found and found.groups() == ('Aa',) and late.pattern == '(a+)b' and late.sub('c', 'aby') == 'cy'
    with pytest.raises(re.error):
        wrong.match('')


def test_afterwards_they_are_compiled_at_once_whatever_went_wrong() -> None:
    with pytest.raises(ZeroDivisionError), patterns.late():
        1 / 0
    with pytest.raises(re.error):
        re.compile('(')
