"""Closing an experiment as a user does: nothing that somebody made is lost."""
from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import scene
from place import powerless

from gitexp.experiment import close
from gitexp.lab.lab import Lab


@pytest.fixture
def one(lab):
    folder = scene.begin(lab.path, 'one')
    scene.fill(folder)
    scene.measure(lab.path, 'one', 2.0)
    return lab.at(folder)


def test_the_worktree_goes_and_the_rest_stays(lab, one) -> None:
    commit, ledger = lab.git('rev-parse', 'exp/one').stdout, (lab.path / 'results.tsv').read_bytes()

    said = lab.ok('close', 'one')

    kept = lab.path / 'experiments/one'
    assert said == f"'one' is closed: exp/one and its rows stay\nits results and logs: {kept}\n"
    assert lab.git('rev-parse', 'exp/one').stdout == commit and (lab.path / 'results.tsv').read_bytes() == ledger
    assert len(lab.git('worktree', 'list').stdout.splitlines()) == 1
    assert not (lab.path / '5_worktrees/one').exists() and not (lab.path / '.git/worktrees/one').exists()
    assert (kept / 'results/run1/model.bin').read_bytes() == scene.BIG and (kept / 'exp_log/run1.log').exists()
    assert lab.git('status', '--porcelain').stdout == '?? results.tsv\n'


def test_it_can_be_run_again(lab, one) -> None:
    lab.ok('close', 'one')

    assert lab.ok('close', 'one').startswith("'one' was closed already: exp/one and its rows stay\n")
    assert json.loads(lab.ok('close', 'one', '--json'))['already'] is True


def test_from_within_it_says_where_to_go(lab, one) -> None:
    one.ok('close')

    assert one.talk == f"hint: cd '{lab.path}'\n"


@pytest.mark.parametrize('name, text, told', [
    ('model.py', 'score = 1.0\n', 'these are not committed:\n  model.py'),
    ('notes.txt', 'mine', 'these are not committed:\n  notes.txt'),
    ('experiments/one/results/viz/new.png', 'x', 'these are not committed:\n  experiments/one/results/viz/new.png'),
    ('checkpoints/last.bin', 'x', 'git ignores these, so no commit has them:\n  checkpoints/'),
])
def test_what_would_be_lost_is_listed(lab, one, name: str, text: str, told: str) -> None:
    lab.write('.git/info/exclude', 'checkpoints/\n')
    one.at('../..').write(name, text)

    assert lab.exp('close', 'one') == 3
    assert told in lab.talk
    assert (lab.path / '5_worktrees/one' / name).read_text() == text
    scene.assert_sound(lab.path)


@pytest.mark.parametrize('mark', ['skip-worktree', 'assume-unchanged'])
def test_what_git_was_told_not_to_look_at_is_not_lost(lab, one, mark: str) -> None:
    root = one.at('../..')
    root.git('update-index', f'--{mark}', 'model.py')
    text = (root.path / 'model.py').read_text()
    root.write('model.py', 'score = 1.0\n')

    assert lab.exp('close', 'one') == 3
    assert 'git was told not to look at them:\n  model.py' in lab.talk
    root.write('model.py', text)
    lab.ok('close', 'one')


def test_a_long_list_is_cut(lab, one) -> None:
    for number in range(30):
        one.write(f'note{number}', 'x')

    assert lab.exp('close', 'one') == 3
    assert lab.talk.count('experiments/one/note') == 10 and '  and 20 more' in lab.talk


def test_caches_and_links_are_no_work(lab, one, tmp_path: Path) -> None:
    lab.write('.git/info/exclude', '*.pyc\n.mypy_cache/\n/data\n')
    root = one.at('../..')
    root.write('__pycache__/model.cpython-311.pyc', 'x')
    root.write('old.pyc', 'x')
    root.write('.mypy_cache/deep/x.json', 'x')
    (root.path / 'data').symlink_to(tmp_path)

    lab.ok('close', 'one')

    assert tmp_path.exists()


def test_retired_versions_are_kept_too(lab, one) -> None:
    one.ok('supersede', '--bug', 'val-leak', '--yes')
    one.write('exp_log/run2.log', 'x')

    lab.ok('close', 'one')

    assert (lab.path / 'experiments/one/results_v1_val-leak/run1/model.bin').exists()
    assert (lab.path / 'experiments/one/exp_log_v1_val-leak/run1.log').exists()
    assert (lab.path / 'experiments/one/exp_log/run2.log').exists()


def test_nothing_that_is_in_root_is_overwritten(lab, one) -> None:
    lab.write('experiments/one/exp_log/run1.log', 'older')
    assert lab.exp('close', 'one') == 3
    assert 'these would be overwritten:' in lab.talk and 'exp_log/run1.log' in lab.talk

    os.rename(lab.path / 'experiments/one/exp_log/run1.log', lab.path / 'experiments/one/exp_log/run0.log')
    lab.ok('close', 'one')

    assert sorted(os.listdir(lab.path / 'experiments/one/exp_log')) == ['run0.log', 'run1.log']


def test_a_detached_head_may_hold_commits_that_no_branch_has(lab, one) -> None:
    one.git('checkout', '-q', '--detach')
    one.git('commit', '-q', '--allow-empty', '-m', 'lost?')

    assert lab.exp('close', 'one') == 3
    assert "the worktree of 'one' is not on its branch" in lab.talk


def test_a_locked_worktree_stays(lab, one) -> None:
    lab.git('worktree', 'lock', '5_worktrees/one')

    assert lab.exp('close', 'one') == 3
    assert "the worktree of 'one' is locked" in lab.talk


def test_a_worktree_that_somebody_removed_is_forgotten_by_doctor(lab, one) -> None:
    lab.git('worktree', 'add', '-q', '-b', 'other', '../other')
    scene.git(lab.path, 'worktree', 'remove', '--force', '5_worktrees/one')
    scene.git(lab.path, 'worktree', 'add', '-q', '5_worktrees/one', 'exp/one')
    os.system(f"rm -r '{lab.path}/5_worktrees/one'")

    assert lab.exp('close', 'one') == 3  # It may have been moved.
    assert 'git worktree repair' in lab.talk
    lab.exp('doctor', '--fix')

    assert len(lab.git('worktree', 'list').stdout.splitlines()) == 2
    lab.ok('close', 'one')


def test_a_worktree_whose_folder_is_gone_is_not_open_and_leads_to_doctor(lab, one) -> None:
    root = one.path.parents[1]
    shutil.rmtree(root)
    way = 'hint: git exp doctor --fix\n'

    assert 'one         closed ' in lab.ok('list') and 'open   no experiment' in lab.ok('status')
    assert f'  worktree  {root} is gone\n' in lab.ok('show', 'one') and lab.talk == way
    for words in (('new', 'one'), ('eval', '-e', 'one')):
        assert lab.exp(*words) == 3 and lab.talk.endswith(way)
    lab.exp('doctor', '--fix')
    assert '  worktree  none\n' in lab.ok('show', 'one') and lab.talk != way


def test_an_experiment_that_there_is_not_cannot_be_closed(lab, one) -> None:
    assert lab.exp('close', 'onne') == 3
    assert lab.talk == "git exp: there is no experiment 'onne'\nhint: did you mean 'one'?\n"
    scene.measure(lab.path, 'one', 1.0)
    for words in (['close'], ['restore'], ['submit'], ['eval', '-e']):
        assert lab.exp(*words, 'caf\udce9') == 3 and lab.talk.startswith("git exp: there is no experiment 'caf")


def test_what_measured_nothing_leaves_nothing(lab) -> None:
    lab.ok('new', 'idle')
    lab.ok('close', 'idle')
    assert not (lab.path / 'experiments/idle').exists()


def test_a_link_or_a_folder_that_cannot_be_looked_into_is_more_than_folders(lab) -> None:
    lab.before = powerless()
    for slug, leave in {'linked': 'ln -s .. there', 'shut': 'mkdir in; chmod 0 in'}.items():
        lab.ok('new', slug)
        results = lab.path / f'5_worktrees/{slug}/experiments/{slug}/results'
        subprocess.run(['sh', '-c', leave], cwd=results, check=True)
        lab.ok('close', slug)
        assert len(os.listdir(lab.path / f'experiments/{slug}/results')) == 1


def test_another_worktree_of_the_repository_is_not_touched(lab, one) -> None:
    lab.git('worktree', 'add', '-q', '-b', 'mine', '../elsewhere/one')
    lab.at('../elsewhere/one').write('work', 'x')

    lab.ok('close', 'one')

    assert (lab.path / '../elsewhere/one/work').exists()
    assert len(lab.git('worktree', 'list').stdout.splitlines()) == 2


def test_results_on_another_disk_come_home(lab, one, monkeypatch) -> None:
    rename, home = os.rename, lab.path / 'experiments/one'
    (one.path / 'results/run1/best').symlink_to('model.bin')

    def apart(old, new, **more) -> None:
        if Path(new).is_relative_to(home) != Path(old).is_relative_to(home):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(old, new, **more)

    monkeypatch.setattr(os, 'rename', apart)
    close.close(Lab.find(lab.path), 'one')

    assert (home / 'results/run1/model.bin').read_bytes() == scene.BIG and os.readlink(home / 'results/run1/best') == 'model.bin'
    assert (home / 'exp_log/run1.log').read_text() == 'step 1\n' and not (lab.path / '5_worktrees/one').exists()


def test_opened_and_closed_again_what_is_there_already_is_not_in_the_way(lab, one) -> None:
    lab.ok('close', 'one')
    lab.git('worktree', 'add', '-q', '5_worktrees/one', 'exp/one')
    again = lab.at('5_worktrees/one/experiments/one')
    again.write('exp_log/run1.log', 'step 1\n')
    again.write('exp_log/run2.log', 'step 2\n')
    again.write('exp_log/CONTEXT.md', 'of run 2\n')
    (lab.path / 'experiments/one/exp_log/CONTEXT.md').write_text('of run 1\n')

    lab.ok('close', 'one')
    assert {path.name for path in (lab.path / 'experiments/one/exp_log').iterdir()} >= {'run1.log', 'run2.log'}
    assert (lab.path / 'experiments/one/exp_log/CONTEXT.md').read_text() == 'of run 1\n\nof run 2\n'


def test_a_close_that_fails_leaves_the_worktree_to_whoever_works_there(lab, one, monkeypatch) -> None:
    def full(*_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with monkeypatch.context() as at_first:
        at_first.setattr(close, '_merge', full)
        with pytest.raises(OSError, match='No space'):
            close.close(Lab.find(lab.path), 'one')
    one.write('notes.txt', 'a day of work')

    assert lab.exp('status') == 0 and 'clos' not in lab.talk
    assert (one.path / 'notes.txt').read_text() == 'a day of work'
    (one.path / 'notes.txt').unlink()
    lab.ok('close', 'one')
    assert (lab.path / 'experiments/one/results/run1/model.bin').read_bytes() == scene.BIG


def test_a_repository_within_is_not_removed_with_all_its_branches(lab, one) -> None:
    top = one.at('../..')
    inner = top.at('lib')
    inner.path.mkdir()
    inner.git('init', '-q')
    inner.write('f', '1')
    inner.commit('one')
    inner.git('branch', 'mine')
    top.git('add', 'lib')
    top.commit('exp(one): a library')

    assert lab.exp('close', 'one') == 3
    assert 'these are repositories of their own:\n  lib\nhint: move them away' in lab.talk
    (inner.path).rename(lab.path / '.git/lib')
    inner.path.mkdir()
    lab.ok('close', 'one')


@pytest.mark.parametrize('name', [
    'rebase-apply/', 'rebase-merge/', 'sequencer/', 'BISECT_LOG', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'NOTES_MERGE_PARTIAL',
])
def test_what_git_has_begun_there_is_ended_first(lab, one, name: str) -> None:
    kept = lab.path / '.git/worktrees/one' / name
    kept.mkdir() if name.endswith('/') else kept.write_text(lab.git('rev-parse', 'main').stdout)

    assert lab.exp('close', 'one') == 3 and f"git is in the middle of ({name.rstrip('/')})" in lab.talk
    kept.rmdir() if name.endswith('/') else kept.unlink()
    lab.ok('close', 'one')


def test_what_git_has_put_aside_for_a_merge_is_not_lost(lab, one) -> None:
    lab.write('free.txt', 'hi')
    lab.git('add', 'free.txt')
    lab.git('commit', '-q', '-m', 'free')
    root = one.at('../..')
    root.git('checkout', '-q', 'main', '--', 'free.txt')
    root.commit('exp(one): take free')
    root.write('model.py', 'score = 1.5\n')
    root.git('merge', '--no-commit', '--autostash', 'main')
    assert root.git('status', '--porcelain').stdout == ''

    assert lab.exp('close', 'one') == 3
    assert 'what git is in the middle of (MERGE_HEAD, MERGE_AUTOSTASH)\nhint: git -C ' in lab.talk
    root.git('merge', '--abort')
    assert (root.path / 'model.py').read_text() == 'score = 1.5\n'


def test_what_a_detached_head_has_left_is_not_lost_with_its_log(lab, one) -> None:
    one.git('switch', '-q', '--detach')
    one.write('model.py', 'score = 0.5\n')
    left = one.commit('days of work')
    one.git('switch', '-q', '--detach', 'exp/one')
    one.git('switch', '-q', 'exp/one')
    for _ in range(2):
        one.git('commit', '-q', '--amend', '--allow-empty', '-m', 'exp(one): what the log of the branch has')

    assert lab.exp('close', 'one') == 3
    assert f'what HEAD was at ({left[:12]}, in no branch and no tag)' in lab.talk and lab.talk.count('what HEAD') == 1
    lab.git('tag', 'kept', left)
    lab.ok('close', 'one')


@pytest.mark.parametrize('name', ['refs/worktree/keep', 'refs/bisect/bad', 'refs/rewritten/onto'])
def test_what_only_a_ref_of_the_worktree_names_gets_another_name_first(lab, one, name: str) -> None:
    root = one.at('../..')
    root.git('update-ref', 'refs/worktree/tip', 'HEAD')  # A branch has that, too.
    root.git('checkout', '-q', '--detach')
    root.git('commit', '-q', '--allow-empty', '-m', 'an attempt to keep')
    root.git('update-ref', name, 'HEAD')
    commit = root.git('rev-parse', '--short=12', 'HEAD').stdout.strip()
    root.git('checkout', '-q', 'exp/one')

    assert lab.exp('close', 'one') == 3
    assert lab.talk.endswith(f':\n  {name} ({commit}, in no branch and no tag)\nhint: git tag NAME {commit}\n')
    lab.git('tag', 'attempt', commit)
    lab.ok('close', 'one')


def test_a_file_that_only_a_ref_of_the_worktree_names_is_kept_too(lab, one) -> None:
    notes = lab.path.parent / 'notes'
    notes.write_text('a day of work')
    oid = one.git('hash-object', '-w', str(notes)).stdout.strip()
    one.git('update-ref', 'refs/worktree/notes', oid)

    assert lab.exp('close', 'one') == 3 and f'refs/worktree/notes ({oid[:12]}, ' in lab.talk
    lab.git('tag', 'notes', oid)
    lab.ok('close', 'one')


def test_a_file_that_differs_in_case_alone_is_seen_in_a_lab_from_a_system_that_has_one_of_them(lab, one) -> None:
    lab.git('config', 'core.ignorecase', 'true')
    root = one.at('../..')
    root.write('MODEL.py', 'a day of work')

    assert lab.exp('close', 'one') == 3 and 'these are not committed:\n  MODEL.py\n' in lab.talk
    assert 'config core.ignorecase false; git -C ' in lab.talk  # Before that git would add nothing.
    root.git('config', 'core.ignorecase', 'false')
    root.git('add', '-A')
    root.commit('exp(one): a day of work')
    lab.ok('close', 'one')


def test_a_change_that_leaves_length_and_time_as_they_were_is_seen(lab, one) -> None:
    lab.git('config', 'core.checkStat', 'minimal')
    lab.git('config', 'core.trustctime', 'false')
    root = one.at('../..')
    model = root.path / 'model.py'
    text = model.read_text()
    os.utime(model, (10**9, 10**9))
    root.git('update-index', '--refresh')
    other = lab.path.parent / 'other.py'
    other.write_text(text.replace('0', '1'))
    os.utime(other, (10**9, 10**9))
    other.replace(model)
    assert model.read_text() != text and root.git('status', '--porcelain').stdout == ''

    assert lab.exp('close', 'one') == 3 and 'these are not committed:\n  model.py' in lab.talk


def test_a_repository_in_a_folder_of_committed_files_is_not_removed(lab, one) -> None:
    root = one.at('../..')
    root.write('lib/f', '1')
    root.git('add', 'lib')
    root.commit('exp(one): a library')
    root.at('lib').git('init', '-q')
    assert root.git('status', '--porcelain').stdout == ''

    assert lab.exp('close', 'one') == 3 and 'these are repositories of their own:\n  lib\nhint: move them away' in lab.talk


def test_a_folder_of_results_that_cannot_be_written_to_comes_home_as_it_is(lab, one) -> None:
    (one.path / 'exp_log').chmod(0o555)
    lab.ok('close', 'one')

    home = lab.path / 'experiments/one/exp_log'
    assert (home / 'run1.log').exists() and home.stat().st_mode & 0o777 == 0o555
    home.chmod(0o755)


def test_what_it_had_before_it_was_closed_is_named_when_it_is_retired(lab, one) -> None:
    lab.ok('close', 'one')
    lab.git('worktree', 'add', '-q', '5_worktrees/one', 'exp/one')
    home = lab.path / 'experiments/one'

    lab.ok('supersede', 'one', '--bug', 'leak', '--yes')
    assert f"hint: what 'one' had before it was closed keeps its names in '{home}': move it to what is retired\n" in lab.talk
