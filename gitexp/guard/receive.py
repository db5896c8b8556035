"""What the server's hook starts, `python -I -S` with a copy of gitexp: nothing of the pusher's environment reaches the judge."""
from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gitexp.core import finding
from gitexp.core.errors import Failure, Refused
from gitexp.git.command import Git
from gitexp.guard import push, server
from gitexp.guard.push import Update


def main() -> None:
    """Judge the push that git tells of, and go on with the hook that was here before; 0 lets the refs move."""
    trunk, identity, search, keys, chained = sys.argv[2:]
    given, told = dict(os.environ), sys.stdin.buffer.read()
    try:
        os.environ.clear()
        os.environ.update(sealed(given, search, keys))
        asked = list(updates(told))
        found = server.findings(Git(Path.cwd(), inherit=True), trunk, asked, pusher=given.get(identity, '') if identity else None)
        _tell(['gitexp: refused', *finding.told(found)] if found else [])
        if not found:
            _pass_on(Path(chained, 'pre-receive'), told, given)
    except Failure as error:
        found = None
        _tell([f'gitexp: refused: {error.message}', *([f'hint: {error.hint}'] if error.hint else [])])
    except Exception as error:
        found = None
        _tell([finding.failed(error)])
    os._exit(0 if found == [] else 1)


def updates(told: bytes) -> Iterator[Update]:
    """Read the lines that git feeds the hook: what was, what shall be, and the ref."""
    for line in push.lines(told):
        old, new, ref = line.split(' ', 2)
        yield Update(push.there(new), ref, push.there(old))


def sealed(given: Mapping[str, str], search: str, keys: str) -> dict[str, str]:
    """What the judge and its git may see: settings of the installation, and the quarantine that git keeps the new objects in."""
    objects = os.path.realpath('objects')
    ours = {
        'PATH': search, 'LC_ALL': 'C', 'GNUPGHOME': keys, 'GIT_DIR': os.getcwd(),
        'GIT_CONFIG_GLOBAL': os.devnull, 'GIT_CONFIG_NOSYSTEM': '1',
    }
    quarantine = given.get('GIT_QUARANTINE_PATH')
    if quarantine is None:
        return ours
    if not os.path.realpath(quarantine).startswith(objects + os.sep):
        raise Refused(f"the new objects are in '{quarantine}', which is not of this repository")
    beside = objects.replace('\\', '\\\\').replace('"', '\\"')
    return {
        **ours, 'GIT_QUARANTINE_PATH': quarantine, 'GIT_OBJECT_DIRECTORY': quarantine, 'GIT_ALTERNATE_OBJECT_DIRECTORIES': f'"{beside}"',
    }


def _pass_on(hook: Path, told: bytes, given: Mapping[str, str]) -> None:
    """Become the hook that was here before ours, with the environment and the lines that git gave."""
    if not os.access(hook, os.X_OK):
        return
    import tempfile  # Costs time, and most repositories have no other hook.
    with tempfile.TemporaryFile() as lines:
        lines.write(told)
        lines.seek(0)
        os.dup2(lines.fileno(), 0)
        try:
            os.execve(hook, [str(hook)], given)
        except OSError as error:
            raise Refused(f"the hook '{hook}' cannot be run: {error.strerror}") from None


def _tell(lines: Iterable[str]) -> None:
    sys.stderr.buffer.write(''.join(f'{line}\n' for line in lines).encode('utf-8', 'surrogateescape'))
    sys.stderr.flush()
