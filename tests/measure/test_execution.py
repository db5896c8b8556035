"""Two commands as one."""
from __future__ import annotations

from pathlib import Path

from gitexp.measure import execution
from gitexp.measure.execution import Executed
from gitexp.run.ending import Ended, Ending


def test_of_training_and_evaluation_the_row_has_the_seconds_the_pauses_and_the_larger_memory() -> None:
    trained = Executed(Ended(Ending.OK, None, 5.0, paused=2.0), Path('a'), 5.0, 1.5, None, None, 2.0)
    judged = Executed(Ended(Ending.OK, None, 1.0, paused=0.5), Path('b'), 1.0, 0.5, None, None, 0.5)

    both = execution.added(execution.added(None, trained), judged)
    assert (both.log, both.seconds, both.memory_gb, both.paused) == (Path('b'), 6.0, 1.5, 2.5)
