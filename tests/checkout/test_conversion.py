"""Filters and attributes that would make the checkout hold other files than the commit."""
from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from place import CONFIG, Place
from gitexp.checkout import checkout
from gitexp.core.errors import Integrity, Refused
from gitexp.lab.lab import Lab
from stories import change, experiment, rows

SMUDGE = {'smudge': 'sed s/2/0/', 'clean': 'sed s/0/2/'}
LFS = {'smudge': 'git-lfs smudge -- %f', 'clean': 'git-lfs clean -- %f', 'process': '', 'required': 'true'}
FAKE_LFS = '''\
#!/bin/sh
case $1 in
clean) cat ;;
smudge) cat "$(dirname "$0")/$(sed -n 's/^oid sha256://p')" ;;
esac
'''
BIG = b'score = 7.0\n'


def driver(lab: Place, said: dict[str, str], *words: str, name: str = 'evil') -> None:
    for key, value in said.items():
        lab.git('config', *words, f'filter.{name}.{key}', value)


def model(lab: Place, commit: str) -> str:
    """What the checkout has for model.py, which says 'score = 2.0' in the commit."""
    return (checkout.bring(Lab.find(lab.path), commit) / 'model.py').read_text()


@pytest.fixture
def commit(lab: Place) -> str:
    return experiment(lab).git('rev-parse', 'HEAD').stdout.strip()


@pytest.mark.parametrize('words', [(), ('--global',)], ids=['lab', 'person'])
@pytest.mark.parametrize('said', [
    SMUDGE, {'smudge': 'sed s/2/0/', 'required': 'true'}, {'process': 'false', 'required': 'true'},
    {**LFS, 'smudge': 'git-lfs smudge -- %f; echo'},
], ids=['smudge', 'required', 'process', 'like-lfs'])
def test_a_filter_has_no_say(lab: Place, commit: str, words: tuple[str, ...], said: dict[str, str]) -> None:
    driver(lab, said, *words)
    lab.write('.git/info/attributes', 'model.py filter=evil\n')

    assert model(lab, commit) == 'score = 2.0\n'


@pytest.mark.parametrize('name', ['a=b', 'a.b', 'Big', 'lfs'])
def test_whatever_it_is_called(lab: Place, commit: str, name: str) -> None:
    driver(lab, SMUDGE, name=name)
    lab.write('.git/info/attributes', f'model.py filter={name}\n')

    assert model(lab, commit) == 'score = 2.0\n'


def test_a_filter_that_only_the_checkout_would_see_has_none_either(lab: Place, commit: str, tmp_path: Path) -> None:
    (tmp_path / 'more').write_text('[filter "evil"]\n\tsmudge = sed s/2/0/\n')
    lab.git('config', '--global', f'includeIf.gitdir:**/{checkout.NAME}.path', str(tmp_path / 'more'))
    lab.write('.git/info/attributes', 'model.py filter=evil\n')
    checkout.bring(Lab.find(lab.path), 'main')

    assert model(lab, commit) == 'score = 2.0\n'


@pytest.mark.parametrize('name', ['evil', ''], ids=['named', 'nameless'])
def test_nor_has_one_that_is_set_up_later_as_while_an_evaluation_waits(lab: Place, name: str) -> None:
    idea = experiment(lab)
    plain = idea.git('rev-parse', 'HEAD').stdout.strip()
    idea.write('.gitattributes', f'model.py filter={name}\n')
    commit = idea.commit('exp(idea): attributes')
    found = Lab.find(lab.path)
    checkout.bring(found, plain)
    driver(lab, SMUDGE, name=name)

    for one in (commit, commit, plain, commit):
        assert (checkout.bring(found, one) / 'model.py').read_text() == 'score = 2.0\n'


def test_nor_one_that_is_named_where_git_alone_looks(lab: Place) -> None:
    idea = experiment(lab)
    (idea.path / '.gitattributes').symlink_to('model.py filter=evil')  # git reads where it leads to as attributes
    commit = idea.commit('exp(idea): attributes')
    found = Lab.find(lab.path)
    driver(lab, SMUDGE)

    assert (checkout.bring(found, commit) / 'model.py').read_text() == 'score = 2.0\n'


def test_an_experiment_with_a_filter_is_measured_as_it_is_committed(lab: Place) -> None:
    driver(lab, {**SMUDGE, 'clean': 'cat'}, '--global')
    idea = experiment(lab)
    idea.write('.gitattributes', 'model.py filter=evil\n')
    idea.commit('exp(idea): attributes')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['score'] == '2.001'


def test_a_filter_is_not_hidden_by_a_variable_that_only_one_command_of_git_heeds(lab: Place) -> None:
    driver(lab, {**SMUDGE, 'clean': 'cat'}, '--global')
    idea = experiment(lab)
    idea.write('.gitattributes', 'model.py filter=evil\n')
    idea.commit('exp(idea): attributes')
    idea.ok('eval', '--seed', '1', GIT_CONFIG='/dev/null')

    assert rows(lab)[0]['score'] == '2.001'


@pytest.fixture
def stored(lab: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of git-lfs, and where it has the file that model.py in the commit 'idea' points to."""
    store = tmp_path / 'bin'
    store.mkdir()
    (store / 'git-lfs').write_text(FAKE_LFS)
    (store / 'git-lfs').chmod(0o755)
    monkeypatch.setenv('PATH', f'{store}{os.pathsep}{os.environ["PATH"]}')
    driver(lab, {key: value for key, value in LFS.items() if value}, '--global', name='lfs')
    name = hashlib.sha256(BIG).hexdigest()
    idea = experiment(lab, model_py=f'version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(BIG)}\n')
    idea.write('.gitattributes', 'model.py filter=lfs diff=lfs merge=lfs -text\nodd.py filter=lfs\n')
    (idea.path / 'odd.py').symlink_to('nowhere')
    idea.commit('exp(idea): large')
    (store / name).write_bytes(BIG)
    return store / name


def test_files_of_git_lfs_are_there(lab: Place, stored: Path) -> None:
    assert model(lab, 'exp/idea') == BIG.decode()
    assert model(lab, 'exp/idea') == BIG.decode()

    lab.git('config', '--global', 'filter.lfs.smudge', 'git-lfs smudge --skip -- %f')
    stored.with_name('git-lfs').write_text('#!/bin/sh\ncat\n')
    assert model(lab, 'exp/idea').startswith('version ')  # What was written before does not stay.


@pytest.mark.parametrize('other', [b'score = 0.0\n', b''], ids=['another', 'empty'])
def test_and_are_what_the_commit_names_whatever_program_has_written_them(lab: Place, stored: Path, other: bytes) -> None:
    stored.write_bytes(other)
    with pytest.raises(Integrity, match="git-lfs has written something else than the commit names: 'model.py'"):
        model(lab, 'exp/idea')

    stored.write_bytes(BIG)
    assert model(lab, 'exp/idea') == BIG.decode()


def test_an_input_that_git_lfs_keeps_is_measured_on_itself_and_never_on_its_pointer(lab: Place, stored: Path) -> None:
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [model.py]\n')
    lab.write('eval.py', "print('score:', 1 + open('model.py').read().startswith('version'))\n")
    lab.git('add', 'gitexp.yaml', 'eval.py')
    lab.git('checkout', '-q', 'exp/idea', '--', 'model.py', '.gitattributes')
    lab.git('commit', '-q', '-m', 'the model is an input')
    idea = lab.at('5_worktrees/idea')
    idea.git('reset', '-q', '--hard', 'main')
    idea.ok('eval', '--seed', '1')
    idea.write('.gitattributes', '')
    idea.git('commit', '-q', '-m', 'exp(idea): no filter', '.gitattributes')
    idea.git('update-index', '--assume-unchanged', 'model.py')

    assert idea.exp('eval', '--seed', '2') == 3
    assert "'model.py' is a pointer of git-lfs in the checkout, and not the file that it names" in idea.talk
    assert [row['score'] for row in rows(lab)] == ['1.0']


def test_what_is_no_pointer_stays_as_it_is_committed(lab: Place, stored: Path) -> None:
    idea = lab.at('5_worktrees/idea')
    change(idea, model_py='score = 2.0\n')
    stored.with_name('git-lfs').write_text('#!/bin/sh\ncase $1 in clean) cat ;; smudge) sed s/2/0/ ;; esac\n')
    assert idea.exp('eval', '--seed', '1') == 5
    assert "something else than the commit names: 'model.py'" in idea.talk and rows(lab) == []


def test_a_file_is_written_anew_when_the_commit_says_otherwise_how(lab: Place) -> None:
    idea = experiment(lab, model_py='score = 2.0  # $Id$\n')
    plain = idea.git('rev-parse', 'HEAD').stdout.strip()
    idea.write('.gitattributes', 'model.py ident\n')
    expanded = idea.commit('exp(idea): ident')
    idea.write('.gitattributes', 'model.py -ident\n')
    again = idea.commit('exp(idea): no ident')

    assert model(lab, plain) == 'score = 2.0  # $Id$\n'
    assert model(lab, expanded).startswith('score = 2.0  # $Id: ')
    assert model(lab, again) == 'score = 2.0  # $Id$\n'


def test_so_does_a_file_of_attributes_deep_inside(lab: Place) -> None:
    deep = '/'.join(['a_long_name_of_a_folder'] * 12)
    idea = experiment(lab, model_py='score = 2.0\n')
    idea.write(f'{deep}/x.txt', '$Id$\n')
    idea.write(f'{deep}/.gitattributes', '* -ident\n')
    plain = idea.commit('exp(idea): deep')
    idea.write(f'{deep}/.gitattributes', '* ident\n')
    expanded = idea.commit('exp(idea): ident')

    found = Lab.find(lab.path)
    assert (checkout.bring(found, plain) / deep / 'x.txt').read_text() == '$Id$\n'
    assert (checkout.bring(found, expanded) / deep / 'x.txt').read_text().startswith('$Id: ')


def test_all_is_written_anew_when_something_else_decides_how(lab: Place, commit: str) -> None:
    def written() -> int:
        return (checkout.bring(Lab.find(lab.path), commit) / 'model.py').stat().st_ctime_ns

    first = written()
    assert written() == first
    driver(lab, LFS, name='lfs')
    second = written()
    lab.write('.git/info/attributes', '*.bin filter=lfs\n')
    assert len({first, second, written()}) == 3


def test_other_attributes_leave_the_files_alone(lab: Place, commit: str) -> None:
    found = Lab.find(lab.path)
    written = (checkout.bring(found, commit) / 'eval.py').stat().st_mtime_ns
    later = change(lab.at('5_worktrees/idea'), model_py='score = 1.0\n')

    assert (checkout.bring(found, later) / 'eval.py').stat().st_mtime_ns == written


@pytest.mark.parametrize('line', [
    '*.py working-tree-encoding=UTF-7', 'model.py ident', '*.py text eol=crlf', '[attr]odd ident', '*.csv -text', '"a b" binary',
])
def test_attributes_that_no_commit_holds_may_not_convert(lab: Place, commit: str, line: str) -> None:
    lab.write('.git/info/attributes', f'# mine\n\n*.ipynb filter=nbstripout diff=ipynb\n{line}\n')

    with pytest.raises(Refused, match=r'info/attributes.* converts files: '):
        model(lab, commit)


@pytest.mark.parametrize(('macro', 'line'), [
    ('bent eol=crlf', 'model.py bent'), ('bent eol=crlf', 'model.py -bent'), ('diff ident', '*.py diff'), ('a b', '# x\n *.py a=1'),
])
def test_nor_may_those_that_a_commit_gives_a_meaning(lab: Place, macro: str, line: str) -> None:
    idea = experiment(lab)
    idea.write('.gitattributes', f'# mine\n[attr]{macro}\n')
    commit = idea.commit('exp(idea): macro')
    lab.write('.git/info/attributes', f'{line}\n')

    with pytest.raises(Refused, match=r'info/attributes.* converts files: '):
        model(lab, commit)


def test_what_only_looks_like_a_comment_is_none(lab: Place, commit: str) -> None:
    lab.write('.git/info/attributes', '\u2028#\u2028*.py model.py\nx\u2028# eol=crlf\n')

    with pytest.raises(Refused, match=r'converts files: eol=crlf'):
        model(lab, commit)


def test_those_that_do_not_convert_may_stay(lab: Place, commit: str) -> None:
    lab.write('.git/info/attributes', '# text\n*.ipynb filter=nbstripout diff=ipynb\ntext merge=union\n*.csv linguist-data -diff\n')

    assert model(lab, commit) == 'score = 2.0\n'


def test_a_run_that_fails_without_a_filter_is_told(lab: Place) -> None:
    driver(lab, {'smudge': 'git-crypt smudge', 'clean': 'cat'}, name='crypt')
    idea = experiment(lab, model_py='score = 1 / 0\n')
    idea.write('.gitattributes', '*.key filter=crypt\n')
    idea.commit('exp(idea): crypt')

    assert idea.exp('eval', '--seed', '1') == 4
    assert "the filter 'crypt' has no say in the checkout, which has the files as they are committed" in idea.talk
