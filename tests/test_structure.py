"""What holds the structure: who owns which dependency, what start-up may import, and pages that cannot drift."""
from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import gitexp
from place import PROGRAM, Place
from gitexp import cli

TOP = Path(__file__).parent.parent
PACKAGE = TOP / 'gitexp'
OWNERS = {
    'yaml': {'lab/parse.py'},
    'jsonschema': {'lab/parse.py'},
    'matplotlib': {'report/plot.py'},
    'pynvml': {'gpu/nvml.py'},
    'wandb': {'tracking/sidecar.py'},
}
HEAVY = {'yaml', 'jsonschema', 'matplotlib', 'wandb', 'subprocess', 'asyncio', 'importlib.metadata'}


def commands() -> Iterator[tuple[str, click.Command]]:
    for name in cli.COMMANDS:
        command = cli.table.get_command(click.Context(cli.table), name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for sub in command.list_commands(click.Context(command)):
                found = command.get_command(click.Context(command), sub)
                assert found is not None
                yield f'{name} {sub}', found


@pytest.mark.parametrize('dependency', OWNERS)
def test_a_dependency_has_one_owner(dependency: str) -> None:
    users = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob('*.py') if dependency in _imported(path)}

    assert users == OWNERS[dependency]


def test_only_the_command_line_knows_click() -> None:
    users = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob('*.py') if 'click' in _imported(path)}

    assert users == {'cli.py', 'commands'}


def test_only_the_front_doors_catch_everything() -> None:
    every = re.compile(r'except( Exception( as \w+)?)?:')
    catchers = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob('*.py') if every.search(path.read_text())}

    assert catchers == {'cli.py', 'guard/entry.py', 'guard/receive.py'}


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
            if isinstance(param, click.Option):
                assert param.help, f'{name} {param.opts}'


def test_every_command_speaks_json() -> None:
    silent = {name for name, command in commands() if not isinstance(command, click.Group) and not _has(command, '--json')}

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


def test_bash_completes_commands(lab: Place) -> None:
    script = f"""
        compopt() {{ :; }}
        . '{TOP}/completion/git-exp.bash'
        words=(git exp supe); cword=2; _git_exp; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(['bash', '-c', script], cwd=lab.path, capture_output=True, text=True, env=os.environ)

    assert done.stdout.split() == ['supersede'], done.stderr


def test_a_bug_is_reported_ready_to_paste(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError('seven')
    monkeypatch.setattr(cli.table, 'main', broken)

    assert cli.run(['status']) == 70
    said = capsys.readouterr().err
    assert gitexp.__version__ in said and 'git exp status' in said and 'ZeroDivisionError: seven' in said


def test_a_misspelt_command_is_explained(lab: Place) -> None:
    assert lab.exp('evall') == 2
    assert "did you mean 'eval'?" in lab.talk


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition('.')[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition('.')[0])
    return names


def _has(command: click.Command, option: str) -> bool:
    return any(option in param.opts for param in command.params)


def _pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location('make_man', TOP / 'man' / 'make.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[str, str] = module.pages()
    return made
