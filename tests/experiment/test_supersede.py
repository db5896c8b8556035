"""Retiring a version because of a bug, and bringing it back, as a user does."""
from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import scene
from gitexp.core import ids
from gitexp.core.errors import Refused
from gitexp.experiment import intent, versions
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, pending, read, write
from gitexp.ledger.result import Kind, Result, columns


@pytest.fixture
def one(lab):
    """The worktree's folder of an experiment with three rows and what they left."""
    folder = scene.begin(lab.path, 'one')
    scene.fill(folder)
    scene.measure(lab.path, 'one', 2.0, 2.5, None)
    return lab.at(folder)


def test_a_dry_run_lists_rows_and_folders_and_changes_nothing(lab, one) -> None:
    before = scene.git(lab.path, 'for-each-ref'), (lab.path / 'results.tsv').read_bytes(), sorted(one.path.rglob('*'))

    said = one.ok('supersede', '--bug', 'val-leak', '--dry-run')

    first, header, *rows = said.split('\n')[:5]
    assert first == "would retire v1_val-leak of 'one': 3 rows"
    assert header.split() == ['id', 'time', 'commit', 'score', 'status']
    assert [row.split()[2:] for row in rows] == [['cccccccccc', '2.0', 'ok'], ['cccccccccc', '2.5', 'ok'], ['cccccccccc', '-', 'failed']]
    assert said.partition('\nresults -> ')[2] == """results_v1_val-leak
exp_log -> exp_log_v1_val-leak
at stake: 3 rows of 1 experiment, no time that is known
  best  now   one v1: score 2.2500 (n=2)
        then  none
"""
    assert before == (scene.git(lab.path, 'for-each-ref'), (lab.path / 'results.tsv').read_bytes(), sorted(one.path.rglob('*')))


def test_folders_are_renamed_with_all_that_is_in_them_and_begin_anew(one) -> None:
    inode = (one.path / 'results/run1/model.bin').stat().st_ino

    one.ok('supersede', '--bug', 'val-leak', '--yes')

    assert (one.path / 'results_v1_val-leak/run1/model.bin').read_bytes() == scene.BIG
    assert (one.path / 'results_v1_val-leak/run1/model.bin').stat().st_ino == inode
    assert (one.path / 'results_v1_val-leak/viz/curve.png').read_bytes() == b'a plot'
    assert (one.path / 'exp_log_v1_val-leak/run1.log').read_text() == 'step 1\n'
    assert list((one.path / 'results').rglob('*')) == [one.path / 'results/viz']
    assert list((one.path / 'exp_log').iterdir()) == []


def test_one_commit_holds_the_renames_and_the_plan(lab, one) -> None:
    before = lab.git('rev-parse', 'exp/one').stdout

    one.ok('supersede', '--bug', 'val-leak', '--yes')

    assert lab.git('rev-parse', 'exp/one~1').stdout == before
    assert scene.subjects(lab.path, 'exp/one')[0] == 'exp(one): supersede v1 (val-leak)'
    assert lab.git('show', '--format=', '--name-status', '-M100%', 'exp/one').stdout.split('\n')[:-1] == [
        'M\texperiments/one/PLAN.md',
        'R100\texperiments/one/results/viz/curve.png\texperiments/one/results_v1_val-leak/viz/curve.png',
    ]
    assert one.git('status', '--porcelain').stdout == ''
    assert 'update' not in one.git('status').stdout


def test_a_row_says_what_it_covers(lab, one) -> None:
    ids = [row.id for row in scene.rows(lab.path, 'one', Kind.EVAL)]

    one.ok('supersede', '--bug', 'val-leak', '--symptom', 'too good', '--yes')

    row, = scene.rows(lab.path, 'one', Kind.SUPERSEDE)
    assert (row.version, row.description, row.value) == ('v1_val-leak', 'too good', None)
    assert row.params == {'bug': 'val-leak', 'covers': ids}
    assert row.commit == lab.git('rev-parse', 'exp/one').stdout.strip()
    assert scene.covered(lab.path) == dict.fromkeys(ids, 'val-leak')


def test_the_plan_gains_a_root_cause_with_what_is_known(lab, one) -> None:
    old = (one.path / 'PLAN.md').read_bytes()

    one.ok('supersede', '--bug', 'val-leak', '--where', 'train.py:7', '--fix', 'split\n## first', '--yes')

    row, = scene.rows(lab.path, 'one', Kind.SUPERSEDE)
    assert (one.path / 'PLAN.md').read_bytes() == old + f"""
## 9. v1 root cause: val-leak

- Bug: val-leak
- File:line: train.py:7
- Symptom:
- Fix: split ## first
- Delta: v1 score 2.25 (n=2, 2 to 2.5); with the fix:
- Training side:
- Inference side:
- Plot: [results_v1_val-leak/viz/curve.png](results_v1_val-leak/viz/curve.png)
- Ledger: `{row.id}` retires 3 rows
""".encode()


def test_versions_count_up_and_cover_only_their_own_rows(lab, one) -> None:
    one.ok('supersede', '--bug', 'val-leak', '--yes')
    (one.path / 'exp_log/run2.log').write_text('x')
    later = scene.measure(lab.path, 'one', 3.0)

    said = one.ok('supersede', '--bug', 'wrong-seed', '--yes')

    assert said == "retired v2_wrong-seed of 'one': 1 row\nresults -> results_v2_wrong-seed\nexp_log -> exp_log_v2_wrong-seed\n"
    assert scene.rows(lab.path, 'one', Kind.SUPERSEDE)[1].params['covers'] == later
    assert '## 10. v2 root cause: wrong-seed' in (one.path / 'PLAN.md').read_text()
    assert versions.current(Lab.find(one.path).experiment('one')) == 3


def test_the_number_comes_from_folders_and_rows_alike(lab, one) -> None:
    experiment = Lab.find(one.path).experiment('one')
    row = Result('a', 't', 'one', Kind.EVAL, version='v4')
    retired = Result('b', 't', 'one', Kind.SUPERSEDE, version='v4_x', params={'bug': 'x', 'covers': []})
    restored = Result('c', 't', 'one', Kind.RESTORE, version='v4_x', params={'restores': 'b'})

    assert versions.current(experiment) == 1
    assert versions.current(experiment, [row]) == 4
    assert versions.current(experiment, [row, retired]) == 5
    assert versions.current(experiment, [row, retired, restored]) == 4
    (one.path / 'exp_log_v6_y').mkdir()
    assert versions.current(experiment, [row]) == 7


@pytest.mark.parametrize('digits', [10, 5000])
def test_no_version_is_named_by_a_number_that_nobody_counts_to(lab, one, digits: int) -> None:
    one.write('PLAN.md', (one.path / 'PLAN.md').read_text() + f"\n## {'9' * digits}. more\n")
    one.commit('exp(one): more')
    path = lab.path / 'results.tsv'
    first = path.read_text().splitlines()[1].split('\t')
    path.write_text(path.read_text() + '\t'.join(['01zz', *first[1:3], 'v' + '9' * digits, *first[4:]]) + '\n')
    assert one.ok('supersede', '--bug', 'leak', '--yes').startswith("retired v1_leak of 'one'")
    assert versions.current(Lab.find(one.path).experiment('one')) == 2


def test_other_work_of_the_user_stays_as_it_is(one) -> None:
    root = one.at('../..')
    root.write('model.py', 'score = 9.0\n')
    root.write('staged.py', 'x = 1\n')
    root.git('add', 'staged.py')
    root.write('untracked.txt', 'mine')
    one.write('results/viz/staged.png', 'staged')
    one.git('add', 'results/viz/staged.png')
    one.write('results/viz/curve.png', b'redrawn')
    one.write('PLAN.md', (one.path / 'PLAN.md').read_text() + '\n## 9. v1 results\n\nmine\n')

    one.ok('supersede', '--bug', 'val-leak', '--yes')

    assert root.git('show', '--format=', '--name-only', 'HEAD').stdout.split() == [
        'experiments/one/PLAN.md', 'experiments/one/results_v1_val-leak/viz/curve.png',
    ]
    assert root.git('status', '--porcelain', '--untracked-files=all').stdout.split('\n')[:-1] == [
        ' M experiments/one/PLAN.md',
        ' M experiments/one/results_v1_val-leak/viz/curve.png',
        'A  experiments/one/results_v1_val-leak/viz/staged.png',
        ' M model.py',
        'A  staged.py',
        '?? untracked.txt',
    ]
    assert root.git('diff', '--', 'experiments/one/PLAN.md').stdout.count('\n+') == 5
    assert '## 10. v1 root cause: val-leak' in (one.path / 'PLAN.md').read_text()


def test_a_plan_that_is_gone_or_was_never_there_is_made(one) -> None:
    one.git('rm', '-q', 'PLAN.md')
    one.git('commit', '-qm', 'no plan')

    one.ok('supersede', '--bug', 'val-leak', '--yes')

    assert (one.path / 'PLAN.md').read_text().startswith('# one\n\n## 1. v1 root cause: val-leak\n')
    assert one.git('status', '--porcelain').stdout == ''


def test_it_can_be_named_from_anywhere(lab, one) -> None:
    said, = json.loads(lab.ok('supersede', 'one', '--bug', 'val-leak', '--json', '--yes'))['experiments']

    row, = scene.rows(lab.path, 'one', Kind.SUPERSEDE)
    assert (said['experiment'], said['version'], said['row'], said['commit']) == ('one', 'v1_val-leak', row.id, row.commit)
    assert said['folder'] == str(one.path)
    assert said['folders'][0] == {'from': 'results', 'to': 'results_v1_val-leak'}
    assert [found['value'] for found in said['rows']] == [2.0, 2.5, None]


def test_it_is_never_guessed_which_experiment_is_meant(lab, one) -> None:
    assert lab.exp('supersede', '--bug', 'val-leak', '--yes') == 3
    assert lab.exp('supersede', 'onne', '--bug', 'val-leak', '--yes') == 3
    assert "no experiment 'onne'\nhint: did you mean 'one'?" in lab.talk
    assert lab.exp('supersede', '../../x', '--bug', 'val-leak', '--yes') == 3
    assert "no experiment '../../x'" in lab.talk


def test_a_bug_is_named_like_an_experiment(one) -> None:
    assert one.exp('supersede', '--bug', 'Val Leak', '--yes') == 2
    assert "'Val Leak' is not a bug name: lower-case letters, digits and single hyphens\nhint: try 'val-leak'" in one.talk


def test_where_there_is_nothing_nothing_is_retired(lab, one) -> None:
    one.ok('supersede', '--bug', 'val-leak', '--yes')
    before = lab.git('for-each-ref').stdout

    assert one.exp('supersede', '--bug', 'val-leak', '--yes') == 3
    assert "nothing to supersede: 'one' has no results of v2" in one.talk
    assert before == lab.git('for-each-ref').stdout


def test_a_run_that_is_alive_comes_first(lab, one) -> None:
    found = Lab.find(lab.path)
    run = pending.begin(found, Result('0' * 16, 't', 'one', Kind.EVAL, env={'pid': 42}))

    assert one.exp('supersede', '--bug', 'val-leak', '--yes') == 3
    assert f"a run of 'one' is alive ({'0' * 16}, pid 42)" in one.talk
    assert one.exp('close') == 3
    run.drop()
    one.ok('supersede', '--bug', 'val-leak', '--yes')


def test_a_command_at_work_on_it_comes_first(lab, one) -> None:
    with intent.claimed(lab.path / '.git/exp', 'one', 'close'):
        assert one.exp('supersede', '--bug', 'val-leak', '--yes') == 3
        assert "'one' is busy: git exp close (pid " in one.talk
    one.ok('supersede', '--bug', 'val-leak', '--yes')


@pytest.mark.parametrize('state, told', [
    (('checkout', '-q', '--detach'), 'is not on its branch'),
    (('switch', '-q', '-c', 'elsewhere'), 'is not on its branch'),
])
def test_a_worktree_that_is_elsewhere_is_left_alone(lab, one, state: tuple[str, ...], told: str) -> None:
    one.git(*state)

    assert lab.exp('supersede', 'one', '--bug', 'val-leak', '--yes') == 3
    assert told in lab.talk
    assert (one.path / 'results').is_dir()


def test_a_merge_or_another_git_comes_first(lab, one) -> None:
    lock = lab.write('.git/worktrees/one/index.lock', '')
    assert one.exp('supersede', '--bug', 'val-leak', '--yes') == 3
    assert 'another git is at work' in one.talk
    lock.unlink()
    one.git('switch', '-q', '-c', 'other', 'HEAD~1')
    one.write('results/viz/curve.png', b'another plot')
    one.commit('other plot')
    one.git('switch', '-q', 'exp/one')
    one.git('merge', 'other', check=False)

    assert one.exp('supersede', '--bug', 'val-leak', '--yes') == 3
    assert 'in the middle of a merge' in one.talk


@pytest.mark.parametrize('make', [os.mkfifo, os.mkdir])
def test_a_plan_that_nobody_can_write_on_is_said_before_anything_happens(lab, one, make) -> None:
    head = one.git('rev-parse', 'HEAD').stdout
    (one.path / 'PLAN.md').unlink()
    make(one.path / 'PLAN.md')

    assert one.exp('supersede', '--bug', 'val-leak', '--yes') == 3
    assert f"cannot supersede: '{one.path / 'PLAN.md'}' is no file that can be written to" in one.talk
    assert (one.path / 'results/run1/model.bin').exists() and one.git('rev-parse', 'HEAD').stdout == head
    assert scene.rows(lab.path, 'one', Kind.SUPERSEDE) == [] and not list((lab.path / '.git/exp/journal').iterdir())


def test_a_hook_that_refuses_the_commit_leaves_all_as_it_was(lab, one) -> None:
    hook = lab.write('.git/hooks/reference-transaction', '#!/bin/sh\n[ "$1" != prepared ] || ! grep -q refs/heads/exp/\n')
    hook.chmod(0o755)

    assert one.exp('supersede', '--bug', 'val-leak', '--yes') == 3
    assert (one.path / 'results/run1/model.bin').exists() and not (one.path / 'results_v1_val-leak').exists()
    assert scene.rows(lab.path, 'one', Kind.SUPERSEDE) == []
    scene.assert_sound(lab.path)


def test_a_ledger_that_cannot_be_written_is_made_good_by_the_next_command(lab, one) -> None:
    ledger = lab.path / 'results.tsv'
    aside = ledger.rename(lab.path / 'aside')
    ledger.mkdir()
    code = one.exp('supersede', '--bug', 'val-leak', '--yes')
    ledger.rmdir()
    aside.rename(ledger)

    assert code == 3
    scene.recover_until_quiet(lab.path)
    assert len(scene.rows(lab.path, 'one', Kind.SUPERSEDE)) <= 1
    scene.assert_sound(lab.path)


def test_results_on_another_disk_are_linked_and_the_link_is_renamed(one, tmp_path: Path) -> None:
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'disk/model.bin').write_bytes(b'big')
    (one.path / 'exp_log/run1.log').unlink()
    (one.path / 'exp_log').rmdir()
    (one.path / 'exp_log').symlink_to(tmp_path / 'disk')

    one.ok('supersede', '--bug', 'val-leak', '--yes')

    assert (one.path / 'exp_log_v1_val-leak').is_symlink() and (tmp_path / 'disk/model.bin').exists()
    assert not (one.path / 'exp_log').is_symlink()


def test_the_trunks_own_rows_can_be_retired(lab) -> None:
    scene.measure(lab.path, 'baseline', 3.0)
    lab.write('experiments/baseline/exp_log/a.log', 'x')

    lab.ok('supersede', 'baseline', '--bug', 'wrong-split', '--yes')

    assert (lab.path / 'experiments/baseline/exp_log_v1_wrong-split/a.log').exists()
    assert len(scene.covered(lab.path)) == 1
    assert lab.git('for-each-ref', 'refs/heads').stdout.count('\n') == 1


def test_a_closed_experiment_is_retired_on_its_branch_and_in_root(lab, one) -> None:
    one.ok('close')

    lab.ok('supersede', 'one', '--bug', 'val-leak', '--yes')

    assert (lab.path / 'experiments/one/results_v1_val-leak/run1/model.bin').read_bytes() == scene.BIG
    assert 'results_v1_val-leak/viz/curve.png' in lab.git('ls-tree', '-r', '--name-only', 'exp/one').stdout
    assert len(scene.covered(lab.path)) == 3
    assert lab.git('status', '--porcelain').stdout == '?? results.tsv\n'


def test_restore_undoes_it(lab, one) -> None:
    tree, ids = lab.git('rev-parse', 'exp/one:experiments/one/results').stdout, [row.id for row in scene.rows(lab.path, 'one', Kind.EVAL)]
    one.ok('supersede', '--bug', 'val-leak', '--yes')
    plan = (one.path / 'PLAN.md').read_bytes()

    said = one.ok('restore', '--yes')

    row, = scene.rows(lab.path, 'one', Kind.RESTORE)
    assert said == "restored v1_val-leak of 'one': 3 rows\nresults_v1_val-leak -> results\nexp_log_v1_val-leak -> exp_log\n"
    assert scene.covered(lab.path) == {} and ids
    assert row.params == {'restores': scene.rows(lab.path, 'one', Kind.SUPERSEDE)[0].id, 'bug': 'val-leak'}
    assert (one.path / 'results/run1/model.bin').read_bytes() == scene.BIG and (one.path / 'exp_log/run1.log').exists()
    assert lab.git('rev-parse', 'exp/one:experiments/one/results').stdout == tree
    assert scene.subjects(lab.path, 'exp/one')[0] == 'exp(one): restore v1 (val-leak)'
    assert one.git('status', '--porcelain').stdout == ''
    assert (one.path / 'PLAN.md').read_bytes().startswith(plan) and b'v1 (val-leak) was restored on ' in (one.path / 'PLAN.md').read_bytes()
    assert versions.current(Lab.find(one.path).experiment('one')) == 1
    assert one.exp('restore', '--yes') == 3
    assert "nothing to restore: no version of 'one' is retired" in one.talk


def test_restore_takes_the_named_one(lab, one) -> None:
    one.ok('supersede', '--bug', 'first', '--yes')
    one.write('exp_log/run2.log', 'x')
    one.ok('supersede', '--bug', 'second', '--yes')

    assert one.exp('restore', '--bug', 'firts', '--yes') == 3
    assert one.talk == "git exp: no bug 'firts' has retired anything\nhint: did you mean 'first'?\n"
    assert one.exp('restore', '--bug', 'zzz', '--yes') == 3 and "hint: the newest that have: 'second' or 'first'\n" in one.talk
    one.ok('restore', '--bug', 'first', '--yes')
    assert one.exp('restore', '--bug', 'first', '--yes') == 3
    assert one.talk.endswith("is retired because of 'first'\nhint: git exp restore one --bug second\n")

    assert (one.path / 'exp_log/run1.log').exists() and (one.path / 'exp_log_v2_second/run2.log').exists()


def test_a_retired_version_does_not_come_back_over_new_results(lab, one) -> None:
    one.ok('supersede', '--bug', 'val-leak', '--yes')
    one.write('results/viz/new.png', 'x')

    assert one.exp('restore', '--yes') == 3
    assert "the current version has results of its own, such as 'results/viz/new.png'" in one.talk
    assert (one.path / 'results_v1_val-leak').is_dir()
    scene.assert_sound(lab.path)


def test_restore_lists_first_when_asked(lab, one) -> None:
    one.ok('supersede', '--bug', 'val-leak', '--yes')
    before = (lab.path / 'results.tsv').read_bytes()

    said = one.ok('restore', '--dry-run')

    assert said.startswith("would restore v1_val-leak of 'one': 3 rows\n")
    assert (lab.path / 'results.tsv').read_bytes() == before and (one.path / 'results_v1_val-leak').is_dir()


def test_what_was_measured_before_a_branch_was_renamed_can_be_retired(lab, one) -> None:
    tree = lab.at('5_worktrees/one')
    tree.git('branch', '-m', 'exp/two')
    tree.git('mv', 'experiments/one', 'experiments/two')
    tree.git('commit', '-q', '-m', 'exp(two): another name')

    assert lab.ok('supersede', '--bug', 'leak', '--since', '2020-01-01', '--yes').startswith("retired v1_leak of 'one': 3 rows")
    tree.git('branch', 'exp/one')
    assert lab.exp('supersede', 'one', '--bug', 'leak', '--yes') == 3 and 'not on its branch' in lab.talk


def test_more_rows_than_one_row_can_name_are_refused_at_once(lab, one, monkeypatch) -> None:
    monkeypatch.setattr(cells, 'LONGEST', 1 << 8)
    found = Lab.find(lab.path)
    with pytest.raises(Refused, match="cannot supersede 3 rows of 'one' at once: .* is longer than"):
        scene.supersede(lab.path, 'one')
    assert len(read.read(found).results) == 3


def test_a_name_that_has_rows_is_taken_whatever_the_order_of_the_columns(lab) -> None:
    names = [name for name in columns('score') if name != 'experiment']
    lab.write('results.tsv', '\t'.join([*names, 'experiment']) + '\n')
    scene.begin(lab.path, 'one')
    scene.measure(lab.path, 'one', 2.0)
    lab.git('worktree', 'remove', '--force', '5_worktrees/one')
    lab.git('branch', '-D', 'exp/one')
    assert lab.exp('new', 'one') == 3 and 'the ledger has results of an experiment of that name' in lab.talk


def test_git_may_be_set_up_to_find_no_repository_in_a_git_directory(lab, one) -> None:
    text = (lab.path / 'gitexp.yaml').read_text()
    lab.write('gitexp.yaml', text.replace('rules:\n', "rules:\n  sections: ['experiments/*/PLAN.md']\n", 1))
    assert 'sections' in (lab.path / 'gitexp.yaml').read_text()
    lab.ok('hook', 'install')
    lab.git('commit', '-q', '-m', 'sections', 'gitexp.yaml', META_MODE='1')
    lab.git('config', '--global', 'safe.bareRepository', 'explicit')

    lab.ok('supersede', 'one', '--bug', 'leak', '--yes')
    lab.ok('restore', 'one', '--yes')


def test_the_numbers_of_a_version_are_those_of_the_tree_that_was_measured_last(lab, one) -> None:
    rows = scene.rows(lab.path, 'one', Kind.EVAL)
    newer = (
        rows[0]._replace(id=ids.make(ids.clock(scene.NOW) + 100 + seed), tree='2' * 40, seed=seed, value=value)
        for seed, value in ((1, 1.0), (7, 1.5))
    )
    write.append(Lab.find(lab.path), [*newer])

    one.ok('supersede', '--bug', 'val-leak', '--yes')

    assert '- Delta: v1 score 1.25 (n=2, 1 to 1.5); with the fix:\n' in (one.path / 'PLAN.md').read_text()
