"""What of an experiment's tree measures nothing: its papers, its plots, and what its runs have left."""
from __future__ import annotations

import re

from gitexp.core import ids
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.rules import change
from gitexp.rules.change import Pair

_PAPERS = r'(?:PLAN|SUMMARY|README|PROTOCOL)\.md|results[^/]*/viz/.*\.(?:png|svg|pdf|jpg|html)'
_RUN = rf'[0-9a-z]{{{ids.LENGTH}}}'
_LEFT = rf'results[^/]*/{_RUN}/.*|exp_log[^/]*/(?:{_RUN}[./].*|packages-[^/]*\.txt|CONTEXT\.md|(?:smoke|viz)\.log)'


def differing(lab: Lab, slug: str | None, tree: str, other: str) -> list[str]:
    """The paths in which two trees differ and that could change a measurement; a tree that is not here differs in all.

    Papers may be written on, what a run has left may come and go; other files of the folder may be read as code or as settings. Without
    a `slug` they are those of any experiment.
    """
    if tree == other:
        return []
    done = lab.git.run('diff-tree', *change.RAW, tree, other)
    if done.code:
        return ['everything']
    folder = re.escape(f'{lab.config.paths.experiments}/') + (re.escape(slug) if slug else '[^/]+') + '/'
    papers, left = (re.compile(f'{folder}(?:{said})', re.S) for said in (_PAPERS, _LEFT))

    def is_document(path: str, pair: Pair) -> bool:
        plain = all(one is None or one.is_file for one in pair)
        return plain and bool(papers.fullmatch(path) or None in pair and left.fullmatch(path))
    return [path for path, pair in change.pairs(done.names).items() if not is_document(path, pair)]


def elsewhere(lab: Lab, slug: str, old: str, new: str) -> list[str]:
    """The files of other experiments that are there at one commit, and not so at another: what is measured may load them."""
    folder = lab.config.paths.experiments
    done = lab.git.ask('diff-tree', '-r', '-z', '--name-only', '--no-renames', '--diff-filter=a', old, new, '--', f':(top,literal){folder}')
    free = re.compile(rf'{re.escape(folder)}/(?:{re.escape(slug)}/.*|[^/]*/(?:{_PAPERS}|{_LEFT}))', re.S)
    return [path for path in done.names if not free.fullmatch(path)]


def names(git: Git, old: str, new: str) -> list[str] | None:
    """The paths that differ between two trees or commits, None when one of them is not here."""
    if old == new:
        return []
    done = git.run('diff-tree', '-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none', old, new)
    return None if done.code else done.names
