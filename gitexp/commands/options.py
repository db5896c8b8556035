"""Options and arguments that many commands share."""
from __future__ import annotations

from pathlib import Path

from gitexp.commands.declare import argument, flag
from gitexp.git.command import Git


def experiments() -> list[str]:
    """The names that may stand for an experiment."""
    return Git(Path.cwd()).run('for-each-ref', '--format=%(refname:lstrip=3)', 'refs/heads/exp/').text.split()


def remotes() -> list[str]:
    """The names that may stand for a remote."""
    return Git(Path.cwd()).run('remote').text.split()


def commits() -> list[str]:
    """Names that commits have."""
    return Git(Path.cwd()).run('for-each-ref', '--format=%(refname:short)', 'refs/heads/', 'refs/tags/').text.split()


def bugs() -> list[str]:
    """The bugs that have retired something."""
    from gitexp.experiment import spoilt
    from gitexp.lab.lab import Lab
    from gitexp.ledger import read
    return sorted(spoilt.bugs(read.read(Lab.find(Path.cwd()))))


as_json = flag('--json', dest='as_json', help='Print JSON.')
yes = flag('--yes', help='Do not ask.')
slug = argument('slug', metavar='SLUG', nargs='?', completes=experiments)
