"""What `git exp results` shows."""
from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import notebook
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.report import counted, curve, plot, progress, table

TABLE = """\
commit   experiment    ver  val_bpb  status     verdict        seed    s    GB
bbbbbbb  baseline      v1    2.9100  ok         -                 1  2.5  0.12
bbbbbbb  baseline      v1    2.9300  ok         -                 2  2.5  0.12
bbbbbbb  baseline      v1    2.9500  ok         -                 3  2.5  0.12
ccccccc  higher-order  v1    2.3400  ok         better            1  2.5  0.12
ccccccc  higher-order  v1    2.3600  ok         better            2  2.5  0.12
ccccccc  higher-order  v1    2.3800  ok         better            3  2.5  0.12
ddddddd  crashes       v1         -  failed     -                 1  2.5  0.12
eeeeeee  wide-context  v1    0.5100  ok         bug: val-leak     1  2.5  0.12
eeeeeee  wide-context  v1    0.5200  ok         bug: val-leak     2  2.5  0.12
-        wide-context  v1         -  supersede  bug: val-leak     -    -     -
fffffff  wide-context  v2    2.3700  ok         inconclusive      1  2.5  0.12
fffffff  wide-context  v2    2.3900  ok         inconclusive      2  2.5  0.12
fffffff  wide-context  v2    2.4100  ok         inconclusive      3  2.5  0.12
"""
Make = Callable[..., Any]


@pytest.fixture
def story(make_lab: Make) -> notebook.Notebook:
    return notebook.story(make_lab)


def test_a_table_fits_eighty_columns_and_names_the_bug_of_a_retired_row(story: notebook.Notebook) -> None:
    assert story.answers('results') == TABLE
    assert max(map(len, TABLE.split('\n'))) <= 80


def test_any_width_is_kept_and_a_wide_one_shows_the_description(story: notebook.Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (55, 60, 70, 100, 120, 200):
        monkeypatch.setenv('COLUMNS', str(width))
        lines = story.answers('results').splitlines()
        assert max(map(table.cells, lines)) <= width
        assert len(lines) == len(TABLE.splitlines())

    assert 'naïvely: 全角文字' in lines[8]
    monkeypatch.delenv('COLUMNS')  # Read by a program, which looks for names.
    assert story.answers('results').splitlines() == lines


def test_rows_are_chosen_by_experiment_status_and_verdict(story: notebook.Notebook) -> None:
    def commits(*words: str) -> list[str | None]:
        return [row['commit'] and row['commit'][0] for row in json.loads(story.answers('results', '--json', *words))]

    assert commits('wide-context') == ['e', 'e', None, 'f', 'f', 'f']
    assert commits('--status', 'failed') == ['d']
    assert commits('--status', 'ok', 'wide-context') == ['e', 'e', 'f', 'f', 'f']
    assert commits('--verdict', 'better') == ['c', 'c', 'c']
    assert commits('--verdict', 'bug') == ['e', 'e'] and commits('--verdict', 'undeclared') == []
    story.runs('idea', 'a', [2.0], params={'undeclared': True})
    assert commits('--verdict', 'undeclared') == ['a']
    assert commits('wide-context', '--status', 'ok', '--verdict', 'provisional') == ['e', 'e']
    assert story.says('results', '--status', 'fine').code == 2


def test_json_has_every_field_and_the_bug(story: notebook.Notebook) -> None:
    rows = json.loads(story.answers('results', '--json', 'wide-context'))

    assert [row['superseded_by'] for row in rows] == ['val-leak', 'val-leak', None, None, None, None]
    assert rows[0] == {
        'id': f'{7:016}', 'time': '2026-03-01T00:07:00+00:00', 'experiment': 'wide-context', 'kind': 'eval', 'status': 'ok',
        'version': 'v1', 'commit': 'e' * 40, 'value': 0.51, 'verdict': 'provisional', 'seed': 1, 'seconds': 2.5, 'memory_gb': 0.125,
        'description': notebook.DESCRIPTION, 'tree': 'e' * 40, 'eval_id': story.rows[7].eval_id, 'metrics': {}, 'params': {}, 'env': {},
        'superseded_by': 'val-leak', 'why_not': None,
    }
    assert rows[2]['params'] == {'bug': 'val-leak', 'covers': [f'{7:016}', f'{8:016}']}


def test_tsv_is_the_ledger_again(story: notebook.Notebook) -> None:
    assert story.answers('results', '--tsv').encode() == (story.lab.path / 'results.tsv').read_bytes()

    some = story.answers('results', '--tsv', 'higher-order')
    (story.lab.path / 'results.tsv').write_text(some)
    assert [row.value for row in read.read(Lab.find(story.lab.path)).results] == [2.34, 2.36, 2.38]


def test_restored_rows_count_again(make_lab: Make) -> None:
    book = notebook.blank(make_lab)
    ids = book.runs('idea', 'a', [1.0])
    book.restore('idea', book.supersede('idea', 'no-bug', ids))

    assert [row['superseded_by'] for row in json.loads(book.answers('results', '--json'))] == [None, None, None]
    assert 'bug: no-bug' not in book.answers('results').splitlines()[1]


def test_lines_that_cannot_be_used_are_named_three_at_most(story: notebook.Notebook) -> None:
    with open(story.lab.path / 'results.tsv', 'a') as ledger:
        ledger.write('torn\n' * 5)

    said = story.says('results')
    assert (said.code, said.out) == (0, TABLE)
    assert said.talk.splitlines() == [
        *(f'results.tsv: line {number}: 1 column where the header has 18' for number in (15, 16, 17)),
        'results.tsv: 2 more lines cannot be used',
        'hint: git exp doctor',
    ]


def test_nothing_to_show_is_said(make_lab: Make) -> None:
    book = notebook.blank(make_lab)
    assert book.says('results') == notebook.Said(0, '', 'nothing is measured yet\nhint: git exp baseline\n')
    assert json.loads(book.answers('results', '--json')) == []

    book.runs('idea', 'a', [1.0])
    assert book.says('results', 'idae') == notebook.Said(3, '', "git exp: there is no experiment 'idae'\nhint: git exp list\n")
    assert book.says('results', 'baseline').talk == 'the ledger has 1 row, and none is like that\n'
    assert book.says('results', '--status', 'oom') == notebook.Said(0, '', 'the ledger has 1 row, and none is like that\n')


def test_control_characters_of_a_description_do_not_reach_the_terminal(make_lab: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('COLUMNS', '200')
    book = notebook.blank(make_lab)
    book.runs('idea', 'a', [1.0], description='red \x1b[31m alert\nand a second\tline')

    assert book.answers('results').splitlines()[1].endswith('red [31m alert and a second line')


def test_values_of_all_sizes_line_up(make_lab: Make) -> None:
    book = notebook.blank(make_lab)
    book.runs('idea', 'a', [2.5, 1e-9, 99999999.0, 0.0, -3.25])

    assert [line.split()[3] for line in book.answers('results').splitlines()[1:]] == ['2.5000', '1e-09', '1e+08', '0.0000', '-3.2500']


def test_a_plot_goes_where_it_is_told(story: notebook.Notebook, drawing: None) -> None:
    path = Path(story.answers('results', '--plot').strip())
    assert path == Path(os.path.realpath(story.lab.path)) / '.git' / 'exp' / 'results.png'
    assert path.read_bytes().startswith(b'\x89PNG') and path.stat().st_size > 20_000

    (story.lab.path / '9_reports').mkdir()
    assert Path(story.answers('results', '--plot').strip()).parent.name == '9_reports'

    drawing = Path(story.answers('results', 'wide-context', '--plot', 'deep/one plot.svg').strip())
    assert drawing == Path(os.path.realpath(story.lab.path)) / 'deep' / 'one plot.svg'
    assert b'</svg>' in drawing.read_bytes()


def test_a_plot_that_cannot_be_drawn_says_why(story: notebook.Notebook) -> None:
    said = story.says('results', '--plot', 'results.gif')
    assert said == notebook.Said(2, '', "git exp: cannot draw 'results.gif': a plot ends in .png, .svg, .pdf\n")

    said = story.says('results', '--status', 'oom', '--plot')
    assert (said.code, said.out) == (1, '')

    assert story.says('results', '--json', '--tsv').code == 2


def test_without_matplotlib_the_extra_is_named(story: notebook.Notebook, tmp_path: Path) -> None:
    missing = tmp_path / 'missing' / 'matplotlib'
    missing.mkdir(parents=True)
    (missing / '__init__.py').write_text('raise ModuleNotFoundError("matplotlib")\n')

    assert story.lab.exp('results', '--plot', PYTHONPATH=str(missing.parent)) == 3
    assert story.lab.talk == "git exp: plots need matplotlib, which is not installed\nhint: pip install 'gitexp[plot]'\n"
    assert story.lab.said == ''


def test_a_pipe_that_closes_early_is_no_bug(story: notebook.Notebook) -> None:
    done = subprocess.run('git-exp results --tsv | head -n 1', shell=True, cwd=story.lab.path, capture_output=True, text=True)

    assert done.stdout.startswith('id\ttime\t') and done.stderr == ''


def test_the_line_of_the_plot_is_what_best_says_and_what_competes_with_nothing_is_hollow(make_lab: Make, drawing: None) -> None:
    book = notebook.blank(make_lab)
    book.runs('baseline', 'b', [3.0, 3.1, 3.2])
    book.runs('baseline', 'd', [2.9, 2.8], commit='d' * 40)
    book.runs('idea', 'a', [2.0, 2.4, 2.8])
    book.runs('idea', 'a', [1.0, 1.1], version='v1_with_fix', tree=None, params={'of': 'x', 'with': 'fix'})
    book.runs('idea', 'a', [1.2], seed=17, params={'undeclared': True})
    book.runs('idea', 'c', [1.3], eval_id='e' * 32)
    book.runs('idea', 'a', [0.5], seed=1)
    lab = Lab.find(book.lab.path)
    found = read.read(lab)
    shown = curve.curve(found.results, metric=lab.config.metric, covered=found.covered, silent=counted.silent(lab, found))
    _, axes = plot.sheet()
    progress.fill(axes, shown)
    legend = [text.get_text() for text in axes.get_legend().get_texts()]

    assert shown.best[-1][1] == json.loads(book.answers('best', '--json'))['mean'] == pytest.approx(2.4)
    assert [point.why for point in shown.points if not point.competes] == ['re-evaluated'] * 2 + ['undeclared', 'another evaluation']
    assert legend == [
        'best tree so far: 2.4000', 'baseline: 3.1000 ± 0.1\n(the first, bbbbbbb, of 2)', 'baseline', 'idea',
        'does not compete: another\nevaluation, re-evaluated,\nundeclared',
    ]
    assert _faces(axes)['none'] == 4


def _faces(axes: Any) -> Counter[str]:
    """How many points are filled, and how many are hollow."""
    drawn = [part for part in axes.collections if hasattr(part, 'get_sizes')]
    return Counter('filled' if len(part.get_facecolor()) else 'none' for part in drawn for _ in part.get_offsets())
