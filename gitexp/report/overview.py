"""What the ledger says of every experiment, and of the best tree.

Named tuples, where values elsewhere are dataclasses: a thousand are read at once, by commands that have 80 ms.
"""
from __future__ import annotations

from gitexp.core.tuples import NamedTuple


class Summary(NamedTuple):
    """One experiment by its best tree that counts; `runs` are all that started, `bug` what the newest ones are retired for.

    `won` says whether a tree of it was better in its day, `stands` whether the best one was, and is by what is known now.
    """

    slug: str
    runs: int
    last: str
    n: int = 0
    mean: float | None = None
    gain: float | None = None
    verdict: str | None = None
    flags: tuple[str, ...] = ()
    tree: str | None = None
    commit: str | None = None
    bug: str | None = None
    won: bool = False
    stands: bool = False


class Against(NamedTuple):
    """Another tree, and how the best one compares with it; `gain` is positive where the best one is better, `name` for a person."""

    experiment: str
    kind: str
    version: str
    tree: str
    commit: str | None
    n: int
    mean: float
    gain: float
    verdict: str
    p: float | None
    why: str
    sd: float | None
    name: str


class Best(NamedTuple):
    """The best tree; `gain` is over the baseline, `verdict` against `against`, which may be the baseline.

    `champion` is what new trees are held against, where that is not this one; `stands` says whether this one was better
    in its day, and is by what is known now.
    """

    experiment: str
    kind: str
    version: str
    commit: str | None
    tree: str
    eval_id: str
    seeds: tuple[int | None, ...]
    n: int
    mean: float
    sd: float | None
    gain: float | None
    verdict: str | None
    why: str | None
    flags: tuple[str, ...]
    name: str
    stands: bool
    champion: Against | None
    baseline: Against | None
    against: Against | None


class Overview(NamedTuple):
    """`baseline`: whether there is one that counts; `unused` counts the lines of the ledger that could not be used."""

    best: Best | None
    experiments: tuple[Summary, ...]
    baseline: bool
    rows: int
    unused: int
