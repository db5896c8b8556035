"""The overview, kept until the ledger changes: working it out costs more than all else that `list`, `best` and `status` do."""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gitexp
from gitexp.core import files
from gitexp.lab.lab import Lab
from gitexp.measure import current
from gitexp.report.overview import Against, Best, Overview, Summary

if TYPE_CHECKING:
    from gitexp.ledger.tally import Tally

_TICK = 100_000_000  # Nanoseconds: two changes within one tick of the file system's clock look the same.
_LARGE = 1 << 23  # bytes: what takes as long as a command may


def overview(lab: Lab, *, experiments: bool = True) -> Overview:
    """What the ledger says now; without `experiments` only the rest, which takes half the time."""
    key = _key(lab)
    path = lab.state / 'cache' / ('overview.json' if experiments else 'best.json')
    return _kept(path, key) or _made(lab, path, key, experiments=experiments)


def _key(lab: Lab) -> list[Any]:
    try:
        now = os.stat(lab.ledger)
        ledger = [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino]
    except FileNotFoundError:
        ledger = []
    return [gitexp.__version__, lab.config_blob, current.eval_id(lab), str(lab.ledger), *ledger]


def _kept(path: Path, key: list[Any]) -> Overview | None:
    try:
        written = os.stat(path).st_mtime_ns
        said = json.loads(path.read_bytes())
        fresh = said['key'] == key and written - max(key[5:7], default=0) > _TICK
        return _read(said['overview']) if fresh else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _made(lab: Lab, path: Path, key: list[Any], *, experiments: bool) -> Overview:
    from gitexp.report import appraisal
    made = appraisal.overview(
        _tally(lab, path.with_name('tally')), lab.config, prefer=current.eval_id(lab), experiments=experiments,
    )
    try:
        files.replace(path, json.dumps({'key': key, 'overview': made}))
    except OSError:
        pass  # A read-only repository is slower, not broken.
    return made


def _tally(lab: Lab, kept: Path) -> Tally:
    if lab.ledger.exists() and lab.ledger.stat().st_size >= _LARGE:
        from gitexp.ledger import ongoing
        return ongoing.of(lab.ledger, lab.config.metric, kept)
    from gitexp.ledger import tally
    return tally.of(lab.ledger, lab.config.metric)


def _read(said: list[Any]) -> Overview:
    """JSON has made lists of all tuples."""
    best, experiments, *rest = said
    return Overview(best and _best(*best), tuple(map(Summary._make, experiments)), *rest)


def _best(*said: Any) -> Best:
    *fields, champion, baseline, against = said
    return Best._make([*fields, *(one and Against._make(one) for one in (champion, baseline, against))])
