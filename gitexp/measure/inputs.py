"""The declared inputs: ignored files such as data, linked into the checkout."""
from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gitexp.core.errors import Refused, Usage

_MAGIC = '*?['


def link(patterns: Iterable[str], *, into: Path, places: Sequence[Path], leave_out: str) -> None:
    """Link what each pattern names in the first of the places that has it; what the commit holds stays as it is.

    Nothing below the folder `leave_out` of a place is taken. Raises Refused for a pattern that names nothing.
    """
    for pattern in patterns:
        found = _found(pattern, places, leave_out)
        if not found:
            where = ' or '.join(f"'{place}'" for place in places)
            raise Refused(f"the input '{pattern}' is missing in {where}", hint='put it there; gitexp.yaml on the trunk declares the inputs')
        for name, source in sorted(found.items()):
            _link(source, into / name, into)


def _found(pattern: str, places: Sequence[Path], leave_out: str) -> dict[str, Path]:
    said = pattern.strip('/')
    if '..' in said.split('/') or not said:
        raise Usage(f"the input '{pattern}' is not a path inside the lab")
    found: dict[str, Path] = {}
    for place in reversed(places):
        names = glob.glob(said, root_dir=place, recursive=True) if any(sign in said for sign in _MAGIC) else [said]
        for name in names:
            if os.path.lexists(place / name) and Path(leave_out) not in (Path(name), *Path(name).parents):
                found[os.path.normpath(name)] = place / name
    return found


def _link(source: Path, target: Path, into: Path) -> None:
    if os.path.realpath(target) == os.path.realpath(source):
        return
    if target.is_dir() and not target.is_symlink() and source.is_dir():
        for child in sorted(source.iterdir()):
            _link(child, target / child.name, into)
    elif not os.path.lexists(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(os.path.realpath(into)) not in Path(os.path.realpath(target)).parents:
            raise Refused(f"the input '{source}' would be linked outside the checkout, through a symbolic link of the commit")
        target.symlink_to(source)
