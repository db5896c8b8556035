"""The names of runs, which sort by time."""
from __future__ import annotations

from math import inf

import pytest

from gitexp.core import ids

NOW = 1_772_000_000_000


@pytest.mark.parametrize(('ahead', 'skew', 'made'), [
    (-1, ids.SKEW, 0), (60_000, ids.SKEW, 60_001), (3_600_000, ids.SKEW, None), (3_600_000, inf, 3_600_001),
])
def test_a_name_comes_after_another_unless_that_is_far_ahead(ahead: int, skew: float, made: int | None) -> None:
    seen = ids.make(NOW + ahead)
    name = ids.after(seen, NOW, skew=skew)

    assert (name and ids.time_of(name)) == (None if made is None else NOW + made) and (name is None or name > seen)


@pytest.mark.parametrize('seen', ['another', 'z' * 16])
def test_after_what_tells_no_time_or_the_last_name_of_all_there_is_none(seen: str) -> None:
    assert ids.after(seen, NOW, skew=inf) is None and ids.time_of(ids.after('', NOW) or '') == NOW


def test_names_are_in_the_order_of_time() -> None:
    assert ids.of(0, bytes([255]) * 16) < ids.make(NOW) < ids.make(NOW + 1)
