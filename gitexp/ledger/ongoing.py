"""The tally of a large ledger, which goes on where the last one ended: only what has come since is read row by row.

Going through a million rows takes seconds, and hashing them a tenth of one, which is proof that what was tallied still stands there.
Only what is shown goes by it, verdicts do not: what is kept lies where whoever may write to the repository may write.
"""
from __future__ import annotations

import io
import os
import pickle
from array import _array_reconstructor, array  # type: ignore[attr-defined]
from collections import Counter
from pathlib import Path
from typing import Any

import gitexp
from gitexp.core import digests, files
from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.ledger import counting, grounds, read, result, retired, tally, tries
from gitexp.ledger.once import Once
from gitexp.ledger.scan import Scan
from gitexp.ledger.tally import Tally
from gitexp.ledger.whereabouts import Whereabouts

_MORE = 1 << 20  # bytes: a tally is kept once for so many more of them, since it may be as large as a tenth of the ledger
_CHUNK = 1 << 20
# What a tally consists of: nothing else is made of what is kept, whoever has written it.
_PARTS = {
    (part.__module__, part.__qualname__): part for part in (
        Tally, tally.Tree, tally.Known, Whereabouts, Once, tries.Tries, grounds.Grounds, counting.Held, retired.Retired, retired.Why,
        result.Result, result.Kind, result.Status, Counter, array, _array_reconstructor,
    )
}
# What is raised for what somebody else has put there, which is as good as nothing.
_DAMAGED = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
    pickle.UnpicklingError,
)


class _Kept(NamedTuple):
    """A tally of the first `end` bytes of a ledger, which have the `digest`; `by` tells who has made it, and for which metric."""

    by: str
    end: int
    digest: str
    tally: Tally


def of(path: Path, metric: Metric, kept: Path) -> Tally:
    """The same as `tally.of`; what it comes to is written to `kept`."""
    try:
        file = _Hashed(read.opened(path).detach())
    except FileNotFoundError:
        return tally.of(path, metric)
    with file:
        before = _read(kept, metric, file.size)
        made = _gone_on(file, metric, before) if before else None
        known = before.end if before and made else 0
        made = made or tally.through(file, metric)
        if file.end - known > _MORE and file.last == b'\n':
            _keep(kept, metric, file, made)
    return made


class _Hashed(io.BufferedReader):
    """A ledger with the hash of what has been read of it, from its beginning on."""

    def __init__(self, file: io.RawIOBase) -> None:
        super().__init__(file, _CHUNK)
        self.size = super().seek(0, io.SEEK_END)
        self.seek(0)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self.hash, self.end, self.last = digests.begun('sha256', self.size), place, b''
        return super().seek(place, whence)

    def read(self, size: int | None = -1) -> bytes:
        return self._noted(super().read(size))

    def readline(self, size: int | None = -1) -> bytes:
        return self._noted(super().readline(size))

    def _noted(self, said: bytes) -> bytes:
        self.hash.update(said)
        self.end += len(said)
        self.last = said[-1:] or self.last
        return said


class _Parts(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _PARTS[module, name]


def _gone_on(file: _Hashed, metric: Metric, before: _Kept) -> Tally | None:
    """The tally with what has come since.

    None where something else stands there now, what has come changes what counts, or what was kept is not what it says.
    """
    way = Scan(file, metric)
    file.seek(0)
    while file.end < before.end and file.read(min(_CHUNK, before.end - file.end)):
        pass
    if file.hash.hexdigest() != before.digest:
        return None
    made = before.tally
    try:
        way.unused = made.unused
        made.take(way)
        return made if made.is_settled else None
    except _DAMAGED:
        return None


def _read(path: Path, metric: Metric, size: int) -> _Kept | None:
    try:
        with files.opened(path) as file:
            hashed, begins = file.readline(), file.tell()
            digest = digests.begun('sha256', os.fstat(file.fileno()).st_size)
            while said := file.read(_CHUNK):
                digest.update(said)
            if hashed.decode().strip() != digest.hexdigest():
                return None
            file.seek(begins)
            found = _Kept._make(_Parts(file).load())
        return found if found.by == _by(metric) and 0 < found.end <= size else None
    except _DAMAGED:
        return None


def _keep(path: Path, metric: Metric, file: _Hashed, made: Tally) -> None:
    try:
        files.sweep(path)
        said = pickle.dumps(tuple(_Kept(_by(metric), file.end, file.hash.hexdigest(), made)))
        files.replace(path, f'{digests.sha256(said)}\n'.encode() + said)
    except OSError:
        pass  # A read-only repository is slower, not broken.


def _by(metric: Metric) -> str:
    """The metric, and the code as it was installed: what one version has tallied another may not understand."""
    return f'{gitexp.__version__} {os.stat(os.path.dirname(__file__)).st_mtime_ns} {metric}'
