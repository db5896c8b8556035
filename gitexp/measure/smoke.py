"""The fast sanity check of a committed tree."""
from __future__ import annotations

from gitexp.core import ids
from gitexp.core.errors import Refused, RunFailed, TimedOut
from gitexp.lab.config import Command
from gitexp.lab.lab import Lab
from gitexp.measure import checkout, environment, failing, fence, prepare, run, yardstick
from gitexp.measure.interrupts import Interrupts
from gitexp.measure.run import Ending
from gitexp.measure.subject import Subject
from gitexp.measure.voice import Voice
from gitexp.measure.yardstick import Yardstick


def smoke(lab: Lab, what: Subject, *, voice: Voice) -> float:
    """Run the check, whether the tree has passed it before or not; returns the seconds it took.

    Raises Refused when the lab has none, RunFailed when it fails, TimedOut at its limit.
    """
    if lab.config.smoke is None:
        raise Refused('this lab has no smoke test', hint='add one to gitexp.yaml on the trunk, such as: smoke: python eval.py --quick')
    environment.tell(voice)
    with checkout.alone(lab, purpose=f"the smoke test of '{what.slug}'", say=voice.say):
        return _run(lab, what, lab.config.smoke, yardstick.of(lab), voice)


def require(lab: Lab, what: Subject, by: Yardstick, *, voice: Voice) -> None:
    """Run the check unless there is none, or this very tree has passed it; the checkout must be held."""
    if lab.config.smoke and not passed(lab, what.tree):
        seconds = _run(lab, what, lab.config.smoke, by, voice)
        voice.say(f'smoke test passed in {seconds:.1f} s')


def passed(lab: Lab, tree: str) -> bool:
    """Whether a tree has passed the check that is configured now."""
    try:
        return lab.config.smoke is not None and (lab.state / 'smoke' / tree).read_text() == lab.config.smoke.text
    except OSError:
        return False


def _run(lab: Lab, what: Subject, command: Command, by: Yardstick, voice: Voice) -> float:
    folder = prepare.prepare(lab, what, by).folder
    name = ids.make(int(voice.clock().timestamp() * 1000))
    log = what.folder / 'exp_log' / 'smoke.log'
    out = folder / '.exp_out'  # Goes with the checkout.
    out.mkdir(exist_ok=True)
    seed = lab.config.seeds[0]
    stamp = lab.state / 'smoke' / what.tree
    stamp.unlink(missing_ok=True)
    with checkout.occupied(lab, name), Interrupts() as signals:
        ended = run.supervise(
            prepare.line(command.text, seed), cwd=folder, env=environment.of(what, run=name, seed=seed, out=out),
            limit=command.limit, log=log, signals=signals, echo=voice.echo, fence=fence.of(lab, command.text).but(folder),
        )
    if ended.ending is not Ending.OK:
        failing.show(ended.tail, voice)
        kind = TimedOut if ended.ending is Ending.TIMEOUT else RunFailed
        raise kind(f"'{what.slug}' fails the smoke test: {ended.reason}", hint=f"its log: less '{log}'")
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(command.text)
    return ended.seconds
