"""One run of one commit with one seed, from the checkout to the row."""
from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gitexp
from gitexp.core import ids
from gitexp.core.errors import Failure, Integrity, RunFailed, TimedOut
from gitexp.lab.lab import Lab
from gitexp.ledger import pending
from gitexp.ledger.result import Kind, Result, Status
from gitexp.measure import checkout, conversion, decide, environment, failing, fixed, interpreter, outputs, prepare, run
from gitexp.measure.decide import Decision
from gitexp.measure.fence import Fence
from gitexp.measure.interrupts import Interrupts
from gitexp.measure.metric import Reader, Reading
from gitexp.measure.outputs import Outputs
from gitexp.measure.planted import Planted
from gitexp.measure.prepare import Prepared
from gitexp.measure.run import Ended, Ending
from gitexp.measure.sentry import Sentry
from gitexp.measure.subject import Subject
from gitexp.measure.verdict import Kind as Judged
from gitexp.measure.voice import Voice
from gitexp.measure.yardstick import Yardstick

_STATUS = {
    Ending.OK: Status.OK, Ending.FAILED: Status.FAILED, Ending.TIMEOUT: Status.TIMEOUT, Ending.OOM: Status.OOM,
    Ending.INTERRUPTED: Status.FAILED,
}
_SHOWN = 10
_DENIED = b'Permission denied'


class Executed(NamedTuple):
    """The commands of a run that were started, in their order: how the last one ended, and where its log is.

    `offence` is what the run did that makes it no result, None for nothing.
    """

    last: Ended
    log: Path
    seconds: float
    memory_gb: float | None
    reading: Reading | None
    offence: str | None


class Session(NamedTuple):
    """What all seeds of an evaluation have in common; the checkout must be held."""

    lab: Lab
    what: Subject
    yardstick: Yardstick
    words: tuple[str, ...]
    fence: Fence
    voice: Voice

    @property
    def eval_id(self) -> str:
        return self.yardstick.name(self.lab.config, self.words)

    def run(self, seed: int) -> tuple[Result, Decision | None, Failure | None]:
        """Measure one seed. Raises KeyboardInterrupt when asked to stop, after the row is written."""
        ready = prepare.prepare(self.lab, self.what, self.yardstick)
        begun = self._begun(seed, ready)
        places = outputs.expect(begun.id, folder=self.what.folder, checkout=ready.folder, below=self.what.worktree)
        with checkout.occupied(self.lab, begun.id), Interrupts() as signals:
            under_way = pending.begin(self.lab, begun)
            done = self._execute(begun, ready, places, signals)
            self._collect(places)
            result = outcome(begun, done)
            under_way.keep(result)
            decision = self._decision(result)
            result = result._replace(verdict=self._verdict(result, decision))
            under_way.finish(self.lab, result)
            self._tell(result, done)
        return result, decision, _failure(result, done)

    def _begun(self, seed: int, ready: Prepared) -> Result:
        now = self.voice.clock()
        return Result(
            ids.make(int(now.timestamp() * 1000)), now.isoformat(timespec='seconds'), self.what.slug, self.what.kind, Status.FAILED,
            version=self.what.version, commit=self.what.commit, seed=seed, description=self.what.title, tree=self.what.tree,
            eval_id=self.eval_id, params={'args': list(self.words)} if self.words else {},
            env={**_machine(), 'landlock': self.fence.version or False, **self._sources(ready)},
        )

    def _sources(self, ready: Prepared) -> dict[str, Any]:
        """What the commit does not say of what is run, and on which files."""
        program = environment.program(self.lab.config.eval.text, os.environ, ready.folder)
        own, more = list(ready.own_inputs[:_SHOWN]), len(ready.own_inputs) - _SHOWN
        named = own + ([f'and {more} more'] if more > 0 else [])
        return {**({'program': program} if program else {}), **({'inputs_of_worktree': named} if named else {})}

    def _execute(self, begun: Result, ready: Prepared, places: Outputs, signals: Interrupts) -> Executed:
        """Train if the lab does, then evaluate; what must not change is looked at after each."""
        config = self.lab.config
        env = environment.of(self.what, run=begun.id, seed=begun.seed, out=places.out)
        installed = partial(interpreter.installed, config.eval.text, folder=ready.folder)
        planted = Planted(ready.folder, ready.fixed, installed) if config.train else None
        done: Executed | None = None
        with Sentry(ready.folder, ready.fixed) as sentry:
            for command, log in [(config.train, places.log('.train')), (config.eval, places.log())]:
                if command is None or done and (done.offence or done.last.ending is not Ending.OK):
                    continue
                reader = Reader(config.metric.name) if command is config.eval else None
                line = prepare.line(command.text, begun.seed, self.words if reader else ())
                ended = run.supervise(
                    line, cwd=ready.folder, env=env, limit=command.limit, log=log, signals=signals,
                    hear=reader.hear if reader else None, echo=self.voice.echo, fence=self.fence.but(ready.folder, places.out),
                )
                offence = _offence(ready, sentry, planted if command is config.train else None)
                reading = reader.reading() if reader else None
                done = _added(done, Executed(ended, log, ended.seconds, ended.memory_gb, reading, offence))
        assert done
        return done

    def _collect(self, places: Outputs) -> None:
        """Nothing that goes wrong after a run may cost its row."""
        try:
            places.collect()
        except OSError as error:
            self.voice.say(f"what the run left in '{places.there}' could not be moved to '{places.folder}': {error}")

    def _decision(self, result: Result) -> Decision | None:
        if result.kind is Kind.BASELINE or result.status is not Status.OK:
            return None
        try:
            return decide.decide(self.lab, self.what.tree, eval_id=self.eval_id, more=[result])
        except (Failure, OSError) as error:
            self.voice.say(f'no verdict: {error}')
            return None

    def _verdict(self, result: Result, decision: Decision | None) -> str | None:
        """A value that nothing can be held against is provisional, an implausible one is none."""
        if decision:
            return decision.verdict.kind.value
        competes = result.value is not None and self.lab.config.metric.plausible(result.value)
        return Judged.PROVISIONAL.value if competes and result.kind is not Kind.BASELINE else None

    def _tell(self, result: Result, done: Executed) -> None:
        metric = self.lab.config.metric
        if done.last.ending is Ending.INTERRUPTED:
            self.voice.say(f'seed {result.seed}: {done.last.reason} after {done.seconds:.1f} s, and written down as failed')
            return
        if result.value is None:
            self.voice.say(f'seed {result.seed}: {result.status.value} after {done.seconds:.1f} s')
            failing.show(done.last.tail, self.voice)
            if self.fence.version and _DENIED in done.last.tail:
                self.voice.say('a run writes to its checkout, EXP_OUT and outside the lab; if it must elsewhere: '
                               'git config gitexp.landlock false')
            for name in conversion.missed(self.lab, checkout.place(self.lab)):
                self.voice.say(f"the filter '{name}' has no say in the checkout, which has the files as they are committed; "
                               'declare what a run needs otherwise as inputs')
            return
        self.voice.say(f'seed {result.seed}: {metric.name} {result.value:.6g} in {done.seconds:.1f} s')
        if not metric.plausible(result.value):
            self.voice.say(f'    outside the plausible bounds {list(metric.bounds or ())}, so that it does not compete')


def outcome(begun: Result, done: Executed) -> Result:
    """The row of a run: no value unless all went well."""
    status, reason = _STATUS[done.last.ending], done.last.reason
    if done.offence:
        status, reason = Status.VIOLATION, done.offence
    elif status is Status.OK and done.reading and done.reading.value is None:
        status, reason = Status.FAILED, done.reading.why
    return begun._replace(
        status=status, value=done.reading.value if done.reading and status is Status.OK else None,
        seconds=round(done.seconds, 3), memory_gb=None if done.memory_gb is None else round(done.memory_gb, 4),
        metrics=done.reading.others if done.reading else {}, env={**begun.env, **({'reason': reason} if reason else {})},
    )


def _offence(ready: Prepared, sentry: Sentry, planted: Planted | None) -> str | None:
    """What a command has done that it may not, in words."""
    changed = [one.path for one in fixed.changed(ready.folder, ready.fixed)]
    if changed:
        return f'it changed {", ".join(changed[:_SHOWN])}'
    touched = sentry.touched()
    if touched:
        return f'it wrote to or moved {", ".join(touched[:_SHOWN])}, and put back what was there'
    left = planted.found() if planted else []
    return f'training left {left[0].path}: {left[0].message}' if left else None


def _added(before: Executed | None, last: Executed) -> Executed:
    memory = [one.memory_gb for one in (before, last) if one and one.memory_gb is not None]
    return last._replace(seconds=(before.seconds if before else 0) + last.seconds, memory_gb=max(memory, default=None))


def _failure(result: Result, done: Executed) -> Failure | None:
    if result.status is Status.OK:
        return None
    kind = {Status.VIOLATION: Integrity, Status.TIMEOUT: TimedOut}.get(result.status, RunFailed)
    return kind(f'the run is no result: {result.env["reason"]}', hint=f"its log: less '{done.log}'")


def _machine() -> dict[str, Any]:
    system = os.uname()
    return {
        'gitexp': gitexp.__version__, 'python': sys.version.split()[0], 'system': f'{system.sysname} {system.release} {system.machine}',
        'host': system.nodename,
    }
