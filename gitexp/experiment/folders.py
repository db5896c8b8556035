"""The folders of an experiment's versions: `results` and `exp_log` of the current one, `results_v1_some-bug` of a retired one.

`results_v1_with_some-fix` is what came of evaluating again what v1 had trained.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gitexp.core import beneath, deep

CURRENT = ('results', 'exp_log')
CONTEXT = 'CONTEXT.md'  # beside the logs: what the runs were made with, part by part
RETIRED = re.compile(r'(?:results|exp_log)_v(\d+)_(with_)?.+')
_PLOTS = ('.png', '.svg', '.pdf', '.jpg', '.html')


def fresh(folder: Path, top: Path) -> None:
    """Make the empty folders that a version starts with, through no link below `top`."""
    for name in ('results/viz', 'exp_log'):
        beneath.make(folder / name, top)


def there(folder: Path) -> list[str]:
    """Which folders of the current version there are."""
    return [name for name in CURRENT if os.path.lexists(folder / name)]


def retired(folder: Path) -> int:
    """The number of the newest retired version, 0 for none."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return 0
    return newest(names)


def results(folder: Path, version: str) -> Path | None:
    """What the runs of a retired version have left, None where that is not here."""
    return next((folder / name for name in aside(folder, 'results', version)), None)


def aside(folder: Path, name: str, version: str) -> list[str]:
    """Under which names a folder of a version, such as 'v1', is there as retired: one for each bug that has retired it."""
    there = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [one for one in there if one.startswith(f'{name}_{version}_') and (found := RETIRED.fullmatch(one)) and not found[2]]


def newest(names: Iterable[str]) -> int:
    """The same of folders by their names."""
    return max((int(found[1]) for name in names if (found := RETIRED.fullmatch(name)) and not found[2]), default=0)


def contents(folder: Path) -> Iterator[str]:
    """Everything in the current version's folders that is not a folder, by its path in the experiment's folder."""
    for name in there(folder):
        for inner, _, files in deep.walk(folder / name):
            for file in sorted(files):
                yield os.path.relpath(os.path.join(inner, file), folder)


def plots(folder: Path) -> list[str]:
    """The plots of the current version, by their paths in the experiment's folder."""
    return [path for path in contents(folder) if path.startswith('results/viz/') and path.endswith(_PLOTS)]


def remove_empty(folder: Path) -> None:
    """Remove folders that hold nothing but folders; raises OSError at the first that does."""
    for inner, _, _ in reversed([*deep.walk(folder)]):
        os.rmdir(inner)
