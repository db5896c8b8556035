"""What is wrong with a lab and the machine it is on, and the way to put it right."""
from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gitexp.core.errors import Failure
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.git.repository import Place
from gitexp.lab.lab import Lab

OLDEST_GIT = (2, 36)
_LOW, _NONE = 1 << 30, 1 << 26


class State(Enum):
    """A `bad` one must be put right, a `warn` one is worth knowing."""

    OK = 'ok'
    WARN = 'warn'
    BAD = 'bad'


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `way` is what to do about it."""

    name: str
    state: State
    says: str
    way: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {**vars(self), 'state': self.state.value}


def machine(folder: Path) -> Iterator[Check]:
    """What every lab needs of the machine."""
    yield _git(folder)
    yield Check('python', State.OK, f'{platform.python_version()} ({sys.executable})')


def around(folder: Path) -> tuple[list[Check], Lab | None]:
    """The repository and the lab around a folder, as far as there is one."""
    try:
        place = repository.place(folder)
    except Failure as error:
        return [_bad('repository', error)], None
    checks = list(_repository(folder, place))
    try:
        lab = Lab.find(folder)
    except Failure as error:
        return [*checks, _bad('configuration', error)], None
    metric = f'{lab.config.metric.name}, {"lower" if lab.config.metric.direction == "min" else "higher"} is better'
    return [*checks, Check('configuration', State.OK, f"{metric}; trunk '{lab.trunk}'")], lab


def tried(name: str, look: Callable[[], Iterator[Check]]) -> list[Check]:
    """What a look says; one that fails is itself a finding, and ends nothing."""
    try:
        return list(look())
    except Failure as error:
        return [_bad(name, error)]
    except OSError as error:
        return [Check(name, State.BAD, f"'{error.filename}': {error.strerror}" if error.filename else str(error))]


def _bad(name: str, error: Failure) -> Check:
    return Check(name, State.BAD, error.message, error.hint)


def _git(folder: Path) -> Check:
    said = Git(folder).run('version').text or Git(Path('/')).run('version').text
    found = re.search(r'(\d+)\.(\d+)[.\w]*', said)
    if found and (int(found[1]), int(found[2])) >= OLDEST_GIT:
        return Check('git', State.OK, found[0])
    return Check('git', State.BAD, f"'{said}' is too old", f'install git {".".join(map(str, OLDEST_GIT))} or later')


def _repository(folder: Path, place: Place) -> Iterator[Check]:
    git = Git(folder)
    if git.run('rev-parse', '--is-bare-repository').text == 'true' and place.top is None:
        yield Check('repository', State.WARN, f"'{place.common}' is bare: nothing can be measured here", 'clone it')
    elif git.run('rev-parse', '--is-shallow-repository').text == 'true':
        yield Check('repository', State.BAD, 'a shallow clone: changes cannot be judged without the history', 'git fetch --unshallow')
    else:
        yield Check('repository', State.OK, str(place.top or place.common))
    if git.run('var', 'GIT_COMMITTER_IDENT').code:
        yield Check('identity', State.BAD, 'git does not know who commits', "git config --global user.name 'Your Name' (and user.email)")
    yield _space(place.common)


def _space(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    state = State.BAD if free < _NONE else State.WARN if free < _LOW else State.OK
    return Check('disk', state, f'{free / (1 << 30):.1f} GiB free', None if state is State.OK else 'free some space')
