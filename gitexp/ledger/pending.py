"""Runs that have begun: on disk before they start, so that none is lost."""
from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitexp.core import files, locks, origin, process
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, notes, read, write
from gitexp.ledger.result import METRIC, Result, Status

ROOM = 1 << 16
DIED = 'the process that ran it died'
_BY, _IN = 'by', 'in'  # in the first line: which process runs it, and in which repository


class Pending(NamedTuple):
    """A run under way: its file is locked for as long as this process lives, and says which that is, since others can lock it too.

    The file has two lines, what the run began as and its outcome, then zeros where more can be written though the disk is full.
    """

    result: Result
    path: Path
    handle: int
    length: int

    def finish(self, lab: Lab, result: Result) -> str | None:
        """Keep the outcome, append its row, forget the run, and note the row; returns why it is not noted, as `notes.add`.

        Raises Refused when the row cannot be appended: `recover` appends it then, from the outcome that was kept.
        """
        try:
            kept = self.keep(result)
            try:
                write.append(lab, [result])
            except Refused as error:
                raise _refused(error, result, kept) from None
            self.path.unlink(missing_ok=True)
        finally:
            os.close(self.handle)
        return notes.add(lab, [result])

    def drop(self) -> None:
        """Forget a run that did not start after all."""
        self.path.unlink(missing_ok=True)
        os.close(self.handle)

    def keep(self, result: Result) -> bool:
        """Put the outcome on disk, for `recover` should we die; whether there was room. What is kept later takes its place."""
        line = _line(result)
        try:
            written = os.pwrite(self.handle, line, self.length)
            os.fsync(self.handle)
        except OSError:
            return False
        return written == len(line)


def begin(lab: Lab, result: Result) -> Pending:
    """Put on disk that a run begins, with room for its outcome; raises Refused when there is none."""
    path = _folder(lab) / f'{result.id}.json'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        line = _line(result, **{_BY: process.name(os.getpid()), _IN: origin.of(lab.common)})
        with _all_runs(lab):
            return Pending(result, path, _make(path, line), len(line))
    except OSError as error:
        raise Refused(f"cannot note in '{path.parent}' that a run begins: {write.words(error)}", hint=write.way(str(path), error)) from None


def running(lab: Lab) -> list[Result]:
    """What the runs whose process is alive began as, the oldest first."""
    return [begun for path in _files(lab) if not (_is_other(lab, path) or _is_dead(lab, path)) and (begun := _said(path)[0])]


def forget_others(lab: Lab) -> list[Result]:
    """Forget the runs that were under way in another repository when it was copied, and say which: they end, and have their rows, there."""
    others = [path for path in _files(lab) if _is_other(lab, path)]
    begun = [begun for path in others if (begun := _said(path)[0])]
    for path in others:
        path.unlink(missing_ok=True)
    return begun


def recover(lab: Lab, now: str, *, alone: bool = False) -> list[Result]:
    """Append what dead processes left: outcomes whose row is missing, and a row 'failed' for each run without an outcome.

    Runs of another repository are left alone. What was measured as another metric is kept for the ledger of that one, and is among what
    is returned: see `told`. Whoever is `alone`, and so holds the lock of all evaluations, need not ask who does.
    """
    if not _files(lab):
        return []
    with _all_runs(lab):
        dead = [path for path in _files(lab) if not _is_other(lab, path) and _is_dead(lab, path, alone=alone)]
        left = [result for path in dead if (result := _left(path, now))]
        there = read.present(lab, [result.id for result in left]) if left else {}
        missing = [result for result in left if result.id not in there]
        ours, other = [one for one in missing if not _of_another(lab, one)], [one for one in missing if _of_another(lab, one)]
        write.append(lab, ours)
        if other:
            write.keep(lab, other)
        for path in dead:
            path.unlink(missing_ok=True)
    notes.add(lab, ours)
    return missing


def told(lab: Lab, result: Result) -> str:
    """For a person, what `recover` has done with what it returns."""
    run = f"run {result.id} of '{result.experiment}', which was left without a row"
    if _of_another(lab, result):
        return f"{run}, was measured as '{result.env[METRIC]}' and is kept for a ledger of that"
    return f'{run}, has one now: {result.status.value}'


def elsewhere(result: Result) -> str:
    """For a person, what `forget_others` has done with what it returns."""
    return f"run {result.id} of '{result.experiment}' was begun in the repository that this one was copied from, and has its row there"


def _of_another(lab: Lab, result: Result) -> bool:
    return bool(result.env.get(METRIC, lab.config.metric.name) != lab.config.metric.name)


def _make(path: Path, line: bytes) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _reserve(handle, len(line) + ROOM)
        os.pwrite(handle, line, 0)
        os.fsync(handle)
        files.sync_folder(path.parent)
    except BaseException:
        path.unlink()
        os.close(handle)
        raise
    return handle


def _reserve(handle: int, size: int) -> None:
    """Take the space now; where the file system cannot promise it, writing zeros is the nearest thing."""
    try:
        os.posix_fallocate(handle, 0, size)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise
        if os.pwrite(handle, bytes(size), 0) != size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None


def _left(path: Path, now: str) -> Result | None:
    """What a dead process left; None when it was killed before the run could start."""
    begun, outcome = _said(path)
    if outcome or not begun:
        return outcome
    return begun._replace(status=Status.FAILED, value=None, env={**begun.env, 'reason': DIED, 'found': now})


def _is_dead(lab: Lab, path: Path, *, alone: bool = False) -> bool:
    """Whether nobody runs it any more.

    Who can read a file can hold a lock on it, so that the process is looked for; its heir, who ends what is left, holds that of all
    evaluations as well.
    """
    if locks.is_free(path):
        return True
    if not (alone or locks.is_free(lab.state / 'locks' / 'eval')):
        return False
    return process.is_gone(_noted(path, _BY))


def _is_other(lab: Lab, path: Path) -> bool:
    """Whether a run was begun in another repository, which this one is a copy of: locks are not copied, so that it seems to be dead.

    Once it has an outcome it is the same in both, and lost in none.
    """
    return origin.is_other(lab.common, _noted(path, _IN)) and _said(path)[1] is None


def _noted(path: Path, name: str) -> str:
    """What the first line says beside the result, '' where that cannot be told."""
    try:
        return str(json.loads(files.read(path).partition(b'\n')[0]).get(name, ''))
    except (OSError, ValueError, AttributeError):
        return ''


def _said(path: Path) -> tuple[Result | None, Result | None]:
    """What the run began as, and its outcome, as far as they were written."""
    try:
        ended = path.read_bytes().split(b'\n')[:-1]
    except OSError:
        return None, None
    begun, outcome = [_parsed(line) for line in [*ended, b'', b''][:2]]
    return begun, outcome


def _line(result: Result, **more: str) -> bytes:
    return json.dumps({**cells.named(cells.written(result)), **more}).encode() + b'\n'


def _parsed(line: bytes) -> Result | None:
    try:
        return cells.parsed(json.loads(line))
    except (ValueError, TypeError, AttributeError):
        return None


def _refused(error: Refused, result: Result, kept: bool) -> Refused:
    if kept:
        return Refused(f'{error.message}; the outcome is kept, and the next evaluation appends it', hint=error.hint)
    value = '' if result.value is None else f' {result.value!r}'
    return Refused(f'{error.message}, nor can the outcome be kept: {result.status.value}{value}', hint=error.hint)


def _folder(lab: Lab) -> Path:
    return lab.state / 'runs'


def _files(lab: Lab) -> list[Path]:
    return sorted(_folder(lab).glob('*.json'))


@contextmanager
def _all_runs(lab: Lab) -> Iterator[None]:
    """While this is held no run begins, so that a file that nobody has locked is a dead one's."""
    with locks.held(lab.state / 'locks' / 'runs', purpose='look after the runs'):
        yield
