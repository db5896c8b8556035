"""git exp hook: put the hooks there, take them out, or run one."""
from __future__ import annotations

import os
from pathlib import Path

import click

from gitexp.commands import options, out
from gitexp.core.errors import Failure
from gitexp.rules import entry, hooks


@click.group()
def hook() -> None:
    """Install, remove or run the git hooks that hold the rules of the lab."""


@hook.command()
@options.as_json
def install(as_json: bool) -> None:
    """Put the hooks into this repository, for all its worktrees, or mend them.

    A hook that is there already goes on being called, after ours. Doing it twice changes nothing.
    """
    folder = Path.cwd()
    told = hooks.install(folder)
    site = hooks.Site.of(folder)
    if as_json:
        out.data({'hooks': str(site.folder), 'notes': told})
        return
    for line in told:
        out.talk(f'note: {line}')
    out.answer(f"the hooks are in '{site.folder}'")


@hook.command()
@options.as_json
def remove(as_json: bool) -> None:
    """Take the hooks out of this repository, and leave its core.hooksPath as it was before."""
    removed = hooks.remove(Path.cwd())
    if as_json:
        out.data({'removed': removed})
        return
    out.answer('the hooks are taken out; git exp eval still holds the rules' if removed else 'there are no hooks of ours here')


@hook.command(context_settings={'ignore_unknown_options': True})
@click.argument('name', metavar='NAME')
@click.argument('words', metavar='[ARGS]...', nargs=-1, type=click.UNPROCESSED)
def run(name: str, words: tuple[str, ...]) -> int:
    """Run the hook NAME (pre-commit, commit-msg or pre-push) with the ARGS that git gives it.

    For the pre-commit framework, and for hook managers that call commands. Exits 1 when the hook refuses.
    """
    os.chdir(_top())
    return entry.run([name, *words])


def _top() -> Path:
    """The folder that git runs hooks in."""
    try:
        return hooks.Site.of(Path.cwd()).top
    except Failure:
        return Path.cwd()
