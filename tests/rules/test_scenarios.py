"""The same changes at every gate: the commit, the branch that moves, the range, the push, the server and the evaluation say the same."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import rulebook

_LINES = (Path(__file__).parent / 'scenarios.txt').read_text().splitlines()
SCENARIOS = [re.split(r'\s{2,}', line) for line in _LINES if line and not line.startswith('#')]


@pytest.mark.parametrize(('kind', 'branch', 'steps', 'rules'), SCENARIOS, ids=[' '.join(one[:3]) for one in SCENARIOS])
def test_every_gate_says_the_same(tmp_path: Path, kind: str, branch: str, steps: str, rules: str) -> None:
    place = rulebook.make(tmp_path, kind, branch)
    rulebook.apply(place, steps)
    message = 'exp(a): a change'

    committed = place.git('commit', '-q', '-m', message, check=False)
    assert rulebook.told(committed.stderr) == rules, committed.stderr
    assert (committed.returncode == 0) == (rules == 'ok')

    if committed.returncode:
        assert rulebook.moved(place, message) == rules
        place.without_hooks('commit', '-q', '-m', message)
    assert rulebook.ranged(place) == rules

    assert rulebook.pushed(place, branch) == rules
    assert rulebook.served(place, branch) == rules
    if branch == 'exp/a':
        assert rulebook.gated(place) == rules
