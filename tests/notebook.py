"""A ledger with a story in it, made without running anything, and the program asked in this process."""
from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitexp import cli
from gitexp.lab.lab import Lab
from gitexp.ledger import write
from gitexp.ledger.result import Kind, Result, Status
from gitexp.measure import current

CONFIG = """\
metric: {name: val_bpb, direction: min, min_effect: 0.01, bounds: [0, 100]}
eval: python3 eval.py {seed}
rules:
  frozen: [gitexp.yaml, eval.py]
baseline: {required: false}
"""
DESCRIPTION = 'tries a much wider context, naïvely: 全角文字 and more words than any table of eighty cells has room for'


@dataclass(frozen=True)
class Said:
    """How a command ended, what it answered and what it said beside."""

    code: int
    out: str
    talk: str


def ask(folder: Path, *words: str) -> Said:
    """Run a command as `git-exp` does, but in this process, which takes a tenth of the time."""
    held = os.getcwd(), sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), 'utf-8', write_through=True) for _ in range(2))
    os.chdir(folder)
    try:
        code = cli.run([*words])
        out, talk = (stream.buffer.getvalue().decode('utf-8', 'surrogateescape') for stream in (sys.stdout, sys.stderr))
        return Said(code, out, talk)
    finally:
        os.chdir(held[0])
        sys.stdout, sys.stderr = held[1:]


def blank(make_lab: Callable[..., Any], **more: str) -> Notebook:
    """A lab without rows."""
    return Notebook(make_lab(**{'config': CONFIG, **more}))


def story(make_lab: Callable[..., Any], **more: str) -> Notebook:
    """A baseline, a gain, a leak that is found, and the leak mended."""
    found = blank(make_lab, **more)
    found.story()
    return found


@dataclass
class Notebook:
    """Appends rows whose ids and times follow each other, a minute apart."""

    lab: Any
    rows: list[Result] = field(default_factory=list)

    def says(self, *words: str) -> Said:
        """Ask in the root."""
        return ask(self.lab.path, *words)

    def answers(self, *words: str) -> str:
        """The answer of a command that must succeed and have nothing else to say."""
        said = self.says(*words)
        assert (said.code, said.talk) == (0, ''), said
        return said.out

    def runs(self, experiment: str, letter: str, values: Sequence[float | None], **more: Any) -> list[str]:
        """A row for each value, with seeds from 1; None is a run that failed. Returns their ids."""
        kind, lab = Kind.BASELINE if experiment == 'baseline' else Kind.EVAL, Lab.find(self.lab.path)
        made = [
            self._row(experiment, kind, number, **{
                'status': Status.FAILED if value is None else Status.OK, 'value': value, 'seed': seed, 'seconds': 2.5, 'memory_gb': 0.125,
                'commit': letter * 40, 'tree': letter * 40, 'eval_id': current.eval_id(lab), **more,
            })
            for number, (seed, value) in enumerate(enumerate(values, 1), len(self.rows))
        ]
        self.rows += made
        write.append(lab, made)
        return [row.id for row in made]

    def supersede(self, experiment: str, bug: str, covers: Sequence[str]) -> str:
        return self._about(experiment, Kind.SUPERSEDE, {'bug': bug, 'covers': [*covers]})

    def restore(self, experiment: str, supersede: str) -> str:
        return self._about(experiment, Kind.RESTORE, {'restores': supersede})

    def story(self) -> None:
        self.runs('baseline', 'b', [2.91, 2.93, 2.95])
        self.runs('higher-order', 'c', [2.34, 2.36, 2.38], verdict='better')
        self.runs('crashes', 'd', [None])
        leak = self.runs('wide-context', 'e', [0.51, 0.52], verdict='provisional', description=DESCRIPTION)
        self.supersede('wide-context', 'val-leak', leak)
        self.runs('wide-context', 'f', [2.37, 2.39, 2.41], version='v2', verdict='inconclusive')

    def _about(self, experiment: str, kind: Kind, params: dict[str, Any]) -> str:
        made = self._row(experiment, kind, len(self.rows), params=params)
        self.rows.append(made)
        write.append(Lab.find(self.lab.path), [made])
        return made.id

    def _row(self, experiment: str, kind: Kind, number: int, **more: Any) -> Result:
        return Result(f'{number:016}', f'2026-03-01T{number // 60:02}:{number % 60:02}:00+00:00', experiment, kind, **more)
