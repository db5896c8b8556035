"""Which runs count for their tree."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.ledger import retired, seeds
from gitexp.ledger.result import ABOUT, WON, Kind, Result, Status
from gitexp.ledger.retired import Retired

UNDECLARED = 'undeclared'
CONTENDED = 'contended'
OTHER_DATA = 'other data'
OTHER_MACHINE = 'other machine'
WORDS = {
    UNDECLARED: 'not one of the seeds that the lab has named',
    CONTENDED: 'it had to share its GPU, and its time is limited',
    OTHER_DATA: 'its inputs are not those of the first baseline, or nobody can tell',
    OTHER_MACHINE: 'it had other GPUs, or another number of CPUs, than the first baseline, and its time is limited',
}
DATA = 'lab_data_md5'  # in env: that of the inputs without what only the experiment has
CPUS, GPUS = 'cpus', 'gpus'  # in env
_UNTOLD = '?'  # in the place of inputs that nobody could tell
LOST = frozenset(Status) - {Status.OK}


class Vain(NamedTuple):
    """How often a seed was run in vain, and the newest id of such a run, or of the row that has retired one."""

    many: int
    last: str


def marks(metric: Metric) -> Sequence[tuple[str, str]]:
    """What takes a run out, as a column and a key that is true in it.

    A seed that nobody named before it was run may have been picked for its value; a run of limited time that had to share its GPU
    has done less than the others.
    """
    return [('params', UNDECLARED), *([('env', CONTENDED)] if metric.time_limited else [])]


def competes(row: Result, metric: Metric, data: Mapping[str, str] = {}) -> bool:
    """Whether a row that nothing has retired counts for its tree; `data` is as in `why_not`."""
    return (
        row.status is Status.OK and row.kind not in ABOUT and row.tree is not None and row.eval_id is not None
        and row.value is not None and metric.plausible(row.value) and why_not(row, metric, data) is None
    )


def why_not(row: Result, metric: Metric, data: Mapping[str, str] = {}) -> str | None:
    """What takes a run out that has a plausible value, None for nothing; `data` is by evaluation what `measured_on` says."""
    for column, key in marks(metric):
        if (row.params if column == 'params' else row.env).get(key) is True:
            return key
    return other(ground(row.env, metric), data.get(row.eval_id or '', ''))


def inputs(row: Result) -> str | None:
    """The md5 of what a run was measured on, None where it is not known."""
    said = row.env.get(DATA)
    return said if said and isinstance(said, str) else None


def ground(env: Mapping[str, Any], metric: Metric) -> str:
    """What a run was measured on, for `other`: its inputs and, where its time is limited, its machine; '' for nothing said."""
    data = env.get(DATA, '')
    return f'{data if isinstance(data, str) else _UNTOLD} {machine(env) if metric.time_limited else ""}'.rstrip()


def machine(env: Mapping[str, Any]) -> str:
    """How many CPUs a run had, and which GPUs; '' for a row that does not say."""
    cpus, gpus = env.get(CPUS), env.get(GPUS)
    if not isinstance(cpus, int):
        return ''
    named = [one for one in gpus if isinstance(one, str) and one.isprintable()] if isinstance(gpus, list) else []
    return ', '.join([f'{cpus} CPUs', *sorted(named)])


def told(ground: str) -> str:
    """The md5 of the inputs that a ground names, '' for none."""
    return ground.partition(' ')[0].removeprefix(_UNTOLD)


def other(said: str, wanted: str) -> str | None:
    """Why what was measured on one ground does not compare with what an evaluation goes by; what neither says is no reason."""
    (data, _, mine), (loose, _, theirs) = said.partition(' '), wanted.partition(' ')
    if data and told(wanted) and data != told(wanted) and not (data == _UNTOLD and loose.startswith(_UNTOLD)):
        return OTHER_DATA
    return OTHER_MACHINE if mine and theirs and mine != theirs else None


def measured_on(rows: Iterable[Result], metric: Metric, gone: Retired) -> dict[str, str]:
    """The ground that each evaluation goes by: that of its first run that `holds`; `rows` are such as nothing has retired, in any order.

    Two clones may have other data each, or other machines, and then there are rows of both that do not compare. What was retired and
    restored counts from then on: what has won meanwhile stays comparable, in whichever clone it was restored.
    """
    known, held = list(rows), dict[str, Held]()
    vouched = vouching(known)
    for row in known:
        if holds(row, vouched) and (said := ground(row.env, metric)) and competes(row, metric):
            name = row.eval_id or ''
            held[name] = held.get(name, UNHELD).by(gone.since(row.id, retired.lot(row)), said)
    return {name: one.ground for name, one in held.items()}


def holds(row: Result, vouched: Collection[tuple[str, str]]) -> bool:
    """Whether a run holds its evaluation to what it was measured on: a baseline, or one that has won, or whose tree has, as confirmed.

    Else whoever can measure a baseline could take all out of the way that is better than it.
    """
    return row.kind is Kind.BASELINE or row.verdict == WON or (row.eval_id, row.tree) in vouched


def vouching(rows: Iterable[Result]) -> frozenset[tuple[str, str]]:
    """The evaluations and trees that confirm rows say were better."""
    return frozenset((row.eval_id or '', row.params['confirms']) for row in rows if row.kind is Kind.CONFIRM and row.verdict == WON)


class Held(NamedTuple):
    """The inputs and the machine that an evaluation goes by, each with the first id that says so, and the first that cannot tell.

    Where the first of all could not tell its inputs, others that cannot are as good.
    """

    data: tuple[str, str]
    machine: tuple[str, str]
    untold: tuple[str, str]

    def by(self, name: str, said: str) -> Held:
        """The same with another run that holds from the id `name` on, and what it was measured on."""
        data, _, machine = said.partition(' ')
        found = self._replace(machine=min(self.machine, (name, machine))) if machine else self
        if data == _UNTOLD:
            return found._replace(untold=min(self.untold, (name, _UNTOLD)))
        return found._replace(data=min(self.data, (name, data))) if data else found

    @property
    def ground(self) -> str:
        loose = self.untold[1] if self.untold < self.data else ''
        return f'{loose}{self.data[1]} {self.machine[1]}'.rstrip()


_NONE = '\U0010ffff', ''
UNHELD = Held(_NONE, _NONE, _NONE)


def lost(
    rows: Collection[Result], competing: Collection[Result], metric: Metric, gone: Retired,
) -> dict[tuple[str, int], Vain]:
    """How often a seed of a tree was run in vain, where that is more than once before it gave a value, or where a value is retired.

    `rows` are those of one evaluation, retired or not. Whoever may run again until it ends well picks by how it ends, and so does who
    may retire one value of a tree.
    """
    first: dict[tuple[str | None, int | None], str] = {}
    for row in competing:
        key = row.tree, row.seed
        first[key] = min(row.id, first.get(key, row.id))
    found: dict[tuple[str, int], list[str]] = {}
    again = set[tuple[str, int]]()
    for row in rows:
        if not row.tree or row.seed is None:
            continue
        if (why := gone.why(row)) and competes(row, metric):
            again.add((row.tree, row.seed))
            found.setdefault((row.tree, row.seed), []).append(max(why.event, row.id))
        elif is_lost(row, metric) and row.id < first.get((row.tree, row.seed), '\U0010ffff'):
            found.setdefault((row.tree, row.seed), []).append(row.id)
    return {key: Vain(len(said), max(said)) for key, said in found.items() if said[1:] or key in again}


def barren(rows: Iterable[Result], metric: Metric, gone: Retired) -> dict[tuple[str, int], str]:
    """The newest run that gave nothing, of each seed of a tree that has one which is not retired; another run may have given a value."""
    found: dict[tuple[str, int], str] = {}
    for row in rows:
        if row.tree and row.seed is not None and is_lost(row, metric) and gone.why(row) is None:
            found[row.tree, row.seed] = max(row.id, found.get((row.tree, row.seed), row.id))
    return found


def is_lost(row: Result, metric: Metric) -> bool:
    """Whether a run has no value that can be or that counts, and would have counted with one, left alone with its GPU.

    Heat and strangers come from outside, but what is run can make the one and ask for the other.
    """
    why = why_not(row, metric)
    odd = row.status is Status.OK and row.value is not None and not metric.plausible(row.value)
    return row.kind not in ABOUT and (why == CONTENDED or why is None and (row.status in LOST or odd))


def former(gone: Iterable[Result], metric: Metric, data: Mapping[str, str] = {}) -> dict[str, float]:
    """The means of baselines, by their trees, from the rows of one evaluation that are retired, the oldest first; `data`: see `why_not`."""
    found: dict[str, list[float]] = {}
    for row in sorted(gone, key=lambda row: row.id):
        if row.kind is Kind.BASELINE and row.tree and row.value is not None and competes(row, metric, data):
            found.setdefault(row.tree, []).append(row.value)
    return {tree: seeds.mean(values) for tree, values in found.items()}


def picked(
    rows: Iterable[Result], competing: Iterable[Result], metric: Metric, gone: Retired, data: Mapping[str, str] = {},
) -> dict[str, str]:
    """The trees of which some values were retired when others were there that still count, with the id of the newest row that did so.

    `rows` are those of one evaluation, `data` is as in `why_not`. What is left of such a tree may be left for its value; where the rest
    is retired as well and the tree is measured anew, it is as good as any other. Where a baseline of the tree counts, its runs and those
    of experiments with the same tree are each retired as a whole: who may retire an experiment could spoil it for all else.
    """
    oldest: dict[tuple[str | None, bool], str] = {}
    for row in competing:
        lot = row.tree, row.kind is Kind.BASELINE
        oldest[lot] = min(row.id, oldest.get(lot, row.id))
    found: dict[str, str] = {}
    for row in rows:
        why = gone.why(row)
        if why and row.tree and row.seed is not None and competes(row, metric, data):
            left = oldest.get((row.tree, row.kind is Kind.BASELINE)) or oldest.get((row.tree, False))
            if left and left < why.event:
                found[row.tree] = max(why.event, found.get(row.tree, ''))
    return found
