"""The process that talks to wandb: one for each run, started by `tracker` and answering to it on its standard input.

It ends itself when it is stuck, and finishes its run as failed when whoever started it is gone.
"""
from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from gitexp.lab import parse
from gitexp.lab.lab import Lab
from gitexp.tracking import names, offline
from gitexp.tracking.stream import Point, Stream

_STUCK = 90  # seconds for a step, the last upload too
_REACH = 10.0  # seconds for a server to answer
_OFTEN = 1.0  # seconds between two looks at the metrics
_POLITE = 5  # The run has the first claim to the processor.
_FACTS = 'exp/'


class Channel:
    """Lines of JSON in both directions; nobody may be listening any more."""

    def __init__(self) -> None:
        self._socket = socket.socket(fileno=os.dup(0))  # A copy that wandb's own processes do not inherit.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        self._text = b''

    def said(self, patience: float | None = None) -> Mapping[str, Any] | None:
        """The next message, {} for none within so many seconds, None when there will be no more."""
        while b'\n' not in self._text:
            if not select.select([self._socket], [], [], patience)[0]:
                return {}
            try:
                data = self._socket.recv(1 << 20)
            except ConnectionResetError:
                return None  # Whoever listened is gone, and had not read all that we said.
            if not data:
                return None
            self._text += data
        line, _, self._text = self._text.partition(b'\n')
        return dict(json.loads(line))

    def say(self, **said: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(said).encode() + b'\n')


def main() -> None:
    """Follow one run to its end."""
    channel = _began()
    card = channel.said()
    if card is None:
        return
    os.chdir(card['folder'])
    run, is_online, note = _start(card)
    folder = Path(run.settings.sync_dir)
    channel.say(where=run.url if is_online else str(folder), note=note)
    outcome = _follow(channel, run, Stream(Path(card['stream'])))
    _finish(run, outcome)
    file = folder / f'run-{card["id"]}.wandb'
    channel.say(**({'done': True} if offline.is_whole(file) else {'lost': f'its end could not be written to {file}'}))
    if is_online:
        _settle(card['lab'])


def rename() -> None:
    """Give finished runs the names that they have by now."""
    channel = _began()
    card = channel.said()
    if card is not None:
        _settle(card['lab'])


def _began() -> Channel:
    """Leave the terminal, so that Ctrl-C is the supervisor's to tell, and have what kills us told."""
    with contextlib.suppress(OSError):
        os.setsid()
    os.nice(_POLITE)
    signal.alarm(_STUCK)
    channel = Channel()

    def died(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        missing = isinstance(error, ModuleNotFoundError) and error.name == 'wandb'
        channel.say(lost="wandb is not installed: pip install 'gitexp[wandb]'" if missing else f'{kind.__name__}: {error}')
        os._exit(1)
    sys.excepthook = died
    return channel


def _start(card: Mapping[str, Any]) -> tuple[Any, bool, str | None]:
    """The run, whether a server has it, and what is to be said of it; a server that does not answer is done without."""
    import wandb
    if card['is_online']:
        try:
            return _init(card, 'online'), True, None
        except wandb.errors.Error as error:
            note = f'offline, since the server could not be reached: {type(error).__name__}'
            wandb.teardown()
            return _init(card, 'offline'), False, note
    return _init(card, 'offline'), False, None


def _init(card: Mapping[str, Any], mode: Literal['online', 'offline']) -> Any:
    import wandb
    config = parse.plain(card['config'].encode('utf-8', 'surrogateescape'), 'config.yaml')
    signal.alarm(_STUCK)
    return wandb.init(
        mode=mode, dir=card['folder'], id=card['id'], project=card['project'], name=card['name'], tags=card['tags'], group=card['group'],
        job_type=card['kind'], config=json.loads(json.dumps(config, default=str)),
        settings=wandb.Settings(
            silent=True, console='off', disable_git=True, disable_code=True, x_disable_stats=True, x_disable_meta=True,
            init_timeout=_REACH if mode == 'online' else _STUCK,
        ),
    )


def _follow(channel: Channel, run: Any, stream: Stream) -> Mapping[str, Any] | None:
    """Log what the run measures until its outcome is told; None when nobody is there to tell it."""
    outcome: Mapping[str, Any] | None = {}
    while outcome == {}:
        signal.alarm(_STUCK)
        _log(run, stream.more())
        outcome = channel.said(_OFTEN)
    signal.alarm(_STUCK)
    for points in iter(stream.more, []):
        _log(run, points)
    _log(run, stream.last())
    return outcome


def _log(run: Any, points: list[Point]) -> None:
    for point in points:
        run.log(dict(point.values), step=point.step)


def _finish(run: Any, outcome: Mapping[str, Any] | None) -> None:
    import wandb
    said = outcome or {'ok': False, 'metrics': {}, 'facts': {'status': 'failed'}}
    if said['metrics']:
        run.log(said['metrics'])
    run.summary.update({f'{_FACTS}{name}': value for name, value in said['facts'].items() if value is not None})
    run.finish(exit_code=0 if said['ok'] else 1)
    wandb.teardown()  # Until then the end of the file may be nowhere but in memory.


def _settle(lab: str) -> None:
    """What cannot be renamed now is tried again by the next run."""
    import wandb
    api: Any = None
    for late in names.late(Lab.find(Path(lab))):
        signal.alarm(_STUCK)
        with contextlib.suppress(wandb.errors.Error, ValueError, OSError):
            api = api or wandb.Api(timeout=int(_REACH))
            run = api.run(late.path)
            run.name = late.name
            run.update()
            names.keep(late)
