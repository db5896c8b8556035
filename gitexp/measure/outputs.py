"""What a run leaves: from the checkout to the folder of the experiment."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from gitexp.core import beneath, deep, modes
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple

_RESULTS, _LOGS = _FOLDERS = ('results', 'exp_log')


class Outputs(NamedTuple):
    """The places of one run: `folder` is the experiment's in the worktree `below`, `there` the same folder in the checkout.

    `before` is what the checkout held before the run: each file with its size and time of change. Every run has folders of its
    own, so that a later one, of whatever tree, writes beside what is there and never over it. `suffix` is what those of a
    version that is not the current one are called besides, such as '_v1_with_fix'.
    """

    run: str
    folder: Path
    below: Path
    checkout: Path
    before: Mapping[Path, tuple[int, int]]
    suffix: str = ''

    @property
    def there(self) -> Path:
        return self.checkout / self.folder.relative_to(self.below)

    @property
    def out(self) -> Path:
        """EXP_OUT."""
        return self.folder / f'{_RESULTS}{self.suffix}' / self.run

    def log(self, kind: str = '') -> Path:
        return self.folder / f'{_LOGS}{self.suffix}' / f'{self.run}{kind}.log'

    def make(self) -> None:
        """Make the folder that a run may write to, and that of its log; raises Refused when that cannot be done."""
        try:
            beneath.make(self.out, self.below)
            beneath.make(self.log().parent, self.below)
        except OSError as error:
            at = error.filename or self.out
            raise Refused(f"cannot make '{at}', where the outputs of a run go: {(error.strerror or str(error)).lower()}") from None

    def collect(self, say: Callable[[str], None]) -> list[str]:
        """Move what is new or changed in the checkout. Nothing that is there is overwritten, and no link of the run is followed.

        Returns what of results/ is now in EXP_OUT under its own name. Nothing that goes wrong after a run may cost its row: it is said.
        """
        kept: list[str] = []
        failed: list[OSError] = []
        for name in _FOLDERS:
            try:
                moved, left = self._collect(name)
            except OSError as error:
                moved, left = [], [error]
            kept += moved if name == _RESULTS else []
            failed += left
        if failed:
            more = f', and {len(failed) - 1} more' if failed[1:] else ''
            say(f"what the run {self.run} left in '{self.there}' could not be moved to '{self.folder}': {failed[0]}{more}")
        self.drop_if_empty()
        return kept

    def _collect(self, name: str) -> tuple[list[str], list[OSError]]:
        there = self.there / name
        found = _files(there, self.checkout) if os.path.isdir(there) else {}
        new = [str(path.relative_to(there)) for path, state in found.items() if self.before.get(path) != state]
        if not new:
            return [], []
        from gitexp.measure import moving
        target = self.folder / f'{name}{self.suffix}' / self.run
        return moving.move(new, self.checkout, str(there.relative_to(self.checkout)), target, below=self.below)

    def drop_if_empty(self) -> None:
        """Remove the folder of a run that has left nothing there."""
        try:
            self.out.rmdir()
        except OSError:
            pass  # It has left something, or there is no folder.

    def missing(self, patterns: Iterable[str]) -> list[str]:
        """Which of the declared outputs are not among those collected; a link that leads nowhere is none."""
        places = [self.folder / f'{name}{self.suffix}' / self.run for name in _FOLDERS]
        return [said for said in patterns if not any(self._found(place, said) for place in places)]

    @staticmethod
    def _found(place: Path, pattern: str) -> bool:
        import glob
        try:
            return any(os.path.exists(place / name) for name in glob.glob(pattern.strip('/'), root_dir=place, recursive=True))
        except RecursionError:
            return False  # Before Python 3.13 it looks no deeper than a thousand folders.

    def said(self) -> dict[str, Any]:
        """For `of`, which may be asked by another process."""
        return {
            'run': self.run, 'folder': str(self.folder), 'below': str(self.below), 'checkout': str(self.checkout),
            'before': [[str(path), *state] for path, state in self.before.items()], 'suffix': self.suffix,
        }

    @staticmethod
    def of(said: Mapping[str, Any]) -> Outputs:
        """What `said` was told."""
        before = {Path(path): (size, changed) for path, size, changed in said['before']}
        return Outputs(said['run'], Path(said['folder']), Path(said['below']), Path(said['checkout']), before, said['suffix'])


def expect(run: str, *, folder: Path, checkout: Path, below: Path, suffix: str = '') -> Outputs:
    """Name the places of a run, and note what the checkout holds before it."""
    there = checkout / folder.relative_to(below)
    before = {path: state for name in _FOLDERS for path, state in _files(there / name, checkout).items()}
    return Outputs(run, folder, below, checkout, before, suffix)


def _files(folder: Path, checkout: Path) -> dict[Path, tuple[int, int]]:
    """Each file below a folder with its size and time of change, which a program cannot set back.

    A link in the way leads to what is not the run's: nothing is taken from there. A folder of ours that may not be listed or emptied
    may be, from now on.
    """
    found: dict[Path, tuple[int, int]] = {}
    if any(path.is_symlink() for path in (folder, *folder.parents) if checkout in path.parents):
        return found
    modes.regain(str(folder))
    for parent, folders, names in deep.walk(folder):
        for name in folders:
            modes.regain(os.path.join(parent, name))
        for name in [*names, *(name for name in folders if os.path.islink(os.path.join(parent, name)))]:
            path = Path(parent, name)
            try:
                info = path.lstat()
                found[path] = (info.st_size, info.st_ctime_ns)
            except OSError:
                found[path] = (0, 0)  # Who moves it will say what is wrong.
    return found
