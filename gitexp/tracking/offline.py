"""wandb's own file of a run: which keys were logged, and whether it came to its end.

The file is a log of LevelDB's format (github.com/google/leveldb, doc/log_format.md) behind a header of seven bytes: blocks of 32768
bytes, records cut at their ends, and a CRC-32 of type and data. A record is a protobuf message, of which five fields are read here,
since the package that knows them all takes 400 ms to import and need not be installed. What was cut off while it was written, or does
not fit its checksum, ends the reading.
"""
from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gitexp.core import files

_MAGIC = b':W&B\xe1\xbe'
_HEADER = 7  # of the file as of a record
_BLOCK = 32768
_FULL, _FIRST, _LAST = 1, 2, 4
_HISTORY, _SUMMARY, _EXIT = 2, 3, 18
_ITEM, _KEY, _NESTED, _VALUE = 1, 1, 2, 16


def keys(path: Path) -> set[str]:
    """The names that were logged, with a dot before what is nested; none where there is no such file."""
    try:
        with files.opened(path) as file:
            return {key for record in records(file) for key in _keys(record)}
    except OSError:
        return set()


def is_whole(path: Path) -> bool:
    """Whether the run's end is in the file."""
    try:
        with files.opened(path) as file:
            return any(number == _EXIT for record in records(file) for number, _ in _fields(record))
    except OSError:
        return False


def records(file: BinaryIO) -> Iterator[bytes]:
    """The records up to the first that is cut off or spoilt."""
    if file.read(_HEADER)[:len(_MAGIC)] != _MAGIC:
        return
    left = _BLOCK - _HEADER
    begun: bytes | None = None  # a first part may be empty
    while True:
        if left < _HEADER:
            file.read(left)
            left = _BLOCK
        head = file.read(_HEADER)
        if len(head) < _HEADER:
            return
        checksum, size, kind = struct.unpack('<IHB', head)
        data = file.read(size)
        left -= _HEADER + size
        if left < 0 or len(data) < size or zlib.crc32(data, zlib.crc32(head[-1:])) != checksum:
            return
        if (begun is None) != (kind in (_FULL, _FIRST)):
            return
        begun = (begun or b'') + data
        if kind in (_FULL, _LAST):
            yield begun
            begun = None


def _keys(record: bytes) -> Iterator[str]:
    for number, data in _fields(record):
        for inner, item in _fields(data) if number in (_HISTORY, _SUMMARY) else ():
            if inner == _ITEM:
                yield from _named(list(_fields(item)))


def _named(fields: list[tuple[int, bytes]]) -> Iterator[str]:
    """The name of an item; old versions of wandb keep what is nested as a JSON object."""
    plain = next((data.decode('utf-8', 'replace') for number, data in fields if number == _KEY and data), None)
    name = plain or '.'.join(data.decode('utf-8', 'replace') for number, data in fields if number == _NESTED)
    value = next((data for number, data in fields if number == _VALUE), b'')
    try:
        said = json.loads(value) if value.startswith(b'{') else None
    except (ValueError, RecursionError):
        said = None
    yield from _leaves(name, said)


def _leaves(name: str, said: object) -> Iterator[str]:
    if isinstance(said, dict) and said and '_type' not in said:  # With a type it is a picture, a table or the like.
        for key, value in said.items():
            yield from _leaves(f'{name}.{key}', value)
    else:
        yield name


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a protobuf message that have a length, up to where it cannot be understood; numbers are passed over."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        wire = tag & 7
        size, at = _number(message, at) if wire in (0, 2) else ({1: 8, 5: 4}.get(wire, len(message)), at)
        if wire == 0:
            continue
        if at + size > len(message):
            return
        if wire == 2:
            yield tag >> 3, message[at:at + size]
        at += size


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A variable-length number, and where it ends."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            break
    return value, at
