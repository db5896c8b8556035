"""What the shells are told, and what they make of it."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import notebook
from place import Place
from stories import experiment
from test_structure import TOP

ASKED = [
    ('supe', ['supersede']),
    ('check ', ['rules', 'monitoring', 'config']),
    ('check mo', ['monitoring']),
    ('show wi', ['wide-context', 'wild']),
    ('eval -e wid', ['wide-context']),
    ('eval --se', ['--seed', '--seeds']),
    ('results --verdict i', ['inconclusive']),
    ('results --json --verdict w', ['worse']),
    ('results --verdict=w', ['worse']),
    ('results wil', ['wild']),
    ('submit --remote up', ['upstream']),
    ("supersede 'wi", ['wide-context', 'wild']),
    ('supersede --fixed-in exp/wid', ['exp/wide-context']),
    ('nonsense --x', []),
    ('check nonsense --x', []),
]


@pytest.fixture
def asked(lab: Place) -> Place:
    experiment(lab, 'wide-context')
    experiment(lab, 'wild')
    lab.git('remote', 'add', 'upstream', '/nowhere')
    return lab


@pytest.mark.parametrize(('line', 'wanted'), ASKED, ids=[line for line, _ in ASKED])
def test_words_are_completed(asked: Place, line: str, wanted: list[str]) -> None:
    line = f'git-exp {line}'
    asked.ok(_GIT_EXP_COMPLETE='bash_complete', COMP_WORDS=line, COMP_CWORD=str(len(line.split(' ')) - 1))

    assert asked.said.splitlines() == [f'plain,{word}' for word in wanted]


def test_a_bug_is_completed_once_it_has_retired_something(make_lab: Callable[..., Place]) -> None:
    book = notebook.story(make_lab)
    book.lab.ok(_GIT_EXP_COMPLETE='bash_complete', COMP_WORDS='git-exp restore --bug v', COMP_CWORD='3')

    assert book.lab.said == 'plain,val-leak\n'


def test_where_nothing_is_known_files_are(asked: Place) -> None:
    asked.ok(_GIT_EXP_COMPLETE='bash_complete', COMP_WORDS='git-exp check rules --may ', COMP_CWORD='4')
    assert asked.said == 'file,\n'
    asked.ok(_GIT_EXP_COMPLETE='bash_complete', COMP_WORDS='git-exp eval -- --se', COMP_CWORD='3')
    assert asked.said == 'file,\n'


def test_zsh_hears_what_each_word_is_for(lab: Place) -> None:
    lab.ok(_GIT_EXP_COMPLETE='zsh_complete', COMP_WORDS='git-exp sta', COMP_CWORD='1')

    assert lab.said == 'plain\nstatus\nShow where you are and what is under way.\n'


def test_outside_a_repository_there_is_nothing_to_name(tmp_path: Path) -> None:
    desk = Place(tmp_path)
    desk.ok(_GIT_EXP_COMPLETE='bash_complete', COMP_WORDS='git-exp show ', COMP_CWORD='2')

    assert desk.said + desk.talk == ''


def test_bash_completes_what_is_typed(asked: Place) -> None:
    assert _bash(asked, 'git exp supe', at=2) == ['supersede']
    assert _bash(asked, 'git exp show wi', at=3) == ['wide-context', 'wild']


def _bash(place: Place, line: str, *, at: int) -> list[str]:
    script = f"""
        compopt() {{ :; }}
        . '{TOP}/completion/git-exp.bash'
        words=({line}); cword={at}; _git_exp; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(['bash', '-c', script], cwd=place.path, capture_output=True, text=True, env=os.environ, check=True)
    return done.stdout.split()
