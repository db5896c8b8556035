"""The wandb run beside a run of ours: begun before its first command, told of its end.

The work is done by a process of its own, `sidecar`, since wandb takes half a second to start, may wait for a server, and can crash.
What passes between the two never waits: a line to the sidecar is sent or lost, and its answer is waited for `PATIENCE` seconds at most,
once. A sidecar that is still at work then goes on alone, and ends itself.
"""
from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gitexp.core import beneath
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result, Status
from gitexp.tracking import card, launch
from gitexp.tracking.card import Card

PATIENCE = 1.0


class Tracker:
    """Use it in this order: `start`, `environment` for each command, `end`, `tell`."""

    def __init__(self, made: Card, *, out: Path, below: Path, metric: str, trains: bool) -> None:
        self.card = made
        self._out = out
        self._below = below
        self._metric = metric
        self._trains = trains
        self._channel: socket.socket | None = None
        self._where: str | None = None
        self._lost: str | None = None
        self._note: str | None = None
        self._is_done = False

    def start(self) -> None:
        """Start the sidecar; that it cannot be started is told at the end."""
        try:
            beneath.make(Path(self.card.folder, 'wandb'), self._below)
            self._channel = launch.sidecar('main')
            self._send({**self.card._asdict(), 'tags': self.card.tags('train' if self._trains else 'eval')})
        except OSError as error:
            self._lost = f'{(error.strerror or str(error)).lower()}{f": {error.filename}" if error.filename else ""}'

    def environment(self, *, did: str) -> dict[str, str]:
        """What makes a command's own `wandb.init()` agree with ours; `did` is 'train' or 'eval'."""
        mine = self.card
        told = {'PROJECT': mine.project, 'NAME': mine.name, 'RUN_GROUP': mine.group, 'JOB_TYPE': did, 'TAGS': ','.join(mine.tags(did))}
        told |= {'DIR': str(self._out), **({} if mine.is_online else {'MODE': 'offline'})}
        return {f'WANDB_{name}': value for name, value in told.items()}

    def end(self, result: Result) -> Result:
        """Hand over the outcome; the row with where the wandb run is, its id when that is not known yet."""
        said = {
            'ok': result.status is Status.OK,
            'metrics': {**({} if result.value is None else {self._metric: result.value}), **result.metrics},
            'facts': {'status': result.status.value, 'seed': result.seed, 'seconds': result.seconds, 'memory_gb': result.memory_gb},
        }
        self._finish(said)
        where = self._where or (None if self._lost else self.card.id)
        known = {'wandb': where, 'untracked': self._lost}
        return result._replace(env={**result.env, **{name: value for name, value in known.items() if value}})

    def tell(self, say: Callable[[str], None]) -> None:
        """One line about where the run is, or why it is nowhere."""
        if self._lost:
            say(f'    wandb has not got this run: {self._lost}')
        else:
            notes = [*([self._note] if self._note else []), *([] if self._is_done else ['still at work on it'])]
            say(f'    wandb: {self._where or self.card.id}' + (f' ({"; ".join(notes)})' if notes else ''))

    def _finish(self, said: Mapping[str, Any]) -> None:
        if self._lost or self._channel is None:
            return
        try:
            self._send(said)
        except OSError:
            self._lost = 'its process died'
        for answer in self._answers(time.monotonic() + PATIENCE):
            self._where = self._at(answer.get('where')) or self._where
            self._note = answer.get('note') or self._note
            self._lost = answer.get('lost') or self._lost
            self._is_done = 'done' in answer
        self._channel.close()

    def _answers(self, until: float) -> Iterator[Mapping[str, Any]]:
        """What the sidecar says until it is done, or dead, or we have waited enough."""
        assert self._channel
        text, is_done = b'', False
        while not is_done and (left := until - time.monotonic()) > 0:
            if not select.select([self._channel], [], [], left)[0]:
                return
            try:
                data = self._channel.recv(1 << 16)
            except OSError:
                data = b''
            if not data:
                self._lost = self._lost or 'its process died'
                return
            *lines, text = (text + data).split(b'\n')
            for line in lines:
                answer = json.loads(line)
                is_done = is_done or 'done' in answer or 'lost' in answer
                yield answer

    def _send(self, said: Mapping[str, Any]) -> None:
        assert self._channel
        data = json.dumps(said).encode() + b'\n'
        if self._channel.send(data) != len(data):
            raise OSError('its process does not listen')

    def _at(self, where: str | None) -> str | None:
        """An address, or a path from the worktree."""
        return os.path.relpath(where, self._below) if where and os.path.isabs(where) else where


def of(lab: Lab, begun: Result, *, folder: Path, out: Path, below: Path, kind: str = '') -> Tracker:
    """The tracker of a run whose logs go to `folder`, in the worktree `below`; raises Refused as `card.of` does."""
    made = card.of(lab, begun, folder=folder, out=out, below=below, kind=kind or begun.kind.value)
    return Tracker(made, out=out, below=below, metric=lab.config.metric.name, trains=lab.config.train is not None and not kind)
