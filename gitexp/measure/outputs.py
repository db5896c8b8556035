"""What a run leaves: from the checkout to the folder of the experiment."""
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDERS = ('results', 'exp_log')


@dataclass(frozen=True)
class Outputs:
    """The places of one run: `folder` is the experiment's, `there` the same folder in the checkout."""

    run: str
    folder: Path
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
            for path, state in _files(self.there / name).items():
                if self.before.get(path) != state:
                    moved.append(_moved(path, self.folder / name / self.run / path.relative_to(self.there / name)))
        try:
            self.out.rmdir()
        except OSError:
            pass  # The run left something there.
        return moved


def expect(run: str, *, folder: Path, there: Path) -> Outputs:
    """Make the folder that a run may write to, and note what the checkout holds before it."""
    outputs = Outputs(run, folder, there, {path: state for name in _FOLDERS for path, state in _files(there / name).items()})
    outputs.out.mkdir(parents=True, exist_ok=True)
    return outputs


def _files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Each file below a folder with its size and time of change, which a program cannot set back."""
    found = {}
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
