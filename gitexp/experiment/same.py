"""What was measured of a commit, where it may be another one that differs in nothing that could change a measurement."""
from __future__ import annotations

from gitexp.experiment import documents
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Kind
from gitexp.ledger.standing import Standing, Standings


def experiment(lab: Lab, slug: str, tree: str, standings: Standings) -> Standing | None:
    """How the tree of an experiment stands, or else the newest of its trees that differs in documents alone."""
    mine = [one.tree for one in reversed(standings.trees) if slug in one.whose]
    return standings.of(tree) or next(map(standings.of, documents.alike(lab, slug, tree, mine)), None)


def trunk(lab: Lab, slug: str, standings: Standings) -> list[Standing]:
    """How the trunk stands as it is now, for an experiment: each tree that is as good as its own."""
    trees: dict[bool, list[str]] = {True: [], False: []}
    for one in standings.trees:
        trees[one.kind is Kind.BASELINE].append(one.tree)
    found = documents.trunk(lab, slug, trees[True], trees[False])
    return [one for one in standings.trees if one.tree in found]
