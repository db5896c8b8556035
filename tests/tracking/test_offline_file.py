"""wandb's own file, as wandb writes it and however it was cut off."""
from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitexp.tracking import offline

BLOCK = 32768
WRITER = """
import sys, wandb
run = wandb.init(mode='offline', dir=sys.argv[1], project='p', config={'lr': 0.1}, settings=wandb.Settings(silent=True, console='off'))
for at in range(60):
    run.log({'loss': 1 / (at + 1), 'nested': {'a': at, 'b': {'c': 1}}, 'what a key: x/y': 1, f'text-{at}': 'x' * 300})
run.summary['score'] = 2.0
run.finish()
"""


def written(records: Sequence[bytes]) -> bytes:
    """A file as the format's description has it."""
    out = bytearray(b':W&B\xe1\xbe\x00')
    for record in records:
        rest, first = record, True
        while True:
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out += bytes(room)
                room = BLOCK
            part, rest = rest[:room - 7], rest[room - 7:]
            kind = (1 if first else 4) if not rest else (2 if first else 3)
            out += struct.pack('<IHB', zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            first = False
            if not rest:
                break
    return bytes(out)


def read(data: bytes) -> list[bytes]:
    return list(offline.records(io.BytesIO(data)))


def around(size: int) -> st.SearchStrategy[int]:
    return st.integers(max(0, size - 20), size + 20)


SIZES = st.one_of(st.integers(0, 50), around(BLOCK - 14), around(BLOCK), around(2 * BLOCK), st.integers(0, 3 * BLOCK))


@given(st.lists(SIZES, max_size=4), st.data())
@settings(deadline=None, max_examples=40)
def test_whatever_is_cut_off_the_records_before_it_are_read(sizes: list[int], data: st.DataObject) -> None:
    records = [bytes([number]) * size for number, size in enumerate(sizes)]
    whole = written(records)
    assert read(whole) == records

    cut = read(whole[:data.draw(st.integers(0, len(whole)))])
    assert cut == records[:len(cut)]


@given(st.lists(SIZES, min_size=1, max_size=3), st.data())
@settings(deadline=None, max_examples=40)
def test_a_spoilt_byte_ends_the_reading(sizes: list[int], data: st.DataObject) -> None:
    records = [bytes([number]) * size for number, size in enumerate(sizes)]
    whole = bytearray(written(records))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))

    found = read(bytes(whole))
    assert found == records[:len(found)]


@given(st.binary(max_size=300))
def test_no_record_is_too_odd(record: bytes) -> None:
    path = io.BytesIO(written([record]))
    for one in offline.records(path):
        list(offline._keys(one))


def test_a_folder_or_nothing_has_no_keys(tmp_path: Path) -> None:
    assert offline.keys(tmp_path) == offline.keys(tmp_path / 'none') == set()
    assert not offline.is_whole(tmp_path) and not offline.is_whole(tmp_path / 'none')


@pytest.fixture(scope='module')
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a run that wandb itself has written."""
    pytest.importorskip('wandb', reason='wandb is not installed')
    folder = tmp_path_factory.mktemp('real')
    subprocess.run([sys.executable, '-c', WRITER, str(folder)], check=True, cwd=folder, env={**os.environ, 'HOME': str(folder)})
    return next(folder.glob('wandb/offline-run-*/run-*.wandb'))


def test_a_real_file_and_all_that_can_be_left_of_it(real: Path, tmp_path: Path) -> None:
    assert {key for key in offline.keys(real) if not key.startswith(('_', 'text-'))} == {
        'loss', 'nested.a', 'nested.b.c', 'what a key: x/y', 'score',
    }
    assert offline.is_whole(real)
    data = real.read_bytes()
    assert len(data) > BLOCK
    records, path = read(data), tmp_path / 'cut.wandb'
    for size in [*range(0, len(data), 499), *range(BLOCK - 9, BLOCK + 9), len(data) - 1]:
        path.write_bytes(data[:size])
        cut = read(data[:size])
        assert cut == records[:len(cut)] and not offline.is_whole(path) and offline.keys(path) <= offline.keys(real)


def test_what_is_nested_is_named_alike_by_old_versions() -> None:
    def field(number: int, data: bytes) -> bytes:
        tag = number << 3 | 2
        return (bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])) + bytes([len(data)]) + data
    old = field(1, b'nested') + field(16, b'{"a": {"b": 1}, "image": {"_type": "image-file", "size": 3}}')
    new = field(2, b'nested') + field(2, b'a') + field(2, b'b') + field(16, b'1')

    assert set(offline._keys(field(2, field(1, old)))) == {'nested.a.b', 'nested.image'}
    assert set(offline._keys(field(3, field(1, new)))) == {'nested.a.b'}
    assert set(offline._keys(field(5, field(1, new)))) == set()
