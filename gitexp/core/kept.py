"""Answers about files, kept between commands for as long as the files are what they were."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from gitexp.core import files

_YOUNG = 1_000_000_000  # nanoseconds; what has just changed may change again within one tick of the file system's clock
_GIVEN = '\0'  # after the name of a file

T = TypeVar('T')


class Kept:
    """What was found out about files; `save` puts it on disk if there is anything new.

    A file is what it was if it has the same number on the same file system, size and time of change, which no program can set back.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = False
        try:
            self._said = dict(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            self._said = {}

    def knows(self, file: str, state: str) -> bool:
        """Whether there is an answer about a file in that state."""
        said = self._said.get(file)
        return isinstance(said, list) and len(said) == 2 and said[0] == state

    def said(self, file: str) -> Any:
        """The answer that is known."""
        return self._said[file][1]

    def note(self, file: str, state: str, answer: Any) -> None:
        """Keep an answer, unless the file changed just now."""
        if time.time_ns() - max(int(one.split()[0]) for one in state.split(', ')) > _YOUNG:
            self._said[file] = [state, answer]
            self._new = True

    def ask(
        self, file: str, find_out: Callable[[], T], beside: Callable[[T | None], Iterable[str]] = lambda answer: (), *, given: str = '',
    ) -> T:
        """The answer about a file, found out if need be, and again when one `beside` it changes, which may depend on the answer.

        There is one for whatever else was `given`. Raises OSError without the file.
        """
        def state(answer: T | None) -> str:
            there = (other for other in beside(answer) if os.path.exists(other))
            return ', '.join(state_of(os.stat(one)) for one in (file, *there))
        key = f'{file}{_GIVEN}{given}' if given else file
        said = self._said.get(key)
        known: T | None = said[1] if isinstance(said, list) and len(said) == 2 else None
        if known is None or not self.knows(key, state(known)):
            known = find_out()
            self.note(key, state(known), known)
        return known

    def save(self) -> None:
        """Keep what is new, without what is about files that are gone."""
        if self._new:
            try:
                there = {key: said for key, said in self._said.items() if os.path.exists(key.partition(_GIVEN)[0])}
                files.replace(self._path, json.dumps(there))
            except OSError:
                pass  # A read-only repository is slower, not broken.
            self._new = False


def state_of(info: os.stat_result) -> str:
    """What changes whenever a file does."""
    return f'{info.st_ctime_ns} {info.st_size} {info.st_ino} {info.st_dev}'
