"""What holds the structure: who owns which dependency, what start-up may import, and pages that cannot drift."""
from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gitexp
from place import PROGRAM, Place
from gitexp import cli
from gitexp.commands.declare import Command, Group

TOP = Path(__file__).parent.parent
PACKAGE = TOP / 'gitexp'
OWNERS = {
    'yaml': {'lab/parse.py'},
    'jsonschema': {'lab/parse.py'},
    'matplotlib': {'report/plot.py'},
    'pynvml': {'gpu/nvml.py'},
    'wandb': {'tracking/sidecar.py'},
}
HEAVY = {'inspect', 'yaml', 'jsonschema', 'matplotlib', 'wandb', 'subprocess', 'asyncio', 'importlib.metadata'}


def commands() -> Iterator[tuple[str, Command]]:
    for name in cli.COMMANDS:
        command = cli.find(name)
        assert command is not None
        if isinstance(command, Group):
            yield from ((f'{name} {word}', sub) for word, sub in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize('dependency', OWNERS)
def test_a_dependency_has_one_owner(dependency: str) -> None:
    users = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob('*.py') if dependency in _imported(path)}

    assert users == OWNERS[dependency]


def test_only_the_command_line_reads_words() -> None:
    users = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob('*.py') if 'argparse' in _imported(path)}

    assert users == {'commands'}


def test_only_the_front_doors_catch_everything() -> None:
    every = re.compile(r'except( Exception( as \w+)?)?:')
    catchers = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob('*.py') if every.search(path.read_text())}

    assert catchers == {'cli.py', 'guard/entry.py', 'guard/receive.py'}


def test_what_is_read_is_asked_of_commands_that_hear_no_settings_of_a_user() -> None:
    """git log and its like follow log.follow, log.showSignature and whatever comes; git rev-list and git diff-tree do not."""
    users = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob('*.py') if {'log', 'show', 'whatchanged'} & _first_words(path)}

    assert users <= {'rules/meta.py'}  # It says what it must not hear.


@pytest.mark.parametrize('words', [['--version'], ['best', '--json'], ['status', '--json'], ['list', '--json']], ids=' '.join)
def test_nothing_heavy_is_imported_at_the_start(lab: Place, words: list[str]) -> None:
    lab.exp('best')  # The parsed configuration is kept from here on.
    told = subprocess.run(
        [sys.executable, '-X', 'importtime', str(PROGRAM), *words], cwd=lab.path, capture_output=True, text=True,
    ).stderr
    modules = {line.rpartition('|')[2].strip() for line in told.splitlines() if '|' in line}

    assert 'gitexp.cli' in modules
    assert not modules & HEAVY


def test_every_command_and_option_has_help() -> None:
    for name, command in commands():
        assert command.help, name
        for param in command.params:
            if param.is_option:
                assert param.said['help'], f'{name} {param.flags}'


def test_every_command_speaks_json() -> None:
    silent = {name for name, command in commands() if not _has(command, '--json')}

    assert silent <= {'hook run'}


def test_man_pages_say_what_the_commands_declare() -> None:
    made = _pages()

    assert {path.name for path in (TOP / 'man').glob('*.[15]')} == set(made)
    for name, text in made.items():
        assert (TOP / 'man' / name).read_text() == text, f'{name} is stale: make man'


def test_readme_names_every_command() -> None:
    readme = (TOP / 'README.md').read_text()

    assert [name for name in cli.COMMANDS if f'`{name}' not in readme] == []


@pytest.mark.parametrize('page', [*TOP.glob('*.md'), *TOP.glob('docs/*.md')], ids=lambda page: page.name)
def test_no_link_is_dead(page: Path) -> None:
    links = re.findall(r'\]\(([^)#]+)[^)]*\)', page.read_text())

    assert [link for link in links if '://' not in link and not (page.parent / link).exists()] == []


def test_a_bug_is_reported_ready_to_paste(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError('seven')
    monkeypatch.setattr(cli, 'find', broken)

    assert cli.run(['status']) == 70
    said = capsys.readouterr().err
    assert gitexp.__version__ in said and 'git exp status' in said and 'ZeroDivisionError: seven' in said


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition('.')[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition('.')[0])
    return names


def _first_words(path: Path) -> set[str]:
    """What calls of git begin with, and tuples that may become such a call."""
    found: list[list[ast.expr]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ('run', 'ask', 'start'):
            found.append(node.args)
        if isinstance(node, ast.Tuple):
            found.append(node.elts)
    return {words[0].value for words in found if words and isinstance(words[0], ast.Constant) and isinstance(words[0].value, str)}


def _has(command: Command, option: str) -> bool:
    return any(option in param.flags for param in command.params)


def _pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location('make_man', TOP / 'man' / 'make.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[str, str] = module.pages()
    return made
