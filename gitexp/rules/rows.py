"""What the rows of a ledger are about, for the rules: bytes, since anybody may have appended anything."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from io import BytesIO
from itertools import dropwhile

from gitexp.core import escapes
from gitexp.core.lines import BOM, is_passed_over
from gitexp.git import repository
from gitexp.git.command import Git

_LONGEST = 255  # bytes: what a folder may be called on any file system
# The kinds of rows that say something about others, which name commits of their own, and of those of another repository.
_OTHER = {b'supersede', b'restore', b'confirm', b'import'}


def at(git: Git, commit: str, paths: Iterable[str], slug: str, *, here: bool = False) -> list[str]:
    """What the ledgers of a commit say in the column `commit` of each row of an experiment, in their order; '' where it says nothing.

    With `here` only of what was run in this repository, and not of rows about other rows.
    """
    return [name for text in _texts(git, commit, paths) for name in commits(text, slug, here=here)]


def commits(ledger: bytes, slug: str, *, here: bool = False) -> list[str]:
    """The same of a ledger that has been read; it has no rows of any experiment where it has no column `experiment`."""
    lines, name = dropwhile(is_passed_over, BytesIO(ledger)), slug.encode('utf-8', 'surrogateescape')
    header = _header(lines)
    places = {column: place for place, column in enumerate(header)}  # The last of a name, as where results are read.
    if b'experiment' not in places:
        return []
    column, told, kind = (places.get(one, len(header)) for one in (b'experiment', b'commit', b'kind'))
    # A backslash may begin an escape: r'f\u006fo' is 'foo'.
    rows = (line.rstrip(b'\r\n').split(b'\t') for line in lines if name in line or b'\\' in line)
    ours = (row for row in rows if _said(row, column) == slug and not (here and _OTHER.intersection(row[kind:kind + 1])))
    return [_said(row, told) for row in ours]


def about(git: Git, commit: str, paths: Iterable[str], names: Set[str]) -> set[str]:
    """The experiments that the ledgers of a commit have rows of about some commits; a name that none can have is passed over."""
    found = {slug for text in _texts(git, commit, paths) for slug in _about(text, names)}
    return {slug for slug in found if slug and slug.isprintable() and len(slug.encode()) <= _LONGEST}


def _about(ledger: bytes, names: Set[str]) -> Iterator[str]:
    lines = dropwhile(is_passed_over, BytesIO(ledger))
    places = {column: place for place, column in enumerate(_header(lines))}
    if b'experiment' in places and b'commit' in places:
        rows = (line.rstrip(b'\r\n').split(b'\t') for line in lines)
        yield from (_said(row, places[b'experiment']) for row in rows if _said(row, places[b'commit']) in names)


def twice(ledger: bytes) -> list[str]:
    """The columns that are there more than once, so that two readers may take a row for two."""
    header = _header(dropwhile(is_passed_over, BytesIO(ledger)))
    return [name.decode('utf-8', 'replace') for name, many in Counter(header).items() if name and many > 1]


def _header(lines: Iterator[bytes]) -> list[bytes]:
    return next(lines, b'').removeprefix(BOM).rstrip(b'\r\n').split(b'\t')


def _said(row: Sequence[bytes], column: int) -> str:
    return escapes.unescape(b''.join(row[column:column + 1]).decode('utf-8', 'surrogateescape'))


def whole(git: Git, commit: str, path: str) -> bytes:
    """The lines of one ledger of a commit, empty where there is none: in another one the same line may say something else."""
    return b''.join(_texts(git, commit, [path]))


def _texts(git: Git, commit: str, paths: Iterable[str]) -> list[bytes]:
    return [_text(git, oid) for oid in repository.objects(git, [f'{commit}:{path}' for path in paths]) if oid]


@lru_cache(maxsize=4)
def _text(git: Git, oid: str) -> bytes:
    """Many commits have the same ledger, and many are asked about."""
    return repository.blob(git, oid)
