"""The reader uses every line that it can, and names the others."""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gitexp.core.escapes import escape
from gitexp.lab.lab import Lab
from gitexp.ledger import read, write
from gitexp.ledger.result import Kind, Result, columns
from gitexp.ledger.scan import Scan

NEEDED = {'covers': [], 'confirms': 't'}
ODD: list[tuple[str, dict[str, Any]]] = [
    ('supersede', {'bug': {}}), ('supersede', {'closes': ['v1', 1]}), ('supersede', {'selected': 'all'}),
    ('supersede', {'selected': {'commit': 5}}), ('supersede', {'selected': {'commit': ['a']}}),
    ('supersede', {'selected': {'since': 'a\0b'}}), ('supersede', {'selected': {'runs': [{}]}}),
    ('confirm', {'by': {}}), ('confirm', {'mean': 10 ** 400}), ('confirm', {'seeds': 'x'}),
]
HEADER = '\t'.join(columns('score')) + '\n'


def line(name: str, **said: str) -> str:
    plain = {
        'id': name, 'time': 'now', 'experiment': 'e', 'status': 'ok', 'kind': 'eval', 'score': '1.5', 'tree': 't', 'eval_id': 'e',
        'env': '{"a":1}',
    }
    return '\t'.join({**plain, **said}.get(column, '') for column in columns('score'))


def contents(lab: Lab, text: str | bytes) -> tuple[list[str], list[str]]:
    """The ids that are read from a ledger, and what is said of the rest."""
    lab.ledger.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = read.read(lab)
    assert all((one.rule, one.path) == ('ledger', 'results.tsv') for one in found.findings)
    return [row.id for row in found.results], [one.message for one in found.findings]


def test_a_missing_or_empty_ledger_is_empty(bare: Lab) -> None:
    assert read.read(bare) == read.Contents([], [], {})
    assert contents(bare, '') == contents(bare, '\n\n') == contents(bare, HEADER) == ([], [])


@pytest.mark.parametrize(('bad', 'reason'), [
    (line('2')[:-3], "env '{\"a\"' is not a JSON object"),
    (line('2')[:8], '4 columns where the header has 18'),
    (f"{line('2')}\t", '19 columns where the header has 18'),
    (line('2', score='1,5'), "the metric '1,5' is not a finite number"),
    (line('2', score='nan'), "the metric 'nan' is not a finite number"),
    (line('2', score='-inf'), "the metric '-inf' is not a finite number"),
    (line('2', score='1_000'), "the metric '1_000' is not a finite number"),
    (line('2', seconds='long'), "seconds 'long' is not a finite number"),
    (line('2', seed='1.5'), "seed '1.5' is not a whole number"),
    (line('2', status='crash'), "status 'crash' is none of ok, failed, timeout, oom, thermal_abort, violation, interrupted"),
    (line('2', kind='test'), "kind 'test' is none of baseline, eval, train, round, import, supersede, restore, confirm"),
    (line(''), 'no id'),
    (line('2', tree='a\\tb'), "tree 'a\\tb' is not a name"),
    (line('2', commit='"a"'), "commit '\"a\"' is not a name"),
    (line('2', metrics='[1]'), "metrics '[1]' is not a JSON object"),
    (line('2', params='[' * 100_000), f"params '{'[' * 40}…' is not a JSON object"),
    (line('2', kind='supersede', params='{"covers":"1"}'), "params does not say which rows it 'covers'"),
    (line('2', kind='restore', params='{}'), "params does not say which supersede row it 'restores'"),
    *(
        (line('2', kind=kind, params=escape(json.dumps({**NEEDED, **said}))), f"params says '{next(iter(said))}' in no way that is known")
        for kind, said in ODD
    ),
    (line('2', env='{"a":' + '[' * 900 + ']' * 900 + '}'), "env '" + '{"a":' + '[' * 35 + "…' is not a JSON object"),
    (line('2', description='x' * (1 << 21)), "the row of '2' is longer than 2 MiB"),
    (line('2', params='{"x":[' + '1e15,' * 130_000 + '1]}'), "the row of '2' is longer than 2 MiB"),
    ('<<<<<<< HEAD', 'a conflict marker'), ('||||||| 1234567', 'a conflict marker'), ('=======', 'a conflict marker'),
    ('>>>>>>> exp/other', 'a conflict marker'),
    (HEADER[:-1], 'the header again'),
    ('\0' * 4096, 'binary data'),
    (line('2', description='x' * (1 << 22)), 'longer than 4 MiB'),
])
def test_a_line_that_cannot_be_used_is_named_and_the_rest_is_read(bare: Lab, bad: str, reason: str) -> None:
    ids, said = contents(bare, f"{HEADER}{line('1')}\n{bad}\n{line('3')}\n")
    assert ids == ['1', '3']
    assert said == [f'line 3: {reason}']
    with read.opened(bare.ledger) as file:
        assert [one for rows in Scan(file, bare.config.metric).rows() for one in rows.ids] == [b'1', b'3']


def test_bytes_that_are_no_text(bare: Lab) -> None:
    ids, said = contents(bare, f"{HEADER}{line('1')}\n".encode() + line('2').encode()[:-1] + b'\xff\xfe}\n' + f"{line('3')}\n".encode())
    assert (ids, said) == (['1', '3'], ['line 3: not UTF-8 text'])


def test_a_last_line_without_its_end_counts_when_it_is_whole(bare: Lab) -> None:
    assert contents(bare, f"{HEADER}{line('1')}\n{line('2')}") == (['1', '2'], [])
    for cut in range(1, len(line('2'))):
        ids, [said] = contents(bare, f"{HEADER}{line('1')}\n{line('2')[:cut]}")
        assert ids == ['1'] and said.startswith('line 3: cut off: ')


def test_line_ends_and_byte_order_marks_of_other_systems(bare: Lab) -> None:
    assert contents(bare, f"{HEADER}{line('1')}\n{line('2')}\n".replace('\n', '\r\n')) == (['1', '2'], [])
    assert contents(bare, f"\ufeff{HEADER}{line('1')}\n") == (['1'], [])
    assert contents(bare, f"\n<<<<<<< ours\n{HEADER}{line('1')}\n")[0] == ['1']


def test_columns_in_any_order_and_of_anybody(bare: Lab) -> None:
    ids, said = contents(bare, 'note\tkind\tvalue\tstatus\tscore\texperiment\tid\nmine\teval\t9\tok\t0.5\twide\t1\n')
    [row] = read.read(bare).results
    assert (ids, said) == (['1'], [])
    assert (row.value, row.experiment, row.tree, row.version, dict(row.env)) == (0.5, 'wide', None, 'v1', {})


@pytest.mark.parametrize(('header', 'reason'), [
    ('commit\tscore\tmemory_gb\tstatus\tdescription', "not a ledger of gitexp: its header has no column 'id', 'experiment', 'kind'"),
    (HEADER.strip() + '\tid', "not a ledger of gitexp: its header has the column 'id' twice"),
    ('# Results', "not a ledger of gitexp: its header has no column 'id', 'experiment', 'status', 'kind'"),
])
def test_a_file_that_is_no_ledger(bare: Lab, header: str, reason: str) -> None:
    assert contents(bare, f'{header}\n1234567\t0.9\t44.0\tkeep\tbaseline\n') == ([], [reason])


def test_a_ledger_of_another_metric(bare: Lab) -> None:
    ids, said = contents(bare, f"{HEADER.replace('score', 'loss')}{line('1')}\n")
    assert (ids, said) == (['1'], ["its header has no column 'score', the metric"])
    assert read.read(bare).results[0].value is None


def test_an_id_counts_once(bare: Lab) -> None:
    assert contents(bare, f"{HEADER}{line('1')}\n{line('2')}\n{line('1')}\n") == (['1', '2'], [])

    ids, said = contents(bare, f"{HEADER}{line('1')[:-3]}\n{line('1', score='2')}\n{line('1', score='3')}\n")
    assert [row.value for row in read.read(bare).results] == [2.0]
    assert said[1:] == ["'1' stands there twice and differs: the first counts"]
    assert read.read(bare).findings[1].level == 'note'


def test_what_supersede_rows_cover(bare: Lab, row: Callable[..., Result]) -> None:
    def retire(name: str, bug: str, *ids: str) -> Result:
        return row(name, kind=Kind.SUPERSEDE, value=None, params={'bug': bug, 'covers': list(ids)})

    restore = row('r', kind=Kind.RESTORE, params={'restores': 's1'})
    write.append(bare, [retire('s1', 'leak', '1', '2'), retire('s2', 'typo', '2', '3'), restore])
    assert read.read(bare).covered == {'2': 'typo', '3': 'typo'}


def test_present_looks_for_usable_rows(bare: Lab) -> None:
    contents(bare, f"{HEADER}{line('1')}\n{line('2', description='3')}\n{line('4')[:-3]}")
    assert read.present(bare, ['1', '3', '4', '5']).keys() == {'1'}
    assert read.present(bare, []) == {}
