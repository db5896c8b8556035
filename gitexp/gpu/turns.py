"""One holder a GPU, among all labs and users of a machine, in the order in which they came.

A GPU has two files where every user may write: who waits locks its `turn`, behind which the kernel queues the others, and who runs
locks its `lock`. Who would have any of several GPUs takes the turns of all, in the order of their names, so that no two can wait
for each other; who wants other GPUs is not kept. What a dead process held is free.
"""
from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple

PLACES = ('/run/lock', '/dev/shm', '/tmp')
_EVERYBODY = stat.S_ISVTX | stat.S_IWOTH
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_ODD = (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EACCES, errno.EPERM)
_POLL = 0.2  # seconds; only for who may have any of several: the kernel cannot wait for the first of many
_LONGEST = 8192
_SHOWN = 200


class Claim(NamedTuple):
    """Who wants GPUs, for those who will wait; `lab` is a folder."""

    lab: str
    experiment: str
    say: Callable[[str], None]


def place(places: tuple[str, ...] = PLACES) -> str:
    """The first folder that all users may write to: the same whoever asks, root too, who may write anywhere."""
    for folder in places:
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(mode) and mode & _EVERYBODY == _EVERYBODY:
            return folder
    raise Refused(f'no folder for locks belongs to all users: {", ".join(places)}', hint='sudo chmod 1777 /tmp')


@contextmanager
def taken(gpus: Mapping[str, str], count: int, claim: Claim, *, folder: str | None = None) -> Iterator[list[str]]:
    """Hold `count` of some GPUs, the first that are free; `gpus` gives a name for a person by uuid, and uuids come back in its order.

    Waits as long as it takes, after one line that says who has what is wanted. Raises Refused when something else lies where
    the files belong.
    """
    queue = _Queue(gpus, claim, folder or place())
    with ExitStack() as locks:
        with ExitStack() as turns:
            for uuid in sorted(gpus):
                turns.callback(os.close, queue.turn(uuid))
            mine = queue.gather(count, locks)
        yield mine


class _Queue:
    """The files of some GPUs, and who wants to hold them."""

    def __init__(self, gpus: Mapping[str, str], claim: Claim, folder: str) -> None:
        self.gpus = gpus
        self.claim = claim
        self.folder = folder
        self.told = False

    def turn(self, uuid: str) -> int:
        path = self._path(uuid, 'turn')
        handle = _locked(path, wait=False)
        if handle is None:
            self._tell(uuid, f', and before us waits {_holder(path)}')
            handle = _locked(path, wait=True)
        assert handle is not None
        self._sign(handle)
        return handle

    def gather(self, count: int, locks: ExitStack) -> list[str]:
        """Take what is free until it is enough; the turns of all must be held."""
        mine: set[str] = set()
        while True:
            for uuid in self.gpus:
                if len(mine) < count and uuid not in mine and self._take(uuid, locks, wait=False):
                    mine.add(uuid)
            if len(mine) == count:
                return [uuid for uuid in self.gpus if uuid in mine]
            missing = next(uuid for uuid in self.gpus if uuid not in mine)
            self._tell(missing)
            if count < len(self.gpus):
                time.sleep(_POLL)
            elif self._take(missing, locks, wait=True):
                mine.add(missing)

    def _take(self, uuid: str, locks: ExitStack, *, wait: bool) -> bool:
        handle = _locked(self._path(uuid, 'lock'), wait=wait)
        if handle is not None:
            locks.callback(os.close, handle)
            self._sign(handle)
        return handle is not None

    def _path(self, uuid: str, kind: str) -> str:
        return f'{self.folder}/gitexp-{uuid}.{kind}'

    def _tell(self, uuid: str, more: str = '') -> None:
        if not self.told:
            self.claim.say(f"waiting for {self.gpus[uuid]}: {_holder(self._path(uuid, 'lock'))} has it{more}")
        self.told = True

    def _sign(self, handle: int) -> None:
        note = {'user': _user(), 'pid': os.getpid(), 'lab': self.claim.lab, 'experiment': self.claim.experiment, 'since': time.time()}
        data = json.dumps(note).encode()
        try:
            os.pwrite(handle, data, 0)
            os.ftruncate(handle, len(data))
        except OSError:
            pass  # A full disk must not cost the lock: only the holder's name is lost.


def _locked(path: str, *, wait: bool) -> int | None:
    """The file, opened and locked; None when another has it. One that a cleaner has removed meanwhile is not the file."""
    while True:
        with ExitStack() as unless_kept:
            handle = _opened(path)
            unless_kept.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                same = os.path.samestat(os.fstat(handle), os.lstat(path))
            except BlockingIOError:
                return None
            except FileNotFoundError:
                continue
            if same:
                unless_kept.pop_all()
                return handle


def _opened(path: str) -> int:
    """A plain file of one name; raises Refused for whatever else was put there, and leaves that alone.

    It is made only where there is none, since a kernel may refuse O_CREAT for what another user has made (fs.protected_regular).
    """
    while True:
        try:
            handle = _made(path)
        except (FileNotFoundError, FileExistsError):
            continue  # Somebody was faster.
        except OSError as error:
            if error.errno in _ODD:
                raise _odd(path, os.strerror(error.errno)) from None
            raise
        info = os.fstat(handle)
        if stat.S_ISREG(info.st_mode) and info.st_nlink <= 1:
            return handle
        os.close(handle)
        raise _odd(path, 'not a plain file of one name')


def _made(path: str) -> int:
    try:
        return os.open(path, _FLAGS)
    except FileNotFoundError:
        before = os.umask(0)  # All users must be able to lock it, from its first moment on.
        try:
            return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        finally:
            os.umask(before)


def _odd(path: str, why: str) -> Refused:
    return Refused(f"'{path}' is not the lock of a GPU: {why.lower()}", hint=f"who made it, or root, removes it: rm -r '{path}'")


def _holder(path: str) -> str:
    """Who holds a lock, by a note that anybody can write: it is shown, and nothing more."""
    handle = _opened(path)
    try:
        note = json.loads(os.pread(handle, _LONGEST, 0))
        clock = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(float(note['since'])))
        user, pid, lab, experiment = (_plain(note[key]) for key in ('user', 'pid', 'lab', 'experiment'))
    except (ValueError, KeyError, TypeError, OverflowError):
        return 'somebody'
    finally:
        os.close(handle)
    return f"{user} (pid {pid}, since {clock}, for '{experiment}' in '{lab}')"


def _plain(said: object) -> str:
    return ''.join(letter for letter in str(said)[:_SHOWN] if letter.isprintable())


def _user() -> str:
    import pwd
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f'user {os.getuid()}'
