"""Handing an experiment over: pushed whatever it is worth, requested for merging when it is better."""
from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gitexp.core.errors import No, Refused
from gitexp.core.finding import few
from gitexp.experiment import documents, place, same
from gitexp.git import repository
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import loss, standing
from gitexp.ledger.read import Contents
from gitexp.ledger.standing import Standing
from gitexp.measure import current, uncommitted
from gitexp.submit import ground, plain, push, request
from gitexp.submit.ground import Ground
from gitexp.submit.plain import Plain
from gitexp.submit.request import Request
from gitexp.verdict import doubt, match
from gitexp.verdict.judged import Judged
from gitexp.verdict.match import Match
from gitexp.verdict.verdict import Kind


_UNJUDGED: dict[str, Any] = {
    'against': None, 'verdict': Kind.PROVISIONAL.value, 'gain': None, 'p': None, 'noise': None, 'why': None, 'flags': [],
}


@dataclass(frozen=True)
class Submitted:
    """`pushed` says whether the remote has changed, `brings` whether a merge would change what is measured.

    `request` is the text and where it is, None when the experiment is not better.
    """

    slug: str
    remote: str
    pushed: bool
    ground: Ground
    match: Match | None
    brings: bool
    asked: Request | None
    request: Plain | None
    uncommitted: int

    def as_json(self) -> dict[str, Any]:
        one = self.ground.standing
        return {
            'experiment': self.slug, 'remote': self.remote, 'pushed': self.pushed, 'commit': self.ground.head, 'tree': one.tree,
            'eval_id': one.eval_id, 'n': one.n, 'mean': one.mean, **(_judged(self.match) if self.match else _UNJUDGED),
            'title': self.asked.title if self.asked else None, 'request': self.request and str(self.request.path),
        }


def submit(lab: Lab, experiment: Experiment, contents: Contents, *, remote: str) -> Submitted:
    """Push the branch, and write the request if its tree is better than the best other one; never merges.

    Raises Refused when what would merge is not what was measured by the lab's own evaluation, or holds what brought a bug, when the ledger
    has lost rows, and when it cannot be pushed.
    """
    loss.refuse(lab)
    standings = standing.among(contents, lab.config.metric, current.eval_id(lab))
    found = ground.find(lab, experiment, contents, standings)
    ground.refuse_spoilt(lab, found, contents)
    standings = same.joined(lab, experiment.slug, found.standing.tree, standings)
    found = replace(found, standing=standings.of(found.standing.tree) or found.standing)
    judged = Judged.of(standings, lab.config)
    trunk = same.trunk(lab, experiment.slug, standings)
    met = match.of(judged, found.standing, trunk)
    brings = ground.brings(lab, found, experiment.slug)
    better = met if met and brings and met.verdict.kind is Kind.BETTER else None
    if better:
        _refuse_behind(lab, experiment, remote=remote)
        _refuse_moved(lab, experiment, found)
        _refuse_unknown(lab, experiment, trunk, judged)
    pushed = push.push(lab, experiment, remote=remote)
    asked = request.write(lab, experiment, found, judged, better) if better else None
    return Submitted(
        experiment.slug, remote, pushed, found, met, brings, asked, plain.request(lab, asked, remote=remote) if asked else None,
        len(uncommitted.lines(experiment.root)) if experiment.root.is_dir() else 0,
    )


def why_not(lab: Lab, experiment: Experiment, done: Submitted) -> No | None:
    """What stands between a submission and a request, None when there is nothing."""
    name = f"'exp/{done.slug}'"
    if not done.brings:
        way = f'git diff {done.ground.base[:7]} exp/{done.slug}'
        return No(f'{name} is no gain: a merge would change nothing that is measured', hint=way)
    if done.match is None:
        return No(f'{name} cannot be judged: there is nothing to compare it with', hint='git exp baseline')
    said = done.match.verdict
    if doubt.of(said.flags):
        return No(
            f'{name} is not confirmed: {said.why}',
            hint=f'look for a leak or a bug; where there is none: git exp confirm {done.slug} --because WHY',
        )
    reference = done.match.reference
    own = (reference.commit or reference.tree)[:7] if reference.experiment == done.slug else None
    against = f'its own {own}' if own else done.match.name
    if said.kind is Kind.PROVISIONAL and said.p is not None:
        way = f'git exp eval -e {done.slug} --seeds {len(lab.config.seeds)}'
        return No(f'{name} is not better than {against} yet: {said.why}', hint=way)
    if said.kind is Kind.PROVISIONAL:
        return No(f'{name} cannot be judged against {against}: {said.why}', hint='git exp baseline --seeds 3, and: git exp eval --seeds 3')
    if said.kind is not Kind.BETTER:
        lacks = ground.moved(lab, done.ground, done.slug)
        way = f'what has changed since: git diff {own} exp/{done.slug}' if own else f'git exp show {done.slug}'
        if lacks:
            way = f"it lacks what '{lab.trunk}' has changed, {few(lacks)}: {_catch_up(lab, experiment)}"
        return No(f'{name} is not better than {against}: {said.why}', hint=way)
    return None


def _judged(met: Match) -> dict[str, Any]:
    said = met.verdict
    return {
        'against': met.name, 'verdict': said.kind.value, 'gain': said.gain, 'p': said.p, 'noise': said.sd,
        'why': said.why, 'flags': list(said.flags),
    }


def _refuse_unknown(lab: Lab, experiment: Experiment, trunk: Sequence[Standing], judged: Judged) -> None:
    if why := same.unknown(lab, judged.standings, trunk):
        raise Refused(f"{why}: nobody knows what 'exp/{experiment.slug}' gains of itself", hint='git exp baseline')


def _refuse_behind(lab: Lab, experiment: Experiment, *, remote: str) -> None:
    """Raises Refused where the remote's trunk, as it was last seen, has changed what could change a measurement, and the trunk has not."""
    published = f'{remote}/{lab.trunk}'
    there, = repository.objects(lab.git, [f'refs/remotes/{published}'])
    base = lab.git.run('merge-base', lab.trunk_commit, there).text if there else ''
    changed = documents.moved(lab, experiment.slug, documents.names(lab.git, base, there) or []) if there and base else []
    if changed:
        raise Refused(
            f"'{lab.trunk}' is behind '{published}', which has changed {few(changed)}",
            hint=f'git -C {shlex.quote(str(lab.root))} pull {shlex.quote(remote)} {lab.trunk}, and again: git exp submit {experiment.slug}',
        )


def _refuse_moved(lab: Lab, experiment: Experiment, found: Ground) -> None:
    changed = ground.moved(lab, found, experiment.slug)
    if changed:
        left = f"since 'exp/{experiment.slug}' left it, '{lab.trunk}' has changed {few(changed)}"
        raise Refused(
            f'what would merge is not what was measured: {left}',
            hint=_catch_up(lab, experiment),
        )


def _catch_up(lab: Lab, experiment: Experiment) -> str:
    return f'{place.entry(experiment)} && git merge {lab.trunk} && git exp eval --seeds {len(lab.config.seeds)}'
