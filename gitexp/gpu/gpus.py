"""The GPUs that a command's runs take: which, one holder each, and looked after while they run."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab

if TYPE_CHECKING:
    from gitexp.gpu.nvml import Gpu
    from gitexp.gpu.warden import Warden

VISIBLE = 'CUDA_VISIBLE_DEVICES'
_ORDER = 'CUDA_DEVICE_ORDER'
_LIBRARY = 'libnvidia-ml.so.1'
_COOLING = 900.0  # seconds for a GPU to cool that others have heated, or our own run before
_NO = ('false', 'no', 'off', '0')

Say = Callable[[str], None]


class Taken:
    """The GPUs held, none perhaps; `env` is what tells a command which they are."""

    def __init__(
        self, gpus: Sequence[Gpu] = (), env: Mapping[str, str] | None = None, *, patient: bool = False, measures: bool = True,
    ) -> None:
        self.gpus = gpus
        self.env = env or {}
        self._patient = patient
        self._measures = measures

    @property
    def names(self) -> list[str]:
        """What they are called, such as NVIDIA H100 80GB HBM3."""
        return [gpu.name for gpu in self.gpus]

    def admit(self, say: Say) -> Warden | None:
        """Look whether a run may start, and who looks after it; None where it takes no GPU.

        Raises Refused when one is too hot; waits for it to cool where it was in use just before, by whoever held it or by us.
        """
        if not self.gpus:
            return None
        from gitexp.gpu import thermal
        from gitexp.gpu.warden import Warden
        warden = Warden(self.gpus, every=thermal.EVERY, say=say, measures=self._measures)
        warden.admit(patience=_COOLING if self._patient else 0.0)
        self._patient = True
        return warden


@contextmanager
def taken(lab: Lab, slug: str, *, say: Say) -> Iterator[Taken]:
    """Hold the GPUs that `gpus` in gitexp.yaml asks for; waits in turn for those that others hold.

    Raises Refused when they are not there, or cannot be asked for their temperature.
    """
    wanted = lab.config.gpus
    said = os.environ.get(VISIBLE)
    if wanted == 0 or said is not None and said.strip() in ('', '-1') or not _driver_is_there():
        _refuse_fewer(wanted, [], said)
        yield Taken(env={VISIBLE: ''} if wanted == 0 else None)
        return
    from gitexp.gpu import nvml, turns
    with nvml.opened() as present:
        free = visible(present, said, nvml.part)
        candidates, count = choice(free, wanted, said)
        if not count:
            yield Taken()
            return
        waited: list[str] = []

        def tell(line: str) -> None:
            waited.append(line)
            say(line)
        claim = turns.Claim(str(lab.root), slug, tell)
        with turns.taken({gpu.uuid: str(gpu) for gpu in candidates}, count, claim) as uuids:
            mine = [gpu for gpu in candidates if gpu.uuid in uuids]
            measures = lab.settings.get('gitexp.thermal', '').lower() not in _NO
            yield Taken(mine, told(mine, present, os.environ), patient=bool(waited), measures=measures)


def visible(present: Sequence[Gpu], said: str | None, part: Callable[[str], Gpu | None]) -> list[Gpu]:
    """The GPUs that CUDA_VISIBLE_DEVICES names, all when it is not set: up to the first name that is none, as CUDA reads it.

    Numbers are those of nvidia-smi. `part` finds a part of a GPU (MIG) by its name.
    """
    if said is None:
        return [*present]
    found: list[Gpu] = []
    for name in map(str.strip, said.split(',')):
        gpu = part(name) if name.startswith('MIG-') else _named(present, name)
        if gpu is None or gpu in found:
            break
        found.append(gpu)
    return found


def choice(free: Sequence[Gpu], wanted: int | tuple[str, ...] | None, said: str | None) -> tuple[list[Gpu], int]:
    """Those that a run may have, and how many of them; `wanted` is as in gitexp.yaml, None for all.

    Raises Refused when there are fewer, or when one does not answer that is needed.
    """
    if isinstance(wanted, tuple):
        free = [gpu for name in wanted if (gpu := _named(free, name))]
    _refuse_fewer(wanted, free, said)
    count = wanted if isinstance(wanted, int) else len(free)
    sound = [gpu for gpu in free if gpu.handle is not None]
    if count > len(sound):
        broken = next(gpu for gpu in free if gpu.handle is None)
        others = ','.join(gpu.number for gpu in sound)
        raise Refused(f'{broken} does not answer', hint=f'nvidia-smi shows what is wrong; to do without it: export {VISIBLE}={others}')
    return sound, count


def told(mine: Sequence[Gpu], present: Sequence[Gpu], env: Mapping[str, str]) -> dict[str, str]:
    """What a command must be told so that it takes these and no others.

    Nothing where it would anyway: some programs cannot read a uuid there. Numbers are CUDA's own, fastest first, unless all
    GPUs are alike or CUDA_DEVICE_ORDER says otherwise.
    """
    said = env.get(VISIBLE)
    if said is None and len(mine) == len(present):
        return {}
    ordered = env.get(_ORDER) == 'PCI_BUS_ID' or len({gpu.name for gpu in present}) == 1
    if said is not None and ordered and [gpu.number for gpu in mine] == [name.strip() for name in said.split(',')]:
        return {}
    return {VISIBLE: ','.join(gpu.uuid for gpu in mine)}


def _driver_is_there() -> bool:
    """Costs 0.05 ms where there is none, once ctypes is loaded, which every run needs; honours LD_LIBRARY_PATH."""
    import ctypes
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError:
        return False
    return True


def _named(gpus: Sequence[Gpu], name: str) -> Gpu | None:
    """By number, or by what a uuid begins with."""
    found = [gpu for gpu in gpus if gpu.number == name or name.startswith(('GPU-', 'MIG-')) and gpu.uuid.startswith(name)]
    return found[0] if len(found) == 1 else None


def _refuse_fewer(wanted: int | tuple[str, ...] | None, free: Sequence[Gpu], said: str | None) -> None:
    least = wanted if isinstance(wanted, int) else len(wanted or ())
    if len(free) < least:
        which = f' ({", ".join(wanted)})' if isinstance(wanted, tuple) else ''
        seen = f'{len(free) or "none"} of them can be seen' + (f' with {VISIBLE}={said}' if said is not None else '')
        raise Refused(f'gitexp.yaml wants {least} GPU{"s" if least > 1 else ""}{which} for a run, and {seen}', hint='nvidia-smi -L')
