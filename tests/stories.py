"""An experiment in a small lab, and how to read what was written."""
from __future__ import annotations

import json
from typing import Any

from place import Place


def experiment(lab: Place, slug: str = 'idea', **files: str) -> Place:
    """An experiment's worktree with one commit; in the names of files '/' is '__' and '.' is '_' before the last letters."""
    if not (lab.path / '5_worktrees' / slug).exists():
        lab.git('worktree', 'add', '-q', '--no-track', '-b', f'exp/{slug}', f'5_worktrees/{slug}', 'main')
    place = lab.at(f'5_worktrees/{slug}')
    change(place, **(files or {'model_py': 'score = 2.0\n'}))
    return place


def change(place: Place, **files: str) -> str:
    """Write and commit; returns the commit."""
    for name, text in files.items():
        path, _, ending = name.replace('__', '/').rpartition('_')
        place.write(f'{path}.{ending}', text)
    return place.commit(f'exp({place.path.name}): try')


def rows(lab: Place) -> list[dict[str, str]]:
    """The ledger, line by line."""
    try:
        lines = (lab.path / 'results.tsv').read_text().splitlines()
    except FileNotFoundError:
        return []
    head = lines[0].split('\t')
    return [dict(zip(head, line.split('\t'), strict=True)) for line in lines[1:]]


def reason(row: dict[str, str]) -> str:
    """Why a run is no result."""
    env: dict[str, Any] = json.loads(row['env'])
    return str(env['reason'])
