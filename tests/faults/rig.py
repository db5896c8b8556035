"""Commands that meet a fault at their n-th change to a file, and what must be true afterwards."""
from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = str(Path(sys.executable).with_name('git-exp'))
LEDGER = 'results.tsv'
_PATIENCE = 60.0


class Fault(NamedTuple):
    """What goes wrong: `how` is for the shim, `lasts` whether it stays so until the command has ended."""

    name: str
    how: str
    lasts: bool = False


FAULTS = (
    Fault('killed', 'kill'), Fault('disk full', str(errno.ENOSPC), True), Fault('I/O error', str(errno.EIO)),
    Fault('read-only', str(errno.EROFS), True), Fault('not permitted', str(errno.EACCES)),
)


class Outcome(NamedTuple):
    """How a command ended: `changes` is how many it made, `struck` whether the fault was among them."""

    code: int
    said: str
    talk: str
    changes: int
    struck: bool

    @property
    def data(self) -> dict[str, Any]:
        """What it acknowledged; nothing where it failed."""
        return dict(json.loads(self.said)) if self.code == 0 and self.said.startswith('{') else {}


@dataclass(frozen=True)
class Story:
    """A command, the place that it starts from, and what else must be true in the end."""

    name: str
    words: tuple[str, ...]
    make: Callable[[Place], None]
    holds: Callable[[Place, Outcome], Iterator[str]]
    folder: str = '.'
    again: bool = True  # Run once more without a fault, it succeeds.


@dataclass
class Place:
    """A lab at one path, as often as it is wanted; `kept` is how it was before the fault."""

    root: Path
    shim: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def lab(self) -> Path:
        return self.root / 'now' / 'lab'

    def git(self, *words: str, folder: str = '.', may_fail: bool = False) -> str:
        done = subprocess.run(['git', *words], cwd=self.lab / folder, capture_output=True, text=True, env=self.env)
        assert may_fail or done.returncode == 0, f'git {words}: {done.stderr}'
        return done.stdout

    def exp(self, *words: str, folder: str = '.', may_fail: bool = False) -> Outcome:
        """Run git exp without a fault."""
        outcome = self._run(words, folder, {})
        assert may_fail or outcome.code == 0, f'git exp {words} -> {outcome.code}\n{outcome.talk}'
        return outcome

    def struck(self, words: Sequence[str], folder: str, fault: Fault, at: int) -> Outcome:
        """Run git exp with a fault at its change number `at`, with 0 for none."""
        counter = self.root / 'counter'
        counter.write_bytes(bytes(8))
        env = {
            'LD_PRELOAD': str(self.shim), 'FAULT_UNDER': str(self.lab), 'FAULT_COUNTER': str(counter), 'FAULT_AT': str(at),
            'FAULT_HOW': fault.how, **({'FAULT_LASTS': '1'} if fault.lasts else {}),
        }
        outcome = self._run(words, folder, env)
        self._await_heirs()
        changes = int.from_bytes(counter.read_bytes(), sys.byteorder)
        return outcome._replace(changes=changes, struck=0 < at <= changes)

    def _await_heirs(self) -> None:
        """Until nothing runs that was started with a fault: who ends the run of a killed command needs a moment."""
        marked, end = f'FAULT_UNDER={self.lab}'.encode(), time.monotonic() + _PATIENCE
        while any(marked in _bytes(path) for path in Path('/proc').glob('[0-9]*/environ')) and time.monotonic() < end:
            time.sleep(0.02)

    def keep(self) -> None:
        """Remember how all is."""
        shutil.rmtree(self.root / 'kept', ignore_errors=True)
        subprocess.run(['cp', '-a', str(self.root / 'now'), str(self.root / 'kept')], check=True)

    def bring_back(self) -> None:
        """Make all as it was: git knows worktrees by their paths, so at the same place."""
        shutil.rmtree(self.root / 'now', ignore_errors=True)
        subprocess.run(['cp', '-a', str(self.root / 'kept'), str(self.root / 'now')], check=True)

    @property
    def before(self) -> bytes:
        """The ledger as it was."""
        return _bytes(self.root / 'kept' / 'lab' / LEDGER)

    @property
    def ledger(self) -> bytes:
        return _bytes(self.lab / LEDGER)

    def rows(self, ledger: bytes | None = None) -> list[dict[str, str]]:
        """The rows of a ledger, by column."""
        header, *lines = (self.ledger if ledger is None else ledger).decode().splitlines() or ['']
        return [dict(zip(header.split('\t'), line.split('\t'))) for line in lines]

    def new_rows(self) -> list[dict[str, str]]:
        return self.rows()[len(self.rows(self.before)):]

    def _run(self, words: Sequence[str], folder: str, more: dict[str, str]) -> Outcome:
        started = subprocess.Popen(
            [PROGRAM, *words], cwd=self.lab / folder, env={**self.env, **more}, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )
        try:
            said, talk = started.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            said, talk = started.communicate()
            talk += f'\nhangs: {_PATIENCE:g} s were not enough'
        return Outcome(started.returncode, said, talk, 0, False)


def violations(place: Place, story: Story, outcome: Outcome) -> Iterator[str]:
    """What is not as it must be after a fault, once the next command has looked, and once all was tried again."""
    if 'hangs:' in outcome.talk:
        yield 'the command hangs'
    if 'Traceback' in outcome.talk or outcome.code == 70:
        yield f'the command crashed: {outcome.talk.strip().splitlines()[-1:]}'
    looked = place.exp('status', may_fail=True)
    if looked.code:
        yield f'the next command fails: {looked.talk.strip()}'
    yield from _sound(place)
    yield from story.holds(place, outcome)
    if story.again and outcome.code:
        again = place.exp(*story.words, folder=story.folder, may_fail=True)
        if again.code:
            yield f'it cannot be done again: {again.code} {again.talk.strip()}'
        yield from _sound(place)


def _sound(place: Place) -> Iterator[str]:
    """Nothing lost, torn or doubled, nothing left over, and git has nothing to complain of."""
    before, now = place.before, place.ledger
    if not now.startswith(before):
        yield 'rows that were acknowledged are gone'
    if now and not now.endswith(b'\n'):
        yield 'the last row is torn'
    ids = [row['id'] for row in place.rows()]
    if len(ids) != len(set(ids)):
        yield 'a row is there twice'
    if any(len(row) != len(place.rows()[0]) for row in place.rows()):
        yield 'a row is torn'
    left = list((place.lab / '.git/exp/runs').glob('*.json'))
    if left:
        yield f'a run is left without a row: {left[0].name}'
    found = subprocess.run(['git', 'fsck', '--no-dangling', '--no-progress'], cwd=place.lab, capture_output=True, text=True, env=place.env)
    if found.returncode:
        yield f'git fsck: {found.stdout}{found.stderr}'.strip()


def _bytes(path: Path) -> bytes:
    """What is there, as far as there is anything to read."""
    try:
        return path.read_bytes()
    except OSError:
        return b''
