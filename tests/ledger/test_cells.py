"""What is written is read again as it was."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitexp.core import escapes
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, read, write
from gitexp.ledger.result import Kind, Result, Status

text = st.text(st.characters(), max_size=30)  # with line ends, control characters and lone surrogates
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
names = st.none() | st.text('0123456789abcdefé-_.:/ ', min_size=1)
leaves = st.none() | st.booleans() | st.integers() | numbers | text
documents = st.dictionaries(text, st.recursive(leaves, st.lists, max_leaves=5), max_size=4)
results = st.builds(
    Result, id=st.text('0123456789abcdefghjkmnpqrstvwxyz', min_size=1), time=text, experiment=text, kind=st.sampled_from(list(Kind)[:5]),
    status=st.sampled_from(Status), version=text.filter(bool), commit=names, value=numbers, verdict=text.map(lambda said: said or None),
    seed=st.none() | st.integers(-9, 2 ** 64), seconds=numbers, memory_gb=numbers, description=text, tree=names, eval_id=names,
    metrics=documents, params=documents, env=documents,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(result=results)
def test_a_result_comes_back_as_it_was(result: Result) -> None:
    assert cells.parsed(cells.named(cells.written(result))) == result


def test_rows_come_back_from_the_ledger_as_they_were(bare: Lab) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows=st.lists(results, unique_by=lambda row: row.id, min_size=1, max_size=4))
    def come_back(rows: list[Result]) -> None:
        bare.ledger.unlink(missing_ok=True)
        write.append(bare, rows[:1])
        write.append(bare, rows[1:])
        assert read.read(bare) == read.Contents(read.in_order(rows), [], {})
        assert bare.ledger.read_bytes().count(b'\n') == len(rows) + 1

    come_back()


@settings(max_examples=300, deadline=None)
@given(said=text)
def test_a_cell_holds_nothing_that_another_program_could_take_for_an_end(said: str) -> None:
    cell = escapes.escape(said)
    assert escapes.unescape(cell) == said
    assert len(f'a{cell}b'.splitlines()) == 1
    assert '\t' not in cell and not cell.startswith('"')
    cell.encode()


def test_a_notebook_finds_its_columns(bare: Lab, row: Callable[..., Result]) -> None:
    write.append(bare, [row('1', commit='1234567', memory_gb=44.0, description='a "better" one: 50% faster')])
    header, line = [said.split('\t') for said in bare.ledger.read_text().splitlines()]

    said = dict(zip(header, line))
    assert {name: said[name] for name in ('commit', 'score', 'memory_gb', 'status', 'description')} == {
        'commit': '1234567', 'score': '1.5', 'memory_gb': '44.0', 'status': 'ok', 'description': 'a "better" one: 50% faster',
    }
    assert said['verdict'] == said['seconds'] == '' and said['env'] == '{}'


@pytest.mark.parametrize('said', [{'value': math.nan}, {'seconds': math.inf}, {'tree': 'a\tb'}, {'id': ''}, {'kind': Kind.SUPERSEDE}])
def test_what_could_not_be_read_back_is_not_written(bare: Lab, row: Callable[..., Result], said: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        write.append(bare, [row(**{'name': '1', **said})] if 'id' not in said else [row('')])
    assert not bare.ledger.exists()
