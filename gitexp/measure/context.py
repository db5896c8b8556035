"""CONTEXT.md beside the logs of a version: what its runs were made with, for whoever reads the folder."""
from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gitexp.core import files
from gitexp.experiment import folders
from gitexp.ledger.result import Result

_SAID = (
    'host', 'system', 'cpus', 'driver', 'gpus', 'machine_gpus', 'gitexp', 'git', 'program', 'python', 'interpreter', 'packages', 'torch',
    'cuda', 'variables', 'data_md5', 'data', 'inputs_of_worktree', 'sealed', 'landlock',
)
_MOST = 1 << 20  # bytes


def note(result: Result, logs: Path, top: Path, *, seeds: Sequence[int]) -> None:
    """Add a part to the file in the folder `logs` of the worktree `top`, unless it has one that says the same; the row has it anyway."""
    said = {'seeds': list(seeds), **{name: result.env[name] for name in _SAID if name in result.env}}
    part = '\n'.join(f'- {name}: {_shown(value)}' for name, value in said.items()).encode()
    path = logs / folders.CONTEXT
    try:
        before = files.read(path, most=_MOST) if os.path.lexists(path) else _head(result)
        if len(before) < _MOST and part not in map(bytes.strip, before.split(b'\n\n')):
            files.replace(path, b'%b\n## From run %b, %b\n\n%b\n' % (before, result.id.encode(), result.time.encode(), part), top=top)
    except OSError:
        pass


def _head(result: Result) -> bytes:
    return (
        f'# What the runs of {result.experiment} {result.version} were made with\n\n'
        'The rows of the ledger say it of each run, in `env`. What no run before had begins a part of its own.\n'
    ).encode()


def _shown(value: Any) -> str:
    if isinstance(value, str) and value.isprintable():
        return value
    if isinstance(value, list) and all(isinstance(one, (str, int)) and str(one).isprintable() for one in value):
        return ', '.join(map(str, value))
    return 'not known' if value is None else json.dumps(value)
