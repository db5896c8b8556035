"""Which process somebody is."""
from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gitexp.core import process

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux says when a process was started')


def test_a_process_is_gone_once_it_has_ended_though_nobody_has_asked_how() -> None:
    child = subprocess.Popen(['sleep', '60'])
    called = process.name(child.pid)
    assert not process.is_gone(called)

    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process.is_gone(called)
    child.wait()
    assert process.is_gone(called) and process.name(child.pid) == ''


def test_its_number_may_be_that_of_another_one() -> None:
    where, _, start = process.name(os.getpid()).rpartition(' ')

    assert not process.is_gone(f'{where} {start}') and process.is_gone(f'{where} {int(start) - 1}')


@pytest.mark.parametrize('called', ['', 'x', '1 2', 'another-boot pid:[1] 1 2', 'pid 9 8 7 6'])
def test_what_cannot_be_told_is_not_gone(called: str) -> None:
    assert not process.is_gone(called)
