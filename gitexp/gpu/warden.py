"""Looks after the GPUs of one run: how hot they are, and who else computes on them."""
from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.gpu import nvml, strangers, thermal
from gitexp.gpu.nvml import Gpu, Unreadable
from gitexp.gpu.thermal import Course, Heat

_SHOWN = 5
_EVENTS = 20


class _Seen(NamedTuple):
    """The hottest of the GPUs that say how hot they are, and what one that does not says instead."""

    gpu: Gpu | None
    celsius: int | None
    failure: Unreadable | None


class Warden:
    """`every` is the time from look to look in seconds; `measures` is False where no temperature is to be read.

    `why` says, once a look has said that the run must end, what has ended it.
    """

    def __init__(self, gpus: Sequence[Gpu], *, every: float, say: Callable[[str], None], measures: bool = True) -> None:
        self.every = every
        self.why: str | None = None
        self._gpus = gpus
        self._say = say
        self._measures = measures
        self._course = Course()
        self._peak: int | None = None
        self._alike = strangers.numbered_alike()
        self._before = {gpu.uuid: _computing(gpu)[0] for gpu in gpus}
        self._met: dict[str, None] = {}
        self._unmet: str | None = None
        self._events: list[str] = []

    def admit(self, *, patience: float = 0.0) -> None:
        """Raises Refused when a GPU does not say how hot it is, or is too hot and does not cool within so many seconds."""
        if not self._measures:
            return
        deadline = time.monotonic() + patience
        gpu, celsius = self._hottest()
        if patience and not thermal.may_start(celsius):
            self._say(f'{gpu} is at {celsius} °C: waiting until it is below {thermal.RESUME}')
            while celsius >= thermal.RESUME and time.monotonic() < deadline:
                time.sleep(self.every)
                gpu, celsius = self._hottest()
        if not thermal.may_start(celsius):
            says = f'{gpu} is at {celsius} °C, and nothing starts at {thermal.REFUSE} or more'
            raise Refused(says, hint='let it cool; nvidia-smi shows what heats it')

    def look(self, family: Callable[[], Collection[int]]) -> Heat:
        """Look once; `family` names the processes of the run as they are when it is called."""
        self._meet(family)
        if not self._measures:
            return Heat.COOL
        seen = self._read()
        before = self._course.heat
        heat = self._course.next(seen.celsius, failed=seen.failure is not None, lost=seen.failure is not None and seen.failure.lost)
        if heat is Heat.UNKNOWN:
            self.why = str(seen.failure)
        elif heat is Heat.CRITICAL:
            self.why = f'{seen.gpu} was at {seen.celsius} °C'
            self._happened('ended', seen)
        elif heat is not before:
            then = f'the run is paused until it is below {thermal.RESUME}' if heat is Heat.HOT else 'the run goes on'
            self._say(f'{seen.gpu} is at {seen.celsius} °C: {then}')
            self._happened('paused' if heat is Heat.HOT else 'went on', seen)
        return heat

    def facts(self) -> dict[str, Any]:
        """What the row says of the GPUs; reads the temperature once more, for runs that are shorter than the time between two looks."""
        if not self._gpus:
            return {}
        if self._measures:
            self._read()
        met = list(self._met) or ([f'unknown: {self._unmet}'] if self._unmet else [])
        return {
            **({'thermal_max': self._peak} if self._peak is not None else {}),
            **({'heat': self._events[-_EVENTS:]} if self._events else {}),
            **({'contended': True} if self._met else {}), **({'others_on_gpu': met[:_SHOWN]} if met else {}),
        }

    def _happened(self, what: str, seen: _Seen) -> None:
        now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
        self._events.append(f'{now} {what}: {seen.gpu} at {seen.celsius} °C')

    def _hottest(self) -> tuple[Gpu, int]:
        seen = self._read()
        if seen.failure or seen.gpu is None or seen.celsius is None:
            hint = 'nvidia-smi shows what is wrong; where a GPU has no thermometer: git config gitexp.thermal false'
            raise Refused(str(seen.failure), hint=hint)
        return seen.gpu, seen.celsius

    def _read(self) -> _Seen:
        gpu, celsius, failure = None, None, None
        for one in self._gpus:
            try:
                found = nvml.celsius(one)
            except Unreadable as error:
                failure = error if failure is None or error.lost else failure
                continue
            if celsius is None or found > celsius:
                gpu, celsius = one, found
        if celsius is not None:
            self._peak = max(celsius, self._peak or celsius)
        return _Seen(gpu, celsius, failure)

    def _meet(self, family: Callable[[], Collection[int]]) -> None:
        """Note who else is there; the family is asked before and after, since it grows."""
        ours = {*family()}
        found = [(gpu, *_computing(gpu)) for gpu in self._gpus]
        ours |= {*family()}
        for gpu, seen, failure in found:
            self._unmet = failure or self._unmet
            for pid in strangers.among(
                seen, ours, before=self._before[gpu.uuid], alike=self._alike, users=lambda: strangers.users(ours),
            ):
                said = strangers.described(pid, alike=self._alike)
                self._met.update({f'{said}, on {gpu}': None} if said else {})


def _computing(gpu: Gpu) -> tuple[set[int], str | None]:
    """The processes on a GPU, and why they are not known."""
    try:
        return nvml.processes(gpu), None
    except Unreadable as error:
        return set(), str(error)
