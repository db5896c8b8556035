"""Making one of two lines of notes: by union, whatever their histories are, so that nothing that was noted is ever lost."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from gitexp.core.tuples import NamedTuple
from gitexp.git import abandoned, notes
from gitexp.git.command import Done, Git
from gitexp.git.notes import REF
from gitexp.git.stream import Stream, quoted

_MESSAGE = 'git exp sync'
_FILE = '100644'
_NOTE = re.compile(r'(?:[0-9a-f]{2}/)*[0-9a-f]{2,}')

Entry = tuple[str, str]  # A mode and an object id.


class Change(NamedTuple):
    """What each side has at a path, None for nothing."""

    path: str
    ours: Entry | None
    theirs: Entry | None


class Edit(NamedTuple):
    """A path gets what is there in the other notes, or a text, or goes."""

    path: str
    entry: Entry | None = None
    text: bytes | None = None


def merge(git: Git, theirs: str, *, who: str) -> None:
    """Make the notes here those of both; their commit is `theirs` where ours have nothing that theirs lack."""
    def once() -> Done | None:
        ours = git.run('rev-parse', '--verify', '--quiet', REF).text
        return None if ours == theirs or ours and _reaches(git, ours, theirs) else _merged(git, ours, theirs, who=who)
    _until_done(once)


def left_out(git: Git) -> dict[str, Entry]:
    """The rows, by their paths, that a merge which is none of ours has left out, and that the notes lack since.

    `git notes merge` keeps the folder of rows as one side has it, and the other side counts as merged from then on.
    """
    merges = git.run('rev-list', '--min-parents=2', '--extended-regexp', '--invert-grep', f'--grep=^{_MESSAGE}$', REF).out
    if not merges:
        return {}
    words = ('--stdin', '-m', '-r', '-z', '--raw', '--no-commit-id', '--no-renames', '--no-abbrev', '--diff-filter=D', '--', 'rows/')
    gone = {change.path: change.ours for change in _parsed(git.ask('diff-tree', *words, feed=merges).names)}
    there = set(git.ask('ls-tree', '-r', '-z', '--name-only', '--full-tree', REF, 'rows/').names)
    return {path: entry for path, entry in gone.items() if entry and path not in there and _is_ours(path, entry[0])}


def put_back(git: Git, rows: Mapping[str, Entry], *, who: str) -> None:
    """Add rows that the notes have had."""
    def once() -> Done:
        tip = git.ask('rev-parse', '--verify', REF).text
        with Stream(git, patience=600) as stream:
            return stream.end(notes.commit(who, _MESSAGE, [tip]), *(notes.put(path, oid, mode) for path, (mode, oid) in rows.items()))
    _until_done(once)


def union(changes: Iterable[Change], read: Callable[[str], bytes]) -> tuple[list[Edit], bool]:
    """What ours lack of theirs, and whether theirs lack anything of ours.

    git moves a note to another path as notes become more or fewer: wherever it stands, it is the same note.
    """
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(_usual(change.path), []).append(change)
    settled = [_settled(path, group, read) for path, group in groups.items()]
    return [edit for edits, _ in settled for edit in edits], any(lacks for _, lacks in settled)


def _until_done(once: Callable[[], Done | None]) -> None:
    """Try to move the notes, again where somebody else was faster; None is for nothing to do."""
    for _ in range(notes.TRIES):
        done = once()
        if done is None or not done.code:
            return
        if not (abandoned.swept(done) or notes.lost(done)):
            break
        notes.wait(0.02)
    if done:
        raise notes.unwritten(done)


def _merged(git: Git, ours: str, theirs: str, *, who: str) -> Done:
    if not ours:
        return git.run('update-ref', '-m', _MESSAGE, REF, theirs, '0' * len(theirs))
    changes = _changes(git, ours, theirs)
    with Stream(git, patience=600) as stream:
        edits, lacks = union(changes, stream.read)
        if lacks:
            oids = iter(stream.write([edit.text for edit in edits if edit.text is not None]))
            told = [_told(edit if edit.text is None else edit._replace(entry=(_FILE, next(oids)))) for edit in edits]
            return stream.end(notes.commit(who, _MESSAGE, [ours, theirs]), *told)
    return git.run('update-ref', '-m', _MESSAGE, REF, theirs, ours)


def _reaches(git: Git, ours: str, theirs: str) -> bool:
    return git.run('merge-base', '--is-ancestor', theirs, ours).code == 0


def _changes(git: Git, ours: str, theirs: str) -> list[Change]:
    changes = _parsed(git.ask('diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', ours, theirs).names)
    return [change for change in changes if change.ours or change.theirs]


def _parsed(fields: Sequence[str]) -> list[Change]:
    return [_change(head[1:].split(' '), path) for head, path in zip(fields[::2], fields[1::2])]


def _change(words: list[str], path: str) -> Change:
    (old, new), (before, after) = words[:2], words[2:4]
    return Change(path, (old, before) if before.strip('0') else None, (new, after) if after.strip('0') and _is_ours(path, new) else None)


def _is_ours(path: str, mode: str) -> bool:
    """Whether what others have at a path is of the kind that we put there: a file in place of a folder would take all that is in it."""
    return mode == _FILE and (_is_note(path) or re.fullmatch(r'rows/[^/]+/[^/]+', path) is not None)


def _settled(path: str, group: list[Change], read: Callable[[str], bytes]) -> tuple[list[Edit], bool]:
    ours = {change.path: change.ours for change in group if change.ours}
    theirs = {change.path: change.theirs for change in group if change.theirs}
    if not (ours and theirs):
        return [Edit(at, entry) for at, entry in theirs.items()], bool(ours)
    if not _is_note(path):
        best = max(ours[path], theirs[path], key=lambda entry: (_is_named(path, entry), entry))
        return [] if best == ours[path] else [Edit(path, best)], best != theirs[path]
    text = notes.united(read(oid) for _, oid in {*ours.values(), *theirs.values()})
    at = path if path in {*ours, *theirs} else min({*ours, *theirs})

    def is_it(side: dict[str, Entry]) -> bool:
        return set(side) == {at} and read(side[at][1]) == text

    edits = [*(Edit(other) for other in ours if other != at), Edit(at, text=text)]
    return [] if is_it(ours) else edits, not is_it(theirs)


def _usual(path: str) -> str:
    """Where we put what is at this path."""
    return notes.on(path.replace('/', '')) if _is_note(path) else path


def _is_note(path: str) -> bool:
    return len(path.replace('/', '')) in notes.LENGTHS and bool(_NOTE.fullmatch(path))


def _is_named(path: str, entry: Entry) -> bool:
    """Whether the path of a row names this object."""
    folder, _, name = path.rpartition('/')
    return folder[-2:] + name[-8:] == entry[1][:10]


def _told(edit: Edit) -> bytes:
    if edit.entry is None:
        return b'D %s\n' % quoted(edit.path)
    mode, oid = edit.entry
    return notes.put(edit.path, oid, mode)
