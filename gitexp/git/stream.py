"""A git that is told and asked at once: one `fast-import` reads objects, writes objects and moves refs, all or nothing."""
from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from gitexp.core.errors import Refused
from gitexp.git.command import Done, Git

_PIECE = 1 << 16
_AT_ONCE = 256


class Stream:
    """Nothing that is told has happened before `end`, and nothing happens when the block raises.

    A commit is told last, and with object ids only: of one that breaks off in the middle nothing malformed stays behind.

    `settings` are names and values of git's configuration. Raises Refused when git has ended early, or says nothing for
    `patience` seconds.
    """

    def __init__(self, git: Git, *settings: str, patience: float) -> None:
        self._common = git.folder
        self._patience = int(patience * 1000)
        self._held = b''
        theirs, self._in = os.pipe()
        self._out, their_out = os.pipe()
        self._err = os.memfd_create('git') if hasattr(os, 'memfd_create') else os.open(os.devnull, os.O_RDWR)
        try:
            words = [word for setting in settings for word in ('-c', setting)]
            self._pid = git.start(*words, 'fast-import', '--quiet', '--done', '--date-format=now', handles=(theirs, their_out, self._err))
        except BaseException:
            self._close(self._in, self._out, self._err)
            raise
        finally:
            self._close(theirs, their_out)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            self._reap()

    def tell(self, *parts: bytes) -> None:
        """Pass on commands, as in git-fast-import(1)."""
        view = memoryview(b''.join(parts))
        try:
            while view:
                view = view[os.write(self._in, view):]
        except BrokenPipeError:
            raise self._broken() from None

    def write(self, texts: Sequence[bytes]) -> list[str]:
        """Make blobs; returns their object ids. Not inside a commit."""
        return [line.decode() for line in self._asked([b'blob\nmark :1\n%sget-mark :1\n' % data(text) for text in texts])]

    def find(self, commit: str, paths: Sequence[str]) -> list[str | None]:
        """The blobs at paths of a commit. Each costs as much as another, so for many there is `git ls-tree`."""
        lines = self._asked([b'ls %s %s\n' % (commit.encode(), quoted(path)) for path in paths])
        said = [line.split(b'\t')[0].split(b' ') for line in lines]
        return [words[2].decode() if len(words) == 3 and words[1] == b'blob' else None for words in said]

    def read(self, oid: str) -> bytes:
        """The text of a blob."""
        self.tell(b'cat-blob ', oid.encode(), b'\n')
        size = int(self._line().split(b' ')[2])
        while len(self._held) <= size:
            self._more()
        text, self._held = self._held[:size], self._held[size + 1:]
        return text

    def end(self, *parts: bytes) -> Done:
        """Pass on the last commands, and let all happen; returns how it went."""
        self.tell(*parts, b'done\n')
        while self._waited():
            pass
        return self._reap()

    def _asked(self, questions: Sequence[bytes]) -> Iterator[bytes]:
        """The line that answers each question; so many at once that no pipe is filled by answers."""
        for start in range(0, len(questions), _AT_ONCE):
            some = questions[start:start + _AT_ONCE]
            self.tell(*some)
            yield from (self._line() for _ in some)

    def _line(self) -> bytes:
        while (end := self._held.find(b'\n')) < 0:
            self._more()
        line, self._held = self._held[:end], self._held[end + 1:]
        return line

    def _more(self) -> None:
        piece = self._waited()
        if not piece:
            raise self._broken()
        self._held += piece

    def _waited(self) -> bytes:
        if not self._poll.poll(self._patience):
            raise Refused(f'git has said nothing for {self._patience // 1000} s')
        return os.read(self._out, _PIECE)

    def _broken(self) -> Refused:
        done = self._reap()
        said = [line for line in done.err.splitlines() if line.startswith('fatal: ')]
        return Refused(f"git fast-import failed in '{self._common}': {said[0] if said else f'exit code {done.code}'}")

    def _reap(self) -> Done:
        """Wait for git, which leaves a report about a crash that nobody reads."""
        self._close(self._in)
        pid, self._pid = self._pid, 0
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            said = os.pread(self._err, _PIECE, 0).decode('utf-8', 'replace')
        finally:
            self._close(self._out, self._err)
            Path(self._common, f'fast_import_crash_{pid}').unlink(missing_ok=True)
        return Done(code, b'', said)

    @staticmethod
    def _close(*handles: int) -> None:
        for handle in handles:
            os.close(handle)


def data(text: bytes) -> bytes:
    """A text, as fast-import takes it."""
    return b'data %d\n%s\n' % (len(text), text)


def quoted(path: str) -> bytes:
    """As C quotes a string, which fast-import reads back byte for byte."""
    raw = path.encode('utf-8', 'surrogateescape').replace(b'\\', b'\\\\').replace(b'"', b'\\"').replace(b'\n', b'\\n')
    return b'"' + raw + b'"'
