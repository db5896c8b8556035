"""Flags that training and inference must have alike: a model that is scored otherwise than it was trained is a bug that nobody sees."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gitexp.core import files
from gitexp.core.errors import Refused, Usage
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Experiment

FILE = 'config.yaml'
_SIDES = (('train', 'training'), ('inference', 'infer', 'eval', 'evaluation'))
_PAIRED, _UNPAIRED = 'paired_flags', 'unpaired_flags'


class Flag(NamedTuple):
    """A value and where it stands: file:line."""

    value: Any
    where: str


class Audit(NamedTuple):
    """`compared` counts the flags that both sides have, `sides` are the names of the sections that there are."""

    findings: list[Finding]
    compared: int
    sides: tuple[str, ...]


def audit(experiment: Experiment) -> Audit:
    """Hold the sections `train` and `inference` of config.yaml, or the files that they name, against each other.

    Raises Refused without the file, Usage for one that is not YAML or not of this form.
    """
    said = _read(experiment, experiment.folder / FILE)
    found = [(name, _side(experiment, said, name)) for names in _SIDES if (name := _called(said, names))]
    paired, unpaired = _listed(said, _PAIRED), _listed(said, _UNPAIRED)
    if len(found) < 2:
        missing = [names[0] for names in _SIDES if _called(said, names) is None]
        lacks = [Finding('paired', said[_PAIRED].where, f'there is no section {" and no section ".join(missing)}')] if paired else []
        return Audit(lacks, 0, tuple(name for name, _ in found))
    (train, left), (infer, right) = found
    both = [name for name in left if name in right]
    names = [name for name in dict.fromkeys([*both, *paired]) if name not in unpaired]
    return Audit([one for name in names for one in _judged(name, left, right, (train, infer), said)], len(both), (train, infer))


def _judged(
    name: str, left: Mapping[str, Flag], right: Mapping[str, Flag], sides: tuple[str, str], said: Mapping[str, Flag],
) -> Iterator[Finding]:
    one, other = left.get(name), right.get(name)
    if one is None or other is None:
        there = one or other
        lacks = ' and '.join(side for side, flag in zip(sides, (one, other)) if flag is None)
        where = f'; the other side has it at {there.where}' if there else ''
        yield Finding('paired', said[_PAIRED].where, f"'{name}' is not in {lacks}{where}", way='set it on both sides')
    elif not _equal(one.value, other.value):
        yield Finding(
            'paired', one.where, f"'{name}' is {_shown(one.value)} in {sides[0]}, and {_shown(other.value)} in {sides[1]} ({other.where})",
            way=f'make them equal; or, if that is meant: {_UNPAIRED}: [{name}]',
        )


def _equal(one: object, other: object) -> bool:
    """1 and 1.0 are equal, 1 and true are not."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _read(experiment: Experiment, path: Path) -> dict[str, Flag]:
    from gitexp.lab import parse  # Costs time, and only this check needs it.
    shown = str(path.relative_to(experiment.root)) if path.is_relative_to(experiment.root) else str(path)
    try:
        data = files.read(path)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        way = 'write it, with a section for train and one for inference' if isinstance(error, FileNotFoundError) else f"ls -l '{path}'"
        raise Refused(f"cannot read '{shown}': {why}", hint=way) from None
    return {name: Flag(value, f'{shown}:{line}') for name, (line, value) in parse.leaves(data, shown).items()}


def _called(said: Mapping[str, Flag], names: tuple[str, ...]) -> str | None:
    """What a side is called in the file, None when it is not there."""
    return next((name for name in names if any(key == name or key.startswith(f'{name}.') for key in said)), None)


def _side(experiment: Experiment, said: Mapping[str, Flag], name: str) -> dict[str, Flag]:
    """The flags of a side: of the section itself, or of the file or files that it names."""
    named = said.get(name)
    if named is None:
        return {key.removeprefix(f'{name}.'): flag for key, flag in said.items() if key.startswith(f'{name}.')}
    names = named.value if isinstance(named.value, list) else [named.value] if named.value else []
    if not all(isinstance(one, str) for one in names):
        raise Usage(f"{named.where}: '{name}' is neither a mapping nor a file", hint=f'{name}: {{dropout: 0.1}}, or {name}: {name}.yaml')
    return {key: flag for one in names for key, flag in _read(experiment, experiment.folder / one).items()}


def _listed(said: Mapping[str, Flag], name: str) -> list[str]:
    flag = said.get(name)
    if flag is None:
        return []
    if not isinstance(flag.value, list):
        raise Usage(f"{flag.where}: '{name}' is not a list", hint=f'{name}: [dropout, model.depth]')
    return [str(one) for one in flag.value]


def _shown(value: Any) -> str:
    text = 'empty' if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else f'{text[:40]}…'
