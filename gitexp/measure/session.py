"""One run of one commit with one seed, from the checkout to the row."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from gitexp.checkout import upwards
from gitexp.core import ids
from gitexp.core.errors import Failure, Refused
from gitexp.core.tuples import NamedTuple
from gitexp.gpu.gpus import Taken
from gitexp.lab.config import Command
from gitexp.lab.lab import Lab
from gitexp.ledger import counting, loss, pending, read, standing
from gitexp.ledger.result import Kind, Result, Status
from gitexp.measure import context, environment, evidence, execution, occupancy, outcome, outputs, prepare, record, stage, tracked
from gitexp.measure.execution import Executed
from gitexp.measure.metric import Reader
from gitexp.measure.outputs import Outputs
from gitexp.measure.prepare import Prepared
from gitexp.measure.pythons import Pythons
from gitexp.measure.sound import Sound
from gitexp.measure.stage import Stage
from gitexp.measure.subject import Subject
from gitexp.measure.tracked import Tracker
from gitexp.measure.voice import Voice
from gitexp.measure.yardstick import Yardstick
from gitexp.run import fence, heir, run
from gitexp.run.ending import Ending
from gitexp.run.fence import OPEN, Fence
from gitexp.run.interrupts import Interrupts
from gitexp.verdict import decide
from gitexp.verdict.decide import Decision
from gitexp.verdict.verdict import Kind as Judged

if TYPE_CHECKING:
    from gitexp.gpu.warden import Warden
    from gitexp.measure.data import Watch
    from gitexp.measure.trained import Trained


class Session(NamedTuple):
    """What all seeds of an evaluation have in common; the checkout must be held."""

    lab: Lab
    what: Subject
    yardstick: Yardstick
    words: tuple[str, ...]
    voice: Voice
    gpus: Taken = Taken()
    declared: bool = True  # Whether the lab has named the seeds that are run.
    ground: Sound | None = None  # Whether no bug has spoilt what is measured.
    trained: Trained | None = None  # What is evaluated again, and nothing trained.
    fence: Fence = OPEN

    @property
    def eval_id(self) -> str:
        return self.yardstick.name(self.lab.config, self.words)

    def run(self, seed: int | None) -> tuple[Result, Decision | None, Failure | None]:
        """Measure one seed. Raises KeyboardInterrupt when asked to stop, after the row is written."""
        if self.ground:
            self.ground.require()
        warden = self.gpus.admit(self.voice.say)
        ready = prepare.prepare(self.lab, self.what, self.yardstick)
        pythons = Pythons(self.lab, ready.folder)
        pythons.require_commit(ready.fixed)
        held = self._replace(fence=fence.of(self.lab, self.lab.config.commands, lambda: pythons.loaded(ready.fixed)))
        with self._watch(ready) as watch:
            return held._measure(seed, ready, pythons, warden, watch)

    def decide(self, more: Iterable[Result] = ()) -> Decision | None:
        """The verdict on what there is of the tree; where the ledger has lost rows it is said that there is none."""
        try:
            loss.refuse(self.lab)
            what = self.what
            return decide.decide(self.lab, what.slug, what.commit, what.tree, eval_id=self.eval_id, more=more)
        except (Failure, OSError) as error:
            self.voice.say(f'no verdict: {error}')
            return None

    def _measure(
        self, seed: int | None, ready: Prepared, pythons: Pythons, warden: Warden | None, watch: Watch | None,
    ) -> tuple[Result, Decision | None, Failure | None]:
        begun = self._begun(seed, ready, pythons)
        if self.lab.config.inputs:
            from gitexp.measure import comparable
            comparable.require(self.lab, begun, say=self.voice.say)
        if self.lab.config.metric.time_limited and begun.kind is Kind.BASELINE:
            from gitexp.measure import comparable
            comparable.require_machine(self.lab, begun)
        suffix = self.trained.suffix if self.trained else ''
        places = outputs.expect(begun.id, folder=self.what.folder, checkout=ready.folder, below=self.what.worktree, suffix=suffix)
        tracker = tracked.of(self.lab, self.what, begun, out=places.out)
        with occupancy.occupied(self.lab, begun.id, places), Interrupts() as signals:
            under_way = pending.begin(self.lab, begun)
            tracker.start()
            with heir.of(begun.id, occupancy.notes(self.lab)):
                done = self._execute(begun, ready, places, signals, tracker, warden, watch)
            moved = places.collect(self.voice.say)
            missing = () if self.trained else places.missing(self.lab.config.outputs)
            result = outcome.of(begun, done, missing, warden.facts() if warden else None)
            self._note_search(result, places)  # After what is missing was asked: it is the run that must leave that.
            result = self._marked(result, places, moved)
            under_way.keep(result)
            if not self.trained:  # Else the folder is that of a version that is retired, and stays as it is.
                context.note(result, places.log().parent, places.below, seeds=self.lab.config.seeds)
            result = tracker.end(result)
            ground = self._ground()
            decision = self._decision(result, ground)
            result = self._judged(result, decision, ground)
            unnoted = under_way.finish(self.lab, result)
            outcome.tell(self.lab, result, done, ground, fence=self.fence, voice=self.voice)
            tracker.tell(self.voice.say)
            if unnoted:
                self.voice.say(unnoted)
        return result, decision, outcome.failure(result, done)

    def _begun(self, seed: int | None, ready: Prepared, pythons: Pythons) -> Result:
        now = self.voice.clock()
        around = record.of(self.lab, ready, pythons, logs=self.what.folder / 'exp_log', top=self.what.worktree, say=self.voice.say)
        begun = Result(
            self._name(ids.clock(now)), now.isoformat(timespec='seconds'), self.what.slug, self.what.kind, Status.FAILED,
            version=self.what.version, commit=self.what.commit, seed=seed, description=self.what.title, tree=self.what.tree,
            eval_id=self.eval_id, params={**({'args': list(self.words)} if self.words else {}), **self._mark},
            env={
                **around, **({counting.GPUS: self.gpus.names} if self.gpus.names else {}), 'landlock': self.fence.version or False,
                **({'sealed': True} if self.lab.config.sealed else {}),
            },
        )
        return self.trained.begun(begun) if self.trained else begun

    def _name(self, clock: int) -> str:
        """One that sorts after all that has been retired by a clock as good as ours: what is measured anew was not there then.

        Where there is such an event ahead of our clock, what was measured since is ahead as well, and keeps its order.
        """
        name = ids.make(clock)
        if any(row.id > name for row in read.holding(self.lab, Kind.SUPERSEDE.value) if row.kind is Kind.SUPERSEDE):
            known = sorted((row.id for row in read.read(self.lab).results), reverse=True)
            return next((after for one in known if (after := ids.after(one, clock))), name)
        return name

    @property
    def _mark(self) -> dict[str, bool]:
        return {} if self.declared else {counting.UNDECLARED: True}

    def _execute(
        self, begun: Result, ready: Prepared, places: Outputs, signals: Interrupts, tracker: Tracker, warden: Warden | None,
        watch: Watch | None,
    ) -> Executed:
        """Train if the lab does, then evaluate. What cannot be laid out for that is why a run has failed, since it has begun."""
        start, train, done = partial(self._start, begun, places, signals, tracker, warden), self.lab.config.train, None
        with ExitStack() as held:
            try:
                judged = held.enter_context(self.trained.laid(places.out, places.there)) if self.trained else None
                at = held.enter_context(stage.of(self.lab, ready, watch))
                if train and not self.trained:
                    done = start(at, train)
                    if done.offence or done.last.ending is not Ending.OK:
                        return done
                if self.lab.config.sealed:
                    places.make()
                    if astray := evidence.astray(places.out):
                        what = 'which is no file, no folder that can be listed, and no link to one in there'
                        raise Refused(f"training has left '{astray}' in EXP_OUT, {what}")
                    at = held.enter_context(stage.sealed(self.lab, at, self.yardstick.files))
                done = execution.added(done, start(at, self.lab.config.eval))
                return judged(done) if judged else done
            except Failure as error:
                return execution.added(done, execution.none(places.log(), error.message))

    def _start(
        self, begun: Result, places: Outputs, signals: Interrupts, tracker: Tracker, warden: Warden | None, at: Stage, command: Command,
    ) -> Executed:
        """One command; what must not change is looked at after it."""
        trains = command is self.lab.config.train
        reader = None if trains else Reader(self.lab.config.metric.name)
        log = places.log('.train' if trains else '')
        env = {**environment.of(self.lab, self.what, run=begun.id, seed=begun.seed, out=places.out), **self.gpus.env}
        ended = run.supervise(
            prepare.line(command.text, begun.seed, () if trains else self.words), cwd=at.ready.folder,
            env={**env, **tracker.environment(did='train' if trains else 'eval')},
            limit=command.limit, log=log, top=places.below, signals=signals,
            hear=reader.hear if reader else None, echo=self.voice.echo, fence=self.fence.but(at.ready.folder, places.out),
            warden=warden, notes=occupancy.notes(self.lab),
        )
        if trains and ended.ending is Ending.OK:
            self._keep_trained(places)
            upwards.end(at.ready.folder)
        offence = at.offence(trained=trains)
        return Executed(ended, log, ended.seconds, ended.memory_gb, reader.reading() if reader else None, offence, ended.paused)

    def _keep_trained(self, places: Outputs) -> None:
        """What scores in a sealed lab finds all in EXP_OUT, and never comes to where training was."""
        from gitexp.measure import trained
        if self.lab.config.sealed:
            places.collect(self.voice.say)
        trained.note(places)

    def _note_search(self, result: Result, places: Outputs) -> None:
        if result.metrics and not self.trained:
            from gitexp.measure import search
            search.note(result, places)

    def _marked(self, result: Result, places: Outputs, moved: list[str]) -> Result:
        if not self.lab.config.train or self.trained:
            return result
        from gitexp.measure import trained
        return trained.marked(result, places, moved)

    @staticmethod
    def _watch(ready: Prepared) -> AbstractContextManager[Watch | None]:
        """Begun before the inputs are read, so that none can be another afterwards."""
        if not ready.inputs:
            return nullcontext()
        from gitexp.measure.data import Watch
        return Watch(ready.inputs)

    def _ground(self) -> Mapping[str, str]:
        """The ground that the evaluation goes by, where a run may have another: on other inputs it was refused before."""
        if not self.lab.config.metric.time_limited:
            return {}
        try:
            return {self.eval_id: standing.trees(self.lab, self.eval_id).data or ''}
        except (Failure, OSError):
            return {}

    def _decision(self, result: Result, ground: Mapping[str, str]) -> Decision | None:
        if result.kind is Kind.BASELINE or not counting.competes(result, self.lab.config.metric, ground):
            return None
        return self.decide([result])

    def _judged(self, result: Result, decision: Decision | None, ground: Mapping[str, str]) -> Result:
        """With the verdict and its flags. A value that nothing can be held against is provisional, one that does not count is none."""
        if decision:
            flags = decision.verdict.flags
            params = {**result.params, 'flags': list(flags)} if flags else result.params
            return result._replace(verdict=decision.verdict.kind.value, params=params)
        counts = result.kind is not Kind.BASELINE and counting.competes(result, self.lab.config.metric, ground)
        return result._replace(verdict=Judged.PROVISIONAL.value) if counts else result
