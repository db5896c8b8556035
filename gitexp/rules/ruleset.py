"""The rules of a lab, as its trunk has them."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gitexp.core.errors import Usage
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab import config as configuration
from gitexp.lab.config import FILE, Config
from gitexp.lab.lab import Lab
from gitexp.rules import pattern
from gitexp.rules.pattern import Pattern

BUILT_IN = 'built in'
RETIRED = ('results', 'exp_log')


class Rule(NamedTuple):
    """`kind` is one of config.KINDS or 'protocol' (frozen once it is there); `where` is file:line on the trunk."""

    kind: str
    pattern: Pattern
    where: str


@dataclass(frozen=True)
class RuleSet:
    """`trunk` is the short name of its branch, `guard` where it is said to be guarded or '', `experiments` the folder of their folders."""

    rules: tuple[Rule, ...]
    trunk: str
    guard: str
    experiments: str

    def covering(self, path: str) -> Iterator[Rule]:
        """The rules that name a path, but for 'variable', which names what is free."""
        return (rule for rule in self.rules if rule.kind != 'variable' and rule.pattern.covers(path))

    def confines(self, slug: str) -> bool:
        """Whether an experiment may touch only what is named variable."""
        return bool(slug and self.variable)

    def frees(self, path: str, slug: str) -> bool:
        """Whether a confined experiment may touch a path: its own folder, or what is variable."""
        return path.startswith(f'{self.experiments}/{slug}/') or any(rule.pattern.covers(path) for rule in self.variable)

    @cached_property
    def variable(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == 'variable')

    @cached_property
    def protecting(self) -> tuple[str, ...]:
        """What selects in git every path that a rule may have something against."""
        named = (spec for rule in self.rules if rule.kind != 'variable' for spec in rule.pattern.pathspecs)
        return tuple(dict.fromkeys((*named, *pattern.ODD)))

    @cached_property
    def pathspecs(self) -> tuple[str, ...]:
        """What selects every path that the judge must know, which is where retired results may go back to, besides."""
        folder = pattern.literal(self.experiments)
        current = (spec for name in RETIRED for spec in pattern.of(f'{folder}/*/{name}/**').pathspecs)
        return (*self.protecting, *current)

    def current(self, path: str) -> str | None:
        """Where a file of retired results was before, and goes when they count again."""
        return self._retired.sub(r'\1\2/', path) if self._retired.match(path) else None

    @cached_property
    def _retired(self) -> re.Pattern[str]:
        return re.compile(rf'({re.escape(self.experiments)}/[^/]+/)({"|".join(RETIRED)})_v[^/]*/')

    def slug(self, branch: str | None) -> str:
        """The experiment of a branch, '' for another branch or none."""
        return branch.removeprefix('exp/') if branch and branch.startswith('exp/') else ''


def of(config: Config, text: bytes) -> RuleSet:
    """Compile gitexp.yaml, given as read and as text; the floor comes first and cannot be lifted. Raises Usage for a bad pattern."""
    folder = config.paths.experiments.strip('/')
    lines = text.decode('utf-8', 'replace').splitlines()
    said = (_rule(kind, one, lines) for kind, patterns in config.rules.items() for one in patterns)
    guard = f"{FILE}:{line(lines, 'guarded', 'true')}" if config.guarded else ''
    return RuleSet((*_floor(folder), *said), config.trunk, guard, folder)


def fresh(lab: Lab) -> RuleSet:
    """The rules of the trunk, read from its blob and not from what is kept: that lies where anybody can write."""
    if lab.text is not None:
        return of(lab.config, lab.text)
    from gitexp.lab import parse
    text = repository.blob(lab.git, lab.config_blob)
    return of(configuration.of(parse.again(text)), text)


def read(git: Git, blob: str) -> RuleSet:
    """Parse and compile one gitexp.yaml; raises Usage when it cannot be."""
    from gitexp.lab import parse
    text = repository.blob(git, blob)
    return of(configuration.of(parse.parse(text)), text)


def _floor(folder: str) -> Iterator[Rule]:
    below = f'{pattern.literal(folder)}/*'
    kept = (('keep', f'{below}/{name}_v*/**') for name in RETIRED)
    for kind, text in (('frozen', FILE), ('protocol', f'{below}/PROTOCOL.md'), *kept):
        yield Rule(kind, pattern.of(text), BUILT_IN)


def _rule(kind: str, text: str, lines: list[str]) -> Rule:
    where = f'{FILE}:{line(lines, kind, text)}'
    try:
        return Rule(kind, pattern.of(text), where)
    except Usage as error:
        raise Usage(f'{where}: {error.message}', hint=error.hint) from None


def line(lines: list[str], kind: str, text: str) -> int:
    """The line of a pattern: the first one that has its text from the line of its kind on; the line of the kind at worst."""
    top = _first(lines, 0, re.compile(rf'[\'"]?{"trunk" if kind == "guarded" else "rules"}[\'"]?\s*:')) or 0
    start = _first(lines, top, re.compile(rf'.*\b{kind}[\'"]?\s*:')) or top
    found = _first(lines, start, re.compile(rf'.*(?<![\w*./-]){re.escape(text)}(?![\w*./-])'))
    return (start if found is None else found) + 1


def _first(lines: list[str], start: int, wanted: re.Pattern[str]) -> int | None:
    return next((number for number in range(start, len(lines)) if wanted.match(lines[number])), None)
