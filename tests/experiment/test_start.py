"""Starting an experiment as a user does."""
from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import scene
from gitexp.git import worktrees
from gitexp.git.command import Git

CONFIG = 'metric: {name: score, direction: min}\neval: python3 eval.py {seed}\n'


def test_an_experiment_is_a_branch_a_worktree_and_a_folder(lab) -> None:
    said = lab.ok('new', 'higher-order', '--idea', 'A longer context predicts better.')

    root = lab.path / '5_worktrees' / 'higher-order'
    folder = root / 'experiments' / 'higher-order'
    assert said == f'{root}\n'
    assert lab.talk == f"hint: cd '{root}'\nhint: its commits begin with the name: git commit -m 'exp(higher-order): WHAT CHANGED'\n"
    assert lab.git('-C', str(root), 'branch', '--show-current').stdout == 'exp/higher-order\n'
    assert lab.git('log', '-1', '--format=%an %s', 'exp/higher-order').stdout == 'Ada exp(higher-order): plan\n'
    assert lab.git('diff', '--name-only', 'main', 'exp/higher-order').stdout == 'experiments/higher-order/PLAN.md\n'
    assert lab.git('-C', str(root), 'status', '--porcelain', '--ignored').stdout == ''
    assert lab.git('status', '--porcelain').stdout == ''
    assert (folder / 'results' / 'viz').is_dir() and (folder / 'exp_log').is_dir()
    assert (root / 'model.py').read_text() == 'score = 3.0\n'


def test_the_plan_starts_with_its_status_and_has_numbered_sections(lab) -> None:
    lab.ok('new', 'higher-order', '--idea', 'A {date} longer context.')

    lines = (lab.path / '5_worktrees/higher-order/experiments/higher-order/PLAN.md').read_text().split('\n')
    numbers = [line.split('.')[0] for line in lines if line.startswith('## ')]
    assert lines[0] == '# higher-order'
    assert lines[2].startswith('**Status, v1, 20') and lines[2].endswith('→ see §8')
    assert numbers == [f'## {number}' for number in range(1, 9)]
    assert 'A {date} longer context.' in lines


def test_json_tells_all_that_a_program_needs(lab) -> None:
    said = json.loads(lab.ok('new', 'higher-order', '--json'))

    assert said == {
        'experiment': 'higher-order', 'branch': 'exp/higher-order',
        'worktree': str(lab.path / '5_worktrees/higher-order'),
        'folder': str(lab.path / '5_worktrees/higher-order/experiments/higher-order'),
        'base': lab.git('rev-parse', 'main').stdout.strip(), 'commit': lab.git('rev-parse', 'exp/higher-order').stdout.strip(),
    }


def test_it_can_start_from_a_commit_or_from_another_experiment(lab) -> None:
    first = lab.git('rev-parse', 'HEAD').stdout.strip()
    lab.write('model.py', 'score = 2.0\n')
    lab.commit('better')
    lab.ok('new', 'old-ground', '--base', 'HEAD~1')
    lab.at('5_worktrees/old-ground').write('model.py', 'score = 1.0\n')
    lab.at('5_worktrees/old-ground').commit('idea')

    lab.ok('new', 'on-top', '--base', 'old-ground')

    assert lab.git('rev-parse', 'exp/old-ground~2').stdout.strip() == first
    assert lab.git('rev-parse', 'exp/on-top~1').stdout == lab.git('rev-parse', 'exp/old-ground').stdout
    assert (lab.path / '5_worktrees/on-top/model.py').read_text() == 'score = 1.0\n'


def test_it_works_from_the_worktree_of_another_experiment(lab) -> None:
    lab.ok('new', 'one')

    said = lab.at('5_worktrees/one/experiments').ok('new', 'two')

    assert said == f"{lab.path / '5_worktrees' / 'two'}\n"


@pytest.mark.parametrize('base', ['nowhere', 'HEAD:model.py', 'a\nb', '', '-x'])
def test_what_is_no_commit_is_no_base(lab, base: str) -> None:
    assert lab.exp('new', 'one', f'--base={base}') == 3
    assert f"'{base}' is neither an experiment nor a commit" in lab.talk
    assert_nothing(lab, 'one')


def test_a_base_of_nearly_that_name_is_asked_for(lab) -> None:
    lab.ok('new', 'warmup')
    assert lab.exp('new', 'next', '--base', 'warm-up') == 3 and lab.talk.endswith("hint: did you mean 'warmup'?\n")


@pytest.mark.parametrize('base', ['lrs', 'exp/lrs'])
def test_a_base_that_only_a_remote_has_is_named_with_the_remote(lab, base: str) -> None:
    lab.git('remote', 'add', 'origin', '../origin.git')
    lab.git('update-ref', 'refs/remotes/origin/exp/lrs', 'HEAD')

    assert lab.exp('new', 'lrs2', '--base', base) == 3
    assert lab.talk == f"git exp: '{base}' is neither an experiment nor a commit\nhint: git exp new lrs2 --base origin/exp/lrs\n"
    lab.ok('new', 'lrs2', '--base', 'origin/exp/lrs')


def test_a_bad_slug_is_explained(lab) -> None:
    assert lab.exp('new', 'Higher Order') == 2
    assert lab.talk == (
        "git exp: 'Higher Order' is not a slug: lower-case letters, digits and single hyphens\n"
        "hint: try 'higher-order'\n"
    )


def test_each_thing_in_the_way_is_named(lab) -> None:
    lab.ok('new', 'one')
    lab.git('branch', 'exp/two')
    lab.write('5_worktrees/three/mine', 'x')
    lab.write('experiments/four/exp_log/old.log', 'x')
    lab.ok('new', 'five')
    lab.git('-C', '5_worktrees/five', 'commit', '-q', '--allow-empty', '-m', 'x')
    lab.git('branch', '-m', 'exp/five', 'elsewhere')
    before = lab.git('for-each-ref').stdout, lab.git('worktree', 'list').stdout

    told = {}
    for slug in ('one', 'two', 'three', 'four', 'five'):
        assert lab.exp('new', slug) == 3
        told[slug] = lab.talk

    assert "'one' is taken: it is an experiment already" in told['one']
    assert "'two' is taken: the branch exp/two exists" in told['two']
    assert "'three' is taken: the folder" in told['three']
    assert "'four' is taken: the folder" in told['four'] and 'experiments/four' in told['four']
    assert "'five' is taken: the folder" in told['five']
    assert before == (lab.git('for-each-ref').stdout, lab.git('worktree', 'list').stdout)
    assert (lab.path / '5_worktrees/three/mine').read_text() == 'x'


def test_a_folder_that_the_base_has_already_is_in_the_way(lab) -> None:
    lab.write('experiments/merged/PLAN.md', '# merged\n')
    lab.commit('merged')
    lab.git('switch', '-q', '-c', 'aside')
    lab.git('rm', '-rq', 'experiments')
    lab.git('commit', '-qm', 'gone')

    assert lab.exp('new', 'merged') == 3
    assert "'merged' is taken: main has the folder 'experiments/merged'" in lab.talk
    lab.ok('new', 'merged', '--base', 'aside')


def test_worktrees_that_git_would_take_for_files_are_refused_with_the_line_to_add(lab) -> None:
    lab.write('.gitignore', '__pycache__/\n')

    assert lab.exp('new', 'one') == 3
    assert f"hint: echo '/5_worktrees/' >> '{lab.path}/.gitignore'" in lab.talk
    assert_nothing(lab, 'one')
    subprocess.run(lab.talk.split('hint: ')[1], shell=True, check=True)
    lab.ok('new', 'one')


def test_a_branch_called_exp_is_in_the_way_of_all(lab) -> None:
    lab.git('branch', 'exp')

    assert lab.exp('new', 'one') == 3
    assert 'hint: git branch -m exp another-name' in lab.talk


def test_without_an_identity_nothing_is_made(lab) -> None:
    lab.git('config', '--global', '--unset-all', 'user.name')
    lab.git('config', '--global', '--unset-all', 'user.email')
    lab.git('config', 'user.useConfigOnly', 'true')

    assert lab.exp('new', 'one') == 3
    assert 'git does not know who commits' in lab.talk
    assert_nothing(lab, 'one')


def test_a_checkout_that_fails_is_taken_back(lab) -> None:
    lab.write('.gitattributes', 'model.py filter=broken\n')
    lab.commit('attributes')
    lab.git('config', 'filter.broken.smudge', 'false')
    lab.git('config', 'filter.broken.required', 'true')

    assert lab.exp('new', 'one') == 3
    assert_nothing(lab, 'one')
    lab.git('config', 'filter.broken.smudge', 'cat')
    lab.ok('new', 'one')


def test_a_hook_that_refuses_the_branch_leaves_nothing(lab) -> None:
    hook = lab.write('.git/hooks/reference-transaction', '#!/bin/sh\ngrep -q refs/heads/exp/ && [ "$1" = prepared ] && exit 1\nexit 0\n')
    hook.chmod(0o755)

    assert lab.exp('new', 'one') == 3
    assert_nothing(lab, 'one')


def test_the_hook_of_a_user_runs_after_the_checkout(lab) -> None:
    hook = lab.write('.git/hooks/post-checkout', '#!/bin/sh\necho "$@" > hooked\nexit 3\n')
    hook.chmod(0o755)

    lab.ok('new', 'one')

    commit = lab.git('rev-parse', 'exp/one').stdout.strip()
    assert (lab.path / '5_worktrees/one/hooked').read_text() == f'{"0" * 40} {commit} 1\n'
    assert 'the hook post-checkout failed' in lab.talk


def test_a_root_on_another_branch_or_on_none_is_no_hindrance(lab) -> None:
    lab.git('checkout', '-q', '--detach')
    lab.ok('new', 'one')
    lab.git('switch', '-q', '-c', 'feature')
    lab.ok('new', 'two')

    assert (lab.path / '5_worktrees/one/model.py').exists() and (lab.path / '5_worktrees/two/model.py').exists()


def test_a_bare_repository_serves_where_a_worktree_has_the_trunk(lab, tmp_path: Path) -> None:
    bare = lab.at(tmp_path / 'bare.git')
    lab.git('clone', '-q', '--bare', str(lab.path), str(bare.path))
    assert bare.exp('new', 'one') == 3
    bare.git('worktree', 'add', '-q', str(tmp_path / 'root'), 'main')

    said = bare.at(tmp_path / 'root').ok('new', 'one')

    assert said == f"{tmp_path / 'root' / '5_worktrees' / 'one'}\n"


def test_a_shallow_clone_will_do(lab, tmp_path: Path) -> None:
    lab.commit('second') if lab.write('x', 'y') else None
    shallow = lab.at(tmp_path / 'shallow')
    lab.git('clone', '-q', '--depth=1', f'file://{lab.path}', str(shallow.path))

    shallow.ok('new', 'one')

    assert len(scene.subjects(shallow.path, 'exp/one')) == 2


@pytest.mark.parametrize('name', ['a b', 'ü ✓', 'new\nline', "it's", '"quoted"', 'back\\slash', '-dash'])
def test_the_path_of_a_repository_may_be_odd(make_lab: Callable[..., object], name: str) -> None:
    lab = make_lab(name)

    lab.ok('new', 'one')
    scene.fill(lab.path / '5_worktrees/one/experiments/one')
    lab.at('5_worktrees/one').ok('supersede', '--bug', 'leak', '--yes')
    lab.at('5_worktrees/one').ok('close')

    assert scene.subjects(lab.path, 'exp/one')[0] == 'exp(one): supersede v1 (leak)'
    assert (lab.path / 'experiments/one/results_v1_leak/run1/model.bin').exists()


def test_folders_may_have_odd_names_in_the_configuration(make_lab: Callable[..., object]) -> None:
    config = CONFIG + 'paths: {worktrees: "w t", experiments: "my \\"exps\\"/ü"}\n'
    lab = make_lab(config=config, **{'.gitignore': '/w t/\n'})

    lab.ok('new', 'one')

    folder = lab.path / 'w t/one/my "exps"/ü/one'
    assert (folder / 'PLAN.md').is_file()
    (folder / 'results/viz/a plot.png').write_bytes(b'x')
    lab.at(folder).commit('plot')
    lab.at(folder).ok('supersede', '--bug', 'leak', '--yes')
    assert lab.git('-C', 'w t/one', 'status', '--porcelain').stdout == ''
    assert (folder / 'results_v1_leak/viz/a plot.png').is_file()


def test_a_repository_with_sha256_will_do(tmp_path: Path) -> None:
    path = tmp_path / 'sha'
    path.mkdir()
    scene.git(path, 'init', '-q', '--object-format=sha256')
    (path / 'gitexp.yaml').write_text(CONFIG)
    (path / '.gitignore').write_text('/5_worktrees/\n/experiments/*/results*/*\n!/experiments/*/results*/viz/\n/experiments/*/exp_log*/\n')
    scene.git(path, 'add', '.')
    scene.git(path, 'commit', '-qm', 'lab')

    folder = scene.begin(path, 'one')

    assert (folder / 'PLAN.md').is_file() and scene.git(folder, 'status', '--porcelain') == ''
    scene.fill(folder)
    scene.supersede(path, 'one')
    scene.restore(path, 'one')
    assert (folder / 'results/run1/model.bin').is_file() and scene.git(folder, 'status', '--porcelain') == ''


def test_a_worktree_that_another_git_is_making_is_waited_for(lab) -> None:
    kept = lab.path / '.git/worktrees/theirs'
    kept.mkdir(parents=True)
    for name, text in {'gitdir': f'{lab.path}/theirs/.git\n', 'HEAD': 'ref: refs/heads/theirs\n', 'commondir': ''}.items():
        (kept / name).write_text(text)
    assert 'commondir' in lab.git('worktree', 'list', check=False).stderr
    finish = threading.Timer(0.3, lambda: (kept / 'commondir').write_text('../..\n'))
    finish.start()

    lab.ok('new', 'one')

    finish.join()


def test_commits_are_signed_where_git_signs(lab, tmp_path: Path) -> None:
    signer = lab.write('../gpg', '#!/bin/sh\ncat > /dev/null\necho "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----"\n'
                       'echo "[GNUPG:] SIG_CREATED D 1 8 00 0 0" >&2\n')
    signer.chmod(0o755)
    lab.git('config', 'gpg.program', str(signer.resolve()))
    lab.git('config', 'commit.gpgSign', 'true')

    lab.ok('new', 'one')

    assert 'BEGIN PGP SIGNATURE' in lab.git('cat-file', 'commit', 'exp/one').stdout


def test_sixty_four_at_once_make_sixty_four(lab) -> None:
    def make(number: int) -> str:
        place = lab.at('.')
        return '' if place.exp('new', f'one-{number}') == 0 else place.talk

    with ThreadPoolExecutor(64) as crowd:
        assert list(crowd.map(make, range(64))) == [''] * 64

    assert lab.git('for-each-ref', '--format=x', 'refs/heads/exp/').stdout.count('x') == 64
    assert len(worktrees.listed(Git(lab.path))) == 65
    assert os.listdir(lab.path / '.git/exp/journal') == []
    scene.assert_sound(lab.path)


def test_of_two_that_want_one_name_one_gets_it(lab) -> None:
    with ThreadPoolExecutor(8) as crowd:
        codes = list(crowd.map(lambda _: lab.at('.').exp('new', 'one'), range(8)))

    assert sorted(codes) == [0] + [3] * 7
    assert scene.git(lab.path / '5_worktrees/one', 'status', '--porcelain', '--ignored') == ''
    scene.assert_sound(lab.path)


def assert_nothing(lab, slug: str) -> None:
    assert lab.git('for-each-ref', f'refs/heads/exp/{slug}').stdout == ''
    assert not (lab.path / '5_worktrees' / slug).exists()
    assert not (lab.path / '.git/worktrees' / slug).exists()
    scene.assert_sound(lab.path)


def test_an_experiment_of_somebody_else_keeps_its_name(lab) -> None:
    bare, other = lab.path.parent / 'shared.git', lab.path.parent / 'other'
    lab.git('clone', '-q', '--bare', '.', str(bare))
    lab.ok('new', 'fast')
    lab.git('push', '-q', str(bare), 'exp/fast')
    lab.git('clone', '-q', str(bare), str(other))
    theirs = lab.at(str(other))

    assert theirs.exp('new', 'fast') == 3
    assert "'fast' is taken: 'origin' has the branch exp/fast" in theirs.talk and 'to go on with it: git worktree add' in theirs.talk
    theirs.ok('new', 'faster')


def test_a_name_that_the_ledger_knows_is_taken(lab) -> None:
    tree = lab.at(lab.ok('new', 'seen').strip())
    tree.write('model.py', 'score = 2.5\n')
    tree.git('commit', '-qam', 'exp(seen): lower')
    tree.ok('eval', '--seed', '1')
    lab.git('worktree', 'remove', '--force', str(tree.path))
    lab.git('branch', '-D', 'exp/seen')

    assert lab.exp('new', 'seen') == 3
    assert 'the ledger has results of an experiment of that name' in lab.talk

    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text() + 'paths: {ledger: two.tsv, former: [results.tsv]}\n')
    lab.commit('another ledger')
    assert lab.exp('new', 'seen') == 3
    assert 'the ledger has results of an experiment of that name' in lab.talk
