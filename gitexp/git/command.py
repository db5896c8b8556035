"""Running git, by posix_spawn: the hooks start it on every commit, and `subprocess` costs more than git itself."""
from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple

# What a user's environment must not change in an answer: replaced objects, grafts, pathspec magic, words in other languages.
_STEADY = {'GIT_NO_REPLACE_OBJECTS': '1', 'GIT_GRAFT_FILE': f'{os.devnull}/none', 'GIT_OPTIONAL_LOCKS': '0', 'LC_ALL': 'C'}
# As git itself goes on where it finds that it is in a git directory.
_HERE = {'GIT_DIR': '.', 'GIT_IMPLICIT_WORK_TREE': '0'}
# The program that a configuration names for this would be started by a mere look at a worktree, and a run may have named it.
_QUIET = ('-c', 'core.fsmonitor=false')
# What git may hear besides: who commits, how a remote is reached, which configuration counts, what is traced. Any other variable may
# bend one of its commands and not the next, as GIT_CONFIG does, and so hide from a question what a checkout meets.
_HEARD = frozenset("""
    GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
    GIT_ASKPASS GIT_TERMINAL_PROMPT GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT GIT_PROXY_COMMAND GIT_ALLOW_PROTOCOL GIT_PROTOCOL
    GIT_PROTOCOL_FROM_USER GIT_USER_AGENT GIT_CURL_VERBOSE GIT_NO_LAZY_FETCH GIT_USERNAME GIT_PASSWORD GIT_TOKEN
    GIT_EXEC_PATH GIT_CEILING_DIRECTORIES GIT_DISCOVERY_ACROSS_FILESYSTEM GIT_TEST_ASSUME_DIFFERENT_OWNER
""".split())  # The name, password and token are for helpers that answer for a person; git has no such variables.
_HEARD_ALL = ('GIT_CONFIG_', 'GIT_TRACE', 'GIT_SSL_', 'GIT_HTTP_', 'GIT_PROXY_SSL_', 'GIT_LFS_')
# What git says to its hooks: where the index and the new objects are.
_INHERITED = _HEARD | {
    'GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_PREFIX', 'GIT_NAMESPACE', 'GIT_IMPLICIT_WORK_TREE',
    'GIT_INTERNAL_SUPER_PREFIX', 'GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_QUARANTINE_PATH',
}


class Done(NamedTuple):
    """How one git command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """The output as text without its last line end; odd bytes survive as surrogates."""
        return self.out.decode('utf-8', 'surrogateescape').rstrip('\n')

    @property
    def names(self) -> list[str]:
        """The fields of NUL-separated output."""
        return self.out.decode('utf-8', 'surrogateescape').split('\0')[:-1]


class Git(NamedTuple):
    """git in one folder. `inherit` keeps the variables that git hands to a hook (index, quarantine).

    In a git directory it is told so, since it may be set up to find none there (safe.bareRepository), unless the folder is `unknown`.
    """

    folder: Path
    inherit: bool = False
    unknown: bool = False

    def run(self, *words: str, feed: bytes = b'', env: Mapping[str, str] | None = None) -> Done:
        """Run git and return how it ended, whatever the end."""
        return _spawn(['git', *_QUIET, '-C', str(self.folder), *words], feed, self._environment(env or {}))

    def ask(self, *words: str, feed: bytes = b'', env: Mapping[str, str] | None = None) -> Done:
        """Run git, which must succeed; raises Refused with git's own words otherwise."""
        done = self.run(*words, feed=feed, env=env)
        if done.code:
            if 'from promisor remote' in done.err:
                raise Refused(f"'{self.folder}' is a partial clone, and its remote cannot be reached for what is missing", hint='git fetch')
            said = done.err.strip() or done.text.strip() or f'exit code {done.code}'
            raise Refused(f"git {words[0]} failed in '{self.folder}': {said}")
        return done

    def start(self, *words: str, handles: Sequence[int], env: Mapping[str, str] | None = None) -> int:
        """Start git with these as its stdin, stdout and stderr; returns its process, which the caller waits for."""
        return _start(['git', *_QUIET, '-C', str(self.folder), *words], handles, self._environment(env or {}))

    def at(self, folder: Path) -> Git:
        """The same git in another folder."""
        return Git(folder)

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        heard = _INHERITED if self.inherit else _HEARD
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith('GIT_') or name in heard or name.startswith(_HEARD_ALL)
        }
        return {**kept, **_STEADY, **(_HERE if self._is_git_directory() else {}), **extra}

    def _is_git_directory(self) -> bool:
        told = self.inherit or self.unknown
        return not told and all(os.path.exists(f'{self.folder}/{name}') for name in ('HEAD', 'objects', 'refs')) \
            and not os.path.lexists(f'{self.folder}/.git')


def _spawn(words: list[str], feed: bytes, env: dict[str, str]) -> Done:
    """Everything passes through unnamed files: no pipe can fill and block, and a daemon left behind holds nothing up."""
    scratch = [_scratch() if feed else os.open(os.devnull, os.O_RDONLY), _scratch(), _scratch()]
    try:
        if feed:
            _write(scratch[0], feed)
        pid = _start(words, scratch, env)
        code = _wait(pid)
        return Done(code, _read(scratch[1]), _read(scratch[2]).decode('utf-8', 'replace'))
    finally:
        for handle in scratch:
            os.close(handle)


def _start(words: list[str], handles: Sequence[int], env: dict[str, str]) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate(handles)]
    try:
        return os.posix_spawn(_program(), words, env, setsigdef=[signal.SIGPIPE], file_actions=actions)
    except FileNotFoundError:
        raise Refused('git is not on PATH', hint='install git 2.36 or later') from None


@cache
def _program() -> str:
    """Where git is; a spawn that looks for it itself tries each folder of PATH anew."""
    for folder in os.get_exec_path():
        if os.access(path := os.path.join(folder, 'git'), os.X_OK) and not os.path.isdir(path):
            return path
    raise FileNotFoundError


def _scratch() -> int:
    if sys.platform == 'linux':
        return os.memfd_create('git')
    import tempfile  # Costs 8 ms to import, so only where there is no memfd.
    handle, name = tempfile.mkstemp()
    os.unlink(name)
    return handle


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view):]
    os.lseek(handle, 0, os.SEEK_SET)


def _read(handle: int) -> bytes:
    return os.pread(handle, os.fstat(handle).st_size, 0)


def _wait(pid: int) -> int:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except KeyboardInterrupt:
        try:
            os.waitpid(pid, 0)  # git hears the same Ctrl-C and cleans up after itself.
        except ChildProcessError:
            pass  # It had ended, and the Ctrl-C came just then.
        raise
