"""What git keeps about the checkout: believed only as we left it, since anything can be written there."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

_SUBMODULE = b'\0\0\xe0\0'  # its mode in an index; other bytes may look the same


class Index(NamedTuple):
    """The index at `path`, and where the digest is noted that it had when we left it."""

    path: Path
    note: Path

    def distrust(self) -> bool:
        """Remove what was said of this checkout alone: settings, a sparse view, and an index that is not as we left it.

        Without an index git writes every file anew. Returns whether there is one that may hold submodules.
        """
        for path in (self.path.with_name('config.worktree'), self.path.parent / 'info' / 'sparse-checkout'):
            path.unlink(missing_ok=True)
        return self.drop_unless(self.noted())

    def keep(self) -> bool:
        """Note how it is left; whether it may hold submodules."""
        data = _read(self.path)
        self.note.write_text(_digest(data))
        return _SUBMODULE in data

    def noted(self) -> str:
        return _read(self.note).decode('ascii', 'replace')

    def drop_unless(self, digest: str) -> bool:
        """Remove it unless it is as it was; whether what stays may hold submodules."""
        data = _read(self.path)
        if _digest(data) == digest:
            return _SUBMODULE in data
        self.path.unlink(missing_ok=True)
        return False


def _read(path: Path) -> bytes:
    """A file's bytes, none where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b''


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
