"""Folders within folders."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitexp.core import deep


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folders with links and files, among them names that are numbers."""
    top = tmp_path / 'top'
    for name in ('a/b/c', 'a/0', '0/1/0/1', '1', 'e'):
        (top / name).mkdir(parents=True, exist_ok=True)
    for name in ('f', 'a/f', 'a/b/c/f', '0/1/0/1/f'):
        (top / name).write_text('')
    for name, target in (('l', '.'), ('a/l', tmp_path), ('e/l', 'l'), ('e/none', 'nowhere')):
        (top / name).symlink_to(target)
    return top


def test_it_walks_as_the_library_does(tree: Path) -> None:
    def said(found: object) -> list[object]:
        return sorted((folder, sorted(folders), sorted(others)) for folder, folders, others in found)  # type: ignore[attr-defined]

    assert said(deep.walk(tree)) == said(os.walk(tree)) and list(deep.walk(tree / 'nothing')) == []
    paths = [folder for folder, _, _ in deep.walk(tree)]
    assert all(paths.index(os.path.dirname(path)) < paths.index(path) for path in paths[1:])


def test_all_is_removed_and_nothing_that_links_lead_to(tree: Path, tmp_path: Path) -> None:
    (tmp_path / 'kept').write_text('')
    deep.remove(tree)

    assert os.listdir(tmp_path) == ['kept']


@pytest.mark.parametrize(('name', 'many'), [('d', 3000), ('d' * 255, 40)])
def test_no_folder_is_too_deep(tree: Path, name: str, many: int) -> None:
    at = os.open(tree / 'a', os.O_RDONLY)
    for _ in range(many):
        os.mkdir(name, dir_fd=at)
        inner = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)
    walked = len(list(deep.walk(tree)))
    deep.remove(tree)

    assert walked > 15 and not tree.exists()


def test_what_cannot_be_removed_is_named_by_where_it_is_then(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / 'a/b/c/stuck').write_text('')
    unlink = os.unlink

    def refuse(name: str, dir_fd: int) -> None:
        if name == 'stuck':
            raise PermissionError(1, 'Operation not permitted', name)
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, 'unlink', refuse)
    with pytest.raises(PermissionError) as error:
        deep.remove(tree)

    assert os.path.basename(error.value.filename) == 'stuck' and os.path.exists(error.value.filename)
