"""What of an experiment's tree measures nothing: its papers, its plots, and what its runs have left."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gitexp.core import ids
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.config import REPORT
from gitexp.lab.lab import Lab
from gitexp.rules import change, gathered, pattern
from gitexp.rules.change import Pair

_PAPERS = r'(?:PLAN|SUMMARY|README|PROTOCOL)\.md|results[^/]*/viz/.*\.(?:png|svg|pdf|jpg|html)'
_PROJECT = re.compile(r'(?:.*/)?(?:[^/]*\.(?:md|rst)|LICENSE[^/]*|\.git[^/]*(?:/.*)?)', re.S)
_RUN = rf'[0-9a-z]{{{ids.LENGTH}}}'
_LEFT = rf'results[^/]*/{_RUN}/.*|exp_log[^/]*/(?:{_RUN}[./].*|packages-[^/]*\.txt|CONTEXT\.md|(?:smoke|viz)\.log)'


def differing(lab: Lab, slug: str, tree: str, other: str) -> list[str]:
    """The paths in which another tree differs from one and that could change what an experiment measures; one that is not here does in all.

    Papers of any experiment may be written on, what a run has left may come and go; other files of the folder may be read as code or as
    settings. What measures has its eval_id, what only grows is no code, and what comes with other experiments nothing has loaded before.
    """
    if tree == other:
        return []
    done = lab.git.run('diff-tree', *change.RAW, tree, other)
    if done.code:
        return ['everything']
    counts = _counting(lab, slug)
    return [path for path, pair in change.pairs(done.names).items() if counts(path, pair)]


def alike(lab: Lab, slug: str, tree: str, others: Iterable[str]) -> list[str]:
    """Those of some other trees from which one does not differ so, by one git process; a tree that is not here is like none."""
    return _alike(lab, tree, others, _counting(lab, slug))


def trunk(lab: Lab, slug: str, own: Iterable[str], others: Iterable[str]) -> list[str]:
    """Those of its `own` trees from which the trunk does not differ so, and of `others` that it has wholly, their folders too.

    Papers of the project are no part of that: prose, a licence, what git and forges read, unless they are variable.
    """
    tip = f'{lab.trunk_commit}^{{tree}}'
    return _alike(lab, tip, own, _counting(lab, slug, project=True)) + _alike(lab, tip, others, _counting(lab, None, project=True))


def unmeasured(lab: Lab, commit: str) -> list[str]:
    """The paths in which the trunk differs so from a commit of its own; none where that is not here."""
    done = lab.git.run('diff-tree', *change.RAW, f'{commit}^{{tree}}', f'{lab.trunk_commit}^{{tree}}')
    counts = _counting(lab, '', project=True)
    return [path for path, pair in change.pairs(done.names).items() if counts(path, pair)] if done.code == 0 else []


def moved(lab: Lab, slug: str | None, paths: Iterable[str]) -> list[str]:
    """Those of some paths that the trunk has changed which could change what an experiment measures, whatever there is in other folders."""
    folder, is_free = f'{lab.config.paths.experiments}/', _free(lab)
    return [path for path in paths if not is_free(path) and (not path.startswith(folder) or path.startswith(f'{folder}{slug}/'))]


def _alike(lab: Lab, tree: str, others: Iterable[str], counts: Callable[[str, Pair], bool]) -> list[str]:
    names = [*dict.fromkeys(others)]
    this, *oids = repository.objects(lab.git, [tree, *names])
    sides = gathered.apart(lab.git, this, [name for name, oid in zip(names, oids) if oid]) if this else {}
    return [name for name, side in sides.items() if not any(counts(path, pair) for path, pair in side.items())]


def _counting(lab: Lab, slug: str | None, *, project: bool = False) -> Callable[[str, Pair], bool]:
    """Whether what differs at a path could change a measurement; with no `slug` what comes in the folder of any experiment does.

    `project`: papers of the project do not.
    """
    variable = [pattern.of(said) for said in lab.config.rules.get('variable', ())]
    folder = f'{lab.config.paths.experiments}/'
    papers, left = (re.compile(f'{re.escape(folder)}[^/]+/(?:{said})', re.S) for said in (_PAPERS, _LEFT))
    is_free = _free(lab)

    def counts(path: str, pair: Pair) -> bool:
        if is_free(path) or project and _PROJECT.fullmatch(path) and not any(one.covers(path) for one in variable):
            return False
        if not path.startswith(folder):
            return True
        plain = all(one is None or one.is_file for one in pair)
        if plain and (papers.fullmatch(path) or None in pair and left.fullmatch(path)):
            return False
        return bool(pair[0]) or slug is None or path.startswith(f'{folder}{slug}/')
    return counts


def _free(lab: Lab) -> Callable[[str], bool]:
    """Whether a path is of what measures, or grows beside it: a journal, a ledger, the report, a log that no experiment writes."""
    rules = {kind: [pattern.of(said) for said in lab.config.rules.get(kind, ())] for kind in lab.config.rules}
    free = [*(one for kind in ('frozen', 'fixed', 'append-top') for one in rules.get(kind, ())), *map(pattern.of, lab.config.inputs)]
    written = (*lab.config.ledgers, REPORT)

    def is_free(path: str) -> bool:
        logged = all(any(one.covers(path) for one in rules.get(kind, ())) for kind in ('append-bottom', 'global'))
        return logged or path in written or any(one.covers(path) for one in free)
    return is_free


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
