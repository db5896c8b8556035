from __future__ import annotations

import pytest

from gitexp.git import history, repository
from gitexp.git.command import Git
from place import Place


@pytest.mark.parametrize('message', [
    'one line', 'one line\n\nand more', 'two\nlines\n \t\nand more', '\n \n  late, and further in  \r\nnext\n', '', '\n\n',
    'Zürich — 東京', 'odd \udcff byte', 'a tab\there',
])
def test_a_commit_is_read_as_git_reads_it(lab: Place, message: str) -> None:
    git = Git(lab.path)
    text = lab.path / 'message'
    text.write_bytes(message.encode('utf-8', 'surrogateescape'))
    lab.git('commit', '-q', '--allow-empty', '--allow-empty-message', '--cleanup=verbatim', '-F', str(text))
    head = repository.contents(git, ['HEAD'])[0]

    assert head and history.read(*head) == history.tip(git, 'HEAD')


def test_another_encoding_is_left_to_git(lab: Place) -> None:
    text = lab.path / 'message'
    text.write_bytes('Zürich'.encode('latin1'))
    lab.git('-c', 'i18n.commitEncoding=latin1', 'commit', '-q', '--allow-empty', '-F', str(text))
    head = repository.contents(Git(lab.path), ['HEAD'])[0]

    assert head and history.read(*head) is None
    assert history.tip(Git(lab.path), 'HEAD').title == 'Zürich'
