"""Path patterns mean in Python what they mean in git."""
from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from place import Place
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from gitexp.core.errors import Usage
from gitexp.git.command import Git
from gitexp.rules import pattern


@pytest.mark.parametrize(('said', 'path', 'covered'), [
    ('eval.py', 'eval.py', True),
    ('eval.py', 'EVAL.py', True),
    ('eval.py', 'sub/eval.py', False),
    ('eval.py', 'eval.py/below', True),
    ('eval.py', 'eval.pyc', False),
    ('/eval.py', 'eval.py', True),
    ('./a//b/', 'a/b/c', True),
    ('*_journal.md', 'my_journal.md', True),
    ('*_journal.md', 'sub/my_journal.md', False),
    ('**/x', 'x', True),
    ('**/x', 'a/b/x', True),
    ('a/**', 'a/b/c', True),
    ('a/**', 'a', False),
    ('a/**/z', 'a/z', True),
    ('a/**/z', 'a/b/c/z', True),
    ('a**z', 'a/z', False),
    ('data/*/raw', 'data/x/raw/file', True),
    ('[a-c]x', 'bx', True),
    ('[!a-c]x', 'bx', False),
    ('[!a-c]x', '/x', False),
    ('a[1].py', 'a[1].py', True),
    (r'a\*', 'a*', True),
    (r'a\*', 'ab', False),
    ('é.md', 'e\u0301.md', True),
    ('e\u0301.md', 'É.md', True),
    ('', 'anything', True),
    ('.', 'any/thing', True),
])
def test_what_is_covered(said: str, path: str, covered: bool) -> None:
    assert pattern.of(said).covers(path) == covered


@pytest.mark.parametrize('said', ['../x', 'a/../b', '!x', 'a[b', 'a\\', '[[:alpha:]]', 'a[b/c]'])
def test_what_git_would_never_match_is_refused(said: str) -> None:
    with pytest.raises(Usage, match='pattern'):
        pattern.of(said)


NAMES = [
    'a', 'A', 'b', 'ab', 'aB', 'abc', 'a.b', '[a]', 'a*', 'x-y', '-', 'z\\', 'é', 'e\u0301', 'É', 'ſ', '\u212a', ' ', "'", 'a\nb', '_',
    ']', '!', '^',
]
_step = some.one_of(
    some.sampled_from(['*', '**', '?', 'a', 'A', 'ab', 'a*', '*b', '**b', 'a**', '[a-b]*', '[!a]', '[^a-]', '[]a]', '[+-_]', '[A-B]']),
    some.sampled_from([r'\a', r'\*', r'\[a\]', 'é']),
    some.text(some.sampled_from('aAbB*?.[]-!_^\\é'), min_size=1, max_size=5),
)
_patterns = some.lists(_step, min_size=1, max_size=4).map('/'.join)


@pytest.fixture(scope='module')
def forest(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """A repository with every name at two depths, in the index alone."""
    place = Place(tmp_path_factory.mktemp('forest'))
    place.git('init', '-q')
    git = Git(place.path)
    blob = git.ask('hash-object', '-w', '--stdin').text
    paths = [*NAMES, *(f'd{one}/{other}' for one in NAMES for other in NAMES), *(f'deep/a/b/{one}' for one in NAMES)]
    git.ask('update-index', '-z', '--index-info', feed=b''.join(f'100644 {blob}\t{path}\0'.encode() for path in paths))
    return git


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=_patterns)
@example('d**/b/*')
@example('deep/a**/b')
def test_git_and_python_agree(forest: Git, said: str) -> None:
    try:
        made = pattern.of(said)
    except Usage:
        return
    paths = forest.ask('ls-files', '-z').names
    selected = set(forest.ask('ls-files', '-z', '--', *made.pathspecs).names)
    odd = set(forest.ask('ls-files', '-z', '--', *pattern.ODD).names)
    covered = {path for path in paths if made.covers(path)}

    assert {path for path in covered if path.isascii()} == {path for path in selected if path.isascii()}
    assert covered <= selected | odd, 'what git does not select is not protected by the hook'
    assert {path for path in paths if not path.isascii()} <= odd


@given(some.text(max_size=6))
def test_forms_of_a_name_fold_into_one(text: str) -> None:
    assert pattern.fold(text) == pattern.fold(unicodedata.normalize('NFD', text))
    assert pattern.fold(pattern.fold(text)) == pattern.fold(text)


def test_a_tree_is_selected_like_an_index(forest: Git, tmp_path: Path) -> None:
    tree = forest.ask('write-tree').text
    empty = forest.ask('hash-object', '-t', 'tree', '--stdin').text
    for said in ('a', 'dA/**', '**/b', 'd?/[a-c]*', 'deep/*/b', '[a]', '**'):
        specs = pattern.of(said).pathspecs
        in_tree = forest.ask('diff-tree', '-r', '-z', '--name-only', empty, tree, '--', *specs).names
        assert in_tree == forest.ask('ls-files', '-z', '--', *specs).names


@pytest.mark.parametrize(('inside', 'folder'), [
    ('data/**', 'data'), ('data/*', 'data'), ('/data//**/', 'data'), ('data/**/*', 'data'), ('a/data/**', 'a/data'),
    ('a/*/data/***', 'a/*/data'), ('data', 'data'), ('data/', 'data'), ('data/*.csv', 'data/*.csv'), ('data/*/**', 'data/*/**'),
    ('d?ta/**', 'd?ta/**'), ('**', '**'),
])
def test_the_folder_that_a_pattern_fills_is_known_where_it_is_one(inside: str, folder: str) -> None:
    assert pattern.holding(pattern.of(inside)).said == folder


@pytest.mark.parametrize(('inside', 'folders'), [
    ('data/train/**', ['data', 'data/train']), ('data/*/x.bin', ['data']), ('x.bin', []), ('**/x', []), ('a]/x', ['a]']), ('Ä-/x', ['Ä-']),
])
def test_the_way_to_what_is_named_is_folders_and_not_what_is_in_them(tmp_path: Path, inside: str, folders: list[str]) -> None:
    ways = pattern.ways(pattern.of(inside))
    assert [one.said for one in ways] == folders
    place = Place(tmp_path)
    place.git('init', '-q')
    for folder, way in zip(folders, ways):
        assert way.covers(folder.upper()) and not way.covers(f'{folder}/x') and not way.covers(f'{folder}x')
        for name, there in ((folder, True), (f'{folder}/x', False)):
            place.git('rm', '-q', '-r', '--cached', '--ignore-unmatch', '.')
            oid = place.git('hash-object', '-w', '--stdin').stdout.strip()
            place.git('update-index', '--add', '--cacheinfo', f'100644,{oid},{name}')
            assert bool(place.git('ls-files', '--', *way.pathspecs, *pattern.ODD).stdout) == (there or not folder.isascii())
