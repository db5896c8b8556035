"""Tables and figures for a terminal."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gitexp.report import figures, table
from gitexp.report.table import Column

CELLS = some.one_of(some.none(), some.text(max_size=30))


@given(some.lists(some.tuples(CELLS, CELLS, CELLS), max_size=6), some.integers(min_value=8, max_value=90))
def test_a_table_with_columns_that_can_give_way_fits_any_width(rows: list[tuple[str | None, ...]], width: int) -> None:
    columns = [Column('one', least=3), Column('two', right=True, least=2, spare=1), Column('three', least=4, spare=2)]
    lines = table.text(columns, rows, width=width).split('\n')

    assert len(lines) == len(rows) + 1
    assert all(table.cells(line) <= width and line.isprintable() for line in lines)


def test_wide_characters_take_two_cells_and_accents_none() -> None:
    said = table.text([Column('a'), Column('b', right=True)], [['全角', '1'], ['e\u0301x', '22'], [None, None]], width=80)

    assert said == 'a      b\n全角   1\ne\u0301x    22\n-      -'


def test_the_column_that_matters_least_goes_first() -> None:
    columns = [Column('name'), Column('kind', spare=1), Column('note', least=4, spare=2)]
    rows = [['resnet', 'eval', 'a long description']]

    assert [table.text(columns, rows, width=width).split('\n')[1] for width in (40, 24, 17, 12)] == [
        'resnet  eval  a long description', 'resnet  eval  a long de…', 'resnet  eval', 'resnet  eval',
    ]
    assert table.text(columns, rows, width=8) == 'name\nresnet'


def test_a_spare_column_that_says_nothing_is_left_out() -> None:
    assert table.text([Column('a'), Column('b', spare=1)], [['x', None], ['y', '']], width=80) == 'a\nx\ny'


def test_fields_keep_their_further_lines_aligned() -> None:
    assert table.fields([('a', 'one\ntwo'), ('long', '')]) == 'a     one\n      two\nlong'


@pytest.mark.parametrize('value, shown', [
    (None, None), (0.0, '0'), (0.123456, '0.12'), (1e-9, '1e-09'), (12.34, '12'), (123.4, '123'), (1e8, '1e+08'),
])
def test_a_spread_has_two_figures(value: float | None, shown: str | None) -> None:
    assert figures.spread(value) == shown


@pytest.mark.parametrize('values, shown', [
    ([2.24113, None], '2.2411'), ([91.234567], '91.235'), ([0.012345678], '0.012346'), ([123456.0], '123456'),
    ([0.0], '0.0000'), ([], None),
])
def test_a_scale_shows_five_figures(values: list[float | None], shown: str | None) -> None:
    assert figures.scale(values).show(values[0] if values else None) == shown


def test_a_change_has_its_sign() -> None:
    assert [figures.Scale(2).change(value) for value in (1.0, -1.0, 0.0, None)] == ['+1.00', '-1.00', '+0.00', None]
