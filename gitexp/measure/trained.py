"""What the runs of a retired version have trained, laid out for another evaluation."""
from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitexp.core import beneath, deep, files
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import folders, versions
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import read, retired
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Result
from gitexp.measure import evidence
from gitexp.measure.execution import Executed
from gitexp.measure.outputs import Outputs

_NOTE = '.trained'
_LEFT = 'trained'  # in env
_LONGEST = 64 << 20  # bytes of a note
_COPIED = 64 << 20  # bytes; what is larger is a checkpoint, which no evaluation writes to, and gets a second name


class Trained(NamedTuple):
    """A run whose training came to its end: `folder` holds what it left, `suffix` names the folders of what comes of it now.

    `out` and `inside` are the files, from EXP_OUT and from results/ in the checkout.
    """

    row: Result
    folder: Path
    fix: str
    suffix: str
    out: tuple[str, ...]
    inside: tuple[str, ...]

    def begun(self, result: Result) -> Result:
        """The row of another evaluation: of the commit that trained, and of no tree, since none gives both."""
        said = {**result.params, 'of': self.row.id, 'with': self.fix, 'inference': {'commit': result.commit, 'tree': result.tree}}
        return result._replace(commit=self.row.commit, tree=None, params=said)

    @contextmanager
    def laid(self, out: Path, experiment: Path) -> Iterator[Callable[[Executed], Executed]]:
        """Have what training left in EXP_OUT, and in results/ of the experiment in the checkout, there again while an evaluation runs.

        What that has not changed goes again; what this returns tells whether evidence was changed. Raises Refused where it is not what
        the run has left.
        """
        there = {**self._lay(self.out, out), **self._lay(self.inside, experiment / 'results')}
        _require_same(self.row, self.folder, there)
        before = self._states()
        here = {path: _state(path) for path in there.values()}
        try:
            yield lambda done: self._judged(done, before)
        finally:
            for path, state in here.items():
                if _state(path) == state:
                    path.unlink()
            for inner, _, _ in reversed([*deep.walk(out)]):
                if Path(inner) != out and not os.listdir(inner):
                    os.rmdir(inner)

    def _judged(self, done: Executed, before: Mapping[Path, tuple[int, int] | None]) -> Executed:
        """A run that has changed the evidence is no result."""
        changed = sorted(str(path) for path, state in self._states().items() if before[path] != state)
        return done._replace(offence=f"it changed '{changed[0]}', which is evidence") if changed else done

    def _states(self) -> dict[Path, tuple[int, int] | None]:
        return {path: _state(path) for path in (self.folder / name for name in (*self.out, *self.inside))}

    def _lay(self, names: Sequence[str], place: Path) -> dict[str, Path]:
        """Put files there; what is there already stays, and is what it is held for or not."""
        link = beneath.link({os.path.dirname(name) for name in names} - {''}, place)
        if link:
            raise Refused(f"'{place / link}' is a link, and what training left would be laid out elsewhere")
        for path, new in ((self.folder / name, place / name) for name in names):
            if not os.path.lexists(new):
                place.mkdir(parents=True, exist_ok=True)
                beneath.make(new.parent, place)
                _copy(path, new)
        return {name: place / name for name in names}


def _copy(path: Path, new: Path) -> None:
    import shutil
    if path.stat().st_size > _COPIED:
        try:
            os.link(path, new)
            return
        except OSError:
            pass  # It is a link to another disk, or the disk knows no second names.
    shutil.copy(path, new)


def note(places: Outputs) -> None:
    """Keep beside the log of a run what its training has left, before the evaluation adds to it."""
    out = evidence.names(places.out)
    there = [name for name in evidence.names(places.there / 'results') if places.there / 'results' / name not in places.before]
    try:
        files.replace(places.log().with_suffix(_NOTE), json.dumps({'out': out, 'inside': there}), top=places.below)
    except OSError:
        pass  # It cannot be evaluated again then, and is a result all the same.


def marked(result: Result, places: Outputs, moved: Collection[str]) -> Result:
    """The row of a run that has trained, with what its evidence is when it ends; an evaluation may have changed some of it.

    `moved` is what of results/ is in EXP_OUT now under its own name.
    """
    try:
        said = _noted(places.log().with_suffix(_NOTE))
        if not said or not set(said[1]).issubset(moved):
            return result  # Something else has the name, and so nothing of it is evaluated again.
        left = evidence.digest({name: places.out / name for name in (*said[0], *said[1])})
    except OSError:
        return result  # Some of it is gone.
    return result._replace(env={**result.env, _LEFT: left})


def _require_same(row: Result, folder: Path, there: Mapping[str, Path]) -> None:
    """Raises Refused for files that are not what a run has left in a folder, wherever they are now."""
    if row.env.get(_LEFT) is None:
        raise Refused(f"what run {row.id} has left was not noted, as where two files had one name", hint='train it again: git exp eval')
    try:
        if row.env.get(_LEFT) == evidence.digest(there):
            return
        wrong = ''
    except OSError as error:
        wrong = f": '{error.filename}' is gone"
    says = f"what lies in '{folder}' is not what run {row.id} has left there{wrong}"
    raise Refused(says, hint='put it back, or train it again: git exp eval')


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
            names, here = (*said[0], *said[1]), kept / row.id
            _require_same(row, here, {name: here / name for name in names})
            found.append(Trained(row, here, fix, suffix, *((names, ()) if lab.config.sealed else said)))
    if not found:
        raise Refused(
            f"no run of {version} of '{which.slug}' has left what it trained in '{kept}'",
            hint='training leaves it in EXP_OUT, or in results/ of the experiment',
        )
    return found


def _noted(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The names in a note, None where there is none, or it is not as it was written: a run may have put something else there."""
    try:
        said = json.loads(files.read(path, most=_LONGEST))
        names = tuple(said['out']), tuple(said['inside'])
    except (OSError, ValueError, TypeError, LookupError):
        return None
    return names if any(names) and all(map(_is_below, (*names[0], *names[1]))) else None


def _is_below(name: object) -> bool:
    if not isinstance(name, str) or '\0' in name:
        return False
    return name == os.path.normpath(name) and name != '..' and not name.startswith(('/', '../'))


def _retired(contents: Contents, slug: str, version: str) -> Result:
    found = [row for row in retired.in_force(contents.results) if row.experiment == slug and retired.closed(row) == version]
    if found:
        return found[-1]
    raise Refused(f"'{slug}' has no retired version {version}", hint=f'git exp show {slug}')
