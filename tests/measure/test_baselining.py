from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from place import CONFIG, Place
from gitexp.lab import config as configuration, parse
from gitexp.lab.config import Baseline, Metric
from gitexp.ledger.result import Kind, Result, Status
from gitexp.measure import baseline
from gitexp.measure.baseline import Measured
from gitexp.measure.evaluate import Evaluation
from gitexp.measure.subject import Subject
from stories import rows

METRIC = Metric('score', 'min', 0.01)


def judged(
    *said: tuple[int, float], seconds: float = 600.0, metric: Metric = METRIC, wanted: Baseline = Baseline(), **env: bool,
) -> Measured:
    """A baseline of these seeds and values."""
    runs = [
        Result(str(number), '', 'baseline', Kind.BASELINE, Status.OK, seed=seed, value=value, seconds=seconds, env=env)
        for number, (seed, value) in enumerate(said)
    ]
    what = Subject('baseline', 'v1', Kind.BASELINE, *[None] * 2, 'c', 't', '')  # type: ignore[arg-type]
    config = configuration.of({'metric': {'name': 'score', 'direction': 'min'}, 'eval': 'true'})
    return baseline.judged(Evaluation(what, 'e', runs, None, None), config._replace(metric=metric, baseline=wanted))


def test_the_trunk_is_measured_and_one_seed_twice(lab: Place) -> None:
    lab.write('results.tsv', '')
    lab.commit('an empty ledger')
    lab.write('meta_journal.md', 'changed, but only appended to by rule\n')
    lab.write('notes.txt', 'not tracked')
    said = lab.ok('baseline')

    assert said.startswith('baseline: score 3.0020, sd 0.001, n=3, ')
    assert [(row['seed'], row['score'], row['kind'], row['experiment'], row['verdict']) for row in rows(lab)] == [
        (seed, f'3.00{seed}', 'baseline', 'baseline', '') for seed in '1231'
    ]
    assert {row['commit'] for row in rows(lab)} == {lab.git('rev-parse', 'main').stdout.strip()}
    assert (lab.path / 'experiments/baseline/exp_log' / f'{rows(lab)[0]["id"]}.log').read_text() == 'score: 3.001\n'


def test_seeds_count_up_past_the_protocol(lab: Place) -> None:
    said = json.loads(lab.ok('baseline', '--seeds', '5', '--json'))

    assert [row['seed'] for row in said['results']] == [1, 2, 3, 4, 5, 1]
    assert said['passes'] is True and said['n'] == 5 and said['mean'] == pytest.approx(3.003)


def test_an_evaluation_that_is_not_deterministic_fails(lab: Place) -> None:
    lab.write('eval.py', 'import os\nprint("score:", int.from_bytes(os.urandom(4), "big") / 2**32)\n')
    lab.commit('chance')

    assert lab.exp('baseline') == 1
    assert 'error: seed 1 gave score ' in lab.said and 'seed every source of chance' in lab.said
    assert 'the smallest effect wanted is 0.01' in lab.said
    assert 'git exp: the baseline does not pass\n' in lab.talk and len(rows(lab)) == 4


def test_a_baseline_that_fails_says_so(lab: Place) -> None:
    lab.write('eval.py', 'raise SystemExit(3)\n')
    lab.commit('broken')

    assert lab.exp('baseline') == 4
    assert [row['status'] for row in rows(lab)] == ['failed']


def test_the_page_that_each_run_writes_anew_may_be_uncommitted(lab: Place) -> None:
    lab.ok('report')
    lab.commit('the page')
    lab.ok('baseline')
    assert lab.git('status', '--porcelain', 'docs').stdout == ' M docs/experiment_results.md\n'
    lab.ok('baseline')

    lab.write('docs/experiment_results.md', '# Ours\n')
    assert lab.exp('baseline') == 3 and '    docs/experiment_results.md\n' in lab.talk


def test_a_changed_trunk_is_not_the_baseline(lab: Place) -> None:
    lab.write('model.py', 'score = 1.0\n')

    assert lab.exp('baseline') == 3
    assert '    model.py' in lab.talk


def test_seeds_that_change_nothing_are_named(lab: Place) -> None:
    lab.write('eval.py', 'print("score: 3.0")\n')
    lab.commit('without chance')

    assert lab.ok('baseline').splitlines()[1:] == [
        'warning: every run of a tree gave the same value: does the seed reach the command?', '    rule: noiseless (docs/verdict.md)',
        '    do:   write {seed} into the command, or have it read $EXP_SEED; where nothing in it is left to chance, all is well',
    ]
    assert judged((1, 3.0), (1, 3.0)).findings[0].rule == 'seeds' and 'noiseless' not in str(judged((1, 3.0), (1, 3.0)).findings)


def test_a_metric_by_another_name_is_looked_for(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('name: score', 'name: scores').replace(', required: false', ''))
    lab.commit('a slip')
    lab.exp('baseline')
    said, _, way = lab.said.split('\n', 2)
    log = f'experiments/baseline/exp_log/{rows(lab)[0]["id"]}*.log'
    assert said.endswith(": is 'score' the metric?") and way == f'    do:   see its log in the root: less {log}\n'

    lab.write('gitexp.yaml', CONFIG)
    lab.commit('mended')
    ledger = lab.path / 'results.tsv'
    assert lab.exp('baseline') == 3 and f"where it is not committed yet: mv '{ledger}' '{ledger}.old'" in lab.talk
    ledger.rename(f'{ledger}.old')
    lab.ok('baseline')


@pytest.mark.parametrize(('minutes', 'passes', 'said'), [
    (3, False, 'a run takes 3 minutes, less than the 5 wanted'), (12, True, ''),
    (41, False, 'a run takes 41 minutes, more than the 40 wanted'),
])
def test_a_run_takes_the_minutes_that_are_wanted(minutes: float, passes: bool, said: str) -> None:
    found = judged((1, 1.0), (2, 1.001), (3, 1.002), (1, 1.0), seconds=minutes * 60)

    assert found.passes is passes
    assert said in ''.join(one.message for one in found.findings)


@pytest.mark.parametrize(('again', 'tolerance', 'passes'), [
    (1.0, 0.0, True), (1.0001, 0.0, False), (1.0001, 0.001, True), (1.1, 0.001, False),
])
def test_the_same_seed_gives_the_same_value(again: float, tolerance: float, passes: bool) -> None:
    found = judged((1, 1.0), (2, 1.001), (3, 1.002), (1, again), wanted=Baseline(tolerance=tolerance), metric=Metric('score', 'min'))

    assert found.passes is passes
    assert any(one.rule == 'determinism' for one in found.findings) is not passes


def test_noise_over_the_smallest_effect_fails_with_advice_unless_the_lab_allows_for_it() -> None:
    found = judged((1, 1.0), (2, 1.04), (3, 0.98), (1, 1.0))

    assert not found.passes
    assert [one.rule for one in found.findings] == ['noise']
    assert 'sd 0.031, and the smallest effect wanted is 0.01' in found.findings[0].message
    assert judged((1, 1.0), (2, 1.04), (3, 0.98), (1, 1.0), wanted=Baseline(max_sd=0.05)).passes
    assert not judged((1, 1.0), (2, 1.04), (3, 0.98), (1, 1.0), wanted=Baseline(max_sd=0.03)).passes
    assert all(word in found.findings[0].way for word in ('more evaluation data', 'smaller model', 'proxy metric'))
    unasked = judged((1, 1.0), (2, 1.04), (3, 0.98), (1, 1.0), metric=Metric('score', 'min'))
    assert unasked.passes and [(one.rule, one.level) for one in unasked.findings] == [('noise', 'warning')]


def test_what_a_baseline_may_be_allowed_can_be_written_as_it_stands() -> None:
    said = (1, 1.0), (2, 1.00004), (3, 0.99998), (1, 1.00001)
    wrong = [
        *judged(*said, metric=Metric('score', 'min', 1e-6)).findings, *judged(*said, seconds=60.0).findings,
        *judged(*said, seconds=6000.0).findings,
    ]
    ways = [found.way.partition('gitexp.yaml: ')[2].removesuffix('; then nothing need be run again') for found in wrong]
    read = [parse.parse(f'metric: {{name: score, direction: min}}\neval: "true"\n{way}\n'.encode())['baseline'] for way in ways]

    assert read[:2] == [{'tolerance': 2e-5}, {'max_sd': 6e-5}] and ways[0] == 'baseline: {tolerance: 2.0e-05}'
    assert {'minutes': [0, 40]} in read and {'minutes': [5, 100]} in read


def test_a_value_that_is_not_plausible_fails_a_baseline() -> None:
    said = (1, 0.9), (2, 0.8), (3, 5.0), (1, 0.9)

    assert [one.rule for one in judged(*said, metric=Metric('score', 'min', 9.0, (0.0, 1.0))).findings] == ['bounds']
    assert judged(*said, metric=Metric('score', 'min')).passes


def test_it_takes_three_seeds_and_one_of_them_twice() -> None:
    assert [one.rule for one in judged((1, 1.0), (2, 1.001), (1, 1.0)).findings] == ['seeds']
    assert [one.rule for one in judged((1, 1.0), (2, 1.001), (3, 1.002)).findings] == ['determinism']


def test_runs_that_shared_their_gpu_count_where_time_is_not_what_is_limited() -> None:
    said, limited = ((1, 1.0), (2, 1.001), (3, 1.002), (1, 1.0)), Metric('score', 'min', time_limited=True)

    assert judged(*said, contended=True).passes
    assert [one.rule for one in judged(*said, metric=limited, contended=True).findings] == ['contention', 'seeds']


def test_a_lab_sets_its_own_bounds(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('[0, 40]', '[5, 40]'))
    lab.commit('minutes')

    assert lab.exp('baseline', '--seeds', '1') == 1
    assert 'less than the 5 wanted' in lab.said and 'rule: minutes (gitexp.yaml, baseline: minutes)' in lab.said


def test_a_person_is_told_how_to_commit_what_the_baseline_asks_for(make_lab: Callable[..., Place]) -> None:
    lab = make_lab(config=CONFIG.replace('minutes: [0, 40]', 'minutes: [5, 40]'))
    assert lab.exp('baseline') == 1
    assert lab.talk.endswith('hint: what gitexp.yaml says a person changes: META_MODE=1 git commit gitexp.yaml\n')
    lab.write('gitexp.yaml', CONFIG)
    lab.write('model.py', 'score = 2.9\n')

    assert lab.exp('baseline') == 3
    assert lab.talk.endswith("hint: cd '" + str(lab.path) + "' && META_MODE=1 git commit gitexp.yaml model.py\n")
    lab.git('restore', 'gitexp.yaml')
    assert lab.exp('baseline') == 3 and lab.talk.endswith("' && git commit model.py\n")
