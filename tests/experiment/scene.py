"""Experiments with something in them, made fast, and what must hold of them whatever was killed."""
from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from gitexp.core import ids
from gitexp.experiment import journal, start, versions
from gitexp.experiment import restore as bringing
from gitexp.experiment import supersede as retiring
from gitexp.experiment.plan import Cause
from gitexp.experiment.supersede import Wanted
from gitexp.lab.lab import Lab
from gitexp.ledger import read, write
from gitexp.ledger.result import Kind, Result, Status

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
BIG = os.urandom(50_000)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(['git', *words], cwd=folder, capture_output=True, text=True, errors='surrogateescape')
    assert done.returncode == 0, f'git {words}: {done.stderr}'
    return done.stdout.rstrip('\n')


def measure(lab: Path, slug: str, *values: float | None, commit: str = 'c' * 40) -> list[str]:
    """Rows as evaluations append them; None is a run that failed."""
    version = current(lab, slug)
    made = [
        Result(
            id=ids.make(ids.clock(NOW) + number), time=NOW.isoformat(), experiment=slug, kind=Kind.EVAL,
            status=Status.FAILED if value is None else Status.OK, value=value, tree='1' * 40, eval_id='e1', seed=number,
            commit=commit, version=version,
        ) for number, value in enumerate(values)
    ]
    write.append(Lab.find(lab), made)
    return [row.id for row in made]


def begin(lab: Path, slug: str) -> Path:
    """A new experiment; returns its folder."""
    return start.start(Lab.find(lab), slug, now=NOW.isoformat()).experiment.folder


def fill(folder: Path) -> None:
    """What evaluations leave: a committed plot, and a checkpoint and a log that git ignores."""
    (folder / 'results' / 'viz' / 'curve.png').write_bytes(b'a plot')
    git(folder, 'add', '.')
    git(folder, 'commit', '-q', '-m', 'plot')
    (folder / 'results' / 'run1').mkdir()
    (folder / 'results' / 'run1' / 'model.bin').write_bytes(BIG)
    (folder / 'exp_log' / 'run1.log').write_text('step 1\n')


def current(lab: Path, slug: str) -> str:
    """The version that is measured now."""
    return f'v{versions.number(slug, None, read.read(Lab.find(lab)).results)}'


def supersede(lab: Path, slug: str, bug: str = 'leak') -> None:
    """Retire the current version."""
    retiring.supersede(Lab.find(lab), Wanted(bug, slug), cause=Cause(bug), now=NOW)


def restore(lab: Path, slug: str) -> None:
    bringing.restore(Lab.find(lab), slug, now=NOW)


def recover(lab: Path) -> list[str]:
    """What the next command does first."""
    return journal.recover(Lab.find(lab))


def recover_until_quiet(lab: Path, deadline: float = 20.0) -> None:
    """A git that outlives its killed parent is waited for."""
    until = time.monotonic() + deadline
    while os.path.isdir(lab / '.git/exp/journal') and os.listdir(lab / '.git/exp/journal'):
        recover(lab)
        assert time.monotonic() < until, 'something is still at work'


def rows(lab: Path, slug: str, kind: Kind) -> list[Result]:
    return [row for row in read.read(Lab.find(lab)).results if row.kind is kind and row.experiment == slug]


def covered(lab: Path) -> dict[str, str]:
    return read.read(Lab.find(lab)).covered


def subjects(folder: Path, ref: str) -> list[str]:
    return git(folder, 'log', '--format=%s', ref).split('\n')


def assert_sound(lab: Path) -> None:
    """Nothing is broken, nothing is half there, nothing waits to be put right."""
    fsck = git(lab, 'fsck', '--no-dangling')
    assert fsck == '', fsck
    assert not os.path.isdir(lab / '.git/exp/journal') or os.listdir(lab / '.git/exp/journal') == []
    until = time.monotonic() + 20
    while (found := left_over(lab, ('*.lock',))) and time.monotonic() < until:
        time.sleep(0.05)  # A git that outlives its killed parent is at its end; it may leave a report, .git/fast_import_crash_PID.
    assert found == [], found
    for worktree in (lab / '.git/worktrees').glob('*'):
        assert (worktree / 'index').exists() and (worktree / 'gitdir').exists(), worktree


def left_over(folder: Path, patterns: Sequence[str]) -> list[Path]:
    return [path for pattern in patterns for path in folder.rglob(pattern)]
