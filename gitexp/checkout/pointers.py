"""Files that the commit only names by their hash, as it does with git-lfs: whoever has written them, they must have it."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gitexp.checkout import fixed
from gitexp.core import digests, files
from gitexp.core.errors import Integrity, Refused
from gitexp.core.kept import Kept
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab

# The first of these lines is about the file as a person sees it; an extension has its own oid, and sorts before the last.
_NAMED = re.compile(rb'^(?:ext-\d-\S+|oid) sha256:([0-9a-f]{64})$', re.MULTILINE)
_POINTER = (b'version https://git-lfs.github.com/', b'version https://hawser.github.com/')
_FILE = '100'
_LONGEST = 1024  # bytes of a pointer
_CHUNK = 1 << 20
_SHOWN = 10


def require(lab: Lab, git: Git, drivers: Iterable[str], options: Sequence[str], environment: Mapping[str, str]) -> None:
    """Raise Integrity where a file that one of these drivers writes in git's folder is neither what its pointer names nor as committed.

    With these options and variables git has read the attributes.
    """
    said = set(drivers)
    listed = (line.partition('\t') for line in git.ask('ls-files', '-z', '--stage').names)
    blobs = {path: head.split(' ')[1] for head, _, path in listed if head.startswith(_FILE)}  # git filters no links.
    feed = '\0'.join([*blobs, '']).encode('utf-8', 'surrogateescape')
    fields = git.ask(*options, 'check-attr', '--cached', '--stdin', '-z', 'filter', feed=feed, env=environment).names
    paths = [path for path, _, name in zip(*[iter(fields)] * 3) if name in said]
    known = _known(lab)
    texts = repository.contents(git, [blobs[path] for path in paths])
    wrong = [path for path, text in zip(paths, texts) if text and not _fits(git.folder / path, text[1], known)]
    known.save()
    if wrong:
        more = f' and {len(wrong) - _SHOWN} more' if len(wrong) > _SHOWN else ''
        named = ', '.join(f"'{path}'" for path in wrong[:_SHOWN])
        raise Integrity(f'git-lfs has written something else than the commit names: {named}{more}', hint='git lfs fsck; which git-lfs')


def kept(lab: Lab, git: Git, wanted: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Those of some files that are in git's folder what their blobs only name, as modes and the blobs that they would be."""
    known = _known(lab)
    texts = repository.contents(git, [blob for _, blob in wanted.values()])
    named = [path for path, text in zip(wanted, texts) if text and _named(text[1]) and _fits(git.folder / path, text[1], known)]
    known.save()
    there = fixed.present(git.folder, named, digits=len(next(iter(wanted.values()))[1])) if named else {}
    return {path: state for path, state in there.items() if state[0] == wanted[path][0]}


def refuse_unwritten(folder: Path, paths: Iterable[str]) -> None:
    """Raise Refused where a file is a pointer still: what scores would be measured by its text, and not by what it names."""
    for path in paths:
        try:
            is_one = os.lstat(folder / path).st_size < _LONGEST and files.read(folder / path, most=_LONGEST).startswith(_POINTER)
        except OSError:
            continue
        if is_one:
            raise Refused(
                f"'{path}' is a pointer of git-lfs in the checkout, and not the file that it names",
                hint="git lfs install && git lfs fetch; .gitattributes of the commit must say filter=lfs of it, as the trunk's do",
            )


def _fits(path: Path, text: bytes, known: Kept) -> bool:
    """Whether a file is what a pointer names, or the pointer itself; what is no pointer passes git-lfs unchanged."""
    if path.is_symlink() or not path.is_file():
        return False
    return known.ask(str(path), lambda: _digest(path)) in (digests.sha256(text), _named(text))


def _named(text: bytes) -> str | None:
    """The hash in a pointer."""
    found = _NAMED.search(text) if len(text) < _LONGEST and text.startswith(_POINTER) else None
    return found[1].decode() if found else None


def _known(lab: Lab) -> Kept:
    return Kept(lab.state / 'cache' / 'pointers.json')


def _digest(path: Path) -> str:
    with open(path, 'rb') as file:
        found = digests.begun('sha256', os.fstat(file.fileno()).st_size)
        while data := file.read(_CHUNK):
            found.update(data)
    return str(found.hexdigest())
