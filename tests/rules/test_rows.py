"""Which experiments the rows of a ledger are about."""
from __future__ import annotations

import pytest

from gitexp.rules import rows

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
])
def test_an_experiment_is_what_its_own_column_says(ledger: bytes, slug: str, said: list[str]) -> None:
    assert rows.commits(ledger, slug) == said
