"""Commits made from a parent and a few changes, without an index or a working copy: the cost does not grow with the tree."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Git
from gitexp.git.stream import quoted

_NO = ('false', 'no', 'off', '0')


class Move(NamedTuple):
    """A file or folder of the parent goes elsewhere, as it is."""

    old: str
    new: str


class Put(NamedTuple):
    """A file has this text."""

    path: str
    text: bytes
    mode: str = '100644'


def make(git: Git, *, parent: str, message: str, changes: Sequence[Move | Put], settings: Mapping[str, str]) -> str:
    """Make a commit that no ref names yet, and return its id; signed where commit.gpgSign asks for it.

    Raises Refused when git does not know who commits.
    """
    who = _identity(git)
    stream = b'\n'.join([
        # The ref is only in the stream: reset to nothing at its end, it is neither written nor locked.
        b'commit refs/exp/new', b'mark :1', b'committer ' + who,
        _data(message.encode('utf-8', 'surrogateescape')), b'from ' + parent.encode(),
        *(_change(change) for change in changes),
        b'get-mark :1', b'reset refs/exp/new', b'', b'',
    ])
    # No ref moves, and yet git would start the hook on references twice.
    commit = git.ask('-c', f'core.hooksPath={os.devnull}', 'fast-import', '--quiet', feed=stream).text
    if settings.get('commit.gpgsign', 'false').lower() in _NO:
        return commit
    return git.ask('commit-tree', '-S', '-p', parent, '-m', message, f'{commit}^{{tree}}').text


def _identity(git: Git) -> bytes:
    done = git.run('var', 'GIT_COMMITTER_IDENT')
    if done.code:
        raise Refused('git does not know who commits', hint='git config user.name NAME; git config user.email ADDRESS')
    return done.out.rstrip(b'\n')


def _change(change: Move | Put) -> bytes:
    if isinstance(change, Move):
        return b'R %s %s' % (quoted(change.old), quoted(change.new))
    return b'M %s inline %s\n%s' % (change.mode.encode(), quoted(change.path), _data(change.text))


def _data(text: bytes) -> bytes:
    return b'data %d\n%s' % (len(text), text)
