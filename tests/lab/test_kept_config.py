"""What is kept of gitexp.yaml between commands, where anybody can write."""
from __future__ import annotations

import pytest
from place import Place


@pytest.mark.parametrize('said', ['[]', '{}', '1', 'null', '"x"', '["ab"]', '{"metric": []}', '{"metric": {"name": 1}, "eval": 2}'])
def test_whatever_stands_in_place_of_what_was_kept_is_made_anew(lab: Place, said: str) -> None:
    lab.ok('status')
    [kept] = [path for path in (lab.path / '.git/exp/cache').glob('*.json') if len(path.stem) == 40]
    before = kept.read_text()
    kept.write_text(said)

    lab.ok('status')

    assert kept.read_text() == before
