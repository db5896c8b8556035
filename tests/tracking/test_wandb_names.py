"""Which runs have another name in wandb than they should have by now."""
from __future__ import annotations

from pathlib import Path

from gitexp.lab.lab import Lab
from gitexp.ledger import write
from gitexp.ledger.result import Kind, Result
from gitexp.tracking import names
from place import CONFIG, Place


def tracking(lab: Place) -> Lab:
    lab.write('gitexp.yaml', CONFIG + 'tracking: wandb\n')
    lab.commit('track')
    return Lab.find(lab.path)


def ran(found: Lab, name: str, where: str | None, version: str = 'v1') -> str:
    env = {'wandb': where} if where else {}
    write.append(found, [Result(name, '2026-01-01T00:00:00+00:00', 'idea', Kind.EVAL, version=version, value=1.0, env=env)])
    return name


def turned(found: Lab, name: str, kind: Kind, **params: object) -> None:
    write.append(found, [Result(name, '2026-01-02T00:00:00+00:00', 'idea', kind, version='v1_leak', params=params)])


def late(found: Lab) -> list[tuple[str, str]]:
    return [(one.path, one.name) for one in names.late(found)]


def test_a_retired_run_is_renamed_once_and_back(lab: Place) -> None:
    found = tracking(lab)
    run = ran(found, 'r1', 'https://wandb.example/ada/idea/runs/r1')
    ran(found, 'r2', None)
    ran(found, 'r3', 'https://wandb.example/ada/idea/runs/r3', 'v2')
    assert late(found) == []

    turned(found, 's1', Kind.SUPERSEDE, bug='leak', covers=['r1', 'r2'])
    assert late(found) == [('ada/idea/r1', 'v1_leak')]
    names.keep(next(names.late(found)))
    assert late(found) == []
    turned(found, 's2', Kind.RESTORE, restores='s1')
    assert late(found) == [('ada/idea/r1', 'v1')] and run == 'r1'


def test_an_offline_run_waits_for_its_sync(lab: Place) -> None:
    found = tracking(lab)
    ran(found, 'r1', 'experiments/idea/exp_log/wandb/offline-run-20260101_000000-r1')
    turned(found, 's1', Kind.SUPERSEDE, bug='leak', covers=['r1'])
    assert late(found) == []

    folder = lab.path / '5_worktrees/idea/experiments/idea/exp_log_v1_leak/wandb/offline-run-20260101_000000-r1'
    folder.mkdir(parents=True)
    assert late(found) == []
    (folder / 'run-r1.wandb.synced').touch()
    assert late(found) == [('idea/r1', 'v1_leak')]


def test_a_run_whose_address_was_never_told_is_found_by_its_folder(lab: Place) -> None:
    found = tracking(lab)
    ran(found, 'r1', 'r1')
    turned(found, 's1', Kind.SUPERSEDE, bug='leak', covers=['r1'])
    assert late(found) == []

    Path(lab.path, 'experiments/idea/exp_log_v1_leak/wandb/run-20260101_000000-r1').mkdir(parents=True)
    assert late(found) == [('idea/r1', 'v1_leak')]


def test_a_row_from_elsewhere_may_say_anything(lab: Place) -> None:
    found = tracking(lab)
    ids = [ran(found, name, where) for name, where in [('a**b', 'x'), ('[', '[/..'), ('c', 'a://b'), ('d', 'https://')]]
    turned(found, 's1', Kind.SUPERSEDE, bug='leak', covers=ids)

    assert late(found) == []


def test_names_that_cannot_be_read_are_told_again(lab: Place) -> None:
    found = tracking(lab)
    ran(found, 'r1', 'https://wandb.example/ada/idea/runs/r1')
    turned(found, 's1', Kind.SUPERSEDE, bug='leak', covers=['r1'])
    names.keep(next(names.late(found)))
    (found.state / 'wandb-names.json').write_text('[1')

    assert late(found) == [('ada/idea/r1', 'v1_leak')]
