"""Reading what may be anything."""
from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gitexp.core import files


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / 'plain').write_bytes(b'abc')
    os.mkfifo(tmp_path / 'pipe')
    os.symlink('pipe', tmp_path / 'link')
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(str(tmp_path / 'socket'))
        for name in ('pipe', 'link', 'socket', '.', '/dev/zero', 'none'):
            with pytest.raises(OSError):
                files.read(tmp_path / name)
    assert (files.read(tmp_path / 'plain'), files.read(tmp_path / 'plain', most=2)) == (b'abc', b'ab')


@pytest.mark.skipif(not os.path.ismount('/proc'), reason='without /proc the kernel has no files there')
def test_a_file_of_the_kernel_is_none_since_it_may_never_end() -> None:
    with pytest.raises(OSError, match='not a plain file'):
        files.read('/proc/self/limits')
