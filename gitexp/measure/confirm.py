"""Vouching for a gain that is not to be believed at once, by a row of its own."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gitexp.core import ids
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import same
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.config import FILE
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import loss, notes, pending, read, standing, write
from gitexp.ledger.result import METRIC, Kind, Result
from gitexp.ledger.standing import Standing, Standings
from gitexp.measure import current
from gitexp.rules import people
from gitexp.verdict import doubt, match
from gitexp.verdict.judged import Judged
from gitexp.verdict.verdict import Verdict


class Confirmed(NamedTuple):
    """`verdict` is what counts from now on; `row` is the one that says so, `new` whether it was not there before.

    `held` is whether the experiment's branch holds what it is about at its tip.
    """

    standing: Standing
    verdict: Verdict | None
    row: Result
    new: bool
    held: bool


def confirm(lab: Lab, which: Experiment, *, because: str, here: Git, now: datetime) -> Confirmed:
    """Vouch for the tree at the tip of an experiment, or else for the best one of the experiment that is held back; `here` says who does.

    Raises Refused when nothing is to be confirmed, while the ledger lacks rows, for a stranger where the lab lists its people, and by a
    clock that is far behind the runs.
    """
    by = _person(lab, here)
    if not because.strip():
        raise Refused('a confirmation needs a reason', hint="what was looked at: --because 'trained again without the new data'")
    loss.refuse(lab)
    standings = standing.trees(lab, current.eval_id(lab))
    tip, = repository.objects(lab.git, [f'{which.branch}^{{tree}}'])
    at = same.experiment(lab, which.slug, tip, standings) if tip else None
    if at:
        standings = same.joined(lab, which.slug, at.tree, standings)
        at = standings.of(at.tree)
    judged = Judged.of(standings, lab.config)
    theirs = (one for one in judged.ranking if one.kind is not Kind.BASELINE and (one is at or which.slug in one.whose))
    mine, trunk = sorted(theirs, key=lambda one: one is not at), same.trunk(lab, which.slug, standings)
    measuring = {which.slug}.union(*(one.whose for one in mine))
    if slug := next((run.experiment for run in pending.running(lab) if run.experiment in measuring), None):
        raise Refused(f"a run of '{slug}' is under way, and nobody has looked at it yet", hint='wait for it: git exp status')
    for one in mine:
        others = _others(judged, one, trunk)
        against = next((other for other in others if doubt.of(judged.verdict(one, other).flags)), None)
        if against:
            gains = {other.tree: judged.sure_gain(one, other) for other in others}
            row = _row(one, lab.config.metric.name, gains=gains, because=because.strip(), by=by, now=now)
            row = row._replace(id=_after(_seen(lab, standings, one, others), one, now=now))
            after = Judged.of(standings._replace(vouched={**standings.vouched, one.tree: row}), lab.config)
            row = row._replace(verdict=after.verdict(one, others[0]).kind.value)
            write.append(lab, [row])
            notes.add(lab, [row])  # If it cannot, git exp sync does.
            return Confirmed(one, after.verdict(one, against), row, new=True, held=one is at)
    if said := next((one for one in mine if one.tree in standings.vouched), None):
        over = next(iter(_others(judged, said, trunk)), None)
        return Confirmed(said, judged.verdict(said, over) if over else None, standings.vouched[said.tree], new=False, held=said is at)
    raise Refused(f"nothing to confirm: no result of '{which.slug}' is held back", hint=f'git exp show {which.slug}')


def _person(lab: Lab, here: Git) -> str:
    ident = here.run('var', 'GIT_AUTHOR_IDENT').text.rpartition('>')[0] + '>'
    if lab.config.humans and not people.named(lab.config.humans, ident):
        raise Refused(f"'{ident}' is not one of the humans in {FILE}, and only they confirm what is held back", hint='ask one of them')
    return ident


def _others(judged: Judged, one: Standing, trunk: Iterable[Standing]) -> list[Standing]:
    """What a tree is held against: the best of the others, and what `git exp submit` holds it against where that is another."""
    rival, met = judged.rival(one), match.of(judged, one, trunk)
    return [*([rival] if rival else []), *([met.reference] if met and met.reference is not rival else [])]


def _seen(lab: Lab, standings: Standings, one: Standing, others: Iterable[Standing]) -> str:
    """The newest row of those that a verdict on a tree rests on."""
    runs = (row.id for row in read.holding(lab, one.tree) if row.tree == one.tree and row.eval_id == one.eval_id)
    vain = (said.last for (tree, _), said in standings.lost.items() if tree == one.tree)
    picked = (standings.picked.get(each.tree, '') for each in (one, *others))
    return max((*runs, *vain, *picked), default='')


def _after(seen: str, one: Standing, *, now: datetime) -> str:
    """A name that sorts after what was looked at; one far ahead of the clock would vouch for runs that nobody has looked at yet."""
    clock, made = ids.clock(now), ids.time_of(seen)
    if name := ids.after(seen, clock):
        return name
    ahead = '' if made is None else f', by {(made - clock) / 60_000:.0f} minutes'
    raise Refused(
        f"the clock here is behind the newest row '{seen}' about '{one.experiment}'{ahead}, and a confirmation counts for older rows only",
        hint=f'set the clock that is wrong; if the run had that one: git exp supersede {one.experiment} --bug clock, and measure again',
    )


def _row(one: Standing, metric: str, *, gains: dict[str, float], because: str, by: str, now: datetime) -> Result:
    params = {'confirms': one.tree, 'because': because, 'by': by, 'seeds': one.n, 'mean': one.mean, 'gains': gains}
    return Result(
        ids.make(ids.clock(now)), now.isoformat(timespec='seconds'), one.experiment, Kind.CONFIRM, version=one.version,
        commit=one.commit, description=because, eval_id=one.eval_id, params=params, env={METRIC: metric},
    )
