"""The environment of a command: of what whoever asks has, what every run gets, and what gitexp.yaml names besides.

gitexp.yaml fixes how a lab measures, and a variable that only one person has set is part of no commit and of no row.
"""
from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from gitexp.core import digests, files
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.measure import variables
from gitexp.measure.subject import Subject
from gitexp.measure.voice import Voice

_MODULES = re.compile(r'BASH_FUNC_(module|ml|_module_raw)(%%|\(\))')  # The functions by which clusters offer programs.
_ASSIGNED = re.compile(r'(\w+)=(.*)')
_SETTING = r'(?<![\w$])(\w+)=([^\s;&|]*)'
_VARIABLE = r'\$(?:(\w+)|\{(\w+)\})'
_HOME = r'(?<![\w/.~])~(?=/)'
_QUOTED = r'"([^"\s]*)"'
_NESTED = 3  # variables that name variables
_SHELL = {'_', 'PWD', 'OLDPWD', 'SHLVL', 'COLUMNS', 'LINES'}  # Each shell sets them anew; a run has no terminal.
_NUMBER = r'-?[\d.]{1,10}'
_DIGITS = 12
_SHOWN = 3
_OURS = {
    'PYTHONDONTWRITEBYTECODE': '1',  # So that what is compiled in the checkout is what somebody has put there.
    'PYTHONHASHSEED': '0',  # So that the same seed gives the same, and nobody picks the order of a set.
}


def of(lab: Lab, what: Subject, *, run: str, seed: int | None, out: Path) -> dict[str, str]:
    """What is handed on, and what a command may want to know."""
    told = {**_OURS, 'EXP_SLUG': what.slug, 'EXP_SEED': '' if seed is None else str(seed), 'EXP_RUN': run, 'EXP_OUT': str(out)}
    return {**_given(lab), **told}


def handed_on(environ: Mapping[str, str], named: Collection[str] = (), *, timed: bool = False) -> dict[str, str]:
    """What a run gets, `named` being further names; of `timed` ones nobody says from outside how fast they work."""
    return {
        name: value for name, value in environ.items()
        if variables.is_for_a_run(name, timed=timed) or name in named or _is_code(name)
    }


def settle(lab: Lab) -> None:
    """Leave out, here and in runs, the places that depend on the folder where a program starts: a run would find the experiment's files.

    Raises Refused where a place is in the checkout.
    """
    top = os.path.realpath(lab.state)
    for name in variables.PLACES.intersection(os.environ).difference(lab.config.environment):
        said = os.environ[name].split(os.pathsep)
        kept = [place for place in said if os.path.isabs(place)]
        inside = next((place for place in kept if f'{os.path.realpath(place)}/'.startswith(f'{top}/')), None)
        if inside is not None:
            raise Refused(f"{name} leads to '{inside}', where experiments are checked out", hint=f'take it out of {name}')
        if kept:
            os.environ[name] = os.pathsep.join(kept)
        else:
            del os.environ[name]


def said(lab: Lab) -> dict[str, str]:
    """What of it may make a result another, for a row: a path that is there and a number as they are, of all else a hash, since it may
    be a key.
    """
    named = {*lab.config.environment}
    return {
        name: value if _is_plain(value) or not (name in named or _is_code(name)) else digests.sha256(os.fsencode(value))[:_DIGITS]
        for name, value in sorted(_given(lab).items()) if variables.may_bend(name) or name in named or _is_code(name)
    }


def _is_code(name: str) -> bool:
    """Whether shells run what it says, or start it, when a script asks for `module load`."""
    return name == 'LMOD_CMD' or bool(_MODULES.fullmatch(name))


def _is_plain(value: str) -> bool:
    return bool(re.fullmatch(_NUMBER, value)) or os.path.isabs(value) and os.path.exists(value)


def _given(lab: Lab) -> dict[str, str]:
    return handed_on(os.environ, lab.config.environment, timed=lab.config.metric.time_limited)


def tell(lab: Lab, voice: Voice) -> None:
    """Say which variables are not handed on, each once in a clone; the names of many are in a file only."""
    path = lab.state / 'cache' / 'not-handed-on'
    known = _lines(path)
    asked = {name for name in os.environ if name.isidentifier() and not name.startswith(('GIT_', 'META_MODE'))}
    names = asked - known - _OURS.keys() - _SHELL - _given(lab).keys()
    if not names:
        return
    kept = path.relative_to(lab.root) if path.is_relative_to(lab.root) else path
    shown = ', '.join(sorted(names)) if len(names) <= _SHOWN else f'{len(names)} variables of your shell ({kept})'
    voice.say(f'not handed to runs: {shown}; gitexp.yaml names what they need: environment: [DATA_DIR]')
    try:
        files.replace(path, ''.join(f'{name}\n' for name in sorted(names | known)))
    except (OSError, UnicodeError):
        pass  # It is said again.


def _lines(path: Path) -> set[str]:
    try:
        return set(path.read_text().splitlines())
    except (OSError, ValueError):
        return set()


def program(command: str, env: Mapping[str, str], folder: Path) -> str | None:
    """Which program the first word of a command line is, None where it comes with the commit or cannot be told.

    `folder` is where the command starts, since PATH may name folders from there.
    """
    words = launched(command, env)
    return found(words[0], env, folder) if words and ('/' not in words[0] or os.path.isabs(words[0])) else None


def expanded(said: str, environ: Mapping[str, str]) -> str:
    """What commands or scripts say, with what the shell puts in place of `~` and of variables that they or a run have."""
    known = {**environ, **{name: value.strip('\'"') for name, value in re.findall(_SETTING, said)}}
    for _ in range(_NESTED):
        said, before = re.sub(_VARIABLE, lambda found: known.get(found[1] or found[2], found[0]), said), said
        if said == before:
            break
    return re.sub(_HOME, lambda found: known.get('HOME', '~'), re.sub(_QUOTED, r'\1', said))


def launched(command: str, environ: Mapping[str, str]) -> list[str]:
    """The words of a command line from its program on; none where the line itself sets PATH."""
    words = expanded(command, environ).split()
    first = next((at for at, word in enumerate(words) if word != 'env' and not _ASSIGNED.fullmatch(word)), len(words))
    return [] if 'PATH' in assigned(words[:first]) else words[first:]


def found(word: str, env: Mapping[str, str], folder: Path) -> str | None:
    """The program that a word means in a folder, as the shell finds it."""
    places = [''] if '/' in word else os.get_exec_path(dict(env))
    candidates = (os.path.join(folder, place, word) for place in places)
    return next((path for path in candidates if os.path.isfile(path) and os.access(path, os.X_OK)), None)


def path(said: str, named: Collection[str], which: Collection[str] = ('PYTHONPATH',)) -> list[str]:
    """The folders of PYTHONPATH or other variables, by what commands and scripts set them to and, where a run gets them, by themselves."""
    given = [*re.findall(_SETTING, said), *handed_on(os.environ, named).items()]
    return [place for name, value in given if name in which for place in value.strip('\'"').split(os.pathsep)]


def assigned(words: Iterable[str]) -> dict[str, str]:
    """The variables that words of a command line set."""
    return {said[1]: said[2].strip('\'"') for word in words if (said := _ASSIGNED.fullmatch(word))}
