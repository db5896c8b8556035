"""What is to be done to retire results of one experiment or to bring them back."""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gitexp.core.tuples import NamedTuple
from gitexp.experiment import folders, scaffold


class Turn(NamedTuple):
    """All that the steps need, as JSON can hold it.

    `folder` holds what is moved, None when nothing is; `worktree` is None for a closed experiment, `branch` when there is none.
    `inside` is the experiment's folder from the top of the repository; `text` is what PLAN.md gains; it names the row's id.
    """

    verb: str
    folder: str | None
    worktree: str | None
    branch: str | None
    head: str | None
    inside: str
    moves: Sequence[Sequence[str]]
    text: str
    message: str
    row: Mapping[str, str]

    @property
    def plan(self) -> str:
        return f'{self.inside}/{scaffold.FILE}'

    @property
    def paths(self) -> list[tuple[str, str]]:
        """Old and new paths of the folders, from the top of the repository."""
        return [(f'{self.inside}/{old}', f'{self.inside}/{new}') for old, new in self.moves]

    def places(self) -> Iterator[tuple[Path, Path]]:
        """Old and new places of the folders on disk."""
        if self.folder:
            for old, new in self.moves:
                yield Path(self.folder, old), Path(self.folder, new)

    def done_in(self, text: bytes) -> bool:
        return self.row['id'].encode() in text

    def rename(self) -> None:
        """Give the folders their new names; what has happened already is left as it is."""
        for old, new in self.places():
            if not os.path.lexists(old) or (self.verb == 'supersede' and os.path.lexists(new)):
                continue
            if os.path.lexists(new):
                folders.remove_empty(new)
            os.rename(old, new)

    def rename_back(self) -> None:
        for old, new in self.places():
            if os.path.lexists(new) and not os.path.lexists(old):
                os.rename(new, old)
