"""The table of commands: imports the one asked for, turns errors into exit codes."""
from __future__ import annotations

import errno
import importlib
import os
import sys

import click

import gitexp
from gitexp.core.errors import Failure

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
COMMANDS = {name: says for group in GROUPS.values() for name, says in group.items()}


class Table(click.Group):
    """Knows each command's name and first line without importing it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = 'import_' if cmd_name == 'import' else cmd_name  # A word of Python's own names no module.
        module = importlib.import_module(f'gitexp.commands.{name}')
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl(list(commands.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith('-'):
            raise click.UsageError(_unknown(args[0]), ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=Table, context_settings={'help_option_names': ['-h', '--help'], 'max_content_width': 100}, no_args_is_help=True)
@click.version_option(gitexp.__version__, prog_name='git exp', message='%(prog)s %(version)s')
def table() -> None:
    """Experiments in git: fixed rules, measured noise, results that cannot be edited."""


def run(words: list[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        returned = table.main(
            args=[*words], prog_name='git exp', complete_var='_GIT_EXP_COMPLETE', standalone_mode=False, obj=words,
        )
        return returned if isinstance(returned, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort:
        return 130
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


def _unknown(name: str) -> str:
    import difflib
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"no command '{name}'" + (f": did you mean '{near[0]}'?" if near else ', see: git exp -h')


def _system(error: OSError) -> int:
    """The machine said no: a full disk, a folder without permission."""
    named = f"'{error.filename}': " if error.filename else ''
    print(f'git exp: {named}{(error.strerror or str(error)).lower()}', file=sys.stderr)
    if error.errno == errno.ENOSPC:
        print('hint: free some space, then again; what was begun is finished or taken back then', file=sys.stderr)
    return 3


def _bug(words: list[str]) -> int:
    import platform
    import traceback
    print('git exp: this is a bug in gitexp. Please report what follows.', file=sys.stderr)
    print(f'gitexp {gitexp.__version__}, Python {platform.python_version()}, {platform.platform()}', file=sys.stderr)
    print(f'command: git exp {" ".join(words)}', file=sys.stderr)
    traceback.print_exc()
    return 70
