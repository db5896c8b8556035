"""The state that an execution starts from: the checkout and the inputs."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from gitexp.checkout import checkout, fixed, inputs, pointers, upwards
from gitexp.checkout.inputs import Linked
from gitexp.core import beneath
from gitexp.core.errors import Integrity, Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.lab.lab import Lab
from gitexp.measure import room
from gitexp.measure.subject import Subject
from gitexp.measure.yardstick import Yardstick

_SHOWN = 10
_OURS = ('PLAN.md', 'results', 'exp_log/smoke.log', 'exp_log/wandb')


class Prepared(NamedTuple):
    """The checkout's folder, the modes and blobs that a command must not change, and the inputs: where each lies.

    `own_inputs` are those that only the experiment has.
    """

    folder: Path
    fixed: Mapping[str, tuple[str, str]]
    inputs: Mapping[str, Path]
    own_inputs: tuple[str, ...]

    @property
    def watched(self) -> list[str]:
        """What must be left alone in the checkout: the fixed files, and the links to the inputs."""
        return [*self.fixed, *self.inputs]


def prepare(lab: Lab, what: Subject, yardstick: Yardstick) -> Prepared:
    """Make the checkout pristine and hold its files against the yardstick.

    Raises Integrity when one differs, Refused when an input is missing, the disk is nearly full, or a link stands where the
    experiment's logs and outputs go.
    """
    room.require([lab.state, what.folder], lab.config.min_free_gb)
    folder = checkout.bring(lab, what.commit)
    upwards.end(folder)
    _require_own(what, folder)
    linked = inputs.link(lab.config.inputs, into=folder, root=lab.root, own=what.worktree, leave_out=lab.config.paths.worktrees,
                         settled=partial(_settled, lab, what.commit))
    _require_fixed(folder, linked, yardstick)
    files = yardstick.files
    found = fixed.changed(folder, files)
    pointers.refuse_unwritten(folder, files)
    if found:
        files = {**files, **pointers.kept(lab, checkout.git(lab), {one.path: files[one.path] for one in found})}
        found = fixed.changed(folder, files)
    if found:
        named = ''.join(f"\n    '{one.path}' {one.message}{_cause(lab, one.path)}" for one in found[:_SHOWN])
        more = f'\n    and {len(found) - _SHOWN} more' if len(found) > _SHOWN else ''
        raise Integrity(
            f"{what.commit[:10]} cannot be evaluated, since files of the evaluation are not as on '{lab.trunk}':{named}{more}",
            hint=f"take them over: git -C '{what.worktree}' merge {lab.trunk}",
        )
    still = {**files, **fixed.present(folder, yardstick.documents, digits=len(what.commit))}
    return Prepared(folder, still, linked.sources, linked.own)


def _require_own(what: Subject, folder: Path) -> None:
    """Raises Refused for a link in the checkout, and so in the commit, or in the worktree."""
    names = [f'{what.folder.relative_to(what.worktree).as_posix()}/{name}' for name in _OURS]
    committed, there = (beneath.link(names, top) for top in (folder, what.worktree))
    if committed or there:
        git = f"git -C '{what.worktree}'"
        way = f"{git} rm '{committed}' && {git} commit" if committed else f"rm '{what.worktree / str(there)}'"
        raise Refused(f"'{committed or there}' of '{what.slug}' is a link, and what is kept there would go elsewhere", hint=way)


def _require_fixed(folder: Path, linked: Linked, yardstick: Yardstick) -> None:
    """Raises Refused where an input is a link to what an experiment may change."""
    for name, place in linked.leads.items():
        inner = [os.path.join(at, one) for at, _, some in os.walk(folder / place) for one in some] or [str(folder / place)]
        free = next((path for path in (os.path.relpath(one, folder) for one in inner) if path not in yardstick.files), None)
        if free and free not in linked.sources:
            raise Refused(
                f"the input '{name}' is a link to '{free}', which an experiment may change",
                hint=f"name that as well, in gitexp.yaml on the trunk: inputs: [..., '{place}']",
            )


def _settled(lab: Lab, commit: str, name: str) -> bool:
    """Whether a commit has of a name what the trunk has."""
    one, other = repository.objects(lab.git, [f'{lab.trunk_commit}:{name}', f'{commit}:{name}'])
    return one is not None and one == other


def line(text: str, seed: int | None, words: Sequence[str] = ()) -> str:
    """A command's text with its seed, and further words quoted for the shell."""
    asked = text.replace('{seed}', str(seed)).rstrip()
    if not words:
        return asked
    import shlex
    return f'{asked} {shlex.join(words)}'


def _cause(lab: Lab, path: str) -> str:
    """Whether git itself writes the file otherwise than it is stored."""
    said = fixed.converted(checkout.git(lab), path)
    return f' (git converts it: {said} in .gitattributes)' if said else ''
