"""What NVIDIA's driver says about the GPUs of this machine, asked through pynvml."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple

if TYPE_CHECKING:
    from pynvml import NVMLError

_BELIEVABLE = range(1, 150)  # °C. A sensor that is broken says 0, -1 or 255.


class Gpu(NamedTuple):
    """`number` is that of nvidia-smi; `handle` is the driver's, None for a GPU that does not answer, whose `name` then says why.

    `thermometer` is the handle of the whole GPU where this is a part of one (MIG).
    """

    number: str
    uuid: str
    name: str
    handle: Any = None
    thermometer: Any = None

    def __str__(self) -> str:
        return f'GPU {self.number} ({self.name})'


class Unreadable(Exception):
    """What a GPU does not say; `lost` is True when it will never say anything again."""

    def __init__(self, reason: str, *, lost: bool = False) -> None:
        super().__init__(reason)
        self.lost = lost


@contextmanager
def opened() -> Iterator[list[Gpu]]:
    """The GPUs of the machine in the order of the bus, none without a driver; to be asked until this is left.

    Raises Refused when the driver does not answer.
    """
    import pynvml
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded):
        yield []
        return
    except pynvml.NVMLError as error:
        raise _mute(error) from None
    try:
        try:
            count = pynvml.nvmlDeviceGetCount()
        except pynvml.NVMLError as error:
            raise _mute(error) from None
        yield [_gpu(index) for index in range(count)]
    finally:
        try:
            pynvml.nvmlShutdown()
        except pynvml.NVMLError:
            pass  # A GPU that was lost; there is nothing left to close.


def part(uuid: str) -> Gpu | None:
    """A part of a GPU (MIG) by its name, None when there is no such part."""
    import pynvml
    try:
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        whole = pynvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle)
        return Gpu(uuid, uuid, pynvml.nvmlDeviceGetName(handle), handle, whole)
    except pynvml.NVMLError:
        return None


def celsius(gpu: Gpu) -> int:
    """The temperature of the GPU; raises Unreadable, also for what cannot be one."""
    import pynvml
    try:
        found = _temperature(gpu.thermometer)
    except pynvml.NVMLError as error:
        raise _unreadable(gpu, error) from None
    if found not in _BELIEVABLE:
        raise Unreadable(f'{gpu} says that it is at {found} °C, which cannot be')
    return found


def processes(gpu: Gpu) -> set[int]:
    """The ids of the processes that compute on a GPU, also through MPS, as the driver numbers them; raises Unreadable."""
    import pynvml
    try:
        found = _listed(pynvml.nvmlDeviceGetComputeRunningProcesses_v3, pynvml.nvmlDeviceGetComputeRunningProcesses_v2, gpu.handle)
    except pynvml.NVMLError as error:
        raise _unreadable(gpu, error) from None
    try:
        newer, older = pynvml.nvmlDeviceGetMPSComputeRunningProcesses_v3, pynvml.nvmlDeviceGetMPSComputeRunningProcesses_v2
        return found | _listed(newer, older, gpu.handle)
    except pynvml.NVMLError:
        return found  # A driver, or a GPU, without MPS.


def _gpu(index: int) -> Gpu:
    import pynvml
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        return Gpu(str(index), pynvml.nvmlDeviceGetUUID(handle), pynvml.nvmlDeviceGetName(handle), handle, handle)
    except pynvml.NVMLError as error:
        return Gpu(str(index), '', _words(error))


def _listed(newer: Callable[[Any], Any], older: Callable[[Any], Any], handle: Any) -> set[int]:
    """Process ids by the call that the driver has: those before 2022 lack the newer one."""
    import pynvml
    try:
        return {int(one.pid) for one in newer(handle)}
    except pynvml.NVMLError_FunctionNotFound:
        return {int(one.pid) for one in older(handle)}


def _temperature(handle: Any) -> int:
    """By the call that is there: CUDA 14 drops the older one, drivers before 2025 lack the newer one."""
    import pynvml
    try:
        return int(pynvml.nvmlDeviceGetTemperatureV(handle, pynvml.NVML_TEMPERATURE_GPU))
    except (AttributeError, pynvml.NVMLError_FunctionNotFound):
        return int(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))


def _unreadable(gpu: Gpu, error: NVMLError) -> Unreadable:
    import pynvml
    lost = isinstance(error, (pynvml.NVMLError_GpuIsLost, pynvml.NVMLError_ResetRequired))
    return Unreadable(f'{gpu} does not say how it is: {_words(error)}', lost=lost)


def _mute(error: NVMLError) -> Refused:
    return Refused(
        f"the GPUs of this machine cannot be asked for their temperature: {_words(error)}",
        hint='nvidia-smi shows what is wrong; where none is needed: gpus: 0 in gitexp.yaml, or export CUDA_VISIBLE_DEVICES=',
    )


def _words(error: NVMLError) -> str:
    return str(error).rstrip('.')
