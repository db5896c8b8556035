"""Which commits there are between two."""
from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import dropwhile, takewhile
from operator import not_

from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Git


class Commit(NamedTuple):
    """A commit and its parents."""

    oid: str
    parents: tuple[str, ...]


class Tip(NamedTuple):
    """A commit, its tree, and its title: the first paragraph of its message in one line."""

    oid: str
    tree: str
    title: str


def tip(git: Git, name: str) -> Tip:
    """The commit of a name; raises Refused when there is none."""
    said = git.ask('rev-list', '--no-commit-header', '--max-count=1', '--encoding=UTF-8', '--format=%H%x00%T%x00%s', name, '--')
    return Tip(*said.text.split('\0'))


def read(oid: str, data: bytes) -> Tip | None:
    """The same from the bytes of the commit; None for one that is not in UTF-8."""
    header, _, message = data.partition(b'\n\n')
    if b'\nencoding ' in header or not header.startswith(b'tree '):
        return None
    lines = takewhile(bool, dropwhile(not_, (line.rstrip(b' \t\r') for line in message.split(b'\n'))))
    return Tip(oid, header[len('tree '):].partition(b'\n')[0].decode(), b' '.join(lines).decode('utf-8', 'surrogateescape'))


def bases(git: Git, *commits: str) -> list[str]:
    """The best common ancestors of two or more commits; none where histories are unrelated."""
    done = git.run('merge-base', '--all', *commits) if len(commits) == 2 else git.run('merge-base', '--octopus', *commits)
    return done.text.split('\n') if done.text else []


def origin(git: Git, one: str, other: str) -> list[str]:
    """Where two lines of commits have parted; none where they have parted more than once, so that either could be meant."""
    found = bases(git, one, other)
    return found if len(found) == 1 else []


def new(git: Git, commit: str, known: Iterable[str]) -> list[Commit]:
    """The commits that `commit` reaches and `known` ones do not, parents before children."""
    feed = ''.join(f'{name}\n' for name in (commit, *(f'^{one}' for one in known)))
    lines = git.ask('rev-list', '--topo-order', '--reverse', '--parents', '--stdin', feed=feed.encode()).text.split('\n')
    return [Commit(words[0], tuple(words[1:])) for words in map(str.split, lines) if words]


def root(git: Git, commit: str) -> str:
    """The first commit on the line of first parents: where a project has begun, whatever else has been merged into it."""
    return git.ask('rev-list', '--first-parent', '--max-parents=0', commit).text


def roots(git: Git, *commits: str) -> list[str]:
    """Where all that some commits reach has begun."""
    return git.ask('rev-list', '--max-parents=0', *commits).text.split()


def line(git: Git, commit: str) -> list[str]:
    """A commit and its first parents, down to the first one."""
    return git.ask('rev-list', '--first-parent', commit).text.split('\n')


def left(git: Git, trunk: str, tip: str) -> str | None:
    """The last commit on the line of the trunk that `tip` reaches, whatever else the trunk has merged; None where it reaches none."""
    *_, last = git.ask('rev-list', '--first-parent', '--parents', trunk, f'^{tip}').text.split('\n')
    return (last.split() + [''])[1] or None if last else trunk


def shaped(git: Git, commit: str, path: str) -> list[str]:
    """The commits that have made a path what it is in a commit, the last one first: what a merge did not take has no part in it."""
    return git.ask('rev-list', '--topo-order', commit, '--', f':(top,literal){path}').text.split()


def apart(git: Git, tip: str, commits: Collection[str]) -> list[str]:
    """Those of some commits that a tip does not reach, without those that another one of them reaches."""
    feed = ''.join(f'{name}\n' for name in (f'^{tip}', *commits)).encode()
    reached: set[str] = set()
    found = []
    for oid, *parents in map(str.split, git.ask('rev-list', '--topo-order', '--parents', '--stdin', feed=feed).text.splitlines()):
        if oid in commits and oid not in reached:
            found.append(oid)
        if oid in commits or oid in reached:
            reached.update(parents)
    return found


def kin(git: Git, trunk: str, tip: str) -> set[str]:
    """The commits that `tip` reaches and that come from where `trunk` has begun."""
    begun = root(git, trunk)
    return {begun, *git.ask('rev-list', '--ancestry-path', tip, f'^{begun}').text.split()}


def is_ancestor(git: Git, old: str, of: str) -> bool:
    """Whether `of` reaches `old`."""
    return git.run('merge-base', '--is-ancestor', old, of).code == 0


def upstream(git: Git, ref: str) -> str | None:
    """The remote-tracking ref that a branch follows, None without one that is there."""
    name = git.run('for-each-ref', '--format=%(upstream)', ref).text
    return name if name and git.run('rev-parse', '--verify', '--quiet', name).code == 0 else None
