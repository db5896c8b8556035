"""What an experiment has from the trunk: what the trunk itself has had, and not all that was ever merged into it.

A merge may take nothing of what it brings. A branch that begins there would have, unjudged, what no experiment may have.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from itertools import takewhile

from gitexp.core.finding import Finding
from gitexp.git import history
from gitexp.git.command import Git
from gitexp.lab.config import APPENDS
from gitexp.rules import change, gathered, judge, restored, rows
from gitexp.rules.case import Case
from gitexp.rules.change import LARGEST, Blobs, Change, Committed, Entry
from gitexp.rules.judge import LIFTED
from gitexp.rules.picked import Picks
from gitexp.rules.ruleset import INPUT
from gitexp.rules.span import Span

_LOOSE = ('human', *APPENDS, 'sections', 'rows')
_KINDS = ('frozen', 'protocol', 'global', 'fixed', INPUT, 'variable', 'keep', 'links-only', *_LOOSE)


def moved(span: Span) -> list[Finding]:
    """Judge where the line of a trunk goes: on from what it was, or at least from what it once was."""
    begins, name = span.line[-1], span.rules.trunk
    if begins == span.trunk or begins and history.root(span.git, begins) == history.root(span.git, span.trunk):
        return []
    return [Finding('trunk', name, 'its first parents are those of another project', way=f"merge the other project into '{name}'")]


def direct(span: Span, beside: Sequence[str] | None = None) -> list[Finding]:
    """Judge what a guarded trunk becomes past its own line: where the commits on that go on from what is published, each was asked.

    `beside` is what the trunk was published as beside its line, None where that is not known.
    """
    begins = span.line[-1]
    if not span.rules.guard or begins == span.trunk:
        return []
    case = Case(span.rules, span.branch, Blobs(span.git).read, commit=span.tip)
    changes = [one for one in change.since(Committed(span.git, span.tip), span.trunk) if (one.path, one.new) not in span.opened]
    way = f'git rebase {span.trunk[:10]}, which is what was published'
    return judge.direct(case, changes) or [one._replace(way=way) for one in judge.direct(case, _astray(span, begins, beside))]


def _astray(span: Span, begins: str, beside: Sequence[str] | None) -> list[Change]:
    """What the line of the trunk would have had, and never has, on the way to where new commits begin."""
    git, lines, line = span.git, {*history.line(span.git, span.trunk, *(beside or ()))}, history.line(span.git, begins)
    way = [*takewhile(lambda oid: oid not in lines, line)]
    if not way:
        return []
    start = line[len(way)]
    if beside is None:
        brought = change.since(Committed(git, begins), start)
        ours = had(git, span.trunk, begins, {one.path for one in brought})
        return [one for one in brought if one.path not in ours]
    made = gathered.made(git, history.new(git, [span.trunk, *beside], [start], '--first-parent'))
    sides = gathered.differences(git, [(oid, start) for oid in way], ()).values()
    return [Change(path, new, (old,)) for side in sides for path, (old, new) in side.items() if new not in made.get(path, ())]


def begins_elsewhere(git: Git, trunk: str, spans: Iterable[Span], tips: Iterable[str]) -> bool:
    """Whether the new commits of experiments, or tips that are not new, begin at one that is not on the line of the trunk."""
    commits = [commit for span in spans for commit in span.commits]
    begins = {*tips, *(parent for commit in commits for parent in commit.parents)} - {commit.oid for commit in commits}
    return not begins <= {trunk} and not begins <= set(history.line(git, trunk))


def findings(span: Span, *, beside: Sequence[str] | None = None) -> list[Finding]:
    """Judge the tip of an experiment as a whole, against the last commit of the trunk that it reaches.

    Its commits have been judged, so that it tells what a person has put where. `beside` is what the trunk was published as beside its
    line, None where that is not known.
    """
    trunk = span.trunk
    base = history.left(span.git, trunk, span.tip)
    target, rules, blobs = Committed(span.git, span.tip), span.rules, Blobs(span.git, most=LARGEST)
    confined = rules.confines(rules.slug(span.branch))
    changes = change.since(target, base or change.empty_tree(span.git, span.tip), () if confined else rules.pathspecs)
    away = judge.away(lambda: [target.against(trunk)]) if beside is None else Picks(span.git, trunk).away(span.tip, ())
    blobs.expect(judge.reading(rules, changes))
    case = Case(
        rules, span.branch, blobs.read, away, ends=True, undo=f'git merge {rules.trunk}', commit=span.tip,
        begun=lambda slug: slug != rules.slug(span.branch) and bool(span.rows(trunk, slug)),
        ledger=lambda path: rows.whole(span.git, trunk, path), measured=span.measured,
    )
    put: dict[str, Collection[tuple[str, Entry | None]]] = {'human': span.written, **dict.fromkeys(LIFTED, span.opened)}
    entries = {one.path: one.new for one in changes}
    found = [one for one in judge.judge(case, changes) if one.rule in _KINDS and (one.path, entries[one.path]) not in put.get(one.rule, ())]
    found = restored.without(span.git, rules, found, changes, [span.tip], base) if base else found
    paths = {one.path for one in found}
    stiff = {one.path for one in found if one.rule not in _LOOSE}
    old = had(span.git, trunk, span.tip, paths if beside is None else {path for path in paths if rules.owner(path) or path not in stiff})
    old |= _published(span.git, trunk, span.tip, paths - old, beside or ())
    return [one for one in found if one.path not in old]


def _published(git: Git, trunk: str, tip: str, paths: Set[str], beside: Sequence[str]) -> set[str]:
    """Which paths a commit has as the trunk was published with them, where its history left that."""
    lines = set(history.line(git, *beside)) if paths and beside else set()
    bases = [base for base in history.bases(git, trunk, tip) if base in lines] if lines else []
    return {path for base in bases for path in paths - Committed(git, tip).against(base).keys()}


def had(git: Git, trunk: str, tip: str, paths: Set[str]) -> set[str]:
    """Which paths a commit has as the trunk had them when its history left that of the trunk."""
    found: set[str] = set()
    for base in history.bases(git, trunk, tip) if paths else ():
        same = paths - found - Committed(git, tip).against(base).keys()
        found |= _taken(git, trunk, base, same) if same else set()
    return found


def _taken(git: Git, trunk: str, base: str, paths: Set[str]) -> set[str]:
    """Which paths are in a commit as the trunk has had them: the way back from there that git log takes for each of them tells.

    What was not there yet has not been taken away. However many paths there are, it costs a few processes.
    """
    commits = history.new(git, [trunk], [base])
    folders = [f':(top,literal){name}' for name in sorted({path.partition('/')[0] for path in paths})]
    sides = gathered.differences(git, [(one.oid, parent) for one in commits for parent in one.parents], folders)
    there = Committed(git, base).against(change.empty_tree(git, base), folders)
    asked = {trunk: set(paths)}
    for one in commits:
        made = asked.pop(one.oid, set())
        for parent in one.parents:
            same = made - sides[one.oid, parent].keys()
            asked.setdefault(parent, set()).update(same)
            made -= same
        for parent in one.parents:
            asked[parent].update(path for path in made if path in there or sides[one.oid, parent][path][0])
    ends = gathered.differences(git, [(base, end) for end, some in asked.items() if some], folders)
    return {path for (_, end), side in ends.items() for path in asked[end] - side.keys()}
