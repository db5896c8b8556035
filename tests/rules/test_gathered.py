"""What differs between many trees is what differs between each two of them, whatever the paths are called."""
from __future__ import annotations

from pathlib import Path

from place import Place

from gitexp.git.command import Git
from gitexp.rules import change, gathered

STATES = ({'a': '1'}, {'a': '2', 'b\nc': 'x'}, {':a': '1', '\n': 'y'}, {'f/g': '1', '\n:h': 'z', 'ünï': ''}, {'a': '1'})


def test_trees_are_told_apart_by_one_process(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.git('init', '-q')
    trees = []
    for state in STATES:
        for name, text in state.items():
            place.write(name, text)
        place.git('add', '-A')
        trees.append(place.git('write-tree').stdout.strip())
        place.git('rm', '-q', '-r', '-f', '.')

    git = Git(tmp_path)
    for one in trees:
        found = gathered.apart(git, one, trees)
        assert found == {other: change.pairs(git.ask('diff-tree', *change.RAW, other, one).names) for other in trees}
        assert [other for other, differs in found.items() if not differs] == [one]
    assert gathered.apart(git, trees[0], []) == {}
