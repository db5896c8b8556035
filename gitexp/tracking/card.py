"""What the wandb run beside a run of ours is called, what it is told, and where it goes."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.lab import parse
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result
from gitexp.tracking import mode, stream
from gitexp.tracking.mode import Mode

CONFIG = 'config.yaml'
NEEDED = ('dataset', 'model_variant')


class Card(NamedTuple):
    """What a wandb run is called, and where it goes. `config` is the text of the experiment's config.yaml."""

    id: str
    project: str
    name: str
    group: str
    kind: str
    dataset: str
    variant: str
    config: str
    folder: str
    stream: str
    is_online: bool
    lab: str

    def tags(self, did: str) -> list[str]:
        """`did` is 'train' or 'eval'."""
        return [did, self.name, self.dataset, self.variant]


def of(lab: Lab, begun: Result, *, folder: Path, out: Path, below: Path, kind: str) -> Card:
    """The card of a run whose logs go to `folder`, in the worktree `below`.

    Raises Refused when wandb is disabled, or the commit has no config.yaml that names what a run is tagged with.
    """
    how = mode.of(os.environ, lab.root)
    commit = begun.commit or ''
    text, said = _config(lab, commit, folder.relative_to(below).as_posix())
    return Card(
        id=begun.id, project=begun.experiment, name=begun.version, group=commit[:10], kind=kind, dataset=str(said['dataset']),
        variant=str(said['model_variant']), config=text, folder=str(folder / 'exp_log'), stream=str(out / stream.FILE),
        is_online=how is Mode.ONLINE, lab=str(lab.root),
    )


def _config(lab: Lab, commit: str, inside: str) -> tuple[str, Mapping[str, Any]]:
    """The experiment's config.yaml as it is committed, or the lab's where the experiment has none."""
    for path in (f'{inside}/{CONFIG}', CONFIG):
        done = lab.git.run('cat-file', 'blob', f'{commit}:{path}')
        if done.code == 0:
            said = parse.plain(done.out, path)
            missing = [name for name in NEEDED if said.get(name) in (None, '')]
            if missing:
                raise Refused(f"'{path}' does not say {' and '.join(missing)}, by which runs are found in wandb", hint=_way(path, missing))
            return done.out.decode('utf-8', 'surrogateescape'), said
    path = f'{inside}/{CONFIG}'
    raise Refused(f"there is no '{path}' in {commit[:10]}, and wandb is told what is in it", hint=_way(path, NEEDED))


def _way(path: str, missing: Sequence[str]) -> str:
    lines = ' '.join(f"'{name}: NAME'" for name in missing)
    return f"printf '%s\\n' {lines} >> {path}; git add {path}; git commit"
