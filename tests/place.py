"""A folder to work in as a user does, and what a small lab is made of."""
from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name('git-exp')
CONFIG = """\
metric: {name: score, direction: min, min_effect: 0.01, bounds: [0, 100]}
eval: python3 eval.py {seed}
baseline: {minutes: [0, 40], required: false}
rules:
  frozen: [gitexp.yaml, program.md, eval.py, meta_journal.md]
  global: [RESEARCH_JOURNAL.md, results.tsv]
  append-top: ['*_journal.md', RESEARCH_JOURNAL.md]
  append-bottom: [results.tsv]
environment: [AT, COUNT, FAKE_NVML, GATE, HOOKS, LAB, LEDGER, STARTED, TRIES, TURN, WITNESS]
"""
IGNORED = """\
/5_worktrees/
/experiments/*/exp_log*/
/experiments/*/results*/*
!/experiments/*/results*/viz/
__pycache__/
"""
EVAL = """\
import sys
sys.path.insert(0, '.')
import model
print('score:', round(model.score + 0.001 * int(sys.argv[1]), 6))
"""


def quiet() -> dict[str, str]:
    """The environment without what pytest has set, of which an evaluation would speak."""
    return {name: value for name, value in os.environ.items() if not name.startswith(('PYTEST', 'PIP_'))}


@dataclass
class Place:
    """A folder to work in as a user does; `said` and `talk` are what the last `exp` printed, `before` what comes before its words."""

    path: Path
    said: str = ''
    talk: str = ''
    env: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)

    def git(self, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run git; `more` are environment variables."""
        done = subprocess.run(['git', *words], cwd=self.path, capture_output=True, text=True, errors='surrogateescape',
                              env={**os.environ, **self.env, **more})
        assert not check or done.returncode == 0, f'git {words}: {done.stdout}{done.stderr}'
        return done

    def without_hooks(self, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run git as on a machine that has none of our hooks."""
        return self.git('-c', 'core.hooksPath=/dev/null', *words, check=check, **more)

    def exp(self, *words: str, **more: str) -> int:
        """Run git exp; returns the exit code."""
        done = subprocess.run([*self.before, str(PROGRAM), *words], cwd=self.path, capture_output=True, text=True, errors='surrogateescape',
                              stdin=subprocess.DEVNULL, env={**quiet(), **self.env, **more})
        self.said, self.talk = done.stdout, done.stderr
        return done.returncode

    def ok(self, *words: str, **more: str) -> str:
        """Run git exp, which must succeed; returns what it answered."""
        code = self.exp(*words, **more)
        assert code == 0, f'git exp {words} -> {code}\n{self.said}\n{self.talk}'
        return self.said

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def commit(self, message: str, **written: str) -> str:
        """Commit all that is there; returns the commit."""
        self.git('add', '-A')
        self.git('commit', '-q', '-m', message)
        return self.git('rev-parse', 'HEAD').stdout.strip()

    def at(self, path: Path | str) -> Place:
        return Place(self.path / path, env=self.env, before=self.before)


def powerless() -> list[str]:
    """What comes before a command so that modes bind it, though root starts it; skips the test where that cannot be done."""
    words = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if os.geteuid() == 0 else []
    if words and (not shutil.which('setpriv') or subprocess.run([*words, PROGRAM, '-h'], capture_output=True, check=False).returncode):
        pytest.skip('root passes over modes, and nothing runs here without that power')
    return words


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file grows past `size` bytes, as on a disk that is full; the last write is cut short."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
