"""That a tally of a large ledger goes on where it ended, and never where something else stands now."""
from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from gitexp.core import digests
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.ledger import ongoing, tally, write
from gitexp.ledger.result import Kind, Result
from gitexp.ledger.tally import Tally

Rows = Callable[..., Result]


@pytest.fixture(autouse=True)
def every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tally is kept however little has come."""
    monkeypatch.setattr(ongoing, '_MORE', 0)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / 'cache' / 'tally'


@pytest.fixture
def book(bare: Lab, row: Rows) -> Lab:
    write.append(bare, [row(f'{number:03}', value=float(number), seed=number) for number in range(10)])
    return bare


def all_again(*_: object) -> Tally:
    raise AssertionError('the whole ledger is gone through')


def rows(lab: Lab, kept: Path) -> int:
    return ongoing.of(lab.ledger, lab.config.metric, kept).rows


def test_only_what_is_new_is_gone_through(book: Lab, kept: Path, row: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rows(book, kept) == 10
    monkeypatch.setattr(tally, 'through', all_again)
    assert rows(book, kept) == 10
    for number in range(10, 13):
        write.append(book, [row(f'{number:03}', value=2.0)])
        assert rows(book, kept) == number + 1


def test_a_row_that_is_changed_in_its_place_counts_as_it_is_now(book: Lab, kept: Path) -> None:
    assert rows(book, kept) == 10
    said, when = book.ledger.read_bytes(), os.stat(book.ledger)
    with open(book.ledger, 'r+b') as file:
        file.write(said.replace(b'\t3.0\t', b'\t9.0\t'))
    os.utime(book.ledger, ns=(when.st_atime_ns, when.st_mtime_ns))

    now = ongoing.of(book.ledger, book.config.metric, kept)

    (_, _, runs), = now.trees(now.eval_id or '')
    assert list(runs.values) == [0.0, 1.0, 2.0, 9.0, *map(float, range(4, 10))]


@pytest.mark.parametrize('left', [0, 1, 5])
def test_a_ledger_that_was_cut_is_gone_through_again(book: Lab, kept: Path, left: int) -> None:
    assert rows(book, kept) == 10
    book.ledger.write_bytes(b''.join(book.ledger.read_bytes().splitlines(keepends=True)[:left + 1]))
    assert rows(book, kept) == left


def test_a_line_that_is_being_written_is_not_kept(book: Lab, kept: Path) -> None:
    said = book.ledger.read_bytes()
    book.ledger.write_bytes(said[:-20])
    assert rows(book, kept) == 9 and not kept.exists()
    book.ledger.write_bytes(said)
    assert rows(book, kept) == 10 and kept.exists()


def test_what_retires_a_row_of_before_has_all_gone_through_again(book: Lab, kept: Path, row: Rows) -> None:
    assert rows(book, kept) == 10
    write.append(book, [row('010', kind=Kind.SUPERSEDE, value=None, params={'bug': 'leak', 'covers': ['003']})])
    now = ongoing.of(book.ledger, book.config.metric, kept)
    assert now.covered == {'003': 'leak'}
    assert [len(runs) for _, _, runs in now.trees(now.eval_id or '')] == [9]


def test_another_metric_has_another_tally(book: Lab, kept: Path) -> None:
    assert rows(book, kept) == 10
    now = ongoing.of(book.ledger, Metric('score', 'min', bounds=(0.0, 4.0)), kept)
    assert [len(runs) for _, _, runs in now.trees(now.eval_id or '')] == [5]


class Hostile:
    """Makes a file where it is loaded by those who ask nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_what_is_kept_can_be_damaged_or_hostile_and_does_nothing(book: Lab, kept: Path, tmp_path: Path) -> None:
    assert rows(book, kept) == 10
    good = kept.read_bytes()
    others = pickle.dumps(Hostile(tmp_path / 'made')), pickle.dumps((1, 2)), b''
    hostile = [f'{digests.sha256(said)}\n'.encode() + said for said in others]
    for bad in (b'', b'\0' * 100, good[:-20], good[:len(good) // 2], good.replace(b'Tally', b'Taler'), *hostile):
        kept.write_bytes(bad)
        assert rows(book, kept) == 10
        assert kept.read_bytes() == good
    assert not (tmp_path / 'made').exists()
    kept.unlink()
    kept.mkdir()
    assert rows(book, kept) == 10


def test_a_tally_of_other_code_is_none(book: Lab, kept: Path, row: Rows) -> None:
    assert rows(book, kept) == 10
    digest, _, said = kept.read_bytes().partition(b'\n')
    said = said.replace(b'_newest', b'_nowest')
    kept.write_bytes(f'{digests.sha256(said)}\n'.encode() + said)
    write.append(book, [row('010')])
    assert rows(book, kept) == 11


def test_what_a_killed_command_left_is_swept_up(book: Lab, kept: Path) -> None:
    kept.parent.mkdir()
    (kept.parent / f'.tally.{1 << 30}').write_bytes(b'half')
    assert rows(book, kept) == 10
    assert os.listdir(kept.parent) == ['tally']


def test_no_ledger_is_an_empty_one(bare: Lab, kept: Path) -> None:
    assert rows(bare, kept) == 0 and not kept.exists()
