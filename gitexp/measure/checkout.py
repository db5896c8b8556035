"""The pristine checkout that evaluations run in: kept for speed, brought to exactly one commit, healed by itself."""
from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitexp.core import locks
from gitexp.core.errors import Failure, Refused
from gitexp.git import worktrees
from gitexp.git.command import Done, Git
from gitexp.lab.lab import Lab
from gitexp.measure import family

NAME = 'exp-checkout'
_WEEK = 7 * 86400.0
# No hook, no setting of the user's and no sparse view has a say in what is measured.
_PLAIN = tuple(word for setting in (
    f'core.hooksPath={os.devnull}', 'core.autocrlf=false', 'core.eol=lf', 'core.symlinks=true', 'core.fileMode=true',
    'core.trustctime=true', 'core.checkStat=default', 'core.sparseCheckout=false', 'core.fsmonitor=false', 'submodule.recurse=false',
) for word in ('-c', setting))


@contextmanager
def alone(lab: Lab, *, purpose: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lab's only checkout; evaluations wait for each other in turn."""
    with locks.held(lab.state / 'locks' / 'eval', purpose=purpose, deadline=_WEEK, say=say):
        _end_orphans(lab)
        yield


@contextmanager
def occupied(lab: Lab, run: str) -> Iterator[None]:
    """Note which run is in the checkout, so that what it leaves there is ended even if we are killed.

    git believes its index about what has not changed, and a run can make it say anything: one that a run has touched goes,
    so that the next checkout writes every file anew.
    """
    marker, before = _marker(lab), _index(lab)
    marker.write_text(run)
    try:
        yield
    except Failure:
        _leave(lab, marker, before)
        raise
    _leave(lab, marker, before)


def place(lab: Lab) -> Path:
    """Where the checkout is, whether it is there or not."""
    return lab.state / NAME


def bring(lab: Lab, commit: str) -> Path:
    """Bring the checkout to exactly a commit, without a file more; returns its folder.

    Raises Refused with git's words when that cannot be done, as on a full disk.
    """
    folder = place(lab)
    if not _is_ours(lab, folder) or _reset(folder, commit).code:
        _make(lab, folder, commit)
        done = _reset(folder, commit)
        if done.code:
            raise Refused(f"cannot check out {commit[:10]} in '{folder}': {done.err.strip()}")
    return folder


def git(lab: Lab) -> Git:
    """git in the checkout."""
    return Git(place(lab))


def _reset(folder: Path, commit: str) -> Done:
    done = Git(folder).run(*_PLAIN, 'checkout', '--quiet', '--detach', '--force', '--no-recurse-submodules', commit)
    return done if done.code else Git(folder).run(*_PLAIN, 'clean', '-ffdxq')


def _is_ours(lab: Lab, folder: Path) -> bool:
    """Whether the folder and what git keeps about it name each other, so that no other worktree can be meant."""
    link = folder / '.git'
    try:
        known = Path(os.path.realpath(folder / link.read_text().removeprefix('gitdir: ').rstrip('\n')))
        back = known / (known / 'gitdir').read_text().rstrip('\n')
    except (OSError, ValueError):
        return False
    return (
        not link.is_symlink() and not folder.is_symlink() and known.parent == Path(os.path.realpath(lab.common / 'worktrees'))
        and os.path.realpath(back) == os.path.realpath(link)
    )


def _make(lab: Lab, folder: Path, commit: str) -> None:
    _remove(folder)
    for kept in (lab.common / 'worktrees').glob(f'{NAME}*'):
        if _is_left_over(kept, folder):
            _remove(kept)
    folder.parent.mkdir(parents=True, exist_ok=True)
    add = ('worktree', 'add', '--detach', '--force', '--force', '--no-checkout', str(folder), commit)
    try:
        with locks.held(lab.state / 'locks' / 'worktrees', purpose='making the checkout of evaluations'):
            worktrees.patient(Git(lab.common), *_PLAIN, *add)
    except Failure as error:
        raise Refused(f'cannot make a checkout for the evaluation: {error.message}') from None


def _is_left_over(kept: Path, folder: Path) -> bool:
    """Whether it is about our checkout, or was never finished."""
    try:
        named = kept / (kept / 'gitdir').read_text().rstrip('\n')
    except (OSError, ValueError):
        return True
    return os.path.realpath(named.parent) == os.path.realpath(folder)


def _remove(folder: Path) -> None:
    import shutil
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
        return
    for parent, _, _ in os.walk(folder):
        os.chmod(parent, stat.S_IRWXU)  # A run may have left a folder that cannot be emptied.
    shutil.rmtree(folder)


def _end_orphans(lab: Lab) -> None:
    """End the processes of a run whose supervisor was killed."""
    marker = _marker(lab)
    try:
        run = marker.read_text()
    except FileNotFoundError:
        return
    if run:
        family.end_run(run)
    _leave(lab, marker, None)


def _leave(lab: Lab, marker: Path, before: bytes | None) -> None:
    path = _index_path(lab)
    if path and (before is None or before != _index(lab)):
        path.unlink(missing_ok=True)
    marker.unlink(missing_ok=True)


def _index(lab: Lab) -> bytes | None:
    """A digest of the checkout's index, None where there is none that can be read."""
    path = _index_path(lab)
    try:
        return hashlib.sha256(path.read_bytes()).digest() if path else None
    except OSError:
        return None


def _index_path(lab: Lab) -> Path | None:
    try:
        return Path((place(lab) / '.git').read_text().removeprefix('gitdir: ').rstrip('\n'), 'index')
    except (OSError, ValueError):
        return None


def _marker(lab: Lab) -> Path:
    return lab.state / f'{NAME}.run'
