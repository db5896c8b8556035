from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitexp.core.errors import Refused
from gitexp.gpu import gpus, strangers
from gitexp.gpu.nvml import Gpu

A, B, C = (Gpu(str(number), f'GPU-{name * 4}-1', 'H100', object(), object()) for number, name in enumerate('abc'))
LOST = Gpu('1', '', 'GPU is lost')
PART = Gpu('MIG-1', 'MIG-1', 'A slice', object(), object())


def part(name: str) -> Gpu | None:
    return PART if name == 'MIG-1' else None


@pytest.mark.parametrize(('said', 'seen'), [
    (None, [A, B, C]),
    ('0', [A]),
    ('2, 0', [C, A]),
    ('GPU-bbbb-1,GPU-cc', [B, C]),
    ('GPU-', []),
    ('MIG-1', [PART]),
    ('MIG-2,0', []),
    ('', []),
    ('-1', []),
    ('0,-1,2', [A]),
    ('0,7,2', [A]),
    ('0,0', [A]),
    ('NoDevFiles', []),
])
def test_cuda_visible_devices_is_read_as_cuda_reads_it(said: str | None, seen: list[Gpu]) -> None:
    assert gpus.visible([A, B, C], said, part) == seen


@pytest.mark.parametrize(('wanted', 'candidates', 'count'), [
    (None, [A, B, C], 3),
    (1, [A, B, C], 1),
    (3, [A, B, C], 3),
    (('GPU-cccc-1', 'GPU-aaaa'), [C, A], 2),
])
def test_a_lab_says_how_many_a_run_takes(wanted: int | tuple[str, ...] | None, candidates: list[Gpu], count: int) -> None:
    assert gpus.choice([A, B, C], wanted, None) == (candidates, count)


@pytest.mark.parametrize(('free', 'wanted', 'why'), [
    ([A], 2, 'gitexp.yaml wants 2 GPUs for a run, and 1 of them can be seen with CUDA_VISIBLE_DEVICES=0'),
    ([], 1, 'gitexp.yaml wants 1 GPU for a run, and none of them can be seen with CUDA_VISIBLE_DEVICES=0'),
    ([A, B], ('GPU-cccc',), 'gitexp.yaml wants 1 GPU (GPU-cccc) for a run, and none of them can be seen with CUDA_VISIBLE_DEVICES=0'),
    ([A, LOST], None, 'GPU 1 (GPU is lost) does not answer'),
    ([A, LOST], 2, 'GPU 1 (GPU is lost) does not answer'),
])
def test_fewer_than_are_wanted_are_refused(free: list[Gpu], wanted: int | tuple[str, ...] | None, why: str) -> None:
    with pytest.raises(Refused) as refused:
        gpus.choice(free, wanted, '0')

    assert refused.value.message == why


def test_one_that_does_not_answer_is_done_without_where_that_can_be() -> None:
    assert gpus.choice([A, LOST, C], 2, None) == ([A, C], 2)


@pytest.mark.parametrize(('mine', 'env', 'told'), [
    ([A, B, C], {}, None),
    ([B], {}, B.uuid),
    ([A, C], {}, f'{A.uuid},{C.uuid}'),
    ([A], {'CUDA_VISIBLE_DEVICES': '0'}, None),
    ([A], {'CUDA_VISIBLE_DEVICES': '0,1'}, A.uuid),
    ([C, A], {'CUDA_VISIBLE_DEVICES': '2, 0'}, None),
])
def test_a_command_is_told_only_what_it_would_not_do_anyway(mine: list[Gpu], env: dict[str, str], told: str | None) -> None:
    assert gpus.told(mine, [A, B, C], env) == ({} if told is None else {'CUDA_VISIBLE_DEVICES': told})


def test_numbers_that_cuda_may_count_otherwise_become_uuids() -> None:
    other = A._replace(name='A100')
    env = {'CUDA_VISIBLE_DEVICES': '0'}

    assert gpus.told([other], [other, B], env) == {'CUDA_VISIBLE_DEVICES': A.uuid}
    assert gpus.told([other], [other, B], {**env, 'CUDA_DEVICE_ORDER': 'PCI_BUS_ID'}) == {}


@pytest.mark.parametrize(('seen', 'ours', 'before', 'alike', 'users', 'strange'), [
    ([], [1], [], True, 0, set()),
    ([1, 2], [1, 2, 3], [], True, 0, set()),
    ([1, 9], [1], [], True, 0, {9}),
    ([1, 9], [1], [], False, 1, set()),  # In a container: it may be ours, seen from outside.
    ([8, 9], [1, 2], [], False, 2, set()),
    ([8, 9], [1, 2], [], False, 1, {9}),
    ([8, 9], [1, 2], [8], False, 1, {8}),
    ([9], [1], [], False, 0, {9}),
    ([1, 2], [1, 2], [], False, 0, set()),  # A driver that numbers as the container does.
])
def test_strangers_are_told_from_the_family(
    seen: list[int], ours: list[int], before: list[int], alike: bool, users: int, strange: set[int],
) -> None:
    assert strangers.among(seen, ours, before=before, alike=alike, users=lambda: users) == strange


@given(st.sets(st.integers(1, 9)), st.sets(st.integers(1, 9)), st.sets(st.integers(1, 9)), st.booleans(), st.integers(0, 9))
def test_a_stranger_is_never_of_the_family(seen: set[int], ours: set[int], before: set[int], alike: bool, users: int) -> None:
    found = strangers.among(seen, ours, before=before, alike=alike, users=lambda: users)

    assert found <= seen - ours
    assert found >= (seen - ours if alike else (seen - ours) & before)
    assert alike or len(found) >= len(seen - ours) - users


@pytest.mark.skipif(sys.platform != 'linux', reason='processes are described from /proc')
def test_a_stranger_is_described(tmp_path: Path) -> None:
    import subprocess
    for name, said in (('training', 'training (pid {})'), ('nvidia-cuda-mps-server', None)):
        program = tmp_path / name
        program.symlink_to('/bin/sleep')
        child = subprocess.Popen([program, '60'])
        try:
            until(lambda: Path(f'/proc/{child.pid}/comm').read_text().strip() == name[:15])
            assert strangers.described(child.pid, alike=True) == (said and said.format(child.pid))
        finally:
            child.kill()
            child.wait()
    assert strangers.described(child.pid, alike=True) is None
    assert strangers.described(1, alike=False) == 'a process outside this container'


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != 'linux', reason='open files are read from /proc')
def test_who_has_the_device_open_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test machine need have /dev/nvidia0; /dev/null stands for it."""
    monkeypatch.setattr(strangers, '_DEVICES', ('/dev/null',))
    with open('/dev/null'):
        assert strangers.users([os.getpid(), 999_999_999]) == 1
    monkeypatch.setattr(strangers, '_DEVICES', ('/dev/nvidia',))
    assert strangers.users([os.getpid()]) == 0
