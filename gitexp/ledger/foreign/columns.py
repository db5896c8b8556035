"""What the columns of somebody else's log mean, by the names that are found in the wild."""
from __future__ import annotations

import re
from functools import lru_cache

from gitexp.core.tuples import NamedTuple
from gitexp.ledger.foreign import quantity

# The first of several in one log counts, the others are kept under their own names.
_KNOWN = {
    'commit': ('commit', 'commit_hash', 'commit_sha', 'git_commit', 'git_hash', 'git_sha', 'sha', 'hash'),
    'status': ('status', 'decision', 'outcome', 'verdict', 'correctness', 'correct'),
    'description': ('description', 'desc', 'descr', 'notes', 'note', 'comment', 'change', 'summary'),
    'time': ('timestamp', 'datetime', 'date', 'time', 'created_at', 'started_at'),
    'seed': ('seed',),
    'seconds': (
        'seconds', 'total_seconds', 'wall_time_s', 'wall_s', 'runtime_s', 'elapsed_s', 'duration_s', 'training_seconds',
        'elapsed', 'duration', 'runtime', 'wall_time',
    ),
    'memory_gb': (
        'memory_gb', 'peak_memory_gb', 'mem_gb', 'vram_gb', 'peak_vram_gb', 'memory_gib', 'memory_mb', 'peak_memory_mb', 'vram_mb',
        'peak_vram_mb', 'memory_mib', 'memory', 'peak_memory',
    ),
}
_NUMBERS = {'run', 'run_id', 'id', 'iteration', 'iter', 'round', 'step', 'experiment', 'exp', 'trial', 'segment', 'confidence'}
_NAMES = {*_NUMBERS, *(name for names in _KNOWN.values() for name in names)}


class Schema(NamedTuple):
    """Where things are in a row: the metric, the status, what else the ledger has a column for, and all the rest by its name.

    `measured` holds numbers, where a cell is one; `noted` what counts or names the runs.
    """

    places: dict[str, int]
    value: int | None
    status: int | None
    others: tuple[tuple[str, int], ...]
    measured: tuple[tuple[int, str], ...]
    noted: tuple[tuple[int, str], ...]


@lru_cache(4096)
def schema(names: tuple[str, ...], metric: str) -> Schema:
    """The meaning of columns, where `metric` is the name of the one that holds the lab's metric."""
    plains = [plain(name) for name in names]
    places = {'value': place} if (place := find(names, metric)) is not None else {}
    for column, known in _KNOWN.items():
        found = next((plains.index(name) for name in known if name in plains and plains.index(name) not in places.values()), None)
        if found is not None:
            places[column] = found
    told = _told_apart(names)
    rest = [(place, told[place]) for place, name in enumerate(names) if place not in places.values() and name.strip(' _-')]
    noted = tuple((place, name) for place, name in rest if plains[place] in _NUMBERS)
    others = tuple(one for one in places.items() if one[0] not in ('value', 'status'))
    return Schema(places, places.get('value'), places.get('status'), others, tuple(one for one in rest if one not in noted), noted)


def find(names: tuple[str, ...], metric: str) -> int | None:
    """The column that is called as the metric is, or as `schema` calls it."""
    if metric in (told := _told_apart(names)):
        return told.index(metric)
    plains = [plain(name) for name in names]
    return plains.index(plain(metric)) if plain(metric) in plains else None


def _told_apart(names: tuple[str, ...]) -> list[str]:
    """The names, with the place of a column behind one that was there before."""
    told: dict[str, None] = {}
    for place, name in enumerate(names, 1):
        while name in told:
            name = f'{name}.{place}'
        told[name] = None
    return [*told]


def are_near(one: str, other: str) -> bool:
    """Whether a name has the other one in it, as val_loss has loss."""
    short, long = sorted((plain(one), plain(other)), key=len)
    return len(short) > 1 and short in long


def is_header(cells: tuple[str, ...], metric: str) -> bool:
    """Whether cells are names of columns, one of which is known."""
    texts = [cell for cell in cells if cell]
    if len(texts) < 2 or any(quantity.of(cell) for cell in texts):
        return False
    return any(plain(cell) in _NAMES or plain(cell) == plain(metric) for cell in texts)


def is_ledger(names: tuple[str, ...]) -> bool:
    """Whether this is a ledger of gitexp."""
    return {'id', 'kind', 'tree', 'eval_id'} <= set(names)


def amount(cell: str | float, name: str, *, commas: bool) -> float | None:
    """A duration in s or a size in GB from its unit, which stands in the cell or ends the column's name."""
    found = quantity.of(cell, commas=commas)
    units = quantity.GIGABYTES if plain(name) in _KNOWN['memory_gb'] else quantity.SECONDS
    unit = found.unit.lower() if found and found.unit else plain(name).rpartition('_')[2]
    return round(found.number * units[unit], 6) if found and unit in units else None


@lru_cache(4096)
def plain(name: str) -> str:
    """A name or a word without case and punctuation."""
    return re.sub(r'\W+', '_', name.casefold()).strip('_')
