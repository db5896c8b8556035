"""What gitexp.yaml says, as values."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitexp.core.tuples import NamedTuple

FILE = 'gitexp.yaml'
REPORT = 'docs/experiment_results.md'  # git exp report writes it
REPORTS = '9_reports'  # git exp results --plot draws there
APPENDS = ('append-top', 'append-bottom')
KINDS = ('frozen', 'global', *APPENDS, 'sections', 'keep', 'links-only', 'human', 'fixed', 'variable')
LIVE = ('Status', 'Monitoring')
_SECONDS = {'s': 1.0, 'm': 60.0, 'h': 3600.0}


class Metric(NamedTuple):
    """`direction` is 'min' or 'max'; `min_effect` and `bounds` are in the metric's unit.

    `time_limited`: a run works for a fixed time, so that its value says how much of the machine it had.
    """

    name: str
    direction: str
    min_effect: float = 0.0
    bounds: tuple[float, float] | None = None
    time_limited: bool = False

    def gain(self, value: float, over: float) -> float:
        """How much better `value` is, positive whatever the direction."""
        return value - over if self.direction == 'max' else over - value

    def plausible(self, value: float) -> bool:
        """Whether a value lies within the declared bounds."""
        return self.bounds is None or self.bounds[0] <= value <= self.bounds[1]


class Command(NamedTuple):
    """A line for the shell and its time limit in seconds."""

    text: str
    limit: float = 2400.0


class Baseline(NamedTuple):
    """`minutes` bounds the time of one run; `tolerance` is how far the same seed run twice may differ.

    `max_sd` is how far seeds may differ, None for less than the smallest effect; `required`, before anything is evaluated.
    """

    minutes: tuple[float, float] = (5.0, 40.0)
    tolerance: float = 0.0
    max_sd: float | None = None
    required: bool = True


class Paths(NamedTuple):
    """Where things are, from the root."""

    ledger: str = 'results.tsv'
    worktrees: str = '5_worktrees'
    experiments: str = 'experiments'


class Config(NamedTuple):
    """The whole of gitexp.yaml with its defaults filled in.

    `live` are headings that stay open under the sections rule, `humans` names or addresses of people, `signers` their keys:
    lines as in an allowed-signers file of ssh-keygen(1), or fingerprints of OpenPGP keys. `gpus` is how many a run takes, or
    their uuids, None for all. `outputs` are patterns of what a run must leave, `min_free_gb` GiB. `axes` are names of numbers that a
    run prints beside its metric, `environment` of variables that it gets. `sealed`: what scores sees of an experiment only what its
    training has left. `ledgers` has that of `paths`, and those that the lab had before.
    """

    metric: Metric
    eval: Command
    train: Command | None
    smoke: Command | None
    inputs: tuple[str, ...]
    seeds: tuple[int, ...]
    baseline: Baseline
    trunk: str
    guarded: bool
    rules: Mapping[str, tuple[str, ...]]
    paths: Paths
    live: tuple[str, ...] = LIVE
    humans: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    min_free_gb: float = 1.0
    tracking: str | None = None
    gpus: int | tuple[str, ...] | None = None
    axes: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    sealed: bool = False
    viz: Command | None = None
    ledgers: tuple[str, ...] = ('results.tsv',)

    @property
    def commands(self) -> str:
        """What is run for a result, as one text."""
        return f'{self.train.text}\n{self.eval.text}' if self.train else self.eval.text


def of(said: Mapping[str, Any]) -> Config:
    """Make the values of a document that the schema has accepted."""
    trunk = said.get('trunk', {})
    trunk = {'name': trunk} if isinstance(trunk, str) else trunk
    return Config(
        metric=_metric(said['metric']),
        eval=_command(said['eval']),
        train=_command(said['train']) if 'train' in said else None,
        smoke=_command(said['smoke']) if 'smoke' in said else None,
        inputs=tuple(said.get('inputs', ())),
        seeds=tuple(said.get('seeds', (1, 2, 3))),
        baseline=_baseline(said.get('baseline', {})),
        trunk=trunk.get('name', 'main'),
        guarded=trunk.get('guarded', False),
        rules={kind: tuple(said.get('rules', {}).get(kind, ())) for kind in KINDS},
        paths=_paths(said.get('paths', {})),
        ledgers=ledgers(said.get('paths', {})),
        live=tuple(said.get('live', LIVE)),
        humans=tuple(said.get('humans', ())),
        signers=tuple(said.get('signers', ())),
        outputs=tuple(said.get('outputs', ())),
        min_free_gb=float(said.get('min_free_gb', 1.0)),
        gpus=tuple(said['gpus']) if isinstance(said.get('gpus'), list) else said.get('gpus'),
        axes=tuple(said.get('axes', ())),
        environment=tuple(said.get('environment', ())),
        sealed=said.get('sealed', False),
        viz=_command(said['viz']) if 'viz' in said else None,
        tracking=None if said.get('tracking', 'none') == 'none' else said['tracking'],
    )


def ledgers(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The ledger that is named below `paths`, and those that the lab had before."""
    return tuple(dict.fromkeys((_paths(said).ledger, *said.get('former', ()))))


def _paths(said: Mapping[str, Any]) -> Paths:
    return Paths(**{name: place.rstrip('/') for name, place in said.items() if name != 'former'})


def _metric(said: Mapping[str, Any]) -> Metric:
    bounds = said.get('bounds')
    return Metric(
        said['name'], said['direction'], float(said.get('min_effect', 0)), (float(bounds[0]), float(bounds[1])) if bounds else None,
        said.get('time_limited', False),
    )


def _command(said: str | Mapping[str, Any]) -> Command:
    if isinstance(said, str):
        return Command(said)
    limit = said.get('time_limit')
    return Command(said['command']) if limit is None else Command(said['command'], _seconds(limit))


def _seconds(said: str | float) -> float:
    return float(said[:-1]) * _SECONDS[said[-1]] if isinstance(said, str) else float(said)


def _baseline(said: Mapping[str, Any]) -> Baseline:
    shortest, longest = said.get('minutes', Baseline().minutes)
    sd = said.get('max_sd')
    return Baseline(
        (float(shortest), float(longest)), float(said.get('tolerance', 0)), None if sd is None else float(sd), said.get('required', True),
    )
