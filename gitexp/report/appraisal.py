"""Judging every experiment, and the best tree, by all the runs that there are now."""
from __future__ import annotations

from collections.abc import Iterable

from gitexp.lab.config import Config
from gitexp.ledger import standing
from gitexp.ledger.standing import Standing
from gitexp.ledger.tally import Tally
from gitexp.report.overview import Against, Best, Overview, Summary
from gitexp.verdict.judged import Judged
from gitexp.verdict.verdict import Verdict


def overview(tally: Tally, config: Config, *, prefer: str | None = None, experiments: bool = True) -> Overview:
    """What the rows come to under an evaluation; without `experiments` none of those is judged but the best."""
    judged = Judged.of(standing.of(tally, prefer=prefer), config)
    summaries = tuple(_summaries(tally, judged)) if experiments else ()
    return Overview(_best(judged), summaries, judged.baseline is not None, tally.rows, tally.unused)


def _summaries(tally: Tally, judged: Judged) -> Iterable[Summary]:
    best = {slug: one for one in reversed(judged.ranking) for slug in one.whose}
    won = {slug for one in judged.ranking if judged.has_won(one) for slug in one.whose}
    for one in tally.experiments():
        bug = tally.covered.get(one.newest) if one.newest else None
        plain = Summary(one.slug, one.runs, one.last, bug=bug, won=one.slug in won)
        yield _judged(plain, best[one.slug].by(one.slug), judged) if one.slug in best else plain


def _judged(plain: Summary, one: Standing, judged: Judged) -> Summary:
    reference, baseline = judged.rival(one), judged.baseline
    said = judged.verdict(one, reference) if reference else None
    over = said if reference is baseline or not baseline else judged.verdict(one, baseline, jumps=False)
    return Summary(
        plain.slug, plain.runs, plain.last, one.n, one.mean, over.gain if over and baseline else None,
        said.kind.value if said else None, said.flags if said else (), one.tree, one.commit, plain.bug, plain.won, judged.stands(one),
    )


def _best(judged: Judged) -> Best | None:
    if not judged.ranking:
        return None
    one, rival, baseline = judged.ranking[0], judged.rival(judged.ranking[0]), judged.baseline
    said = judged.verdict(one, rival) if rival else None
    over = judged.verdict(one, baseline, jumps=False) if baseline and baseline is not one else None
    champion = judged.champion if judged.champion is not one else None
    return Best(
        one.experiment, one.kind.value, one.version, one.commit, one.tree, one.eval_id, tuple(one.runs.seeds),
        one.n, one.mean, judged.sample(one).sd, over.gain if over else None,
        said.kind.value if said else None, said.why if said else None, said.flags if said else (),
        judged.standings.named(one), judged.stands(one),
        _against(judged, champion, judged.verdict(one, champion)) if champion else None,
        _against(judged, baseline, over) if baseline and over else None,
        _against(judged, rival, said) if rival and said else None,
    )


def _against(judged: Judged, other: Standing, said: Verdict) -> Against:
    return Against(
        other.experiment, other.kind.value, other.version, other.tree, other.commit, other.n, other.mean,
        said.gain, said.kind.value, said.p, said.why, judged.sample(other).sd, judged.standings.named(other),
    )
