"""How many paths commits change, counted as git would list them."""
from __future__ import annotations

import pytest
from place import Place

from gitexp.core.errors import Refused
from gitexp.git import extent, history
from gitexp.git.command import Git


@pytest.mark.parametrize('form', ['sha1', 'sha256'])
def test_as_many_are_counted_as_git_lists(repository: Place, form: str) -> None:
    place = repository.at('other')
    place.path.mkdir()
    place.git('init', '-q', f'--object-format={form}')
    for step, files in enumerate([['a', 'b/c', 'b/d/e'], ['b/c', 'x/c', 'x/d/e'], ['a/below', 'b/d/e', 'b/d/f'], ['b/d/f']]):
        place.git('rm', '-q', '-r', '--ignore-unmatch', 'a')
        for name in files:
            place.write(name, f'{step}\n')
        place.commit(f'{step}')
    git = Git(place.path)
    commits = history.new(git, ['HEAD'], [])
    listed = git.ask('log', '--root', '--no-renames', '--format=', '--name-only', '-z', 'HEAD').names
    assert len(listed) == 12
    extent.refuse_more(git, commits, len(listed))
    with pytest.raises(Refused, match='more than 11 paths'):
        extent.refuse_more(git, commits, len(listed) - 1)


def test_a_merge_counts_from_the_parent_that_is_nearest(repository: Place) -> None:
    repository.git('switch', '-q', '-c', 'side')
    repository.write('mine', 'm')
    repository.commit('mine')
    repository.git('switch', '-q', '-')
    for number in range(30):
        repository.write(f'many/{number}', 'x')
    many = repository.commit('many')
    repository.git('switch', '-q', 'side')
    repository.git('merge', '-q', '--no-edit', many)
    git = Git(repository.path)
    extent.refuse_more(git, history.new(git, ['side'], [many]), 2)


@pytest.mark.parametrize('mode', ['40755', '040000', '240000'])
def test_a_folder_is_one_by_whatever_mode_git_takes_for_it(repository: Place, mode: str) -> None:
    def made(kind: str, data: bytes) -> str:
        (repository.path / 'made').write_bytes(data)
        return repository.git('hash-object', '-w', '-t', kind, '--literally', 'made').stdout.strip()
    name, kind, entry = made('blob', b'x'), 'tree', '100644'
    for _ in range(3):
        name, entry = made(kind, b''.join(f'{entry} {number}\0'.encode() + bytes.fromhex(name) for number in range(5))), mode
    tip = repository.git('commit-tree', '-m', 'many', name).stdout.strip()
    git = Git(repository.path)
    listed = git.ask('diff-tree', '--root', '-r', '--name-only', '--no-commit-id', '-z', tip).names
    assert len(listed) == 125
    extent.refuse_more(git, history.new(git, [tip], []), 125)
    with pytest.raises(Refused, match='more than 124 paths'):
        extent.refuse_more(git, history.new(git, [tip], []), 124)
