"""Reading the logs of others: whatever the bytes are, each line is a row that can be read back, or is named."""
from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st

from gitexp.core import escapes
from gitexp.core.errors import Failure
from gitexp.commands import import_
from gitexp.lab import config
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, read, write
from gitexp.ledger.foreign import columns, log, quantity
from gitexp.ledger.foreign.importing import Told
from gitexp.ledger.foreign.quantity import Quantity
from gitexp.ledger.foreign.rows import Maker
from gitexp.ledger.result import Status

HEADER = 'commit\tscore\tmemory_gb\tstatus\tdescription'
LOGS = [
    f'{HEADER}\naaaa111\t0.9\t44.0\tkeep\tbase\nbbbb222\t0\t0.0\tcrash\tno\n'.encode(),
    b'{"type":"config","metricName":"score","bestDirection":"lower"}\n'
    b'{"run":1,"commit":"aaaa111","metric":1e999,"metrics":{"a":[]},"status":"keep"}',
    b'aaaa111\\t0.9\\t44\\tkeep\\tno header\\n\n# comment\n"a""b"\t1,061\t9.3s\tok\t\n',
]
odd = st.sampled_from([
    b'\t', b'\n', b'\r', b'"', b'#', b'\\t', b'\0', b'\xff', b'{', b'}', b'1e999', b'NaN', b'-', b'\xe2\x80\xa8', b'\x1b', b'\\ud800',
])


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A log in which bytes were lost, doubled and scattered."""
    data = draw(st.sampled_from(LOGS))
    for _ in range(draw(st.integers(0, 6))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        data = data[:start] + draw(st.one_of(odd, st.just(data[start:end] * 2), st.binary(max_size=8))) + data[end:]
    return data


def made(data: bytes, metric: str = 'score', named: tuple[tuple[str, ...], ...] = ()) -> tuple[list[bytes], dict[int, str]]:
    found = log.of(data, metric=metric, named=named)
    maker = Maker(metric, experiment='imported', ledger='score', told={}, commas=True)
    rows = maker.rows(found.records)
    return rows, {one.line: one.why for one in [*found.dropped, *maker.dropped]}


def column(name: str, rows: list[bytes]) -> list[str]:
    return [cells.named(row)[name] for row in rows]


@settings(max_examples=400, deadline=None)
@given(st.one_of(spoilt(), st.binary(max_size=200)), st.sampled_from(['score', 'commit', 'x', 'é']))
@example(b'{}', 'score')
@example(b'{"":1}', 'score')
@example(b'{"score":1,"seed":true,"time":1e400,"commit":{"a":NaN}}', 'score')
@example(b'{"score":1,"x":1e999,"y":[-1e999]}', 'score')
@example(b'[' * 100_000, 'score')
@example(b'{"score":' + b'9' * 5000 + b'}', 'score')
@example(b'commit\tscore\tdate\n\xc2\xb2\t\xc2\xb2\t9999999999\n-\t1\t0000-00-00\n', 'score')
@example(f'{HEADER}\naaaa111\t1\t1\tkeep\t{"a" * 262_000}\n'.encode(), 'score')
@example(b'commit\tscore\tdescription\naaaa111\t1\t' + b'\x1b' * 262_000, 'score')
@example(b'{"score":1,"x":"' + b'\\u001b' * 40_000 + b'"}', 'score')
def test_no_bytes_crash_it_and_what_it_makes_can_be_read_back(data: bytes, metric: str) -> None:
    rows, _ = made(data, metric)

    header = read.heading('\t'.join(cells.NAMES).encode() + b'\n', 'value')
    lines = write.lines(rows, header)
    assert lines.count(b'\n') == len(rows)
    for row, line in zip(map(cells.named, rows), lines.split(b'\n')):
        assert header.parse(line) == cells.parsed(row)
        for document in ('metrics', 'params', 'env'):
            json.loads(escapes.unescape(row[document]), parse_constant=pytest.fail)
    assert len(column('id', rows)) == len(set(column('id', rows))) == len(rows)


@pytest.mark.parametrize('name', ['x', 'commit'])
def test_a_row_is_made_or_named_however_deep_it_is_nested(name: str) -> None:
    depths = range(900, 1010)
    rows, dropped = made(b''.join(b'{"score":%d,"%s":%s}\n' % (depth, name.encode(), b'[' * depth + b']' * depth) for depth in depths))

    assert sorted([*(int(float(value)) - 899 for value in column('value', rows)), *dropped]) == list(range(1, len(depths) + 1))


@given(st.one_of(st.integers(10 ** 9, 10 ** 10 - 1), st.integers(10 ** 12, 10 ** 13 - 1)))
def test_a_unix_time_is_the_moment_that_python_makes_of_it(said: int) -> None:
    when = datetime.fromtimestamp(said if said < 10 ** 10 else said / 1e3, timezone.utc)
    wanted = (when.isoformat(timespec='seconds'), int(when.timestamp() * 1000)) if 2000 <= when.year < 2200 else None

    assert quantity.moment(said) == wanted == quantity.moment(str(said))


@settings(max_examples=200, deadline=None)
@given(st.one_of(spoilt(), st.binary(max_size=200)))
@example(b'{}')
@example(b'\tscore2\n\t1\n')
@example(b'x\tx\tstatus\n-\t1\tkeep\n')
def test_asking_ends(data: bytes) -> None:
    lab = Lab(None, Path('/nowhere'), 'main', '', '', config.of({'metric': {'name': 'score', 'direction': 'min'}, 'eval': 'true'}), {})
    try:
        import_._asked(lab, data, Told(), file='log', asks=False)
    except Failure as error:
        assert error.code in (2, 3)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(['row', 'Traceback (most recent call last):', '<<<<<<< HEAD', 'a\tb', '', '# note', 'b\0d', HEADER])))
def test_every_line_is_a_row_or_named_or_says_nothing(lines: list[str]) -> None:
    text = [HEADER, *(f'abcd{place:03}\t{place}\t1.0\tkeep\tx' if line == 'row' else line for place, line in enumerate(lines))]
    rows, dropped = made('\n'.join(text).encode())

    wanted = {place for place, line in enumerate(lines, 2) if line == 'row'}
    silent = {place for place, line in enumerate(lines, 2) if line in ('', '# note', HEADER)}
    assert {int(commit[4:]) + 2 for commit in column('commit', rows)} == wanted
    assert set(dropped) == set(range(2, len(lines) + 2)) - wanted - silent


@given(st.permutations(range(6)))
def test_a_row_has_one_name_wherever_it_stands(order: list[int]) -> None:
    lines = [f'abcd{place:03}\t{place}\t1.0\tkeep\tx' for place in range(6)]
    rows, _ = made('\n'.join([HEADER, *lines]).encode())
    again, _ = made('\n'.join([HEADER, *[lines[one] for one in order]]).encode())

    assert column('id', again) == [column('id', rows)[one] for one in order]
    assert [json.loads(env)['place'] for env in column('env', again)] == [1, 2, 3, 4, 5, 6]


def test_names_sort_by_time_where_it_is_known_and_before_all_others_where_not() -> None:
    moments = [1_500_000_000, '2020-01-01T00:00:00Z', 1_600_000_000_123, '2026-01-01 00:00:00+02:00', '2026-01-01']
    rows, _ = made(b''.join(json.dumps({'score': 1, 'timestamp': one}).encode() + b'\n' for one in [*moments, None]))
    names = column('id', rows)

    assert sorted(names) == [names[-1], *names[:-1]] and {len(name) for name in names} == {16}
    assert names[-1].startswith('00') and not names[-1].startswith('0000000000')  # 30 bits of chance do not tell many rows apart
    assert column('time', rows) == [
        '2017-07-14T02:40:00+00:00', '2020-01-01T00:00:00+00:00', '2020-09-13T12:26:40+00:00', '2025-12-31T22:00:00+00:00',
        '2026-01-01T00:00:00', '',
    ]


def test_rows_of_one_moment_have_names_of_their_own() -> None:
    lines = ''.join(f'{place}\t2026-01-01\n' for place in range(70_000))  # more than 30 bits of chance can be trusted with
    rows, dropped = made(f'score\ttimestamp\n{lines}'.encode())

    assert len(set(column('id', rows))) == 70_000 and not dropped


@pytest.mark.parametrize('said, found', [
    ('0.997900', (0.9979, '')), ('1,061', (1061.0, '')), ('3,818,000.5', (3818000.5, '')), ('9.3s', (9.3, 's')),
    ('44.0 GB', (44.0, 'GB')), ('-27.57%', (-27.57, '%')), ('1e-4', (1e-4, '')), ('26.9 tok/s', (26.9, 'tok/s')),
    ('3,818µs', (3818.0, 'µs')), (7, (7, '')),
    ('0,798', None), ('1,2345', None), ('12,5', None), ('1_000', None), ('٣', None), ('nan', None), ('inf', None), ('1e999', None),
    ('', None), ('abc', None), ('a1b2c3d', None), ('1.2.3', None), (True, None), (None, None), (float('nan'), None),
    (10 ** 400, None), ([1], None),
])
def test_numbers_as_people_write_them(said: object, found: tuple[float, str] | None) -> None:
    assert quantity.of(said) == (found and Quantity(*found))


@pytest.mark.parametrize('said', [
    '2026-13-01', '1999-01-01', '2026-01-01T25:00', '9.3s', '12', '00000000000000000', '²²²²²²²²²²', 'yesterday', '-1', '',
])
def test_what_is_no_time(said: str) -> None:
    assert quantity.moment(said) is None


@pytest.mark.parametrize('name, cell, found', [
    ('memory_gb', '44.0', 44.0), ('peak_vram_mb', '45060.2', 44.004102), ('memory', '512 MB', 0.5), ('memory', '44', None),
    ('memory_gb', '44 tok', None), ('elapsed', '85s', 85.0), ('wall_time_s', '300.1', 300.1), ('runtime', '1.5h', 5400.0),
    ('elapsed', '85', None),
])
def test_amounts_have_the_unit_of_the_cell_or_of_the_column(name: str, cell: str, found: float | None) -> None:
    assert columns.amount(cell, name, commas=True) == found


@pytest.mark.parametrize('word, status', [
    ('keep', 'ok'), ('KEPT', 'ok'), ('Discard', 'ok'), ('keep (reworked)', 'ok'), ('no-op', 'ok'), ('reverted: noise', 'ok'),
    ('crash', 'failed'), ('FAIL', 'failed'), ('checks_failed', 'failed'), ('hook-blocked', 'failed'), ('OOM', 'oom'),
    ('timed out', 'timeout'),
    ('not ok', None), ('perhaps', None), ('基线', None),
])
def test_statuses(word: str, status: str | None) -> None:
    rows, dropped = made(f'commit\tscore\tstatus\naaaa111\t0.5\t{word}\n'.encode())

    assert column('status', rows) == ([status] if status else [])
    assert bool(dropped) is (status is None)
    assert column('value', rows) == {None: [], 'ok': ['0.5']}.get(status, [''])


def test_a_status_may_stand_in_no_column() -> None:
    rows, dropped = made(b'commit\tscore\tcorrect\naaaa111\t0.5\tOK\nbbbb222\t0\tFAIL\ncccc333\t0.4\t17\ndddd444\t-\t-\n')

    assert [(row['status'], row['value'], row['params']) for row in map(cells.named, rows)] == [
        (Status.OK.value, '0.5', '{"status":"OK"}'), (Status.FAILED.value, '', '{"status":"FAIL"}'),
        (Status.OK.value, '0.4', '{"correct":"17"}'),
    ]
    assert dropped == {5: 'neither a status nor a value'}


def test_columns_of_one_name_are_told_apart_and_either_may_be_the_metric() -> None:
    log = b'acc\tacc\tacc.2\tstatus\n0.1\t0.5\t9\tkeep\n'

    said = [made(log, metric)[0] for metric in ('acc', 'acc.2', 'acc.2.3')]
    assert [(row['value'], row['metrics']) for rows in said for row in map(cells.named, rows)] == [
        ('0.1', '{"acc.2":0.5,"acc.2.3":9}'), ('0.5', '{"acc":0.1,"acc.2.3":9}'), ('9.0', '{"acc":0.1,"acc.2":0.5}'),
    ]


def test_rows_of_two_widths_can_be_told_apart() -> None:
    named = (('commit', 'score', 'status'), ('commit', 'score', '_', 'status'))
    rows, dropped = made(b'aaaa111\t1\tkeep\nbbbb222\t2\tskip me\tkeep\ncccc333\t3\n', named=named)

    assert [(row['commit'], row['value'], row['params']) for row in map(cells.named, rows)] == [
        ('aaaa111', '1.0', '{"status":"keep"}'), ('bbbb222', '2.0', '{"status":"keep"}'),
    ]
    assert dropped == {3: '2 columns, and no header'}


def test_fused_rows_are_parted_only_where_it_is_sure() -> None:
    fused = 'aaaa111\t1\t1\tkeep\tfinebbbb222\t2\t2\tkeep\talso\n'
    rows, _ = made(f'{HEADER}\ncccc333\t3\t3\tkeep\tx\n{fused}'.encode())
    assert column('commit', rows) == ['cccc333', 'aaaa111', 'bbbb222'] and column('description', rows) == ['x', 'fine', 'also']

    for others in ('', 'cccc333\t3\t3\tkeep\tx\ndddd4444\t4\t4\tkeep\ty\n'):  # no commit says how long they are, or two say otherwise
        rows, dropped = made(f'{HEADER}\n{others}{fused}'.encode())
        assert len(rows) == others.count('\n')
        assert list(dropped.values()) == ['9 columns where the header has 5: two rows in one line?']


def test_numbers_stand_in_a_row_as_json_has_them() -> None:
    said = {'b"\\': 1, 'é\x7f': -0.0, 'a': 1e22, 'n': 12345678901234567890}
    rows, _ = made(json.dumps({'score': 1.5, **said}).encode())
    text = json.dumps(said, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    assert column('metrics', rows) == [escapes.escape(text)] and cells.parsed(cells.named(rows[0])).metrics == said

    assert made(b'{"score":1.5,"x":-1e999}') == ([], {1: 'a number in it is not finite'})
