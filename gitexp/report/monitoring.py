"""Whether PLAN.md's Monitoring table and what was really logged name the same keys, and say what each of them is."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core import files
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import scaffold
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import read
from gitexp.ledger.result import Result
from gitexp.report import declared
from gitexp.report.declared import RULE, Row
from gitexp.tracking import offline, stream

# wandb's own, those of its system monitor, and what we say of every run.
_AUTOMATIC = ('_', 'system/', 'system.', 'exp/')


def findings(lab: Lab, which: Experiment) -> list[Finding]:
    """What is wrong with the table; raises Refused when there is no such experiment. Level 'warning' is for what a person judges."""
    files = _Files(lab, which)
    path = f'{lab.config.paths.experiments}/{which.slug}/{scaffold.FILE}'
    text = files.read(path)
    rows = _rows_of(lab, which)
    if text is None:
        if not rows and not files.are_there():
            raise Refused(f"there is no experiment '{which.slug}'", hint='git exp list')
        return [Finding(RULE, path, 'is not there, and with it the table of what is logged')]
    table, wrong = declared.table(path, text)
    found = [*wrong, *(one for row in table for one in declared.judged(path, row, files.read)), *_status(path, text, rows)]
    return found if wrong else [*found, *_compared(path, table, logged(lab, which, rows))]


def logged(lab: Lab, which: Experiment, rows: Iterable[Result]) -> Mapping[str, str]:
    """The keys that runs of the current version have logged, each with where that was seen."""
    homes = (which.folder, lab.root / lab.config.paths.experiments / which.slug)
    found: dict[str, str] = {}
    for row in rows:
        for key in (*row.metrics, *([lab.config.metric.name] if row.value is not None else [])):
            found.setdefault(key, f'what run {row.id} printed')
    for home in homes:
        for path in sorted(home.glob(f'results/*/{stream.FILE}')):
            for key in stream.keys(path):
                found.setdefault(key, str(path.relative_to(home)))
        for path in sorted([*home.glob('exp_log/wandb/*run-*/run-*.wandb'), *home.glob('results/*/wandb/*run-*/run-*.wandb')]):
            for key in offline.keys(path):
                found.setdefault(key, str(path.relative_to(home)))
    return {key: where for key, where in sorted(found.items()) if not key.startswith(_AUTOMATIC)}


def _rows_of(lab: Lab, which: Experiment) -> list[Result]:
    contents = read.read(lab)
    return [row for row in contents.results if row.experiment == which.slug and row.id not in contents.covered]


def _compared(path: str, table: list[Row], keys: Mapping[str, str]) -> Iterator[Finding]:
    names = {row.key for row in table}
    for number, row in enumerate(table):
        if row.key in (one.key for one in table[:number]):
            yield Finding(RULE, f'{path}:{row.line}', f"'{row.key}' is in the table twice")
        elif keys and row.key not in keys:
            yield Finding(RULE, f'{path}:{row.line}', f"'{row.key}' was never logged", way='log it, or take the row out')
    for key, where in keys.items():
        if key not in names:
            yield Finding(RULE, path, f"'{key}' is logged and not in the table: {where}", way='add a row, or do not log it')


def _status(path: str, text: str, rows: list[Result]) -> Iterator[Finding]:
    """The address of a run belongs into the status; we cannot write it there, since that would make another tree of the measured one."""
    newest = next((str(row.env['wandb']) for row in reversed(rows) if row.env.get('wandb')), None)
    if newest and 'wandb: none yet' in text.partition('\n## ')[0]:
        yield Finding(RULE, path, "its status says 'wandb: none yet', and there are runs", way=f'wandb: {newest}', level='warning')


class _Files(NamedTuple):
    """The files of an experiment: those of its worktree, or of its branch once that is gone."""

    lab: Lab
    which: Experiment

    def are_there(self) -> bool:
        return self.which.root.is_dir() or not self.lab.git.run('rev-parse', '--verify', '--quiet', self.which.branch).code

    def read(self, path: str) -> str | None:
        if self.which.root.is_dir():
            try:
                return files.read(Path(self.which.root, path)).decode('utf-8', 'replace')
            except OSError:
                return None
        done = self.lab.git.run('cat-file', 'blob', f'{self.which.branch}:{path}')
        return None if done.code else done.out.decode('utf-8', 'replace')
