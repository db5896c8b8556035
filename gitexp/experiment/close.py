"""Closing an experiment: its worktree goes; the branch, the rows and all that was measured stay."""
from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from gitexp.core import beneath, deep, files, locks
from gitexp.core.errors import Refused
from gitexp.experiment import folders, intent, place, removal, unshared
from gitexp.git import unrecorded
from gitexp.lab.lab import Lab, branch_of

_CACHES = {
    '__pycache__', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.hypothesis', '.ipynb_checkpoints', '.import_linter_cache', '.DS_Store',
}
_COMPILED = ('.pyc', '.pyo')
_SHOWN = 10
_ASIDE = '.closing'


@dataclass(frozen=True)
class Closed:
    """`outputs` is the folder in root that holds what git ignores of the results, None when there is nothing."""

    experiment: str
    worktree: Path
    outputs: Path | None
    already: bool = False


def close(lab: Lab, slug: str) -> Closed:
    """Remove the worktree of an experiment, and move its ignored results to root's experiments/SLUG.

    Raises Refused naming what would be lost, or what is at work on it. Closing again changes nothing.
    """
    place.check_name(lab, slug)
    with intent.claimed(lab.state, slug, 'close') as mine:
        at = place.find(lab, slug)
        if at.branch is None:
            raise place.unknown(lab, slug)
        root, inside = lab.experiment(slug).root, f'{lab.config.paths.experiments}/{slug}'
        home = lab.root / inside
        if at.worktree:
            moves = [(path, path) for path in _to_move(at.worktree, inside, lab.root)]
            link = beneath.link([inside], lab.root)
            if moves and link:
                raise Refused(f"'{lab.root / link}' is a link, and the results would go elsewhere", hint=f"rm '{lab.root / link}'")
            _check_removable(lab, slug, at.worktree)
        elif removal.admin(lab.common, root):
            raise Refused(
                f"the worktree of '{slug}' is not at '{root}' any more",
                hint='if it was moved: git worktree repair PLACE; if it was deleted: git exp doctor --fix',
            )
        else:
            return Closed(slug, root, _outputs(home), already=True)
        mine.arm({'root': intent.seen_from(lab.common, root), 'moves': moves})
        try:
            aside = _set_aside(lab, root)
            _bring_home(lab, aside, moves)
        except BaseException:
            _put_back(lab, root)
            mine.disarm()
            raise
        _remove(lab, slug, aside)
    return Closed(slug, root, _outputs(home))


def settle(lab: Lab, slug: str, said: Mapping[str, Any]) -> str:
    """Finish what a killed close began, or see to it that it has not begun; what is no worktree of this lab is left alone.

    Somebody may have worked in the worktree since then, unless it was set aside: then nobody can.
    """
    usual = intent.now_at(lab.common, said['root'])
    root = next((one.path for one in lab.worktrees if one.branch == branch_of(slug)), usual)
    aside = root if root.name.endswith(_ASIDE) else _aside(root)
    if os.path.lexists(root) and not os.path.lexists(aside):
        return f"took back the closing of the experiment '{slug}', which was killed"
    removal.rename(lab.common, root, aside)
    if removal.is_own(lab.common, aside):
        _bring_home(lab, aside, said['moves'])
    _remove(lab, slug, aside)
    if os.path.lexists(aside):
        return f"closed the experiment '{slug}', whose closing was killed; '{aside}' is no worktree of this lab, and stays"
    return f"closed the experiment '{slug}', whose closing was killed"


def _aside(root: Path) -> Path:
    return root.with_name(f'.{root.name}{_ASIDE}')


def _set_aside(lab: Lab, root: Path) -> Path:
    """Take the worktree from everybody at once: what comes after takes its time, and may be stopped."""
    with locks.held(lab.state / 'locks' / 'worktrees', purpose='setting a worktree aside'):
        removal.rename(lab.common, root, _aside(root))
    return _aside(root)


def _put_back(lab: Lab, root: Path) -> None:
    """What has been brought home by then is there; closing again brings the rest."""
    if os.path.lexists(_aside(root)) and not os.path.lexists(root):
        removal.rename(lab.common, _aside(root), root)


def _bring_home(lab: Lab, worktree: Path, moves: Iterable[Sequence[str]]) -> None:
    """`moves` are from where in the worktree to where in the lab."""
    for old, new in moves:
        _merge(worktree / old, lab.root / new, lab.root)


def _remove(lab: Lab, slug: str, aside: Path) -> None:
    with locks.held(lab.state / 'locks' / 'worktrees', purpose=f'git exp close {slug}'):
        removal.remove(lab.common, aside)
        if not os.path.lexists(plain := aside.with_name(aside.name[1:].removesuffix(_ASIDE))):
            removal.remove(lab.common, plain)  # What git keeps about it has the name that it was made with.


def _to_move(worktree: Path, inside: str, top: Path) -> list[str]:
    """The ignored results, which go to the same place below `top`; raises Refused when there is anything else that git does not have."""
    uncommitted, ignored = _status(worktree)
    passed_over = unrecorded.passed_over(worktree)
    results = [path for path in ignored if _is_result(path, inside)]
    lost = [path for path in ignored if path not in results and not _regenerable(worktree, path)]
    if uncommitted:
        way = f'commit them, or throw them away: {unrecorded.unhiding(worktree)}git -C {worktree} status'
        raise Refused(_listing('these are not committed', uncommitted), hint=way)
    if passed_over:
        way = f'git -C {worktree} update-index --no-skip-worktree FILE (or --no-assume-unchanged), and commit it'
        raise Refused(_listing('these are not committed, and git was told not to look at them', passed_over), hint=way)
    if lost:
        raise Refused(_listing('git ignores these, so no commit has them', lost), hint=f'move them away, or delete them: cd {worktree}')
    taken = [str(found) for path in results for found in _in_the_way(worktree / path, top / path)]
    if taken:
        raise Refused(_listing('these would be overwritten', taken), hint='move them away')
    return [path for path in results if _holds(worktree / path)]


def _holds(path: Path) -> bool:
    """Whether there is more than folders that can be looked into."""
    if not _is_folder(path):
        return True
    seen, met = 0, 1
    for _, folders_or_links, others in deep.walk(path):
        if others:
            return True
        seen, met = seen + 1, met + len(folders_or_links)
    return seen != met


def _status(worktree: Path) -> tuple[list[str], list[str]]:
    """What git does not have: what is uncommitted, and what it ignores, a folder for all that is in it."""
    fields = iter(unrecorded.lines(worktree, '--untracked-files=all', '--ignored=matching', '--ignore-submodules=none'))
    uncommitted: list[str] = []
    ignored: list[str] = []
    for field in fields:
        (ignored if field.startswith('!!') else uncommitted).append(field[3:])
        if 'R' in field[:2] or 'C' in field[:2]:
            next(fields)
    return uncommitted, ignored


def _is_result(path: str, inside: str) -> bool:
    parts = PurePosixPath(path).parts
    depth = len(PurePosixPath(inside).parts)
    if parts[:depth] != PurePosixPath(inside).parts or len(parts) == depth:
        return False
    return parts[depth] in folders.CURRENT or folders.RETIRED.fullmatch(parts[depth]) is not None


def _regenerable(worktree: Path, path: str) -> bool:
    """A cache, or a link, which is not what it leads to."""
    names = PurePosixPath(path)
    return bool(_CACHES.intersection(names.parts)) or names.suffix in _COMPILED or (worktree / path).is_symlink()


def _check_removable(lab: Lab, slug: str, worktree: Path) -> None:
    kept = removal.admin(lab.common, worktree)
    if kept is None:
        raise Refused(f"'{worktree}' is no linked worktree", hint='git worktree list')
    if (kept / 'locked').exists():
        raise Refused(f"the worktree of '{slug}' is locked", hint=f'git worktree unlock {worktree}')
    if inner := unrecorded.repositories(worktree):
        raise Refused(_listing('these are repositories of their own', inner), hint='move them away, with what is only there')
    if found := unshared.of(lab.common, kept, worktree):
        raise Refused(_listing(f"git keeps this for the worktree of '{slug}' alone", [one.says for one in found]), hint=found[0].way)


def _merge(old: Path, new: Path, top: Path) -> None:
    """Move what is at `old` to `new`, where folders may be already; can be run again."""
    if not os.path.lexists(old):
        return
    if not os.path.lexists(new):
        new.parent.mkdir(parents=True, exist_ok=True)
        try:
            _rename(old, new)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        _copy(old, new)
    if not _is_folder(old):
        if old.name == folders.CONTEXT and not _is_same(old, new):
            files.replace(new, files.read(new) + b'\n' + files.read(old), top=top)
        old.unlink()
        return
    for name in sorted(os.listdir(old)):
        _merge(old / name, new / name, top)
    old.rmdir()


def _rename(old: Path, new: Path) -> None:
    """Into another folder, which changes what a folder itself holds: one that cannot be written to is, for that moment."""
    mode = os.lstat(old).st_mode
    if not _is_folder(old) or mode & stat.S_IWUSR:
        os.rename(old, new)
        return
    os.chmod(old, stat.S_IMODE(mode) | stat.S_IWUSR)
    try:
        os.rename(old, new)
    except OSError:
        os.chmod(old, stat.S_IMODE(mode))
        raise
    os.chmod(new, stat.S_IMODE(mode))


def _copy(old: Path, new: Path) -> None:
    """To another disk, a folder without what is in it; a file is there whole or not at all."""
    import shutil
    if _is_folder(old):
        new.mkdir()
        shutil.copystat(old, new)
    elif old.is_symlink() or old.is_file():
        beside = new.with_name(f'.{new.name[-200:]}.closing')
        beside.unlink(missing_ok=True)
        shutil.copy2(old, beside, follow_symlinks=False)
        os.rename(beside, new)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_same(old: Path, new: Path) -> bool:
    """Whether two plain files are alike, as the lists of packages are that each run of an environment leaves."""
    import filecmp
    return all(one.is_file() and not one.is_symlink() for one in (old, new)) and filecmp.cmp(old, new, shallow=False)


def _in_the_way(old: Path, new: Path) -> Iterator[Path]:
    if not os.path.lexists(new) or _is_same(old, new) or old.name == folders.CONTEXT and new.is_file():
        return
    if not (_is_folder(old) and _is_folder(new)):
        yield new
        return
    for name in sorted(os.listdir(old)):
        yield from _in_the_way(old / name, new / name)


def _outputs(home: Path) -> Path | None:
    return home if any(folders.RETIRED.fullmatch(name) or name in folders.CURRENT for name in _names(home)) else None


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _listing(why: str, paths: list[str]) -> str:
    more = f'\n  and {len(paths) - _SHOWN} more' if len(paths) > _SHOWN else ''
    return f'{why}:\n' + '\n'.join(f'  {path}' for path in paths[:_SHOWN]) + more
