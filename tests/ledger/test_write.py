"""Rows are appended whole or not at all, by however many at once."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import forked
import pytest
from place import full_at

from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import read, write
from gitexp.ledger.result import Result, columns

Rows = Callable[..., Result]
HEADER = '\t'.join(columns('score'))


def ids(lab: Lab) -> list[str]:
    contents = read.read(lab)
    assert not contents.findings
    return [row.id for row in contents.results]


def usable(lab: Lab) -> list[str]:
    return [row.id for row in read.read(lab).results]


def test_the_ledger_is_made_with_its_first_row(bare: Lab, row: Rows) -> None:
    write.append(bare, [])
    assert not bare.ledger.exists()
    write.append(bare, [row('1'), row('2')])
    assert bare.ledger.read_text().startswith(f'{HEADER}\n1\t')
    assert ids(bare) == ['1', '2']
    assert sorted(os.listdir(bare.root)) == ['.git', 'results.tsv']


def test_its_folder_is_made_with_it(bare: Lab, row: Rows) -> None:
    bare.config = bare.config._replace(paths=bare.config.paths._replace(ledger='books/of/rows.tsv'))
    write.ready(bare)
    assert not (bare.root / 'books').exists()
    write.append(bare, [row('1')])
    assert ids(bare) == ['1'] and (bare.root / 'books/of/rows.tsv').is_file()


@pytest.mark.parametrize('text', ['', '\n'])
def test_an_empty_ledger_gets_its_header(bare: Lab, row: Rows, text: str) -> None:
    bare.ledger.write_text(text)
    write.append(bare, [row('1')])
    assert bare.ledger.read_text().startswith(f'{HEADER}\n1\t')


def test_what_stands_there_is_never_touched(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('1')])
    old = bare.ledger.read_bytes() + b'torn\tline'
    bare.ledger.write_bytes(old)

    write.append(bare, [row('2')])
    assert bare.ledger.read_bytes().startswith(old + b'\n2\t')
    assert [finding.message for finding in read.read(bare).findings] == ['line 3: 2 columns where the header has 18']


@pytest.mark.parametrize('head', [
    HEADER, f'\ufeff{HEADER}', f'{HEADER}\r', f'note\t{HEADER}\tmore',
    '\t'.join(reversed(HEADER.split('\t'))), f'<<<<<<< ours\n{HEADER}',
])
@pytest.mark.parametrize('end', ['\n', ''])
def test_a_header_is_respected(bare: Lab, row: Rows, head: str, end: str) -> None:
    bare.ledger.write_bytes(f'{head}{end}'.encode())
    full = row('1', commit='c0ffee', seconds=1.5, env={'host': 'a'}, description='what\twas\ntried')

    write.append(bare, [full])
    assert read.read(bare).results == [full]
    assert head in bare.ledger.read_bytes().decode()
    assert bare.ledger.read_bytes().endswith(b'\r\n' if head.endswith('\r') and end else b'\n')


def test_a_header_without_room_for_what_a_row_says_is_refused(bare: Lab, row: Rows) -> None:
    bare.ledger.write_text('commit\tscore\tmemory_gb\tstatus\tdescription\n')
    with pytest.raises(Refused) as refused:
        write.append(bare, [row('1', seconds=2.0)])
    assert refused.value.message.endswith(
        "its header has no column 'id', 'experiment', 'kind', 'tree', 'eval_id', 'time', 'version', 'seed', 'seconds'",
    )
    assert 'paths: {ledger: results_2.tsv, former: [results.tsv]}' in (refused.value.hint or '')
    assert bare.ledger.read_text().count('\n') == 1


def test_a_column_that_says_nothing_may_be_missing(bare: Lab, row: Rows) -> None:
    bare.ledger.write_text(HEADER.replace('\tmemory_gb', '').replace('\tmetrics', '') + '\n')
    write.append(bare, [row('1')])
    assert ids(bare) == ['1']


def test_a_link_is_followed(bare: Lab, row: Rows) -> None:
    (bare.root / 'elsewhere').mkdir()
    bare.ledger.symlink_to('elsewhere/rows.tsv')
    write.append(bare, [row('1')])
    write.append(bare, [row('2')])
    assert bare.ledger.is_symlink() and ids(bare) == ['1', '2']


def test_what_is_no_file_is_refused(bare: Lab, row: Rows) -> None:
    bare.ledger.mkdir()
    with pytest.raises(Refused, match='is a directory'):
        write.append(bare, [row('1')])
    bare.ledger.rmdir()
    os.mkfifo(bare.ledger)
    with pytest.raises(Refused, match='it is no file'):
        write.append(bare, [row('1')])


def test_a_ledger_that_may_not_be_written_is_named(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('1')])
    bare.ledger.chmod(0o444)
    assert as_a_user(bare, row('2')) == f"cannot append to '{bare.ledger}': permission denied | chmod u+w '{bare.ledger}'"


def test_a_folder_that_may_not_be_written_is_named(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('1')])
    bare.ledger.unlink()
    bare.root.chmod(0o555)
    said = as_a_user(bare, row('2'))
    bare.root.chmod(0o755)
    assert said == f"cannot append to '{bare.ledger}': permission denied | chmod u+w '{bare.root}'"


def as_a_user(lab: Lab, result: Result) -> str | None:
    """What an ordinary user who appends is told, since root may write everything."""
    for path in [lab.state, lab.state / 'locks', lab.state / 'locks' / 'ledger']:
        path.chmod(0o777)
    if os.getuid() == 0:
        for folder in [lab.root, *lab.root.parents[:4]]:
            folder.chmod(folder.stat().st_mode | 0o011)

    def told() -> str:
        if os.getuid() == 0:
            os.setuid(65534)
        with pytest.raises(Refused) as refused:
            write.append(lab, [result])
        return f'{refused.value.message} | {refused.value.hint}'

    return forked.run(told)


def test_a_full_disk_tears_nothing(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('1')])
    before = bare.ledger.read_bytes()
    for room in range(0, 60, 7):
        with full_at(len(before) + room), pytest.raises(Refused) as refused:
            write.append(bare, [row('2'), row('3')])
        assert 'file too large' in refused.value.message or 'no space left' in refused.value.message
        assert bare.ledger.read_bytes() == before
    write.append(bare, [row('2')])
    assert ids(bare) == ['1', '2']


def test_a_full_disk_makes_no_half_ledger(bare: Lab, row: Rows) -> None:
    (bare.state / 'locks').mkdir(parents=True)
    with full_at(20), pytest.raises(Refused):
        write.append(bare, [row('1')])
    assert os.listdir(bare.root) == ['.git']


@pytest.mark.skipif(os.getuid() != 0 or sys.platform != 'linux', reason='mounting a small file system needs root')
def test_a_disk_that_is_really_full(make_bare: Callable[..., Lab], row: Rows, tmp_path: Path) -> None:
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'small', str(tmp_path)], capture_output=True).returncode:
        pytest.skip('this machine does not let us mount')
    try:
        bare = make_bare()
        write.append(bare, [row('1')])
        with open(tmp_path / 'filler', 'wb', buffering=0) as filler, pytest.raises(OSError):
            while True:
                filler.write(bytes(4096))
        before = bare.ledger.read_bytes()
        with pytest.raises(Refused, match='no space left'):
            for number in range(2, 100):
                before = bare.ledger.read_bytes()
                write.append(bare, [row(f'{number}')])
        assert bare.ledger.read_bytes() == before
        (tmp_path / 'filler').unlink()
        write.append(bare, [row('last')])
        assert ids(bare)[-1] == 'last'
    finally:
        subprocess.run(['umount', '--lazy', str(tmp_path)], check=True)


def test_a_ledger_that_is_replaced_meanwhile_gets_the_row_all_the_same(bare: Lab, row: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    write.append(bare, [row('1')])
    fsync = os.fsync

    def merged_meanwhile(handle: int) -> None:
        fsync(handle)
        monkeypatch.undo()
        other = bare.ledger.with_name('other')
        other.write_bytes(b'\n'.join(bare.ledger.read_bytes().split(b'\n')[:2]) + b'\n')
        other.replace(bare.ledger)

    monkeypatch.setattr(os, 'fsync', merged_meanwhile)
    write.append(bare, [row('2')])
    assert ids(bare) == ['1', '2']


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: 12,800 waits for a disk say nothing about the lock."""
    with tempfile.TemporaryDirectory(dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def test_64_processes_appending_200_rows_each_lose_and_tear_nothing(fast_folder: Path, make_bare: Callable[..., Lab], row: Rows) -> None:
    writers, each, lab = 64, 200, make_bare(fast_folder)
    children = []
    for writer in range(writers):
        child = os.fork()
        if not child:
            try:
                for number in range(each):
                    write.append(lab, [row(f'{writer:02}x{number:03}', description=f'writer {writer}' * (number % 40))])
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * writers

    found = ids(lab)
    for writer in range(writers):
        assert [one for one in found if one.startswith(f'{writer:02}x')] == [f'{writer:02}x{number:03}' for number in range(each)]
    assert len(found) == writers * each


def test_a_killed_writer_leaves_every_row_that_was_acknowledged(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('first')])
    acknowledged, step, told = ['first'], 0, None
    while told is None:
        step += 1
        rows = [row(f'{step}a'), row(f'{step}b', description='x' * 9000)]
        told = forked.run(lambda: write.append(bare, rows) or 'done', die_at=step)
        acknowledged += [f'{step}a', f'{step}b'] if told else []
        assert set(acknowledged) <= set(usable(bare))
    assert step > 5
    write.append(bare, [row('last')])
    assert usable(bare)[-1] == 'last' and len(set(usable(bare))) == len(usable(bare))


def test_a_writer_killed_while_it_makes_the_ledger_makes_none_or_a_whole_one(bare: Lab, row: Rows) -> None:
    step, told = 0, None
    while told is None:
        step += 1
        bare.ledger.unlink(missing_ok=True)
        told = forked.run(lambda: write.append(bare, [row('1')]) or 'done', die_at=step)
        assert ids(bare) == (['1'] if bare.ledger.exists() else [])
    assert step > 5 and bare.ledger.exists()
