"""A named tuple of ours is what `typing` makes of the same lines."""
from __future__ import annotations

import pickle
import typing
from typing import Any

import pytest

from gitexp.core import tuples


class Ours(tuples.NamedTuple):
    """A point."""

    x: int
    y: float | None = None
    unit: str = 'm'

    @property
    def far(self) -> bool:
        return self.x > 9

    @classmethod
    def at(cls, x: int) -> Ours:
        return cls(x)

    def __str__(self) -> str:
        return f'{self.x} {self.unit}'


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: float | None = None
    unit: str = 'm'


def test_one_is_what_typing_makes() -> None:
    mine, yours = Ours(10, unit='km'), Theirs(10, unit='km')
    assert mine == yours == (10, None, 'km') and hash(mine) == hash(yours)
    assert (mine._fields, mine._asdict(), Ours._field_defaults) == (yours._fields, yours._asdict(), Theirs._field_defaults)
    assert (Ours.__doc__, Ours.__module__, Ours.__qualname__) == (Theirs.__doc__, Theirs.__module__, 'Ours')
    assert repr(mine) == repr(yours).replace('Theirs', 'Ours')
    assert pickle.loads(pickle.dumps(mine)) == mine


def test_what_is_defined_beside_the_fields_is_kept() -> None:
    mine = Ours.at(10)._replace(x=8)
    assert (mine.far, str(mine), mine._replace(x=10).far) == (False, '8 m', True)
    assert issubclass(Ours, tuple) and not hasattr(mine, '__dict__')


@pytest.mark.parametrize('words', [(), (1, 2, 3, 4)])
def test_too_few_or_too_many_are_an_error(words: Any) -> None:
    with pytest.raises(TypeError):
        Ours(*words)
