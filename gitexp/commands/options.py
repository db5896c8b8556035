"""Options and arguments that many commands share."""
from __future__ import annotations

from pathlib import Path

import click

from gitexp.git.command import Git


def experiments(_context: click.Context, _param: click.Parameter, start: str) -> list[str]:
    """Complete the name of an experiment."""
    names = Git(Path.cwd()).run('for-each-ref', '--format=%(refname:lstrip=3)', 'refs/heads/exp/').text.split()
    return [name for name in names if name.startswith(start)]


as_json = click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
yes = click.option('--yes', is_flag=True, help='Do not ask.')
slug = click.argument('slug', required=False, shell_complete=experiments)
