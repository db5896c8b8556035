"""The table of commands: imports the one asked for, turns errors into exit codes."""
from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import NoReturn

import gitexp
from gitexp.commands.declare import Command, Group
from gitexp.core.errors import Failure, Refused, Usage

SAYS = 'Experiments in git: fixed rules, measured noise, results that cannot be edited.'

GROUPS: dict[str, dict[str, str]] = {
    'start': {
        'init': 'Make a lab, or turn a repository into one.',
        'new': 'Start an experiment: branch, worktree and folder.',
    },
    'guard': {
        'check': 'Judge changes by the rules, and a plan by what was logged.',
        'hook': 'Install, remove or run the git hooks.',
        'doctor': 'Look for what is broken, and mend it.',
    },
    'measure': {
        'smoke': 'Run the fast sanity check on the committed tree.',
        'baseline': 'Measure the unchanged trunk and its seed noise.',
        'eval': 'Evaluate the committed tree and append a row.',
    },
    'record': {
        'results': 'Show the rows of the ledger.',
        'best': 'Show the best tree.',
        'report': 'Write all results into a page, or as CSV.',
        'import': "Append the rows of somebody else's log.",
        'supersede': 'Retire results that a bug has spoilt.',
        'restore': 'Undo a supersede.',
        'sync': 'Exchange results with a remote.',
    },
    'decide': {
        'confirm': 'Vouch for a gain too large to be believed.',
        'submit': 'Push an experiment and ask for its merge.',
        'close': 'Remove the worktree; keep branch and rows.',
    },
    'look': {
        'status': 'Show where you are and what is under way.',
        'list': 'List the experiments.',
        'show': 'Show one experiment.',
    },
}
PAGES = {'workflow': 'gitexp-workflow', 'gitexp-workflow': 'gitexp-workflow', 'gitexp.yaml': 'gitexp.yaml'}
_OF_GIT = 'git -C DIR exp COMMAND'
_CALLED_ELSE = {'run': 'eval', 'compare': 'report --compare vN', 'merge': 'submit', 'delete': 'close'}
COMMANDS = {name: says for group in GROUPS.values() for name, says in group.items()}


def find(name: str) -> Command | Group | None:
    """The command of that name, imported now."""
    if name not in COMMANDS:
        return None
    name = 'import_' if name == 'import' else name  # A word of Python's own names no module.
    found: Command | Group = getattr(importlib.import_module(f'gitexp.commands.{name}'), name)
    return found


def run(words: list[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        return _run(words)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        return 130
    except Failure as error:
        from gitexp.commands import out
        out.failure(error)
        return error.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _system(error)
    except Exception:
        return _bug(words)


def _run(words: list[str]) -> int:
    if shell := os.environ.get('_GIT_EXP_COMPLETE'):
        from gitexp.commands import completion
        completion.answer(completion.Table(COMMANDS, find), os.environ, shell=shell.removesuffix('_complete'))
        return 0
    if words[:1] == ['help'] and words[-1] in PAGES:
        _page(PAGES[words[-1]])
    if words[:1] == ['help']:  # As git's own: `git exp help eval` is `git exp eval -h`.
        words = [*(word for word in words if word != 'help'), '-h']
    if not words or words[0] in ('-h', '--help'):
        print(_overview())
        return 0 if words else Usage.code
    if words[0] == '--version':
        print(f'git exp {gitexp.__version__}')
        return 0
    from gitexp.commands import invoke
    command = find(words[0])
    if command is None and words[0].startswith('-'):
        raise Usage(f"no option '{words[0]}' before the command", hint=_OF_GIT if words[0].startswith('-C') else 'git exp -h')
    if command is None:
        raise Usage(invoke.unknown('no command', words[0], COMMANDS), hint=f"git exp {_CALLED_ELSE.get(words[0], '-h')}")
    return invoke.run(command, words[1:], f'git exp {words[0]}')


def _page(name: str) -> NoReturn:
    """Become man with a page, which is looked for where this program is installed, too."""
    places = f'{sys.prefix}/share/man:{os.environ.get("MANPATH", "")}'  # An empty place stands for the usual ones.
    try:
        os.execvpe('man', ['man', name], {**os.environ, 'MANPATH': places})
    except FileNotFoundError:
        raise Refused(f"cannot show the page '{name}': there is no man here", hint='git exp help COMMAND needs none') from None


def _overview() -> str:
    lines = ['usage: git exp COMMAND ...', '', SAYS]
    for group, commands in GROUPS.items():
        lines += ['', f'{group}:', *(f'  {name:{max(map(len, commands))}}  {says}' for name, says in commands.items())]
    return '\n'.join([*lines, '', 'git exp help COMMAND tells more, git exp help workflow how they go together,',
                      'git exp help gitexp.yaml what a lab can say; --version is the version of gitexp.'])


def _system(error: OSError) -> int:
    """The machine said no: a full disk, a folder without permission."""
    named = f"'{error.filename}': " if error.filename else ''
    print(f'git exp: {named}{(error.strerror or str(error)).lower()}', file=sys.stderr)
    if error.errno == errno.ENOSPC:
        print('hint: free some space, then again; what was begun is finished or taken back then', file=sys.stderr)
    if error.errno == errno.EPERM and isinstance(error.filename, str):
        from gitexp.core import modes
        if way := modes.way(error.filename):
            print(f'hint: {way}', file=sys.stderr)
    return 3


def _bug(words: list[str]) -> int:
    import platform
    import traceback
    print('git exp: this is a bug in gitexp. Please report what follows.', file=sys.stderr)
    print(f'gitexp {gitexp.__version__}, Python {platform.python_version()}, {platform.platform()}', file=sys.stderr)
    print(f'command: git exp {" ".join(words)}', file=sys.stderr)
    traceback.print_exc()
    return 70
