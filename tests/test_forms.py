"""Repositories of every form: the same story in each, or one clear sentence."""
from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from place import IGNORED, Place

CONFIG = """\
metric: {name: score, direction: min}
eval: 'cat data/part.txt > /dev/null && echo score: 1.{seed}'
baseline: {minutes: [0, 40], required: false}
rules:
  frozen: [gitexp.yaml, eval.py]
  append-bottom: [results.tsv]
"""
LEDGER = (
    'id\ttime\texperiment\tversion\tcommit\tscore\tstatus\tverdict\tseed\tkind\tseconds\tmemory_gb\tdescription\ttree\teval_id\tmetrics'
    '\tparams\tenv\n0000000000000001\t2026-01-01T00:00:00+00:00\told\tv1\t\t3.0\tok\t\t1\teval\t1\t\tolder\tt\te\t{}\t{}\t{}\n'
)
FILE_URLS = {'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'protocol.file.allow', 'GIT_CONFIG_VALUE_0': 'always'}


@pytest.fixture(scope='module')
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """A lab of each object format, made once."""
    made: dict[str, Path] = {}

    def template(form: str) -> Path:
        if form not in made:
            place = Place(tmp_path_factory.mktemp(form) / 'lab')
            place.path.mkdir()
            place.git('init', '-q', f'--object-format={form}', '--template=')
            files = {'gitexp.yaml': CONFIG, '.gitignore': IGNORED, 'results.tsv': LEDGER, 'eval.py': '1\n', 'model.py': '1\n'}
            for name, text in {**files, 'lib/a.py': '1\n', 'data/part.txt': '1\n'}.items():
                place.write(name, text)
            place.commit('first')
            place.write('model.py', '2\n')
            place.commit('a lab')
            made[form] = place.path
        return made[form]
    yield template


@pytest.fixture
def lab(tmp_path: Path, templates: Callable[[str], Path]) -> Callable[..., Place]:
    """Copies it to a folder."""
    def copied(name: str = 'lab', form: str = 'sha1') -> Place:
        shutil.copytree(templates(form), tmp_path / name, symlinks=True)
        place = Place(tmp_path / name)
        place.git('status')  # The times of the copies, without which a sparse checkout leaves them where they are.
        return place
    return copied


Make = Callable[..., Place]


def _clone(place: Place, *words: str) -> Place:
    """`place` may be named in the words as URL."""
    place.git('config', 'uploadpack.allowFilter', 'true')
    place.at('..').git('clone', '-q', *words, f'file://{place.path}', 'clone')
    return place.at('../clone')


def _sparse(place: Place, *words: str) -> Place:
    place.git('sparse-checkout', 'set', *words)
    assert not (place.path / 'data').exists()
    return place


def _set(place: Place, key: str, value: str) -> Place:
    place.git('config', key, value)
    return place


def _in_outer(place: Place) -> Place:
    outer = place.at('../outer')
    outer.path.mkdir()
    outer.git('init', '-q')
    outer.git('submodule', '--quiet', 'add', str(place.path), 'lab', **FILE_URLS)
    return outer.at('lab')


def _with_modules(place: Place) -> Place:
    inner = place.at('../inner')
    inner.path.mkdir()
    inner.git('init', '-q')
    inner.git('commit', '-q', '--allow-empty', '-m', 'inner')
    place.git('submodule', '--quiet', 'add', str(inner.path), 'vendor', **FILE_URLS)
    place.git('commit', '-q', '-m', 'vendor')
    return place


def _beside_bare(place: Place) -> Place:
    place.git('clone', '-q', '--bare', '.', '../bare.git')
    place.at('../bare.git').git('worktree', 'add', '-q', '../main', 'main')
    return place.at('../main')


def _apart(place: Place, *, told: bool = True) -> Place:
    place.git('init', '-q', '--separate-git-dir', '../git dir')
    return _set(place, 'core.worktree', str(place.path)) if told else place


def _linked(place: Place, *, told: bool = True) -> Place:
    os.rename(place.path / '.git', place.path.parent / 'kept')
    (place.path / '.git').symlink_to('../kept')
    return _set(place, 'core.worktree', str(place.path)) if told else place


def _inside(place: Place) -> Place:
    place.at('..').git('init', '-q')
    return place


def _replaced(place: Place) -> Place:
    """A replacement and a graft that hide what the rules and the history are."""
    loose = place.git('rev-parse', 'HEAD^').stdout.strip()
    place.git('replace', 'HEAD', loose)
    place.write('.git/info/grafts', f'{place.git("rev-parse", "HEAD").stdout.strip()}\n')
    return place


def _packed(place: Place) -> Place:
    place.git('pack-refs', '--all')
    place.git('gc', '-q')
    return place


FORMS: dict[str, Callable[[Make], Place]] = {
    'sha-256': lambda lab: lab(form='sha256'),
    'partial': lambda lab: _clone(lab(), '--filter=blob:none'),
    'shallow': lambda lab: _clone(lab(), '--depth=1'),
    'shared': lambda lab: _clone(lab(), '--shared'),
    'cone': lambda lab: _sparse(lab(), '--cone', 'lib'),
    'sparse index': lambda lab: _sparse(lab(), '--cone', '--sparse-index', 'lib'),
    'no cone': lambda lab: _sparse(lab(), '--no-cone', '/*', '!/data/', '!/gitexp.yaml', '!/experiments/'),
    'worktree config': lambda lab: _set(lab(), 'extensions.worktreeConfig', 'true'),
    'a submodule': lambda lab: _in_outer(lab()),
    'with submodules': lambda lab: _with_modules(lab()),
    'bare with worktrees': lambda lab: _beside_bare(lab()),
    'git directory apart': lambda lab: _apart(lab()),
    'git directory linked': lambda lab: _linked(lab()),
    'inside another': lambda lab: _inside(lab()),
    'replaced': lambda lab: _replaced(lab()),
    'packed': lambda lab: _packed(lab()),
    'case ignored': lambda lab: _set(lab(), 'core.ignorecase', 'true'),
    'split index': lambda lab: _set(lab(), 'core.splitIndex', 'true'),
    'odd path': lambda lab: lab('a "läb" \\ of\nÄda\'s'),
}


@pytest.mark.parametrize('form', FORMS)
def test_the_story_is_the_same_in_every_form(lab: Make, form: str) -> None:
    root = FORMS[form](lab)
    committed = root.git('show', 'HEAD:results.tsv').stdout

    root.ok('hook', 'install')
    assert _refused(root) and _accepted(root, 'on the trunk')
    root.ok('new', 'one')
    one = root.at('5_worktrees/one')
    assert _refused(one) and _accepted(one, 'exp(one): on the branch')
    one.write('experiments/one/notes.md', 'seen\n')
    one.git('add', 'experiments/one/notes.md')
    one.git('commit', '-q', '-m', 'exp(one): notes')
    one.ok('eval', '--seeds', '1')

    rows = (root.path / 'results.tsv').read_text()
    assert rows.startswith(committed) and rows.count('\n') == committed.count('\n') + 1
    assert _states(one) == {'old': 'rows', 'one': 'open'}
    assert 'nothing against the rules' in one.ok('check', 'rules')
    assert 'hooks  alive' in one.ok('status') and one.talk.count('\n') <= 1
    one.ok('close')
    assert _states(root) == {'old': 'rows', 'one': 'closed'}
    assert root.git('status', '--porcelain').stdout == ' M results.tsv\n'


def _refused(place: Place) -> bool:
    place.write('eval.py', 'cheat\n')
    done = place.git('commit', '-q', '-am', 'cheat', check=False)
    place.git('checkout', '-q', 'HEAD', '--', 'eval.py')
    return done.returncode == 1 and 'eval.py: changed\n    rule: frozen (gitexp.yaml:5)' in done.stderr


def _accepted(place: Place, message: str) -> bool:
    place.write('model.py', message)
    return place.git('commit', '-q', '-am', message).returncode == 0


def _states(place: Place) -> dict[str, str]:
    return {line['slug']: line['state'] for line in json.loads(place.ok('list', '--json'))}


def _no_ledger(lab: Make) -> Place:
    return _sparse(lab(), '--no-cone', '/*', '!/results.tsv', '!/data/')


def _reftable(lab: Make) -> Place:
    return _set(_set(lab(), 'core.repositoryformatversion', '1'), 'extensions.refStorage', 'next')


def _bare(lab: Make) -> Place:
    lab().git('clone', '-q', '--bare', '.', '../bare.git')
    return Place(lab('other').path.parent / 'bare.git')


def _experiment(place: Place) -> Place:
    place.ok('new', 'one')
    return place.at('5_worktrees/one')


def _two_folders(lab: Make) -> Place:
    lab()
    other = lab('other')
    shutil.rmtree(other.path / '.git')
    (other.path / '.git').symlink_to('../lab/.git')
    return other


def _other_files(lab: Make) -> Place:
    place = lab()
    _experiment(place)
    shutil.copytree(place.path, place.path.parent / 'files', ignore=shutil.ignore_patterns('.git'))
    return _set(place, 'core.worktree', str(place.path.parent / 'files')).at('5_worktrees/one')


def _other_rules(lab: Make) -> Place:
    place = lab()
    place.git('switch', '-q', '-c', 'side')
    place.write('gitexp.yaml', f'{CONFIG}trunk: side\n')
    place.commit('its own rules')
    return _set(place, 'gitexp.trunk', 'side')


def _copied_worktree(lab: Make) -> Place:
    place = lab()
    _experiment(place)
    shutil.copytree(place.path, place.path.parent / 'copy', symlinks=True)
    return place.at('../copy/5_worktrees/one')


def _moved_worktree(lab: Make) -> Place:
    place = lab()
    _experiment(place)
    shutil.move(place.path, place.path.parent / 'moved')
    return Place(place.path.parent / 'moved/5_worktrees/one')


def _elsewhere(lab: Make) -> Place:
    place = lab('other')
    place.env = {'GIT_DIR': str(lab().path / '.git'), 'GIT_WORK_TREE': str(place.path)}
    return place


def _strange(lab: Make) -> Place:
    place = lab()
    place.env = {'GIT_TEST_ASSUME_DIFFERENT_OWNER': '1'}
    return place


def _alone(lab: Make) -> Place:
    place = _clone(lab(), '--filter=blob:none', '--no-checkout')
    return _set(place, 'remote.origin.url', 'file:///nowhere')


@pytest.mark.parametrize(('form', 'says', 'way'), [
    (_no_ledger, "the sparse checkout of '{at}' leaves out the ledger 'results.tsv'", "git -C {at} sparse-checkout add '/results.tsv'"),
    (_reftable, "this git cannot read the repository around '{at}': unknown repository extension found: refstorage", 'install a newer git'),
    (_bare, "no worktree has the trunk 'main' checked out, and the ledger lives there", 'git worktree add FOLDER main'),
    (lambda lab: _experiment(_apart(lab(), told=False)), "git does not know which folder is the main worktree of '{home}/git dir'",
     'change into it, then: git config core.worktree "$PWD"'),
    (lambda lab: _experiment(_linked(lab(), told=False)), "git does not know which folder is the main worktree of '{home}/kept'",
     'change into it, then: git config core.worktree "$PWD"'),
    (_two_folders, "'{at}/.git' is a link to '{home}/lab/.git', and git works there", "cd '{home}/lab'"),
    (_other_files, "core.worktree is '{home}/files', and the main worktree of this repository is '{home}/lab'",
     'git config --unset core.worktree'),
    (_other_rules, "gitexp.trunk names 'side', and gitexp.yaml on 'main' says that the trunk is 'main'", 'git config --unset gitexp.trunk'),
    (_copied_worktree, "'{at}' is a copy of the worktree '{home}/lab/5_worktrees/one', and git takes it for that one",
     'work in that one; or take the files elsewhere, and make a worktree for them: git worktree add'),
    (_moved_worktree, "'{at}' belongs to a repository that is gone: '{home}/lab/.git/worktrees/one'",
     "if the repository has moved, in it: git worktree repair '{at}'"),
    (_elsewhere, "GIT_DIR is '{home}/lab/.git', and '{at}' is in another repository", 'unset GIT_DIR GIT_WORK_TREE'),
    (_strange, "'{at}' belongs to somebody else, and git does not trust it", "git config --global --add safe.directory '{at}'"),
    (_alone, "'{at}' is a partial clone, and its remote cannot be reached for what is missing", 'git fetch'),
])
def test_a_form_that_cannot_be_served_gets_one_sentence(
    lab: Make, tmp_path: Path, form: Callable[[Make], Place], says: str, way: str,
) -> None:
    place = form(lab)
    at = os.path.realpath(place.path)
    for words in (['results'], ['list', '--json']):
        assert place.exp(*words) == 3
        lines = [line for line in place.talk.splitlines() if 'hooks are not installed' not in line and 'git exp hook install' not in line]
        assert lines[-2:] == [f'git exp: {says.format(at=at, home=tmp_path)}', f'hint: {way.format(at=at, home=tmp_path)}']
        assert place.said == ''


def test_a_trunk_of_another_name_is_one_where_main_agrees_or_is_silent(lab: Make) -> None:
    place = lab()
    place.git('switch', '-q', '-c', 'dev')
    place.write('gitexp.yaml', f'{CONFIG}trunk: dev\n')
    place.commit('another trunk')
    place.git('config', 'gitexp.trunk', 'dev')
    assert place.exp('list') == 3
    place.git('branch', '-qf', 'main', 'dev')
    place.ok('list')
    place.git('branch', '-qD', 'main')
    place.ok('list')


def test_the_rules_of_one_repository_do_not_judge_the_commit_of_another(lab: Make) -> None:
    place, loose = lab(), lab('loose')
    place.ok('hook', 'install')
    loose.write('gitexp.yaml', CONFIG.replace(', eval.py', ''))
    loose.commit('nothing that measures is frozen here')
    loose.write('eval.py', 'cheat\n')

    done = loose.git('commit', '-m', 'cheat', 'eval.py', check=False, GIT_DIR=str(place.path / '.git'), GIT_WORK_TREE=str(loose.path))

    assert done.returncode == 1
    assert 'is in another repository' in done.stderr


def test_a_moved_lab_finds_its_worktrees_again(lab: Make, tmp_path: Path) -> None:
    _experiment(lab()).write('model.py', 'not committed\n')
    shutil.move(tmp_path / 'lab', tmp_path / 'moved')
    moved = Place(tmp_path / 'moved')

    assert f"'{tmp_path}/moved/5_worktrees/one' has moved with the repository" in (moved.exp('doctor'), moved.said)[1]
    moved.exp('doctor', '--fix')
    assert f"fixed found the worktree '{tmp_path}/moved/5_worktrees/one', which has moved with the repository\n" in moved.said
    assert moved.at('5_worktrees/one').git('status', '--porcelain').stdout == ' M model.py\n'


def test_a_copied_lab_leaves_the_worktrees_of_the_other_alone(lab: Make, tmp_path: Path) -> None:
    original = _experiment(lab())
    shutil.copytree(tmp_path / 'lab', tmp_path / 'copy', symlinks=True)
    copy = Place(tmp_path / 'copy')
    before = {path: path.read_bytes() for path in sorted((tmp_path / 'lab').rglob('*')) if path.is_file()}

    copy.ok('close', 'one')
    copy.exp('doctor', '--fix')
    way = copy.said.partition('that this one was copied from, and is left alone')[2].split('do: ')[1].splitlines()[0]
    copy.ok('new', 'two')

    assert {path: path.read_bytes() for path in before} == before
    assert way == f'rm -r {tmp_path}/copy/.git/worktrees/one'
    assert _states(original)['one'] == 'open' and _states(copy) == {'old': 'rows', 'one': 'closed', 'two': 'open'}


def test_a_branch_that_is_deleted_by_hand_can_be_brought_back(lab: Make) -> None:
    root = lab()
    one = _experiment(root)
    _accepted(one, 'exp(one): x')
    one.ok('eval', '--seeds', '1')
    measured = one.git('rev-parse', 'HEAD').stdout.strip()
    _accepted(one, 'exp(one): y')
    tip = one.git('rev-parse', 'HEAD').stdout.strip()
    root.git('-c', 'core.hooksPath=/dev/null', 'update-ref', '-d', 'refs/heads/exp/one')

    for words in (['eval'], ['close']):
        assert one.exp(*words) == 3
        assert one.talk.endswith('git exp: the branch exp/one is gone, and its worktree is there\nhint: git exp doctor\n')
    assert root.exp('doctor') == 1
    says = f"the branch exp/one is gone, and its worktree '{one.path}' is there; its rows stay\n{'':21}do: git branch exp/one {tip}\n"
    assert says in root.said
    (root.path / '.git/worktrees/one/logs/HEAD').unlink()
    assert (root.exp('doctor'), f'do: git branch exp/one {measured}\n' in root.said) == (1, True), 'the ledger knows one, too'
    root.git('branch', 'exp/one', tip)
    assert one.git('status', '--porcelain').stdout == ''
    one.ok('close')
