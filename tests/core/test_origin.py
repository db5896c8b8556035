"""Which repository something was begun in."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gitexp.core import origin, process


def test_a_repository_is_the_same_after_it_was_moved_and_another_one_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / 'first').mkdir()
    said = origin.of(tmp_path / 'first')
    shutil.copytree(tmp_path / 'first', tmp_path / 'copy')
    (tmp_path / 'first').rename(tmp_path / 'moved')

    assert not origin.is_other(tmp_path / 'moved', said) and origin.is_other(tmp_path / 'copy', said)


@pytest.mark.parametrize('numbers, is_other', [(process.numbers(), True), ('another-boot pid:[1]', False), ('', False)])
def test_a_device_may_have_another_number_where_it_is_mounted_elsewhere_or_later(tmp_path: Path, numbers: str, is_other: bool) -> None:
    inode, device, _ = origin.of(tmp_path).split(' ', 2)

    assert origin.is_other(tmp_path, f'{inode} {int(device) + 1} {numbers}') is is_other
    assert not origin.is_other(tmp_path, f'{inode} {device} {numbers}')


@pytest.mark.parametrize('said', ['', ' ', ' 1 x'])
def test_what_was_not_noted_is_no_other(tmp_path: Path, said: str) -> None:
    assert not origin.is_other(tmp_path, said)
