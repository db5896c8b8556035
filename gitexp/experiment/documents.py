"""What of an experiment's tree measures nothing: its papers, its plots, and what its runs have left."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gitexp.core import ids
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.config import APPENDS, REPORT
from gitexp.lab.lab import Lab
from gitexp.rules import change, gathered, pattern
from gitexp.rules.change import Pair

_PAPERS = r'(?:PLAN|SUMMARY|README|PROTOCOL)\.md|results[^/]*/viz/.*\.(?:png|svg|pdf|jpg|html)'
_PROJECT = re.compile(r'(?:.*/)?(?:[^/]*\.(?:md|rst)|LICENSE[^/]*|\.git[^/]*(?:/.*)?)', re.S)
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
    is_document = _documents(lab, slug)
    return [path for path, pair in change.pairs(done.names).items() if not is_document(path, pair)]


def alike(lab: Lab, slug: str, tree: str, others: Iterable[str], *, trunk: bool = False) -> list[str]:
    """Those of some trees that differ from one in documents alone; of the `trunk`, by what `measured` and `told` leave of the paths.

    They are asked in one git process; a tree that is not here is like none.
    """
    names = [*dict.fromkeys(others)]
    this, *oids = repository.objects(lab.git, [tree, *names])
    sides = gathered.apart(lab.git, this, [name for name, oid in zip(names, oids) if oid]) if this else {}
    is_document = _documents(lab, None if trunk else slug)
    left = {name: [path for path, pair in side.items() if not is_document(path, pair)] for name, side in sides.items()}
    return [name for name, paths in left.items() if not (told(lab, measured(lab, slug, paths)) if trunk else paths)]


def measured(lab: Lab, slug: str | None, paths: Iterable[str]) -> list[str]:
    """Those of some paths of the trunk that may make an experiment's values others by the same evaluation.

    Free are what that is made of, what is only appended to, the report, and the folders of experiments but that of `slug`.
    """
    said = [said for kind in ('frozen', 'fixed', *APPENDS) for said in lab.config.rules.get(kind, ())]
    free = [pattern.of(one) for one in (*said, *lab.config.inputs)]
    folder, written = f'{lab.config.paths.experiments}/', (*lab.config.ledgers, REPORT)
    mine = (path for path in paths if not path.startswith(folder) or path.startswith(f'{folder}{slug}/'))
    return [path for path in mine if path not in written and not any(one.covers(path) for one in free)]


def told(lab: Lab, paths: Iterable[str]) -> list[str]:
    """Those of some paths that are no papers of the project: prose, a licence, what git and forges read; what is variable is none."""
    variable = [pattern.of(said) for said in lab.config.rules.get('variable', ())]
    return [path for path in paths if not _PROJECT.fullmatch(path) or any(one.covers(path) for one in variable)]


def _documents(lab: Lab, slug: str | None) -> Callable[[str, Pair], bool]:
    folder = re.escape(f'{lab.config.paths.experiments}/') + (re.escape(slug) if slug else '[^/]+') + '/'
    papers, left = (re.compile(f'{folder}(?:{said})', re.S) for said in (_PAPERS, _LEFT))

    def is_document(path: str, pair: Pair) -> bool:
        plain = all(one is None or one.is_file for one in pair)
        return plain and bool(papers.fullmatch(path) or None in pair and left.fullmatch(path))
    return is_document


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
