from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from place import CONFIG, Place
from gitexp.checkout import checkout, fixed, inputs, twins
from gitexp.core.errors import Refused, Usage
from gitexp.lab.lab import Lab
from stories import change, experiment


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob('*') if (path.is_symlink() or path.is_file()) and path.relative_to(folder).parts[0] != '.git'
    }


@pytest.fixture
def commit(lab: Place) -> str:
    idea = experiment(lab, model_py='score = 2.0\n')
    (idea.path / 'link').symlink_to('eval.py')
    return change(idea, src__deep__a_py='a', odd_name_py='b')


@pytest.fixture
def found(lab: Place) -> Lab:
    return Lab.find(lab.path)


def test_a_lab_in_a_folder_whose_name_is_no_utf_8(lab: Place, commit: str, tmp_path: Path) -> None:
    lab.git('worktree', 'remove', '--force', '5_worktrees/idea')
    odd = lab.path.rename(tmp_path / 'caf\udce9')
    lab.path = odd  # For what is looked at when the test has ended.
    found = Lab.find(odd)
    folder = checkout.bring(found, commit)
    known = checkout.kept(found)
    assert known and known.path.exists() and (folder / 'model.py').read_text() == 'score = 2.0\n'
    before = (folder / '.git').stat()
    assert checkout.bring(found, f'{commit}^') == folder and (folder / '.git').stat() == before, 'it is kept'


def committed(lab: Place, commit: str) -> dict[str, bytes]:
    names = lab.git('ls-tree', '-r', '-z', '--name-only', commit).stdout.split('\0')[:-1]
    return {name: lab.git('show', f'{commit}:{name}').stdout.encode() for name in names}


def spoil_index(_: Path, known: Path) -> None:
    (known / 'index').write_bytes(b'DIRC')


def spoil_lock(folder: Path, known: Path) -> None:
    (known / 'index.lock').write_bytes(b'')
    (folder / 'model.py').write_text('half')


def spoil_files(folder: Path, _: Path) -> None:
    shutil.rmtree(folder / 'src')
    (folder / 'src').symlink_to('/')
    (folder / 'eval.py').unlink()
    (folder / 'eval.py').mkdir()
    (folder / 'new').mkdir(mode=0o500)
    (folder / '.gitignore').write_text('*\n')
    subprocess.run(['git', 'init', '-q', folder / 'inner'], check=True)


def spoil_git(folder: Path, _: Path) -> None:
    (folder / '.git').unlink()


def spoil_metadata(_: Path, known: Path) -> None:
    shutil.rmtree(known)


def spoil_half(_: Path, known: Path) -> None:
    (known / 'commondir').unlink()


def spoil_folder(folder: Path, _: Path) -> None:
    shutil.rmtree(folder)


def hide(folder: Path, flag: str) -> None:
    (folder / 'model.py').write_text('score = 0.0\n')
    subprocess.run(['git', 'update-index', flag, 'model.py'], cwd=folder, check=True)


def spoil_skip_worktree(folder: Path, _: Path) -> None:
    hide(folder, '--skip-worktree')


def spoil_assume_unchanged(folder: Path, _: Path) -> None:
    hide(folder, '--assume-unchanged')


def spoil_fsmonitor(folder: Path, _: Path) -> None:
    hide(folder, '--fsmonitor-valid')


def spoil_sparse_view(folder: Path, known: Path) -> None:
    (known / 'info').mkdir(exist_ok=True)
    (known / 'info' / 'sparse-checkout').write_text('/README.md\n')
    (folder / 'model.py').unlink()


def spoil_ignored(folder: Path, known: Path) -> None:
    (known.parent.parent / 'info').mkdir(exist_ok=True)
    (known.parent.parent / 'info' / 'exclude').write_text('*.pyc\nsitecustomize.py\n')
    for name in ('__pycache__/eval.cpython-311.pyc', 'src/__pycache__/x.pyc', 'sitecustomize.py', 'hidden.pth', 'conftest.py'):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text('evil')


def spoil_times(folder: Path, _: Path) -> None:
    info = (folder / 'model.py').stat()
    (folder / 'model.py').write_text('score = 9.0\n'[:info.st_size])
    os.utime(folder / 'model.py', ns=(info.st_atime_ns, info.st_mtime_ns))


def spoil_parent(folder: Path, _: Path) -> None:
    (folder / 'src' / 'deep').rename(folder / 'aside')
    (folder / 'src' / 'deep').symlink_to('../aside')


def spoil_in_another_case(folder: Path, known: Path) -> None:
    subprocess.run(['git', 'config', '--file', known.parent.parent / 'config', 'core.ignoreCase', 'true'], check=True)
    (folder / 'EVAL.py').write_text('evil')


def spoil_inside(folder: Path, _: Path) -> None:
    (folder / 'src' / '.git').mkdir()
    (folder / 'src' / '.git' / 'kept.json').write_text('of another run')
    (folder / 'src' / 'deep' / '.git').write_text('gitdir: /nowhere')


@pytest.mark.parametrize('spoil', [
    spoil_index, spoil_lock, spoil_files, spoil_git, spoil_metadata, spoil_half, spoil_folder, spoil_skip_worktree, spoil_assume_unchanged,
    spoil_fsmonitor, spoil_sparse_view, spoil_ignored, spoil_times, spoil_parent,
    spoil_in_another_case, spoil_inside,
])
def test_whatever_was_left_it_becomes_the_commit_and_nothing_else(lab: Place, found: Lab, commit: str, spoil: object) -> None:
    folder = checkout.bring(found, found.trunk_commit)
    assert callable(spoil)
    spoil(checkout.bring(found, commit), lab.path / '.git' / 'worktrees' / checkout.NAME)

    assert checkout.bring(found, commit) == folder
    assert contents(folder) == committed(lab, commit)
    assert lab.at(folder).git('status', '--porcelain', '--ignored').stdout == ''
    assert lab.at(folder).git('rev-parse', 'HEAD').stdout.strip() == commit
    assert lab.git('worktree', 'list').stdout.count(checkout.NAME) == 1


@pytest.mark.parametrize(('metadata', 'worktree', 'branch'), [
    ('.git', '.', 'main'), ('.git/worktrees/idea', '5_worktrees/idea', 'exp/idea'),
])
def test_another_worktree_is_never_touched(lab: Place, found: Lab, commit: str, metadata: str, worktree: str, branch: str) -> None:
    folder, other = checkout.bring(found, commit), lab.at(worktree)
    (folder / '.git').write_text(f'gitdir: {lab.path / metadata}\n')
    other.write('precious', 'mine')
    other.write('model.py', 'unsaved')

    checkout.bring(found, found.trunk_commit)
    assert contents(folder) == committed(lab, 'main')
    assert (other.path / 'precious').read_text() == 'mine' and (other.path / 'model.py').read_text() == 'unsaved'
    assert other.git('symbolic-ref', 'HEAD').stdout == f'refs/heads/{branch}\n'


def test_two_names_that_the_file_system_takes_for_one_are_refused(
    lab: Place, found: Lab, commit: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = change(lab.at('5_worktrees/idea'), src__Data_py='a', src__data_py='b', data_py='c')
    assert {path.name for path in (checkout.bring(found, both) / 'src').glob('*.py')} == {'Data.py', 'data.py'}

    monkeypatch.setattr(twins, '_ignores_case', lambda folder: True)
    with pytest.raises(Refused, match="takes 'src/Data.py' and 'src/data.py' for one file, and the commit has both"):
        checkout.bring(found, both)
    assert contents(checkout.bring(found, commit)) == committed(lab, commit)


def test_a_moved_lab_gets_a_new_checkout(lab: Place, found: Lab, commit: str) -> None:
    checkout.bring(found, commit)
    moved = lab.path.with_name('elsewhere')
    shutil.copytree(lab.path, moved, symlinks=True)
    again = Lab.find(moved)

    folder = checkout.bring(again, commit)
    assert moved in folder.parents and contents(folder) == committed(lab, commit)
    (lab.path / '.git' / 'exp' / checkout.NAME / 'here').write_text('of the first')
    checkout.bring(again, commit)
    assert (lab.path / '.git' / 'exp' / checkout.NAME / 'here').exists()


def test_settings_and_hooks_of_the_user_have_no_say(lab: Place, found: Lab, commit: str) -> None:
    for key, value in {'core.autocrlf': 'true', 'core.symlinks': 'false', 'core.sparseCheckout': 'true'}.items():
        lab.git('config', key, value)
    lab.write('.git/info/sparse-checkout', '/README.md\n')
    hook = lab.write('.git/hooks/post-checkout', '#!/bin/sh\necho touched > model.py\n')
    hook.chmod(0o755)

    assert contents(checkout.bring(found, commit)) == committed(lab, commit)


def test_git_is_not_told_where_else_to_write(lab: Place, found: Lab, commit: str, tmp_path: Path) -> None:
    folder, other = checkout.bring(found, commit), tmp_path / 'other'
    other.mkdir()
    (other / 'model.py').write_text('mine')
    lab.git('config', 'extensions.worktreeConfig', 'true')
    lab.at(folder).git('config', '--worktree', 'core.worktree', str(other))

    checkout.bring(found, found.trunk_commit)
    assert (other / 'model.py').read_text() == 'mine' and contents(folder) == committed(lab, 'main')


@pytest.mark.parametrize(('key', 'value'), [
    ('core.fsmonitor', 'touch "$WITNESS"; true'), ('core.trustctime', 'false'), ('core.checkStat', 'minimal'),
])
def test_git_looks_at_every_file_itself(
    lab: Place, found: Lab, commit: str, key: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('WITNESS', str(tmp_path / 'witness'))
    lab.git('config', key, value)
    folder = checkout.bring(found, commit)
    os.utime(folder / 'model.py', (1_000_000_000, 1_000_000_000))
    lab.at(folder).git('update-index', '--refresh')  # git looks again at what is as young as its index
    index = checkout.kept(found)
    assert index
    index.keep()
    (tmp_path / 'witness').unlink(missing_ok=True)
    while int(time.time()) == int((folder / 'model.py').stat().st_ctime):
        time.sleep(0.01)  # git counts in whole seconds
    spoil_times(folder, folder)

    assert contents(checkout.bring(found, commit)) == committed(lab, commit)
    assert not (tmp_path / 'witness').exists()


def test_a_file_that_was_only_touched_is_written_anew(found: Lab, commit: str) -> None:
    old = 1_000_000_000
    folder = checkout.bring(found, commit)
    os.utime(folder / 'model.py', (old, old))

    assert (checkout.bring(found, commit) / 'model.py').stat().st_mtime != old


def test_attributes_of_the_user_have_no_say(lab: Place, found: Lab, commit: str, tmp_path: Path) -> None:
    (tmp_path / 'attributes').write_text('*.py filter=evil text eol=crlf\n')
    lab.git('config', 'core.attributesFile', str(tmp_path / 'attributes'))
    lab.git('config', 'filter.evil.smudge', 'sed s/2/0/')

    assert contents(checkout.bring(found, commit)) == committed(lab, commit)


@pytest.mark.parametrize('split', ['false', 'true'])
def test_nothing_stays_in_the_folder_of_a_submodule(lab: Place, found: Lab, split: str) -> None:
    lab.git('config', 'core.splitIndex', split)
    idea = experiment(lab)
    idea.git('update-index', '--add', '--cacheinfo', f'160000,{found.trunk_commit},lib/inner')
    idea.git('commit', '-q', '-m', 'exp(idea): library')
    commit = idea.git('rev-parse', 'HEAD').stdout.strip()
    inner = checkout.bring(found, commit) / 'lib' / 'inner'
    for name in ('evil.py', '.git/config'):
        (inner / name).parent.mkdir(exist_ok=True)
        (inner / name).write_text('evil')

    checkout.bring(found, commit)
    assert list(inner.iterdir()) == []
    (lab.path / 'inner').mkdir()
    (lab.path / 'inner' / 'mine').write_text('mine')
    shutil.rmtree(inner.parent)
    inner.parent.symlink_to(lab.path)
    checkout.bring(found, commit)
    assert list(inner.iterdir()) == [] and not inner.parent.is_symlink() and (lab.path / 'inner' / 'mine').exists()


def test_a_file_that_cannot_be_removed_is_named(lab: Place, found: Lab, commit: str) -> None:
    stuck = checkout.bring(found, commit) / 'stuck'
    stuck.write_text('')
    if not shutil.which('chattr') or subprocess.run(['chattr', '+i', stuck], capture_output=True).returncode:
        pytest.skip('nobody can make a file immutable here')
    try:
        with pytest.raises(Refused, match=r"cannot remove '.*stuck', which a run has left: Operation not permitted"):
            checkout.bring(found, commit)
    finally:
        subprocess.run(['chattr', '-i', stuck], check=True)
    assert contents(checkout.bring(found, commit)) == committed(lab, commit)


@pytest.mark.parametrize(('attributes', 'text'), [
    ('eval.py text eol=crlf', 'a\n'), ('eval.py ident', '# $Id$\n'),
    ('eval.py working-tree-encoding=UTF-16LE-BOM', 'a\n'.encode('utf-16')),
])
def test_a_fixed_file_that_git_writes_otherwise_is_never_evaluated(lab: Place, attributes: str, text: str | bytes) -> None:
    lab.write('eval.py', text)
    lab.write('.gitattributes', f'{attributes}\n')
    lab.commit('attributes')
    idea = experiment(lab)

    assert idea.exp('eval', '--seed', '1') == 5
    assert "'eval.py' has other content (git converts it: " in idea.talk and not (lab.path / 'results.tsv').exists()


def test_fixed_files_are_compared_by_content(tmp_path: Path) -> None:
    blob = hashlib.sha1(b'blob 3\0abc').hexdigest()
    for name in ('same', 'other', 'tool', 'folder', 'linked'):
        (tmp_path / name).write_bytes(b'abc')
    (tmp_path / 'other').write_bytes(b'abd')
    (tmp_path / 'tool').chmod(0o755)
    (tmp_path / 'folder').unlink()
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'linked').unlink()
    (tmp_path / 'linked').symlink_to('same')
    (tmp_path / 'link').symlink_to('abc')
    long = hashlib.sha256(b'blob 3\0abc').hexdigest()
    wanted = {name: ('100644', blob) for name in ('same', 'other', 'tool', 'folder', 'linked', 'missing')}

    said = {one.path: one.message for one in fixed.changed(tmp_path, wanted)}
    assert said == {
        'other': 'has other content', 'tool': 'has another mode', 'folder': 'is missing, or no file',
        'linked': 'has become a symbolic link', 'missing': 'is missing, or no file',
    }
    assert fixed.present(tmp_path, ['same', 'link', 'missing'], digits=40) == {'same': ('100644', blob), 'link': ('120000', blob)}
    assert not fixed.changed(tmp_path, {'same': ('100644', long), 'tool': ('100755', blob), 'link': ('120000', blob)})
    assert not fixed.changed(tmp_path, {'submodule': ('160000', blob)})
    assert fixed.changed(tmp_path, {'same': ('120000', blob)})[0].message == 'is no longer a symbolic link'


def test_inputs_are_linked_beside_what_the_commit_holds(lab: Place, found: Lab) -> None:
    idea = experiment(lab, data__README_md='committed')
    lab.write('data/train.bin', 'of root')
    lab.write('data/README.md', 'of root')
    lab.write('5_worktrees/other/data/x.bin', 'another experiment')
    idea.write('checkpoints/a/last.pt', 'of the experiment')
    folder = checkout.bring(found, idea.git('rev-parse', 'HEAD').stdout.strip())
    inputs.link(['data/', 'checkpoints/*/*.pt', '**/*.bin'], into=folder, root=lab.path, own=idea.path, leave_out='5_worktrees',
                settled=lambda name: True)

    assert (folder / 'data/train.bin').read_text() == 'of root' and (folder / 'data/train.bin').is_symlink()
    assert (folder / 'data/README.md').read_text() == 'committed'
    assert (folder / 'checkpoints/a/last.pt').read_text() == 'of the experiment'
    assert not (folder / '5_worktrees').exists()
    checkout.bring(found, found.trunk_commit)
    assert not (folder / 'data').exists() and (lab.path / 'data/train.bin').exists()


@pytest.mark.parametrize(('pattern', 'error'), [('nothing/*', Refused), ('gone.bin', Refused), ('../secret', Usage), ('/', Usage)])
def test_an_input_that_is_not_there_is_named(tmp_path: Path, pattern: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"the input '.*' is "):
        inputs.link([pattern], into=tmp_path / 'checkout', root=tmp_path, own=tmp_path, leave_out='5_worktrees',
                    settled=lambda name: True)


def test_an_input_is_not_linked_through_a_link_of_the_commit(tmp_path: Path) -> None:
    (tmp_path / 'place' / 'data').mkdir(parents=True)
    (tmp_path / 'place' / 'data' / 'x').write_text('x')
    (tmp_path / 'checkout').mkdir()
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'checkout' / 'data').symlink_to(tmp_path / 'outside')

    place = tmp_path / 'place'
    with pytest.raises(Refused, match="leads through 'data'"):
        inputs.link(['data/x'], into=tmp_path / 'checkout', root=place, own=place, leave_out='5_worktrees',
                    settled=lambda name: True)


def test_a_lab_says_that_it_misses_an_input(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG + 'inputs: [data.bin]\n')
    lab.commit('inputs')
    idea = experiment(lab)

    assert idea.exp('eval', '--seed', '1') == 3
    assert "the input 'data.bin' is missing" in idea.talk
    assert not (lab.path / 'results.tsv').exists()
