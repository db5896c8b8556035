"""Which seeds an evaluation runs, and whether it may stop after the first.

They are named before anything is run, in gitexp.yaml: who may choose among seeds, or stop at a lucky one, finds a gain in any noise.
"""
from __future__ import annotations

from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Config
from gitexp.lab.lab import Lab
from gitexp.ledger import read, standing


class Seeds(NamedTuple):
    """`screen`: the first decides whether the others are run. `declared`: the lab has named them."""

    run: tuple[int, ...]
    screen: bool = False
    declared: bool = True


def of(config: Config, *, seed: int | None = None, count: int | None = None) -> Seeds:
    """One seed, the first `count` of the lab's, or all of them, one first."""
    if seed is not None:
        return Seeds((seed,), declared=seed in config.seeds)
    return Seeds(tuple(first(config, count or len(config.seeds))), screen=count is None)


def first(config: Config, count: int) -> list[int]:
    """The first `count` seeds of the lab; past the last that it names they count up."""
    start = max(config.seeds) + 1
    return [*config.seeds, *range(start, start + count)][:count]


def lacking(lab: Lab, seeds: Seeds, tree: str, eval_id: str) -> Seeds:
    """Without the seeds that a tree has already, which may leave none; a single one is run whatever there is."""
    if len(seeds.run) == 1 or not read.mentions(lab, tree):
        return seeds
    known = standing.trees(lab, eval_id).of(tree)
    there = set(known.runs.seeds) if known else set()
    return seeds._replace(run=tuple(seed for seed in seeds.run if seed not in there))
