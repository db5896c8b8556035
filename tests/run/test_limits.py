"""A run that takes away what its supervisor may use."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from place import powerless

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux has prlimit')

_SUPERVISES = """
import os, resource, sys
from pathlib import Path
from gitexp.run.interrupts import Interrupts
from gitexp.run.run import supervise
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 128))
with Interrupts() as signals:
    ended = supervise(sys.argv[1], cwd=Path('.'), env=dict(os.environ), limit=30.0, log=Path('run.log'), signals=signals, grace=0.3)
print(ended.ending.name, ended.code, ended.reason, *map(resource.getrlimit, (resource.RLIMIT_AS, resource.RLIMIT_NOFILE)))
"""
_UNLIMITED = '(-1, -1)'


def supervised(tmp_path: Path, taken: str, more: str = '', *, prefix: tuple[str, ...] = ()) -> str:
    """What becomes of a run of a program that asks for limits of its supervisor."""
    (tmp_path / 'takes.py').write_text(f'import os, resource\nfrom resource import prlimit\ntheirs = os.getppid()\n{taken}\n{more}\n')
    done = subprocess.run(
        [*prefix, sys.executable, '-c', _SUPERVISES, f'exec {sys.executable} takes.py'], cwd=tmp_path, capture_output=True, text=True,
    )
    assert done.stderr == ''
    return done.stdout.strip()


@pytest.mark.parametrize(('taken', 'named'), [
    ('prlimit(theirs, resource.RLIMIT_AS, (0, -1))', 'RLIMIT_AS'),
    ('prlimit(theirs, resource.RLIMIT_NOFILE, (0, 128))', 'RLIMIT_NOFILE'),
    ('prlimit(theirs, resource.RLIMIT_AS, (0, -1)); prlimit(theirs, resource.RLIMIT_NOFILE, (0, 128))', 'RLIMIT_AS, RLIMIT_NOFILE'),
])
def test_what_a_run_takes_from_its_supervisor_is_put_back_and_named(tmp_path: Path, taken: str, named: str) -> None:
    said = supervised(tmp_path, taken)

    assert said == f'FAILED 0 what gitexp may use was lowered while it ran: {named} {_UNLIMITED} (64, 128)'


def test_who_may_do_more_than_that_is_put_back_as_far_as_it_can_be(tmp_path: Path) -> None:
    said = supervised(tmp_path, 'prlimit(theirs, resource.RLIMIT_NOFILE, (0, 100))', prefix=tuple(powerless()))

    assert said == f'FAILED 0 what gitexp may use was lowered while it ran: RLIMIT_NOFILE {_UNLIMITED} (64, 100)'


def test_nobody_hides_behind_files_that_cannot_be_opened(tmp_path: Path) -> None:
    left = 'pid = os.posix_spawn("/bin/sleep", ["sleep", "20"], {}, setsid=True)\nopen("left", "w").write(str(pid))\nos.closerange(1, 3)'
    supervised(tmp_path, left, 'prlimit(theirs, resource.RLIMIT_NOFILE, (0, 128))')

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / 'left').read_text()), 0)


def test_who_is_given_more_meanwhile_keeps_it(tmp_path: Path) -> None:
    assert supervised(tmp_path, 'prlimit(theirs, resource.RLIMIT_NOFILE, (100, 128))') == f'OK 0 None {_UNLIMITED} (100, 128)'
