"""The lines of .gitattributes that say how git merges what only grows."""
from __future__ import annotations

import pytest

from gitexp.lab import draft
from place import Place

CONFIG = """\
metric: {{name: score, direction: min}}
eval: python3 eval.py
rules:
  append-top: [{0}]
paths: {{ledger: {1}}}
"""


def lines(pattern: str = 'a.md', ledger: str = 'results.tsv') -> list[str]:
    return draft.attributes(draft.read(CONFIG.format(pattern, ledger).encode()))


@pytest.mark.parametrize(('pattern', 'path', 'other'), [
    ('a_journal.md', 'a_journal.md', 'below/a_journal.md'),
    ("'*_journal.md'", 'b_journal.md', 'b_journal.md.old'),
    ("'**/notes.md'", 'deep/down/notes.md', 'deep/down/our notes.md'),
    ("'our notes.md'", 'our notes.md', 'notes.md'),
    ("'it''s \"x\" *.md'", 'it\'s "x" 1.md', 'x.md'),
    ('notes/', 'notes/2026/a.md', 'notes.md'),
    (r"'a\[1].md'", 'a[1].md', 'a1.md'),
    ('größe.md', 'größe.md', 'grosse.md'),
])
def test_git_takes_a_pattern_as_the_rule_does(repository: Place, pattern: str, path: str, other: str) -> None:
    repository.write('.gitattributes', '\n'.join(lines(pattern)) + '\n')

    said = repository.git('check-attr', '-z', 'merge', '--', path, other, 'results.tsv').stdout.split('\0')
    assert said[2::3] == ['gitexp-journal', 'unspecified', 'gitexp-ledger']


def test_a_ledger_is_meant_by_its_very_name(repository: Place) -> None:
    repository.write('.gitattributes', '\n'.join(lines(ledger='"all [1] rows.tsv"')) + '\n')

    said = repository.git('check-attr', '-z', 'merge', 'text', '--', 'all [1] rows.tsv', 'all 1 rows.tsv').stdout.split('\0')
    assert said[2::3] == ['gitexp-ledger', 'unset', 'unspecified', 'unspecified']
