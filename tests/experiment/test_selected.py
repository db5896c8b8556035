"""Retiring only what a bug has spoilt, in whichever experiments, and what is at stake before that."""
from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import scene
from gitexp.core import ids
from gitexp.lab.lab import Lab
from gitexp.ledger import write
from gitexp.ledger.result import Kind, Result
from gitexp.report import radius
from place import PROGRAM, Place

Rows = Callable[..., list[str]]
HOUR = 3600.0


@pytest.fixture
def rows(lab: Place) -> Rows:
    """Appends rows of an experiment, an hour later each."""
    count = iter(range(1, 99))

    def append(slug: str, *values: float, at: Place | None = None, eval_id: str = 'e1', kind: Kind = Kind.EVAL, gpus: int = 2) -> list[str]:
        place = at or lab
        commit, tree = place.git('rev-parse', 'HEAD', 'HEAD^{tree}').stdout.split()
        made = [
            Result(
                ids.make(1_772_000_000_000 + 1000 * (hour := next(count))), f'2026-03-01T{hour:02}:00:00+00:00', slug, kind, commit=commit,
                tree=tree, value=value, seed=seed, eval_id=eval_id, seconds=HOUR, env={'gpus': ['H100'] * gpus} if gpus else {},
            ) for seed, value in enumerate(values, 1)
        ]
        write.append(Lab.find(lab.path), made)
        return [row.id for row in made]
    return append


@pytest.fixture
def story(lab: Place, rows: Rows) -> dict[str, str]:
    """A baseline, `one` with a sound tree and then a bug, `two` that was started from it, and `three`, which has nothing to do with it.

    Names the commits: before, bad, and that of two.
    """
    rows('baseline', 3.0, 3.01, 2.99, kind=Kind.BASELINE, gpus=0)
    one = worked(lab, 'one', 'score = 2.5\n')
    rows('one', 2.5, 2.51, 2.49, at=one)
    before = head(one)
    worked(lab, 'one', 'score = 2.0  # leaks\n')
    rows('one', 2.0, 2.01, at=one)
    bad = head(one)
    two = worked(lab, 'two', 'score = 1.9\n', base='one')
    rows('two', 1.9, 1.91, at=two)
    rows('three', 2.6, 2.61, at=worked(lab, 'three', 'score = 2.6\n'), gpus=0)
    worked(lab, 'four', 'score = 1.8\n', base='one')
    return {'before': before, 'bad': bad, 'two': head(two)}


def worked(lab: Place, slug: str, text: str, base: str = 'main') -> Place:
    if not (lab.path / '5_worktrees' / slug).exists():
        lab.ok('new', slug, '--base', base)
    place = lab.at(f'5_worktrees/{slug}')
    place.write('model.py', text)
    place.commit(f'exp({slug}): try')
    return place


def head(place: Place) -> str:
    return place.git('rev-parse', 'HEAD').stdout.strip()


def taken(lab: Place, *words: str) -> dict[str, int]:
    """How many rows of each experiment would be retired."""
    said = json.loads(lab.ok('supersede', '--bug', 'leak', '--dry-run', '--json', *words))
    return {one['experiment']: len(one['rows']) for one in said['experiments']}


def test_a_commit_takes_what_was_measured_at_it_or_after_it(lab: Place, story: dict[str, str]) -> None:
    assert taken(lab, '--commit', story['bad']) == {'one': 2, 'two': 2}
    assert taken(lab, '--commit', story['before']) == {'one': 5, 'two': 2}
    assert taken(lab, '--commit', story['bad'], '--fixed-in', story['two']) == {'one': 2}
    assert taken(lab, '--commit', f'{story["before"]}..{story["bad"]}') == {'one': 2}
    assert taken(lab, '--commit', 'main..exp/two') == {'one': 5, 'two': 2}
    assert taken(lab, '--commit', 'main') == {'baseline': 3, 'one': 5, 'two': 2, 'three': 2}
    assert taken(lab, 'two', '--commit', story['bad']) == {'two': 2}


@pytest.fixture
def shallow(lab: Place, tmp_path: Path) -> Callable[[int], Place]:
    """Makes a clone that has so many commits of each branch, and all rows."""
    def make(depth: int) -> Place:
        made = lab.at(tmp_path / f'depth{depth}')
        lab.git('clone', '-q', f'--depth={depth}', '--no-single-branch', f'file://{lab.path}', str(made.path))
        made.write('results.tsv', (lab.path / 'results.tsv').read_bytes())
        return made
    return make


@pytest.mark.parametrize('words, taken_by', [
    (['--commit', 'origin/exp/one'], {'one': 2, 'two': 2}), (['--fixed-in', 'origin/exp/one'], {'baseline': 3, 'one': 3, 'three': 2}),
    (['--commit', 'main..origin/exp/one'], {'one': 5}),
])
def test_a_shallow_clone_does_not_guess_what_came_after_what(
    lab: Place, story: dict[str, str], shallow: Callable[[int], Place], words: list[str], taken_by: dict[str, int],
) -> None:
    cut = shallow(1)
    assert cut.exp('supersede', '--bug', 'leak', '--dry-run', *words) == 3
    assert 'git exp: this clone is shallow, and its history is cut off within the range\nhint: git fetch --unshallow\n' in cut.talk

    cut.git('fetch', '-q', '--unshallow')
    assert taken(cut, *words) == taken_by


def test_a_shallow_clone_takes_what_its_history_tells(lab: Place, story: dict[str, str], shallow: Callable[[int], Place]) -> None:
    assert taken(shallow(2), 'one', '--commit', story['bad']) == {'one': 2}
    assert taken(cut := shallow(3), '--commit', story['bad'], '--fixed-in', 'origin/exp/two') == {'one': 2}
    assert taken(cut, '--commit', f'{story["before"]}..{story["bad"]}') == {'one': 2}


def test_a_version_is_retired_as_a_whole_without_history(
    lab: Place, story: dict[str, str], shallow: Callable[[int], Place], rows: Rows,
) -> None:
    lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/one')
    rows('baseline', 2.0, 2.01, kind=Kind.BASELINE, gpus=0)
    cut = shallow(2)
    cut.git('branch', '-q', 'exp/one', 'origin/exp/one')

    assert '5 rows' in cut.ok('supersede', 'one', '--bug', 'leak', '--dry-run') and 'main holds it' not in cut.talk
    cut.git('fetch', '-q', '--unshallow')
    cut.ok('supersede', 'one', '--bug', 'leak', '--dry-run')
    assert 'main holds it' in cut.talk


def test_a_time_takes_what_began_since(lab: Place, story: dict[str, str], rows: Rows) -> None:
    assert taken(lab, '--since', '2026-03-01T09:00') == {'two': 2, 'three': 2}
    assert taken(lab, '--since', '2026-03-01T10:00+01:00') == {'two': 2, 'three': 2}
    assert taken(lab, '--since', '2026-03-01', '--commit', story['bad']) == {'one': 2, 'two': 2}
    rows('three', 2.5)
    assert lab.exp('supersede', '--bug', 'leak', '--since', 'HEAD', '--dry-run') == 3, 'all of it is older than the commits of today'


def test_when_a_signed_commit_was_made_is_known_though_git_shows_signatures(lab: Place, story: dict[str, str]) -> None:
    signer = lab.write('../gpg', '#!/bin/sh\ncat > /dev/null\necho "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----"\n'
                       'echo "[GNUPG:] SIG_CREATED D 1 8 00 0 0" >&2\n')
    signer.chmod(0o755)
    lab.git('config', 'gpg.program', str(signer.resolve()))
    lab.git('config', 'log.showSignature', 'true')
    one = lab.at('5_worktrees/one')
    one.git('commit', '-q', '-S', '--allow-empty', '-m', 'signed', GIT_COMMITTER_DATE='2026-03-01T09:00:00+0000')

    assert taken(lab, '--since', 'exp/one') == {'two': 2, 'three': 2}


def test_an_evaluation_and_single_runs(lab: Place, story: dict[str, str], rows: Rows) -> None:
    first, second = rows('three', 2.0, 2.1, eval_id='e2')

    assert taken(lab, '--eval-id', 'e2') == {'three': 2}
    assert taken(lab, '--runs', f'{first},{second}') == {'three': 2} == taken(lab, '--runs', first, '--runs', second)
    assert taken(lab, '--runs', first, '--eval-id', 'e2', '--since', '2026-03-01') == {'three': 1}


@pytest.mark.parametrize('words, code, told', [
    (['--runs', 'nope'], 3, "there is no run 'nope'"),
    (['--eval-id', 'x'], 2, "no row has the evaluation 'x'"),
    (['--commit', 'nope'], 2, "'nope' is not a commit that is here"),
    (['--commit', '--all'], 2, "'--all' is not a commit that is here"),
    (['--commit', 'main...exp/one'], 2, "'main...exp/one' is not a range"),
    (['--since', '2026-13-01'], 2, "'2026-13-01' is not a date"),
    (['--since', '2027-01-01'], 3, 'nothing to supersede: no row that counts is like that'),
    (['nope', '--since', '2026-01-01'], 3, "no experiment 'nope'"),
])
def test_what_takes_nothing_is_said(lab: Place, rows: Rows, words: Sequence[str], code: int, told: str) -> None:
    worked(lab, 'one', 'score = 2\n')
    rows('one', 2.0)

    assert lab.exp('supersede', '--bug', 'leak', *words) == code
    assert told in lab.talk


def test_rows_whose_commit_is_not_here_are_left_and_said(lab: Place, story: dict[str, str]) -> None:
    scene.measure(lab.path, 'three', 1.0)

    assert taken(lab, '--commit', story['bad']) == {'one': 2, 'two': 2}
    assert '1 row does not say enough to be chosen or not, and is left: ' in lab.talk


def test_what_is_at_stake_is_shown_first(lab: Place, story: dict[str, str]) -> None:
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text() + 'seeds: [1, 2]\n')
    lab.commit('as many seeds as were run')
    lab.write('.git/exp/submit/one.md', 'asked')
    lab.git('update-ref', 'refs/remotes/origin/exp/two', story['two'])

    assert lab.ok('supersede', '--bug', 'leak', '--commit', story['bad'], '--dry-run') == """\
would retire rows of 2 experiments
experiment  rows  time           what goes with them
one            2  4.0 GPU-hours  nothing: 3 of v1 still count
two            2  4.0 GPU-hours  results and exp_log: v1_leak
at stake: 4 rows of 2 experiments, 8.0 GPU-hours
  best          now   two v1: score 1.9050 (n=2)
                then  one v1: score 2.5000 (n=3)
  handed over   one (submitted), two (pushed)
  built on it   four
  judged by it  one (worse -> better), three (worse)
"""
    assert scene.covered(lab.path) == {}


def test_only_what_is_merged_and_no_baseline(lab: Place, story: dict[str, str]) -> None:
    lab.git('merge', '-q', '--no-edit', story['bad'])

    said = json.loads(lab.ok('supersede', '--bug', 'leak', '--since', '2026-01-01', '--dry-run', '--json'))['at_stake']

    assert (said['rows'], said['experiments'], said['gpu_hours'], said['hours_on_no_known_gpu']) == (12, 4, 14.0, 5.0)
    assert said['then'] is None and said['no_baseline'] is True
    assert said['handed_over'] == {'one': 'merged into main'} and said['built_on'] == []


def test_what_the_trunk_has_merged_is_left_in_the_baseline_with_the_way_to_take_it(lab: Place, story: dict[str, str], rows: Rows) -> None:
    hint = f"hint: main holds it: git exp supersede --bug leak --commit {story['before'][:10]} takes the baseline as well\n"
    lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/one')
    lab.ok('supersede', 'one', '--bug', 'leak', '--dry-run')
    assert 'main holds it' not in lab.talk, 'no baseline has been measured since'
    lab.ok('supersede', 'two', '--bug', 'leak', '--dry-run')
    assert 'main holds it' not in lab.talk, 'it is not merged'

    merged = rows('baseline', 2.0, 2.01, kind=Kind.BASELINE, gpus=0)
    lab.ok('supersede', 'one', '--bug', 'leak', '--dry-run')
    assert hint in lab.talk
    lab.ok('supersede', 'one', '--bug', 'leak', '--yes')
    assert lab.talk.endswith(hint)
    lab.ok('supersede', '--bug', 'leak', '--commit', story['before'][:10], '--yes')
    assert {*merged} < scene.covered(lab.path).keys() and 'main holds it' not in lab.talk


def test_rows_go_and_folders_stay_where_some_rows_still_count(lab: Place, story: dict[str, str]) -> None:
    one, two = (lab.path / f'5_worktrees/{slug}/experiments/{slug}' for slug in ('one', 'two'))
    for folder in (one, two):
        scene.fill(folder)

    said = lab.ok('supersede', '--bug', 'leak', '--commit', story['bad'], '--yes')

    assert said == "retired v1 of 'one': 2 rows\nretired v1_leak of 'two': 2 rows\n"
    assert (one / 'results/run1').is_dir() and (two / 'results_v1_leak/run1').is_dir()
    row, = scene.rows(lab.path, 'one', Kind.SUPERSEDE)
    assert (row.version, row.params['selected']) == ('v1', {'commit': story['bad']})
    assert scene.subjects(lab.path, 'exp/one')[0] == 'exp(one): supersede 2 rows of v1 (leak)'
    assert (one / 'PLAN.md').read_text().endswith(f'- Plot:\n- Ledger: `{row.id}` retires 2 rows; 3 of v1 still count\n')
    assert json.loads(lab.ok('best', '--json'))['experiment'] == 'one'
    assert '\n  versions  v1: 5 runs, 2 superseded\n' in lab.ok('show', 'one')
    scene.assert_sound(lab.path)


def test_a_date_in_an_imported_log_is_no_clock(lab: Place, story: dict[str, str]) -> None:
    lab.write('old.tsv', 'timestamp\tscore\n2062-01-01T00:00:00Z\t3\n')
    lab.ok('import', 'old.tsv', '--experiment', 'one')

    lab.ok('supersede', 'one', '--bug', 'leak', '--commit', story['bad'], '--yes')
    lab.ok('restore', 'one', '--yes')
    lab.ok('supersede', 'one', '--bug', 'leak', '--commit', story['bad'], '--yes')
    assert max(row.id for row in scene.rows(lab.path, 'one', Kind.SUPERSEDE)) < ids.make(2 ** 41)


def test_each_form_is_undone_by_another_row(lab: Place, story: dict[str, str]) -> None:
    best = lab.ok('best', '--json')
    lab.ok('supersede', '--bug', 'leak', '--commit', story['bad'], '--yes')
    lab.ok('supersede', 'three', '--bug', 'other', '--since', '2026-01-01', '--yes')

    assert lab.ok('restore', '--all', '--bug', 'leak', '--yes') == "restored v1 of 'one': 2 rows\nrestored v1_leak of 'two': 2 rows\n"

    assert set(scene.covered(lab.path).values()) == {'other'}
    assert '\n## 10. v1 restored: leak\n\nv1 (leak) has rows back on ' in (lab.path / '5_worktrees/one/experiments/one/PLAN.md').read_text()
    lab.ok('restore', 'three', '--yes')
    assert lab.ok('best', '--json') == best
    assert lab.exp('restore', '--all', '--bug', 'leak', '--yes') == 3
    assert lab.exp('restore', '--all') == 2


def test_what_is_left_of_a_version_is_retired_after_it(lab: Place, story: dict[str, str]) -> None:
    lab.ok('supersede', 'one', '--bug', 'leak', '--commit', story['bad'], '--yes')

    assert lab.ok('supersede', 'one', '--bug', 'rest', '--yes').startswith("retired v1_rest of 'one': 3 rows\n")
    assert sorted(scene.covered(lab.path).values()) == ['leak', 'leak', 'rest', 'rest', 'rest']


def test_it_asks_before_several_experiments_or_the_best(lab: Place, story: dict[str, str]) -> None:
    before = (lab.path / 'results.tsv').read_bytes()
    words = ['supersede', '--bug', 'leak', '--commit', story['bad']]

    assert lab.exp(*words) == 2
    assert '2 experiments are concerned, and there is no terminal to ask on\nhint: to go ahead, add --yes\n' in lab.talk
    assert lab.exp('supersede', 'two', '--bug', 'leak') == 2 and 'the best is concerned' in lab.talk
    assert 'Go ahead? [y/N]' in on_terminal(lab.path, words, b'n\n')
    assert (lab.path / 'results.tsv').read_bytes() == before
    assert "retired v1 of 'one': 2 rows" in on_terminal(lab.path, words, b'y\n')
    lab.ok('supersede', 'three', '--bug', 'leak')


def on_terminal(folder: Path, words: Sequence[str], typed: bytes) -> str:
    """What somebody sees who types an answer."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(PROGRAM), *words], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, typed)
        said = b''
        try:
            while piece := os.read(ours, 1 << 16):
                said += piece
        except OSError:
            pass  # The other end is closed.
        process.wait(60)
    os.close(ours)
    return said.decode()


@pytest.mark.parametrize('gpus, seconds, told', [
    (None, None, 'no time that is known'), (None, 30, 'less than one minute of runs'), (None, 7200, '2.0 hours of runs'),
    (['H100'] * 8, 900, '2.0 GPU-hours'), (2, 600, '20 GPU-minutes'), ([], 1800, '30 minutes of runs'), ([], 60, '1 minute of runs'),
    (['H100'], 3_600_000, '1,000 GPU-hours'),
])
def test_hours_are_of_gpus_where_they_are_known(gpus: object, seconds: float | None, told: str) -> None:
    row = Result('1', '', 'one', Kind.EVAL, seconds=seconds, env={} if gpus is None else {'gpus': gpus})

    assert str(radius.hours([row])) == told


def test_hours_of_both_kinds_are_not_mixed() -> None:
    rows = [Result('1', '', 'one', Kind.EVAL, seconds=HOUR, env=env) for env in ({}, {'gpus': ['H100', 'H100']})]

    assert str(radius.hours(rows)) == '2.0 GPU-hours and 1.0 hours of runs on no known GPU'
