"""What the rows of a ledger are about, for the rules: bytes, since anybody may have appended anything."""
from __future__ import annotations

from functools import lru_cache

from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.rules.parts import BOM


def at(git: Git, commit: str, path: str, slug: str) -> list[str]:
    """What the ledger of a commit says in the column `commit` of each row of an experiment, in their order; '' where it says nothing."""
    oid, = repository.objects(git, [f'{commit}:{path}'])
    return commits(_text(git, oid), slug) if oid else []


def commits(ledger: bytes, slug: str) -> list[str]:
    """The same of a ledger that has been read; it has no rows of any experiment where it has no column `experiment`."""
    lines, name = ledger.removeprefix(BOM).lstrip(b'\r\n').split(b'\n'), slug.encode('utf-8', 'surrogateescape')
    header = lines[0].rstrip(b'\r').split(b'\t')
    if b'experiment' not in header:
        return []
    column, told = header.index(b'experiment'), header.index(b'commit') if b'commit' in header else len(header)
    rows = (line.rstrip(b'\r').split(b'\t') for line in lines[1:] if name in line)
    return [b''.join(row[told:told + 1]).decode('utf-8', 'surrogateescape') for row in rows if row[column:column + 1] == [name]]


def whole(git: Git, commit: str, path: str) -> bytes:
    """The ledger of a commit, empty where there is none."""
    oid, = repository.objects(git, [f'{commit}:{path}'])
    return _text(git, oid) if oid else b''


@lru_cache(maxsize=2)
def _text(git: Git, oid: str) -> bytes:
    """Many commits have the same ledger, and many are asked about."""
    return repository.blob(git, oid)
