"""The first line of a commit on the branch of an experiment."""
from __future__ import annotations

from pathlib import Path

import pytest
from rulebook import apply, make

from gitexp.rules import message


@pytest.mark.parametrize(('text', 'fine'), [
    ('exp(a): what I did', True),
    ('exp(a): what I did\n\nand why', True),
    ('\n\nexp(a): what I did', True),
    ('fixup! exp(a): what I did', True),
    ('squash! exp(a): what I did', True),
    ('Merge branch \'main\' into exp/a', True),
    ('Revert "exp(a): what I did"', True),
    ('', True),
    ('fix stuff', False),
    ('exp(b): what I did', False),
    ('exp(a):what I did', False),
    ('exp(a): ', False),
    ('exp(a):  ', False),
    ('Exp(a): what I did', False),
    ('exp(a) what I did', False),
    ('exp(a): what I\ndid', False),
    ('merge things', False),
])
def test_what_it_must_be(text: str, fine: bool) -> None:
    assert (message.judge('a', text) == []) == fine


def test_the_refusal_says_what_to_type() -> None:
    found, = message.judge('wide-net', "fix(model): don't divide")
    assert found.way == "git commit -m 'exp(wide-net): dont divide'"
    ways = [message.judge('wide-net', said)[0].way for said in ('Exp(wide-net): larger', 'BERT: larger')]
    assert ways == ["git commit -m 'exp(wide-net): larger'", "git commit -m 'exp(wide-net): BERT: larger'"]


@pytest.mark.parametrize(('branch', 'words', 'code'), [
    ('exp/a', ['-m', 'exp(a): fine'], 0),
    ('exp/a', ['-m', 'exp(a): fine', '-m', 'with a body'], 0),
    ('exp/a', ['-m', 'exp(a): on\ntwo lines'], 1),
    ('exp/a', ['-m', 'fix stuff'], 1),
    ('exp/a', ['-m', 'exp(b): another one'], 1),
    ('exp/a', ['-m', '# exp(a): a comment', '--cleanup=strip', '-m', 'fix'], 1),
    ('exp/a', ['-n', '-m', 'fix stuff'], 0),
    ('side', ['-m', 'fix stuff'], 0),
    ('main', ['-m', 'fix stuff'], 0),
])
def test_git_asks_for_it_on_the_branch_of_an_experiment(tmp_path: Path, branch: str, words: list[str], code: int) -> None:
    place = make(tmp_path, branch=branch)
    apply(place, 'edit model.py')
    assert place.git('commit', *words, check=False).returncode == code


def test_comments_in_an_editor_do_not_count(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit model.py')
    place.git('commit', '-v', GIT_EDITOR="sed -i '1i exp(a): typed'")
    assert place.git('log', '-1', '--format=%B').stdout.strip() == 'exp(a): typed'


def test_a_revert_keeps_the_words_of_git(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'exp(a): fine')
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'exp(a): more')
    conflicted = place.git('revert', 'HEAD^', check=False)
    assert conflicted.returncode == 1
    place.write('model.py', 'm = 5\n')
    place.git('add', 'model.py')
    place.git('revert', '--continue', GIT_EDITOR='true')
