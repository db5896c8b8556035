"""The verdict on a tree: which tree it is held against, and by which noise."""
from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from gitexp.core.tuples import NamedTuple
from gitexp.experiment import same
from gitexp.experiment.same import Way
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.ledger import standing
from gitexp.ledger.result import Result
from gitexp.ledger.standing import Standing, Standings
from gitexp.verdict.judged import Judged
from gitexp.verdict.verdict import Kind, Screen, Verdict


class Decision(NamedTuple):
    """`reference` is the champion that a tree is held against: see `Judged`; `screen` is None when no noise is known.

    `unfounded` is what has to be done before a gain is believed: the evaluation has no baseline, or nobody knows what of it is the
    trunk's. `against` is the reference for a person, with its commit where the candidate is called so as well.
    """

    candidate: Standing
    reference: Standing
    verdict: Verdict
    screen: Screen | None = None
    unfounded: Way | None = None
    against: str = ''

    def as_json(self) -> dict[str, Any]:
        said = self.verdict
        return {
            'verdict': said.kind.value, 'why': said.why, 'gain': said.gain, 'n': said.n, 'mean': said.mean, 'sd': said.sd, 'p': said.p,
            'paired': said.paired, 'flags': list(said.flags), 'tree': self.candidate.tree, 'eval_id': self.candidate.eval_id,
            'against': {
                'experiment': self.reference.experiment, 'version': self.reference.version, 'kind': self.reference.kind.value,
                'tree': self.reference.tree, 'commit': self.reference.commit, 'n': said.reference_n, 'mean': said.reference_mean,
            },
        }


def decide(lab: Lab, slug: str, commit: str, tree: str, *, eval_id: str, more: Iterable[Result] = ()) -> Decision | None:
    """Judge the tree of an experiment's commit by all its runs under one evaluation; `more` are runs that are no rows yet.

    What it has from a trunk that nobody has measured is no gain of its own. None when the tree has no run that competes, or there is no
    other tree.
    """
    standings = standing.trees(lab, eval_id, more)
    found = _of(Judged.of(standings, lab.config), tree)
    if found is None or found.verdict.kind is not Kind.BETTER:
        return found
    joined = same.joined(lab, slug, tree, standings)
    found = found if joined is standings else _of(Judged.of(joined, lab.config), tree)
    if found is None or found.verdict.kind is not Kind.BETTER:
        return found
    borrowed = same.borrowed(lab, slug, commit, standings)
    if borrowed is None:
        return found
    said = found.verdict
    why = f'{said.why}, but {borrowed.why}: nobody knows what it gains of itself'
    return found._replace(verdict=said._replace(kind=Kind.PROVISIONAL, why=why), unfounded=borrowed.way)


def among(standings: Standings, tree: str, metric: Metric, *, seeds: Collection[int] = ()) -> Decision | None:
    """The same from standings that are known; `seeds` are those that it takes to be better."""
    return _of(Judged(standings, metric, seeds=seeds), tree)


def _of(judged: Judged, tree: str) -> Decision | None:
    candidate = judged.standings.of(tree)
    reference = judged.leader(candidate) if candidate else None
    if candidate is None or reference is None:
        return None
    said, screen = judged.verdict(candidate, reference), judged.screen(candidate, reference)
    own, name = map(judged.standings.named, (candidate, reference))
    against = f'{name} at {reference.commit[:7]}' if own == name and reference.commit else name
    return Decision(candidate, reference, said, screen, Way.BASELINE if judged.is_unfounded else None, against)
