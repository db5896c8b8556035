"""What a run leaves: from the checkout to the folder of the experiment."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_FOLDERS = ('results', 'exp_log')


class Outputs(NamedTuple):
    """The places of one run: `folder` is the experiment's, `there` the same folder in the checkout."""

    run: str
    folder: Path
    checkout: Path
    there: Path
    before: Mapping[Path, tuple[int, int]]

    @property
    def out(self) -> Path:
        """EXP_OUT."""
        return self.folder / 'results' / self.run

    def log(self, kind: str = '') -> Path:
        return self.folder / 'exp_log' / f'{self.run}{kind}.log'

    def collect(self) -> list[Path]:
        """Move what is new or changed in the checkout; returns where it went. Nothing that is there is overwritten."""
        moved = []
        for name in _FOLDERS:
            for path, state in _files(self.there / name, self.checkout).items():
                if self.before.get(path) != state:
                    moved.append(_moved(path, self.folder / name / self.run / path.relative_to(self.there / name)))
        try:
            self.out.rmdir()
        except OSError:
            pass  # The run left something there.
        return moved


def expect(run: str, *, folder: Path, checkout: Path, below: Path) -> Outputs:
    """Make the folder that a run may write to, in the worktree `below`, and note what the checkout holds before it."""
    there = checkout / folder.relative_to(below)
    before = {path: state for name in _FOLDERS for path, state in _files(there / name, checkout).items()}
    outputs = Outputs(run, folder, checkout, there, before)
    outputs.out.mkdir(parents=True, exist_ok=True)
    return outputs


def _files(folder: Path, checkout: Path) -> dict[Path, tuple[int, int]]:
    """Each file below a folder with its size and time of change, which a program cannot set back.

    A link in the way leads to what is not the run's: nothing is taken from there.
    """
    found: dict[Path, tuple[int, int]] = {}
    if any(path.is_symlink() for path in (folder, *folder.parents) if checkout in path.parents):
        return found
    for parent, folders, names in os.walk(folder):
        for name in [*names, *(name for name in folders if os.path.islink(os.path.join(parent, name)))]:
            path = Path(parent, name)
            info = path.lstat()
            found[path] = (info.st_size, info.st_ctime_ns)
    return found


def _moved(path: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    free = target
    number = 2
    while os.path.lexists(free):
        free = target.with_name(f'{target.stem}-{number}{target.suffix}')
        number += 1
    try:
        os.rename(path, free)
    except OSError:  # Another file system.
        import shutil
        shutil.move(path, free)
    return free
