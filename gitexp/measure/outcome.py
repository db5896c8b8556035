"""What became of a run: its row, the failure it ends the command with, and what a person is told."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitexp.checkout import checkout, conversion
from gitexp.core.errors import Failure, Integrity, RunFailed, TimedOut
from gitexp.lab.lab import Lab
from gitexp.ledger import counting
from gitexp.ledger.result import Result, Status
from gitexp.measure.execution import Executed
from gitexp.measure.voice import Voice
from gitexp.run.ending import Ending
from gitexp.run.fence import Fence

_STATUS = {
    Ending.OK: Status.OK, Ending.FAILED: Status.FAILED, Ending.TIMEOUT: Status.TIMEOUT, Ending.OOM: Status.OOM,
    Ending.INTERRUPTED: Status.INTERRUPTED, Ending.THERMAL_ABORT: Status.THERMAL_ABORT,
}
_DENIED = b'Permission denied'
_SHOWN = 10


def of(begun: Result, done: Executed, missing: Sequence[str] = (), gpus: Mapping[str, Any] | None = None) -> Result:
    """The row of a run: no value unless all went well.

    `missing` are declared outputs that it did not leave, `gpus` what was seen of the GPUs meanwhile.
    """
    seen = {**(gpus or {}), **({'paused': round(done.paused, 1)} if done.paused else {})}
    status, reason = _STATUS[done.last.ending], done.last.reason
    if done.offence:
        status, reason = Status.VIOLATION, done.offence
    elif status is Status.OK and done.reading and done.reading.value is None:
        status, reason = Status.FAILED, done.reading.why
    elif status is Status.OK and missing:
        named = ', '.join(f"'{name}'" for name in missing[:_SHOWN])
        status, reason = Status.FAILED, f'it left no {named}, which gitexp.yaml names among the outputs'
    return begun._replace(
        status=status, value=done.reading.value if done.reading and status is Status.OK else None,
        seconds=round(done.seconds, 3), memory_gb=None if done.memory_gb is None else round(done.memory_gb, 4),
        metrics=done.reading.others if done.reading else {}, env={**begun.env, **seen, **({'reason': reason} if reason else {})},
    )


def failure(result: Result, done: Executed) -> Failure | None:
    """What a run that is no result ends the command with."""
    if result.status is Status.OK:
        return None
    kind = {Status.VIOLATION: Integrity, Status.TIMEOUT: TimedOut}.get(result.status, RunFailed)
    return kind(f'the run is no result: {result.env["reason"]}', hint=f"its log: less '{done.log}'")


def tell(lab: Lab, result: Result, done: Executed, ground: Mapping[str, str], *, fence: Fence, voice: Voice) -> None:
    """Say how a run went, and what may help where it went wrong; `ground` is by evaluation what `counting.measured_on` says."""
    metric = lab.config.metric
    if done.last.ending is Ending.INTERRUPTED:
        voice.say(f'seed {result.seed}: {done.last.reason} after {done.seconds:.1f} s, and written down as {result.status.value}')
        return
    if result.value is None:
        voice.say(f'seed {result.seed}: {result.status.value} after {done.seconds:.1f} s')
        from gitexp.measure import failing  # Most runs succeed.
        failing.show(done.last.tail, voice)
        _advise(lab, done, fence, voice)
        return
    voice.say(f'seed {result.seed}: {metric.name} {result.value:.6g} in {done.seconds:.1f} s')
    if not metric.plausible(result.value):
        voice.say(f'    outside the plausible bounds {list(metric.bounds or ())}, so that it does not compete')
    elif why := counting.why_not(result, metric, ground):
        voice.say(f'    {counting.WORDS[why]}, so that it does not compete')


def _advise(lab: Lab, done: Executed, fence: Fence, voice: Voice) -> None:
    if fence.version and _DENIED in done.last.tail:
        voice.say('a run may write to its checkout, to EXP_OUT, and outside the lab where no program lies that measures; '
                  'where it has to elsewhere, a person says: git config gitexp.landlock false')
    if lab.config.sealed and done.reading:
        voice.say('sealed: of the repository it has the frozen and fixed files and the inputs, and what training left in EXP_OUT')
    for name in conversion.missed(lab, checkout.place(lab)):
        voice.say(f"the filter '{name}' has no say in the checkout, which has the files as they are committed; "
                  'declare what a run needs otherwise as inputs')
