"""The folder of a sealed evaluation: what it is measured by, the inputs of the lab, and nothing else of the repository."""
from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path

from gitexp.checkout import fixed, journals, upwards
from gitexp.core import modes
from gitexp.core.errors import Integrity, Refused

_NAME = 'exp-sealed'
_ROOM = {True: 1 << 28, False: 1 << 22}  # bytes for copies of programs, and of data
_BLOCK = 1 << 12  # A file takes as much at least.
_CALLED = ('.py', '.pyc', '.js', '.mjs', '.cjs', '.ts', '.sh', '.pl', '.rb', '.R', '.jl', '.lua', '.php', '.m')
_DIGITS = 64  # of an object id that is compared with none of git's


@contextmanager
def laid(
    checkout: Path, files: Mapping[str, tuple[str, str]], inputs: Mapping[str, Path],
) -> Iterator[tuple[Path, Mapping[str, tuple[str, str]]]]:
    """Have it near the checkout, with `files` as this has them and links to the inputs; and say what must stay as it is there.

    Programs look for more beside the file that a link leads to, so that of inputs that are programs, or small, there are copies.

    Raises Refused when it cannot be made, as on a full disk; Integrity for a file that has not the mode and blob it must have.
    """
    above = checkout.with_name(_NAME)
    folder = above / 'lab'  # In a folder of its own, since programs look for their configuration in the one above.
    try:
        _remove(above)
        copies = _fill(folder, checkout, {path for path, (mode, _) in files.items() if mode != fixed.REPOSITORY}, inputs)
        upwards.end(folder)
    except OSError as error:
        raise Refused(f"cannot make '{folder}', where a sealed evaluation runs: {error.strerror or error}") from None
    files = {**files, **copies}
    wrong = fixed.changed(folder, files)
    if wrong:
        raise Integrity(f"'{wrong[0].path}' {wrong[0].message} in '{folder}'", hint='something else writes there: lsof may say what')
    yield folder, files
    try:
        _remove(above)
    except OSError:
        pass  # The next one says so.


def _fill(folder: Path, checkout: Path, paths: Set[str], inputs: Mapping[str, Path]) -> dict[str, tuple[str, str]]:
    """Returns the modes and blobs of the inputs that are there as a copy."""
    copies: dict[str, tuple[str, str]] = {}
    folder.mkdir(parents=True)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / path, folder / path, follow_symlinks=False)
    linked = inputs.keys() - paths  # A committed link is one of the files.
    copied = _copied({name: inputs[name] for name in linked})
    for name in linked:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name in copied:
            original = inputs[name].resolve()
            copies.update({name: state for state in fixed.present(original.parent, [original.name], digits=_DIGITS).values()})
            shutil.copy2(inputs[name], folder / name)
        else:
            os.symlink(inputs[name], folder / name)
    return copies


def _copied(inputs: Mapping[str, Path]) -> set[str]:
    """Which inputs are files that there is room for, the smallest first; what cannot be read, or not by itself, is as good as a link."""
    found = set()
    room = dict(_ROOM)
    plain = {name: source for name, source in inputs.items() if source.is_file() and not any(journals.beside(str(source)))}
    there = {name: source.stat() for name, source in plain.items() if os.access(source, os.R_OK)}
    for name, info in sorted(there.items(), key=lambda one: one[1].st_size):
        is_program = name.endswith(_CALLED) or bool(info.st_mode & stat.S_IXUSR)
        room[is_program] -= max(info.st_size, _BLOCK)
        if room[is_program] >= 0:
            found.add(name)
    return found


def _remove(above: Path) -> None:
    """It is moved first: who is left of a run that was killed may know the folder, and has no other."""
    old = above.with_name(f'{_NAME}.left')
    modes.remove(old)
    if os.path.lexists(above):
        os.rename(above, old)
        modes.remove(old)
