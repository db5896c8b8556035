"""What a repository holds, asked for by names of any kind."""
from __future__ import annotations

from pathlib import Path

from place import Place

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
