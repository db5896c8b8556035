"""Writing below a folder that somebody else writes to as well."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitexp.core import beneath, files


def test_folders_are_made_where_they_are_missing(tmp_path: Path) -> None:
    beneath.make(tmp_path / 'a/b', tmp_path)
    beneath.make(tmp_path / 'a/b', tmp_path)

    assert (tmp_path / 'a/b').is_dir()


def test_no_link_on_the_way_is_followed_but_above(tmp_path: Path) -> None:
    (tmp_path / 'there').mkdir()
    (tmp_path / 'link').symlink_to('there')
    with pytest.raises(OSError, match=f"'{tmp_path}/link'"):
        files.replace(tmp_path / 'link/deep/file', 'x', top=tmp_path)
    assert not os.listdir(tmp_path / 'there')

    files.replace(tmp_path / 'link/deep/file', 'x', top=tmp_path / 'link')
    assert (tmp_path / 'there/deep/file').read_text() == 'x'


@pytest.mark.parametrize('put', [os.link, os.symlink])
def test_what_is_written_beside_is_a_new_file(tmp_path: Path, put: object) -> None:
    (tmp_path / 'other').write_text('other')
    assert callable(put)
    put(tmp_path / 'other', tmp_path / f'.file.{os.getpid()}')
    files.replace(tmp_path / 'file', 'x', top=tmp_path)

    assert sorted(os.listdir(tmp_path)) == ['file', 'other'] and (tmp_path / 'other').read_text() == 'other'


@pytest.mark.parametrize(('paths', 'first'), [
    (['a/b/c'], 'a/b'), (['a', 'a/x'], None), (['none/b'], None), (['a/x', 'a/b'], 'a/b'), ([], None),
])
def test_the_first_link_is_named(tmp_path: Path, paths: list[str], first: str | None) -> None:
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a/b').symlink_to('nowhere')

    assert beneath.link(paths, tmp_path) == first
