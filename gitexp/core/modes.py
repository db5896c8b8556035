"""Modes that a run has taken from files and folders of ours: who owns them may always do so, and Landlock knows no chmod."""
from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path


def remove(path: Path) -> None:
    """Remove what is there with all that is in it, be it in folders that cannot be listed or emptied."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    from gitexp.core import deep
    deep.remove(path)


def restore(folders: Iterable[Path]) -> list[str]:
    """Let their owner use folders again, and the files directly in them; returns what had to be given back, and was ours to give."""
    found: list[str] = []
    for folder in map(str, folders):
        found += [folder] if _restored(folder, stat.S_IFDIR, stat.S_IRWXU) else []
        try:
            inside = [f'{folder}/{name}' for name in os.listdir(folder)]
        except OSError:
            continue
        found += [path for path in inside if _restored(path, stat.S_IFREG, stat.S_IRUSR | stat.S_IWUSR)]
    return found


def regain(folder: str) -> None:
    """Let its owner use a folder again."""
    _restored(folder, stat.S_IFDIR, stat.S_IRWXU)


def _restored(path: str, kind: int, wanted: int) -> bool:
    try:
        info = os.lstat(path)
        if stat.S_IFMT(info.st_mode) != kind or info.st_mode & wanted == wanted or info.st_uid != os.geteuid():
            return False
        os.chmod(path, stat.S_IMODE(info.st_mode) | wanted)
    except OSError:
        return False  # It has gone, or whoever reads it will say what is wrong.
    return True
