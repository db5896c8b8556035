"""A repository that is there already becomes a lab."""
from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import killing
from place import PROGRAM, Place
from gitexp import cli
from gitexp.lab import config, parse

SAID = ('--metric', 'acc', '--direction', 'max', '--eval', 'python3 tools/score.py {seed}')
PLAN = """\
'{top}', trunk 'main'
  new     gitexp.yaml
          | # What is fixed in this lab before an experiment starts. Experiments cannot change it.
          |
          | metric:
          |   name: acc
          |   direction: max  # higher is better
          |   # min_effect: 0.01  # the smallest gain worth having, in the metric's unit
          |   # bounds: [0, 100]  # a value outside cannot be real, and never competes
          |
          | # Must print a line such as "acc: 1.234". {{seed}} is replaced by the seed, which is also in $EXP_SEED.
          | eval: python3 tools/score.py {{seed}}
          | # Runs first, in the same checkout, where training is a command of its own.
          | # train: python3 train.py --seed {{seed}}
          | # What scores then sees nothing of an experiment but what its training has left in $EXP_OUT.
          | # sealed: true
          | # Files that git ignores and the evaluation needs, such as data.
          | # inputs: [data/**]
          | # Files that a run must leave in $EXP_OUT.
          | # outputs: [best.json]
          | # Numbers that eval: prints beside the metric, for the tables of git exp report.
          | # axes: [params, lr]
          | # The seeds that decide: a result with fewer is never better.
          | # seeds: [1, 2, 3]
          | # How long one run takes, in minutes: a baseline outside [shortest, longest] fails. For quick runs: [0, 40].
          | # baseline: {{minutes: [5, 40]}}
          |
          | rules:
          |   # What decides and what measures: nobody changes it in an experiment. ** crosses folders.
          |   frozen: [gitexp.yaml, tools/score.py]
          |   # Grows at its end only.
          |   append-bottom: [results.tsv]
          |   # All that an experiment may change, for a lab that wants it narrow.
          |   # variable: [model.py, train.py]
          |
          | # Who may open what is frozen, with META_MODE=1.
          | # humans: [ada@example.org]
  add to  .gitignore
          | /5_worktrees/
          | /experiments/*/exp_log*/
          | /experiments/*/results*/*
          | !/experiments/*/results*/viz/
  new     .gitattributes
          | /results.tsv merge=gitexp-ledger -text
  new     git hooks; a hook of your own is still called
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Place:
    """Somebody's repository, with things in it that must survive."""
    place = Place(tmp_path / 'their project')
    place.path.mkdir()
    place.git('init', '-q')
    place.write('.gitignore', '*.pyc\n/data')
    place.write('tools/score.py', "import sys\nprint('acc:', 0.5 + int(sys.argv[1]) / 1000)\n")
    place.write('net/model.py', 'width = 8\n')
    place.commit('their work')
    return place


def everything(place: Place) -> dict[str, bytes]:
    return {
        str(path.relative_to(place.path)): path.read_bytes()
        for path in place.path.rglob('*') if path.is_file() and '.git' not in path.relative_to(place.path).parts
    }


def test_a_newcomer_adopts_and_the_rules_hold(foreign: Place) -> None:
    before = everything(foreign)

    assert foreign.exp('init', *SAID) == 2
    assert foreign.said == PLAN.format(top=foreign.path)
    assert foreign.talk == 'git exp: nothing has been written: there is no terminal to ask on\nhint: to go ahead, add --yes\n'
    assert everything(foreign) == before
    assert foreign.git('config', '--local', 'core.hooksPath', check=False).stdout == ''

    said = foreign.ok('init', *SAID, '--yes')
    command = "git commit -m 'Make this repository a lab' -- gitexp.yaml .gitignore .gitattributes"
    assert said == PLAN.format(top=foreign.path) + f'Staged. Look at them, then commit:\n  {command}\n'
    assert foreign.git('status', '--porcelain').stdout == 'A  .gitattributes\nM  .gitignore\nA  gitexp.yaml\n'
    assert set(everything(foreign)) - set(before) == {'gitexp.yaml', '.gitattributes'}
    assert everything(foreign)['.gitignore'].startswith(b'*.pyc\n/data\n/5_worktrees/\n')

    subprocess.run(command, shell=True, cwd=foreign.path, check=True, capture_output=True)
    assert foreign.git('status', '--porcelain').stdout == ''
    foreign.git('config', 'gitexp.landlock', 'false')  # Unasked it is used where these tests do not run.
    assert [line for line in foreign.ok('doctor').splitlines() if not line.startswith('ok')] == []

    foreign.write('tools/score.py', "print('acc: 1')\n")
    refused = foreign.git('commit', '-am', 'better', check=False)
    assert refused.returncode == 1
    assert 'tools/score.py' in refused.stderr


def test_doing_it_again_does_nothing(foreign: Place) -> None:
    foreign.ok('init', *SAID, '--yes')
    foreign.commit('lab')
    before = everything(foreign)

    assert foreign.ok('init') == f"'{foreign.path}', trunk 'main': it is a lab already\n  nothing to do\n"
    assert everything(foreign) == before
    assert foreign.exp('init', '--metric', 'loss', '--yes') == 2
    assert foreign.talk == 'git exp: --metric cannot be given: gitexp.yaml is there already, and says it\nhint: git exp init\n'


def test_a_clone_of_a_lab_gets_its_hooks(foreign: Place, tmp_path: Path) -> None:
    foreign.ok('init', *SAID, '--yes')
    foreign.commit('lab')
    foreign.git('clone', '-q', '.', str(tmp_path / 'clone'))
    clone = Place(tmp_path / 'clone')

    assert clone.ok('init', '--yes') == (
        f"'{clone.path}', trunk 'main': it is a lab already\n  new     git hooks; a hook of your own is still called\n"
    )
    clone.write('gitexp.yaml', 'metric: {name: x, direction: min}\neval: x\n')
    assert clone.git('commit', '-am', 'loosen', check=False).returncode == 1


def test_a_killed_adoption_is_completed_by_typing_it_again(foreign: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    start = foreign.git('rev-parse', 'HEAD').stdout.strip()
    monkeypatch.chdir(foreign.path)
    for step in range(1, 200, 2):
        code = killing.run_until(step, ['init', *SAID, '--yes'], foreign.path)
        there = (foreign.path / 'gitexp.yaml').exists()
        assert cli.run(['init', *([] if there else SAID), '--yes']) == 0
        assert foreign.git('status', '--porcelain').stdout == 'A  .gitattributes\nM  .gitignore\nA  gitexp.yaml\n'
        assert (foreign.path / '.gitignore').read_text().count('5_worktrees') == 1
        if code == 0:
            break
        foreign.git('reset', '-q', '--hard', start)
    assert step > 10


def on_a_terminal(place: Place, typed: str, *words: str) -> tuple[int, str]:
    """Run git exp with a person in front of it."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([str(PROGRAM), *words], cwd=place.path, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, typed.encode())
    said = b''
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    return child.wait(), said.decode().replace('\r\n', '\n')


def test_a_person_is_asked_what_cannot_be_guessed(foreign: Place) -> None:
    foreign.write('eval.py', 'print("acc: 1")\n')
    foreign.commit('an evaluation')

    code, said = on_a_terminal(foreign, 'acc\nbigger\nhigher\n\npython3 train.py\nok\ny\n', 'init')

    assert code == 0
    assert 'Metric, by the name that the evaluation prints: ' in said
    assert "Which is better (lower, higher, min, max): 'bigger' is none of lower, higher, min, max\n" in said
    assert 'Command that prints it [python3 eval.py]: ' in said
    assert 'Command that trains before it (empty where there is none): ' in said
    assert "Go ahead? [y/N]: 'ok' is neither y nor n\nGo ahead? [y/N]: " in said
    read = config.of(parse.parse((foreign.path / 'gitexp.yaml').read_bytes()))
    assert (read.metric.name, read.metric.direction, read.eval.text) == ('acc', 'max', 'python3 eval.py')
    assert read.train and read.train.text == 'python3 train.py'
    assert read.rules['frozen'] == ('gitexp.yaml', 'eval.py')
    assert 'hint: before that: a run must take 5 to 40 minutes, unless gitexp.yaml says otherwise: ' in said


def test_a_person_whose_evaluation_trains_as_well_says_nothing_to_that(foreign: Place) -> None:
    foreign.write('eval.py', 'print("acc: 1")\n')
    foreign.commit('an evaluation')

    code, said = on_a_terminal(foreign, 'my acc\nacc\nmax\n\n\ny\n', 'init')

    assert code == 0 and said.count('Metric, by the name that the evaluation prints: ') == 2
    assert 'my acc' in said.split('Which is better')[0]
    assert config.of(parse.parse((foreign.path / 'gitexp.yaml').read_bytes())).train is None


def test_a_person_who_says_no_finds_nothing_written(foreign: Place) -> None:
    code, said = on_a_terminal(foreign, '\n', 'init', *SAID)

    assert code == 1
    assert said.endswith('git exp: nothing has been written\n')
    assert foreign.git('status', '--porcelain').stdout == ''


def test_what_was_not_said_in_a_script_is_named(foreign: Place) -> None:
    assert foreign.exp('init', '--yes', '--direction', 'min') == 2
    assert foreign.talk == (
        'git exp: --metric, --eval must be given: what is measured cannot be guessed\n'
        "hint: git exp init --yes --metric NAME --direction min --eval 'COMMAND'\n"
    )
    assert foreign.exp('init', '--yes', *SAID, '--metric', 'two words') == 2
    assert "metric.name must be one word such as val_loss or acc@1: letters, digits and _ . / @ -, not 'two words'" in foreign.talk
    assert foreign.exp('init', '--yes', *SAID, '--eval', 'python3 "eval.py') == 2
    assert """the evaluation command cannot be read: no closing quotation: 'python3 "eval.py'""" in foreign.talk


def test_what_is_not_there_cannot_be_frozen(foreign: Place) -> None:
    foreign.write('data/x.txt', 'x')
    assert foreign.exp('init', '--yes', *SAID, '--frozen', 'data/', '--frozen', 'nosuch.py') == 2
    assert foreign.talk == "git exp: there is no 'nosuch.py' to be frozen\nhint: git ls-files\n"
    assert not (foreign.path / 'gitexp.yaml').exists()
    foreign.ok('init', '--yes', *SAID, '--frozen', 'data/', '--frozen', 'later/*.py')


def test_a_script_that_git_does_not_have_is_named(foreign: Place) -> None:
    foreign.write('new.py', '')
    for said, lacking in {
        'python3 missing.py --out out.json': ['missing.py'], './new.py': ['new.py'], 'python3 tools/score.py {seed}': [],
        'cd tools && python3 score.py': [], "sh -c 'python3 missing.py'": [], 'python3 /opt/score.py': [],
    }.items():
        foreign.exp('init', '--metric', 'acc', '--direction', 'max', '--eval', said, '--train', 'python3 tools/score.py')
        named = [line for line in foreign.talk.splitlines() if 'git does not have' in line]
        assert named == [f"note: git does not have '{path}', which a command names: a run finds only what is committed" for path in lacking]


def test_what_a_frozen_script_imports_is_named_unless_it_is_frozen_too(foreign: Place) -> None:
    foreign.write('tools/score.py', 'import data\nfrom metrics.bleu import score\nfrom . import near\ndef f():\n    import far, os\n')
    for name in ('tools/data.py', 'tools/metrics/bleu.py', 'far.py', 'tools/near.py'):
        foreign.write(name, '')
    foreign.commit('score')

    foreign.exp('init', *SAID)
    assert "note: 'tools/score.py' imports 'tools/data.py', 'tools/metrics/', which experiments may change: " in foreign.talk
    foreign.exp('init', *SAID, '--frozen', 'tools/score.py', '--frozen', 'tools/metrics/**')
    assert "note: 'tools/score.py' imports 'tools/data.py', which" in foreign.talk
    foreign.exp('init', *SAID, '--frozen', 'tools/')
    assert 'imports' not in foreign.talk
    foreign.write('tools/score.py', 'print(\n')
    foreign.exp('init', *SAID)
    assert 'imports' not in foreign.talk


@pytest.mark.parametrize('command', [
    'python3 eval.py --note "a: b # c" {seed}', "bash -c 'x && y'", 'python3 wörter.py 😀', 'echo {seed} | tee x > y', 'yes', 'a\\ b',
    '*', '- a', '{seed}', '[a]', '@x', 'x: y', '%x', '#x', '',
])
def test_any_command_comes_out_of_the_file_as_it_went_in(foreign: Place, command: str) -> None:
    code = foreign.exp('init', '--yes', '--metric', 'acc', '--direction', 'max', '--eval', command, '--train', command)

    if not command:
        assert code == 2
        return
    read = config.of(parse.parse((foreign.path / 'gitexp.yaml').read_bytes()))
    assert read.eval.text == command
    assert read.train and read.train.text == command


def test_what_is_in_the_way_is_left_alone(foreign: Place) -> None:
    foreign.write('results.tsv', 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\n')
    foreign.write('experiments/old/results/notes.txt', 'theirs\n')
    foreign.commit('their results')

    foreign.ok('init', *SAID, '--yes')

    assert "note: 'results.tsv' is there already, so the ledger of this lab will be 'exp.tsv'" in foreign.talk
    assert "note: 'experiments' is there already, so the experiments of this lab will be 'exp'" in foreign.talk
    read = config.of(parse.parse((foreign.path / 'gitexp.yaml').read_bytes()))
    assert (read.paths.ledger, read.paths.experiments, read.paths.worktrees) == ('exp.tsv', 'exp', '5_worktrees')
    assert read.rules['append-bottom'] == ('exp.tsv',)
    assert '/exp/*/results*/*\n' in (foreign.path / '.gitignore').read_text()
    assert (foreign.path / '.gitattributes').read_text() == '/exp.tsv merge=gitexp-ledger -text\n'


def test_other_staged_work_stays_out_of_the_commit(foreign: Place) -> None:
    foreign.write('net/model.py', 'width = 16\n')
    foreign.git('add', '-A')

    command = foreign.ok('init', *SAID, '--yes').splitlines()[-1]
    subprocess.run(command, shell=True, cwd=foreign.path, check=True, capture_output=True)

    assert foreign.git('status', '--porcelain').stdout == 'M  net/model.py\n'


def test_lines_are_not_added_to_a_file_that_is_being_edited(foreign: Place) -> None:
    foreign.write('.gitignore', '*.pyc\n/data\n/scratch\n')

    assert foreign.exp('init', *SAID, '--yes') == 3
    assert foreign.talk == (
        "git exp: '.gitignore' has uncommitted changes, and lines must be added to it\nhint: git commit .gitignore, or git stash\n"
    )
    assert not (foreign.path / 'gitexp.yaml').exists()


def test_line_ends_and_modes_stay_as_they_are(foreign: Place) -> None:
    foreign.write('.gitignore', '*.pyc\r\n*.yaml\r\n').chmod(0o755)
    foreign.commit('from another system')

    foreign.ok('init', *SAID, '--yes')

    assert (foreign.path / '.gitignore').read_bytes().count(b'\r\n') == 6
    assert (foreign.path / '.gitignore').stat().st_mode & 0o777 == 0o755
    assert 'A  gitexp.yaml' in foreign.git('status', '--porcelain').stdout
    assert foreign.git('check-ignore', '5_worktrees/x', 'experiments/x/results/y').stdout == '5_worktrees/x\nexperiments/x/results/y\n'


def test_the_scaffold_goes_around_what_is_there(foreign: Place) -> None:
    foreign.write('program.md', 'ours\n')
    foreign.write('1_ideas/_TEMPLATE.md', 'ours too\n')

    foreign.ok('init', *SAID, '--yes', '--scaffold')

    assert (foreign.path / 'program.md').read_text() == 'ours\n'
    assert (foreign.path / '1_ideas/_TEMPLATE.md').read_text() == 'ours too\n'
    assert (foreign.path / '0_docs/problem.md').exists()
    assert foreign.git('status', '--porcelain', 'program.md', '1_ideas').stdout == '?? 1_ideas/\n?? program.md\n'
    read = config.of(parse.parse((foreign.path / 'gitexp.yaml').read_bytes()))
    assert read.rules['append-top'] == ('*_journal.md', 'RESEARCH_JOURNAL.md')
    assert '/RESEARCH_JOURNAL.md merge=gitexp-journal\n' in (foreign.path / '.gitattributes').read_text()


@pytest.mark.parametrize('branch, told', [('main', ''), ('master', 'trunk: master\n'), ('work', 'trunk: work\n')])
def test_the_trunk_is_the_branch_there_is(foreign: Place, branch: str, told: str) -> None:
    foreign.git('branch', '-M', branch)

    foreign.ok('init', *SAID, '--yes')
    foreign.commit('lab')

    assert (foreign.path / 'gitexp.yaml').read_text().partition('\ntrunk')[2] == told.removeprefix('trunk')
    assert f"trunk '{branch}'" in foreign.ok('doctor')


def test_it_works_from_a_folder_below_and_from_a_linked_worktree(foreign: Place, tmp_path: Path) -> None:
    foreign.git('switch', '-q', '-c', 'other')
    foreign.git('worktree', 'add', '-q', str(tmp_path / 'linked'), 'main')
    linked = Place(tmp_path / 'linked')

    said = linked.at('net').ok('init', *SAID, '--yes')

    assert f'git -C {linked.path} commit -m' in said
    assert (linked.path / 'gitexp.yaml').exists()
    assert not (foreign.path / 'gitexp.yaml').exists()


def detached(place: Place) -> None:
    place.git('switch', '-q', '--detach')


def on_a_branch(place: Place) -> None:
    place.git('switch', '-q', '-c', 'feature')


def without_a_main(place: Place) -> None:
    place.git('branch', '-m', 'one')
    place.git('branch', 'two')


def unborn(place: Place) -> None:
    place.git('switch', '-q', '--orphan', 'new')


def merging(place: Place) -> None:
    place.git('switch', '-q', '-c', 'side')
    place.git('commit', '-q', '--allow-empty', '-m', 'side')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-commit', 'side')


def linked_ignore(place: Place) -> None:
    (place.path / '.gitignore').rename(place.path / 'ignore')
    (place.path / '.gitignore').symlink_to('ignore')
    place.commit('linked')


def a_folder(place: Place) -> None:
    place.write('gitexp.yaml/x', '')


def bad_configuration(place: Place) -> None:
    place.write('gitexp.yaml', 'metric: acc\n')


def another_trunk(place: Place) -> None:
    place.write('gitexp.yaml', 'metric: {name: acc, direction: max}\neval: x\ntrunk: dev\n')


def deleted(place: Place) -> None:
    place.write('gitexp.yaml', 'metric: {name: acc, direction: max}\neval: x\n')
    place.commit('lab')
    (place.path / 'gitexp.yaml').unlink()


@pytest.mark.parametrize('make, code, said', [
    (detached, 3, 'git exp: HEAD is detached: a lab is made on its trunk\nhint: git switch main\n'),
    (on_a_branch, 3, "git exp: 'feature' is checked out, and a lab is made on its trunk 'main'\n"
                     'hint: git switch main, or if this is the trunk: git config gitexp.trunk feature\n'),
    (without_a_main, 3, "git exp: 'one' is one of several branches, and none is named main\n"
                        'hint: if it is the trunk: git config gitexp.trunk one\n'),
    (unborn, 3, 'git exp: this repository has no commits yet\nhint: commit something, then: git exp init\n'),
    (merging, 3, 'git exp: a merge is under way\nhint: git merge --continue, or git merge --abort\n'),
    (linked_ignore, 3, "git exp: '{top}/.gitignore' is not a plain file\nhint: replace it by one\n"),
    (a_folder, 3, "git exp: '{top}/gitexp.yaml' is not a plain file\nhint: replace it by one\n"),
    (bad_configuration, 2, "git exp: gitexp.yaml:1: metric must be a mapping, not 'acc'\n"),
    (another_trunk, 2, "git exp: gitexp.yaml says that the trunk is 'dev', and 'main' is checked out\n"
                       'hint: git switch dev, or put this into gitexp.yaml: trunk: main\n'),
    (deleted, 3, "git exp: 'gitexp.yaml' is on the trunk, and has been deleted here\nhint: git restore gitexp.yaml\n"),
])
def test_where_no_lab_can_be_made_it_says_why(foreign: Place, make: Callable[[Place], None], code: int, said: str) -> None:
    make(foreign)
    there = (foreign.path / 'gitexp.yaml').exists() or make is deleted

    assert foreign.exp('init', *([] if there else SAID), '--yes') == code
    assert foreign.talk == said.format(top=foreign.path)


def test_a_branch_that_was_named_the_trunk_is_one(foreign: Place) -> None:
    without_a_main(foreign)
    foreign.git('config', 'gitexp.trunk', 'one')

    assert 'trunk: one\n' in foreign.ok('init', *SAID, '--yes').replace('          | ', '')


def test_repositories_of_other_kinds_say_why_not(foreign: Place, tmp_path: Path) -> None:
    url = f'file://{foreign.path}'
    foreign.git('commit', '-q', '--allow-empty', '-m', 'second')
    foreign.git('clone', '-q', '--bare', '.', str(tmp_path / 'bare.git'))
    foreign.git('clone', '-q', '--depth', '1', url, str(tmp_path / 'shallow'))
    foreign.git('clone', '-q', '--separate-git-dir', str(tmp_path / 'apart.git'), '.', str(tmp_path / 'apart'))
    (tmp_path / 'plain').mkdir()
    (tmp_path / 'plain' / 'file').touch()

    for name, said in {
        'bare.git': "'{at}' is a bare repository, and a lab needs files\nhint: clone it, make the clone a lab, and push",
        'shallow': 'this is a shallow clone: changes cannot be judged without the history\nhint: git fetch --unshallow',
        'apart': "git does not list '{at}' among the worktrees of this repository, as with --separate-git-dir\n"
                 "hint: git config core.worktree '{at}'",
        'their project/.git': "'{at}' is inside a git directory\nhint: change into the working tree",
        'plain': "'{at}' is not in a git repository\nhint: git init, or change into the repository",
    }.items():
        at = Place(tmp_path / name)
        assert at.exp('init', *SAID, '--yes') == 3
        assert at.talk == f'git exp: {said.format(at=at.path)}\n'


def test_where_git_knows_the_main_worktree_its_files_may_be_apart(foreign: Place, tmp_path: Path) -> None:
    foreign.git('clone', '-q', '--separate-git-dir', str(tmp_path / 'apart.git'), '.', str(tmp_path / 'apart'))
    apart, outer = Place(tmp_path / 'apart'), Place(tmp_path / 'outer')
    apart.git('config', 'core.worktree', str(apart.path))
    outer.path.mkdir()
    outer.git('init', '-q')
    outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', f'file://{foreign.path}', 'sub')

    for place in (apart, outer.at('sub')):
        place.ok('init', *SAID, '--yes')
        place.git('commit', '-q', '-m', 'lab')
        assert place.ok('new', 'x') == f'{place.path}/5_worktrees/x\n'


def test_git_merges_a_ledger_as_text_where_our_driver_is_unknown(foreign: Place) -> None:
    foreign.ok('init', *SAID, '--yes')
    foreign.write('results.tsv', 'id\na\nb\nc\nd\n')
    foreign.git('add', '-A')
    foreign.without_hooks('commit', '-q', '-m', 'lab')
    for branch, text in {'one': 'id\na\nb\nc\nd\ne\n', 'two': 'id\n_\na\nb\nc\nd\n'}.items():
        foreign.git('switch', '-q', '-c', branch, 'main')
        foreign.write('results.tsv', text)
        foreign.without_hooks('commit', '-q', '-am', branch)

    foreign.without_hooks('merge', '-q', '-m', 'both', 'one')

    assert (foreign.path / 'results.tsv').read_text() == 'id\n_\na\nb\nc\nd\ne\n'


def test_a_program_learns_what_was_done(foreign: Place) -> None:
    said = json.loads(foreign.ok('init', *SAID, '--yes', '--json'))

    assert said == {
        'lab': str(foreign.path), 'trunk': 'main', 'notes': [],
        'files': {'gitexp.yaml': 'new', '.gitignore': 'add lines', '.gitattributes': 'new'},
        'commit': "git commit -m 'Make this repository a lab' -- gitexp.yaml .gitignore .gitattributes",
    }
    assert re.search('[\x80-\uffff]', foreign.said) is None
