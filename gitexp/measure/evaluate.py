"""Evaluating a commit: a row for every run that starts, and the verdict."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gitexp.core.errors import Failure, Integrity, Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import same
from gitexp.gpu import gpus
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import pending, tally, write
from gitexp.ledger.result import Kind, Result
from gitexp.measure import environment, known, occupancy, protocol, subject, yardstick
from gitexp.measure.modules import Modules
from gitexp.measure.protocol import Seeds
from gitexp.measure.session import Session
from gitexp.measure.sound import Sound
from gitexp.measure.subject import Subject
from gitexp.measure.voice import Voice
from gitexp.rules import behind, gate
from gitexp.verdict.decide import Decision

_SHOWN = 10


class Evaluation(NamedTuple):
    """The rows of a subject, the verdict after the last of them, and what ended it early.

    `left` are the seeds that were not run because the first shows no promise; there are no `results` where the tree had them all.
    """

    subject: Subject
    eval_id: str
    results: list[Result]
    decision: Decision | None
    failure: Failure | None
    left: tuple[int, ...] = ()


def evaluate(
    lab: Lab, which: Experiment, *, seeds: Seeds, words: Sequence[str] = (), voice: Voice, despite: str | None = None,
) -> Evaluation:
    """Measure the commit of an experiment once for each seed; stops at the first run that fails, since it would fail again.

    Where only documents differ from a commit that was measured, that is the one.

    Raises Refused for what is not committed, while no baseline has passed, and for a tree whose results a bug has spoilt, unless
    it is measured `despite` that bug; Integrity for a commit that breaks a rule. No run has started then.
    """
    what = subject.experiment(lab, which)
    refuse_broken_rules(lab, what, say=voice.say)

    def eval_id() -> str:
        return yardstick.of(lab).name(lab.config, words)
    if earlier := known.before(lab, what, eval_id):
        voice.say(f'only documents differ from {earlier.commit[:10]}, so that it is that commit which is measured')
        what = earlier
        refuse_broken_rules(lab, what, say=voice.say)
    ground = Sound(lab, what, eval_id, despite=despite)
    ground.require()
    return measure(lab, what, seeds=seeds, words=words, voice=voice, ground=ground)


def measure(
    lab: Lab, what: Subject, *, seeds: Seeds, words: Sequence[str] = (), voice: Voice, ground: Sound | None = None,
) -> Evaluation:
    """Measure a subject; `words` are added to the evaluation's command line, and make it another evaluation."""
    with session(lab, what, words=words, voice=voice, declared=seeds.declared, ground=ground) as held:
        if what.kind is Kind.BASELINE:
            return _all(held, seeds)
        lacking = protocol.lacking(lab, seeds, what.tree, held.eval_id)
        is_second = seeds.screen and len(seeds.run) - len(lacking.run) == 1
        known = held.decide() if is_second or not lacking.run else None
        if known and known.screen and not known.screen.passed and is_second:
            return Evaluation(what, held.eval_id, [], known, None, lacking.run)
        if lacking.run:
            return _all(held, lacking)
        voice.say(f'{named(seeds.run)} {"have" if seeds.run[1:] else "has"} been run for this tree already')
        return Evaluation(what, held.eval_id, [], known, None)


@contextmanager
def session(
    lab: Lab, what: Subject, *, words: Sequence[str] = (), voice: Voice, declared: bool = True, ground: Sound | None = None,
) -> Iterator[Session]:
    """Have the checkout and the GPUs to oneself; raises Refused when nothing can be measured now."""
    write.ready(lab)
    environment.settle(lab)
    made = Session(lab, what, yardstick.of(lab), tuple(words), voice, declared=declared, ground=ground)
    for one in behind.found(lab, {**made.yardstick.files, **made.yardstick.documents}):
        raise Refused(one.says, hint=one.way)
    if what.kind is not Kind.BASELINE and not words and lab.config.baseline.required:
        from gitexp.measure import trusted
        trusted.require(lab, made.eval_id)
    if (what.worktree / '.gitmodules').exists():
        voice.say('submodules are not checked out for an evaluation: declare what it needs of them as inputs')
    environment.tell(lab, voice)
    given = environment.said(lab)
    if what.kind is not Kind.BASELINE and (given or lab.config.environment):
        from gitexp.measure import comparable
        comparable.tell(lab, made.eval_id, given, say=voice.say)
    if lab.config.metric.time_limited:
        _widen(voice)
    with occupancy.alone(lab, purpose=f"the evaluation of '{what.slug}'", say=voice.say), \
            gpus.taken(lab, what.slug, say=voice.say) as held:
        pending.recover(lab, voice.clock().isoformat(timespec='seconds'), alone=True)  # What was killed meanwhile counts as well.
        if lab.config.smoke:
            from gitexp.measure import smoke
            smoke.require(lab, what, made.yardstick, voice=voice, held=held)
        yield made._replace(gpus=held)


def _widen(voice: Voice) -> None:
    """Where time is what is limited, all runs have the CPUs that they could take themselves."""
    from gitexp.run import cpus
    if found := cpus.widen():
        voice.say(f'a run has all {found[1]} CPUs, and not {found[0]} as taskset says, since any program may lift that; '
                  'what binds is a cpuset, as of a Slurm job or a container')


def _all(session: Session, seeds: Seeds) -> Evaluation:
    results: list[Result] = []
    for seed in seeds.run:
        result, decision, failure = session.run(seed)
        results.append(result)
        left = seeds.run[len(results):]
        if left and failure:
            session.voice.say(f'not run after that: {named(left)}')
        elif left and seeds.screen and len(results) == 1:
            if not _promising(session.lab, result, decision):
                return Evaluation(session.what, session.eval_id, results, decision, None, left)
            session.voice.say(f'promising: {named(left)} {"follow" if left[1:] else "follows"}')
        if failure:
            break
    if results[-1].verdict is None and not failure and session.declared and session.what.kind is not Kind.BASELINE:
        decision = session.decide()  # By other runs: the last does not compete.
    return Evaluation(session.what, session.eval_id, results, decision, failure)


def named(seeds: Sequence[int]) -> str:
    """Seeds for a person."""
    *most, last = map(str, seeds)
    return f'seeds {", ".join(most)} and {last}' if most else f'seed {last}'


def _promising(lab: Lab, first: Result, decision: Decision | None) -> bool:
    """Whether the other seeds are worth their time. A value that is not plausible would be so again; a run that had to share its GPU
    says nothing, nor does any while no noise is known.
    """
    if decision and decision.screen:
        return decision.screen.passed
    return first.value is not None and lab.config.metric.plausible(first.value)


def refuse_broken_rules(lab: Lab, what: Subject, *, say: Callable[[str], None]) -> None:
    """Raises Integrity naming what a commit does that the rules of the lab forbid."""
    environment.settle(lab)
    found = gate.commit(
        lab, what.commit, slug=what.slug, begun=lambda slug: _has_run(lab, slug),
        installed=Modules(lab, what.worktree, say).installed,
    )
    if found:
        named = ''.join(f'\n    {one.path}: {one.message}' for one in found[:_SHOWN])
        more = f'\n    and {len(found) - _SHOWN} more' if len(found) > _SHOWN else ''
        raise Integrity(
            f"{what.commit[:10]} of '{what.slug}' breaks the rules of the lab and cannot be evaluated:{named}{more}",
            hint=f"git -C '{lab.root}' pull, and again: git exp eval" if same.is_ahead(lab, what.commit) else found[0].way or None,
        )


def _has_run(lab: Lab, slug: str) -> bool:
    if any(one.slug == slug for one in tally.of(lab.ledger, lab.config.metric).experiments()):
        return True
    if not lab.config.ledgers[1:]:
        return False
    from gitexp.rules import staged  # Few labs have had another ledger.
    return staged.begun(lab, slug)
