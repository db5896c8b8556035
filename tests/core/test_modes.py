"""Files that root may not change whatever their mode, as a run can make them: chattr is nothing that Landlock knows."""
from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from place import Place
from stories import experiment, rows


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Flag files so that nobody changes them; skips where that cannot be done."""
    def flagged(flag: str, *paths: Path) -> int:
        return subprocess.run(['chattr', flag, *paths], capture_output=True, check=False).returncode

    def held(flag: str, *paths: Path) -> None:
        done.extend(paths)
        assert flagged(flag, *paths) == 0
    probe = tmp_path / 'probe'
    probe.touch()
    if os.geteuid() != 0 or not shutil.which('chattr') or flagged('+i', probe) or flagged('-i', probe):
        pytest.skip('only root may do so, and not on every file system')
    done: list[Path] = []
    yield held
    for path in done:
        flagged('-ia', path)


def test_what_every_command_needs_is_given_back(lab: Place, hold: Callable[..., None]) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    state = lab.path / '.git' / 'exp'
    kept = lab.write('.git/exp/runs/kept', '')
    hold('+i', kept, state / 'runs', state)
    idea.ok('eval', '--seed', '2')

    assert f"put right: '{state}' could not be used, nor 2 more" in idea.talk
    kept.unlink()
    assert [row['seed'] for row in rows(lab)] == ['1', '2']


def test_a_ledger_that_nobody_may_change_is_named_with_the_way_out(lab: Place, hold: Callable[..., None]) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    ledger = lab.path / 'results.tsv'
    hold('+i', ledger)

    assert idea.exp('eval', '--seed', '2') == 3
    assert f"cannot append to the ledger '{ledger}': operation not permitted\nhint: chattr -ia '{ledger}'" in idea.talk
    lab.exp('doctor')
    assert f"'{ledger}' cannot be written to\n{'':21}do: chattr -ia '{ledger}'" in lab.said


def test_a_folder_that_nobody_may_change_is_named_with_the_way_out(lab: Place, hold: Callable[..., None]) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    hold('+a', lab.path / '.git/exp')

    assert idea.exp('eval', '--seed', '2') == 3
    assert idea.talk.endswith(f"operation not permitted\nhint: chattr -ia '{lab.path}/.git/exp'\n")
