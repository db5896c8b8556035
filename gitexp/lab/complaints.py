"""What is wrong with a document, in words: what the schema says, and what a schema cannot say."""
from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitexp.lab.config import FILE, Paths

_KINDS = {
    'object': 'a mapping', 'string': 'text', 'array': 'a list',
    'number': 'a number', 'integer': 'a whole number', 'boolean': 'true or false',
}
_EXAMPLES = {'metric': 'metric: {name: val_loss, direction: min}', 'eval': 'eval: python3 eval.py', 'direction': 'direction: min'}
_LARGEST = 1e300
_SHOWN = 60


@dataclass(frozen=True)
class Complaint:
    """`path` leads to what it is about. `rank` is 0 for a key that is not known, 2 for one that is missing, which may be the same one."""

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None
    rank: int = 1

    def order(self, line: int) -> tuple[bool, int, int]:
        """What to say first of several: from top to bottom, and what is missing last."""
        return self.rank == 2, line, self.rank


def of(said: Any, errors: Iterable[Any]) -> list[Complaint]:
    """All that is wrong; `errors` are the schema's, and only a document without any is asked whether it makes sense."""
    return [_worded(_telling(error)) for error in errors] or list(_senseless(said))


def _telling(error: Any) -> Any:
    """Of a choice that failed, the error in the branch for the kind of value that was given."""
    meant = [inner for inner in error.context or () if inner.validator != 'type' or inner.path]
    return _telling(min(meant, key=lambda one: one.validator != 'additionalProperties')) if meant else error


def _worded(error: Any) -> Complaint:
    path = tuple(error.absolute_path)
    where = named(path)
    if error.validator == 'additionalProperties':
        key = next(key for key in error.instance if key not in error.schema['properties'])
        return Complaint((*path, str(key)), f"unknown key '{key}' in {where}", _nearest(str(key), list(error.schema['properties'])), 0)
    if error.validator == 'required':
        missing = next(key for key in error.validator_value if key not in error.instance)
        return Complaint(path, f"{where} needs the key '{missing}'", _EXAMPLES.get(missing), 2)
    return Complaint(path, f'{where} {_must(error)}', _quotes(error))


def named(path: tuple[str | int, ...]) -> str:
    """Such as rules.frozen[2]."""
    text = ''.join(f'[{step + 1}]' if isinstance(step, int) else f'.{step}' for step in path)
    return text.lstrip('.') or 'the file'


def _must(error: Any) -> str:
    wanted, given = error.validator_value, _shown(error.instance)
    said: Mapping[str, Callable[[], str]] = {
        'pattern': lambda: f'{error.schema["patternErrorMessage"]}, not {given}',
        'type': lambda: f'must be {_kind(error.schema)}, not {given}',
        'oneOf': lambda: f'must be {" or ".join(_kind(branch) for branch in wanted)}, not {given}',
        'enum': lambda: f'must be {" or ".join(map(str, wanted))}, not {given}',
        'not': lambda: f'must not be {given}: the ledger has a column of that name',
        'minimum': lambda: f'must be at least {wanted}, not {given}',
        'maximum': lambda: f'must be at most {wanted}, not {given}',
        'exclusiveMinimum': lambda: f'must be more than {wanted}, not {given}',
        'minLength': lambda: 'must not be empty',
        'minItems': lambda: f'needs {wanted} values, and has {len(error.instance)}',
        'maxItems': lambda: f'takes {wanted} values, and has {len(error.instance)}',
        'uniqueItems': lambda: f'must not hold a value twice: {given}',
    }
    return said[error.validator]()


def _shown(value: Any) -> str:
    if value is None:
        return 'nothing'
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…'


def _kind(branch: Mapping[str, Any]) -> str:
    said = branch.get('type', 'string')
    return ' or '.join(_KINDS[name] for name in ([said] if isinstance(said, str) else said))


def _nearest(key: str, known: list[str]) -> str:
    import difflib
    near = difflib.get_close_matches(key.lower().replace('_', '-'), known, n=1) or difflib.get_close_matches(key.lower(), known, n=1)
    return f"did you mean '{near[0]}'?" if near else f'the keys are {", ".join(known)}'


def _quotes(error: Any) -> str | None:
    """YAML has made something else of what was surely meant as text."""
    wants_text = error.validator == 'type' and 'string' in error.validator_value
    plain = isinstance(error.instance, (bool, int, float)) or type(error.instance).__name__ in ('date', 'datetime')
    return 'put it in quotes to make it text' if wants_text and plain else None


def _senseless(said: Mapping[str, Any]) -> Iterator[Complaint]:
    yield from _values(said, ())
    yield from _ordered(said, 'metric', 'bounds')
    yield from _ordered(said, 'baseline', 'minutes')
    yield from _places(said)
    if said.get('sealed') and 'train' not in said:
        yield Complaint(('sealed',), "sealed needs the key 'train': eval sees only what training has left", 'train: python3 train.py')


def _values(value: Any, path: tuple[str | int, ...]) -> Iterator[Complaint]:
    steps: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        steps = value.items()
    if isinstance(value, list):
        steps = enumerate(value)
    for step, inner in steps:
        yield from _values(inner, (*path, step))
    if isinstance(value, str) and '\0' in value:
        yield Complaint(path, f'{named(path)} has a NUL character, which no command or path can have')
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not _usable(value, path):
        yield Complaint(path, f'{named(path)} must be a number that can be reckoned with, not {_shown(value)}')


def _usable(value: float, path: tuple[str | int, ...]) -> bool:
    return abs(value) <= _LARGEST or math.isinf(value) and path[:2] == ('metric', 'bounds')


def _ordered(said: Mapping[str, Any], group: str, key: str) -> Iterator[Complaint]:
    low, high = said.get(group, {}).get(key, (0, 1))
    if not low < high:
        yield Complaint((group, key), f'{group}.{key} must be [lowest, highest], not {_shown([low, high])}', f'{key}: [{high}, {low}]')


def _places(said: Mapping[str, Any]) -> Iterator[Complaint]:
    """The three places must be three, and none of them where git or this file is."""
    told = said.get('paths', {})
    taken = {'.git': 'git', FILE: 'this file'}
    for key in ('ledger', 'worktrees', 'experiments'):
        place = told.get(key, getattr(Paths(), key)).rstrip('/')
        for other, owner in taken.items():
            if f'{place}/'.startswith(f'{other}/') or f'{other}/'.startswith(f'{place}/'):
                at: tuple[str | int, ...] = ('paths', key) if key in told else ('paths',)
                yield Complaint(at, f"paths.{key} must not be '{place}': that is where {owner} is")
        taken[place] = f'paths.{key}'
