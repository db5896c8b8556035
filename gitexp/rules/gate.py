"""The rules at an evaluation: the commit as a whole, against where it left the trunk. Meta mode has no say here."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from functools import cache, lru_cache

from gitexp.core.finding import Finding
from gitexp.git import history, repository
from gitexp.lab.lab import Lab
from gitexp.rules import change, judge, pattern, ruleset, uninvited
from gitexp.rules.beside import Names
from gitexp.rules.case import Case
from gitexp.rules.change import Blobs, Change, Committed, Pair
from gitexp.rules.places import COMMANDS
from gitexp.rules.ruleset import INPUT, Rule, RuleSet
from gitexp.rules.uninvited import Ground, Installed


def commit(
    lab: Lab, name: str, *, slug: str | None = None,
    begun: Callable[[str], bool] = lambda slug: True, installed: Installed = lambda modules, scripts: {},
) -> list[Finding]:
    """Judge a commit as the end of an experiment, by default of the one whose worktree was asked from.

    What the trunk has itself is not judged. `begun` tells whether an experiment has had a run, `installed` which of some modules
    the evaluation's Python has. Raises Usage when the rules cannot be read.
    """
    base = history.left(lab.git, lab.trunk_commit, name)
    if base is None:
        return [Finding('history', '.', f"shares no history with '{lab.trunk}'", way=f'git exp new, from {lab.trunk}', commit=name)]
    rules, target = ruleset.fresh(lab), Committed(lab.git, name)
    trunk = cache(lambda: target.against(lab.trunk_commit))
    slug = slug or (lab.current.slug if lab.current else None)
    blobs = Blobs(lab.git)
    changes = change.since(target, base)
    blobs.expect(judge.reading(rules, changes))
    case = Case(
        rules, f'exp/{slug}' if slug else None, blobs.read,
        judge.away(lambda: [trunk()]),
        undo=f'take it out of its commit: git rebase -i {base[:10]}',
        author=_author(lab, rules, base, name), begun=begun,
        ledger=lambda path: _ledger(lab, path), target=target, names=Names(lab.git, base).learn(changes),
        measured=lambda path: _measured(lab, rules, name, path),
    )
    found = [_merged(lab, name, one) if one.path in rules.ledgers else one for one in judge.judge(case, changes)]
    told = {one.path for one in found}
    lost = {} if base == lab.trunk_commit else _lost(changes, trunk())
    unasked = [one for one in uninvited.of([*changes, *lost.values()], lambda: ground(lab, installed)) if one.path not in told]
    if base == lab.trunk_commit or not (found or unasked):
        return [*found, *unasked]
    return _elsewhere(lab, name, found, unasked, {path for path, (old, _) in trunk().items() if old is None})


def fixing(lab: Lab) -> list[Rule]:
    """The rules that fix what an evaluation is made with, and on."""
    return [rule for rule in ruleset.fresh(lab).rules if rule.kind in ('frozen', 'fixed', INPUT)]


@lru_cache(1)
def fixed_blobs(lab: Lab) -> Mapping[str, tuple[str, str]]:
    """The mode and the object id of every frozen and fixed file and committed input as the trunk has it, by path."""
    named = fixing(lab)
    specs = [spec for rule in named for spec in rule.pattern.pathspecs]
    there = Committed(lab.git, lab.trunk_commit).against(change.empty_tree(lab.git, lab.trunk_commit), (*specs, *pattern.ODD))
    return {path: (new.mode, new.oid) for path, (_, new) in there.items() if new and any(rule.pattern.covers(path) for rule in named)}


def ground(lab: Lab, installed: Installed) -> Ground:
    """The fixed files of the trunk, and what they say."""
    fixed = fixed_blobs(lab)

    def texts() -> dict[str, bytes]:
        oids = {path: oid for path, (_, oid) in fixed.items() if uninvited.is_script(path)}
        found = change.contents(lab.git, dict.fromkeys(oids.values()))
        said = {path: found[oid] for path, oid in oids.items() if oid in found}
        return {**said, COMMANDS: lab.config.commands.encode('utf-8', 'surrogateescape')}

    def is_package(folder: str) -> bool:
        return repository.objects(lab.git, [f'{lab.trunk_commit}:{folder}/__init__.py']) != [None]
    return Ground(fixed, is_package, texts, installed)


def _ledger(lab: Lab, path: str) -> bytes:
    from gitexp.rules import rows  # An experiment that brings rows is rare.
    return rows.whole(lab.git, lab.trunk_commit, path)


def _merged(lab: Lab, name: str, one: Finding) -> Finding:
    """What a ledger is not, as where the trunk was rebased that it came from, a merge puts right if the trunk has all its rows."""
    from gitexp.rules import weave  # As rare as it is.
    oids = repository.objects(lab.git, [f'{commit}:{one.path}' for commit in (name, lab.trunk_commit)])
    texts = [repository.blob(lab.git, oid) for oid in oids if oid]
    return one._replace(way=f'git merge {lab.trunk}') if len(texts) == 2 and weave.is_within(*texts) else one


def _measured(lab: Lab, rules: RuleSet, name: str, path: str) -> list[Mapping[str, Pair]]:
    from gitexp.rules import measured  # What is kept, and others have measured too, is rare.
    return [*measured.differing(lab.git, rules, lab.trunk_commit, name)(path)]


def _elsewhere(lab: Lab, name: str, found: list[Finding], unasked: list[Finding], gone: Set[str]) -> list[Finding]:
    """Without what the trunk has had beside its own line, as where it was pulled by a merge; what is `gone` from it is its no more."""
    from gitexp.rules import inherited  # Costs time, and is seldom asked.
    ours = inherited.had(lab.git, lab.trunk_commit, name, {one.path for one in (*found, *unasked)})
    left = [one for one in unasked if one.path not in ours or one.path in gone]
    bases = history.bases(lab.git, lab.trunk_commit, name)
    there = repository.objects(lab.git, [f'{bases[0]}:{one.path}' for one in left])
    back = [oid is not None and one.path in gone for one, oid in zip(left, there)]
    return [
        *(one for one in found if one.path not in ours),
        *(one._replace(way=f'git merge {lab.trunk}; or {one.way}') if is_back else one for one, is_back in zip(left, back)),
    ]


def _lost(changes: Iterable[Change], since: Mapping[str, Pair]) -> dict[str, Change]:
    """What the trunk once had of a commit and has no more, as after a merge that was reverted, or that left out its files."""
    added = {one.path for one in changes if one.olds == (None,)}
    return {path: Change(path, new, (None,)) for path, (old, new) in since.items() if old is None and new and path not in added}


def _author(lab: Lab, rules: RuleSet, base: str, commit: str) -> str:
    """Who made what only people may change: the first that is not one of them, if there is one."""
    specs = [spec for rule in rules.rules if rule.kind == 'human' for spec in rule.pattern.pathspecs]
    if not specs:
        return ''
    from gitexp.rules import people
    words = ('rev-list', '--no-commit-header', '--encoding=UTF-8', '--format=%an <%ae>', f'{base}..{commit}')
    said = lab.git.ask(*words, '--', *specs).text.split('\n')
    return next((who for who in said if not people.named(rules.humans, who)), said[0])
