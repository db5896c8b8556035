"""What has come where a rule fixes more than the files that are there, as in a folder that is fixed as a whole."""
from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from gitexp.core.finding import Finding
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.rules import gate
from gitexp.rules.pattern import fold
from gitexp.rules.ruleset import Rule

CACHE = '__pycache__'
_CACHES = {CACHE, '.pytest_cache', '.ipynb_checkpoints'}


class Whole:
    """All that is there by such rules now, to be compared with what is there later; where the lab has none, nothing is listed.

    Of a rule that names files in any folder, as `**/*.yaml`, only the folders that had fixed files are looked at.
    """

    def __init__(self, lab: Lab, folder: Path, fixed: Collection[str]) -> None:
        known = {fold(path) for path in fixed}
        self._lab = lab
        self._folder = folder
        self._around = {str(parent) for path in fixed for parent in PurePosixPath(path).parents}
        above = {fold(parent) for parent in self._around}  # Where there is a fixed file, nothing comes in place of the folder.
        self._rules = [rule for rule in gate.fixing(lab) if rule.pattern.text not in (above if rule.pattern.alone else known)]
        self._before = dict(self._there())

    def added(self, *, more: bool) -> list[Finding]:
        """Name what has come since. Where nothing follows, caches may, and what git ignores: programs build, too."""
        new = {path: rule for path, rule in self._there() if path not in self._before}
        kept = {path for path in new if not more and not _CACHES.isdisjoint(path.split('/'))}
        free = kept if more or len(kept) == len(new) else kept | self._ignored(new)
        return [
            Finding('fixed', path, f"nothing comes where '{rule.text}' is {rule.kind}", rule.where) for path, rule in sorted(new.items())
            if path not in free
        ]

    def _there(self) -> Iterator[tuple[str, Rule]]:
        """Each file, link and empty folder, `a/`, with the first rule that names it, and each folder that cannot be listed."""
        waiting = [''] if self._rules else []
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self._folder / folder) as found:
                    entries = {f'{folder}/{one.name}' if folder else one.name: one.is_dir(follow_symlinks=False) for one in found}
            except OSError:
                entries = {folder: False}
            if folder and not entries and (rule := self._rule(folder)):
                yield f'{folder}/', rule
            waiting += [path for path, is_folder in entries.items() if is_folder and self._leads(path)]
            named = ((path, self._rule(path)) for path, is_folder in entries.items() if not is_folder)
            yield from ((path, rule) for path, rule in named if rule)

    def _rule(self, path: str) -> Rule | None:
        return next((rule for rule in self._rules if rule.pattern.covers(path)), None)

    def _leads(self, folder: str) -> bool:
        return folder in self._around or any(rule.pattern.leads(folder) for rule in self._rules)

    def _ignored(self, paths: Collection[str]) -> set[str]:
        """By the trunk's .gitignore alone: the commit's, a person's own, and what the run has put there, may name anything."""
        from tempfile import TemporaryDirectory  # Costs time, and most runs leave nothing there.
        with TemporaryDirectory() as folder:
            self._lay_out(Path(folder), {PurePosixPath(parent, '.gitignore') for path in paths for parent in PurePosixPath(path).parents})
            git = Git(Path(folder))
            git.ask('init', '--quiet', '--template=')
            feed = ''.join(f'{path}\0' for path in paths).encode('utf-8', 'surrogateescape')
            own = f'core.excludesFile={os.devnull}'
            return set(git.run('-c', own, 'check-ignore', '--no-index', '-z', '--stdin', feed=feed).names)

    def _lay_out(self, folder: Path, paths: Collection[PurePosixPath]) -> None:
        names = [f'{self._lab.trunk_commit}:{path}' for path in paths]
        for path, found in zip(paths, repository.contents(self._lab.git, names)):
            if found:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(found[1])
