"""What was measured of a commit, where it may be another one that differs in nothing that could change a measurement."""
from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from gitexp.core.finding import few
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import documents
from gitexp.git import history
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Kind
from gitexp.ledger.seeds import Runs
from gitexp.ledger.standing import Standing, Standings


def experiment(lab: Lab, slug: str, tree: str, standings: Standings) -> Standing | None:
    """How the tree of an experiment stands, or else the newest of its trees that differs in documents alone."""
    mine = [one.tree for one in reversed(standings.trees) if slug in one.whose]
    return standings.of(tree) or next(map(standings.of, documents.alike(lab, slug, tree, mine)), None)


def joined(lab: Lab, slug: str, tree: str, standings: Standings) -> Standings:
    """With all values of the seeds of a tree that another one gave, whoever's it is, from which it differs in documents alone.

    As in two clones, or after a fork. Its own ones count, and a gain has to hold by all, as where one tree gave several.
    """
    this = standings.of(tree)
    others = [one.tree for one in standings.trees if one.tree != tree]
    alike = {*documents.alike(lab, slug, tree, others)} if this else ()
    if not (this and alike):
        return standings
    said = [this.runs, *(one.runs for one in standings.trees if one.tree in alike)]
    ends = [end for runs in said for end in (runs.least, runs.most)]
    runs = Runs.of(run for one in (*said, *ends) for run in one if run[0] in this.runs.seeds)
    return standings._replace(trees=tuple(one._replace(runs=runs) if one.tree == tree else one for one in standings.trees))


def trunk(lab: Lab, slug: str, standings: Standings, at: str | None = None) -> list[Standing]:
    """How the trunk stands as it is now, or `at` a commit, for an experiment: each tree that is as good as its own."""
    trees: dict[bool, list[str]] = {True: [], False: []}
    for one in standings.trees:
        trees[one.kind is Kind.BASELINE].append(one.tree)
    found = documents.trunk(lab, slug, at or lab.trunk_commit, trees[True], trees[False])
    return [one for one in standings.trees if one.tree in found]


def unknown(lab: Lab, standings: Standings, found: Collection[Standing]) -> str | None:
    """Why nobody knows what the trunk is worth, of which nothing was `found`; None where something was, or never had been measured."""
    own = [one.commit for one in standings.trees if one.kind is Kind.BASELINE and one.commit]
    if found or not (own or standings.former):
        return None
    changed = documents.unmeasured(lab, own[-1]) if own else []
    if changed is None:
        return f"'{lab.trunk}' was measured at {own[-1][:7]}, which is not here"
    return f"'{lab.trunk}' {f'has changed {few(changed)} since it was measured' if changed else 'has no result that counts as it is now'}"


class Way(Enum):
    """What there is to do: measure the trunk, have the remote's first and measure that, or take in the trunk as it is now."""

    BASELINE = 'baseline'
    PULL = 'pull'
    MERGE = 'merge'


class Borrowed(NamedTuple):
    """What an experiment has from a trunk that nobody has measured so: `why` for a person, and how he comes to know, see `Way`."""

    why: str
    way: Way


def borrowed(lab: Lab, slug: str, commit: str, standings: Standings) -> Borrowed | None:
    """What a commit of an experiment has from the trunk, if nobody has measured that."""
    base = _base(lab, commit)
    why = unknown(lab, standings, trunk(lab, slug, standings, base)) if base else None
    if not why:
        return None
    if documents.unmeasured(lab, base) == []:
        return Borrowed(why, Way.BASELINE)
    return Borrowed(f"'{lab.trunk}' was not measured as it has it", Way.PULL if is_ahead(lab, commit) else Way.MERGE)


def is_ahead(lab: Lab, commit: str) -> bool:
    """Whether a commit has taken in what a remote's trunk has and the trunk lacks."""
    base = _base(lab, commit)
    return bool(base) and not history.is_ancestor(lab.git, base, lab.trunk_commit)


def _base(lab: Lab, commit: str) -> str:
    """The newest commit that one has from the trunk, here or as a remote was last seen to have it; '' for none."""
    seen = lab.git.ask('for-each-ref', '--format=%(objectname)', f'refs/remotes/*/{lab.trunk}').text.split()
    return lab.git.run('merge-base', commit, lab.trunk_commit, *seen).text
