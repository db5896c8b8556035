"""metrics.jsonl, as programs really write it."""
from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gitexp.tracking import stream
from gitexp.tracking.stream import Point, Stream


def test_a_file_that_grows_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / 'metrics.jsonl'
    following = Stream(path)
    assert following.more() == []

    path.write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "lo')
    assert following.more() == [Point(1, {'loss': 0.5})] and following.more() == []
    with path.open('a') as file:
        file.write('ss": 0.25, "train": {"acc": 1, "deep": {"er": 2}}}\n{"loss": 3}')
    assert following.more() == [Point(2, {'loss': 0.25, 'train.acc': 1, 'train.deep.er': 2})]
    assert following.last() == [Point(None, {'loss': 3})]
    assert stream.keys(path) == {'loss', 'train.acc', 'train.deep.er'}


def test_a_stream_that_is_no_file_measures_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    for name, leads in {'a': 'pipe', 'b': '/dev/zero', 'c': 'nowhere'}.items():
        os.symlink(leads, tmp_path / name)
        assert stream.keys(tmp_path / name) == set()


def test_what_measures_nothing_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / 'metrics.jsonl'
    silent = '\n[1]\nnoise\n{"event": "pause", "seconds": 3}\n{"name": "x", "ok": true}\n'
    path.write_text(silent + '{"step": -1, "loss": 1}\n{"step": "a", "b": NaN}\n')

    points = Stream(path).more()
    assert [(point.step, list(point.values)) for point in points] == [(None, ['loss']), (None, ['b'])]


def test_a_line_without_end_is_not_kept_in_memory(tmp_path: Path) -> None:
    path = tmp_path / 'metrics.jsonl'
    path.write_bytes(b'x' * (3 * stream.MOST) + b'\n{"loss": 1}\n')

    following = Stream(path)
    assert following.more() == following.more() == [] and len(following._open) <= stream.MOST
    assert stream.keys(path) == {'loss'}


@given(st.lists(st.dictionaries(st.text(), st.floats(allow_nan=False)), max_size=5), st.binary(max_size=200), st.data())
def test_nothing_crashes_it(said: list[dict[str, float]], noise: bytes, data: st.DataObject) -> None:
    text = b''.join(json.dumps(one).encode() + b'\n' for one in said)
    cut = data.draw(st.integers(0, len(text)))

    for line in (text[:cut] + noise + text[cut:]).split(b'\n'):
        stream._point(line)
