"""The names of runs, which sort by time."""
from __future__ import annotations

from math import inf

import pytest

from gitexp.core import ids

NOW = 1_772_000_000_000


@pytest.mark.parametrize(('seen', 'skew', 'made'), [
    ('', ids.SKEW, NOW), (ids.make(NOW - 1), ids.SKEW, NOW), (ids.make(NOW + 60_000), ids.SKEW, NOW + 60_001),
    (ids.make(NOW + 3_600_000), ids.SKEW, None), (ids.make(NOW + 3_600_000), inf, NOW + 3_600_001),
    ('another', ids.SKEW, None), ('z' * 16, inf, None),
])
def test_a_name_after_another(seen: str, skew: float, made: int | None) -> None:
    name = ids.after(seen, NOW, skew=skew)

    assert (name and ids.time_of(name)) == made and (name is None or name > seen)
