"""The pristine checkout that evaluations run in: kept for speed, brought to exactly one commit, healed by itself."""
from __future__ import annotations

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
from gitexp.measure import conversion, family, index
from gitexp.measure.index import Index

NAME = 'exp-checkout'
_WEEK = 7 * 86400.0
# No hook, no setting of the user's and no sparse view has a say in what is measured, and git looks at every file itself.
_PLAIN = tuple(word for setting in (
    f'core.hooksPath={os.devnull}', 'core.autocrlf=false', 'core.eol=lf', 'core.symlinks=true', 'core.fileMode=true',
    'core.trustctime=true', 'core.checkStat=default', 'core.sparseCheckout=false', 'core.splitIndex=false', 'core.fsmonitor=false',
    'submodule.recurse=false', f'core.attributesFile={os.devnull}',
) for word in ('-c', setting))
_ENVIRONMENT = {'GIT_ATTR_NOSYSTEM': '1', conversion.NOTHING: '', **index.VERSION}


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
    so that the next checkout writes every file anew. So does one that anybody has touched since: see `bring`.
    """
    marker, kept = _marker(lab), _index(lab)
    before = kept.noted() if kept else ''
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

    Raises Refused with git's words when that cannot be done, as on a full disk, and for what would bend it unseen.
    """
    conversion.refuse_private(lab.common)
    folder = place(lab)
    if not _is_ours(lab, folder) or _reset(lab, folder, commit).code:
        _make(lab, folder, commit)
        done = _reset(lab, folder, commit)
        if done.code:
            raise Refused(f"cannot check out {commit[:10]} in '{folder}': {done.err.strip()}")
    kept = _index(lab)
    if kept and kept.keep():
        _empty_submodules(folder)
    return folder


def git(lab: Lab) -> Git:
    """git in the checkout."""
    return Git(place(lab))


def _reset(lab: Lab, folder: Path, commit: str) -> Done:
    """Cleaned first: where a folder was moved away and a link leads to it, git takes the files behind the link for its own.

    git leaves a file as it is that both commits have, even if their attributes would have it written otherwise.
    """
    kept = _index(lab)
    if kept and kept.distrust():
        _empty_submodules(folder)
    options = (*_PLAIN, *conversion.blind(lab, Git(folder)))
    done = Git(folder).run(*options, 'clean', '-ffdxq', env=_ENVIRONMENT)
    if done.code:
        return done
    before = kept.attributes() if kept and kept.path.exists() else None
    words = ('checkout', '--quiet', '--detach', '--force', '--no-recurse-submodules', commit)
    done = Git(folder).run(*options, *words, env=_ENVIRONMENT)
    if kept and before is not None and kept.attributes() != before:
        kept.path.unlink(missing_ok=True)
        return _reset(lab, folder, commit)
    return done


def _empty_submodules(folder: Path) -> None:
    """git makes a folder for a submodule and never looks into it again. A link in the way leads to what is not ours."""
    for line in Git(folder).ask('ls-files', '-z', '--stage').names:
        head, _, path = line.partition('\t')
        if head.startswith('160000 ') and os.path.realpath(folder / path) == os.path.join(os.path.realpath(folder), path):
            _remove(folder / path)
            (folder / path).mkdir()


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
    try:
        _remove(folder)
        for kept in (lab.common / 'worktrees').glob(f'{NAME}*'):
            if _is_left_over(kept, folder):
                _remove(kept)
    except OSError as error:
        says = f"cannot remove '{error.filename}', which a run has left: {error.strerror}"
        raise Refused(says, hint='remove it by hand; lsattr and findmnt may say what holds it') from None
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
    _leave(lab, marker, '')


def _leave(lab: Lab, marker: Path, before: str) -> None:
    kept = _index(lab)
    if kept:
        kept.drop_unless(before)
    marker.unlink(missing_ok=True)


def _index(lab: Lab) -> Index | None:
    """What git keeps about the checkout, None where the checkout does not say."""
    try:
        kept = Path(place(lab), (place(lab) / '.git').read_text().removeprefix('gitdir: ').rstrip('\n'))
    except (OSError, ValueError):
        return None
    return Index(kept / 'index', lab.state / f'{NAME}.index', conversion.state(lab))


def _marker(lab: Lab) -> Path:
    return lab.state / f'{NAME}.run'
