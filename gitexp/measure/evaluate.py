"""Evaluating a commit: a row for every run that starts, and the verdict."""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from gitexp.core.errors import Failure, Integrity
from gitexp.lab.config import Config
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import tally, write
from gitexp.ledger.result import Result
from gitexp.measure import checkout, environment, fence, interpreter, subject, yardstick
from gitexp.measure.decide import Decision
from gitexp.measure.session import Session
from gitexp.measure.subject import Subject
from gitexp.measure.voice import Voice
from gitexp.rules import gate

_SHOWN = 10


class Evaluation(NamedTuple):
    """The rows of a subject, the verdict after the last of them, and what ended it early."""

    subject: Subject
    eval_id: str
    results: list[Result]
    decision: Decision | None
    failure: Failure | None


def evaluate(lab: Lab, which: Experiment, *, seeds: Sequence[int], words: Sequence[str] = (), voice: Voice) -> Evaluation:
    """Measure the commit of an experiment once for each seed; stops at the first run that fails, since it would fail again.

    Raises Refused for what is not committed, Integrity for a commit that breaks a rule; no run has started then.
    """
    what = subject.experiment(lab, which)
    _refuse_broken_rules(lab, what)
    return measure(lab, what, seeds=seeds, words=words, voice=voice)


def measure(lab: Lab, what: Subject, *, seeds: Sequence[int], words: Sequence[str] = (), voice: Voice) -> Evaluation:
    """Measure a subject; `words` are added to the evaluation's command line, and make it another evaluation."""
    write.ready(lab)
    around = fence.of(lab, f'{lab.config.train.text if lab.config.train else ""} {lab.config.eval.text}')
    session = Session(lab, what, yardstick.of(lab), tuple(words), around, voice)
    if (what.worktree / '.gitmodules').exists():
        voice.say('submodules are not checked out for an evaluation: declare what it needs of them as inputs')
    environment.tell(voice)
    results: list[Result] = []
    decision, failure = None, None
    with checkout.alone(lab, purpose=f"the evaluation of '{what.slug}'", say=voice.say):
        if lab.config.smoke:
            from gitexp.measure import smoke
            smoke.require(lab, what, session.yardstick, voice=voice)
        for seed in seeds:
            result, decision, failure = session.run(seed)
            results.append(result)
            if failure:
                break
    if failure and len(results) < len(seeds):
        voice.say(f'not run after that: seed {", ".join(map(str, seeds[len(results):]))}')
    return Evaluation(what, session.eval_id, results, decision, failure)


def seeds_of(config: Config, count: int | None) -> list[int]:
    """The first `count` seeds of the protocol, all of them for None; past its end they count up."""
    if count is None:
        return list(config.seeds)
    start = max(config.seeds) + 1
    return [*config.seeds, *range(start, start + count)][:count]


def _refuse_broken_rules(lab: Lab, what: Subject) -> None:
    found = gate.commit(
        lab, what.commit, slug=what.slug, begun=lambda slug: _has_run(lab, slug),
        installed=partial(interpreter.installed, lab.config.eval.text, folder=what.worktree),
    )
    if found:
        named = ''.join(f'\n    {one.path}: {one.message}' for one in found[:_SHOWN])
        more = f'\n    and {len(found) - _SHOWN} more' if len(found) > _SHOWN else ''
        raise Integrity(
            f"{what.commit[:10]} of '{what.slug}' breaks the rules of the lab and cannot be evaluated:{named}{more}",
            hint=found[0].way or None,
        )


def _has_run(lab: Lab, slug: str) -> bool:
    return any(one.slug == slug for one in tally.of(lab.ledger, lab.config.metric).experiments())
