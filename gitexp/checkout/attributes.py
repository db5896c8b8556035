"""The files of attributes that a commit has, by which git decides how to write the others."""
from __future__ import annotations

import os
from pathlib import Path

from gitexp.checkout import fixed
from gitexp.checkout.index import Index
from gitexp.core import files
from gitexp.git import repository
from gitexp.git.command import Git

NAME = '.gitattributes'
_OID = 32  # bytes that an object id has at most
_PATH = _OID + 2


def read(git: Git, index: Index, *, digits: int) -> list[bytes]:
    """Their texts as they are committed, whatever a filter has made of the files; an object id has so many digits.

    They lie in the checkout as a rule. What is written otherwise, and an entry with a long path, is looked up.
    """
    found = [_lying(git.folder, entry, digits) for entry in index.attributes()]
    return _looked_up(git) if None in found else [text for text in found if text is not None]


def _lying(folder: Path, entry: bytes, digits: int) -> bytes | None:
    """The text of a plain file that is what its entry says: the object id, the length of the path, and the path."""
    name = entry[_PATH:-1]
    path = folder / os.fsdecode(name)
    if entry[_OID + 1] != len(name) or path.is_symlink():
        return None
    try:
        text = files.read(path)
    except OSError:
        return None
    return text if fixed.oid(text, digits) == entry[_OID - digits // 2:_OID].hex() else None


def _looked_up(git: Git) -> list[bytes]:
    listed = (line.partition('\t') for line in git.ask('ls-files', '-z', '--stage').names)
    blobs = [head.split(' ')[1] for head, _, path in listed if path.rpartition('/')[2].lower() == NAME]
    return [found[1] for found in repository.contents(git, blobs) if found]
