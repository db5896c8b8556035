"""The repository, its configuration and its folders."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gitexp.core import files
from gitexp.core.errors import Refused, Usage
from gitexp.git import repository, worktrees
from gitexp.git.command import Git
from gitexp.git.worktrees import Worktree
from gitexp.lab import config
from gitexp.lab.config import Config

_TRUNKS = ('main', 'master')


class Experiment(NamedTuple):
    """A branch, a worktree and a folder in it; the worktree may be gone."""

    slug: str
    root: Path
    folder: Path

    @property
    def branch(self) -> str:
        return f'refs/heads/exp/{self.slug}'


@dataclass(frozen=True, eq=False, repr=False)
class Lab:
    """A repository whose trunk holds gitexp.yaml; `here` is the top of the worktree that was asked from.

    `text` is gitexp.yaml itself when it was read afresh, None when what it says was kept from an earlier reading.
    """

    here: Path | None
    common: Path
    trunk: str
    trunk_commit: str
    config_blob: str
    config: Config
    settings: Mapping[str, str]
    text: bytes | None = None

    @staticmethod
    def find(folder: Path, *, afresh: bool = False) -> Lab:
        """Read the lab around a folder from its trunk, never from a working copy.

        `afresh` believes nothing that is kept between commands, since that lies where anybody can write.
        Raises Refused without a repository, commit, trunk or gitexp.yaml, Usage for a bad gitexp.yaml.
        """
        place = repository.place(folder)
        git = Git(place.top or place.common)
        settings = _settings(git)
        trunk, commit, blob = _trunk(git, settings.get('gitexp.trunk'))
        text = repository.blob(git, blob) if afresh else None
        read = config.of(_document(git, place.common / 'exp' / 'cache' / f'{blob}.json', blob, text))
        if read.trunk != trunk:
            raise Usage(f"{config.FILE} on '{trunk}' says that the trunk is '{read.trunk}'", hint='git exp doctor')
        return Lab(place.top, place.common, trunk, commit, blob, read, settings, text)

    @property
    def trunk_ref(self) -> str:
        return f'refs/heads/{self.trunk}'

    @property
    def state(self) -> Path:
        """What is not history: locks, running processes, logs; never the only copy of a result."""
        return self.common / 'exp'

    @property
    def git(self) -> Git:
        return Git(self.here or self.common)

    @cached_property
    def worktrees(self) -> list[Worktree]:
        return worktrees.listed(self.git)

    @cached_property
    def root(self) -> Path:
        """The worktree that has the trunk checked out; raises Refused when none has."""
        for worktree in self.worktrees:
            if worktree.branch == self.trunk_ref:
                return worktree.path
        raise Refused(
            f"no worktree has the trunk '{self.trunk}' checked out, and the ledger lives there",
            hint=f'git -C {self.worktrees[0].path} switch {self.trunk}',
        )

    @property
    def ledger(self) -> Path:
        return self.root / self.config.paths.ledger

    def experiment(self, slug: str) -> Experiment:
        """Name the parts of an experiment, whether it exists or not."""
        branch = f'refs/heads/exp/{slug}'
        at = next((worktree.path for worktree in self.worktrees if worktree.branch == branch), None)
        root = at or self.root / self.config.paths.worktrees / slug
        return Experiment(slug, root, root / self.config.paths.experiments / slug)

    @cached_property
    def current(self) -> Experiment | None:
        """The experiment whose worktree was asked from, None on the trunk or elsewhere."""
        for worktree in self.worktrees:
            if worktree.path == self.here and worktree.branch and worktree.branch.startswith('refs/heads/exp/'):
                return self.experiment(worktree.branch.removeprefix('refs/heads/exp/'))
        return None


def _settings(git: Git) -> dict[str, str]:
    """What git's configuration says of gitexp and of hooks, by lower-case key; the last value counts, as for git."""
    done = git.run('config', '--null', '--get-regexp', r'^(gitexp\..*|core\.hookspath|core\.bare|commit\.gpgsign)$')
    return {key: value for key, _, value in (line.partition('\n') for line in done.names)}


def _trunk(git: Git, told: str | None) -> tuple[str, str, str]:
    """The trunk's name, its commit and its gitexp.yaml, found in one look at the likely names."""
    names = [told] if told else list(_TRUNKS)
    found = repository.objects(git, [f'refs/heads/{name}{path}' for name in names for path in ('', f':{config.FILE}')])
    for name, commit, blob in zip(names, found[::2], found[1::2]):
        if commit and blob:
            return name, commit, blob
    if not any(found[::2]):
        if git.run('rev-parse', '--verify', '--quiet', 'HEAD').code:
            raise Refused('this repository has no commits yet', hint='commit something, then: git exp init')
        raise Refused(
            f"there is no trunk: no branch {' or '.join(names)}",
            hint='fetch it (git fetch origin main:main), or name it: git config gitexp.trunk NAME',
        )
    trunk = next(name for name, commit in zip(names, found[::2]) if commit)
    if git.run('cat-file', '-e', f':{config.FILE}').code == 0:
        raise Refused(f"{config.FILE} is not committed on the trunk '{trunk}' yet", hint='git commit')
    raise Refused(f"no {config.FILE} on the trunk '{trunk}'", hint='git exp init')


def _document(git: Git, kept: Path, blob: str, text: bytes | None) -> Mapping[str, Any]:
    """The parsed gitexp.yaml, kept under its object id, since YAML and its schema cost more than all else."""
    try:
        known = dict(json.loads(kept.read_bytes()))
    except (OSError, ValueError):
        known = None
    if known is not None and text is None:
        return known
    from gitexp.lab import parse
    if known is not None and text is not None:
        return parse.again(text)
    said = parse.parse(repository.blob(git, blob) if text is None else text)
    try:
        files.replace(kept, json.dumps(said))
    except OSError:
        pass  # A read-only repository is slower, not broken.
    return said
