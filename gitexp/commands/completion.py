"""What the shell is told when somebody asks for the rest of a word."""
from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from gitexp.commands import out
from gitexp.commands.declare import Command, Group, Param
from gitexp.core.errors import Failure
from gitexp.core.tuples import NamedTuple


class Table(NamedTuple):
    """The commands by name, with what each does, and how one is found."""

    says: Mapping[str, str]
    find: Callable[[str], Command | Group | None]


def answer(table: Table, environ: Mapping[str, str], *, shell: str) -> None:
    """Print what could stand where the cursor is: a kind, the word and, for zsh, what it is."""
    try:
        words = shlex.split(environ.get('COMP_WORDS', ''))
    except ValueError:  # The cursor is within quotes.
        words = environ.get('COMP_WORDS', '').split()
    at = int(environ.get('COMP_CWORD') or 0)
    start = words[at].lstrip('\'"') if at < len(words) else ''
    before, front = words[1:at], ''
    if start.startswith('--') and '=' in start:
        flag, _, start = start.partition('=')
        before.append(flag)
        front = '' if shell == 'bash' else f'{flag}='  # bash takes what follows the sign for the word.
    for word, says in _words(table, before, start):
        if word is None:
            out.answer('file,' if shell == 'bash' else 'file\n_\n_')
        elif word.startswith(start):
            out.answer(f'plain,{word}' if shell == 'bash' else f'plain\n{front}{word}\n{says or "_"}')


def _words(table: Table, before: Sequence[str], start: str) -> Iterator[tuple[str | None, str]]:
    """The words that may stand there and what they mean; None for any file."""
    if not before:
        yield from table.says.items()
        return
    what, rest = table.find(before[0]), list(before[1:])
    if isinstance(what, Group):
        if not rest:
            yield from ((name, command.help.partition('\n')[0]) for name, command in what.commands.items())
            return
        what = what.commands.get(rest.pop(0))
    if what is None:
        return
    options = {flag: param for param in what.params if param.is_option for flag in param.flags}
    last = options.get(rest[-1]) if rest else None
    if last and last.takes_value:
        yield from _values(last)
    elif start.startswith('-') and '--' not in rest:
        yield from ((flag, str(param.said['help'])) for flag, param in options.items())
    else:
        for param in what.params:
            if not param.is_option:
                yield from _values(param)


def _values(param: Param) -> Iterator[tuple[str | None, str]]:
    if param.completes is None:
        yield from ((word, '') for word in param.said['choices']) if 'choices' in param.said else [(None, '')]
        return
    try:
        yield from ((word, '') for word in param.completes())
    except Failure:
        return
