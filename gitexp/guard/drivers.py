"""What git's configuration says of our merge drivers.

It names the Python and the package by their paths, as the hooks do, so that a client without our PATH finds them. Where they
are gone, and where a driver gives up, git's own merge leaves its conflict markers; a clone without the configuration merges as
text. A conflict is the worst that happens, and `git exp doctor --fix` resolves it.
"""
from __future__ import annotations

from collections.abc import Mapping

from gitexp.core.shell import quoted
from gitexp.git import settings
from gitexp.git.command import Git
from gitexp.guard.stubs import Origin

_NAMES = {'ledger': 'rows of a ledger, each once', 'journal': 'entries of a journal, each once, the newest first'}
_START = 'import sys; sys.path.append(sys.argv.pop(1)); from gitexp.guard import merge; merge.main()'
_AS_TEXT = '{ git merge-file -q --marker-size=%L -L ours -L base -L theirs %A %O %B; false; }'
_SECTION = 'merge.gitexp-'


def wanted(origin: Origin) -> dict[str, str]:
    """The configuration for a gitexp, by key as git spells it."""
    made = {}
    for kind, says in _NAMES.items():
        words = [origin.python, '-I', '-S', '-X', 'utf8', '-c', _START, origin.package, kind]
        start = ' '.join(map(quoted, words)).replace('%', '%%')
        made[f'{_SECTION}{kind}.name'] = says
        made[f'{_SECTION}{kind}.driver'] = f'{start} %O %A %B %P || {_AS_TEXT}'
    return made


def install(git: Git, origin: Origin) -> None:
    """Put the drivers into the repository's own configuration; raises Refused when it cannot be written."""
    said = _said(git)
    for key, value in wanted(origin).items():
        if said.get(key) != value:
            settings.write(git, key, value)


def remove(git: Git) -> None:
    """Take the drivers out: what only grows is merged as text then."""
    for section in {key.rpartition('.')[0] for key in _said(git)}:
        settings.drop(git, section)


def are_set(said: Mapping[str, str], origin: Origin) -> bool:
    """Whether settings as git tells them name these drivers."""
    return all(said.get(key) == value for key, value in wanted(origin).items() if key.endswith('.driver'))


def are_there(said: Mapping[str, str]) -> bool:
    """Whether settings as git tells them name a driver for each kind."""
    return all(f'{_SECTION}{kind}.driver' in said for kind in _NAMES)


def _said(git: Git) -> dict[str, str]:
    fields = git.run('config', '--local', '--null', '--get-regexp', r'^merge\.gitexp-').names
    return {key: value for key, _, value in (field.partition('\n') for field in fields)}
