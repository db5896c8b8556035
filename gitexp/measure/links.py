"""Where links in folders of code lead to: what is loaded through them lies there."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from gitexp.core.kept import Kept
from gitexp.measure.interpreter import PACKAGES

_SYSTEM = '/usr/'


def out_of(place: str, kept: Kept, *, deep: bool) -> list[str]:
    """What the links directly in a folder lead to outside it; `deep` are those in all folders below instead.

    They are looked for once, and again when something changes in it or directly in a package of it, as by each installation.
    """
    def beside(answer: list[str] | None) -> list[str]:
        if not deep:
            return []
        with os.scandir(place) as entries:
            return [one.path for one in entries if one.name.isidentifier() and one.is_dir(follow_symlinks=False)]
    try:
        return kept.ask(place, partial(_out_of, place, deep=deep), beside, given=f'links {deep}')
    except OSError:
        return []


def _out_of(place: str, *, deep: bool) -> list[str]:
    top = os.path.realpath(place)
    near = (f'{top}/', _SYSTEM) if top.startswith(_SYSTEM) else f'{top}/'  # What a system links within itself is the system's.
    base = top if deep else os.path.dirname(top)
    targets = ((link, os.path.realpath(link)) for link in _links(top, deep=deep))
    return sorted({_whole(os.path.relpath(link, base), target) for link, target in targets if not target.startswith(near)})


def _whole(link: str, target: str) -> str:
    """The package that uv, Spack or stow have linked file by file, which lies there as it does here; else what is linked alone."""
    inner, folder = os.path.dirname(link), os.path.dirname(target)
    return f'{folder.removesuffix(inner)}{inner.partition("/")[0]}' if folder.endswith(f'/{inner}') else target


def _links(top: str, *, deep: bool) -> Iterator[str]:
    folders = [top]
    while folders:
        folder = folders.pop()
        with suppress(OSError), os.scandir(folder) as entries:
            for one in entries:
                if one.is_symlink():
                    if not deep or folder != top:
                        yield one.path
                elif deep and one.name not in PACKAGES and one.is_dir(follow_symlinks=False):  # Those are in sys.path themselves.
                    folders.append(one.path)
