"""The names of runs in wandb: that of their version, with the bug's once it is retired.

What a name should be follows from the ledger at any time, so that nothing is queued and nothing can get lost: a run is late while the
last name that a server is known to have taken is another. Offline runs are on no server until `wandb sync` has brought them there.
"""
from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator
from pathlib import Path

from gitexp.core import files, locks
from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Result

_FILE = 'wandb-names.json'
_MOST = 50  # at a time


class Late(NamedTuple):
    """A run whose name in wandb is not `name` yet; `path` is [ENTITY/]PROJECT/ID."""

    id: str
    path: str
    name: str
    state: Path


def late(lab: Lab) -> Iterator[Late]:
    """The newest runs that are to be renamed and can be."""
    contents, known = read.read(lab), _known(lab.state)
    found = 0
    for row in reversed(contents.results):
        bug = contents.covered.get(row.id)
        name = f'{row.version}_{bug}' if bug else row.version
        path = _path(lab, row) if row.env.get('wandb') and known.get(row.id, row.version) != name else None
        if path and found < _MOST:
            found += 1
            yield Late(row.id, path, name, lab.state)


def keep(done: Late) -> None:
    """Remember that a server has taken a name."""
    with locks.held(done.state / 'locks' / 'wandb-names', purpose='keep the names of wandb runs'):
        files.replace(done.state / _FILE, json.dumps({**_known(done.state), done.id: done.name}))


def catch_up(lab: Lab) -> None:
    """Have late names put right by a process of its own, if the lab tracks and a server can be asked; nobody waits for it."""
    if lab.config.tracking is None:
        return
    from gitexp.core.errors import Refused
    from gitexp.tracking import launch, mode
    try:
        if mode.of(os.environ, lab.root) is mode.Mode.ONLINE and next(late(lab), None):
            with launch.sidecar('rename') as channel:
                channel.send(json.dumps({'lab': str(lab.root)}).encode() + b'\n')
    except (Refused, OSError):
        pass  # The next run will do it.


def _known(state: Path) -> dict[str, str]:
    try:
        return dict(json.loads((state / _FILE).read_bytes()))
    except (OSError, ValueError):
        return {}


def _path(lab: Lab, row: Result) -> str | None:
    where = str(row.env['wandb'])
    if '://' in where:
        parts = where.split('/')[3:]
        return '/'.join((*parts[-4:-2], parts[-1])) if len(parts) >= 4 else None
    inside = Path(lab.config.paths.experiments, row.experiment)
    homes = (lab.experiment(row.experiment).folder, lab.root / inside)
    mine = f'run-*-{glob.escape(row.id)}'
    there = (f'exp_log*/wandb/{mine}', f'exp_log*/wandb/offline-{mine}/*.synced')
    return f'{row.experiment}/{row.id}' if any(next(home.glob(said), None) for home in homes for said in there) else None
