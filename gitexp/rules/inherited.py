"""What an experiment has from the trunk: what the trunk itself has had, and not all that was ever merged into it.

A merge may take nothing of what it brings. A branch that begins there would have, unjudged, what no experiment may have.
"""
from __future__ import annotations

from collections.abc import Iterable, Set

from gitexp.core.finding import Finding
from gitexp.git import history
from gitexp.git.command import Git
from gitexp.rules import change, judge
from gitexp.rules.case import Case
from gitexp.rules.change import Blobs, Committed
from gitexp.rules.judge import LIFTED
from gitexp.rules.rewritten import Opened
from gitexp.rules.ruleset import INPUT
from gitexp.rules.span import Span

_KINDS = ('frozen', 'protocol', 'global', 'fixed', INPUT, 'variable', 'keep', 'links-only')
_MANY = 32  # Of more paths it is not looked up who made them: to merge the trunk settles that as well.


def moved(span: Span) -> list[Finding]:
    """Judge where the line of a trunk goes: on from what it was, or at least from what it once was."""
    begins, name = span.line[-1], span.rules.trunk
    if begins == span.trunk or begins and history.root(span.git, begins) == history.root(span.git, span.trunk):
        return []
    return [Finding('trunk', name, 'its first parents are those of another project', way=f"merge the other project into '{name}'")]


def direct(span: Span) -> list[Finding]:
    """Judge what a guarded trunk becomes past its own line: where the commits on that go on from what is published, each was asked."""
    begins = span.line[-1]
    if not span.rules.guard or begins == span.trunk:
        return []
    changes = [one for one in change.since(Committed(span.git, span.tip), span.trunk) if (one.path, one.new) not in span.opened]
    if base := None if begins in history.line(span.git, span.trunk) else history.left(span.git, span.trunk, begins):
        brought = change.since(Committed(span.git, begins), base)
        ours = had(span.git, span.trunk, begins, {one.path for one in brought})
        changes += [one for one in brought if one.path not in ours]
    return judge.direct(Case(span.rules, span.branch, Blobs(span.git).read, commit=span.tip), changes)


def begins_elsewhere(git: Git, trunk: str, spans: Iterable[Span], tips: Iterable[str]) -> bool:
    """Whether the new commits of experiments, or tips that are not new, begin at one that is not on the line of the trunk."""
    commits = [commit for span in spans for commit in span.commits]
    begins = {*tips, *(parent for commit in commits for parent in commit.parents)} - {commit.oid for commit in commits}
    return not begins <= {trunk} and not begins <= set(history.line(git, trunk))


def findings(span: Span, trunk: str, *, opened: Opened) -> list[Finding]:
    """Judge the tip of an experiment as a whole, against the last commit of the trunk that it reaches.

    Where the trunk is pushed along, `span` has the new one. git may leave that out after all, so that only what grows is taken from it.
    """
    base = history.left(span.git, trunk, span.tip)
    target, rules, blobs = Committed(span.git, span.tip), span.rules, Blobs(span.git)
    confined = rules.confines(rules.slug(span.branch))
    changes = change.since(target, base or change.empty_tree(span.git, span.tip), () if confined else rules.pathspecs)
    away = judge.away(lambda: [target.against(trunk)])
    case = Case(rules, span.branch, blobs.read, away, undo=f'git merge {rules.trunk}', commit=span.tip)
    free = {one.path for one in changes if (one.path, one.new) in opened}
    found = [one for one in judge.judge(case, changes) if one.rule in _KINDS and (one.rule not in LIFTED or one.path not in free)]
    paths = {one.path for one in found}
    old = had(span.git, trunk, span.tip, paths)
    new = had(span.git, span.trunk, span.tip, paths - old) if span.trunk != trunk else set()
    grown = {path for path in new if any(rule.kind.startswith('append-') for rule in rules.covering(path))}
    way = f"push '{rules.trunk}' first, since git may leave it out: git push REMOTE {rules.trunk}; then the rest"
    return [one._replace(way=way) if one.path in new else one for one in found if one.path not in old | grown]


def had(git: Git, trunk: str, tip: str, paths: Set[str]) -> set[str]:
    """Which paths a commit has as the trunk had them when its history left that of the trunk."""
    if not paths or len(paths) > _MANY:
        return set()
    found: set[str] = set()
    for base in history.bases(git, trunk, tip):
        same = paths - found - Committed(git, tip).against(base).keys()
        made = {path: history.shaped(git, base, path)[:1] for path in same}
        found |= {path for path, last in made.items() if last and last[0] in history.shaped(git, trunk, path)}
    return found
