"""A run that has begun leaves a row, whatever becomes of its process or of the disk."""
from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import forked
import pytest
from place import full_at

from gitexp.core import locks, process
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import loss, pending, read, write
from gitexp.ledger.result import Result, Status

Rows = Callable[..., Result]
NOW = '2026-01-02T00:00:00+00:00'


@pytest.fixture
def begun(row: Rows) -> Result:
    return row('1', status=Status.FAILED, value=None, description='try\tthis', env={'host': 'a'})


def rows(lab: Lab) -> dict[str, Result]:
    found = read.read(lab).results
    assert len({row.id for row in found}) == len(found)
    return {row.id: row for row in found}


def left(lab: Lab) -> list[str]:
    return sorted(os.listdir(lab.state / 'runs')) if (lab.state / 'runs').exists() else []


def abandoned(lab: Lab, begun: Result) -> None:
    """Begin a run in a process that ends without another word."""
    assert forked.run(lambda: pending.begin(lab, begun) and 'begun') == 'begun'


def test_a_run_is_known_while_it_lasts_and_a_row_afterwards(bare: Lab, begun: Result) -> None:
    run = pending.begin(bare, begun)
    assert pending.running(bare) == [begun]
    assert pending.recover(bare, NOW) == []
    assert rows(bare) == {}

    outcome = begun._replace(status=Status.OK, value=2.5)
    run.finish(bare, outcome)
    assert rows(bare) == {'1': outcome}
    assert pending.running(bare) == [] and left(bare) == []


def test_nothing_to_recover_where_nothing_ran(bare: Lab) -> None:
    assert pending.recover(bare, NOW) == pending.running(bare) == []


def test_no_other_process_looks_for_dead_runs_while_one_begins(bare: Lab, begun: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    def reserve(handle: int, start: int, size: int) -> None:
        assert not locks.is_free(bare.state / 'locks' / 'runs')

    monkeypatch.setattr(os, 'posix_fallocate', reserve)
    pending.begin(bare, begun).drop()
    assert locks.is_free(bare.state / 'locks' / 'runs')


def test_a_run_that_did_not_start_leaves_nothing(bare: Lab, begun: Result) -> None:
    pending.begin(bare, begun).drop()
    assert left(bare) == [] and rows(bare) == {}


def test_a_run_whose_process_died_failed(bare: Lab, begun: Result) -> None:
    abandoned(bare, begun)
    assert pending.running(bare) == []

    [row] = pending.recover(bare, NOW)
    assert row == begun._replace(env={'host': 'a', 'reason': 'the process that ran it died', 'found': NOW})
    assert rows(bare) == {'1': row} and left(bare) == []
    assert pending.recover(bare, NOW) == []


def test_only_the_dead_are_recovered(bare: Lab, begun: Result) -> None:
    alive = pending.begin(bare, begun._replace(id='2'))
    abandoned(bare, begun)
    assert [row.id for row in pending.recover(bare, NOW)] == ['1']
    assert left(bare) == ['2.json']
    alive.drop()


@pytest.mark.parametrize('how', [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_who_locks_the_file_of_a_dead_run_does_not_bring_it_back(bare: Lab, begun: Result, how: int) -> None:
    abandoned(bare, begun)
    with open(bare.state / 'runs' / '1.json', 'rb') as file:
        fcntl.flock(file, how)
        assert pending.running(bare) == []
        assert [row.id for row in pending.recover(bare, NOW)] == ['1']
    assert list(rows(bare)) == ['1'] and left(bare) == []


def test_who_has_the_checkout_asks_nobody_whether_it_is_taken(bare: Lab, begun: Result) -> None:
    abandoned(bare, begun)
    (bare.state / 'locks').mkdir(exist_ok=True)
    (bare.state / 'locks' / 'eval').touch()
    with open(bare.state / 'runs' / '1.json', 'rb') as file, open(bare.state / 'locks' / 'eval', 'rb') as lock:
        fcntl.flock(file, fcntl.LOCK_SH)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert pending.recover(bare, NOW) == []
        assert [row.id for row in pending.recover(bare, NOW, alone=True)] == ['1']


def test_on_another_machine_only_the_lock_tells(bare: Lab, begun: Result) -> None:
    abandoned(bare, begun)
    path = bare.state / 'runs' / '1.json'
    path.write_bytes(path.read_bytes().replace(process.boot().encode(), b'another-boot'))
    with open(path, 'rb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert pending.recover(bare, NOW) == []
    assert [row.id for row in pending.recover(bare, NOW)] == ['1']


def test_a_copy_forgets_the_runs_of_the_lab_that_was_copied(tmp_path: Path, make_bare: Callable[..., Lab], begun: Result) -> None:
    lab = make_bare(tmp_path / 'lab')
    under_way = pending.begin(lab, begun)
    abandoned(lab, begun._replace(id='2'))
    shutil.copytree(tmp_path / 'lab', tmp_path / 'copy')
    copy = make_bare(tmp_path / 'copy')

    assert pending.running(copy) == pending.recover(copy, NOW, alone=True) == [] and rows(copy) == {}
    gone, _ = pending.forget_others(copy)
    assert pending.elsewhere(gone).endswith('was begun in the repository that this one was copied from, and has its row there')
    assert left(copy) == pending.forget_others(copy) == pending.forget_others(lab) == [] and left(lab) == ['1.json', '2.json']
    assert [row.id for row in pending.recover(lab, NOW)] == ['2']
    under_way.drop()


def test_what_was_measured_is_lost_in_no_copy(tmp_path: Path, make_bare: Callable[..., Lab], begun: Result) -> None:
    lab = make_bare(tmp_path / 'lab')
    assert forked.run(lambda: pending.begin(lab, begun).keep(begun._replace(status=Status.OK, value=0.5)) and 'measured') == 'measured'
    shutil.copytree(tmp_path / 'lab', tmp_path / 'copy')
    for one in (make_bare(tmp_path / 'copy'), lab):
        assert pending.forget_others(one) == []
        assert [row.value for row in pending.recover(one, NOW)] == [0.5]


def test_a_killed_run_of_a_lab_that_has_moved_has_its_row_there(tmp_path: Path, make_bare: Callable[..., Lab], begun: Result) -> None:
    abandoned(make_bare(tmp_path / 'lab'), begun)
    (tmp_path / 'lab').rename(tmp_path / 'moved')
    moved = make_bare(tmp_path / 'moved')

    assert pending.forget_others(moved) == []
    assert [row.id for row in pending.recover(moved, NOW)] == ['1'] and left(moved) == []


@pytest.mark.parametrize('text', [
    b'', b'\0' * 70000, b'{"id": "9", "ti', b'[]\n', b'{}\n', b'null\n', b'\xff\n', b'{"id": "9", "kind": "eval", "status": "torn"}\n',
])
def test_what_was_never_wholly_begun_is_swept_away(bare: Lab, begun: Result, text: bytes) -> None:
    pending.begin(bare, begun).drop()
    (bare.state / 'runs' / '9.json').write_bytes(text)
    assert pending.recover(bare, NOW) == [] and left(bare) == []


def test_a_row_that_is_there_is_not_appended_again(bare: Lab, begun: Result) -> None:
    abandoned(bare, begun)
    write.append(bare, [begun._replace(status=Status.OK, value=2.5)])
    assert pending.recover(bare, NOW) == []
    assert rows(bare)['1'].value == 2.5 and left(bare) == []


def test_an_outcome_of_another_metric_comes_into_no_ledger_but_that_ones(bare: Lab, begun: Result) -> None:
    abandoned(bare, begun._replace(env={'metric': 'loss'}))
    abandoned(bare, begun._replace(id='2', env={'metric': 'score'}))

    other, ours = pending.recover(bare, NOW)
    assert list(rows(bare)) == ['2'] and left(bare) == [] and loss.lost(bare) == []
    assert pending.told(bare, other).endswith("which was left without a row, was measured as 'loss' and is kept for a ledger of that")
    assert pending.told(bare, ours).endswith('has one now: failed')

    bare.config = bare.config._replace(metric=bare.config.metric._replace(name='loss'))
    bare.ledger.unlink()
    assert write.put_back(bare) == 1 and rows(bare) == {'1': other}


def test_the_outcome_survives_a_ledger_that_takes_no_row(bare: Lab, begun: Result) -> None:
    run = pending.begin(bare, begun)
    bare.ledger.write_text('commit\tscore\n')
    outcome = begun._replace(status=Status.OK, value=2.5)
    with pytest.raises(Refused, match='no column .*; the outcome is kept, and the next evaluation appends it') as refused:
        run.finish(bare, outcome)
    assert 'paths: {ledger: ' in (refused.value.hint or '')
    with pytest.raises(Refused, match='no column'):
        pending.recover(bare, NOW)

    bare.ledger.unlink()
    assert pending.recover(bare, NOW) == [outcome]
    assert rows(bare) == {'1': outcome} and left(bare) == []


def test_the_outcome_is_kept_on_a_full_disk(bare: Lab, row: Rows, begun: Result) -> None:
    """The file size limit leaves what was reserved, as a full disk does, and lets nothing else grow past that."""
    outcome = begun._replace(status=Status.OK, value=2.5, description='x' * 30000)
    for number in range(5):
        write.append(bare, [row(f'0{number}', description='y' * 30000)])
    before = bare.ledger.read_bytes()
    run = pending.begin(bare, begun)
    with full_at(run.path.stat().st_size):
        with pytest.raises(Refused, match='the outcome is kept'):
            run.finish(bare, outcome)
        with pytest.raises(Refused):
            pending.recover(bare, NOW)

    assert bare.ledger.read_bytes() == before
    assert pending.recover(bare, NOW) == [outcome]
    assert rows(bare)['1'] == outcome


def test_no_run_begins_without_room_for_its_outcome(bare: Lab, begun: Result) -> None:
    with full_at(2000), pytest.raises(Refused, match=f"cannot note in '{bare.state / 'runs'}' that a run begins: "):
        pending.begin(bare, begun)
    assert left(bare) == []


def test_room_is_made_where_a_file_system_cannot_promise_it(bare: Lab, begun: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(handle: int, start: int, size: int) -> None:
        raise OSError(95, 'Operation not supported')

    monkeypatch.setattr(os, 'posix_fallocate', no)
    run = pending.begin(bare, begun)
    assert run.path.stat().st_size > pending.ROOM
    run.finish(bare, begun)
    assert rows(bare) == {'1': begun}


def test_an_outcome_that_nothing_can_hold_is_at_least_said(bare: Lab, begun: Result) -> None:
    run = pending.begin(bare, begun)
    bare.ledger.mkdir()
    os.close(run.handle)
    lost = pending.Pending(begun, run.path, os.open(run.path, os.O_RDONLY), run.length)
    with pytest.raises(Refused, match='is a directory, nor can the outcome be kept: ok 2.5'):
        lost.finish(bare, begun._replace(status=Status.OK, value=2.5))


def test_killed_anywhere_a_run_that_had_begun_leaves_exactly_one_row(bare: Lab, begun: Result) -> None:
    step, told = 0, None
    while told is None:
        step += 1
        first, outcome = begun._replace(id=f'{step:03}'), begun._replace(id=f'{step:03}', status=Status.OK, value=2.5)
        started = bare.root / f'started {step}'

        def lives() -> str:
            run = pending.begin(bare, first)
            started.symlink_to('x')
            run.finish(bare, outcome)
            return 'acknowledged'

        told = forked.run(lives, die_at=step)
        killed = None
        for again in range(1, 40):
            killed = forked.run(lambda: f'{len(pending.recover(bare, NOW))}', die_at=again)
            if killed is not None:
                break
        assert killed is not None
        found = rows(bare).get(first.id)
        assert found in ((outcome,) if told else (outcome, _failed(first), None))
        assert found or not started.is_symlink()
        assert left(bare) == []
    assert step > 15


def _failed(begun: Result) -> Result:
    return begun._replace(env={**begun.env, 'reason': pending.DIED, 'found': NOW})


def test_two_recoveries_at_once_append_each_row_once(bare: Lab, begun: Result) -> None:
    for number in range(10):
        abandoned(bare, begun._replace(id=f'{number}'))
    children = []
    for _ in range(4):
        child = os.fork()
        if not child:
            try:
                pending.recover(bare, NOW)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(bare.ledger.read_bytes().splitlines()) == 11 and len(rows(bare)) == 10
