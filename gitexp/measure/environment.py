"""The environment of a command: that of whoever asks, without what would make the command load other code, or be misread.

gitexp.yaml fixes how a lab measures, and a path of modules that only one person has set is part of no commit and of no row. PATH
stays, since virtual environments need it, and so does LD_LIBRARY_PATH, which clusters need: a row names the program that was run.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from gitexp.measure import loaders
from gitexp.measure.subject import Subject
from gitexp.measure.voice import Voice

_FUNCTION = 'BASH_FUNC_'
_MODULES = ('module', 'ml', '_module_raw')  # The functions by which clusters offer programs.
_ASSIGNED = re.compile(r'(\w+)=(.*)')
_OURS = {
    'PYTHONDONTWRITEBYTECODE': '1',  # So that what is compiled in the checkout is what somebody has put there.
    'PYTHONHASHSEED': '0',  # So that the same seed gives the same, and nobody picks the order of a set.
}


def of(what: Subject, *, run: str, seed: int | None, out: Path) -> dict[str, str]:
    """What is handed on, and what a command may want to know."""
    told = {**_OURS, 'EXP_SLUG': what.slug, 'EXP_SEED': '' if seed is None else str(seed), 'EXP_RUN': run, 'EXP_OUT': str(out)}
    return {**handed_on(os.environ), **told}


def handed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what git said to us, and without functions that a shell would take for programs."""
    return {
        name: value for name, value in environ.items()
        if not name.startswith('GIT_') and not loaders.loads(name, value) and _may_stay(name)
    }


def withheld(environ: Mapping[str, str]) -> list[str]:
    """Those left out that somebody may miss."""
    return [name for name, value in environ.items() if value and loaders.loads(name, value)]


def tell(voice: Voice) -> None:
    """Say what is left out."""
    names = withheld(os.environ)
    if names:
        verb = 'is' if len(names) == 1 else 'are'
        voice.say(f'{" and ".join(names)} {verb} not handed to the run; a lab that needs it says so in its command: '
                  f'eval: env {names[0]}=... python3 eval.py')


def program(command: str, env: Mapping[str, str], folder: Path) -> str | None:
    """Which program the first word of a command line is, None where it comes with the commit or cannot be told.

    `folder` is where the command starts, since PATH may name folders from there.
    """
    words = launched(command)
    return found(words[0], env, folder) if words and ('/' not in words[0] or os.path.isabs(words[0])) else None


def launched(command: str) -> list[str]:
    """The words of a command line from its program on; none where the line itself sets PATH."""
    words = command.split()
    first = next((at for at, word in enumerate(words) if word != 'env' and not _ASSIGNED.fullmatch(word)), len(words))
    return [] if 'PATH' in assigned(words[:first]) else words[first:]


def found(word: str, env: Mapping[str, str], folder: Path) -> str | None:
    """The program that a word means in a folder, as the shell finds it."""
    places = [''] if '/' in word else os.get_exec_path(dict(env))
    candidates = (os.path.join(folder, place, word) for place in places)
    return next((path for path in candidates if os.path.isfile(path) and os.access(path, os.X_OK)), None)


def assigned(words: Iterable[str]) -> dict[str, str]:
    """The variables that words of a command line set."""
    return {said[1]: said[2].strip('\'"') for word in words if (said := _ASSIGNED.fullmatch(word))}


def _may_stay(name: str) -> bool:
    return not name.startswith(_FUNCTION) or name[len(_FUNCTION):].rstrip('%()') in _MODULES
