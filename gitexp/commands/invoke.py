"""From the words of a command line to the command that they name, with its parameters read."""
from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any, NoReturn

from gitexp.commands import out
from gitexp.commands.declare import DASHES, Command, Group, Param, flag
from gitexp.core.errors import Usage

# Its few words are in the language of all others: to look for a catalogue of them takes 2 ms each time.
setattr(argparse, '_', str)

HELP = ('-h', '--help')
_HELP = flag(*HELP, help='Show this, and do nothing.', default=argparse.SUPPRESS)
_PLAIN = '\0'  # No word has it.


def run(what: Command | Group, words: Sequence[str], name: str) -> int:
    """Run it, under that name, with these words; returns the exit code, raises Usage where they cannot be understood."""
    if isinstance(what, Command):
        if _asks_for_help(what, words):
            out.answer(parser(what, name).format_help().rstrip())
            return 0
        return what.run(**_values(what, words, name)) or 0
    if not words or words[0] in HELP:
        out.answer(_overview(what, name))
        return 0 if words else Usage.code
    if words[0] not in what.commands:
        raise Usage(unknown(f"'{name}' has no command", words[0], what.commands), hint=f'{name} -h')
    return run(what.commands[words[0]], words[1:], f'{name} {words[0]}')


def parser(command: Command, name: str, *, lenient: bool = False) -> argparse.ArgumentParser:
    """What reads the words of a command, and tells of them; a `lenient` one misses nothing."""
    made = _Parser(
        prog=name, usage=_usage(command, name), description=command.help, formatter_class=_Help, allow_abbrev=False, add_help=False,
    )
    for param in (_HELP, *command.params):
        if param.flags != (DASHES,):
            made.add_argument(*param.flags, **{'help': argparse.SUPPRESS, **param.said, **(_spared(param) if lenient else {})})
    return made


def unknown(what: str, said: str, known: Iterable[str]) -> str:
    """A message about a word that is none of the known ones, which may be a slip."""
    import difflib  # Costs time, and most words are known.
    near = difflib.get_close_matches(said, known, n=2)
    return f"{what} '{said}'" + (f': did you mean {" or ".join(map(repr, near))}?' if near else '')


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(message.removeprefix('argument ').replace(_PLAIN, ''), hint=f'{self.prog} -h')


class _Help(argparse.HelpFormatter):
    """Help as wide as what it is read in, with the paragraphs of a docstring kept."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=min(out.width(), 100))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return '\n\n'.join(super(_Help, self)._fill_text(part, width, indent) for part in text.split('\n\n'))


def _usage(command: Command, name: str) -> str:
    words = [name, '[options]'] if any(param.is_option for param in command.params) else [name]
    for param in command.params:
        if not param.is_option:
            dashes = f'{DASHES} ' if param.flags == (DASHES,) else ''
            shown = f'{dashes}{param.shown}{" ..." if param.takes_many else ""}'
            words.append(f'[{shown}]' if param.may_be_left_out else shown)
    return ' '.join(words)


def _overview(group: Group, name: str) -> str:
    made = _Help(name)
    made.add_usage(f'{name} COMMAND ...', [], [])
    made.add_text(group.help)
    made.start_section('commands')
    for word, command in group.commands.items():
        made.add_argument(argparse.Action([], word, metavar=word, help=command.help.partition('\n\n')[0]))
    made.end_section()
    return made.format_help().rstrip()


def _values(command: Command, words: Sequence[str], name: str) -> dict[str, Any]:
    after = next((param for param in command.params if param.flags == (DASHES,)), None)
    at = words.index(DASHES) if after and DASHES in words else len(words)
    own = [*_joined(command, words[:at])]
    made = parser(command, name)
    mixes = not _has_rest(command) and any(not param.is_option and param is not after for param in command.params)
    read = made.parse_known_intermixed_args if mixes else made.parse_known_args
    try:
        found, strays = read(own)
    except Usage:
        _, left = parser(command, name, lenient=True).parse_known_args(own)
        strays = [word for word in left if word.startswith('-')]
        if not strays:
            raise
    if strays:
        made.error(_stray(strays[0], command, dashed=after is not None))
    values = {key: _said(value) for key, value in vars(found).items()}
    return {**values, after.said['dest']: tuple(words[at + 1:])} if after else values


def _said(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_said, value))
    return value.removeprefix(_PLAIN) if isinstance(value, str) else value


def _spared(param: Param) -> dict[str, Any]:
    """What makes it one that may be left out."""
    if param.is_option:
        return {'required': False}
    return {} if param.may_be_left_out else {'nargs': '?'}


def _joined(command: Command, words: Sequence[str]) -> Iterator[str]:
    """An option and its value as one word: a value may begin with a dash, and be called as another option is.

    What follows dashes is marked as no option, since the parser that lets options stand anywhere would take it for one; so are dashes
    that are a value, since it takes any away.
    """
    names = {flag: param.flags[-1] for param in command.params if param.takes_value and not param.may_be_left_out for flag in param.flags}
    each = iter(words)
    for word in each:
        if word == DASHES and not _has_rest(command):
            yield from (f'{_PLAIN}{rest}' for rest in each)
            return
        value = next(each, None) if word in names else None
        yield word if value is None else f'{names[word]}={_PLAIN if value == DASHES else ""}{value}'


def _asks_for_help(command: Command, words: Sequence[str]) -> bool:
    own = words[:1] if _has_rest(command) else takewhile(DASHES.__ne__, words)
    return any(word in HELP for word in own)


def _stray(word: str, command: Command, *, dashed: bool) -> str:
    if word.startswith('-'):
        flags = [flag for param in command.params for flag in param.flags if param.is_option]
        return unknown('no option', word.partition('=')[0], flags)
    # Where there are ARGS, it would make another evaluation, whose rows compare with no other.
    way = f'; an experiment is named so: -e {word}' if any('-e' in param.flags for param in command.params) else ''
    return f"'{word}' {f'does not follow {DASHES}' if dashed else 'is one word too many'}{way}"


def _has_rest(command: Command) -> bool:
    return any(param.said.get('nargs') == argparse.REMAINDER for param in command.params)
