from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A supervisor that has had 200 MB itself, as after a large ledger.
_BIG = """
import os, sys
from pathlib import Path
from gitexp.run.interrupts import Interrupts
from gitexp.run.run import supervise
big = b'x' * (200 << 20)
del big
with Interrupts() as signals:
    ended = supervise(sys.argv[1], cwd=Path('.'), env=dict(os.environ), limit=30.0, log=Path('run.log'), signals=signals)
print(ended.memory_gb)
"""
_EATS = f'{sys.executable} -c "x = b\'x\' * (%d << 20); del x; import time; time.sleep(%s)"'


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux hands a peak on to children')
@pytest.mark.parametrize(('command', 'least', 'most'), [
    ('echo 1', None, 0.05),
    ('sleep 0.5', 0.0001, 0.05),
    (_EATS % (60, 0.5), 0.06, 0.12),  # Its peak, although it has given the memory back.
    (_EATS % (400, 0), 0.39, 0.5),  # Too short to be looked at: from the kernel.
    (f'{_EATS % (60, 0.5)} & {_EATS % (70, 0.5)}; wait', 0.07, 0.2),
])
def test_what_a_run_took_is_not_what_we_have(tmp_path: Path, command: str, least: float | None, most: float) -> None:
    done = subprocess.run([sys.executable, '-c', _BIG, command], cwd=tmp_path, capture_output=True, text=True, env={**os.environ})
    said = done.stdout.strip()

    assert done.stderr == ''
    if said == 'None':
        assert least is None
    else:
        assert (least or 0) <= float(said) <= most
