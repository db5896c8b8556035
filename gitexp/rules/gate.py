"""The rules at an evaluation: the commit as a whole, against where it left the trunk. Meta mode has no say here."""
from __future__ import annotations

from gitexp.core.finding import Finding
from gitexp.git import history
from gitexp.lab.lab import Lab
from gitexp.rules import change, judge, pattern, ruleset
from gitexp.rules.change import Blobs, Committed
from gitexp.rules.judge import Case


def commit(lab: Lab, name: str, *, slug: str | None = None) -> list[Finding]:
    """Judge a commit as the end of an experiment, by default of the one whose worktree was asked from.

    What the trunk has itself is not judged. Raises Usage when the rules cannot be read.
    """
    bases = history.bases(lab.git, lab.trunk_commit, name)
    if not bases:
        return [Finding('history', '.', f"shares no history with '{lab.trunk}'", way=f'git exp new, from {lab.trunk}', commit=name)]
    rules, target = ruleset.fresh(lab), Committed(lab.git, name)
    slug = slug or (lab.current.slug if lab.current else None)
    blobs = Blobs(lab.git)
    changes = change.since(target, bases[0], () if slug and rules.confines(slug) else rules.pathspecs)
    blobs.expect(judge.reading(rules, changes))
    case = Case(
        rules, f'exp/{slug}' if slug else None, blobs.read,
        judge.away(lambda: [target.against(lab.trunk_commit)]),
        undo=f'take it out of its commit: git rebase -i {bases[0][:10]}',
    )
    return judge.judge(case, changes)


def fixed_blobs(lab: Lab) -> dict[str, tuple[str, str]]:
    """The mode and the object id of every frozen and fixed file as the trunk has it, by path."""
    rules = ruleset.fresh(lab)
    named = [rule for rule in rules.rules if rule.kind in ('frozen', 'fixed')]
    specs = [spec for rule in named for spec in rule.pattern.pathspecs]
    there = Committed(lab.git, lab.trunk_commit).against(change.empty_tree(lab.git, lab.trunk_commit), (*specs, *pattern.ODD))
    return {path: (new.mode, new.oid) for path, (_, new) in there.items() if new and any(rule.pattern.covers(path) for rule in named)}
