"""The Pythons that an evaluation may start, and where they find what they load."""
from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from gitexp.core.kept import Kept
from gitexp.lab.lab import Lab
from gitexp.measure import astray, environment, interpreter, links, modules, variables
from gitexp.measure.interpreter import Python
from gitexp.rules import uninvited
from gitexp.rules.places import COMMANDS, started
from gitexp.run import beyond

_SHIMS = 'shims'  # of pyenv, asdf, mise and rye, which have beside it what they choose by, and what they choose from
_WORD = r'(?<![\w./$-])[\w.+-]+(?![\w/-])'


class Pythons:
    """Each is asked once for what it is, in the folder where the commands start."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.kept = Kept(lab.state / 'cache' / 'programs.json')
        self._lab = lab
        self._folder = folder
        self._asked: dict[str, Python | None] = {}

    def evaluating(self) -> Python | None:
        """The one that the command of the evaluation is run by, None where that cannot be told."""
        path = interpreter.of(self._lab.config.eval.text, os.environ, self._folder)
        return self._ask(path) if path else None

    def require_commit(self, fixed: Collection[str]) -> None:
        """Raises Refused as `astray.require`, for each that the commands, or scripts that they run, name."""
        said = environment.expanded(self._commands(fixed), os.environ)
        for path in sorted(interpreter.named(said, os.environ, self._folder)):
            if (named := self._behind(path)) and (python := self._ask(named)):
                astray.require(self._lab, python, self._folder, fixed)

    def loaded(self, fixed: Iterable[str]) -> set[str]:
        """What may be loaded by what scores, and lies outside the checkout, however the commands are spelled.

        That is all of each Python that the commands name, the `fixed` scripts that they run, or PATH, and of each environment and folder
        of libraries that a variable names. A script that chooses a Python, such as one of pyenv, is asked for its choice where it is
        named: it takes its time each time.
        """
        said = environment.expanded(self._commands(fixed), os.environ)
        launcher = modules.launcher(self._lab.config.eval.text, self._folder)
        words = interpreter.named(f'{said}\n{launcher}', os.environ, self._folder).union(re.findall(_WORD, said))
        named = {path for word in words if (path := self._behind(word))}
        given = environment.path(said, self._lab.config.environment, variables.CODE)
        found = {*self._started(said), *given}
        paths: set[str] = set()
        prefixes = {prefix for place in given if os.path.isabs(place) for prefix in beyond.prefixes(f'{place}/bin/python')}
        for path in named.union(filter(None, map(self._behind, interpreter.NAMES))):
            python = self._ask(path) if path in named or not interpreter.is_script(path) else None
            found.add(os.path.dirname(path))
            prefixes.update(*map(beyond.prefixes, (path, python.executable) if python else (path,)))
            paths.update(python.path if python else [])
        found.update(paths, prefixes, *map(modules.elsewhere, paths), self._linked(paths, {*given, *(f'{one}/lib' for one in prefixes)}))
        found.update([os.path.dirname(one) for one in found if os.path.basename(one) == _SHIMS])
        self.kept.save()
        return set(filter(self._lies_outside, found))

    def _linked(self, paths: Iterable[str], libraries: Iterable[str]) -> Iterator[str]:
        """Where links lead that lie in what is installed for a Python, or directly in a folder of libraries."""
        for place in filter(modules.is_own, paths):
            yield from links.out_of(place, self.kept, deep=True)
        for place in filter(os.path.isabs, libraries):
            yield from links.out_of(place, self.kept, deep=False)

    def _commands(self, fixed: Iterable[str]) -> str:
        """What the commands say, and the scripts that they run but for those of Python."""
        paths = [path for path in fixed if uninvited.is_script(path) and not path.endswith('.py') and os.path.isfile(self._folder / path)]
        texts = {path: (self._folder / path).read_bytes() for path in paths}
        return '\n'.join(started({**texts, COMMANDS: self._lab.config.commands.encode('utf-8', 'surrogateescape')}).values())

    def _behind(self, word: str) -> str | None:
        """The Python that a word means as a program, unless it is of the commit."""
        path = interpreter.behind(word, os.environ, self._folder)
        return path if path and self._lies_outside(os.path.realpath(os.path.dirname(path))) else None

    def _started(self, said: str) -> Iterator[str]:
        """The folders of PATH down to the one where a program is found: one of its name in an earlier one would be started in its place."""
        places = [place for place in os.get_exec_path() if os.path.isabs(place)]
        for word in (*interpreter.NAMES, *environment.launched(said.partition('\n')[0], os.environ)[:1]):
            path = environment.found(word, os.environ, self._folder)
            if path and os.path.dirname(path) in places:
                yield from places[:places.index(os.path.dirname(path)) + 1]

    def _ask(self, path: str) -> Python | None:
        if path not in self._asked:
            self._asked[path] = interpreter.ask(path, self.kept, folder=self._folder)
        return self._asked[path]

    def _lies_outside(self, path: str) -> bool:
        return os.path.isabs(path) and not Path(path).is_relative_to(self._folder) and not Path(path).is_relative_to(
            os.path.realpath(self._folder))
