"""What the plot shows, before anything is drawn."""
from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from gitexp.lab.config import Metric
from gitexp.ledger import seeds
from gitexp.ledger.result import Kind, Result, Status
from gitexp.report import curve
from gitexp.report.curve import Mark, Noise

LOW, HIGH = Metric('loss', 'min', bounds=(0, 10)), Metric('accuracy', 'max')


def row(number: int, value: float | None, tree: str = 't', **more: Any) -> Result:
    return Result(f'{number:04}', '', more.pop('experiment', 'idea'), more.pop('kind', Kind.EVAL), value=value, tree=tree,
                  **{'eval_id': 'e', **more})


def test_the_best_so_far_follows_means_and_can_be_taken_back() -> None:
    rows = [row(0, 5.0, 'a'), row(1, 1.0, 'b', seed=1), row(2, 9.0, 'b', seed=2), row(3, 5.5, 'c')]

    assert curve.curve(rows, metric=LOW, covered={}).best == ((1, 5.0), (2, 1.0), (3, 5.0), (4, 5.0))


@given(some.lists(some.tuples(some.sampled_from('abcd'), some.floats(0, 10)), max_size=30), some.sampled_from([LOW, HIGH]))
def test_the_best_so_far_is_the_best_mean_at_every_run(runs: list[tuple[str, float]], metric: Metric) -> None:
    made = curve.curve([row(number, value, tree, seed=number) for number, (tree, value) in enumerate(runs)], metric=metric)

    for place, best in made.best:
        trees: dict[str, list[float]] = {}
        for tree, value in runs[:place]:
            trees.setdefault(tree, []).append(value)
        means = [*map(seeds.mean, trees.values())]
        assert best == (min(means) if metric is LOW else max(means))


def test_points_are_marked_and_what_has_no_value_has_no_point() -> None:
    rows = [
        row(0, 3.0, 'b', experiment='baseline', kind=Kind.BASELINE, seed=1),
        row(1, 4.0, 'b', experiment='baseline', kind=Kind.BASELINE, seed=2),
        row(2, 2.0, 'old', eval_id='before'), row(3, 0.5, 'leak'), row(4, 11.0), row(5, None, status=Status.FAILED),
        row(6, None, kind=Kind.SUPERSEDE, params={'bug': 'x', 'covers': ['0003']}), row(7, 1.0, 'jumper'),
    ]
    silent = {'0002': 'another evaluation'}
    made = curve.curve(rows, metric=LOW, covered={'0003': 'x'}, silent=silent, jumps={'jumper'})

    assert [(point.place, point.mark, point.why) for point in made.points] == [
        (1, Mark.HONEST, None), (2, Mark.HONEST, None), (3, Mark.SILENT, 'another evaluation'), (4, Mark.SUPERSEDED, 'x'),
        (5, Mark.JUMP, None),
    ]
    assert made.noise == Noise(3.5, 0.5 ** 0.5, None, 0)
    assert made.best == ((1, 3.0), (2, 3.5), (5, 1.0))


def test_a_seed_of_the_baseline_counts_once_however_often_it_was_run() -> None:
    runs = [(1, 1.0), (1, 1.0), (1, 1.0), (2, 3.0)]
    rows = [row(number, value, experiment='baseline', kind=Kind.BASELINE, seed=seed) for number, (seed, value) in enumerate(runs)]

    assert curve.curve(rows, metric=LOW, covered={}).noise == Noise(2.0, 2.0 ** 0.5, None, 0)


def test_nothing_is_a_curve_too() -> None:
    assert curve.curve([], metric=LOW, covered={}) == curve.Curve(LOW, (), (), None)


def test_of_a_seed_the_first_run_by_its_id_counts_and_a_rerun_takes_no_win() -> None:
    rows = [row(5, 1.0, 'a', seed=1), row(2, 4.0, 'a', seed=1), row(6, 9.0, 'a', seed=1), row(7, 2.0, 'a', seed=2)]

    assert curve.curve(rows, metric=LOW).best == ((1, 1.0), (2, 4.0), (3, 4.0), (4, 3.0))


def test_of_several_baselines_the_first_is_shown_which_gains_are_over() -> None:
    values = [('a', 1, 3.0), ('b', 3, 1.0), ('a', 2, 4.0), ('a', 1, 9.0), ('c', 1, 2.0)]
    rows = [
        row(number, value, tree, seed=seed, commit=tree * 40, experiment='baseline', kind=Kind.BASELINE)
        for number, (tree, seed, value) in enumerate(values)
    ]

    assert curve.curve(rows, metric=LOW).noise == Noise(3.5, 0.5 ** 0.5, 'a' * 40, 2)
