"""The declared inputs: ignored files such as data, linked into the checkout.

They are the lab's, and lie in root. An input that only the experiment has, such as a checkpoint, is taken from its worktree, but
nothing that would lie among the files of an input that the lab has. Where both have something of one name it must be the same, or an
experiment could be measured on data of its own.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gitexp.core.errors import Refused, Usage
from gitexp.core.tuples import NamedTuple

_MAGIC = '*?['
# What says something about data, and is none.
_DESCRIBING = r'(?:(?:README|LICENSE)(?:\.(?:md|rst|txt))?|\.git(?:keep|ignore|attributes))\Z'
# What editors and file managers leave beside the files that they show, and nobody measures on.
_LEFT = re.compile(r'\.DS_Store|Thumbs\.db|desktop\.ini|\..*\.sw[a-p]')


class Linked(NamedTuple):
    """What is a link: to where, by the name in the checkout, and which of it the worktree of the experiment alone has.

    `leads` are committed links by the files or folders of the commit that they lead to.
    """

    sources: Mapping[str, Path]
    own: tuple[str, ...]
    leads: Mapping[str, str]


def link(
    patterns: Iterable[str], *, into: Path, root: Path, own: Path, leave_out: str, settled: Callable[[str], bool],
) -> Linked:
    """Link what each pattern names in root or in the experiment's worktree `own`.

    What the commit holds stays as it is where that is `settled`, the same as on the trunk. Nothing below the folder `leave_out` is
    taken. Raises Refused for a pattern that names nothing, for what is in both and not the same, for what the experiment adds to an
    input of the lab, and for what the commit holds in the place of an input, or puts into the way to it.
    """
    places = list(dict.fromkeys([root, own]))
    work = _Work(Path(os.path.realpath(into)), root, places, settled, {}, [], {})
    named: dict[str, set[str]] = {}
    for pattern in patterns:
        found = named[pattern] = _found(pattern, [*places, into], leave_out)
        if not found:
            where = ' or '.join(f"'{place}'" for place in reversed(places))
            raise Refused(f"the input '{pattern}' is missing in {where}", hint='put it there; gitexp.yaml on the trunk declares the inputs')
        for name in sorted(found):
            if found.isdisjoint(map(str, Path(name).parents)):  # What is below a name has come with it.
                work.link(name)
    mine = tuple(name for name, source in work.linked.items() if source != root / name)
    if mine:
        _refuse_added(named, [*work.linked, *work.committed], mine, own)
    return Linked(work.linked, mine, work.leads)


def _refuse_added(named: Mapping[str, set[str]], linked: Iterable[str], mine: Iterable[str], own: Path) -> None:
    """Raise Refused where some files of what a pattern names are the lab's, and others only the experiment's."""
    added: dict[str, str] = {}
    whole: set[str] = set()
    for pattern, found in named.items():
        below = {name for name in linked if not found.isdisjoint((name, *map(str, Path(name).parents)))}
        ours = below.intersection(mine)
        if ours == below:
            whole |= ours
        else:
            added.update(dict.fromkeys(ours, pattern))
    name = min(added.keys() - whole, default=None)
    if name:
        raise Refused(
            f"'{own / name}' would be read as a part of the input '{added[name]}', of which the lab has the rest",
            hint=f"move it away; if it is meant as an input of its own, gitexp.yaml on the trunk says so: inputs: [..., '{name}']",
        )


def _matching(pattern: str, place: Path) -> list[str]:
    import glob  # Most inputs are named in full.
    return glob.glob(pattern, root_dir=place, recursive=True)


def _found(pattern: str, places: Iterable[Path], leave_out: str) -> set[str]:
    said = pattern.strip('/')
    if '..' in said.split('/') or not said:
        raise Usage(f"the input '{pattern}' is not a path inside the lab")
    found = set()
    for place in places:
        names = _matching(said, place) if any(sign in said for sign in _MAGIC) else [said]
        found |= {
            os.path.normpath(name) for name in names
            if os.path.lexists(place / name) and Path(leave_out) not in (Path(name), *Path(name).parents)
        }
    return found


class _Work(NamedTuple):
    """`into` is the checkout as it is really called, `linked` what has been linked and from where, `committed` what was there, and
    `leads` where committed links lead within the checkout.
    """

    into: Path
    root: Path
    places: list[Path]
    settled: Callable[[str], bool]
    linked: dict[str, Path]
    committed: list[str]
    leads: dict[str, str]

    def link(self, name: str) -> None:
        """Link a file or a folder as a whole, a folder that there is twice by what is in it."""
        target = self.into / name
        if not self.linked.keys().isdisjoint((name, *map(str, Path(name).parents))):
            return  # By another pattern.
        self._refuse_detour(target)
        sources = _different([place / name for place in self.places if os.path.lexists(place / name)])
        folders = all(map(os.path.isdir, sources))
        if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or not folders):
            self._refuse_other(name)
            if not re.match(_DESCRIBING, os.path.basename(name)):
                self.committed.append(name)
            if target.is_symlink():
                self._follow(name, target)
            return
        if target.is_dir() or len(sources) > 1 and folders and not any(map(os.path.islink, sources)):
            committed = set(os.listdir(target) if target.is_dir() else ())
            for child in sorted(committed.union(*map(os.listdir, filter(os.path.isdir, sources)))):
                if child in committed or not committed or not _LEFT.fullmatch(child):
                    self.link(f'{name}/{child}')
        elif len(sources) > 1:
            raise Refused(f"the input '{name}' is there twice: '{sources[0]}' and '{sources[1]}'",
                          hint='remove the one that is not meant, or give it another name')
        else:
            self._link(sources[0], target, name)

    def _refuse_detour(self, target: Path) -> None:
        """A link on the way leads to what no rule covers, or outside the checkout."""
        way = next((path for path in reversed(target.parents) if self.into in path.parents and path.is_symlink()), None)
        if way:
            raise Refused(
                f"the way to the input '{target.relative_to(self.into)}' leads through '{way.relative_to(self.into)}', "
                'which the commit has as a symbolic link', hint='commit a folder there, or declare the input by its real name',
            )

    def _refuse_other(self, name: str) -> None:
        if os.path.lexists(self.root / name) and not self.settled(name):
            raise Refused(f"the commit holds '{name}', where an input of the lab goes", hint=f"git rm --cached '{name}', and commit")

    def _follow(self, name: str, target: Path) -> None:
        """What lies behind a committed link, where that is in no commit; else it must be fixed, as the caller sees to.

        In a checkout a link from the lab to what lies beside it leads nowhere.
        """
        place = Path(os.path.realpath(target))
        inner = str(place.relative_to(self.into)) if place.is_relative_to(self.into) else None
        if inner and not place.exists() and (self.root / inner).exists():
            self.link(inner)
        elif inner and place.exists():
            self.leads[name] = inner
        elif _same(target, self.root / name):
            self.linked[name] = self.root / name
        elif (self.root / name).exists():
            raise Refused(
                f"the input '{name}' is a link that is committed, and leads elsewhere from a checkout than from '{self.root}'",
                hint='commit a link with a whole path; or have git ignore it, so that it is taken from there',
            )

    def _link(self, source: Path, target: Path, name: str) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
        self.linked[name] = source


def _different(sources: list[Path]) -> list[Path]:
    """The one in root where the other is the same: by another name, or with the same bytes.

    A submodule that is checked out twice has both, and a pointer to its repository, which is git's own.
    """
    if len(sources) == 2 and (
        sources[0].name == '.git' or os.path.realpath(sources[0]) == os.path.realpath(sources[1]) or _same(*sources) or _alike(*sources)
    ):
        return sources[:1]
    return sources


def _alike(one: Path, other: Path) -> bool:
    import filecmp  # Few inputs are there twice.
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
