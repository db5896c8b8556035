"""Whether what would merge is what was measured."""
from __future__ import annotations

import shlex
from dataclasses import dataclass

from gitexp.core.errors import Refused
from gitexp.core.finding import few
from gitexp.experiment import documents, place, same, spoilt
from gitexp.git import history, repository
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger.read import Contents
from gitexp.ledger.standing import Standing, Standings
from gitexp.report import since


@dataclass(frozen=True)
class Ground:
    """What a submission stands on: the branch's tip, where it left the trunk, and the measured tree that the tip holds."""

    head: str
    base: str
    standing: Standing


def find(lab: Lab, experiment: Experiment, contents: Contents, standings: Standings) -> Ground:
    """The measured tree that the branch would merge; the experiment's documents may differ, since they measure nothing.

    Raises Refused when there is none, when a bug has spoilt it, and when there is nothing to merge.
    """
    head, tree, base = _ends(lab, experiment)
    standing = same.experiment(lab, experiment.slug, tree, standings)
    if standing is None:
        raise _unmeasured(lab, experiment, contents, tree)
    return Ground(head, base, standing)


def refuse_spoilt(lab: Lab, ground: Ground, contents: Contents) -> None:
    """Raises Refused for a branch that would bring the commit to the trunk which brought a bug."""
    found = spoilt.history(lab, contents, ground.head, beyond=lab.trunk_commit)
    if found:
        raise Refused(
            f"what would merge holds {found.commit}, which brought the bug '{found.bug}'",
            hint=f'where it is mended there since: git exp supersede --bug {found.bug} --commit {found.commit} --fixed-in COMMIT; '
            f'else begin where it is not: git exp new SLUG --base {lab.trunk}',
        )


def brings(lab: Lab, ground: Ground, slug: str) -> bool:
    """Whether a merge would change anything of the trunk that could change a measurement: it may have all of that already."""
    own, new = (documents.differing(lab, slug, f'{one}^{{tree}}', f'{ground.head}^{{tree}}') for one in (ground.base, lab.trunk_commit))
    return not {*(own or ())}.isdisjoint(new or ())


def moved(lab: Lab, ground: Ground, slug: str) -> list[str]:
    """What the trunk has changed since the branch left it, but for what cannot change a measurement."""
    return since.changed(lab, ground.base, slug=slug)


def _ends(lab: Lab, experiment: Experiment) -> tuple[str, str, str]:
    name = f'exp/{experiment.slug}'
    head, tree = repository.objects(lab.git, [experiment.branch, f'{experiment.branch}^{{tree}}'])
    if head is None or tree is None:
        raise place.unknown(lab, experiment.slug)
    base = lab.git.run('merge-base', lab.trunk_commit, head).text
    if not base:
        raise Refused(f"'{name}' and '{lab.trunk}' have no history in common", hint='git fetch --unshallow')
    if base == head:
        raise _merged(lab, experiment, head)
    return head, tree, base


def _merged(lab: Lab, experiment: Experiment, head: str) -> Refused:
    nothing, folder = 'there is nothing to merge', f'{lab.config.paths.experiments}/{experiment.slug}'
    mine, there = repository.objects(lab.git, [f'{head}:{folder}', f'{lab.trunk_commit}:{folder}'])
    if not mine or there:
        return Refused(f"{nothing}: '{lab.trunk}' holds all of 'exp/{experiment.slug}'")
    led_back = history.touching(lab.git, lab.trunk_commit, [f':(top,literal){folder}'])[0].oid[:7]
    again = f'revert --no-commit {led_back}, and a commit in meta mode' if lab.config.guarded else f'revert {led_back}'
    return Refused(
        f"{nothing}: '{lab.trunk}' has had all of 'exp/{experiment.slug}', and {led_back} took it back",
        hint=f'{"a person can" if lab.config.guarded else "to"} have it again: git -C {shlex.quote(str(lab.root))} {again}',
    )


def _unmeasured(lab: Lab, experiment: Experiment, contents: Contents, tree: str) -> Refused:
    slug = experiment.slug
    anew = f'{place.entry(experiment)} && git exp eval --seeds 3'
    rows = [row for row in reversed(contents.results) if row.tree and (row.experiment == slug or row.tree == tree)]
    found = spoilt.tree(lab, contents, slug, tree)
    if found:
        way = 'mend it, commit, then: git exp eval --seeds 3'
        return Refused(f"what 'exp/{slug}' holds is superseded by the bug '{found.bug}'", hint=way)
    measured = next((row for row in rows if row.id not in contents.covered), None)
    if measured is None or measured.tree is None:
        return Refused(f"nothing of 'exp/{slug}' is measured", hint=anew)
    changed, at = documents.differing(lab, slug, measured.tree, tree), (measured.commit or measured.tree)[:7]
    if changed is None:
        return Refused(f"what would merge may not be what was measured: {at} of 'exp/{slug}' is not here", hint=f'git fetch; or {anew}')
    if not changed:
        return Refused(f"what 'exp/{slug}' holds has no result that counts today", hint=anew)
    return Refused(f"what would merge is not what was measured: since {at} 'exp/{slug}' changed {few(changed)}", hint=anew)
