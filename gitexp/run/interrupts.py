"""Signals that ask for the end, kept until a run can end well."""
from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Any

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 3


class Interrupts:
    """While this is entered, Ctrl-C, SIGTERM and SIGHUP are only noted; leaving raises KeyboardInterrupt if there was one.

    `handle` becomes readable at each of them and when a child ends. The third one is not kept but raised, so that nobody
    has to wait. For the main thread only.
    """

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        self.handle, self._writer = os.pipe()
        os.set_blocking(self.handle, False)
        os.set_blocking(self._writer, False)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in _ASKING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or the background of a script
                self._before[number] = signal.signal(number, self._note)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _nothing)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.handle)
        os.close(self._writer)
        if self.heard and kind is None:
            raise KeyboardInterrupt

    def drain(self) -> None:
        """Empty the handle, so that it becomes readable again."""
        try:
            while os.read(self.handle, 4096):
                pass
        except BlockingIOError:
            pass

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.heard.append(number)
        if len(self.heard) >= _PATIENCE:
            raise KeyboardInterrupt


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler, since an ignored SIGCHLD would take the child's end away."""
