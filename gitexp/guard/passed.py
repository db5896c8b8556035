"""What has passed before a commit, kept for the moment when its branch moves, so that the same is not judged twice.

The stub compares it, byte for byte, with what `git diff-tree` says of the commit that was made: its parents, and what it changes
among the paths that were judged. Whoever can write the file can switch the hooks off as well; no other gate looks at it.
"""
from __future__ import annotations

import os
from collections.abc import Iterable

from gitexp.lab.lab import Lab
from gitexp.rules.change import Change, Entry
from gitexp.rules.staged import Index

FILE = 'exp-passed'


def keep(lab: Lab, index: Index, changes: Iterable[Change]) -> None:
    """Write down what is about to be committed and has nothing against it; on a branch, and past its first commit."""
    if index.head is None or index.branch is None:
        return
    ordered = sorted(changes, key=lambda change: os.fsencode(change.path))
    parents = (index.head, *index.merged)
    sides = ((change.olds[number] for change in ordered) for number in range(len(parents)))
    blocks = (_block(' '.join(parents), zip(olds, ordered)) for olds in sides)
    try:
        said = os.fsencode(f'refs/heads/{index.branch} {index.head} {lab.config_blob}\n')
        (index.folder / FILE).write_bytes(said + b''.join(blocks))
    except OSError:
        pass  # A read-only repository takes the long way.


def _block(parents: str, sides: Iterable[tuple[Entry | None, Change]]) -> bytes:
    lines = b''.join(_line(old, one.new, one.path) for old, one in sides if old != one.new)
    return parents.encode() + b'\0' + (b'\n' + lines if lines else b'')


def _line(old: Entry | None, new: Entry | None, path: str) -> bytes:
    nothing = Entry('000000', '0' * len((old or new or Entry('', '')).oid))
    before, after = old or nothing, new or nothing
    letter = 'A' if old is None else 'D' if new is None else 'M' if before.mode[:2] == after.mode[:2] else 'T'
    return f':{before.mode} {after.mode} {before.oid} {after.oid} {letter}\0'.encode() + os.fsencode(path) + b'\0'
