"""The folder of a sealed evaluation: what it is measured by, the inputs of the lab, and nothing else of the repository."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path

from gitexp.checkout import fixed, upwards
from gitexp.core import modes
from gitexp.core.errors import Integrity, Refused

_NAME = 'exp-sealed'


@contextmanager
def laid(checkout: Path, files: Mapping[str, tuple[str, str]], inputs: Mapping[str, Path]) -> Iterator[Path]:
    """Have it near the checkout, with `files` as this has them and links to the inputs.

    Raises Refused when it cannot be made, as on a full disk; Integrity for a file that has not the mode and blob it must have.
    """
    above = checkout.with_name(_NAME)
    folder = above / 'lab'  # In a folder of its own, since programs look for their configuration in the one above.
    try:
        _remove(above)
        _fill(folder, checkout, {path for path, (mode, _) in files.items() if mode != fixed.REPOSITORY}, inputs)
        upwards.end(folder)
    except OSError as error:
        raise Refused(f"cannot make '{folder}', where a sealed evaluation runs: {error.strerror or error}") from None
    wrong = fixed.changed(folder, files)
    if wrong:
        raise Integrity(f"'{wrong[0].path}' {wrong[0].message} in '{folder}'", hint='something else writes there: lsof may say what')
    yield folder
    try:
        _remove(above)
    except OSError:
        pass  # The next one says so.


def _fill(folder: Path, checkout: Path, paths: Set[str], inputs: Mapping[str, Path]) -> None:
    folder.mkdir(parents=True)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / path, folder / path, follow_symlinks=False)
    for name in inputs.keys() - paths:  # A committed link is one of the files.
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(inputs[name], folder / name)


def _remove(above: Path) -> None:
    """It is moved first: who is left of a run that was killed may know the folder, and has no other."""
    old = above.with_name(f'{_NAME}.left')
    modes.remove(old)
    if os.path.lexists(above):
        os.rename(above, old)
        modes.remove(old)
