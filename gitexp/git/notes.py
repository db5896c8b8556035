"""The notes about results: for a person lines on the commit that was measured, and beside them the rows themselves.

Both are only ever added to, so that any two of them can be made one. The tree of the ref has a note where git expects it, and a
folder 'rows', which git's own commands keep as it is: a file a row, named by the row's key and its object id. A row that is
changed is therefore another file, and a union of names loses nothing.
"""
from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Done, Git
from gitexp.git.stream import Stream, data, quoted

REF = 'refs/notes/exp'
MENDED = f"'{REF}' was torn, and is made anew"
TRIES = 30
LENGTHS = (40, 64)  # of an object id
_FEW = 64
_PAUSE = 0.02  # seconds
_FOLDER = 'rows'
_HEX = frozenset('0123456789abcdef')
# Not compiled until they are needed: the end of every run comes by here.
_ROW = rf'{_FOLDER}/([0-9a-f]{{2}})/([0-9a-z_]+)-([0-9a-f]{{8}})'
_LOST = r'Not updating|cannot lock ref|Unable to create .*\.lock'


class Note(NamedTuple):
    """What is noted of one row: its text, the key that rows of one name share, and the lines that commits get."""

    key: str
    text: bytes
    lines: Sequence[tuple[str, str]]


class Kept(NamedTuple):
    """Where the text of a row is in the notes."""

    key: str
    oid: str
    path: str


def add(git: Git, notes: Sequence[Note], *, who: str, message: str, settings: Sequence[str] = (), patience: float = 600.0) -> None:
    """Write notes by one process, for `patience` seconds about; raises Refused when it cannot be done. `git` is in the common folder."""
    until = time.monotonic() + patience
    for _ in range(TRIES):
        with Stream(git, 'fastimport.unpackLimit=100', *settings, patience=patience) as stream:
            lines, tip = _lines(notes), current(git)
            there = zip(lines, _found(git, stream, tip, list(lines)))
            texts = [united([stream.read(oid)] if oid else [], lines[path]) for path, oid in there]
            oids = stream.write([*texts, *(note.text for note in notes)])
            paths = [*lines, *(place(note.key, oid) for note, oid in zip(notes, oids[len(texts):]))]
            done = stream.end(commit(who, message, [tip] if tip else []), *(put(path, oid) for path, oid in zip(paths, oids)))
        if not done.code:
            return
        from gitexp.git import abandoned  # The end of every run comes by here, and this is seldom needed.
        if not (abandoned.swept(done) or lost(done)) or time.monotonic() > until:
            break
        wait(_PAUSE)
    raise unwritten(done)


def current(git: Git) -> str | None:
    """The commit of the notes, None without any; mostly a file says so."""
    try:
        said = (git.folder / REF).read_text().strip()
    except (OSError, ValueError):
        said = ''
    whole = len(said) in LENGTHS and _HEX.issuperset(said)
    return said if whole else git.run('rev-parse', '--verify', '--quiet', REF).text or None


def is_torn(git: Git) -> bool:
    """Whether the file of the ref says nothing, as after a crash of the machine: git then neither reads, writes nor removes it."""
    try:
        said = (git.folder / REF).read_bytes()
    except OSError:
        return False
    return not said.startswith(b'ref:') and current(git) is None


def mend(git: Git, aside: Path) -> bool:
    """Move the file of a ref that is torn; whether it was. `git` is in the common folder."""
    if not is_torn(git):
        return False
    from gitexp.git import abandoned  # Seldom needed.
    abandoned.run(git, 'update-ref', '-d', REF)  # In vain; but a lock that the same crash has left is gone then.
    lock = git.folder / f'{REF}.lock'
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
    except FileExistsError:
        raise Refused(f"'{REF}' is torn, and another git is at work on it", hint='git exp sync --local') from None
    try:
        if is_torn(git):
            os.replace(git.folder / REF, aside)
    finally:
        lock.unlink()
    return True


def kept(git: Git) -> tuple[list[Kept], list[str]]:
    """The rows in the notes, and the paths below their folder that are none; raises Refused for notes that cannot be read."""
    done = git.run('ls-tree', '-r', '-z', '--full-tree', REF, f'{_FOLDER}/')
    if done.code and is_torn(git):
        raise Refused(f"'{REF}' is torn, as by a crash of the machine", hint='git exp sync --local')
    if done.code and current(git):
        raise unreadable(done.err.strip())
    rows, odd, is_row = [], [], re.compile(_ROW).fullmatch
    for head, path in (line.split('\t', 1) for line in done.names):
        oid, found = head.split(' ')[2], is_row(path)
        if found and found[1] + found[3] == oid[:10] and head.startswith('100644 blob'):
            rows.append(Kept(found[2], oid, path))
        else:
            odd.append(path)
    return rows, odd


def count(git: Git, old: str | None, new: str) -> int:
    """How many rows one commit of notes has that another, or none, has not."""
    which = ('diff-tree', '--no-renames', '--diff-filter=A', old, new, '--') if old else ('ls-tree', '--full-tree', new)
    return len(git.ask(which[0], '-r', '-z', '--name-only', *which[1:], f'{_FOLDER}/').names)


def place(key: str, oid: str) -> str:
    """Where the row of a key is kept whose text has this object id."""
    return f'{_FOLDER}/{oid[:2]}/{key}-{oid[2:10]}'


def on(commit: str) -> str:
    """Where the note on a commit is."""
    return f'{commit[:2]}/{commit[2:]}'


def first(git: Git, paths: Sequence[str]) -> str | None:
    """The one of several paths that was there before the others came; None where the history does not say, whatever its dates do."""
    brought = {path: _brought(git, path) for path in paths}
    for path, mine in brought.items():
        later = [commit for other, some in brought.items() if other != path for commit in some]
        if any(all(commit != one and _holds(git, commit, one) for commit in later) for one in mine):
            return path
    return None


def _brought(git: Git, path: str) -> list[str]:
    """The commits that have a path and none of whose parents has."""
    feed = git.ask('rev-list', '--full-history', REF, '--', path).out
    words = ('diff-tree', '--stdin', '-r', '-c', '--root', '--diff-filter=A', '--name-only', '--', path)
    return [line for line in git.ask(*words, feed=feed).text.split('\n') if len(line) in LENGTHS and '/' not in line]


def _holds(git: Git, commit: str, other: str) -> bool:
    return git.run('merge-base', '--is-ancestor', other, commit).code == 0


def united(texts: Iterable[bytes], lines: Iterable[bytes] = ()) -> bytes:
    """The lines of texts and some more, each once; what they begin with sorts them by time."""
    every = {line for text in texts for line in text.split(b'\n')} | set(lines)
    return b''.join(line + b'\n' for line in sorted(every) if line.strip())


def commit(who: str, message: str, parents: Sequence[str]) -> bytes:
    """What begins a commit of notes in a stream."""
    ties = [f'{word} {parent}\n' for word, parent in zip(['from', *['merge'] * len(parents)], parents)]
    head = f'commit {REF}\ncommitter {who} now\n'.encode('utf-8', 'surrogateescape')
    return head + data(message.encode('utf-8', 'surrogateescape')) + ''.join(ties).encode()


def put(path: str, oid: str, mode: str = '100644') -> bytes:
    """A path gets an object, in a stream."""
    return b'M %s %s %s\n' % (mode.encode(), oid.encode(), quoted(path))


def lost(done: Done) -> bool:
    """Whether somebody else has moved the notes meanwhile, so that it is worth another try."""
    return bool(re.search(_LOST, done.err))


def wait(most: float) -> None:
    """Sleep for a while up to so many seconds that chance chooses, so that those who have collided do not again."""
    time.sleep(most * int.from_bytes(os.urandom(2), 'big') / 0xffff)


def unreadable(why: str) -> Refused:
    return Refused(f"'{REF}' cannot be read: {why}", hint=f'git update-ref -d {REF}; git exp sync')


def unwritten(done: Done) -> Refused:
    said = done.err.strip().splitlines()
    return Refused(f"cannot write '{REF}': {said[0] if said else f'exit code {done.code}'}")


def _found(git: Git, stream: Stream, tip: str | None, paths: Sequence[str]) -> list[str | None]:
    """The notes that stand at paths already."""
    if tip is None:
        return [None] * len(paths)
    if len(paths) <= _FEW:
        return stream.find(tip, paths)
    lines = git.ask('ls-tree', '-r', '-z', '--full-tree', tip).names
    there = {path: words.split(' ')[2] for words, path in (line.split('\t', 1) for line in lines)}
    return [there.get(path) for path in paths]


def _lines(notes: Iterable[Note]) -> Mapping[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for note in notes:
        for commit_id, line in note.lines:
            found.setdefault(on(commit_id), []).append(line.encode('utf-8', 'surrogateescape'))
    return found
