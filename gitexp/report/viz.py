"""What a lab draws by a command of its own, `viz:`, after a fix: masks, samples, whatever a metric does not show."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gitexp.core import deep
from gitexp.core.errors import RunFailed, TimedOut
from gitexp.core.kept import state_of
from gitexp.experiment import folders
from gitexp.lab.config import Command
from gitexp.lab.lab import Experiment, Lab
from gitexp.measure import environment, failing
from gitexp.measure.voice import Voice
from gitexp.report.compared import Compared
from gitexp.run import fence, run
from gitexp.run.ending import Ending
from gitexp.run.interrupts import Interrupts


def draw(lab: Lab, which: Experiment, said: Compared, command: Command, *, voice: Voice) -> list[Path]:
    """Run the command in the experiment's worktree, and name the files that it has written into EXP_OUT, which is results/viz/.

    EXP_BEFORE and EXP_AFTER are the folders in which the runs of both versions have theirs. Raises RunFailed, TimedOut at its limit, and
    KeyboardInterrupt when asked to stop.
    """
    out, log = which.folder / 'results' / 'viz', which.folder / 'exp_log' / 'viz.log'
    told = {
        'EXP_SLUG': which.slug, 'EXP_OUT': str(out), 'EXP_AFTER': str(which.folder / 'results'),
        'EXP_BEFORE': str(folders.results(which.folder, said.before.version) or ''),
    }
    before = _files(out)
    with Interrupts() as signals:
        ended = run.supervise(
            command.text, cwd=which.root, env={**environment.handed_on(os.environ, lab.config.environment), **told}, limit=command.limit,
            log=log, top=which.root, signals=signals, echo=voice.echo, fence=fence.of(lab, command.text).but(out),
        )
    if ended.ending is not Ending.OK:
        failing.show(ended.tail, voice)
        kind = TimedOut if ended.ending is Ending.TIMEOUT else RunFailed
        raise kind(f"viz: of gitexp.yaml, '{command.text}': {ended.reason}", hint=f"its log: less '{log}'")
    return [path for path, state in sorted(_files(out).items()) if before.get(path) != state]


def _files(folder: Path) -> Mapping[Path, str]:
    paths = (Path(inner, name) for inner, _, names in deep.walk(folder) for name in names)
    return {path: state_of(path.lstat()) for path in paths}
