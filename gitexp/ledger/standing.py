"""How each tree stands: all its runs that compete, and the best tree."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.ledger import counting, read, retired, tally
from gitexp.ledger.cells import text
from gitexp.ledger.counting import Vain
from gitexp.ledger.read import Contents
from gitexp.ledger.result import ABOUT, WON, Kind, Result
from gitexp.ledger.retired import Retired
from gitexp.ledger.seeds import Runs
from gitexp.ledger.tally import Tally


class _Standing(NamedTuple):
    tree: str
    experiment: str
    version: str
    commit: str | None
    eval_id: str
    kind: Kind
    runs: Runs
    whose: frozenset[str] = frozenset()


class Standing(_Standing):
    """The runs of a tree under one evaluation, of each seed the first by its id.

    Experiment, version, commit and kind are those of its first row, or where it is the trunk's as well of its first baseline. `whose`
    are all the experiments that have a row of it that counts, in whatever order.
    """

    __slots__ = ()

    @property
    def n(self) -> int:
        return len(self.runs)

    @property
    def mean(self) -> float:
        return self.runs.mean

    def by(self, slug: str) -> Standing:
        """As an experiment that has measured it sees it, though it is the trunk's as well, whose version and commit it keeps."""
        if self.kind is not Kind.BASELINE or slug == self.experiment:
            return self
        return self._replace(experiment=slug, kind=Kind.EVAL, whose=self.whose - {self.experiment})


class Standings(NamedTuple):
    """The trees of one evaluation in the order of the ids of those rows; `eval_id` is None when nothing competes.

    `vouched` are the rows by which somebody confirms that a tree is as good as it looks; `lost` is how often a seed of a tree was run
    in vain, `picked` by which row some values of a tree are retired and others not, see `counting`; `data` is what was measured on;
    `won` are the trees that were better in their day, `former` the means of baselines that are retired, by their trees; `barren` are
    the seeds of trees that were run and gave nothing, with the last such run.
    """

    eval_id: str | None
    trees: tuple[Standing, ...]
    vouched: Mapping[str, Result] = {}
    lost: Mapping[tuple[str, int], Vain] = {}
    picked: Mapping[str, str] = {}
    data: str | None = None
    won: Set[str] = frozenset()
    former: Mapping[str, float] = {}
    barren: Mapping[tuple[str, int], str] = {}

    def of(self, tree: str) -> Standing | None:
        return next((standing for standing in self.trees if standing.tree == tree), None)

    def named(self, one: Standing) -> str:
        """A tree for a person: an experiment and a version, or the baseline, and where several trees were one, which."""
        if one.kind is not Kind.BASELINE:
            return f'{one.experiment} {one.version}'
        first, *others = (other.tree for other in self.trees if other.kind is Kind.BASELINE)
        name = 'the first baseline' if one.tree == first else 'the trunk'
        return f'{name} at {(one.commit or one.tree)[:7]}' if others else 'the baseline'

    def best(self, metric: Metric) -> Standing | None:
        """The tree with the best mean, the earlier one of equals."""
        best = None
        for standing in self.trees:
            if best is None or metric.gain(standing.mean, best.mean) > 0:
                best = standing
        return best


def trees(lab: Lab, eval_id: str | None = None, more: Iterable[Result] = ()) -> Standings:
    """How the trees stand under an evaluation, that of the newest competing row unless named; `more` are runs that are no rows yet."""
    return of(tally.of(lab.ledger, lab.config.metric, more), eval_id)


def of(found: Tally, eval_id: str | None = None, *, prefer: str | None = None) -> Standings:
    """How the trees stand by what has been tallied; `prefer` is an evaluation that counts for the newest if it has a row."""
    if eval_id is None:
        eval_id = prefer if prefer is not None and found.has(prefer) else found.eval_id
    if eval_id is None:
        return Standings(None, ())
    trees = tuple(
        Standing(name, one.experiment, one.version, one.commit, eval_id, one.kind, runs, frozenset(map(text, one.whose)))
        for name, one, runs in found.trees(eval_id)
    )
    lost, picked = found.lost(eval_id), found.picked(eval_id)
    data, won, former = found.data(eval_id), found.won(eval_id), found.former(eval_id)
    return Standings(eval_id, trees, found.confirmed(eval_id), lost, picked, data, won, former, found.barren(eval_id))


def among(contents: Contents, metric: Metric, eval_id: str | None = None, *, prefer: str | None = None) -> Standings:
    """How the trees stand by what has been read, as in `of`."""
    competing, data, gone = _competing(contents, metric)
    eval_id = eval_id or _evaluation(competing, prefer)
    if eval_id is None:
        return Standings(None, ())
    mine = [row for row in competing if row.eval_id == eval_id]
    rows = [row for row in contents.results if row.eval_id == eval_id]
    lost = counting.lost(rows, mine, metric, gone)
    picked = counting.picked(rows, mine, metric, gone, data) if contents.covered else {}
    began: dict[tuple[str, str, str], str] = {}
    for row in mine:
        key = row.tree or '', row.experiment, row.version
        began[key] = min(row.id, began.get(key, row.id))
    vouched, won = read.confirmed(contents.results, eval_id, began), frozenset(row.tree for row in rows if row.tree and row.verdict == WON)
    former = counting.former((row for row in rows if row.id in contents.covered), metric, data)
    barren = counting.barren(rows, metric, gone)
    return Standings(eval_id, _grouped(mine), vouched, lost, picked, data.get(eval_id), won, former, barren)


def counted(contents: Contents, metric: Metric, *, prefer: str | None = None) -> list[Result]:
    """The runs that compete under one evaluation, in the order of their ids; `prefer` is as in `of`."""
    competing, *_ = _competing(contents, metric)
    eval_id = _evaluation(competing, prefer)
    return [row for row in competing if row.eval_id == eval_id]


def _competing(contents: Contents, metric: Metric) -> tuple[list[Result], dict[str, str], Retired]:
    """The runs that compete under any evaluation, what each of those goes by, see `counting.measured_on`, and what is retired."""
    rows, gone = alive(contents), retired.as_if(contents.results, contents.covered)
    data = counting.measured_on(rows, metric, gone)
    return [row for row in rows if counting.competes(row, metric, data)], data, gone


def alive(contents: Contents) -> list[Result]:
    """The rows that nothing has retired."""
    return [row for row in contents.results if row.id not in contents.covered]


def winners(rows: Sequence[Result]) -> set[tuple[str, str]]:
    """The evaluations and trees that were better, by what rows say or confirm."""
    return {*counting.vouching(rows), *((row.eval_id or '', row.tree or '') for row in rows if row.verdict == WON)}


def displaced(before: Contents, after: Contents, metric: Metric) -> Result | None:
    """A run of a baseline, or of a tree that has won, that competes before but not after, though nothing retires it; None for none."""
    now, then, won = _competing(before, metric)[0], {row.id for row in _competing(after, metric)[0]}, winners(alive(before))
    lost = (row for row in now if row.id not in then and row.id not in after.covered)
    return next((row for row in lost if row.kind is Kind.BASELINE or (row.eval_id, row.tree) in won), None)


def _evaluation(competing: Iterable[Result], prefer: str | None) -> str | None:
    newest = max(competing, key=lambda row: (row.eval_id == prefer, row.id), default=None)
    return newest.eval_id if newest else None


def silent(contents: Contents, metric: Metric) -> dict[str, str]:
    """Why runs with a plausible value do not compete that nothing has retired, by their ids: see `counting.WORDS`."""
    rows = alive(contents)
    data = counting.measured_on(rows, metric, retired.of(contents.results))
    valued = (row for row in rows if row.value is not None and row.kind not in ABOUT and metric.plausible(row.value))
    return {row.id: why for row in valued if (why := counting.why_not(row, metric, data))}


def _grouped(rows: Iterable[Result]) -> tuple[Standing, ...]:
    """How trees stand by their competing rows."""
    runs: dict[str, list[Result]] = {}
    first: dict[str, Result] = {}
    for row in sorted(rows, key=lambda row: row.id):
        tree = row.tree or ''
        runs.setdefault(tree, []).append(row)
        if row.kind is Kind.BASELINE and tree in first and first[tree].kind is not Kind.BASELINE:
            del first[tree]
        first.setdefault(tree, row)
    return tuple(_standing(row, runs[tree]) for tree, row in first.items())


def _standing(first: Result, rows: Sequence[Result]) -> Standing:
    return Standing(
        first.tree or '', first.experiment, first.version, first.commit, first.eval_id or '', first.kind,
        Runs.of((row.seed, row.value) for row in rows if row.value is not None),
        frozenset(row.experiment for row in rows),
    )
