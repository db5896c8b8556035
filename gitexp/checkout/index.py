"""What git keeps about the checkout: believed only as we left it, since anything can be written there."""
from __future__ import annotations

from pathlib import Path

from gitexp.core import digests, files
from gitexp.core.tuples import NamedTuple

VERSION = {'GIT_INDEX_VERSION': '2'}  # later ones cut paths short
_SUBMODULE = b'\0\0\xe0\0'  # its mode in an index; other bytes may look the same
_ATTRIBUTES = b'.gitattributes\0'
_BEFORE_PATH = 32  # bytes: an object id; the length of the path follows in two, of which the first is 0 for a short one


class Index(NamedTuple):
    """The index at `path`, and where the digest is noted that it had when we left it.

    `under` is what else its files were written under: see `conversion.state`.
    """

    path: Path
    note: Path
    under: str

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
        self.note.write_text(self._digest(data))
        return _SUBMODULE in data

    def noted(self) -> str:
        return _read(self.note).decode('ascii', 'replace')

    def drop_unless(self, digest: str) -> bool:
        """Remove it unless it is as it was; whether what stays may hold submodules."""
        data = _read(self.path)
        if self._digest(data) == digest:
            return _SUBMODULE in data
        self.path.unlink(missing_ok=True)
        return False

    def attributes(self) -> list[bytes]:
        """The object id and the path of each .gitattributes, as the bytes of their entries; a long path may bring more.

        In whatever case: where a file system ignores that, git reads such a file as well.
        """
        data, found, end = _read(self.path), [], 0
        lower = data.lower()
        while (at := lower.find(_ATTRIBUTES, end)) >= 0:
            end = at + len(_ATTRIBUTES)
            found.append(data[max(data.rfind(b'\0', 0, at) - _BEFORE_PATH, 0):end])
        return found

    def _digest(self, data: bytes) -> str:
        return digests.sha256(self.under.encode() + data)


def _read(path: Path) -> bytes:
    """A file's bytes, none where it cannot be read."""
    try:
        return files.read(path)
    except OSError:
        return b''
