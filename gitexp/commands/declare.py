"""How a command is declared: its parameters above a function, whose docstring is its help."""
from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gitexp.core.tuples import NamedTuple

DASHES = '--'


class Param(NamedTuple):
    """An option or an argument, in the words that `ArgumentParser.add_argument` takes."""

    flags: tuple[str, ...]
    said: Mapping[str, Any]
    completes: Callable[[], Iterable[str]] | None = None  # The words that may stand here; without it, files may.

    @property
    def is_option(self) -> bool:
        return self.flags[0].startswith('-') and self.flags[0] != DASHES

    @property
    def takes_value(self) -> bool:
        return 'action' not in self.said or self.said['action'] == 'append'

    @property
    def takes_many(self) -> bool:
        return self.said.get('nargs') in ('*', argparse.REMAINDER)

    @property
    def may_be_left_out(self) -> bool:
        return self.said.get('nargs') == '?' or self.takes_many

    @property
    def shown(self) -> str:
        """What stands for the value in help."""
        return str(self.said.get('metavar') or '|'.join(self.said.get('choices', ())) or self.flags[-1].strip('-').upper())


class Command:
    """What runs, with what is said of it; `run` gets each parameter by its name, and returns the exit code or None for 0."""

    def __init__(self, run: Callable[..., int | None], params: tuple[Param, ...]) -> None:
        self.run = run
        self.params = params
        self.help = run.__doc__ or ''


class Group:
    """Commands below one name."""

    def __init__(self, says: str) -> None:
        self.help = says
        self.commands: dict[str, Command] = {}

    def command(self, *params: Param) -> Callable[[Callable[..., int | None]], Command]:
        """Declare the function that follows as a command of the group."""
        def declare(run: Callable[..., int | None]) -> Command:
            made = self.commands[run.__name__] = Command(run, params)
            return made
        return declare


def command(*params: Param) -> Callable[[Callable[..., int | None]], Command]:
    """Declare the function that follows as a command."""
    return lambda run: Command(run, params)


def option(*flags: str, completes: Callable[[], Iterable[str]] | None = None, **said: Any) -> Param:
    return Param(flags, said, completes)


def flag(*flags: str, **said: Any) -> Param:
    """An option without a value: it is there or not."""
    return Param(flags, {'action': 'store_true', **said})


def argument(name: str, completes: Callable[[], Iterable[str]] | None = None, **said: Any) -> Param:
    """A word that stands for itself; named '--', all words after that, which no other parameter sees."""
    return Param((name,), said, completes)


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A type: the whole numbers from `least` to `most`."""
    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and least <= int(text) <= (most or int(text)):
            return int(text)
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from {least} {f'to {most}' if most else 'up'}")
    return read
