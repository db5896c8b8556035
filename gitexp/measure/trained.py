"""What the runs of a retired version have trained, laid out for another evaluation."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitexp.core import beneath, deep, files
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import folders, versions
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import read
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Kind, Result
from gitexp.measure import evidence
from gitexp.measure.execution import Executed
from gitexp.measure.outputs import Outputs

_NOTE = '.trained'
_LEFT = 'trained'  # in env


_COPIED = 64 << 20  # bytes; what is larger is a checkpoint, which no evaluation writes to, and is linked


class Trained(NamedTuple):
    """A run whose training came to its end: `folder` holds what it left, `suffix` names the folders of what comes of it now.

    `out` and `inside` are the files, from EXP_OUT and from results/ in the checkout, `before` what they were like.
    """

    row: Result
    folder: Path
    fix: str
    suffix: str
    out: tuple[str, ...]
    inside: tuple[str, ...]
    before: Mapping[Path, tuple[int, int]]

    def begun(self, result: Result) -> Result:
        """The row of another evaluation: of the commit that trained, and of no tree, since none gives both."""
        said = {**result.params, 'of': self.row.id, 'with': self.fix, 'inference': {'commit': result.commit, 'tree': result.tree}}
        return result._replace(commit=self.row.commit, tree=None, params=said)

    def begin(self, experiment: Path) -> str:
        """Put what training left in the checkout there again; returns the suffix."""
        self._lay(self.inside, experiment / 'results')
        return self.suffix

    @contextmanager
    def laid(self, out: Path) -> Iterator[None]:
        """Have what training left in EXP_OUT there while an evaluation runs; what that has not changed goes again."""
        laid = self._lay(self.out, out)
        try:
            yield
        finally:
            for path, state in laid.items():
                if _state(path) == state:
                    path.unlink()
            for inner, _, _ in reversed([*deep.walk(out)]):
                if Path(inner) != out and not os.listdir(inner):
                    os.rmdir(inner)

    def judged(self, done: Executed) -> Executed:
        """A run that has changed the evidence is no result."""
        changed = sorted(str(path) for path, state in self.before.items() if _state(path) != state)
        return done._replace(offence=f"it changed '{changed[0]}', which is evidence") if changed else done

    def _lay(self, names: Sequence[str], place: Path) -> dict[Path, tuple[int, int] | None]:
        found: dict[Path, tuple[int, int] | None] = {}
        link = beneath.link({os.path.dirname(name) for name in names} - {''}, place)
        if link:
            raise Refused(f"'{place / link}' is a link, and what training left would be laid out elsewhere")
        for path, new in ((self.folder / name, place / name) for name in names):
            if os.path.lexists(new):
                continue
            place.mkdir(parents=True, exist_ok=True)
            beneath.make(new.parent, place)
            if self.before[path][0] > _COPIED:
                new.symlink_to(path)
            else:
                import shutil
                shutil.copy(path, new)
            found[new] = _state(new)
        return found


def note(places: Outputs) -> None:
    """Keep beside the log of a run what its training has left, before the evaluation adds to it."""
    out = _names(places.out)
    there = [name for name in _names(places.there / 'results') if places.there / 'results' / name not in places.before]
    try:
        files.replace(places.log().with_suffix(_NOTE), json.dumps({'out': out, 'inside': there}), top=places.below)
    except OSError:
        pass  # It cannot be evaluated again then, and is a result all the same.


def marked(result: Result, places: Outputs) -> Result:
    """The row of a run that has trained, with what its evidence is when it ends; an evaluation may have changed some of it."""
    try:
        said = _noted(places.log().with_suffix(_NOTE))
        left = evidence.digest(places.out, (*said[0], *said[1])) if said else None
    except OSError:
        left = None  # Some of it is gone, and so nothing of it is evaluated again.
    return result._replace(env={**result.env, _LEFT: left}) if left else result


def _require_same(row: Result, folder: Path, names: Sequence[str]) -> None:
    if row.env.get(_LEFT) not in (None, evidence.digest(folder, names)):
        raise Refused(
            f"what lies in '{folder}' is not what run {row.id} has left there", hint='put it back, or train it again: git exp eval',
        )


def _names(folder: Path) -> list[str]:
    return sorted(os.path.relpath(os.path.join(inner, name), folder) for inner, _, found in deep.walk(folder) for name in found)


def _state(path: Path) -> tuple[int, int] | None:
    """The size and the time of change, which a program cannot set back."""
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    return info.st_size, info.st_ctime_ns


def of(lab: Lab, which: Experiment, version: str, fix: str) -> list[Trained]:
    """What there is of a version; raises Refused when it is not retired, or nothing of its training is left."""
    if lab.config.train is None:
        raise Refused(
            'this lab has no training of its own that could be left out: gitexp.yaml has no train',
            hint='commit the fix, and measure it: git exp eval',
        )
    contents = read.read(lab)
    retired = _retired(contents, which.slug, version)
    covers = set(retired.params['covers'])
    kept, logs = (which.folder / f'{name}_{retired.version}' for name in folders.CURRENT)
    suffix = f'_{versions.again(version, fix)}'
    found = []
    for row in contents.results:
        said = _noted(logs / f'{row.id}{_NOTE}') if row.id in covers else None
        if said:
            names = (*said[0], *said[1])
            there = _all(kept / row.id, names)
            _require_same(row, kept / row.id, names)
            found.append(Trained(row, kept / row.id, fix, suffix, *((names, ()) if lab.config.sealed else said), there))
    if not found:
        raise Refused(
            f"no run of {version} of '{which.slug}' has left what it trained in '{kept}'",
            hint='training leaves it in EXP_OUT, or in results/ of the experiment',
        )
    return found


def _all(folder: Path, names: Sequence[str]) -> dict[Path, tuple[int, int]]:
    found: dict[Path, tuple[int, int]] = {}
    for name in names:
        state = _state(folder / name)
        if state is None:
            raise Refused(f"'{folder}' is not what training left: '{name}' is gone", hint='put it back')
        found[folder / name] = state
    return found


def _noted(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    try:
        said = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return (tuple(said['out']), tuple(said['inside'])) if said['out'] or said['inside'] else None


def _retired(contents: Contents, slug: str, version: str) -> Result:
    undone = {row.params['restores'] for row in contents.results if row.kind is Kind.RESTORE}
    mine = [row for row in contents.results if row.experiment == slug and versions.closes(row) and row.id not in undone]
    found = [row for row in mine if row.version.partition('_')[0] == version]
    if found:
        return found[-1]
    raise Refused(f"'{slug}' has no retired version {version}", hint=f'git exp show {slug}')
