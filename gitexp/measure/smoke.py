"""The fast sanity check of a committed tree."""
from __future__ import annotations

from gitexp.core import ids
from gitexp.core.errors import Refused, RunFailed, TimedOut
from gitexp.gpu import gpus
from gitexp.gpu.gpus import Taken
from gitexp.lab.config import Command
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result
from gitexp.measure import environment, failing, occupancy, outcome, prepare, tracked, yardstick
from gitexp.measure.execution import Executed
from gitexp.measure.pythons import Pythons
from gitexp.measure.subject import Subject
from gitexp.measure.voice import Voice
from gitexp.measure.yardstick import Yardstick
from gitexp.run import fence, heir, run
from gitexp.run.ending import Ending
from gitexp.run.interrupts import Interrupts


def smoke(lab: Lab, what: Subject, *, voice: Voice) -> float:
    """Run the check, whether the tree has passed it before or not; returns the seconds it took.

    Raises Refused when the lab has none, RunFailed when it fails, TimedOut at its limit.
    """
    if lab.config.smoke is None:
        raise Refused('this lab has no smoke test', hint='add one to gitexp.yaml on the trunk, such as: smoke: python eval.py --quick')
    environment.settle(lab)
    environment.tell(lab, voice)
    with occupancy.alone(lab, purpose=f"the smoke test of '{what.slug}'", say=voice.say), gpus.taken(lab, what.slug, say=voice.say) as held:
        return _run(lab, what, lab.config.smoke, yardstick.of(lab), voice, held)


def require(lab: Lab, what: Subject, by: Yardstick, *, voice: Voice, held: Taken) -> None:
    """Run the check unless there is none, or this very tree has passed it; the checkout must be held, as the GPUs are."""
    if lab.config.smoke and not passed(lab, what.tree):
        seconds = _run(lab, what, lab.config.smoke, by, voice, held)
        voice.say(f'smoke test passed in {seconds:.1f} s')


def passed(lab: Lab, tree: str) -> bool:
    """Whether a tree has passed the check that is configured now."""
    try:
        return lab.config.smoke is not None and (lab.state / 'smoke' / tree).read_bytes() == _stamp(lab.config.smoke)
    except OSError:
        return False


def _run(lab: Lab, what: Subject, command: Command, by: Yardstick, voice: Voice, held: Taken) -> float:
    warden = held.admit(voice.say)
    ready = prepare.prepare(lab, what, by)
    folder = ready.folder
    around = fence.of(lab, command.text, lambda: Pythons(lab, folder).loaded(ready.fixed))
    now, seed = voice.clock(), lab.config.seeds[0]
    name = ids.make(ids.clock(now))
    begun = Result(name, now.isoformat(timespec='seconds'), what.slug, what.kind, version=what.version, commit=what.commit, seed=seed)
    log = what.folder / 'exp_log' / 'smoke.log'
    out = folder / '.exp_out'  # Goes with the checkout.
    out.mkdir(exist_ok=True)
    tracker = tracked.of(lab, what, begun, out=out, kind='smoke')
    stamp = lab.state / 'smoke' / what.tree
    stamp.unlink(missing_ok=True)
    with occupancy.occupied(lab, name), Interrupts() as signals, heir.of(name, occupancy.notes(lab)):
        tracker.start()
        env = {**environment.of(lab, what, run=name, seed=seed, out=out), **held.env, **tracker.environment(did='eval')}
        ended = run.supervise(
            prepare.line(command.text, seed), cwd=folder, env=env,
            limit=command.limit, log=log, top=what.worktree, signals=signals, echo=voice.echo,
            fence=around.but(folder), warden=warden, notes=occupancy.notes(lab),
        )
        tracker.end(outcome.of(begun, Executed(ended, log, ended.seconds, ended.memory_gb, None, None)))
    tracker.tell(voice.say)
    if ended.ending is not Ending.OK:
        failing.show(ended.tail, voice)
        kind = TimedOut if ended.ending is Ending.TIMEOUT else RunFailed
        raise kind(f"'{what.slug}' fails the smoke test: {ended.reason}", hint=f"its log: less '{log}'")
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_bytes(_stamp(command))
    return ended.seconds


def _stamp(command: Command) -> bytes:
    return command.text.encode('utf-8', 'surrogateescape')
