from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitexp.measure.metric import LONGEST, MANY, Reader, Reading

finite = st.floats(allow_nan=False, allow_infinity=False)


def read(*said: str | bytes, name: str = 'val_bpb') -> Reading:
    reader = Reader(name)
    for part in said:
        reader.hear(1, part.encode() if isinstance(part, str) else part)
    return reader.reading()


@pytest.mark.parametrize(('said', 'value'), [
    ('val_bpb: 2.43\n', 2.43),
    ('val_bpb=2.43', 2.43),
    ('  val_bpb : +2.43e0  \r\n', 2.43),
    ('val_bpb = -.5\n', -0.5),
    ('val_bpb: 3\nloss: 7\n', 3.0),
    ('val_bpb: 2.50\nval_bpb: 2.5\n', 2.5),
    ('epoch 1 val_bpb: 2.50\nval_bpb: 2.5\n', 2.5),
    ('val_bpb:\nval_bpb: 2.5\n', 2.5),
    ('val_bpb_ema: 2\nVAL_BPB: 3\nbest val_bpb so far: 4\nval_bpb: 2.5\n', 2.5),
    ("{'eval_val_bpb': 1}\n{'val_bpb': 2}\nval_bpb: 2.5\n", 2.5),
    ('{"step": 1, "val_bpb": 9}\nval_bpb: 2.5\n', 2.5),
    ('{"step": 1, "val_bpb": 9}\n{"step": 2, "val_bpb": 3}\n{"step": 3, "val_bpb": 2.5}\n', 2.5),
    ('{"step": 1, "val_bpb": 9}\nval_bpb: 2.5\n{"saved": "val_bpb: 9"}\n', 2.5),
    ('{"step": 1, "val_bpb": 9}\n{"curve": [' + '9, ' * 80_000 + '9], "val_bpb": 2.5}\n \n', 2.5),
    ('a val_bpb: information\nval_bpb: 2.5\n', 2.5),
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
    ('lr: 1\nvalbpb: 2\n', "on its last line; it printed 'lr', 'valbpb': is 'valbpb' the metric?"),
    ('{"bpb": 2, "lr": 1}', "on its last line; it printed 'bpb', 'lr': is 'bpb' the metric?"),
    ('INFO val_bpb: 2.5\n', "the nearest line is 'INFO val_bpb: 2.5'"),
    ('val_bpb: good\nval_bpb: 3\n', "with different values: 3.0, and 'good', which is text"),
    ('val_bpb: 3\n{"val_bpb": "good"}', "with different values: 3.0, and 'good', which is text"),
    ('val_bpb:\nval_bpb: 3\n{"val_bpb": "good"}', "with different values: 3.0, and 'good', which is text"),
    ('val_bpb: val_bpb: 3\nval_bpb:\nval_bpb: 0.1\n', "with different values: 0.1, and 'val_bpb: 3', which is text"),
    ('val_bpb: 0.1\nval_bpb: val_bpb: 3\nval_bpb:\n', "with different values: 0.1, and 'val_bpb: 3', which is text"),
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


@pytest.mark.parametrize(('said', 'shown'), [
    ('val_bpb: 0.1\nxval_bpb: 5\n', "and 5.0 within the line 'xval_bpb: 5'"),
    ('xval_bpb: 5\nval_bpb: 0.1\n', "and 5.0 within the line 'xval_bpb: 5'"),
    ('val_bpb: 0.1\nx val_bpb = 5', "and 5.0 within the line 'x val_bpb = 5'"),
    ('val_bpb: 0.1\nloss: 1 val_bpb: 5 more\n', "and 5.0 within"),
    ('val_bpb: 0.1\n\x1b[3val_bpb: 5\n', "and 5.0 within"),
    ('val_bpb: 0.1\nx{"val_bpb": 5}\n', "and 5.0 within"),
    ('val_bpb: 0.1\n{"a": {"val_bpb": 5}\n', "and 5.0 within"),
    ('val_bpb: 0.1\n{{"val_bpb": 5}\n', "and 5.0 within"),
    ('val_bpb: 0.1\n{}{"val_bpb": 5}\n', "and 5.0 within"),
    ('val_bpb: 0.1\n\f{"val_bpb": 5}\n', "and 5.0 within"),
    ('val_bpb: 0.1\n{"model": "val_bpb: 0.1\n", "val_bpb": 5}\n', "and 5.0 within"),
    ('val_bpb: 0.1\n{"model": x, "val_bpb": 5}\n', "and 5.0 within"),
    ('val_bpb: 0.1\nx\xffval_bpb: nan\n', "and nan within"),
    ('xval_bpb: 5\n{"val_bpb": 0.1}', "and 5.0 within"),
    ('50%|## val_bpb=0.2\n60%|### val_bpb=0.1\nval_bpb: 0.1\n', "and 0.2 within the line '50%|## val_bpb=0.2'"),
    ('val_bpb: 0.1\n' + 'x' * 2 * LONGEST + 'val_bpb: 5\n', f"and 'val_bpb' within a line of more than {LONGEST >> 20} MiB"),
])
def test_a_number_within_a_line_may_be_the_true_one(said: str, shown: str) -> None:
    """Whoever prints to the same stream may leave a line without its end, by intent or as a progress bar does."""
    for cut in (1, 1000, len(said)):
        reading = read(*(said[at:at + cut] for at in range(0, len(said), cut))) if cut > 1 or len(said) < 1000 else read(said)

        assert reading.value is None and shown in (reading.why or '')
        assert 'print it once, on a line of its own, and end the line before it' in (reading.why or '')


@pytest.mark.parametrize('said', ['xe2e: 1e2e: 5\ne2e: 100\n', 'e2e: 100\nx e2e=1e2e: 5\n'])
def test_a_number_that_somebody_else_began_swallows_no_name(said: str) -> None:
    reading = read(said, name='e2e')

    assert reading.value is None and 'and 5.0 within' in (reading.why or '')


def test_a_colour_that_somebody_else_began_hides_no_name() -> None:
    reading = read('mse: 0.1\n\x1b[mse: 5\n', name='mse')

    assert reading.value is None and 'and 5.0 within' in (reading.why or '')


@pytest.mark.parametrize('talk', [
    '50%|## val_bpb=9.0\rINFO val_bpb: 7\n', 'val_bpb: 9: 45%|####\rval_bpb: 8\nval_bpb: 7\n', 'val_bpb: 9\n', 'val_bpb: soon\n',
    '{"val_bpb": 9}',
])
def test_what_stands_on_the_other_stream_is_neither_believed_nor_in_the_way(talk: str) -> None:
    reader = Reader('val_bpb')
    reader.hear(2, talk.encode())
    reader.hear(1, b'val_bpb: 2.5\n')

    assert reader.reading().value == 2.5


@pytest.mark.parametrize('said', ['val_bpb: 2.5\n', 'talk\n{"val_bpb": 2.5}\n'])
def test_on_stderr_alone_it_is_no_result_and_the_way_out_is_named(said: str) -> None:
    reader = Reader('val_bpb')
    reader.hear(1, b'loss: 1\n')
    reader.hear(2, said.encode())

    assert reader.reading() == Reading(None, (
        "the evaluation printed 'val_bpb: 2.5' on stderr, and only stdout is read for it: redirect it in the command, "
        'as in eval: python3 eval.py 2>&1'
    ), {'loss': 1.0})
    assert 'which is text' in (read('val_bpb: good\n').why or '')


@pytest.mark.parametrize('cut', [1000, LONGEST, LONGEST + 7, 3 * LONGEST])
def test_a_name_in_an_endless_line_is_found_wherever_it_is_cut(cut: int) -> None:
    for at in (LONGEST - 3, LONGEST, 2 * LONGEST - 5, 3 * LONGEST - 2):
        said = 'val_bpb: 0.1\n' + 'x' * at + 'val_bpb: 5'
        reading = read(*(said[start:start + cut] for start in range(0, len(said), cut)))

        assert reading.value is None, (at, cut)


@pytest.mark.parametrize('cut', [1000, LONGEST, 4 * LONGEST])
def test_of_an_object_that_is_too_long_the_way_out_is_named(cut: int) -> None:
    for curve, spaces in ((LONGEST // 3, 0), (LONGEST, 0), (1, 3 * LONGEST)):
        said = '{"val_bpb": 2.5, "curve": [' + '9, ' * curve + '9]}' + ' ' * spaces + '\n'
        why = read(*(said[start:start + cut] for start in range(0, len(said), cut))).why or ''

        assert f"'val_bpb' within a line of more than {LONGEST >> 20} MiB, which is not read: print it once, on a line of its own" in why


def test_an_endless_line_without_the_name_costs_nothing() -> None:
    assert read('val_bpb: 2.5\n', 'x' * 3 * LONGEST, ' val_bpb_ema: 1' + 'x' * LONGEST, '\n').value == 2.5


def test_stderr_is_not_mixed_in() -> None:
    reader = Reader('val_bpb')
    reader.hear(1, b'val_bpb: 2.4')
    reader.hear(2, b'warning\n')
    reader.hear(1, b'321\n')

    assert reader.reading().value == 2.4321


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


NAMES = st.sampled_from(['score', 'mse', 'm', 'e2e', 'nan_x', 'e1'])
PIECES = ['$', ': ', '=', ':', '5', '0.1', '1e', '-', 'nan', 'inf', '\n', '\r', ' ', 'x', '_', '{', '}', '"', '[', '\x1b[', '3', 'm', ',',
          '\xff', '\n$: 0.1\n', '\n$:\n', '\n{"$": 0.1}', '\n{"$": "', '\n{"a": "', '$: 100', 'z' * LONGEST]  # '$' for the name
AROUND = st.lists(st.sampled_from(PIECES), max_size=8).map(''.join)


@settings(max_examples=300, deadline=None)
@given(NAMES, AROUND, AROUND, st.sampled_from([': ', '=', ' : ']))
def test_whatever_is_printed_around_the_true_line_no_other_number_counts(name: str, before: str, after: str, between: str) -> None:
    said = f'{before}${between}5\n{after}'.replace('$', name)

    assert read(said.encode('latin-1'), name=name).value in (None, 5.0)


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_nothing_that_is_printed_can_break_it(first: bytes, second: bytes) -> None:
    reading = read(first, b'\n{"val_bpb":', second)

    assert reading.value is None or math.isfinite(reading.value)
    assert (reading.value is None) == (reading.why is not None)
