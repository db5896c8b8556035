from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitexp.measure.metric import LONGEST, MANY, Reader, Reading

finite = st.floats(allow_nan=False, allow_infinity=False)


def read(*said: str | bytes, name: str = 'val_bpb', stream: int = 1) -> Reading:
    reader = Reader(name)
    for part in said:
        reader.hear(stream, part.encode() if isinstance(part, str) else part)
    return reader.reading()


@pytest.mark.parametrize(('said', 'value'), [
    ('val_bpb: 2.43\n', 2.43),
    ('val_bpb=2.43', 2.43),
    ('  val_bpb : +2.43e0  \r\n', 2.43),
    ('val_bpb = -.5\n', -0.5),
    ('val_bpb: 3\nloss: 7\n', 3.0),
    ('val_bpb: 2.50\nval_bpb: 2.5\n', 2.5),
    ('epoch 1 val_bpb: 9\nval_bpb: 2.5\n', 2.5),
    ('val_bpb: computing\nval_bpb: 2.5\n', 2.5),
    ('my_val_bpb: 1\nval_bpb_ema: 2\nval_bpb: 2.5\n', 2.5),
    ('\x1b[32mval_bpb: 2.5\x1b[0m\n', 2.5),
    ('10%\r20%\rval_bpb: 2.5\r', 2.5),
    ('talk\n{"val_bpb": 2.5, "loss": 1}\n\n', 2.5),
    ('val_bpb: 2.5\n{"val_bpb": 2.5}\n', 2.5),
    ('{"val_bpb": 9}\n{"val_bpb": 2}\n', 2.0),
    ('val_bpb: 0\n', 0.0),
])
def test_the_number_is_found(said: str, value: float) -> None:
    assert read(said) == Reading(value, None, read(said).others)


@pytest.mark.parametrize(('said', 'why'), [
    ('', "printed no line 'val_bpb: NUMBER'"),
    ('loss: 1\n', "printed no line 'val_bpb: NUMBER'"),
    ('INFO val_bpb: 2.5\n', "the nearest line is 'INFO val_bpb: 2.5'"),
    ('val_bpb: 2.5 bits\n', "printed 'val_bpb: 2.5 bits', which is text"),
    ('val_bpb: 2,5\n', 'which is text'),
    ('val_bpb: 1_000\n', 'which is text'),
    ('val_bpb:\n', 'which is text'),
    ('val_bpb: nan\n', "'val_bpb: nan', which is not a finite number"),
    ('val_bpb: -Infinity\n', "'val_bpb: -inf', which is not a finite number"),
    ('val_bpb: 1e999\n', "'val_bpb: inf', which is not a finite number"),
    ('{"val_bpb": NaN}', 'which is not a finite number'),
    ('{"val_bpb": "2.5"}', "'val_bpb: 2.5', which is text"),
    ('{"val_bpb": true}', 'which is text'),
    ('{"val_bpb": null}', 'which is text'),
    ('val_bpb: 2.5\nval_bpb: 2.4\n', 'with different values: 2.5, 2.4'),
    ('val_bpb: nan\nval_bpb: 2.4\n', 'with different values: nan, 2.4'),
    ('val_bpb: 2.5\n{"val_bpb": 2.4}', 'with different values: 2.5, 2.4'),
    ('{"val_bpb": 2.5, "val_bpb": 2.4}', 'with different values: 2.5, 2.4'),
    ('{"val_bpb": 2.5}\nmore\n', 'printed no line'),
    ('val_bpb: \x1b]0;x\x07\n', "'val_bpb: ?]0;x?', which is text"),
])
def test_what_is_no_number_is_named(said: str, why: str) -> None:
    reading = read(said)

    assert reading.value is None
    assert why in (reading.why or '')


def test_stderr_counts_too_and_is_not_mixed_in() -> None:
    reader = Reader('val_bpb')
    reader.hear(1, b'val_bpb: 2.4')
    reader.hear(2, b'warning\n')
    reader.hear(1, b'321\n')

    assert reader.reading().value == 2.4321
    assert read('val_bpb: 2.5\n', stream=2).value == 2.5


def test_other_numbers_are_kept_up_to_a_limit() -> None:
    many = ''.join(f'm{number}: {number}\n' for number in range(200))

    some = read('loss: 1.5\nname: abc\nbad: nan\nloss: 1.25\nval_bpb: 2\n{"val_bpb": 2, "acc": 1, "x": "y"}')

    assert some.others == {'loss': 1.25, 'acc': 1.0}
    assert read(many + 'val_bpb: 2\n').others == {f'm{number}': float(number) for number in range(200 - MANY, 200)}


def test_an_endless_line_is_no_number_and_no_burden() -> None:
    reader = Reader('val_bpb')
    for _ in range(100):
        reader.hear(1, b'val_bpb: 1' + b'0' * LONGEST)

    assert all(len(stream._open) + len(stream._tail) < 3 * LONGEST for stream in reader._streams.values())
    assert reader.reading().value is None


def test_spaces_without_end_take_no_time() -> None:
    assert read('val_bpb:' + ' ' * 60_000 + 'x\n').value is None


@given(finite, st.lists(st.integers(1, 40), max_size=6))
def test_it_does_not_matter_how_the_output_is_cut(value: float, cuts: list[int]) -> None:
    said = f'loss: 1\nval_bpb: {value!r}\nbye\n'.encode()
    places = sorted({0, *cuts, len(said)})

    assert read(*(said[a:b] for a, b in zip(places, places[1:]))).value == value


@given(finite)
def test_a_line_and_json_say_the_same(value: float) -> None:
    assert read(f'val_bpb: {value!r}').value == read(json.dumps({'val_bpb': value})).value == value


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_nothing_that_is_printed_can_break_it(first: bytes, second: bytes) -> None:
    reading = read(first, b'\n{"val_bpb":', second)

    assert reading.value is None or math.isfinite(reading.value)
    assert (reading.value is None) == (reading.why is not None)
