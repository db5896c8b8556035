"""The words of a command line: read into a command, or refused with what to type instead."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from argparse import ArgumentTypeError

import pytest

from gitexp import cli
from gitexp.commands import invoke
from gitexp.commands.declare import Command, Group, argument, command, flag, option, whole
from gitexp.core.errors import Usage
from place import PROGRAM, Place
from stories import experiment, rows

REFUSED = [
    ('evall', "no command 'evall': did you mean 'eval'?", 'git exp -h'),
    ('qqq', "no command 'qqq'", 'git exp -h'),
    ('check ruls', "'git exp check' has no command 'ruls': did you mean 'rules'?", 'git exp check -h'),
    ('eval --sed 5', "no option '--sed': did you mean '--seed' or '--seeds'?", 'git exp eval -h'),
    ('eval --sed=5', "no option '--sed': did you mean '--seed' or '--seeds'?", 'git exp eval -h'),
    ('eval --seed -1', "--seed: '-1' is no whole number from 0 up", 'git exp eval -h'),
    ('eval --seed 1e3', "--seed: '1e3' is no whole number from 0 up", 'git exp eval -h'),
    ('baseline --seeds 1001', "--seeds: '1001' is no whole number from 1 to 1000", 'git exp baseline -h'),
    ('eval --seed', '--seed: expected one argument', 'git exp eval -h'),
    ('eval other', "'other' does not follow --; an experiment is named so: -e other", 'git exp eval -h'),
    ('new', 'the following arguments are required: SLUG', 'git exp new -h'),
    ('new -x', "no option '-x'", 'git exp new -h'),
    ('confirm --becuase luck', "no option '--becuase': did you mean '--because'?", 'git exp confirm -h'),
    ('-C lab list', "no option '-C' before the command", 'git -C DIR exp COMMAND'),
    ('help evall', "no command 'evall': did you mean 'eval'?", 'git exp -h'),
    ('new one two', "'two' is one word too many", 'git exp new -h'),
    ('smoke steps', "'steps' is one word too many; an experiment is named so: -e steps", 'git exp smoke -h'),
    ('run', "no command 'run'", 'git exp eval'),
    ('compare v1', "no command 'compare'", 'git exp report --compare vN'),
    ('merge', "no command 'merge'", 'git exp submit'),
    ('delete one', "no command 'delete'", 'git exp close'),
    ('status one', "'one' is one word too many", 'git exp status -h'),
    ('confirm', 'the following arguments are required: --because', 'git exp confirm -h'),
    ('init --direction up', "--direction: invalid choice: 'up' (choose from 'min', 'max')", 'git exp init -h'),
]


@pytest.mark.parametrize(('words', 'message', 'hint'), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_cannot_be_understood_is_named(words: str, message: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words.split()) == 2

    assert capsys.readouterr() == ('', f'git exp: {message}\nhint: {hint}\n')


@pytest.mark.parametrize(('words', 'page'), [('workflow', 'gitexp-workflow'), ('gitexp.yaml', 'gitexp.yaml')])
def test_help_has_the_pages_that_are_of_no_command(lab: Place, words: str, page: str) -> None:
    lab.write('bin/man', '#!/bin/sh\necho "$1 in $MANPATH"\n').chmod(0o755)
    said = lab.ok('help', words, PATH=f'{lab.path}/bin:{os.environ["PATH"]}', MANPATH='/other')

    assert said == f'{page} in {sys.prefix}/share/man:/other\n'
    assert lab.exp('help', words, PATH=f'{lab.path}') == 3 and 'there is no man here' in lab.talk


HELP = [
    ('', 2), ('-h', 0), ('--help', 0), ('check', 2), ('check -h', 0), ('hook', 2), ('check rules -h', 0), ('hook run -h', 0), ('help', 0),
    ('help check', 0),
]


@pytest.mark.parametrize(('words', 'code'), HELP)
def test_help_is_the_answer_to_nothing_said_too(words: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words.split()) == code

    said = capsys.readouterr()
    assert said.out.startswith('usage: git exp') and said.err == ''


def test_help_of_a_command_is_asked_for_as_from_git(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ('eval', 'check rules', 'hook run'):
        cli.run([*words.split(), '-h'])
        wanted = capsys.readouterr().out
        assert cli.run(['help', *words.split()]) == 0 and capsys.readouterr().out == wanted


@pytest.mark.parametrize('columns', ['40', '80', '200'])
def test_all_help_fits_its_place(columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv('COLUMNS', columns)
    for name in cli.COMMANDS:
        what = cli.find(name)
        for words in [[name, sub, '-h'] for sub in what.commands] if isinstance(what, Group) else [[name, '-h']]:
            assert cli.run(words) == 0
            wide = [line for line in capsys.readouterr().out.splitlines() if len(line) > max(80, int(columns)) and ' ' in line.strip()]
            assert wide == [], words


def test_the_commands_say_one_after_another_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(['-h']) == 0

    shown = re.findall(r'^  (\S+) +(.*)', capsys.readouterr().out, re.MULTILINE)
    assert dict(shown) == cli.COMMANDS


READ = [
    ([], {'slug': None, 'bug': None, 'runs': (), 'dry_run': False, 'args': ()}),
    (['one', '--bug', 'x'], {'slug': 'one', 'bug': 'x', 'runs': (), 'dry_run': False, 'args': ()}),
    (['--bug', 'x', '--dry-run', 'one'], {'slug': 'one', 'bug': 'x', 'runs': (), 'dry_run': True, 'args': ()}),
    (['--runs', 'a', 'one', '--runs=b'], {'slug': 'one', 'bug': None, 'runs': ('a', 'b'), 'dry_run': False, 'args': ()}),
    (['--bug=--x', '--', '--bug', '-h', '--'], {'slug': None, 'bug': '--x', 'runs': (), 'dry_run': False, 'args': ('--bug', '-h', '--')}),
    (['--bug', '--dry-run', '--runs', '-inf'], {'slug': None, 'bug': '--dry-run', 'runs': ('-inf',), 'dry_run': False, 'args': ()}),
    (['--bug', '', 'one'], {'slug': 'one', 'bug': '', 'runs': (), 'dry_run': False, 'args': ()}),
    (['--bug', '-5 %', 'a b\nc'], {'slug': 'a b\nc', 'bug': '-5 %', 'runs': (), 'dry_run': False, 'args': ()}),
]


@pytest.mark.parametrize(('words', 'values'), READ, ids=lambda one: ' '.join(one) if isinstance(one, list) else '')
def test_parameters_come_in_any_order_before_the_dashes(words: list[str], values: dict[str, object]) -> None:
    got: list[dict[str, object]] = []
    told = command(
        argument('slug', nargs='?'), option('--bug'), option('--runs', action='append', default=[]), flag('--dry-run'),
        argument('--', dest='args', nargs='*'),
    )(lambda **said: got.append(said))

    assert invoke.run(told, words, 'git exp told') == 0
    assert got == [values]
    assert invoke.run(told, [], 'git exp told') == 0 and got[1] == READ[0][1], 'nothing is left of the time before'


def test_what_follows_dashes_is_no_option() -> None:
    got: list[dict[str, object]] = []
    told = command(argument('paths', nargs='*'), option('--bug'))(lambda **said: got.append(said))
    assert invoke.run(told, ['a', '--bug', '--', 'b', '--', '--help', '--bug', '-x', '--', 'c'], 'git exp told') == 0
    assert got == [{'paths': ('a', 'b', '--help', '--bug', '-x', '--', 'c'), 'bug': '--'}]
    with pytest.raises(Usage, match="^'--two' is one word too many$"):
        invoke.run(command(argument('slug'))(lambda slug: None), ['--', '--one', '--two'], 'git exp told')


def test_what_a_command_returns_is_the_exit_code() -> None:
    assert invoke.run(Command(lambda: 4, ()), [], 'git exp four') == 4


def test_no_option_is_guessed_from_its_beginning() -> None:
    with pytest.raises(Usage, match="no option '--dry': did you mean '--dry-run'"):
        invoke.run(command(flag('--dry-run'))(lambda **_: None), ['--dry'], 'git exp guess')


@pytest.mark.parametrize('text', ['', ' 1', '+1', '1_0', '٣', '0', '11', '1.0'])
def test_whole_numbers_are_digits_within_their_bounds(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        whole(1, 10)(text)
    assert (whole(1, 10)('1'), whole(1, 10)('10'), whole(0)('007')) == (1, 10, 7)


def test_a_hook_gets_its_words_as_they_are(repository: Place) -> None:
    assert repository.exp('hook', 'run', 'no-such-hook', '-x', '--json', '--', '-h') == 1
    assert "there is no hook 'no-such-hook'" in repository.talk


@pytest.mark.parametrize('closed', ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
def test_what_a_daemon_has_closed_is_no_file_of_ours(lab: Place, closed: str) -> None:
    """The next file that is opened would have the number that is free, and be what a run prints to."""
    place = experiment(lab)
    before = lab.path / 'results.tsv'
    words = ['sh', '-c', f'"$0" eval --show --seed 1 {closed}', str(PROGRAM)]

    done = subprocess.run(words, cwd=place.path, capture_output=True, text=True, check=False)

    assert done.returncode == 0 and 'Traceback' not in done.stderr, done.stderr
    header, *rows = before.read_text().splitlines()
    assert len(rows) == 1 and all(line.count('\t') == header.count('\t') for line in rows)


def test_whoever_waits_for_no_child_keeps_nobody_from_it(lab: Place) -> None:
    place = experiment(lab)
    words = ['bash', '-c', 'trap "" CHLD; "$0" eval --seed 1', str(PROGRAM)]

    done = subprocess.run(words, cwd=place.path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert [row['status'] for row in rows(lab)] == ['ok']


def test_a_locale_of_another_encoding_changes_no_name(lab: Place) -> None:
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text() + 'paths: {experiments: expériences}\n')
    lab.commit('other names')
    plain = {'LC_ALL': 'C', 'PYTHONCOERCECLOCALE': '0', 'PYTHONUTF8': '0'}
    lab.ok('new', 'fish', '--idea', 'größer', **plain)
    place = lab.at('5_worktrees/fish')
    assert 'größer' in (place.path / 'expériences/fish/PLAN.md').read_text()
    assert place.ok('eval', '--seed', '1', **plain) == lab.at('5_worktrees/fish').ok('eval', '--seed', '1')
