"""The page of all results, and the same as CSV."""
from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from place import CONFIG, Place

import notebook
import stories
from gitexp.ledger.result import Status
from gitexp.report import scaling

Make = Callable[..., Any]
COLUMNS = (
    'timestamp,experiment,phase,budget,task,horizon,timescale,script_path,run_type,status,duration_seconds,val_loss,test_accuracy,'
    'hyperparameters,error_message,thermal_max_temp,data_md5'
)
AXES = notebook.CONFIG.replace('val_bpb', 'val_loss') + 'axes: [budget, fraction, phase]\n'
GOLDEN = """\
# Experiment Results

Generated: WHEN

Total Experiments: 5

Total Runs: 18

Success Rate: 94.4%

## phase 6: Parameter Scaling

### Summary Table

| budget | fraction 0.01 | fraction 0.05 | Avg val_loss |
| --- | --- | --- | --- |
| 1000000 | 8.0000 | 8.0000 | 8.0000 |
| 10000000 | 4.0000 | 4.0000 | 4.0000 |
| 100000000 | 2.0000 | 2.0000 | 2.0000 |
| 1000000000 | 1.0000 | 1.0000 | 1.0000 |

### Scaling Analysis

val_loss = 512 * budget ^ -0.301

- Alpha (α): 0.3010
- R²: 1.0000
- Interpretation: strong scaling; 10x budget yields ~50% error reduction

### Individual Results

#### budget 1000000

| Experiment | Version | Commit | fraction | Seed | val_loss | Status | Verdict | Seconds |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| s6 | v1 | aaaaaaaaaa | 0.01 | 1 | 7.9000 | ok | - | 2.5 |
| s6 | v1 | aaaaaaaaaa | 0.01 | 2 | 8.1000 | ok | - | 2.5 |
| s6 | v1 | aaaaaaaaaa | 0.05 | 1 | 7.9000 | ok | - | 2.5 |
| s6 | v1 | aaaaaaaaaa | 0.05 | 2 | 8.1000 | ok | - | 2.5 |
"""


@pytest.fixture
def scaled(make_lab: Make) -> notebook.Notebook:
    """Sixteen runs over four budgets, one that failed, and one that a bug has retired."""
    book = notebook.blank(make_lab, config=AXES)
    for power, letter in enumerate('abcd', 6):
        for fraction in (0.01, 0.05):
            mean = 8 / 2 ** (power - 6)
            said = {'budget': 10.0 ** power, 'fraction': fraction, 'phase': 6.0}
            more = {'tree': f'{letter}{fraction}', 'metrics': said}
            book.runs(f's{power}', letter, [mean - 0.1, mean + 0.1], **more, env={'thermal_max': 71, 'data_md5': 'd' * 32})
    book.runs('leaky', 'e', [None], env={'reason': 'it said "no", twice,\nand ended'})
    book.supersede('leaky', 'val-leak', book.runs('leaky', 'f', [0.5], metrics={'budget': 1e6, 'fraction': 0.01, 'phase': 6.0}))
    return book


def _page(book: notebook.Notebook) -> str:
    path = Path(book.answers('report').rstrip('\n'))
    assert path == book.lab.path / 'docs' / 'experiment_results.md'
    text, many = re.subn(r'(?m)^Generated: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 by git exp report$', 'Generated: WHEN', path.read_text())
    assert many == 1
    return text


def test_the_means_stand_over_two_axes_and_a_power_law_is_fitted(scaled: notebook.Notebook) -> None:
    page = _page(scaled)

    assert page.startswith(GOLDEN)
    assert '| leaky | v1 | ffffffffff | 0.01 | 1 | 0.5000 | ok | bug: val-leak | 2.5 |' in page
    assert page.index('#### budget -') > page.index('#### budget 1000000000') > page.index('#### budget 1000000\n')
    assert '| leaky | v1 | eeeeeeeeee | - | 1 | - | failed | - | 2.5 |' in page[page.index('## phase -'):]


def test_what_was_removed_is_written_again_as_it_was(scaled: notebook.Notebook) -> None:
    before = _page(scaled)
    (scaled.lab.path / 'docs' / 'experiment_results.md').unlink()

    assert _page(scaled) == before


def test_a_page_that_would_say_the_same_keeps_its_date(scaled: notebook.Notebook) -> None:
    path = Path(scaled.answers('report').rstrip('\n'))
    path.write_text(re.sub('(?<=Generated: )\\S+', 'yesterday', path.read_text()))
    scaled.answers('report')
    assert 'Generated: yesterday by' in path.read_text()

    scaled.runs('more', 'f', [1.0])
    scaled.answers('report')
    assert 'Generated: yesterday by' not in path.read_text()


def test_an_empty_ledger_gives_a_page_that_says_so(make_lab: Make) -> None:
    assert _page(notebook.blank(make_lab)) == (
        '# Experiment Results\n\nGenerated: WHEN\n\nTotal Experiments: 0\n\nTotal Runs: 0\n\nSuccess Rate: no run yet\n'
    )


def test_without_axes_there_is_a_table_for_each_experiment(make_lab: Make) -> None:
    page = _page(notebook.story(make_lab))

    assert re.findall('(?m)^##+ .*', page) == [
        '## Results', '### Individual Results', '#### baseline', '#### crashes', '#### higher-order', '#### wide-context',
    ]


@pytest.mark.parametrize(('config', 'says'), [
    (AXES.replace('min,', 'max,'), 'No fit: higher val_loss is better'),
    (AXES.replace('[budget, fraction, phase]', '[phase, fraction]'), 'No fit: a power law takes two sizes at least'),
    (AXES.replace('bounds: [0', 'bounds: [-9'), 'No fit: a power law is for positive numbers'),
])
def test_where_nothing_can_be_fitted_the_page_says_why(make_lab: Make, config: str, says: str) -> None:
    book = notebook.blank(make_lab, config=config)
    for place, letter in enumerate('ab', 1):
        book.runs('s', letter, [-1.0 if 'bounds: [-9' in config else 1.0], metrics={'budget': place, 'fraction': place, 'phase': 6})

    assert says in _page(book)


def test_the_log_has_its_columns_whatever_is_in_them(scaled: notebook.Notebook, tmp_path: Path) -> None:
    path = tmp_path / 'outputs' / 'log.csv'
    assert scaled.answers('report', '--csv', str(path)) == f'{path}\n'
    assert path.read_text().splitlines()[0] == COLUMNS
    with path.open(newline='') as file:
        runs = list(csv.DictReader(file))

    assert len(runs) == 18 and {run['run_type'] for run in runs} == {'training'}
    assert runs[0]['timestamp'] == '2026-03-01T00:00:00+00:00' and runs[0]['script_path'] == 'eval.py'
    assert (runs[0]['phase'], runs[0]['budget'], runs[0]['val_loss'], runs[0]['task']) == ('6', '1000000', '7.9', '')
    assert said_of(runs[0]) == {'fraction': 0.01}
    assert (runs[0]['thermal_max_temp'], runs[0]['data_md5'], runs[0]['duration_seconds']) == ('71', 'd' * 32, '2.5')
    assert (runs[16]['status'], runs[16]['error_message']) == ('failed', 'it said "no", twice,\nand ended')
    assert (runs[17]['status'], runs[17]['error_message']) == ('success', 'retired: val-leak')


@pytest.mark.parametrize(('status', 'says'), [
    (Status.THERMAL_ABORT, 'thermal_abort'), (Status.OOM, 'failed'), (Status.INTERRUPTED, 'failed'),
])
def test_the_log_knows_three_ends(make_lab: Make, tmp_path: Path, status: Status, says: str) -> None:
    book = notebook.blank(make_lab)
    said = {'test_accuracy': 0.9, 'n_trials': 40}
    book.runs('s', 'a', [1.5], status=status, params={'args': ['--lr', '1,5 "x"', '\ud83d']}, metrics=said)
    book.answers('report', '--csv', str(tmp_path / 'log.csv'))
    with (tmp_path / 'log.csv').open(newline='') as file:
        [run] = csv.DictReader(file)

    assert (run['run_type'], run['status'], run['test_accuracy'], run['val_loss']) == ('hpo', says, '0.9', '')
    assert said_of(run) == {'args': ['--lr', '1,5 "x"', '\ud83d'], 'val_bpb': 1.5, 'n_trials': 40}


def test_a_command_that_only_the_shell_understands_has_a_script_too(lab: Place, tmp_path: Path) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', '"python3 eval.py {seed}  # don\'t touch"'))
    lab.commit('said so')
    stories.experiment(lab).ok('eval', '--seed', '1')
    lab.ok('report', '--csv', str(tmp_path / 'log.csv'))
    with (tmp_path / 'log.csv').open(newline='') as file:
        assert [*csv.DictReader(file)][-1]['script_path'] == 'eval.py'
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', '"python3 eval.py \'{seed}"'))
    lab.commit('said wrongly')
    lab.ok('report', '--csv', str(tmp_path / 'log.csv'))


@pytest.mark.parametrize('words', [(), ('--csv', 'results.tsv'), ('--csv', 'docs')])
def test_nothing_else_is_written_over(scaled: notebook.Notebook, words: tuple[str, ...]) -> None:
    (scaled.lab.path / 'docs').mkdir()
    (scaled.lab.path / 'docs' / 'experiment_results.md').write_text('# Ours\n')
    before = (scaled.lab.path / 'results.tsv').read_bytes()
    said = scaled.says('report', *words)

    assert said.code == 3 and 'is there, and not by git exp report' in said.talk
    assert (scaled.lab.path / 'docs' / 'experiment_results.md').read_text() == '# Ours\n'
    assert (scaled.lab.path / 'results.tsv').read_bytes() == before


def test_the_figures_as_json(scaled: notebook.Notebook) -> None:
    said = json.loads(scaled.answers('report', '--json'))

    assert (said['experiments'], said['runs'], said['ok'], said['axes']) == (5, 18, 17, ['budget', 'fraction', 'phase'])
    assert said['sections'][0]['cells'][0] == {
        'places': [1000000, 0.01], 'mean': 8.0, 'n': 2, 'trees': ['s6 v1 at aaaaaaa'],
    }
    assert said['sections'][0]['fit']['alpha'] == pytest.approx(math.log10(2)) and said['sections'][0]['fit']['strength'] == 'strong'
    assert said['sections'][1]['fit'] is None and not (scaled.lab.path / 'docs').exists()


@pytest.mark.parametrize('words', ['', 'Generated: by hand, in March\n'])
def test_a_page_of_the_same_title_is_somebody_elses(lab: Place, words: str) -> None:
    page = f'# Experiment Results\n\n{words}The third week was lost to a broken loader.\n'
    path = lab.write('docs/experiment_results.md', page)
    lab.ok('baseline')

    assert path.read_text() == page and 'experiment_results' not in lab.talk
    assert lab.exp('report') == 3 and 'is there, and not by git exp report' in lab.talk
    assert path.read_text() == page


@pytest.mark.parametrize('style', ['merge', 'diff3'])
def test_a_page_that_two_clones_have_committed_is_written_again_after_the_conflict(lab: Place, style: str) -> None:
    page = lab.path / 'docs' / 'experiment_results.md'
    lab.git('clone', '-q', '.', '../other')
    for place in (lab, lab.at('../other')):
        place.ok('report')
        said = re.sub('(?<=Generated: )[^ ]+', place.path.name.replace(' ', '-'), page.read_text())
        place.write('docs/experiment_results.md', said.replace('Total Runs: 0', f'Total Runs: of {place.path.name}'))
        place.commit('the page')
    lab.git('fetch', '-q', '../other', 'main')
    lab.git('-c', f'merge.conflictStyle={style}', 'merge', '-q', 'FETCH_HEAD', check=False)
    assert '<<<<<<< HEAD' in page.read_text() and 'docs/' in lab.git('ls-files', '--unmerged').stdout
    assert lab.exp('doctor') == 1 and 'do: git exp report, then: git add docs/experiment_results.md\n' in lab.said

    lab.ok('report')
    assert 'Total Runs: 0' in page.read_text() and '<<<<<<<' not in page.read_text()


def test_what_is_in_a_report_ends_no_run(lab: Place) -> None:
    lab.ok('report')
    report = lab.path / 'docs' / 'experiment_results.md'
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text() + 'axes: [params]\n')
    lab.write('eval.py', (lab.path / 'eval.py').read_text() + "print('params:', model.params)\n")
    lab.write('model.py', 'score, params = 5.0, 10_000_000\n')
    lab.git('add', '-A')
    lab.git('commit', '-qm', 'axes', META_MODE='1')
    lab.ok('baseline')
    stories.experiment(lab, 'larger', model_py='score, params = 4.5, 10_010_000\n').ok('eval')
    assert 'No fit: the sizes are too near each other for errors so far apart.' in report.read_text()

    stories.experiment(lab, 'huge', model_py=f'score, params = 4.5, {10 ** 400}\n').ok('eval')
    assert '#### params -' in report.read_text()
    assert json.loads(lab.ok('report', '--json'))['sections'][0]['fit'] is None


def test_runs_that_succeed_write_the_page_anew_once_it_is_there(lab: Place) -> None:
    path = lab.path / 'docs' / 'experiment_results.md'
    lab.ok('baseline')
    assert not path.exists()
    lab.ok('report')
    idea = stories.experiment(lab, 'idea')
    idea.ok('eval', '--seed', '1')
    assert '#### idea' in path.read_text() and 'Total Runs: 5' in path.read_text()
    held = path.read_bytes()
    stories.change(idea, model_py='broken(\n')
    assert idea.exp('eval', '--seed', '1') == 4
    assert path.read_bytes() == held
    path.write_text('# Ours\n')
    stories.change(idea, model_py='score = 2.0\n')
    idea.ok('eval', '--seed', '1')
    assert path.read_text() == '# Ours\n' and 'experiment_results' not in idea.talk


def test_a_page_that_cannot_be_written_fails_no_run(lab: Place) -> None:
    lab.ok('report')
    before = (lab.path / 'docs' / 'experiment_results.md').read_text()
    elsewhere = lab.path.parent / 'elsewhere'
    (lab.path / 'docs').rename(elsewhere)
    (lab.path / 'docs').symlink_to(elsewhere)
    idea = stories.experiment(lab, 'idea')
    idea.ok('eval', '--seed', '1')

    assert 'docs/experiment_results.md is not written anew: ' in idea.talk
    assert (elsewhere / 'experiment_results.md').read_text() == before, 'no link is followed'


@given(
    alpha=st.floats(0.01, 2), factor=st.floats(0.1, 100),
    sizes=st.lists(st.floats(1, 1e12), min_size=2, unique_by=lambda one: round(math.log(one))),
)
def test_a_power_law_is_found_again(alpha: float, factor: float, sizes: list[float]) -> None:
    fit = scaling.fit((size, factor * size ** -alpha) for size in sizes)

    assert fit.alpha == pytest.approx(alpha, abs=1e-6) and fit.factor == pytest.approx(factor, rel=1e-4)
    assert fit.r2 is None if len(sizes) == 2 else fit.r2 == pytest.approx(1)


@pytest.mark.parametrize('points', [
    [(10_000_000, 5.0), (10_010_000, 4.5)], [(10_000_000, 4.5), (10_010_000, 5.0)], [(1, 2.0), (1.0000001, 1e300)],
])
def test_a_law_that_no_number_holds_is_none(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match='the sizes are too near each other'):
        scaling.fit(points)


@pytest.mark.parametrize(('alpha', 'strength', 'reduction'), [
    (0.2, 'strong', 37), (0.15, 'moderate', 29), (0.09, 'moderate', 19), (0.08, 'weak', 17), (-0.1, 'weak', -26),
])
def test_what_an_exponent_means(alpha: float, strength: str, reduction: float) -> None:
    fit = scaling.Fit(alpha, 1.0, None)

    assert (fit.strength, round(fit.reduction)) == (strength, reduction)


def test_what_does_not_fall_at_all_has_no_share_that_is_explained() -> None:
    assert scaling.fit([(1, 2), (10, 2)]).r2 is scaling.fit([(1, 2), (10, 1)]).r2 is scaling.fit([(1, 2), (10, 2), (100, 2)]).r2 is None


def test_of_a_seed_the_first_run_counts_and_a_mean_of_several_trees_names_them(make_lab: Make) -> None:
    book = notebook.blank(make_lab, config=AXES)
    said = {'budget': 1e6, 'fraction': 0.01, 'phase': 6.0}
    book.runs('baseline', 'a', [2.0, 3.0, 4.0], metrics=said)
    book.runs('baseline', 'a', [9.0], metrics=said)
    [section] = json.loads(book.answers('report', '--json'))['sections']
    assert (section['cells'][0]['mean'], section['cells'][0]['n']) == (3.0, 3)
    assert 'several trees' not in _page(book)

    book.runs('baseline', 'b', [5.0, 6.0, 7.0], metrics=said)
    assert '| 1000000 | 4.5000 | 4.5000 |' in _page(book)
    told = 'Of several trees are the means at\n\n- budget 1000000, fraction 0.01: baseline at aaaaaaa, baseline at bbbbbbb\n'
    assert f'\n\n{told}\n### Scaling Analysis\n' in _page(book)


def test_no_law_is_given_for_what_falls_and_rises(make_lab: Make) -> None:
    book = notebook.blank(make_lab, config=AXES.replace('[budget, fraction, phase]', '[lr]'))
    for lr, letter, mean in ((0.01, 'a', 0.4), (0.1, 'b', 0.09), (0.2, 'c', 0.093), (0.4, 'd', 0.108)):
        book.runs(f'{letter}-lr', letter, [mean - 0.001, mean, mean + 0.001], metrics={'lr': lr})

    assert 'No fit: the means fall from 0.01 to 0.1 and rise from 0.1 to 0.4; both by more than the noise.\n' in _page(book)
    [section] = json.loads(book.answers('report', '--json'))['sections']
    assert section['fit'] is None and section['no_fit'].startswith('the means fall from 0.01')


@pytest.mark.parametrize(('errors', 'sd', 'says'), [
    ((4.0, 2.0, 1.0), 0.1, None),
    ((1.0, 2.0, 4.0), 0.1, None),
    ((4.0, 2.0, 2.1), 0.1, None),
    ((4.0, 2.0, 2.9), 0.1, 'fall from 1 to 2 and rise from 2 to 3; both by more than the noise'),
    ((2.0, 4.0, 2.0), 0.1, 'fall from 2 to 3 and rise from 1 to 2'),
    ((4.0, 2.0, 2.1), None, 'fall from 1 to 2 and rise from 2 to 3; no tree has several seeds to tell the noise by'),
    ((4.0, 2.0, 1.0), None, None),
    ((2.0, 2.1, 2.0), 0.1, 'the means differ by no more than the noise'),
    ((2.0, 2.0, 2.0), 0.0, None),
])
def test_a_law_is_for_what_only_falls_or_only_rises(errors: tuple[float, ...], sd: float | None, says: str | None) -> None:
    means = [scaling.Mean(size, error, 1) for size, error in enumerate(errors, 1)]
    if says is None:
        scaling.require_steady(means, sd)
        return
    with pytest.raises(ValueError, match=re.escape(says)):
        scaling.require_steady(means, sd)


def said_of(row: dict[str, str]) -> dict[str, Any]:
    """The numbers of a run that have no column."""
    return {name: said for name, said in json.loads(row['hyperparameters']).items() if name != 'run'}


def test_the_log_says_which_run_it_is_and_goes_to_a_pipe_too(make_lab: Make) -> None:
    book = notebook.blank(make_lab)
    book.runs('idea', 'a', [1.5], verdict='better', params={'flags': ['unstable'], 'args': ['--lr', '1']})
    again = {'of': 'x', 'with': 'fix', 'inference': {'commit': 'b' * 40}}
    book.runs('idea', 'a', [1.4], version='v1_with_fix', tree=None, params=again)
    book.runs('idea', 'a', [1.3], seed=17, params={'undeclared': True})
    said = book.answers('report', '--csv', '-')
    first, second, third = csv.DictReader(said.splitlines())

    assert said.endswith('\n') and not said.endswith('\n\n') and not (book.lab.path / '-').exists()
    which = {'seed': 1, 'commit': 'a' * 40, 'version': 'v1', 'verdict': 'better', 'kind': 'eval'}
    whole = {**which, 'eval_id': book.rows[0].eval_id, 'tree': 'a' * 40}
    assert json.loads(first['hyperparameters']) == {'args': ['--lr', '1'], 'val_bpb': 1.5, 'run': whole}
    again = json.loads(second['hyperparameters'])['run']
    assert (again['verdict'], again['version'], 'tree' in again) == ('re-evaluated', 'v1_with_fix', False)
    last = json.loads(third['hyperparameters'])
    assert (last['val_bpb'], last['run']['verdict'], last['run']['seed']) == (1.3, 'undeclared', 17)
