"""Conflicts that a merge has left in the ledger or a journal of root: found, and resolved as the merge drivers would have."""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from gitexp.core import files, locks
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.rules import parts, ruleset, weave

_SIDES = ('base', 'ours', 'theirs')
_TURNS = {
    ('', b'<<<<<<<'): 'ours', ('ours', b'|||||||'): 'base', ('ours', b'======='): 'theirs', ('base', b'======='): 'theirs',
    ('theirs', b'>>>>>>>'): '',
}
_MARKERS = {mark for _, mark in _TURNS}


class Conflict(NamedTuple):
    """`stages` are the mode and the blob of each side of an unmerged path, by git's number; none when there are only markers."""

    path: str
    kind: str
    stages: Mapping[str, tuple[str, str]]


class Resolution(NamedTuple):
    """What both sides have, and the text for the working copy, where somebody may have appended more meanwhile."""

    merged: bytes
    text: bytes


def found(lab: Lab) -> Iterator[Conflict]:
    """Files with conflict markers that the last commit has not."""
    git = lab.git.at(lab.root)
    kinds = shared(lab)
    marked = [path for path in kinds if is_marked(_read(lab.root / path))]
    stages = _stages(git, marked) if marked else {}
    committed = repository.contents(git, [f'HEAD:{path}' for path in marked])
    for path, had in zip(marked, committed):
        if path in stages or had is None or not is_marked(had[1]):
            yield Conflict(path, kinds[path], stages.get(path, {}))


def shared(lab: Lab) -> dict[str, str]:
    """The files that several people append to, by kind: the ledger, and the journals that git tracks."""
    rules = ruleset.of(lab.config, b'').rules
    specs = [spec for rule in rules if rule.kind == 'append-top' for spec in rule.pattern.pathspecs]
    journals = lab.git.at(lab.root).ask('ls-files', '-z', '--', *specs).names if specs else []
    ledger = lab.config.paths.ledger
    return {ledger: 'ledger', **{path: 'journal' for path in journals if path != ledger and '\n' not in path}}


def resolution(lab: Lab, conflict: Conflict) -> Resolution | None:
    """How a conflict ends without the loss of a line; None when a person must do it."""
    text = _read(lab.root / conflict.path)
    sides = _blobs(lab, conflict) if conflict.stages else parted(text)
    merged = _makers(lab, conflict)[conflict.kind](*sides) if sides else None
    if merged is None or not sides or not conflict.stages:
        return None if merged is None else Resolution(merged, merged)
    rest = b''.join(line for line in text.splitlines(keepends=True) if not _mark(line))
    if set(parts.lines(rest)) <= {line for side in sides for line in parts.lines(side)}:
        return Resolution(merged, merged)
    more = weave.rows(b'', merged, rest) if conflict.kind == 'ledger' else None
    return None if more is None else Resolution(merged, more)


def resolve(lab: Lab) -> list[str]:
    """End each conflict that can be ended, and stage what was unmerged; one line about each."""
    return [line for conflict in found(lab) for line in _resolve(lab, conflict)]


def parted(text: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The base, our and their side of a text with conflict markers, as far as they show; None when a line looks like one more."""
    sides: dict[str, list[bytes]] = {name: [] for name in _SIDES}
    at = ''
    for line in text.splitlines(keepends=True):
        mark = _mark(line)
        if mark and (at, mark) != ('', b'======='):  # An underline, where no side is open.
            if (at, mark) not in _TURNS:
                return None
            at = _TURNS[at, mark]
            continue
        for name in [at] if at else _SIDES:
            sides[name].append(line)
    base, ours, theirs = (b''.join(sides[name]) for name in _SIDES)
    return None if at else (base, ours, theirs)


def is_marked(text: bytes) -> bool:
    """Whether a conflict begins in it."""
    return text.startswith(b'<<<<<<< ') or b'\n<<<<<<< ' in text


def _resolve(lab: Lab, conflict: Conflict) -> Iterator[str]:
    path = Path(os.path.realpath(lab.root / conflict.path))
    with locks.held(lab.state / 'locks' / 'ledger', purpose='git exp doctor'):
        ended = resolution(lab, conflict)
        if ended is None:
            return
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        files.replace(path, ended.text)
        path.chmod(mode)
    if conflict.stages:
        _stage(lab.git.at(lab.root), conflict, ended.merged)
    yield f"the conflict in '{conflict.path}': what both sides added is there{', and staged' if conflict.stages else ''}"


def _stage(git: Git, conflict: Conflict, merged: bytes) -> None:
    """Into the index goes the merge alone: rows that came meanwhile are for the next commit."""
    mode, _ = next(iter(conflict.stages.values()))
    oid = git.ask('hash-object', '-w', '--stdin', feed=merged).text
    git.ask('update-index', '--add', '--cacheinfo', f'{mode},{oid},{conflict.path}')


def _makers(lab: Lab, conflict: Conflict) -> Mapping[str, weave.Maker]:
    """Where no merge is under way, a commit is made anew on another one: its entries come on top, whatever their dates."""
    merges = not conflict.stages or lab.git.at(lab.root).run('rev-parse', '--verify', '--quiet', 'MERGE_HEAD').code == 0
    return weave.MAKERS if merges else weave.LINEAR


def _stages(git: Git, paths: list[str]) -> dict[str, dict[str, tuple[str, str]]]:
    made: dict[str, dict[str, tuple[str, str]]] = {}
    for record in git.ask('ls-files', '--unmerged', '-z', '--', *(f':(top,literal){path}' for path in paths)).names:
        head, _, path = record.partition('\t')
        mode, oid, number = head.split(' ')
        made.setdefault(path, {})[number] = mode, oid
    return made


def _blobs(lab: Lab, conflict: Conflict) -> tuple[bytes, bytes, bytes]:
    base, ours, theirs = (
        repository.blob(lab.git, conflict.stages[number][1]) if number in conflict.stages else b'' for number in '123'
    )
    return base, ours, theirs


def _mark(line: bytes) -> bytes:
    """The conflict marker that a line is, b'' for none."""
    return line[:7] if line[:7] in _MARKERS and line[7:].lstrip(b'\r\n')[:1] in (b'', b' ') else b''


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b''
