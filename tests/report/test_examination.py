"""git exp doctor: every trouble is named with what to do, and what is ours is mended."""
from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import killing
from place import Place
from stories import experiment, rows
from gitexp.core import locks
from gitexp.run import landlock

BEGIN = """
import os, sys
from pathlib import Path
from gitexp.lab.lab import Lab
from gitexp.ledger import pending
from gitexp.ledger.result import Kind, Result
lab = Lab.find(Path.cwd())
pending.begin(lab, Result('0' * 16, '2026-01-01T00:00:00+00:00', 'baseline', Kind.BASELINE))
os._exit(9)
"""


@pytest.fixture
def well(lab: Place) -> Place:
    """A lab that nothing is wrong with."""
    journals = '/*_journal.md merge=gitexp-journal\n/RESEARCH_JOURNAL.md merge=gitexp-journal\n'
    lab.write('.gitattributes', f'/results.tsv merge=gitexp-ledger -text\n{journals}')
    lab.commit('attributes')
    lab.ok('hook', 'install')
    lab.git('config', 'gitexp.landlock', 'false')
    assert lab.ok('doctor') and troubles(lab) == []
    return lab


def troubles(place: Place, *words: str) -> list[tuple[str, str, str, str | None]]:
    """What doctor says is not well."""
    code = place.exp('doctor', '--json', *words)
    checks = json.loads(place.said)['checks']
    assert code == any(check['state'] == 'bad' for check in checks), place.talk
    return [(check['state'], check['name'], check['says'], check['way']) for check in checks if check['state'] != 'ok']


def meta(place: Place) -> None:
    place.git('add', '-A')
    place.git('commit', '-q', '-m', 'change', META_MODE='1')


def test_a_lab_that_is_well_gets_a_line_for_each_look(well: Place) -> None:
    said = well.ok('doctor')

    names = [line.split()[1] for line in said.splitlines()]
    assert {line.split()[0] for line in said.splitlines()} == {'ok'}
    assert names == [
        'git', 'python', 'repository', 'disk', 'configuration', 'trunk', 'rules', 'program', 'hooks', 'ledger', 'notes', 'runs',
        'worktrees', 'landlock', 'ignored', 'attributes',
    ]
    assert f"ok    trunk          'main' in {well.path}\n" in said


@pytest.mark.skipif(landlock.version() is None, reason='this kernel does not offer Landlock')
def test_that_runs_can_write_to_the_lab_is_worth_knowing(well: Place) -> None:
    well.git('config', '--unset', 'gitexp.landlock')
    (state, name, says, way), = troubles(well)
    assert (state, name, way) == ('warn', 'landlock', 'git config gitexp.landlock true') and 'runs can write to the lab: ' in says
    well.git('config', 'gitexp.landlock', 'true')
    assert troubles(well) == [] and 'runs cannot write to the lab' in well.ok('doctor')


def test_where_there_is_no_lab_it_says_so_instead_of_dying(tmp_path: Path, repository: Place) -> None:
    nowhere, bare, empty = Place(tmp_path), Place(tmp_path / 'bare.git'), Place(tmp_path / 'empty')
    empty.path.mkdir()
    empty.git('init', '-q')
    repository.git('clone', '-q', '--bare', '.', str(bare.path))

    assert troubles(nowhere) == [
        ('bad', 'repository', f"'{tmp_path}' is not in a git repository", 'git init, or change into the repository'),
    ]
    assert troubles(empty) == [('bad', 'configuration', 'this repository has no commits yet', 'commit something, then: git exp init')]
    assert troubles(repository) == [('bad', 'configuration', "no gitexp.yaml on the trunk 'main'", 'git exp init')]
    assert troubles(bare) == [
        ('warn', 'repository', f"'{bare.path}' is bare: nothing can be measured here", 'clone it'),
        ('bad', 'configuration', "no gitexp.yaml on the trunk 'main'", 'git exp init'),
    ]
    assert nowhere.exp('doctor', '--fix') == 1


def test_a_bad_configuration_is_named_with_its_line(well: Place) -> None:
    well.write('gitexp.yaml', 'metric: {name: score, direction: min}\nevil: x\n')

    says = "gitexp.yaml:2: unknown key 'evil' in the file"
    assert troubles(well) == [('bad', 'configuration', f'in the working copy: {says}', "did you mean 'eval'?")]
    well.without_hooks('commit', '-q', '-am', 'bad')
    assert troubles(well) == [('bad', 'configuration', says, "did you mean 'eval'?")]


def test_a_configuration_that_is_not_committed_does_not_count(well: Place) -> None:
    text = (well.path / 'gitexp.yaml').read_text()
    well.write('gitexp.yaml', text.replace('min', 'max', 1))

    says = 'gitexp.yaml in the working copy differs from the trunk, which is what counts'
    assert troubles(well) == [('warn', 'configuration', says, 'META_MODE=1 git commit gitexp.yaml, or git restore gitexp.yaml')]


def test_rules_that_name_nothing_and_a_loose_evaluation_are_seen(well: Place) -> None:
    text = (well.path / 'gitexp.yaml').read_text()
    well.write('gitexp.yaml', text.replace('eval.py, meta', 'evil.py, meta'))
    meta(well)

    assert troubles(well) == [
        ('warn', 'rules', "rules.frozen names 'evil.py', which is not on the trunk", 'correct gitexp.yaml, or commit the file'),
        ('warn', 'rules', "eval runs 'eval.py', and experiments may change it", 'add it to rules.frozen in gitexp.yaml'),
    ]


def test_program_md_must_be_filled_in_and_agree(well: Place) -> None:
    well.write('program.md', (
        '# Program\n\nProject: {FILL_IN: one sentence}\nMetric: score (higher is better)\nHypothesis space: {FILL_IN} or {FILL_IN: x}\n'
    ))
    meta(well)

    way = 'write it, then: META_MODE=1 git commit program.md'
    says = "program.md:4: it says 'score (higher is better)', and gitexp.yaml says 'score (lower is better)'"
    assert troubles(well) == [
        ('bad', 'program', 'program.md:3: still to be filled in: {FILL_IN: one sentence}', way),
        ('bad', 'program', 'program.md:5: still to be filled in: {FILL_IN}', way),
        ('bad', 'program', 'program.md:5: still to be filled in: {FILL_IN: x}', way),
        ('bad', 'program', says, 'make the two agree'),
    ]


def test_lines_of_the_ledger_that_cannot_be_used_are_named(well: Place) -> None:
    assert well.exp('baseline', '--seeds', '1') == 1
    ledger = well.path / 'results.tsv'
    ledger.write_text(ledger.read_text() + 'torn\trow\n' * 12)

    found = [one for one in troubles(well) if one[1] == 'ledger']

    assert len(found) == 11
    assert found[0][:2] == ('bad', 'ledger')
    assert found[0][2].startswith('results.tsv: line ') and found[0][3].startswith('delete it; where it is committed, ')
    assert found[10][2] == 'and 2 more'


def detached(place: Place, name: str, text: str) -> str:
    """Commit one file as if there were no hooks; returns the commit."""
    place.write(name, text)
    place.git('add', name)
    place.without_hooks('commit', '-q', '-m', name)
    return place.git('rev-parse', 'HEAD').stdout.strip()


def test_rows_by_the_rules_of_another_trunk_are_named_and_rebased_ones_are_not(well: Place) -> None:
    idea = experiment(well)
    idea.ok('eval', '--seed', '1')
    own = well.git('rev-parse', 'main').stdout.strip()
    assert json.loads(rows(well)[0]['env'])['trunk'] == own and troubles(well) == []

    well.git('switch', '-q', '--detach')
    moved, other = detached(well, 'README.md', 'x\n'), detached(well, 'eval.py', "print('score: 0')\n")
    well.git('switch', '-q', 'main')
    well.git('commit', '-q', '--allow-empty', '-m', 'what was pushed first')
    well.git('cherry-pick', moved)
    line = (well.path / 'results.tsv').read_text().splitlines()[1]
    more = [line.replace(rows(well)[0]['id'], f'{number}' * 16).replace(own, name) for number, name in enumerate((moved, other, 'f' * 40))]
    (well.path / 'results.tsv').open('a').write(''.join(f'{one}\n' for one in more))
    well.ok('sync', '--local')

    (state, name, says, way), = troubles(well)
    assert (state, name) == ('warn', 'rows') and f'git diff {well.git("rev-parse", "HEAD").stdout[:10]} {other[:10]}' in str(way)
    assert says == f"measured by the rules of {other[:10]}, which is no commit of 'main': {'1' * 16}"


def test_a_ledger_that_cannot_be_written_to_is_named(well: Place) -> None:
    assert well.exp('baseline', '--seeds', '1') == 1
    (well.path / 'results.tsv').chmod(0o444)
    if os.access(well.path / 'results.tsv', os.W_OK):
        pytest.skip('this user may write anywhere')

    assert ('bad', 'ledger', f"'{well.path}/results.tsv' cannot be written to", f"chmod u+w '{well.path}/results.tsv'") in troubles(well)


def test_hooks_are_mended(well: Place) -> None:
    well.git('config', '--unset', 'core.hooksPath')

    assert troubles(well) == [('bad', 'hooks', '.git/exp/hooks: the hooks are silenced: core.hooksPath is not set', 'git exp hook install')]
    assert 'fixed hooks: the hooks are silenced: core.hooksPath is not set\n' in well.ok('doctor', '--fix')
    assert troubles(well) == []

    well.ok('hook', 'remove')
    assert troubles(well) == [
        ('bad', 'hooks', '.git/exp/hooks: the hooks are not installed', 'git exp hook install'),
        ('warn', 'attributes', 'git has no merge drivers here for the ledger and the journals', 'git exp hook install'),
    ]
    assert troubles(well, '--fix') == []
    well.write('eval.py', 'print("score: 0")\n')
    assert well.git('commit', '-am', 'cheat', check=False).returncode == 1


def test_a_run_whose_process_died_gets_its_row(well: Place) -> None:
    subprocess.run([sys.executable, '-c', BEGIN], cwd=well.path, check=False)

    assert troubles(well) == [('warn', 'runs', '1 begun and not recorded: 0000000000000000', 'git exp doctor --fix')]
    said = well.ok('doctor', '--fix')
    assert 'fixed run 0000000000000000 of ' in said and ', which was left without a row, has one now: failed\n' in said
    assert troubles(well) == []
    assert '0000000000000000\t' in (well.path / 'results.tsv').read_text()


def test_a_killed_command_is_finished_or_taken_back(well: Place) -> None:
    for step in range(12, 60):
        killing.run_until(step, ['new', 'half-done'], well.path)
        found = troubles(well)
        if found:
            break

    assert ('warn', 'commands', "git exp new of 'half-done' was killed half done", 'git exp doctor --fix') in found
    assert troubles(well, '--fix') == []
    assert json.loads(well.said)['mended'] != []


def test_a_worktree_whose_folder_is_gone_is_forgotten(well: Place, tmp_path: Path) -> None:
    well.ok('new', 'lost')
    gone = well.path / '5_worktrees' / 'lost'
    shutil.rmtree(gone)
    well.git('worktree', 'add', '-q', '--detach', str(tmp_path / 'theirs'))
    shutil.rmtree(tmp_path / 'theirs')

    theirs = ('warn', 'worktrees', f"the folder '{tmp_path}/theirs' is gone", f'git worktree remove --force {tmp_path}/theirs')
    assert sorted(troubles(well)) == sorted([('warn', 'worktrees', f"the folder '{gone}' is gone", 'git exp doctor --fix'), theirs])
    assert f"fixed forgot the worktree '{gone}', whose folder is gone; its branch is still there\n" in well.ok('doctor', '--fix')
    assert troubles(well) == [theirs]
    assert well.git('rev-parse', '--verify', 'exp/lost').returncode == 0


@pytest.mark.parametrize('name', ['commondir', 'gitdir', 'HEAD', 'index'])
def test_what_a_crash_of_the_machine_leaves_empty_of_a_worktree_is_written_anew(well: Place, name: str) -> None:
    well.ok('new', 'one')
    one = well.at('5_worktrees/one')
    one.write('model.py', 'score = 1.5\n')
    before = one.git('status', '--porcelain').stdout
    file = well.path / '.git/worktrees/one' / name
    file.write_bytes(b'')
    assert not any('as after a crash' in says for _, _, says, _ in troubles(well)) and file.exists(), 'git may be about to write it'
    os.utime(file, (0, 0))

    says = f"'{file}' is empty, as after a crash of the machine: git keeps there what it knows of a worktree"
    assert ('bad', 'worktrees', says, 'git exp doctor --fix') in troubles(well)
    assert name == 'gitdir' or one.exp('status') and 'in root: git exp doctor --fix' in one.talk or name == 'index'
    assert f"fixed '{file}', which was empty\n" in well.ok('doctor', '--fix') and troubles(well) == []
    assert one.git('status', '--porcelain').stdout == before
    assert one.git('symbolic-ref', 'HEAD').stdout == 'refs/heads/exp/one\n'


def test_a_worktree_of_somebody_else_is_mended_as_far_as_it_is_known(well: Place, tmp_path: Path) -> None:
    well.git('worktree', 'add', '-q', '--detach', str(tmp_path / 'theirs'))
    file = well.path / '.git/worktrees/theirs/HEAD'
    file.write_bytes(b'')
    os.utime(file, (0, 0))

    assert well.exp('doctor', '--fix') == 1 and file.read_bytes() == b''


def test_a_lock_is_shown_with_its_holder(well: Place) -> None:
    with locks.held(well.path / '.git' / 'exp' / 'locks' / 'ledger', purpose='a long story'):
        assert f'ok    locks          ledger: a long story (pid {os.getpid()}, for 0 s)\n' in well.ok('doctor')


def test_lines_for_git_that_are_missing_are_seen(well: Place) -> None:
    well.write('.gitignore', '/experiments/*/results/\n')
    well.write('.gitattributes', 'results.tsv merge=union\n')

    assert troubles(well) == [
        ('warn', 'ignored', ".gitignore does not cover '5_worktrees/x/'", 'git exp init adds the lines'),
        ('warn', 'ignored', ".gitignore does not cover 'experiments/x/exp_log/run.log'", 'git exp init adds the lines'),
        ('warn', 'ignored', ".gitignore covers 'experiments/x/results/viz/curve.png'", 'git exp init adds the lines'),
        ('warn', 'attributes', "no merge driver for 'results.tsv' in .gitattributes", 'git exp init adds the line'),
        ('warn', 'attributes', "no merge driver for 'RESEARCH_JOURNAL.md' in .gitattributes", 'git exp init adds the line'),
        ('warn', 'attributes', "no merge driver for 'meta_journal.md' in .gitattributes", 'git exp init adds the line'),
    ]


def test_a_fresh_clone_is_told_that_its_git_cannot_merge_journals_yet(well: Place) -> None:
    well.git('clone', '-q', '.', '../fresh')
    fresh = well.at('../fresh')
    says = 'git has no merge drivers here for the ledger and the journals'
    assert ('warn', 'attributes', says, 'git exp hook install') in troubles(fresh)
    assert 'have their merge drivers' not in fresh.said

    fresh.ok('hook', 'install')
    assert [one for one in troubles(fresh) if one[1] == 'attributes'] == []


def test_a_trunk_that_is_checked_out_nowhere_is_named(well: Place) -> None:
    well.git('switch', '-q', '-c', 'elsewhere')

    found = troubles(well)

    says = "no worktree has the trunk 'main' checked out, and the ledger lives there"
    assert [one for one in found if one[2] == says] == [('bad', 'trunk', says, f"git -C '{well.path}' switch main")]


def test_it_works_from_the_worktree_of_an_experiment(well: Place) -> None:
    well.ok('new', 'there')

    assert troubles(well.at('5_worktrees/there')) == []


def test_a_shallow_clone_is_named(well: Place, tmp_path: Path) -> None:
    well.git('clone', '-q', '--depth', '1', f'file://{well.path}', str(tmp_path / 'shallow'))

    says = 'a shallow clone: changes cannot be judged without the history'
    assert ('bad', 'repository', says, 'git fetch --unshallow') in troubles(Place(tmp_path / 'shallow'))


def test_a_git_that_is_too_old_is_named(well: Place, tmp_path: Path) -> None:
    real = shutil.which('git')
    old = tmp_path / 'bin' / 'git'
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\nfor word; do [ "$word" = version ] && echo git version 2.30.2 && exit; done\nexec {real} "$@"\n')
    old.chmod(0o755)

    well.env['PATH'] = f'{old.parent}{os.pathsep}{os.environ["PATH"]}'

    assert troubles(well) == [('bad', 'git', "'git version 2.30.2' is too old", 'install git 2.36 or later')]


def test_a_worktree_whose_disk_is_away_is_not_forgotten_with_what_is_staged_there(well: Place) -> None:
    well.ok('new', 'fish')
    gone, disk = well.path / '5_worktrees/fish', well.path / 'disk'
    (gone / 'model.py').write_text('score = 1.0\n')
    well.at('5_worktrees/fish').git('add', 'model.py')
    gone.rename(disk)

    assert 'forgot' not in well.ok('doctor', '--fix')
    assert f"the folder '{gone}' is gone, and git keeps for it alone: what is staged\n" in well.said and 'do: mount the disk' in well.said
    disk.rename(gone)
    assert well.at('5_worktrees/fish').git('status', '--short').stdout == 'M  model.py\n'


def test_a_worktree_whose_disk_is_away_is_not_forgotten_with_commits_that_no_branch_has(well: Place) -> None:
    well.ok('new', 'fish')
    gone, disk = well.path / '5_worktrees/fish', well.path / 'disk'
    fish = well.at('5_worktrees/fish')
    fish.git('checkout', '-q', '--detach')
    fish.git('commit', '-q', '--allow-empty', '-m', 'days of work')
    commit = fish.git('rev-parse', '--short=12', 'HEAD').stdout.strip()
    gone.rename(disk)

    says = f"the folder '{gone}' is gone, and git keeps for it alone: HEAD ({commit}, in no branch and no tag)"
    remove = f'git tag NAME {commit}; git worktree remove --force {shlex.quote(str(gone))}'
    way = f'mount the disk that it is on; if it is gone for good: {remove}'
    assert troubles(well) == troubles(well, '--fix') == [('warn', 'worktrees', says, way)]
    disk.rename(gone)
    assert troubles(well) == [] and fish.git('log', '-1', '--format=%s').stdout == 'days of work\n'
    gone.rename(disk)
    assert subprocess.run(remove.replace('NAME', 'kept'), shell=True, cwd=well.path, check=True) and troubles(well) == []


@pytest.mark.parametrize('name', ['MERGE_AUTOSTASH', 'rebase-merge', 'modules'])
def test_a_worktree_whose_disk_is_away_is_not_forgotten_with_what_git_has_begun_there(well: Place, name: str) -> None:
    well.ok('new', 'fish')
    (well.path / '.git/worktrees/fish' / name).mkdir()
    (well.path / '5_worktrees/fish').rename(well.path / 'disk')

    assert 'forgot' not in well.ok('doctor', '--fix') and 'and git keeps for it alone: ' in well.said
    (well.path / '.git/worktrees/fish' / name).rmdir()
    assert 'forgot' in well.ok('doctor', '--fix')


def test_worktrees_that_were_moved_behind_a_link_are_not_forgotten_with_their_disk(well: Place, tmp_path: Path) -> None:
    well.ok('new', 'fish')
    (well.path / '5_worktrees').rename(tmp_path / 'disk')
    (well.path / '5_worktrees').symlink_to(tmp_path / 'disk')
    well.at('5_worktrees/fish').git('checkout', '-q', '--detach')
    well.at('5_worktrees/fish').git('commit', '-q', '--allow-empty', '-m', 'days of work')
    (tmp_path / 'disk').rename(tmp_path / 'away')

    assert 'forgot' not in well.ok('doctor', '--fix') and 'and git keeps for it alone: HEAD (' in well.said
