"""Killed at any step, a command has happened or has not, once the next command has looked."""
from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import scene
from gitexp.core.errors import Refused
from gitexp.experiment import intent, journal, removal, steps
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Kind
from killing import run_until

EVERY = int(os.environ.get('KILL_EVERY', '3'))  # 1 kills at every step, as `make faults` does


def test_new_leaves_the_experiment_or_nothing_and_can_be_run_again(lab) -> None:
    step, slug = 0, 's1'
    while (code := run_until(step := step + 1, ['new', slug], lab.path)) != 0:
        assert code == -signal.SIGKILL
        scene.recover_until_quiet(lab.path)
        assert_no_experiment(lab.path, slug)
        scene.begin(lab.path, slug)
        assert_experiment(lab.path, slug)
        slug = f's{step + 1}'

    assert step > 15
    assert_experiment(lab.path, slug)
    scene.assert_sound(lab.path)


@pytest.mark.parametrize('whom', ['the command', 'git with it'])
def test_new_killed_at_any_time(lab, whom: str) -> None:
    for number in range(300):
        lab.write(f'data/{number}', 'x' * number)
    lab.commit('files')
    for number in range(12):
        slug = f's{number}'
        kill_after(random.Random(number).uniform(0.05, 0.2), ['new', slug], lab.path, whole=whom == 'git with it')
        scene.recover_until_quiet(lab.path)

        if (lab.path / '5_worktrees' / slug).exists():
            assert_experiment(lab.path, slug)
        else:
            assert_no_experiment(lab.path, slug)
            scene.begin(lab.path, slug)
        scene.assert_sound(lab.path)


def test_work_in_an_experiment_whose_start_was_killed_is_not_taken_back(lab) -> None:
    folder = scene.begin(lab.path, 'one')
    made = {'root': str(folder.parents[1]), 'folder': str(folder), 'commit': scene.git(lab.path, 'rev-parse', 'exp/one')}
    shutil.rmtree(folder / 'results')
    (folder / 'notes.md').write_text('mine')
    leave_dead(lab.path, 'one', 'new', made)

    assert scene.recover(lab.path) == ["finished the experiment 'one', whose start was killed"]
    assert (folder / 'notes.md').read_text() == 'mine' and (folder / 'results/viz').is_dir()
    assert scene.recover(lab.path) == []


def test_a_start_that_was_killed_in_the_middle_of_git_is_taken_back(lab) -> None:
    """git makes what it keeps about a worktree file by file, and every other git dies on what is half there."""
    commit = scene.git(lab.path, 'commit-tree', '-m', 'x', '-p', 'main', 'main^{tree}')
    root = lab.path / '5_worktrees/one'
    made = {'root': str(root), 'folder': str(root / 'experiments/one'), 'commit': commit}
    kept = lab.path / '.git/worktrees/one'
    stages = {
        'locked': lambda: (kept / 'locked').write_text('initializing'),
        'folder': lambda: root.mkdir(parents=True),
        'gitdir': lambda: (kept / 'gitdir').write_text(f'{root}/.git\n'),
        'link': lambda: (root / '.git').write_text(f'gitdir: {kept}\n'),
        'head': lambda: (kept / 'HEAD').write_text(f'{"0" * 40}\n'),
        'file': lambda: (root / 'model.py').write_text('score'),
        'index': lambda: (kept / 'index.lock').write_text(''),
    }
    for last in range(1, len(stages) + 1):
        kept.mkdir(parents=True)
        scene.git(lab.path, 'update-ref', 'refs/heads/exp/one', commit)
        for stage in list(stages.values())[:last]:
            stage()
        leave_dead(lab.path, 'one', 'new', made)

        assert scene.recover(lab.path) == ["took back the experiment 'one', whose start was killed"]
        assert_no_experiment(lab.path, 'one')


def test_a_recovery_that_is_killed_is_recovered(lab) -> None:
    before, dead = sorted(path for path in lab.path.rglob('*') if '.git' not in path.parts), 0
    for step in range(1, 60):
        folder = scene.begin(lab.path, 'one')
        leave_dead(lab.path, 'one', 'new', {
            'root': str(folder.parents[1]), 'folder': str(folder), 'commit': scene.git(lab.path, 'rev-parse', 'exp/one'),
        })
        code = recover_until(step, lab.path)
        scene.recover_until_quiet(lab.path)
        assert_no_experiment(lab.path, 'one')
        dead += code == -signal.SIGKILL
        if code == 0:
            break

    assert dead > 5
    (lab.path / '5_worktrees').rmdir()
    assert before == sorted(path for path in lab.path.rglob('*') if '.git' not in path.parts)


def test_supersede_has_happened_or_has_not(lab) -> None:
    for step in range(1, 400, EVERY):
        slug = f's{step}'
        folder = measured(lab.path, slug)
        code = run_until(step, ['supersede', '--bug', 'leak', '--yes'], folder)
        again = scene.recover(lab.path)
        if not (folder / 'results_v1_leak').exists():
            assert code == -signal.SIGKILL and again == []
            assert_current(lab.path, folder, slug)
            scene.supersede(lab.path, slug)
        assert_retired(lab.path, folder, slug)
        if code == 0:
            break

    assert step > 20
    scene.assert_sound(lab.path)


def test_the_recovery_of_a_supersede_is_finished_wherever_it_is_killed(lab) -> None:
    first = 1
    for step in range(1, 400, EVERY):
        folder = measured(lab.path, f's{step}')
        first = kill_when_armed(lab.path, folder, first)
        code = recover_until(step, lab.path)
        scene.recover(lab.path)
        assert_retired(lab.path, folder, f's{step}')
        if code == 0:
            break

    assert step > 10
    scene.assert_sound(lab.path)


def test_restore_has_happened_or_has_not(lab) -> None:
    for step in range(1, 400, EVERY):
        slug = f's{step}'
        folder = measured(lab.path, slug)
        scene.supersede(lab.path, slug)
        code = run_until(step, ['restore', '--yes'], folder)
        again = scene.recover(lab.path)
        if (folder / 'results_v1_leak').exists():
            assert code == -signal.SIGKILL and again == []
            assert_retired(lab.path, folder, slug)
            scene.restore(lab.path, slug)
        assert_restored(lab.path, folder, slug)
        if code == 0:
            break

    assert step > 20
    scene.assert_sound(lab.path)


def test_close_has_happened_or_has_not(lab) -> None:
    for step in range(1, 200):
        slug = f's{step}'
        folder = scene.begin(lab.path, slug)
        scene.fill(folder)
        code = run_until(step, ['close', slug], lab.path)
        again = scene.recover(lab.path)
        if folder.exists():
            assert code == -signal.SIGKILL and again in ([], [f"took back the closing of the experiment '{slug}', which was killed"])
            assert (folder / 'results/run1/model.bin').read_bytes() == scene.BIG and (folder / 'exp_log/run1.log').exists()
            assert lab.exp('close', slug) == 0
        assert_closed(lab.path, slug)
        if code == 0:
            break

    assert step > 15
    scene.assert_sound(lab.path)


def test_a_killed_supersede_is_finished_on_top_of_what_came_after(lab) -> None:
    """Somebody who does not use gitexp goes on before the next command does."""
    folder = measured(lab.path, 'one')
    kill_when_armed(lab.path, folder)
    scene.git(folder, 'commit', '-q', '--allow-empty', '-m', 'mine')

    assert scene.recover(lab.path) == ["finished 'git exp supersede' of 'one', which was killed"]
    assert scene.subjects(lab.path, 'exp/one')[:2] == ['exp(one): supersede v1 (leak)', 'mine']
    assert scene.rows(lab.path, 'one', Kind.SUPERSEDE)[0].commit == scene.git(lab.path, 'rev-parse', 'exp/one')
    assert_retired(lab.path, folder, 'one')


@pytest.mark.parametrize('verb', ['supersede', 'restore'])
@pytest.mark.parametrize('how', ['forgotten', 'deleted', 'replaced'])
def test_one_that_was_killed_is_finished_though_the_worktree_is_gone(lab, how: str, verb: str) -> None:
    """As of an experiment that is closed: the branch, the row and what PLAN.md says there."""
    folder = turned(lab.path, verb)
    root = folder.parents[1]
    scene.git(lab.path, 'worktree', 'remove', '--force', str(root)) if how == 'forgotten' else shutil.rmtree(root)
    if how == 'replaced':
        folder.mkdir(parents=True)

    assert scene.recover(lab.path) == [f"finished 'git exp {verb}' of 'one', which was killed"]
    assert scene.recover(lab.path) == [] and len(scene.rows(lab.path, 'one', Kind(verb))) == 1
    assert scene.subjects(lab.path, 'exp/one')[0] == f'exp(one): {verb} v1 (leak)'
    assert how == 'replaced' or not root.exists()
    assert scene.git(lab.path, 'status', '--porcelain') == '?? results.tsv'


@pytest.mark.parametrize('verb, check', [('supersede', 'retired'), ('restore', 'restored')])
@pytest.mark.parametrize('how', ['worktree', 'repository'])
def test_one_that_was_killed_is_finished_where_the_worktree_is_now(lab, tmp_path: Path, how: str, verb: str, check: str) -> None:
    folder = turned(lab.path, verb)
    top, root = lab.path, tmp_path / 'elsewhere'
    if how == 'worktree':
        scene.git(lab.path, 'worktree', 'move', '5_worktrees/one', str(root))
    else:
        top.rename(tmp_path / 'moved')
        top = tmp_path / 'moved'
        root = top / '5_worktrees/one'

    found = [f"found the worktree '{root}', which has moved with the repository"] if how == 'repository' else []
    assert scene.recover(top) == [*found, f"finished 'git exp {verb}' of 'one', which was killed"]
    {'retired': assert_retired, 'restored': assert_restored}[check](top, root / folder.relative_to(lab.path / '5_worktrees/one'), 'one')


def test_a_killed_supersede_waits_while_the_worktree_is_on_another_branch(lab) -> None:
    folder = turned(lab.path, 'supersede')
    scene.git(folder, 'switch', '-q', '-c', 'aside')

    assert scene.recover(lab.path) == [
        "could not put right 'git exp supersede' of 'one', which was killed: the worktree of 'one' is not on its branch",
    ]
    scene.git(folder, 'switch', '-q', 'exp/one')
    assert scene.recover(lab.path) == ["finished 'git exp supersede' of 'one', which was killed"]
    assert_retired(lab.path, folder, 'one')


def test_a_killed_close_is_finished_where_the_lab_has_moved(lab, tmp_path: Path) -> None:
    set_aside(lab.path)
    moved = lab.path.rename(tmp_path / 'moved')

    assert scene.recover(moved) == [
        f"found the worktree '{moved}/5_worktrees/.one.closing', which has moved with the repository",
        "closed the experiment 'one', whose closing was killed",
    ]
    assert_closed(moved, 'one')


@pytest.mark.parametrize('at', ['5_worktrees/one', '../elsewhere'])
def test_a_killed_close_in_a_copy_leaves_the_first_lab_alone(lab, tmp_path: Path, at: str) -> None:
    at = set_aside(lab.path, at)
    copy = Path(shutil.copytree(lab.path, tmp_path / 'copy', symlinks=True))
    (lab.path / at / 'model.py').write_text('a day of work')

    def everything() -> dict[Path, bytes]:
        return {path: path.read_bytes() for folder in (lab.path, lab.path / at) for path in sorted(folder.rglob('*')) if path.is_file()}
    before = everything()

    assert scene.recover(copy) == [
        f"closed the experiment 'one', whose closing was killed; '{os.path.normpath(copy / at)}' is no worktree of this lab, and stays",
    ]
    assert before == everything() and not (copy / 'experiments/one').exists() and scene.recover(copy) == []
    assert (copy / at / 'experiments/one/results/run1/model.bin').exists()


@pytest.mark.parametrize('moved', [False, True])
def test_a_close_that_was_killed_before_it_took_the_worktree_has_not_begun(lab, tmp_path: Path, moved: bool) -> None:
    """Whoever works on there has nothing to fear of the next command."""
    folder = armed(lab.path, 'close')
    (folder.parents[1] / 'notes.txt').write_text('a day of work')
    top = lab.path.rename(tmp_path / 'moved') if moved else lab.path

    assert scene.recover(top)[-1] == "took back the closing of the experiment 'one', which was killed"
    assert (top / '5_worktrees/one/notes.txt').read_text() == 'a day of work'
    assert (top / '5_worktrees/one/experiments/one/results/run1/model.bin').exists()


def test_a_killed_start_in_a_copy_or_a_lab_that_has_moved_leaves_the_others_alone(lab, tmp_path: Path) -> None:
    root = armed(lab.path, 'new').parents[1]
    copy = Path(shutil.copytree(lab.path, tmp_path / 'copy', symlinks=True))
    before = sorted(lab.path.rglob('*'))

    assert scene.recover(copy) == ["took back the experiment 'one', whose start was killed"]
    assert before == sorted(lab.path.rglob('*')) and (root / 'model.py').exists()
    assert scene.git(copy, 'for-each-ref', 'refs/heads/exp/one') == ''

    moved = lab.path.rename(tmp_path / 'moved')
    shutil.rmtree(copy)
    assert scene.recover(moved)[-1] == "took back the experiment 'one', whose start was killed"
    assert_no_experiment(moved, 'one')


def test_what_cannot_be_put_right_is_said_and_kept(lab) -> None:
    folder = scene.begin(lab.path, 'one')
    aside = folder.parents[2] / '.one.closing'
    removal.rename(lab.path / '.git', folder.parents[1], aside)
    plan = 'experiments/one/PLAN.md'
    leave_dead(lab.path, 'one', 'close', {'root': str(folder.parents[1]), 'moves': [[plan, '/proc/PLAN.md']]})

    said, = scene.recover(lab.path)

    assert said.startswith("could not put right 'git exp close' of 'one', which was killed: ")
    assert (aside / plan).exists() and os.listdir(lab.path / '.git/exp/journal') == ['one.json']


def test_a_claim_that_was_killed_before_anything_was_done_is_forgotten(lab) -> None:
    folder = lab.path / '.git/exp/journal'
    folder.mkdir(parents=True)
    claim = b'{"verb": "new", "pid": 1}\n'
    for name, text in {'a': b'', 'b': claim[:7], 'c': claim, 'd': claim + b'{"root": "/"'}.items():
        (folder / f'{name}.json').write_bytes(text)

    assert scene.recover(lab.path) == []
    assert os.listdir(folder) == []


def test_where_nothing_was_ever_killed_nothing_is_looked_for(lab) -> None:
    assert journal.recover(Lab.find(lab.path)) == []
    assert not (lab.path / '.git/exp/journal').exists()


def leave_dead(lab: Path, slug: str, verb: str, said: dict[str, object]) -> None:
    """What a killed command leaves: its claim, with nobody who holds it."""
    class Killed(Exception):
        pass

    try:
        with intent.claimed(lab / '.git/exp', slug, verb) as mine:
            mine.arm(said)
            raise Killed
    except Killed:
        pass


def measured(lab: Path, slug: str) -> Path:
    folder = scene.begin(lab, slug)
    scene.fill(folder)
    scene.measure(lab, slug, 2.0)
    return folder


def turned(lab: Path, verb: str) -> Path:
    """An experiment of which a supersede, or a restore, was killed when it had said what it will do."""
    folder = measured(lab, 'one')
    if verb == 'restore':
        scene.supersede(lab, 'one')
    kill_when_armed(lab, folder, words=[verb, *(['--bug', 'leak'] if verb == 'supersede' else []), '--yes'])
    return folder


def armed(lab: Path, verb: str, at: str = '5_worktrees/one') -> Path:
    """An experiment of which a close was killed when it had said what it will do, or a start when it had done it all but for the end."""
    folder = scene.begin(lab, 'one')
    said = {'root': '../5_worktrees/one', 'folder': '../5_worktrees/one/experiments/one', 'commit': scene.git(lab, 'rev-parse', 'exp/one')}
    if verb == 'new':
        leave_dead(lab, 'one', verb, said)
        return folder
    scene.fill(folder)
    if not (lab / at).exists():
        scene.git(lab, 'worktree', 'move', '5_worktrees/one', at)
    kill_when_armed(lab, lab, words=['close', 'one'])
    return folder


def set_aside(lab: Path, at: str = '5_worktrees/one') -> str:
    """The same, killed when it had taken the worktree; returns where that is then."""
    armed(lab, 'close', at)
    aside = os.path.join(os.path.dirname(at), f'.{os.path.basename(at)}.closing')
    removal.rename(lab / '.git', Path(os.path.normpath(lab / at)), Path(os.path.normpath(lab / aside)))
    return aside


def kill_when_armed(lab: Path, folder: Path, first: int = 1, words: Sequence[str] = ('supersede', '--bug', 'leak', '--yes')) -> int:
    """Kill a command as soon as it has said what it will do, and done nothing of it; returns at which step."""
    for step in range(first, 200):
        assert run_until(step, [*words], folder) == -signal.SIGKILL
        if any(path.read_bytes().count(b'\n') == 2 for path in (lab / '.git/exp/journal').glob('*')):
            return step
        assert scene.recover(lab) == []
    raise AssertionError('it is never armed')


def recover_until(step: int, lab: Path) -> int:
    """Recover in a child that is killed before its step."""
    import killing
    code = killing._CHILD.replace('sys.exit(cli.run(sys.argv[2:]))', '''
from pathlib import Path
from gitexp.experiment import journal
from gitexp.lab.lab import Lab
journal.recover(Lab.find(Path.cwd()))''')
    return subprocess.run([sys.executable, '-c', code, str(step)], cwd=lab, capture_output=True).returncode


def kill_after(seconds: float, words: list[str], cwd: Path, *, whole: bool) -> None:
    program = 'import sys; from gitexp import cli; sys.exit(cli.run(sys.argv[1:]))'
    child = subprocess.Popen(
        [sys.executable, '-c', program, *words], cwd=cwd, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    (os.killpg if whole else os.kill)(child.pid, signal.SIGKILL)
    child.wait()


def assert_experiment(lab: Path, slug: str) -> None:
    root = lab / '5_worktrees' / slug
    assert scene.git(root, 'rev-parse', '--abbrev-ref', 'HEAD') == f'exp/{slug}'
    assert scene.git(root, 'status', '--porcelain', '--ignored') == ''
    assert (root / f'experiments/{slug}/results/viz').is_dir() and (root / f'experiments/{slug}/exp_log').is_dir()


def assert_no_experiment(lab: Path, slug: str) -> None:
    assert scene.git(lab, 'for-each-ref', f'refs/heads/exp/{slug}') == ''
    assert not (lab / '5_worktrees' / slug).exists()
    assert list((lab / '.git/worktrees').glob(slug)) == []
    assert f'/{slug}\n' not in scene.git(lab, 'worktree', 'list', '--porcelain')


def assert_current(lab: Path, folder: Path, slug: str) -> None:
    assert scene.subjects(lab, f'exp/{slug}')[0] == 'plot'
    assert scene.rows(lab, slug, Kind.SUPERSEDE) == []
    assert (folder / 'results/run1/model.bin').exists()
    assert scene.git(folder, 'status', '--porcelain') == ''


def assert_retired(lab: Path, folder: Path, slug: str) -> None:
    assert scene.subjects(lab, f'exp/{slug}').count(f'exp({slug}): supersede v1 (leak)') == 1
    assert len(scene.rows(lab, slug, Kind.SUPERSEDE)) == 1 == lines(lab, slug)
    assert (folder / 'results_v1_leak/run1/model.bin').read_bytes() == scene.BIG and (folder / 'exp_log_v1_leak/run1.log').exists()
    assert sorted(folder.glob('results/**/*')) == [folder / 'results/viz'] and list(folder.glob('exp_log/*')) == []
    assert (folder / 'PLAN.md').read_text().count('v1 root cause: leak') == 1
    assert scene.git(folder, 'status', '--porcelain') == ''


def lines(lab: Path, slug: str) -> int:
    """The ledger's own, since a reader counts a row that stands there twice once."""
    return (lab / 'results.tsv').read_text().count(f'\t{slug}\tv1_leak\t')


def assert_restored(lab: Path, folder: Path, slug: str) -> None:
    assert scene.subjects(lab, f'exp/{slug}').count(f'exp({slug}): restore v1 (leak)') == 1
    assert len(scene.rows(lab, slug, Kind.RESTORE)) == 1 == lines(lab, slug) - 1
    assert (folder / 'results/run1/model.bin').read_bytes() == scene.BIG and (folder / 'exp_log/run1.log').exists()
    assert not (folder / 'results_v1_leak').exists() and not (folder / 'exp_log_v1_leak').exists()
    assert (folder / 'PLAN.md').read_text().count('was restored on') == 1
    assert scene.git(folder, 'status', '--porcelain') == ''


def assert_closed(lab: Path, slug: str) -> None:
    assert not (lab / '5_worktrees' / slug).exists() and not (lab / '.git/worktrees' / slug).exists()
    assert scene.subjects(lab, f'exp/{slug}')[0] == 'plot'
    assert (lab / 'experiments' / slug / 'results/run1/model.bin').read_bytes() == scene.BIG
    assert (lab / 'experiments' / slug / 'exp_log/run1.log').exists()


def test_what_can_neither_be_done_nor_taken_back_is_done_by_the_next_command(lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that fills up: the branch has moved, the folders cannot follow, and git cannot move the branch back."""
    folder = scene.begin(lab.path, 'one')
    scene.measure(lab.path, 'one', 1.0)
    lock = lab.path / '.git/refs/heads/exp/one.lock'

    def full(_turns: object) -> None:
        lock.touch()
        raise OSError(errno.ENOSPC, 'No space left on device')
    with monkeypatch.context() as patch:
        patch.setattr(steps, '_rename', full)
        with pytest.raises(Refused, match="cannot take back the supersede on 'refs/heads/exp/one'"):
            scene.supersede(lab.path, 'one')
    assert scene.rows(lab.path, 'one', Kind.SUPERSEDE) == []
    lock.unlink()

    assert scene.recover(lab.path) == ["finished 'git exp supersede' of 'one', which was killed"]
    assert len(scene.rows(lab.path, 'one', Kind.SUPERSEDE)) == 1 and (folder / 'results').is_dir()
    scene.assert_sound(lab.path)
