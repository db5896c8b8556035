"""What of an experiment's tree measures nothing: its papers, its plots, and what its runs have left."""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from gitexp.core import ids
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.lab.config import APPENDS, KINDS, REPORT, REPORTS
from gitexp.lab.lab import Lab
from gitexp.rules import change, gathered, pattern
from gitexp.rules.change import Entry, Pair
from gitexp.rules.gathered import Differences

_MANY = 1000  # paths
_PAPERS = r'(?:PLAN|SUMMARY|README|PROTOCOL)\.md|results[^/]*/viz/.*\.(?:png|svg|pdf|jpg|html)'
_PROJECT = re.compile(rf'(?:.*/)?(?:[^/]*\.(?:md|rst)|LICENSE[^/]*|\.git[^/]*(?:/.*)?)|{REPORTS}/[^/]*\.(?:png|svg|pdf)', re.S)
_RUN = rf'[0-9a-z]{{{ids.LENGTH}}}'
_LEFT = rf'results[^/]*/{_RUN}/.*|exp_log[^/]*/(?:{_RUN}[./].*|packages-[^/]*\.txt|CONTEXT\.md|(?:smoke|viz)\.log)'


def differing(lab: Lab, slug: str, tree: str, other: str) -> list[str] | None:
    """The paths in which another tree differs from one and that could change what an experiment measures; None where one is not here.

    Papers of any experiment may be written on, what a run has left may come and go; other files of the folder may be read as code or as
    settings. What measures has its eval_id, and what only grows and no experiment writes is no code. From the trunk may come its papers
    and its report, and what is new of other experiments, which nothing can have read.
    """
    if tree == other:
        return []
    done = lab.git.run('diff-tree', *change.RAW, tree, other)
    return None if done.code else _Sieve(lab, slug).left(change.pairs(done.names))


def alike(lab: Lab, slug: str, tree: str, others: Iterable[str]) -> list[str]:
    """Those of some other trees from which one does not differ so, by one git process; a tree that is not here is like none."""
    return _Sieve(lab, slug).alike(tree, others)


def trunk(lab: Lab, slug: str, at: str, own: Iterable[str], others: Iterable[str]) -> list[str]:
    """Those of its `own` trees from which a commit of the trunk does not differ so, and of `others` that it has wholly, folders too."""
    tip = f'{at}^{{tree}}'
    return _Trunk(lab, slug).alike(tip, own) + _Trunk(lab, None).alike(tip, others)


def unmeasured(lab: Lab, commit: str) -> list[str] | None:
    """The paths in which the trunk differs so from a commit of its own; None where that is not here."""
    done = lab.git.run('diff-tree', *change.RAW, f'{commit}^{{tree}}', f'{lab.trunk_commit}^{{tree}}')
    return None if done.code else _Trunk(lab, '').left(change.pairs(done.names))


def moved(lab: Lab, slug: str | None, paths: Iterable[str]) -> list[str]:
    """Those of some paths that the trunk has changed which could change what an experiment measures, whatever there is in other folders."""
    folder, sieve = f'{lab.config.paths.experiments}/', _Trunk(lab, slug)
    mine = (path for path in paths if not path.startswith(folder) or path.startswith(f'{folder}{slug}/'))
    return [path for path in mine if not sieve.measures(path) and not sieve.is_paper(path)]


class _Sieve:
    """What of the differences between a tree of an experiment and others could change what is measured."""

    def __init__(self, lab: Lab, slug: str | None) -> None:
        self.lab = lab
        self.slug = slug
        self._folder = f'{lab.config.paths.experiments}/'
        said = re.escape(self._folder) + '[^/]+/'
        self._papers, self._left = (re.compile(f'{said}(?:{names})', re.S) for names in (_PAPERS, _LEFT))
        rules = {kind: [pattern.of(one) for one in lab.config.rules.get(kind, ())] for kind in KINDS}
        self._rules = {**rules, 'inputs': [*map(pattern.of, lab.config.inputs)]}
        self._had: dict[str, Collection[Entry | None]] = {}

    def alike(self, tree: str, others: Iterable[str]) -> list[str]:
        """Those of some trees from which nothing of one makes it another."""
        names = [*dict.fromkeys(others)]
        this, *oids = repository.objects(self.lab.git, [tree, *names])
        sides = gathered.apart(self.lab.git, this, [name for name, oid in zip(names, oids) if oid]) if this else {}
        return [name for name, side in sides.items() if not any(self._counts(*one) for one in side.items()) and not self.left(side)]

    def left(self, side: Differences) -> list[str]:
        """The paths at which what differs makes another tree of it; each first of a pair is what it is held against."""
        counts = {path: self._counts(path, pair) for path, pair in side.items()}
        self._learn([path for path, said in counts.items() if said is None])
        return [path for path, pair in side.items() if counts[path] or counts[path] is None and not self._is_taken(path, pair)]

    def measures(self, path: str) -> bool:
        """Whether what is at a path is what measures, or grows beside that and no experiment writes it."""
        grows = self._is_of(path, 'global') and self._is_of(path, *APPENDS)
        return grows or path in self.lab.config.ledgers or self._is_of(path, 'frozen', 'fixed', 'inputs')

    def is_paper(self, path: str) -> bool:
        """Whether the trunk has at a path its report, or where it is not variable prose, plots, a licence, what git and forges read."""
        own = path.startswith(f'{self._folder}{self.slug}/')
        return path == REPORT or bool(_PROJECT.fullmatch(path)) and not own and not self._is_of(path, 'variable')

    def _is_of(self, path: str, *kinds: str) -> bool:
        return any(one.covers(path) for kind in kinds for one in self._rules[kind])

    def _counts(self, path: str, pair: Pair) -> bool | None:
        """Whether what differs at a path makes another tree of it, None where it does unless the trunk has had it."""
        if self.measures(path):
            return False
        old, _ = pair
        if path.startswith(self._folder) and all(one is None or one.is_file for one in pair):
            if self._papers.fullmatch(path) or None in pair and self._left.fullmatch(path):
                return False
        elsewhere = path.startswith(self._folder) and not path.startswith(f'{self._folder}{self.slug}/')
        return None if self.is_paper(path) or elsewhere and not old else True

    def _is_taken(self, path: str, pair: Pair) -> bool:
        old, new = pair
        return new in self._had[path] and (old is None or old in self._had[path])

    def _learn(self, paths: Iterable[str]) -> None:
        """Ask what the trunk has had at some paths, in few git processes."""
        git, asked = self.lab.git, [path for path in paths if path not in self._had]
        specs = [f':(top,literal){path}' for path in asked[:_MANY]]
        made = gathered.made(git, history.touching(git, self.lab.trunk_commit, specs), specs) if specs else {}
        self._had.update({path: made.get(path, ()) for path in asked})


class _Trunk(_Sieve):
    """The same of the trunk as it is; with no `slug` what comes in the folder of any experiment makes it another one."""

    def _counts(self, path: str, pair: Pair) -> bool:
        if self.is_paper(path):
            return False
        said = super()._counts(path, pair)
        return self.slug is None if said is None else said


def elsewhere(lab: Lab, slug: str, old: str, new: str) -> list[str]:
    """The files of other experiments that are there at one commit, and not so at another: what is measured may load them."""
    folder = lab.config.paths.experiments
    done = lab.git.ask('diff-tree', '-r', '-z', '--name-only', '--no-renames', '--diff-filter=a', old, new, '--', f':(top,literal){folder}')
    free = re.compile(rf'{re.escape(folder)}/(?:{re.escape(slug)}/.*|[^/]*/(?:{_PAPERS}|{_LEFT}))', re.S)
    return [path for path in done.names if not free.fullmatch(path)]


def written(lab: Lab, tree: str, other: str) -> list[str]:
    """The paths in which two trees differ, what runs have left at the end; none are known where one is not here."""
    left = re.compile(rf'{re.escape(lab.config.paths.experiments)}/[^/]+/(?:{_LEFT})', re.S)
    return sorted(names(lab.git, tree, other) or [], key=lambda path: bool(left.fullmatch(path)))


def names(git: Git, old: str, new: str) -> list[str] | None:
    """The paths that differ between two trees or commits, None when one of them is not here."""
    if old == new:
        return []
    done = git.run('diff-tree', '-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none', old, new)
    return None if done.code else done.names
