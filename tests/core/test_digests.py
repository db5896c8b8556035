from __future__ import annotations

import hashlib

import pytest

from gitexp.core import digests


@pytest.mark.parametrize('size', [0, 1, 1 << 18, (1 << 18) + 1])
@pytest.mark.parametrize('own', [True, False])
def test_a_hash_is_the_same_whoever_makes_it(monkeypatch: pytest.MonkeyPatch, size: int, own: bool) -> None:
    if not own:
        monkeypatch.setattr(digests, '_own', lambda name: None)
    data = b'x' * size
    assert digests.sha256(data) == hashlib.sha256(data).hexdigest()
    made = digests.begun('sha1', size)
    made.update(data)
    assert made.hexdigest() == hashlib.sha1(data).hexdigest()


def test_of_little_python_has_its_own() -> None:
    assert digests._own('sha1') and digests._own('sha256') and digests._own('sha256') is not hashlib.sha256
