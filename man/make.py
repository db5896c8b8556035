"""Make the manual pages from what the commands and the schema declare: `make.py FOLDER`."""
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitexp import cli
from gitexp.commands.declare import DASHES, Command, Group, Param
from gitexp.lab import parse

# A fixed date, so that a page changes only when a command does.
DATE = 'November 21, 2026'
EXITS = {
    0: 'The answer is yes, or the work is done.',
    1: 'The answer is no: there are findings, or it is not better.',
    2: 'The command line or the configuration cannot be understood.',
    3: 'Refused; the message says why and what to do.',
    4: 'What was run failed.',
    5: 'Something that must not change has changed.',
    70: 'A bug in gitexp; the message is a report ready to send.',
    124: 'A time limit has passed.',
    130: 'Interrupted.',
}


def pages() -> dict[str, str]:
    """Every page by its file name."""
    made = {'git-exp.1': _front(), 'gitexp.yaml.5': _configuration()}
    for name in cli.COMMANDS:
        command = cli.find(name)
        assert command is not None
        made[f'git-exp-{name}.1'] = _command(name, command)
    return made


def _front() -> str:
    lines = [*_head('git-exp', 1, 'experiments in git'), '.Sh SYNOPSIS', '.Nm git exp', '.Ar command', '.Op Ar argument ...']
    lines += ['.Sh DESCRIPTION', *_text(cli.SAYS), *_paragraph(
        'An experiment is a branch, a worktree and a folder. What it may touch, how it is measured and what better means '
        'are fixed on the trunk, in gitexp.yaml, before it starts.',
    )]
    for group, commands in cli.GROUPS.items():
        lines += [f'.Ss {group}', '.Bl -tag -width Ds']
        for name, says in commands.items():
            lines += [f'.It Xr git-exp-{name} 1', _safe(says)]
        lines += ['.El']
    return _join([*lines, *_exits(), *_see(['gitexp.yaml 5', 'gitexp-workflow 7', 'git-worktree 1'])])


def _command(name: str, command: Command | Group) -> str:
    title = f'git-exp-{name}'
    lines = [*_head(title, 1, cli.COMMANDS[name].rstrip('.')[0].lower() + cli.COMMANDS[name].rstrip('.')[1:]), '.Sh SYNOPSIS']
    for words, one in _forms(f'git exp {name}', command):
        lines += [f'.Nm {words}', *_usage(one)]
    lines += ['.Sh DESCRIPTION', *_text(command.help)]
    for words, one in _forms(f'git exp {name}', command):
        if one is not command:
            lines += [f'.Ss {words}', *_text(one.help)]
        lines += _options(one)
    return _join([*lines, *_exits(), *_see(['git-exp 1', 'gitexp.yaml 5'])])


def _forms(words: str, command: Command | Group) -> Iterator[tuple[str, Command]]:
    if isinstance(command, Command):
        yield words, command
        return
    for name, sub in command.commands.items():
        yield f'{words} {name}', sub


def _usage(command: Command) -> Iterator[str]:
    for param in command.params:
        if param.is_option:
            yield f'.Op {_flag(param)}'
    for param in command.params:
        if not param.is_option:
            words = f'{"Fl - Ar " if param.flags == (DASHES,) else "Ar "}{param.shown}{" ..." if param.takes_many else ""}'
            yield f'.Op {words}' if param.may_be_left_out else f'.{words}'


def _flag(option: Param) -> str:
    words = f'Fl {option.flags[-1].removeprefix("-")}'
    value = f'Op Ar {option.shown}' if option.may_be_left_out else f'Ar {option.shown}'
    return f'{words} {value}' if option.takes_value else words


def _options(command: Command) -> Iterator[str]:
    options = [param for param in command.params if param.is_option]
    if options:
        yield '.Bl -tag -width Ds'
        for option in options:
            yield f'.It {_flag(option)}'
            yield _safe(option.said['help'])
        yield '.El'


def _configuration() -> str:
    schema = parse.schema()
    lines = [*_head('gitexp.yaml', 5, 'what a lab fixes before an experiment starts'), '.Sh DESCRIPTION', *_text(schema['description'])]
    lines += _paragraph(
        'The file stands at the root of the trunk and is frozen. It is read from the trunk as it was before a change, '
        'never from the change that is judged. An unknown key is an error.',
    )
    lines += ['.Bl -tag -width Ds', *_keys('', schema, schema), '.El']
    example = ['metric: {name: val_bpb, direction: min}', 'eval: python eval.py', 'rules:', '  frozen: [gitexp.yaml, eval.py]']
    lines += ['.Sh EXAMPLES', 'The least that works:', '.Bd -literal -offset indent', *example, '.Ed']
    return _join([*lines, *_see(['git-exp 1', 'git-exp-init 1', 'git-exp-check 1'])])


def _keys(prefix: str, node: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    for name, one in node.get('properties', {}).items():
        whole = {**_referred(one, schema), **one}
        yield f'.It Ic {prefix}{name}'
        yield _safe(whole.get('description', ''))
        for branch in [whole, *whole.get('oneOf', [])]:
            yield from _keys(f'{prefix}{name}.', branch, schema)


def _referred(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = node.get('$ref', '').rpartition('/')[2]
    return dict(schema['$defs'][name]) if name else {}


def _head(name: str, section: int, says: str) -> list[str]:
    return [f'.Dd {DATE}', f'.Dt {name.upper()} {section}', '.Os', '.Sh NAME', f'.Nm {name}', f'.Nd {_safe(says)}']


def _exits() -> list[str]:
    lines = ['.Sh EXIT STATUS', '.Bl -tag -width Ds']
    for code, says in EXITS.items():
        lines += [f'.It {code}', says]
    return [*lines, '.El']


def _see(names: list[str]) -> list[str]:
    ordered = sorted(names, key=lambda name: (name.split()[1], name))
    return ['.Sh SEE ALSO', *(f'.Xr {name} ,' for name in ordered[:-1]), f'.Xr {ordered[-1]}']


def _text(words: str) -> list[str]:
    paragraphs = [' '.join(part.replace('\b', '').split()) for part in words.split('\n\n')]
    lines = [line for part in paragraphs if part for line in _paragraph(part)]
    return lines[1:]


def _paragraph(words: str) -> list[str]:
    return ['.Pp', *(_safe(sentence) for sentence in words.replace('. ', '.\n').split('\n'))]


def _safe(words: str) -> str:
    words = words.replace('\\', '\\e').replace('--', '\\-\\-')
    return f'\\&{words}' if words.startswith(('.', "'")) else words


def _join(lines: list[str]) -> str:
    return '\n'.join(line for line in lines if line) + '\n'


if __name__ == '__main__':
    for page, content in pages().items():
        Path(sys.argv[1], page).write_text(content)
