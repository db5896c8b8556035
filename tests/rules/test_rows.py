"""Which experiments the rows of a ledger are about."""
from __future__ import annotations

from pathlib import Path

import pytest

from gitexp.core import escapes
from gitexp.core.lines import LONGEST
from gitexp.git.command import Git
from gitexp.ledger.read import Reader
from gitexp.rules import rows
from place import Place

HEAD = b'id\texperiment\tstatus\tcommit\n'


@pytest.mark.parametrize(('ledger', 'slug', 'said'), [
    (HEAD + b'1\ta\tok\tc1\n2\ta\tok\t\n3\tb\ta\tc3\n', 'a', ['c1', '']),
    (HEAD + b'1\ta\tok\tc1\n', 'ok', []),
    (HEAD + b'1\ta\tok\tc1\n', 'c1', []),
    (HEAD + b'1\tab\tok\tc1\n', 'a', []),
    (HEAD + b'1\ta\n', 'a', ['']),
    (HEAD + b'1\n\n', 'a', []),
    (HEAD + b'1\ta\tok\t\xff\n', 'a', ['\udcff']),
    (HEAD + b'1\tb\xff\tok\tc1\n', 'b\udcff', ['c1']),
    (HEAD.replace(b'\n', b'\r\n') + b'1\ta\tok\tc1\r\n', 'a', ['c1']),
    (b'\n\r\n' + HEAD + b'\n1\ta\tok\tc1\n', 'a', ['c1']),
    (b'\xef\xbb\xbfexperiment\tscore\na\t3\n', 'a', ['']),
    (b'id\tscore\n1\ta\n', 'a', []),
    (b'', 'a', []),
    (HEAD + b'1\t\\u0061\tok\tc1\n2\tb\\\\a\tok\tc2\n', 'a', ['c1']),
    (HEAD + b'1\tb\\\\a\tok\tc2\n', 'b\\a', ['c2']),
    (b' \t\n\xef\xbb\xbf' + HEAD + b'1\ta\tok\tc1\n', 'a', ['c1']),
    (b'\texperiment\tcommit\n1\ta\tc1\n', 'a', ['c1']),
    (b'id\texperiment\texperiment\tcommit\n1\ta\tb\tc1\n', 'b', ['c1']),
    (b'=======\n' + HEAD + b'1\ta\tok\tc1\n', 'a', ['c1']),
    (b'<<<<<<< HEAD\n\n>>>>>>> x\r\n' + HEAD + b'1\ta\tok\tc1\n', 'a', ['c1']),
])
def test_an_experiment_is_what_its_own_column_says(ledger: bytes, slug: str, said: list[str]) -> None:
    assert rows.commits(ledger, slug) == said


def test_an_experiment_that_none_can_be_is_not_asked_about(lab: Place) -> None:
    lab.write('odd.tsv', 'experiment\tcommit\na\\u0000b\tc1\nf\\ud800\tc1\n\tc1\nplain\tc1\nother\tc2\n' + 'x' * 256 + '\tc1\n')
    lab.commit('odd rows')
    assert rows.about(Git(lab.path), 'HEAD', ['odd.tsv'], {'c1'}) == {'plain'}


@pytest.mark.parametrize('above', [
    b'', b'=======\n', b'||||||| x\n\n', b'\xef\xbb\xbf\n', b' \t\n', b'x' * LONGEST + b'\n', b'=\n', b'=======\tx\n',
])
def test_the_rules_and_the_results_have_one_header(above: bytes, tmp_path: Path) -> None:
    text = above + HEAD.replace(b'commit', b'commit\tkind') + b'1\ta\tok\tc1\teval\n'
    (tmp_path / 'results.tsv').write_bytes(text)
    with open(tmp_path / 'results.tsv', 'rb') as file:
        header = Reader('results.tsv', 'score').header(file)
    assert bool(header.columns) == bool(rows.commits(text, 'a')) == (above[:2] != b'=\n' and b'=\t' not in above)


def test_what_was_run_is_told_from_what_is_said_of_it() -> None:
    ledger = b'experiment\tkind\tcommit\na\teval\tc1\na\tsupersede\tc2\na\trestore\tc3\na\ttrain\tc4\na\tconfirm\tc5\na\n'
    assert rows.commits(ledger, 'a') == ['c1', 'c2', 'c3', 'c4', 'c5', '']
    assert rows.commits(ledger + b'a\timport\tc6\n', 'a', here=True) == ['c1', 'c4', '']
    assert rows.commits(HEAD + b'1\ta\tok\tc1\n', 'a', here=True) == ['c1'], 'another ledger has no kinds'


@pytest.mark.parametrize('slug', ['a\tb', 'a\nb', 'a\\nb', '"a', 'ä', '\u2028', '\udcff'])
def test_whatever_the_ledger_calls_it_the_rules_read_it_so(slug: str) -> None:
    ledger = HEAD + f'1\t{escapes.escape(slug)}\tok\tc1\n'.encode()
    assert rows.commits(ledger, slug) == ['c1']


def test_a_ledger_gets_no_header_that_two_readers_may_read_in_two_ways(lab: Place) -> None:
    lab.ok('hook', 'install')
    head = 'id\texperiment\tstatus\tkind\tscore'
    lab.write('results.tsv', f'\n{head}\tid\n1\ta\tok\teval\t3.0\t2\n')
    lab.git('add', 'results.tsv')
    done = lab.git('commit', '-qm', 'rows', check=False)
    assert done.returncode and "results.tsv: its header has the column 'id' twice" in done.stderr
    lab.without_hooks('commit', '-qm', 'rows')
    assert lab.exp('check', 'rules', 'HEAD^..HEAD') == 1 and "'id' twice" in lab.said + lab.talk

    lab.write('results.tsv', (lab.path / 'results.tsv').read_text() + '3\ta\tok\teval\t2.9\t4\n')
    lab.git('commit', '-qam', 'one that a lab has is appended to as ever')
    lab.git('rm', '-q', 'results.tsv')
    lab.without_hooks('commit', '-qm', 'none')
    lab.write('results.tsv', f'{head}\n1\ta\tok\teval\t3.0\n')
    lab.commit('each once')
