"""A lab is made in an empty folder: all of it, or nothing."""
from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import killing
from place import Place
from gitexp import cli
from gitexp.lab import config, parse, templates

OWN = ('--metric', 'val_bpb', '--direction', 'min', '--eval', 'python3 eval.py {seed}')
FILES = [
    '.gitattributes', '.gitignore', '0_docs/papers/README.md', '0_docs/problem.md', '1_ideas/_TEMPLATE.md', '9_reports/_TEMPLATE.md',
    'RESEARCH_JOURNAL.md', 'gitexp.yaml', 'meta_journal.md', 'program.md',
]


@pytest.fixture
def desk(tmp_path: Path) -> Place:
    """A folder with nothing in it and no repository around it."""
    place = Place(tmp_path / 'a désk')
    place.path.mkdir()
    return place


def assert_whole(lab: Place) -> None:
    assert lab.git('status', '--porcelain').stdout == ''
    assert lab.git('ls-files').stdout.split() == FILES
    assert lab.git('log', '--format=%an %ae: %s').stdout == 'Ada ada@example.org: Start a lab\n'
    assert lab.git('symbolic-ref', 'HEAD').stdout == 'refs/heads/main\n'
    assert lab.git('config', '--local', 'core.hooksPath').stdout == f'{lab.path}/.git/exp/hooks\n'
    assert not (lab.path / '.git/exp/unfinished').exists()


def test_a_lab_of_ones_own_has_its_documents_and_one_commit(desk: Place) -> None:
    space = 'the tokenizer and\nthe order of the data'
    said = desk.ok('init', 'far/my lab', *OWN, '--project', 'Bytes with {braces} \\1', '--hypothesis-space', space)
    lab = desk.at('far/my lab')

    assert said == f'{lab.path}\n'
    assert desk.talk == (
        f"hint: cd '{lab.path}'\nhint: write what 'python3 eval.py {{seed}}' needs, then: META_MODE=1 git commit\n"
        'hint: a run must take 5 to 40 minutes, unless gitexp.yaml says otherwise: '
        'baseline: {minutes: [0, 40]}; after that: git exp baseline\n'
    )
    assert_whole(lab)
    program = (lab.path / 'program.md').read_text()
    assert program.splitlines()[2:7] == [
        'Project: Bytes with {braces} \\1', 'Metric: val_bpb (lower is better)',
        'Hypothesis space: the tokenizer and the order of the data', '', 'Read 0_docs/problem.md for full context.',
    ]
    assert '{FILL_IN' not in program
    read = config.of(parse.parse((lab.path / 'gitexp.yaml').read_bytes()))
    assert read.rules['frozen'] == ('gitexp.yaml', 'program.md', 'meta_journal.md', 'eval.py')
    assert (read.trunk, read.guarded) == ('main', True)
    assert os.listdir(desk.path / 'far') == ['my lab']


def test_the_people_of_a_lab_are_named_when_it_is_made(desk: Place) -> None:
    desk.ok('init', 'lab', *OWN, '--human', 'Ada <ada@example.org>', '--human', 'grace@example.org')
    read = config.of(parse.parse((desk.path / 'lab/gitexp.yaml').read_bytes()))

    assert read.humans == ('Ada <ada@example.org>', 'grace@example.org')
    assert (read.rules['human'], read.rules['sections']) == (('human_journal.md',), ('experiments/*/PLAN.md',))
    desk.ok('init', 'other', *OWN)
    read = config.of(parse.parse((desk.path / 'other/gitexp.yaml').read_bytes()))
    assert (read.humans, read.rules['human']) == ((), ())


def test_the_trunk_of_a_new_lab_is_guarded(desk: Place) -> None:
    desk.ok('init', 'lab', *OWN)
    lab = desk.at('lab')
    lab.write('eval.py', 'print("val_bpb: 2")\n')
    lab.git('add', '-A')

    assert lab.git('commit', '-m', 'evaluation', check=False).returncode == 1
    lab.git('commit', '-m', 'evaluation', META_MODE='1')


def test_rows_are_committed_on_the_trunk_or_on_a_branch_of_their_own(desk: Place) -> None:
    desk.ok('init', 'lab', *OWN)
    lab = desk.at('lab')
    lab.git('switch', '-qc', 'rows')
    lab.write('results.tsv', 'id\texperiment\tstatus\tkind\tval_bpb\n1\tidea\tok\teval\t2.0\n')
    lab.commit('rows')
    lab.ok('check', 'rules', '--ci', 'main..rows')

    lab.git('switch', '-qc', 'exp/idea', 'main')
    lab.git('checkout', 'rows', '--', 'results.tsv')
    done = lab.git('commit', '-qm', 'exp(idea): rows', check=False)
    assert done.returncode == 1 and 'rule: rows' in done.stderr


def test_what_a_run_leaves_is_ignored(desk: Place) -> None:
    desk.ok('init', 'lab', *OWN)
    kept = 'experiments/a/results/viz/curve.png'
    litter = [
        '5_worktrees/a/x', 'experiments/a/exp_log/1.log', 'experiments/a/exp_log_v1_bug/1.log', 'experiments/a/results/1/out.bin',
        'wandb/x', 'outputs/x', 'logs/x', 'deep/model.ckpt', 'deep/__pycache__/x.pyc',
    ]

    assert desk.at('lab').git('check-ignore', *litter, kept).stdout.split() == litter


@pytest.mark.parametrize('name', templates.labs())
def test_a_ready_made_lab_starts(desk: Place, name: str) -> None:
    said = desk.ok('init', '--lab', name, 'lab')
    lab = desk.at('lab')

    assert said == f'{lab.path}\n'
    assert lab.git('status', '--porcelain').stdout == ''
    assert lab.git('log', '--format=%s').stdout == f'Start from the lab {name}\n'
    assert [line for line in lab.ok('doctor').splitlines() if line.startswith('bad')] == []
    assert not list(lab.path.rglob('__pycache__'))


def test_a_killed_init_leaves_a_lab_or_nothing_and_the_next_one_completes_it(desk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.path)
    for step in range(1, 200, 2):
        code = killing.run_until(step, ['init', 'lab', *OWN], desk.path)
        assert 'lab' not in os.listdir(desk.path) or desk.at('lab').git('status', '--porcelain').stdout == ''
        if code == 0:
            break
        assert cli.run(['init', 'lab', *OWN]) == 0
        assert_whole(desk.at('lab'))
        assert os.listdir(desk.path) == ['lab']
        shutil.rmtree('lab')
    assert step > 15


def test_a_killed_init_in_the_current_folder_is_completed(desk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(2, 200, 3):
        here = desk.at(str(step))
        here.path.mkdir()
        monkeypatch.chdir(here.path)
        inode = os.stat('.').st_ino
        code = killing.run_until(step, ['init', *OWN], here.path)
        if code == 0:
            break
        if step % 3 == 0 or (here.path / '.git').exists():
            assert cli.run(['init', *OWN]) == 0
            assert_whole(here)
            assert os.stat(here.path).st_ino == inode
            assert sorted(os.listdir()) == sorted({'.git', *(path.split('/')[0] for path in FILES)})
    assert_whole(here)
    assert step > 15


def test_a_place_that_is_taken_is_refused(desk: Place, repository: Place) -> None:
    desk.write('full/file', '')
    repository.write('.gitignore', '/scratch\n')

    assert desk.exp('init', '--lab', templates.labs()[0], 'full') == 3
    assert desk.talk == f"git exp: '{desk.path}/full' is not an empty folder\nhint: name a new one\n"
    assert desk.exp('init', '--lab', templates.labs()[0], 'full/file') == 3
    assert repository.exp('init', 'inner', *OWN) == 3
    said = f"git exp: '{repository.path}/inner' is inside the repository '{repository.path}'\nhint: choose a folder outside it\n"
    assert repository.talk == said
    assert sorted(os.listdir(repository.path)) == ['.git', '.gitignore', 'README.md']
    repository.ok('init', 'scratch/inner', *OWN)
    assert_whole(repository.at('scratch/inner'))


def test_an_unknown_lab_is_refused_with_those_there_are(desk: Place) -> None:
    assert desk.exp('init', '--lab', 'nothing', 'lab') == 2
    assert desk.talk == f"git exp: no ready-made lab 'nothing'\nhint: there is {', '.join(templates.labs())}\n"
    assert desk.exp('init', '--lab', 'bytelmm', 'lab') == 2
    assert desk.talk == "git exp: no ready-made lab 'bytelmm'\nhint: did you mean 'bytelm'?\n"
    assert desk.exp('init', '--lab', 'bytelm', 'lab', '--metric', 'x') == 2
    assert desk.talk == 'git exp: --metric cannot be given: a ready-made lab brings its own\n'
    assert os.listdir(desk.path) == []


def test_without_an_identity_nothing_is_written(desk: Place) -> None:
    (Path(os.environ['HOME']) / '.gitconfig').write_text('[user]\n\tuseConfigOnly = true\n')

    assert desk.exp('init', 'lab', *OWN) == 3
    assert desk.talk == (
        'git exp: git does not know who you are, and the first commit needs an author\n'
        "hint: git config --global user.name 'Your Name'; git config --global user.email you@example.org\n"
    )
    assert os.listdir(desk.path) == []


def test_a_hook_of_the_machine_has_no_say_in_the_first_commit(desk: Place, tmp_path: Path) -> None:
    hook = tmp_path / 'hooks' / 'pre-commit'
    hook.parent.mkdir()
    hook.write_text('#!/bin/sh\necho no ticket >&2\nexit 1\n')
    hook.chmod(0o755)
    (Path(os.environ['HOME']) / '.gitconfig').open('a').write(f'[core]\n\thooksPath = {hook.parent}\n')

    desk.ok('init', 'lab', *OWN)

    assert_whole(desk.at('lab'))
    desk.at('lab').write('notes.md', '')
    desk.at('lab').git('add', '-A')
    assert 'no ticket' in desk.at('lab').git('commit', '-m', 'x', check=False, META_MODE='1').stderr


def test_a_folder_that_cannot_be_written_to_is_named(desk: Place) -> None:
    desk.path.chmod(0o555)
    if os.access(desk.path, os.W_OK):
        pytest.skip('this user may write anywhere')

    assert desk.exp('init', 'lab', *OWN) == 3
    assert desk.talk.startswith(f"git exp: '{desk.path}/.gitexp-init-")
