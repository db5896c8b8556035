"""A lab of which only the ledger matters, without git around it, and rows to put there."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitexp.lab import config
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result
from sharing import row


def bare_lab(folder: Path, **metric: Any) -> Lab:
    """A lab in a plain folder: its root is given instead of asked from git."""
    said = {'metric': {'name': 'score', 'direction': 'min', **metric}, 'eval': 'python eval.py'}
    lab = Lab(folder, folder / '.git', 'main', '', '', config.of(said), {})
    lab.__dict__['root'] = folder
    return lab


@pytest.fixture
def bare(tmp_path: Path) -> Lab:
    return bare_lab(tmp_path)


@pytest.fixture
def make_bare(tmp_path: Path) -> Callable[..., Lab]:
    return lambda folder=tmp_path, **metric: bare_lab(folder, **metric)


@pytest.fixture(name='row')
def a_row() -> Callable[..., Result]:
    """Makes a row; whatever is not said is as in any other."""
    return row
