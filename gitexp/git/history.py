"""Which commits there are between two."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import dropwhile, takewhile
from operator import not_
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Git

_FEW = 8


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


def bases(git: Git, one: str, *others: str) -> list[str]:
    """The best common ancestors of a commit and of what a merge of the others would be; none where histories are unrelated."""
    done = git.run('merge-base', '--all', one, *others)
    return done.text.split('\n') if done.text else []


def joins(git: Git, *parents: str) -> list[list[str]]:
    """The merge bases of each further parent with those before it: git merges one after the other."""
    return [bases(git, one, *parents[:place]) for place, one in enumerate(parents) if place]


def origin(git: Git, one: str, other: str) -> list[str]:
    """Where two lines of commits have parted; none where they have parted more than once, so that either could be meant."""
    found = bases(git, one, other)
    return found if len(found) == 1 else []


def new(git: Git, tips: Iterable[str], known: Iterable[str], *more: str) -> list[Commit]:
    """The commits that tips reach and `known` ones do not, children before parents; `more` are options for git rev-list.

    git stops looking once dates say that it has seen enough, and tells of too much where a clock was wrong, or a date was set: where
    what it tells of last is among what the first of the `known` ones reach, all that these reach is taken out.
    """
    tips, known = [*tips], [*known]
    feed = _lines(*tips, *(f'^{one}' for one in known))
    found = _commits(git, feed, *more)
    listed = {one.oid for one in found}
    ends = [one.oid for one in found if listed.isdisjoint(one.parents)]
    if not known or not ends or len(ends) <= _FEW and not _reached(git, ends, known[:_FEW]):
        return found
    there = {*git.ask('rev-list', '--stdin', feed=_lines(*known[:_FEW])).text.split('\n')}
    return [one for one in found if one.oid not in there]


def _reached(git: Git, commits: list[str], known: list[str]) -> bool:
    """Whether `known` ones reach any of some commits of which none reaches another."""
    independent = git.ask('merge-base', '--independent', *commits, *known).text.split('\n')
    return not {*commits}.issubset(independent)


def _commits(git: Git, feed: bytes, *more: str) -> list[Commit]:
    return _listed(git.ask('rev-list', '--topo-order', '--parents', *more, '--stdin', feed=feed).text)


def _listed(said: str) -> list[Commit]:
    return [Commit(words[0], tuple(words[1:])) for words in map(str.split, said.split('\n')) if words]


def _lines(*names: str) -> bytes:
    return ''.join(f'{name}\n' for name in names).encode()


def root(git: Git, commit: str) -> str:
    """The first commit on the line of first parents: where a project has begun, whatever else has been merged into it."""
    return git.ask('rev-list', '--first-parent', '--max-parents=0', commit).text


def roots(git: Git, *commits: str) -> list[str]:
    """Where all that some commits reach has begun."""
    return git.ask('rev-list', '--max-parents=0', *commits).text.split()


def line(git: Git, *commits: str) -> list[str]:
    """Commits and their first parents, down to the first one."""
    return git.ask('rev-list', '--first-parent', '--stdin', feed=_lines(*commits)).text.split('\n')


def lines(git: Git, tips: Iterable[str]) -> list[Commit]:
    """Commits and their first parents with all parents of each, first parents before children."""
    return _commits(git, _lines(*tips), '--first-parent', '--reverse')


def touching(git: Git, tip: str, specs: Sequence[str]) -> list[Commit]:
    """Those on the line of a tip that change what some pathspecs select, each with the next of them for its parent."""
    return _listed(git.ask('rev-list', '--first-parent', '--parents', tip, '--', *specs).text)


def left(git: Git, trunk: str, tip: str) -> str | None:
    """The last commit on the line of the trunk that `tip` reaches, whatever else the trunk has merged; None where it reaches none."""
    line = beyond(git, trunk, tip)
    return next(iter(line[-1].parents), None) if line else trunk


def beyond(git: Git, trunk: str, tip: str) -> list[Commit]:
    """The commits on the line of the trunk that `tip` does not reach, the last one first."""
    return new(git, [trunk], [tip], '--first-parent')


def merging(git: Git, old: str, new: str) -> list[str]:
    """The merges on the line from one commit to another, without these, the first one first, and what came just before them.

    The latter not where that line does not begin at `old`: it may be anything there.
    """
    line = beyond(git, new, old)[::-1]
    begins = next(iter(line[0].parents), '') if line else old
    way = [oid for one in line if len(one.parents) > 1 for oid in ([one.parents[0]] if begins == old else []) + [one.oid]]
    return [oid for oid in dict.fromkeys(way) if oid not in (old, new)]


def apart(git: Git, tip: str, commits: Iterable[str]) -> set[str]:
    """Those of some commits that a tip does not reach."""
    asked = set(commits)
    return asked.intersection(one.oid for one in new(git, asked, [tip]))


def kin(git: Git, trunk: str, tip: str) -> set[str]:
    """The commits that `tip` reaches and that come from where `trunk` has begun."""
    begun = root(git, trunk)
    return {begun, *git.ask('rev-list', '--ancestry-path', tip, f'^{begun}').text.split()}


def is_ancestor(git: Git, old: str, of: str) -> bool:
    """Whether `of` reaches `old`."""
    return git.run('merge-base', '--is-ancestor', old, of).code == 0


def upstream(git: Git, ref: str) -> str | None:
    """The remote-tracking ref that a branch follows, None without one that is there.

    Where nothing is set up, as after `git push origin main`, it is the only one of its name.
    """
    name = git.run('for-each-ref', '--format=%(upstream)', ref).text
    if name:
        return name if git.run('rev-parse', '--verify', '--quiet', name).code == 0 else None
    namesakes = git.run('for-each-ref', '--format=%(refname)', f'refs/remotes/*/{ref.removeprefix("refs/heads/")}').text.split('\n')
    return namesakes[0] or None if len(namesakes) == 1 else None


def refuse_shallow(git: Git, commits: Iterable[Commit]) -> None:
    """Raise Refused where history is cut off at one of some commits, so that it only seems to be the first."""
    ends = [commit for commit in commits if not commit.parents]
    if not ends or git.ask('rev-parse', '--is-shallow-repository').text != 'true':
        return
    cut = set(Path(git.ask('rev-parse', '--path-format=absolute', '--git-path', 'shallow').text).read_text().split())
    if any(commit.oid in cut for commit in ends):
        raise Refused('this clone is shallow, and its history is cut off within the range', hint='git fetch --unshallow')
