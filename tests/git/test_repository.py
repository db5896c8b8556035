"""What a repository holds, asked for by names of any kind."""
from __future__ import annotations

from pathlib import Path

import pytest

from place import Place
from gitexp.core.errors import Refused
from gitexp.git import repository
from gitexp.git.command import Git


def test_a_name_with_line_ends_is_one_name(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.git('init', '-q')
    for name, text in {'a\nb/c': 'one', 'd\r': 'four', 'e': '5'}.items():
        place.write(name, text)
    place.commit('names')
    names = ['HEAD:a\nb/c', 'HEAD:d', 'HEAD:d\r', 'HEAD:x\ny', 'HEAD:e']
    assert [bool(one) for one in repository.objects(Git(tmp_path), names)] == [True, False, True, False, True]
    assert repository.sizes(Git(tmp_path), names) == [3, 0, 4, 0, 1]
    assert [found and found[1] for found in repository.contents(Git(tmp_path), names)] == [b'one', None, b'four', None, b'5']


def test_a_blob_is_read_as_git_writes_it_and_one_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.git('init', '-q')
    place.write('a', 'line\n' * 100_000)
    place.commit('one')
    git = Git(tmp_path)
    oid, = repository.objects(git, ['HEAD:a'])
    assert oid
    with repository.reading(git, oid) as file:
        assert file.readline() == b'line\n' and sum(1 for _ in file) == 99_999
    with repository.reading(git, oid) as file:
        file.readline()  # What is left git cannot write to anybody.
    kept = tmp_path / '.git/objects' / oid[:2] / oid[2:]
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-40])
    with pytest.raises(Refused, match=f'{oid} cannot be read'), repository.reading(git, oid) as file:
        file.read()


def test_a_git_directory_is_asked_though_git_is_to_find_none_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, bare = Place(tmp_path / 'a'), tmp_path / 'a/within'
    place.path.mkdir()
    place.git('init', '-q')
    place.write('a', '1')
    place.commit('one')
    place.git('init', '-q', '--bare', str(bare))
    for name, value in {'COUNT': '1', 'KEY_0': 'safe.bareRepository', 'VALUE_0': 'explicit'}.items():
        monkeypatch.setenv(f'GIT_CONFIG_{name}', value)

    assert repository.blob(Git(place.path / '.git'), 'HEAD:a') == b'1'
    assert Git(place.path / '.git').ask('rev-parse', '--is-inside-work-tree').text == 'false'
    assert Git(repository.place(place.path).common).run('status').code
    with pytest.raises(Refused):
        repository.place(bare)


def test_a_commit_is_known_by_its_beginning_unless_a_branch_is_called_so(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.git('init', '-q')
    place.write('a', '1')
    one = place.commit('one')
    place.write('a', '2')
    two = place.commit('two')
    place.git('branch', one[:8], two)
    tree = place.git('rev-parse', 'HEAD^{tree}').stdout.strip()

    names = [one[:7], one[:8], two, tree, 'HEAD', '0' * 40, None]
    assert repository.commits(Git(tmp_path), names) == {one[:7]: one, two: two}
