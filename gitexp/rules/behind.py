"""What is named and lies behind a symbolic link of the trunk: no commit has such a path, so that rules hold the link and not that."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from posixpath import dirname, join, normpath

from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.lab.config import FILE
from gitexp.lab.lab import Lab
from gitexp.rules import pattern
from gitexp.rules.pattern import Pattern, fold

_LINK = '120000'


class Behind(NamedTuple):
    """Who names a path, the link that it is or that is on the way to it, where that leads, and the first file there that is free."""

    who: str
    said: str
    link: str
    real: str
    free: str

    @property
    def says(self) -> str:
        return f"{self.who} names '{self.said}', and '{self.link}' is a symbolic link: nothing holds '{self.free}'"

    @property
    def way(self) -> str:
        return f"in {FILE} on the trunk: frozen: [..., '{self.real}']"


def found(lab: Lab, fixed: Mapping[str, tuple[str, str]]) -> Iterator[Behind]:
    """Name each; `fixed` are the files that the rules of the trunk fix, as in gate.fixed_blobs.

    A link that is fixed and leads to what is not may be meant, unless a command names it. What lies outside the lab is in no commit,
    so that no experiment brings another.
    """
    links = [path for path, (mode, _) in fixed.items() if mode == _LINK]
    paths = cache(lambda: lab.git.ask('ls-tree', '-r', '-z', '--name-only', '--full-tree', lab.trunk_commit).names)
    told: set[str] = set()
    for who, said, link in _named(lab, links):
        real = _real(lab, said, link, fixed[link][1])
        free = next((path for path in paths() if path not in fixed and _leads(real, path)), None) if real else None
        if real and free and real.text not in told:
            told.add(real.text)
            yield Behind(who, said, link, real.said, free)


def _named(lab: Lab, links: list[str]) -> Iterator[tuple[str, str, str]]:
    """Who names what by which link."""
    for link in links:
        for kind, one in ((kind, pattern.of(said)) for kind in ('frozen', 'fixed') for said in lab.config.rules[kind]):
            if one.text.startswith(f'{fold(link)}/'):
                yield f'rules.{kind}', one.said, link
        words = (normpath(word) for word in lab.config.commands.split())
        yield from (('a command', pattern.literal(word), link) for word in words if f'{word}/'.startswith(f'{link}/'))


def _real(lab: Lab, said: str, link: str, oid: str) -> Pattern | None:
    """The pattern of what one names by a link, None where that leads out of the lab."""
    rest = said.split('/')[link.count('/') + 1:]
    target = normpath(join(dirname(link), repository.blob(lab.git, oid).decode('utf-8', 'surrogateescape')))
    return None if target.startswith(('/', '..')) else pattern.of('/'.join((pattern.literal(target), *rest)))


def _leads(named: Pattern, path: str) -> bool:
    """Whether a pattern names a path, or a link or a submodule there would be on the way to what it names."""
    return named.covers(path) or any(way.covers(path) for way in pattern.ways(named))
