"""git exp hook: put the hooks there, take them out, or run one."""
from __future__ import annotations

import os
from argparse import REMAINDER
from pathlib import Path

from gitexp.commands import options, out
from gitexp.commands.declare import Group, argument, flag, option
from gitexp.core.errors import Failure, Usage
from gitexp.git import repository
from gitexp.guard import entry, hooks, serving


hook = Group('Install, remove or run the git hooks that hold the rules of the lab.')


@hook.command(
    flag('--server', dest='on_server', help='In a bare repository: judge every push before any ref moves.'),
    option('--trunk', metavar='NAME', help='With --server: the branch that rules are read from, where it is not the usual one.'),
    option('--identity', metavar='VARIABLE',
           help='With --server: the environment variable in which the server itself puts the address of who pushes.'),
    options.as_json,
)
def install(on_server: bool, trunk: str | None, identity: str | None, as_json: bool) -> None:
    """Put the hooks into this repository, for all its worktrees, or mend them.

    A hook that is there already goes on being called, after ours. Doing it twice changes nothing. With --server, all that the
    hook needs is copied into the repository, so that Python and git are enough there.
    """
    folder = Path.cwd()
    if on_server:
        told, place = serving.install(folder, trunk=trunk, identity=identity), repository.place(folder).common / serving.FOLDER
    elif trunk or identity is not None:
        raise Usage('--trunk and --identity go with --server')
    else:
        told, place = hooks.install(folder), hooks.Site.of(folder).folder
        _read_once(folder)
    if as_json:
        out.data({'hooks': str(place), 'notes': told})
        return
    for line in told:
        out.talk(f'note: {line}')
    out.answer(f"the hooks are in '{place}'")


@hook.command(options.as_json)
def remove(as_json: bool) -> None:
    """Take the hooks out of this repository, and leave its core.hooksPath as it was before."""
    folder = Path.cwd()
    served = serving.is_here(folder)
    if served:
        serving.remove(folder)
    removed = served or hooks.remove(folder)
    if as_json:
        out.data({'removed': removed})
        return
    after = 'pushes are not judged here any more' if served else 'git exp eval still holds the rules'
    out.answer(f'the hooks are taken out; {after}' if removed else 'there are no hooks of ours here')


@hook.command(
    argument('name', metavar='NAME'),
    argument('words', metavar='ARGS', nargs=REMAINDER),
)
def run(name: str, words: tuple[str, ...]) -> int:
    """Run the hook NAME (pre-commit, pre-merge-commit, commit-msg or pre-push) with the ARGS that git gives it.

    For the pre-commit framework, and for hook managers that call commands. Exits 1 when the hook refuses.
    """
    os.chdir(_top())
    return entry.run([name, *words])


def _read_once(folder: Path) -> None:
    """Go through the ledger that a clone has come with, seconds for a million rows, so that what shows it goes on from there."""
    from gitexp.lab.lab import Lab
    from gitexp.report import kept
    try:
        kept.overview(Lab.find(folder), experiments=False)
    except (Failure, OSError):
        pass  # There is no lab yet, or none that can be read; the next command says why.


def _top() -> Path:
    """The folder that git runs hooks in."""
    try:
        return hooks.Site.of(Path.cwd()).top
    except Failure:
        return Path.cwd()
