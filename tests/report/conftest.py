"""What drawing takes."""
from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What matplotlib finds out about fonts once, which takes seconds."""
    return tmp_path_factory.mktemp('matplotlib')


@pytest.fixture
def drawing(fonts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips the test where nothing can be drawn."""
    pytest.importorskip('matplotlib')
    monkeypatch.setenv('MPLCONFIGDIR', str(fonts))
