"""The rules of a lab, as its trunk has them."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache

from gitexp.core.errors import Usage
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab import config as configuration
from gitexp.lab.config import APPENDS, FILE, Config
from gitexp.lab.lab import Lab
from gitexp.rules import naming, pattern, shadow
from gitexp.rules.pattern import Pattern, fold

BUILT_IN = 'built in'
INPUT = 'input'  # What is declared as an input comes from the lab, so that an experiment may not bring it.
RETIRED = ('results', 'exp_log')
_WHOLE = ('links-only', 'frozen', 'fixed', 'global')
_STILL = (INPUT, 'frozen', 'fixed', 'global')  # Of these the way is held, too: a link or a submodule there would bring another file.


class Rule(NamedTuple):
    """`kind` is one of config.KINDS, INPUT, or "protocol" (frozen once it is there); `text` is how gitexp.yaml says it, in `lines`."""

    kind: str
    pattern: Pattern
    text: str = ''
    lines: tuple[str, ...] = ()

    def is_above(self, path: str) -> bool:
        """Whether a path that is covered is in a folder of that name, and nobody has said that it is one."""
        return not self.text.endswith('/') and self.pattern.is_above(path)

    def is_displaced(self, path: str) -> bool:
        """Whether a path that is covered makes a folder of what is a document by its name."""
        return self.pattern.is_document and self.is_above(path)

    @property
    def where(self) -> str:
        """The file and the line on the trunk."""
        return f'{FILE}:{line(self.lines, self.kind, self.text)}' if self.lines else BUILT_IN


class Said(NamedTuple):
    """`trunk` is the short name of its branch, `guard` where it is said to be guarded or '', `experiments` the folder of their folders.

    `live` are the headings that stay open under the sections rule, `humans` the people that the human rule is for,
    `signers` their keys. `ledgers` has the one that is written, and below it those that the lab had before: what was measured stays so.
    `metric` is the name of the metric.
    """

    rules: tuple[Rule, ...]
    trunk: str
    guard: str
    experiments: str
    live: tuple[str, ...] = ()
    humans: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    ledgers: tuple[str, ...] = ('results.tsv',)
    metric: str = ''


class RuleSet(Said):
    """What is said, and what follows from it; a class of its own, since a named tuple alone could not keep it."""

    def covering(self, path: str) -> Iterator[Rule]:
        """The rules that name a path, but for 'variable', which names what is free."""
        return (rule for rule in self.rules if rule.kind != 'variable' and rule.pattern.covers(path))

    def shadowed(self, path: str, *, is_file: bool) -> Iterator[Rule]:
        """The rules of modules that Python would not load any more with this path there."""
        texts = [fold(module) for module in shadow.modules(path, is_file=is_file)]
        return (rule for rule in self._modules if rule.pattern.text in texts)

    @cached_property
    def _modules(self) -> tuple[Rule, ...]:
        """The rules that protect one Python file, by its name."""
        single = (rule for rule in self.rules if rule.kind in ('frozen', 'fixed') and rule.pattern.is_literal)
        return tuple(rule for rule in single if rule.pattern.text.endswith('.py'))

    def confines(self, slug: str) -> bool:
        """Whether an experiment may touch only what is named variable."""
        return bool(slug and self.variable)

    def frees(self, path: str, slug: str) -> bool:
        """Whether a confined experiment may touch a path: its own folder, or what is variable."""
        return self.owner(path) == slug or any(rule.pattern.covers(path) for rule in self.variable)

    @cached_property
    def variable(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == 'variable')

    @cached_property
    def protecting(self) -> tuple[str, ...]:
        """What selects in git every path that a rule may have something against."""
        named = (spec for rule in self.rules if rule.kind != 'variable' for spec in rule.pattern.pathspecs)
        beside = (spec for rule in self._modules for spec in shadow.pathspecs(rule.pattern.text))
        ways = (spec for rule in self.rules if rule.kind != 'variable' for spec in rule.pattern.ways)
        return tuple(dict.fromkeys((*named, *ways, *beside, *naming.pathspecs(pattern.literal(self.experiments)), *pattern.ODD)))

    @cached_property
    def pathspecs(self) -> tuple[str, ...]:
        """What selects every path that the judge must know, which is where retired results may go back to, besides."""
        folder = pattern.literal(self.experiments)
        current = (spec for name in RETIRED for spec in pattern.of(f'{folder}/*/{name}').pathspecs)
        return (*self.protecting, *current)

    def current(self, path: str) -> str | None:
        """Where a file of retired results, or what stands for them, was before, and goes when they count again."""
        return self._retired.sub(r'\1\2', path) if self._retired.match(path) else None

    def retired(self, path: str) -> str:
        """The folder of retired results that a path is in, or what stands for it; '' for none."""
        found = self._retired.match(path)
        return found[0] if found else ''

    @cached_property
    def _retired(self) -> re.Pattern[str]:
        return re.compile(rf'({re.escape(self.experiments)}/[^/]+/)({"|".join(RETIRED)})_v[^/]*(?=/|\Z)')

    def owner(self, path: str) -> str:
        """The experiment whose folder a path is in, '' for none."""
        return self._within(path)[0]

    def folder(self, path: str, *, is_file: bool) -> str:
        """The folder right below an experiment's own that a path is in, or is where it leads to one; '' for none."""
        _, inner = self._within(path)
        return inner[0] if len(inner) > 1 or inner and not is_file else ''

    def _within(self, path: str) -> tuple[str, list[str]]:
        """The slug of the experiment that a path belongs to, and the steps below its folder."""
        start = f'{self.experiments}/'
        slug, *inner = path.removeprefix(start).split('/') if path.startswith(start) else ['']
        return (slug, inner) if inner else ('', [])

    def slug(self, branch: str | None) -> str:
        """The experiment of a branch, '' for another branch or none."""
        return branch.removeprefix('exp/') if branch and branch.startswith('exp/') else ''


def is_nested(branch: str) -> bool:
    """Whether a branch would be of an experiment whose folder lies within that of another one."""
    return branch.startswith('exp/') and branch.count('/') > 1


def of(config: Config, text: bytes) -> RuleSet:
    """Compile gitexp.yaml, given as read and as text; the floor comes first and cannot be lifted. Raises Usage for a bad pattern."""
    folder = config.paths.experiments.strip('/')
    lines = tuple(text.decode('utf-8', 'replace').split('\n'))
    named = {**config.rules, INPUT: config.inputs}
    said = [rule for kind, patterns in named.items() for one in patterns for rule in _rules(kind, one, lines)]
    guard = f"{FILE}:{line(lines, 'guarded', 'true')}" if config.guarded else ''
    rules = (*_floor(folder, config.ledgers, said), *said)
    return RuleSet(rules, config.trunk, guard, folder, config.live, config.humans, config.signers, config.ledgers, config.metric.name)


@lru_cache(1)
def fresh(lab: Lab) -> RuleSet:
    """The rules of the trunk, read from its blob and not from what is kept: that lies where anybody can write."""
    if lab.is_fresh:
        return of(lab.config, lab.text)
    from gitexp.lab import parse
    return of(configuration.of(parse.again(lab.text)), lab.text)


def read(git: Git, blob: str) -> RuleSet:
    """Parse and compile one gitexp.yaml; raises Usage when it cannot be."""
    from gitexp.lab import parse
    text = repository.blob(git, blob)
    return of(configuration.of(parse.parse(text)), text)


def _floor(folder: str, ledgers: Iterable[str], said: Sequence[Rule]) -> Iterator[Rule]:
    """What holds without being said; a ledger only grows, unless the file says in which way."""
    for ledger in ledgers:
        if not any(rule.kind in APPENDS and rule.pattern.covers(ledger) for rule in said):
            yield Rule('append-bottom', pattern.of(pattern.literal(ledger)))
    below = f'{pattern.literal(folder)}/*'
    # A link, a file or a submodule stands for the results as a folder does; 'results_v' may begin other names of files.
    kept = (('keep', f'{below}/{text}') for name in RETIRED for text in (f'{name}_v*/**', f'{name}_v[0-9]*_*'))
    named = next((rule for rule in said if rule.kind == 'frozen' and rule.text == FILE), Rule('frozen', pattern.of(FILE)))
    yield Rule('frozen', pattern.of(FILE), named.text, named.lines)  # The line that says it too is where a person looks.
    for kind, text in (('protocol', f'{below}/PROTOCOL.md'), *kept):
        yield Rule(kind, pattern.of(text))


def _rules(kind: str, text: str, lines: tuple[str, ...]) -> Iterator[Rule]:
    try:
        made = pattern.of(text)
    except Usage as error:
        raise Usage(f'{FILE}:{line(lines, kind, text)}: {error.message}', hint=error.hint) from None
    # A file, a link or a submodule in place of a whole folder that git does not know would be another one that nothing refuses.
    yield Rule(kind, pattern.holding(made) if kind in _WHOLE else made, text, lines)
    if kind in _STILL:
        yield from (Rule(kind, one, text, lines) for one in pattern.ways(made))


def line(lines: Sequence[str], kind: str, text: str) -> int:
    """The line of a pattern: the first one that has its text from the line of its kind on; the line of the kind at worst."""
    key, above = ('inputs', 'inputs') if kind == INPUT else (kind, 'trunk' if kind == 'guarded' else 'rules')
    top = _first(lines, 0, re.compile(rf'[\'"]?{above}[\'"]?\s*:')) or 0
    start = _first(lines, top, re.compile(rf'.*\b{key}[\'"]?\s*:')) or top
    found = _first(lines, start, re.compile(rf'.*(?<![\w*./-]){re.escape(text)}(?![\w*./-])'))
    return (start if found is None else found) + 1


def _first(lines: Sequence[str], start: int, wanted: re.Pattern[str]) -> int | None:
    return next((number for number in range(start, len(lines)) if wanted.match(lines[number])), None)
