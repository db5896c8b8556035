"""Asking a person, on stderr; raises KeyboardInterrupt at the end of what is typed."""
from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from gitexp.commands import out
from gitexp.core.errors import Usage


def possible() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def sure() -> bool:
    """Whether to go ahead."""
    while True:
        said = line('Go ahead? [y/N]').lower()
        if said in ('', 'n', 'no', 'y', 'yes'):
            return said in ('y', 'yes')
        out.talk(f"'{said}' is neither y nor n")


def word(
    what: str, *, default: str | None = None, choices: Sequence[str] = (), check: Callable[[str], None] = lambda said: None,
) -> str:
    """An answer that is not empty, one of the choices where there are any, and none for which `check` raises Usage."""
    among = f' ({", ".join(choices)})' if choices else ''
    otherwise = f' [{default}]' if default else ''
    while True:
        said = line(f'{what}{among}{otherwise}') or default
        if not said:
            continue
        if choices and said not in choices:
            out.talk(f"'{said}' is none of {', '.join(choices)}")
            continue
        try:
            check(said)
        except Usage as error:
            out.talk(error.message)
        else:
            return said


def line(what: str) -> str:
    """An answer, which may be empty."""
    sys.stderr.write(f'{what}: ')
    sys.stderr.flush()
    said = sys.stdin.readline()
    if not said:
        raise KeyboardInterrupt
    return said.strip()
