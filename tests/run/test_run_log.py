from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import pytest

from gitexp.run.log import Log
from gitexp.run.terminal import Terminal


def test_a_log_that_fits_is_kept_whole(tmp_path: Path) -> None:
    with Log(tmp_path / 'deep' / 'run.log', head=10, tail=10) as log:
        log.add(b'0123456789')
        log.add(b'abcdefghij')

    assert log.path.read_bytes() == b'0123456789abcdefghij'


@pytest.mark.parametrize('sizes', [[1] * 95, [95], [7] * 13 + [4], [30, 65]])
def test_of_a_log_that_is_too_long_the_ends_are_kept(tmp_path: Path, sizes: list[int]) -> None:
    said = bytes(ord('0') + number % 75 for number in range(95))
    with Log(tmp_path / 'run.log', head=10, tail=20) as log:
        at = 0
        for size in sizes:
            log.add(said[at:at + size])
            at += size

    head, note, tail = re.split(rb'\n(\[.*\])\n', log.path.read_bytes())
    assert (head, tail) == (said[:10], said[-20:])
    assert note == b'[... 65 bytes dropped here ...]'


def test_a_full_disk_ends_the_log_and_not_the_run(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Log(tmp_path / 'run.log') as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            log.add(b'x')
            log.add(b'y')
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert log.lost is not None


def test_a_terminal_that_is_stopped_holds_nothing_up() -> None:
    reader, writer = os.pipe()
    shown = Terminal(writer)
    for number in range(1000):
        shown.show(b'%06d' % number * 100)
    first = os.read(reader, 1 << 20)
    shown.show(b'the end')
    os.read(reader, 1 << 20)
    shown.close()
    rest = os.read(reader, 1 << 20)

    assert first.startswith(b'000000')
    assert rest.endswith(b'the end')
    assert os.get_blocking(writer)


def test_a_terminal_that_is_gone_does_not_matter() -> None:
    reader, writer = os.pipe()
    shown = Terminal(writer)
    os.close(reader)

    shown.show(b'hello')
    shown.close()
