"""What git makes of files when it writes them: in the checkout what the commit says, and nothing that a person has set up.

Of filters there are those of git-lfs, whose files are named by their hash, and held against it. The others have no say, whether
they are set up or not: that may change at any time.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gitexp.core import digests, files
from gitexp.core.errors import Refused
from gitexp.git.command import Git
from gitexp.lab import lab as labs
from gitexp.lab.lab import Lab

NOTHING = 'EXP_NOTHING'  # the variable that `blind` names, which must be there and empty
_STANDARD = {
    '', 'git-lfs clean -- %f', 'git-lfs smudge -- %f', 'git-lfs smudge --skip -- %f',
    'git-lfs filter-process', 'git-lfs filter-process --skip',
}
_DRIVES = ('smudge', 'clean', 'process', 'required')
_CONVERTING = frozenset({'text', 'eol', 'crlf', 'ident', 'working-tree-encoding', 'binary'})
_FILTER = rb'filter=([^ \t\r\n\0]*)'
_MACRO = rb'\[attr\][ \t\r]*([^ \t\r\n\0]*)'
_BLANK = ' \t\r'
_MOST = 1000  # filters that are silenced; no command line takes any number


def blind(lab: Lab, named: Iterable[str], through: Iterable[str]) -> list[str]:
    """Options for git that silence the filters that are `named` or set up, but for those to let `through`."""
    names = sorted({*named, *_strange(lab.settings)}.difference(through))
    if len(names) > _MOST:
        raise Refused(f'{len(names)} filters are named in .gitattributes or set up', hint='remove those that are of no use')
    return [f'--config-env=filter.{name}.{key}={NOTHING}' for name in names for key in ('smudge', 'clean', 'process', 'required')]


def filters(common: Path, texts: Iterable[bytes]) -> set[str]:
    """The names of all filters that could write a file: those in the texts of attributes, and in the repository's own."""
    return {os.fsdecode(name) for text in (*texts, _private(common)) if b'filter=' in text for name in re.findall(_FILTER, text)}


def drivers(lab: Lab, git: Git) -> list[str]:
    """The standard filters, which are let through."""
    settings = _settings(lab, git)
    found = {name for name, drives, value in _drivers(settings) if value and drives != 'required'}
    return sorted(found.difference(_strange(settings))) if found else []


def missed(lab: Lab, folder: Path) -> list[str]:
    """The silenced filters that a commit names in the .gitattributes at its top."""
    try:
        words = files.read(folder / '.gitattributes').decode('utf-8', 'replace').split()
    except OSError:
        return []
    return [name for name in _strange(lab.settings) if f'filter={name}' in words]


def refuse_private(common: Path, texts: Sequence[bytes] = ()) -> None:
    """Raise Refused where the repository's own attributes, which no commit holds and no setting switches off, convert files.

    Any name does that may be a macro in the `texts` of a commit's attributes.
    """
    converting = _CONVERTING.union(os.fsdecode(name) for text in texts if b'[attr]' in text for name in re.findall(_MACRO, text))
    for line in filter(None, os.fsdecode(_private(common)).split('\n')):
        said = [word for word in re.split(f'[{_BLANK}]+', line.strip(_BLANK))[1:] if word.lstrip('-!').partition('=')[0] in converting]
        if said and not line.lstrip(_BLANK).startswith('#'):
            path = common / 'info' / 'attributes'
            raise Refused(f"'{path}' converts files: {' '.join(said)}; a run would not get what is committed",
                          hint='move that line to .gitattributes and commit it')


def state(lab: Lab) -> str:
    """A digest of what else than the commit decides how its files are written; when it changes, all are written anew."""
    filters = sorted(_drivers(lab.settings))
    return digests.sha256(repr(filters).encode('utf-8', 'surrogateescape') + _private(lab.common))


def _settings(lab: Lab, git: Git) -> Mapping[str, str]:
    conditional = any(key.startswith('includeif.') for key in lab.settings)  # The checkout may meet other conditions.
    return labs.settings(git) if conditional else lab.settings


def _strange(settings: Mapping[str, str]) -> list[str]:
    return sorted({name for name, drives, value in _drivers(settings) if drives != 'required' and value not in _STANDARD})


def _drivers(settings: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What filters are set up to do: the name, which of the four, and the value."""
    for key, value in settings.items():
        section, _, rest = key.partition('.')
        name, dot, drives = rest.rpartition('.')
        if section == 'filter' and dot and drives in _DRIVES:
            yield name, drives, value


def _private(common: Path) -> bytes:
    path = common / 'info' / 'attributes'
    return path.read_bytes() if os.path.isfile(path) else b''
