"""A machine with GPUs: the driver's library, made of fake_nvml.c, and a file in which a test says how they are."""
from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name('fake_nvml.c')
LIBRARY = 'libnvidia-ml.so.1'


def build(folder: Path, *words: str) -> Path:
    """Make the library; returns its folder."""
    if not shutil.which('gcc'):
        pytest.skip('there is no gcc to make a library of')
    options = ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', f'-Wl,-soname,{LIBRARY}', *words]
    subprocess.run(['gcc', *options, '-o', folder / LIBRARY, SOURCE], check=True)
    return folder


class Machine:
    """`env` is what a process needs to see its GPUs; `uuids` are nobody else's, so that tests wait for no other test."""

    def __init__(self, library: Path, file: Path, count: int) -> None:
        self.file = file
        self.count = count
        self.prefix = f'GPU-{uuid.uuid4().hex}'
        self.env = {'LD_LIBRARY_PATH': str(library), 'FAKE_NVML': str(file)}
        self.say()

    @property
    def uuids(self) -> list[str]:
        return [f'{self.prefix}-{number}' for number in range(self.count)]

    def say(self, **lines: object) -> None:
        """Have the driver say this from now on; '_' in a name is '.'."""
        said = {'count': self.count, 'uuid': self.prefix, **{name.replace('_', '.'): value for name, value in lines.items()}}
        beside = self.file.with_suffix('.new')
        beside.write_text(''.join(f'{name} {value}\n' for name, value in said.items()))
        os.replace(beside, self.file)


@contextmanager
def machine(library: Path, folder: Path, count: int = 1) -> Iterator[Machine]:
    """A machine whose lock files are removed from where all users have theirs."""
    made = Machine(library, folder / 'nvml.txt', count)
    try:
        yield made
    finally:
        for place in ('/run/lock', '/dev/shm', '/tmp'):
            for path in Path(place).glob(f'gitexp-{made.prefix}*'):
                path.unlink()
