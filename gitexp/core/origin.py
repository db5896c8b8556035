"""In which repository something was begun: a copy of it has all of its files, and none of its locks and processes."""
from __future__ import annotations

import os
from pathlib import Path

from gitexp.core import process


def of(common: Path) -> str:
    """Which repository this is, by its common folder: one that is moved within a file system keeps its inode, wherever that is mounted."""
    found = os.stat(common)
    return f'{found.st_ino} {found.st_dev} {process.numbers()}'


def is_other(common: Path, said: str) -> bool:
    """Whether something was begun in another repository than this one, as far as that was noted.

    A copy of the whole file system has the inodes as well, and another device. A device may have another number whenever it is mounted,
    and is asked only where the processes are numbered as they were then: a file system that a run works in is not mounted anew.
    """
    inode, device, numbers = [*said.split(' ', 2), '', ''][:3]
    now_inode, now_device, now_numbers = of(common).split(' ', 2)
    return bool(inode) and (inode != now_inode or (device != now_device and bool(numbers) and numbers == now_numbers))
