"""Code of the lab that a Python finds in a worktree, where somebody edits it, and not in the checkout."""
from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from gitexp.checkout import checkout
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.measure import interpreter, modules
from gitexp.measure.interpreter import Python
from gitexp.rules import uninvited
from gitexp.rules.places import COMMANDS, Places
from gitexp.run import beyond

_AT_TOP = r'(?<!\S)-[mc]\b|(?<![\w./-])[\w-]+\.py\b'  # a program that looks first in the folder where it is started


def require(lab: Lab, python: Python, folder: Path, fixed: Collection[str]) -> None:
    """Raise Refused where that is so, as after `pip install -e`: what is measured would not be the commit in `folder`.

    It is as it should be where a command, or fixed code that changes its path, names the folder of that code. In a sealed lab it never is:
    what the sealed folder does not have would be found there.
    """
    found = [(path, inner) for path, inner in _found(lab, python) if os.path.isdir(folder / inner)]
    if found and lab.config.sealed:
        raise Refused(
            f"'{os.path.basename(python.executable)}' would load '{found[0][0]}', where pip install -e has led it, and the lab is sealed",
            hint='take it out: pip uninstall; or measure by a Python of its own, which the commands name',
        )
    named = _named(lab, folder, fixed) if found else set()
    for path, inner in found:
        where = os.path.dirname(inner) if os.path.exists(folder / inner / '__init__.py') else inner
        if where not in named:
            raise Refused(
                f"'{os.path.basename(python.executable)}' would load '{path}', where pip install -e has led it, and not what is committed",
                hint=f'say in the command where its modules are: env PYTHONPATH={where or "."} {os.path.basename(python.executable)} …',
            )


def _found(lab: Lab, python: Python) -> list[tuple[str, str]]:
    """Folders on the path of a Python that lie in a worktree, with what they are called there."""
    own = [*beyond.prefixes(python.executable)]
    sites = [place for place in python.path if place.endswith(interpreter.PACKAGES)]
    said = map(os.path.realpath, (*python.path, *(one for site in sites for one in modules.elsewhere(site))))
    there = {os.path.dirname(path) if os.path.isfile(path) else path for path in said}
    tops = sorted((os.path.realpath(one.path) for one in lab.worktrees if one.path != checkout.place(lab)), key=len, reverse=True)
    lying = ((path, next((top for top in tops if Path(path).is_relative_to(top)), None)) for path in sorted(there))
    return [
        (path, os.path.relpath(path, top).strip('.')) for path, top in lying
        if top and os.path.isdir(path) and not any(Path(path).is_relative_to(prefix) for prefix in own)
    ]


def _named(lab: Lab, folder: Path, fixed: Collection[str]) -> set[str]:
    """The folders that commands and fixed code name, from the top, which is '' where a program looks there first."""
    texts = {path: (folder / path).read_bytes() for path in fixed if uninvited.is_script(path) and os.path.isfile(folder / path)}
    said = lab.config.commands.encode('utf-8', 'surrogateescape')
    named = Places(fixed, lambda inner: (folder / inner / '__init__.py').exists(), {**texts, COMMANDS: said}).named
    return named | ({''} if re.search(_AT_TOP, lab.config.commands) else set())
