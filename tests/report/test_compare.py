"""The two plots that follow a fix, and what is not drawn over."""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gitexp.core import deep
from gitexp.lab.config import Metric
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger.result import Kind, Result
from gitexp.report import compared, overlay, viz
from gitexp.report.compared import Compared, Side
from place import CONFIG, Place
from stories import change, experiment, rows

PNG = b'\x89PNG\r\n\x1a\n'
CURVE, OVERLAY = 'results/viz/metric_curve.png', 'results/viz/before_after_v1.png'
MENDED = """\
import json, os
score = 2.5
with open(os.path.join(os.environ['EXP_OUT'], 'metrics.jsonl'), 'w') as file:
    for step in range(5):
        print(json.dumps({'step': step, 'score': 9.0 - step, 'lr': 0.1}), file=file)
"""


@pytest.fixture
def idea(lab: Place) -> Place:
    """An experiment whose first version a bug has retired, with a plot of it; nothing has run since."""
    place = experiment(lab)
    place.ok('eval', '--seeds', '2')
    place.write('experiments/idea/results/viz/metric_curve.png', PNG + b'of v1')
    place.commit('exp(idea): plot')
    place.ok('supersede', '--bug', 'leak', '--yes')
    return place


def test_the_plots_of_a_fix(idea: Place, drawing: None) -> None:
    folder = idea.path / 'experiments/idea'
    change(idea, model_py=MENDED)
    idea.ok('eval', '--seeds', '3')

    line, *paths = idea.ok('report', '--compare', 'v1').splitlines()
    assert line == 'idea: score of v1 2.0015 (n=2), retired by leak; of v2 2.5020 (n=3), gain -0.5000 at the seeds of both: 1, 2'
    assert paths == [str(folder / CURVE), str(folder / OVERLAY)]
    for path in map(Path, paths):
        assert path.read_bytes().startswith(PNG) and path.stat().st_size > 20_000
    assert (folder / 'results_v1_leak/viz/metric_curve.png').read_bytes() == PNG + b'of v1'
    new = [f'?? experiments/idea/{name}' for name in (OVERLAY, CURVE)]
    assert idea.git('status', '--porcelain', '-uall').stdout.splitlines() == [' M experiments/idea/PLAN.md', *new]

    said = json.loads(idea.at('../..').ok('report', '--compare', 'v1', 'idea', '--json'))
    values = {row['seed']: float(row['score']) for row in rows(idea.at('../..')) if row['version'] == 'v2'}
    assert said['after'] == {
        'version': 'v2', 'bug': None, 'eval_id': said['before']['eval_id'], 'n': 3, 'mean': pytest.approx(2.502),
        'runs': [{'seed': int(seed), 'value': value} for seed, value in values.items()],
    }
    assert (said['before']['bug'], said['before']['n'], said['gain']) == ('leak', 2, pytest.approx(-0.5))
    assert said['shared'] == [1, 2]
    assert sum(path.is_file() for path in folder.glob('results/*/metrics.jsonl')) == 3
    assert (said['metric_curve'], said['before_after']) == (str(folder / CURVE), str(folder / OVERLAY))
    assert Path(said['metric_curve']).read_bytes() == Path(paths[0]).read_bytes(), 'the same rows are drawn the same'


def test_the_delta_that_the_plan_has_left_open_is_filled_in_once(idea: Place, drawing: None) -> None:
    plan = idea.path / 'experiments/idea/PLAN.md'
    before = plan.read_text()
    assert before.count('; with the fix:\n') == 1
    change(idea, model_py=MENDED)
    idea.ok('eval', '--seed', '1')
    idea.ok('report', '--compare', 'v1')
    assert plan.read_text() == before and 'git exp eval --seeds 2' in idea.talk, 'the fix lacks a seed'

    idea.ok('eval', '--seeds', '2')
    line = idea.ok('report', '--compare', 'v1').splitlines()[0]
    said = line.partition('; of ')[2]
    assert said == 'v2 2.5015 (n=2), gain -0.5000' and 'PLAN.md says now what the fix has changed' in idea.talk
    assert plan.read_text() == before.replace('; with the fix:\n', f'; with the fix: {said}\n')
    filled = plan.read_bytes()
    idea.commit('exp(idea): what it has changed')
    idea.ok('eval', '--seeds', '3')
    idea.ok('report', '--compare', 'v1')
    assert plan.read_bytes() == filled and 'PLAN.md says' not in idea.talk
    assert [row['commit'] for row in rows(idea.at('../..'))[-2:]] == [rows(idea.at('../..'))[-1]['commit']] * 2


def test_what_a_fix_has_changed_is_said_of_its_bug_alone(idea: Place, drawing: None) -> None:
    plan = idea.path / 'experiments/idea/PLAN.md'
    idea.ok('restore', '--yes')
    idea.ok('supersede', '--bug', 'mask', '--yes')
    change(idea, model_py=MENDED)
    idea.ok('eval', '--seeds', '2')
    idea.ok('report', '--compare', 'v1')

    leak, _, mask = plan.read_text().partition(' v1 root cause: ')[2].partition(' v1 root cause: ')
    assert leak.startswith('leak\n') and '; with the fix:\n' in leak
    assert mask.startswith('mask\n') and '; with the fix: v2 2.5015 (n=2), gain -0.5000\n' in mask


def test_what_somebody_else_has_drawn_stays(idea: Place, drawing: None) -> None:
    change(idea, model_py='score = 2.5\n')
    idea.ok('eval', '--seed', '1')
    theirs = idea.write(f'experiments/idea/{OVERLAY}', PNG + b'by hand')

    assert idea.exp('report', '--compare', 'v1') == 3
    assert f"'{theirs}' is there, and not by git exp report" in idea.talk
    assert theirs.read_bytes() == PNG + b'by hand' and not (idea.path / 'experiments/idea' / CURVE).exists()


def test_what_cannot_be_compared_is_refused_in_a_line(lab: Place, idea: Place) -> None:
    def refused(place: Place, *words: str) -> str:
        assert place.exp('report', *words) == 3 and place.said == ''
        return place.talk

    lab.ok('baseline')
    assert refused(idea, '--compare', 'v1') == (
        "git exp: no run of 'idea' v2, the current version, counts yet\nhint: git exp eval\n"
    )
    assert refused(idea, '--compare', 'v3') == "git exp: 'idea' has no retired version 'v3'\nhint: it has v1 (leak)\n"
    assert refused(lab, '--compare', 'v1').startswith('git exp: this is not the worktree of an experiment\n')
    assert refused(lab, '--compare', 'v1', 'idae') == "git exp: there is no experiment 'idae'\nhint: did you mean 'idea'?\n"
    other = experiment(lab, 'other', model_py='broken(\n')
    assert refused(other, '--compare', 'v1') == "git exp: 'other' has no retired version 'v1'\nhint: git exp show other\n"
    assert other.exp('eval') == 4
    other.ok('supersede', '--bug', 'typo', '--yes')
    change(other, model_py='score = 2.25\n')
    other.ok('eval', '--seed', '1')
    assert refused(other, '--compare', 'v1').startswith("git exp: no run of 'other' v1 has a value\n")
    idea.ok('close')
    assert refused(lab, '--compare', 'v1', 'idea').startswith("git exp: 'idea' has no worktree to draw into\nhint: git worktree add ")
    assert lab.exp('report', 'idea') == 2 and "'idea' is one word too many" in lab.talk


def test_without_matplotlib_nothing_is_left(idea: Place, tmp_path: Path) -> None:
    change(idea, model_py='score = 2.5\n')
    idea.ok('eval', '--seed', '1')
    missing = tmp_path / 'missing' / 'matplotlib'
    missing.mkdir(parents=True)
    (missing / '__init__.py').write_text('raise ModuleNotFoundError("matplotlib")\n')

    assert idea.exp('report', '--compare', 'v1', PYTHONPATH=str(missing.parent)) == 3
    assert idea.talk == "git exp: plots need matplotlib, which is not installed\nhint: pip install 'gitexp[plot]'\n"
    assert list((idea.path / 'experiments/idea/results/viz').iterdir()) == []


DRAWS = '''
import os, sys
before, after, out = (os.environ[name] for name in ('EXP_BEFORE', 'EXP_AFTER', 'EXP_OUT'))
print(os.path.basename(before), os.path.basename(after), os.path.isfile('model.py'), 'META_MODE' in os.environ)
open(os.path.join(out, 'mask.svg'), 'w').write('<svg/>')
sys.exit('no masks' if os.path.exists('broken') else 0)
'''


def test_a_lab_draws_what_its_metric_does_not_show(lab: Place, idea: Place, drawing: None) -> None:
    lab.write('gitexp.yaml', CONFIG + 'viz: {command: python3 draw.py, time_limit: 1m}\n')
    lab.write('draw.py', DRAWS)
    lab.commit('masks')
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')
    change(idea, model_py='score = 2.5\n')
    idea.ok('eval', '--seed', '1')
    folder = idea.path / 'experiments/idea'
    (folder / 'results/viz/old.svg').write_text('<svg/>')

    paths = idea.ok('report', '--compare', 'v1', META_MODE='1').splitlines()[1:]
    assert paths == [str(folder / name) for name in (CURVE, OVERLAY, 'results/viz/mask.svg')]
    assert (folder / 'exp_log/viz.log').read_text() == 'results_v1_leak results True False\n'
    assert json.loads(idea.ok('report', '--compare', 'v1', '--json'))['viz'] == [str(folder / 'results/viz/mask.svg')]

    idea.write('broken', '')
    assert idea.exp('report', '--compare', 'v1') == 4
    assert idea.said.splitlines()[0].startswith('idea: score of v1 ') and idea.said.splitlines()[1:] == paths[:2]
    assert idea.talk.splitlines() == [
        'hint: to compare at all seeds of v1: git exp eval --seeds 2',
        '    results_v1_leak results True False', '    no masks', "git exp: viz: of gitexp.yaml, 'python3 draw.py': exit code 1",
        f"hint: its log: less '{folder}/exp_log/viz.log'",
    ]
    assert (folder / OVERLAY).exists()
    assert idea.exp('report', '--compare', 'v1', '--json') == 4 and json.loads(idea.said)['viz'] is None


@pytest.mark.parametrize(('line', 'wanted'), [
    ('report --compare ', ['v1']), ('report --sweep ', ['size']), ('report --compare v1 i', ['idea']),
])
def test_versions_and_numbers_are_completed(lab: Place, idea: Place, line: str, wanted: list[str]) -> None:
    lab.write('eval.py', "print('score: 1.0\\nsize: 3')\n")
    lab.git('commit', '-qam', 'another evaluation', META_MODE='1')
    lab.ok('baseline')
    idea.ok(_GIT_EXP_COMPLETE='bash_complete', COMP_WORDS=f'git-exp {line}', COMP_CWORD=str(len(line.split(' '))))

    assert idea.said.splitlines() == [f'plain,{word}' for word in wanted]


def test_folders_within_folders_are_looked_through_however_deep(tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir('d', dir_fd=handle)
        handle, before = os.open('d', os.O_RDONLY, dir_fd=handle), handle
        os.close(before)
    os.close(handle)
    (tmp_path / 'd/mask.svg').write_text('<svg/>')

    assert [*viz._files(tmp_path)] == [tmp_path / 'd/mask.svg']
    deep.remove(tmp_path / 'd')


def side(version: str, *runs: tuple[int | None, float], bug: str | None = None, eval_id: str = 'e') -> Side:
    made = [
        Result(f'{version}{number}', '', 'idea', Kind.EVAL, value=value, seed=seed, tree='t', eval_id=eval_id)
        for number, (seed, value) in enumerate(runs)
    ]
    return Side(version, bug, tuple(made))


def drawn(before: Side, after: Side) -> Any:
    [axes] = overlay.before_after(Compared('idea', Metric('score', 'min'), before, after)).axes
    return axes


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_same_seeds_are_joined_and_the_means_are_said(drawing: None) -> None:
    axes = drawn(side('v1', (1, 2.0), (1, 3.0), (2, 4.0), bug='leak'), side('v2', (2, 5.0), (3, 6.0), (None, 7.0), eval_id='f'))
    *seeds, before, after = [[tuple(point) for point in line.get_xydata()] for line in axes.lines]

    assert seeds == [[(0, 2.0)], [(0, 4.0), (1, 5.0)], [(1, 6.0)], [(1, 7.0)]]
    assert {y for _, y in before} == {3.0} and {y for _, y in after} == {6.0}
    assert [text.get_text() for text in axes.texts] == ['mean 3.0000\nn=2', 'mean 6.0000\nn=3']
    assert [label.get_text() for label in axes.get_xticklabels()] == ['v1, retired: leak\nby another evaluation', 'v2, now']
    assert legend(axes) == ['seed 1', 'seed 2', 'seed 3', 'no seed']


def test_of_many_seeds_ten_are_named(drawing: None) -> None:
    runs = [(seed, seed / 10) for seed in range(25)]

    assert legend(drawn(side('v1', *runs, bug='leak'), side('v2', *runs))) == [*(f'seed {seed}' for seed in range(10)), '15 more']


def test_the_curve_goes_over_steps_where_runs_have_said_them(drawing: None, tmp_path: Path) -> None:
    said = Compared('idea', Metric('score', 'min'), side('v1', (1, 1.0), bug='leak'), side('v2', (1, 2.0), (2, 2.5)))
    which = Experiment('idea', tmp_path, tmp_path)
    [axes] = overlay.metric_curve(said, which).axes
    assert axes.get_xlabel() == 'run, in the order of start' and axes.get_title('left') == 'idea v2'

    stream = tmp_path / 'results/v21/metrics.jsonl'
    stream.parent.mkdir(parents=True)
    stream.write_text(
        '{"step": 2, "score": 3}\n{"step": 1, "score": 9}\n{"step": 2, "score": 4}\n{"score": 5}\n{"step": 3, "loss": 1}\n'
        '{"step": 4, "score": NaN}\n'
        f'{{"step": 4, "score": {10 ** 400}}}\n{{"step": {10 ** 400}, "score": 1}}\n'
        '{"step": 5, "score": 2.5}',
    )
    [axes] = overlay.metric_curve(said, which).axes
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[1, 9], [2, 4], [5, 2.5]]]
    assert (axes.get_xlabel(), axes.get_title('left'), legend(axes)) == ('step', 'idea v2, 1 of 2 runs', ['seed 2'])

    stream.write_text(''.join(json.dumps({'step': step, 'score': 1 / (step + 1)}) + '\n' for step in range(10_001)))
    [axes] = overlay.metric_curve(said, which).axes
    [line] = axes.lines
    assert len(line.get_xdata()) <= 4000 and line.get_xdata()[-1] == 10_000, 'the end is drawn, however many there are'


def test_the_gain_is_that_at_the_seeds_of_both() -> None:
    def told(before: Side, after: Side) -> str:
        return compared.text(Compared('idea', Metric('score', 'max'), before, after)).rpartition('gain ')[2]

    runs = (1, 2.0), (2, 6.0), (3, 7.0), (4, 9.0)
    assert told(side('v1', *runs, bug='leak'), side('v2', (1, 3.0))) == '+1.0000 at the seeds of both: 1', 'the means fall by three'
    assert told(side('v1', *runs, bug='leak'), side('v2', *runs)) == '+0.0000'
    assert told(side('v1', (1, 2.0), bug='leak'), side('v2', (2, 3.0))) == '+1.0000 between different seeds'
    assert told(side('v1', (None, 2.0), bug='leak'), side('v2', (None, 3.0))) == '+1.0000'


@pytest.mark.parametrize(('before', 'after', 'wanted'), [
    ((1, 2, 3), (1,), 3), ((5, 6, 7, 8), (5, 6, 7), None), ((1, 2, 3, 4), (1, 2, 3), 4), ((1,), (1, 2), None), ((1, 2), (1, 2), None),
    ((17,), (1,), None), ((), (1,), None),
])
def test_how_many_seeds_the_fix_lacks(before: tuple[int, ...], after: tuple[int, ...], wanted: int | None, lab: Place) -> None:
    sides = [side(name, *((seed, 1.0) for seed in seeds)) for name, seeds in (('v1', before), ('v2', after))]
    config = Lab.find(lab.path).config

    assert config.seeds == (1, 2, 3)
    assert compared.seeds_to_run(Compared('idea', Metric('score', 'min'), *sides), config) == wanted
