"""On what data a value was measured."""
from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from place import CONFIG, Place
from gitexp.core import kept as keeping
from gitexp.core.kept import Kept
from gitexp.measure import data
from gitexp.measure.data import Digests, Watch
from stories import experiment, rows

BY_HAND = 'find -L data -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum | md5sum'


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def digests(tmp_path: Path, *names: str, patience: float = 60.0, said: list[str] | None = None) -> Digests:
    kept = Kept(tmp_path / 'kept.json')
    tell = (said if said is not None else []).append
    return data.digests({name: tmp_path / name for name in names}, kept, say=tell, patience=patience)


def aged(*paths: Path) -> None:
    """Wait until a file is old enough for its md5 to be kept."""
    while any(time.time() - path.stat().st_ctime < 1.01 for path in paths):
        time.sleep(0.05)


@pytest.fixture
def idea(lab: Place) -> Place:
    lab.write('.gitignore', '/data\n/extra.txt\n/5_worktrees/\n/experiments/*/results*/*\n/experiments/*/exp_log*/\n')
    lab.write('gitexp.yaml', CONFIG + 'inputs: [data/val.txt]\n')
    lab.commit('data')
    lab.write('data/val.txt', 'validation')
    return experiment(lab)


def declare(lab: Place, idea: Place, inputs: str) -> dict[str, object]:
    """Declare other inputs, evaluate, and return what the row says."""
    lab.write('gitexp.yaml', CONFIG.replace('eval: ', f'eval: env DATA={len(inputs)} ') + f'inputs: {inputs}\n')
    lab.commit('inputs')
    idea.ok('eval', '--seed', '1')
    return dict(json.loads(rows(lab)[-1]['env']))


def test_the_md5_in_a_row_is_that_of_md5sum(lab: Place, idea: Place) -> None:
    idea.ok('eval', '--seed', '1')
    said = json.loads(rows(lab)[0]['env'])
    assert said['data_md5'] == subprocess.run(
        ['md5sum', 'data/val.txt'], cwd=lab.path, capture_output=True, text=True, check=True).stdout.split()[0]
    assert 'data' not in said

    lab.write('data/deep er/é.txt', 'x')
    by_hand = subprocess.run(BY_HAND, shell=True, cwd=lab.path, capture_output=True, text=True, check=True).stdout.split()[0]
    assert declare(lab, idea, '[data]')['data_md5'] == by_hand

    lab.write('extra.txt', 'more')
    several = declare(lab, idea, '[data/val.txt, extra.txt]')
    assert several['data'] == {'data/val.txt': md5('validation'), 'extra.txt': md5('more')}
    assert several['data_md5'] == md5(f"{md5('validation')}  data/val.txt\n{md5('more')}  extra.txt\n")


def test_a_name_that_holds_a_line_does_not_stand_for_another_file(tmp_path: Path) -> None:
    one = put(tmp_path / 'data' / 'b.txt', 'hard')
    put(tmp_path / 'data' / 'c.txt', 'harder')
    two_files = digests(tmp_path, 'data').lab
    put(tmp_path / 'data' / f'b.txt\n{md5("harder")}  data' / 'c.txt', 'hard')
    one.unlink()
    (tmp_path / 'data' / 'c.txt').unlink()

    by_hand = subprocess.run(BY_HAND, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()[0]
    assert digests(tmp_path, 'data').lab == by_hand != two_files
    put(tmp_path / 'data' / 'a\\b', 'x')
    by_hand = subprocess.run(BY_HAND, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()[0]
    assert digests(tmp_path, 'data').lab == by_hand


def test_data_that_changed_is_read_again_though_its_times_say_otherwise(tmp_path: Path) -> None:
    file = put(tmp_path / 'data', 'one')
    aged(file)
    assert digests(tmp_path, 'data').whole == md5('one')
    before = file.stat()
    file.write_text('two')
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert digests(tmp_path, 'data').whole == md5('two')


@pytest.mark.skipif(sys.platform != 'linux', reason='stat(1) of others speaks of file systems in other words')
def test_data_that_an_older_mapping_of_memory_changes_is_read_again(tmp_path: Path) -> None:
    if subprocess.run(['stat', '-f', '-c', '%T', tmp_path], capture_output=True, text=True, check=True).stdout.strip() == 'tmpfs':
        pytest.skip('tmpfs has no time of change for what a mapping writes')
    file = put(tmp_path / 'data', 'one')
    with open(file, 'r+b') as opened, mmap.mmap(opened.fileno(), 0) as memory:
        memory[:] = b'one'
        aged(file)
        assert digests(tmp_path, 'data').whole == md5('one')
        memory[:] = b'two'
        assert digests(tmp_path, 'data').whole == md5('two')


def test_a_file_of_the_same_number_on_another_file_system_is_another(tmp_path: Path) -> None:
    info = put(tmp_path / 'data', 'one').stat()
    other = os.stat_result([*info[:2], info.st_dev + 1, *info[3:]])

    assert keeping.state_of(os.stat_result(info[:])) != keeping.state_of(other)


def test_data_that_is_known_is_not_read(tmp_path: Path) -> None:
    paths = [put(tmp_path / 'data' / name, name) for name in 'abc']
    aged(*paths)
    first = digests(tmp_path, 'data')
    assert first.whole and digests(tmp_path, 'data', patience=0.0) == first

    put(tmp_path / 'data/d', 'd')
    assert digests(tmp_path, 'data', patience=0.0) == Digests(None, {'data': None})


def test_what_there_is_no_time_for_is_read_before_another_run(tmp_path: Path) -> None:
    small, large = put(tmp_path / 'data/small', 'small'), put(tmp_path / 'data/large', 'large' * 1000)
    aged(small, large)
    said: list[str] = []

    assert digests(tmp_path, 'data/large', 'data/small', patience=0.0, said=said).each == {'data/small': None, 'data/large': None}
    assert said == ["the md5 of 'data/small' and what is as large is not known: reading it takes too long"]
    assert digests(tmp_path, 'data/large', 'data/small').each == {'data/small': md5('small'), 'data/large': md5('large' * 1000)}


def test_a_file_that_takes_too_long_by_itself_is_given_up_until_it_changes(tmp_path: Path) -> None:
    file = put(tmp_path / 'data', '')
    with open(file, 'r+b') as opened:
        opened.truncate(8 << 30)
    aged(file)
    assert digests(tmp_path, 'data', patience=0.5).whole is None
    assert digests(tmp_path, 'data', patience=600.0).whole is None

    file.write_text('less')
    assert digests(tmp_path, 'data').whole == md5('less')


def test_reading_much_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, '_TOLD', 3)
    put(tmp_path / 'data', 'x' * 4)
    said: list[str] = []
    digests(tmp_path, 'data', said=said)

    assert said == ['reading 3.73e-09 GB of inputs for their md5, once, and for 60 s at most']


def test_more_files_than_can_be_looked_at_have_no_md5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, 'MANY', 3)
    for number in range(4):
        put(tmp_path / f'data/{number}', '')
    put(tmp_path / 'one', '1')

    assert digests(tmp_path, 'data', 'one') == Digests(None, {'data': None, 'one': md5('1')})


def test_links_are_followed_and_may_go_round(tmp_path: Path) -> None:
    put(tmp_path / 'far/x', 'x')
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/link').symlink_to(tmp_path / 'far')
    (tmp_path / 'far/back').symlink_to(tmp_path / 'data')

    assert digests(tmp_path, 'data').whole == md5(f"{md5('x')}  data/link/x\n")


def test_what_a_link_leads_to_may_come_and_go_so_that_there_is_no_md5(tmp_path: Path) -> None:
    put(tmp_path / 'data/x', 'x')
    (tmp_path / 'data/dangling').symlink_to('nowhere')

    assert digests(tmp_path, 'data').whole is None


def test_an_empty_folder_counts_where_data_are_compared(tmp_path: Path) -> None:
    put(tmp_path / 'data/cat/x', 'x')
    before = digests(tmp_path, 'data')
    (tmp_path / 'data/aa/deep').mkdir(parents=True)
    now = digests(tmp_path, 'data')

    assert now.whole == before.whole == md5(f"{md5('x')}  data/cat/x\n")
    assert now.lab == md5(f"-  data/aa/\n-  data/aa/deep/\n{md5('x')}  data/cat/x\n") != before.lab


def test_what_a_database_has_not_taken_in_yet_is_data_as_well(tmp_path: Path) -> None:
    base = tmp_path / 'val.db'
    with contextlib.closing(sqlite3.connect(base)) as open_one:
        open_one.executescript('pragma journal_mode = wal; create table labels (value); insert into labels values (1)')
        open_one.execute('pragma wal_checkpoint(truncate)')
        plain = digests(tmp_path, 'val.db')
        with Watch({'val.db': base}) as watch:
            open_one.executescript('insert into labels values (2)')
            assert watch.changed() == ['val.db-wal']
        link = tmp_path / 'link.db'
        link.symlink_to(base)
        assert plain.whole == hashlib.md5(base.read_bytes()).hexdigest() != digests(tmp_path, 'val.db').whole
        assert plain.lab != digests(tmp_path, 'val.db').lab
        assert plain.whole != digests(tmp_path, 'link.db').whole is not None


def test_what_is_no_file_has_no_md5(tmp_path: Path) -> None:
    put(tmp_path / 'data/x', 'x')
    os.mkfifo(tmp_path / 'data/y')

    assert digests(tmp_path, 'data').whole is None


@pytest.mark.parametrize('moved', [
    'lab/data', 'lab/data/deep', 'lab/data/deep/x', 'lab/data/to', 'lab/there', 'lab/link', 'lab', 'far/away', 'far/away/inner',
    'far/second',
])
def test_whatever_leads_to_data_is_seen_when_it_is_renamed_and_back(tmp_path: Path, moved: str) -> None:
    put(tmp_path / 'lab/data/deep/x', 'x')
    put(tmp_path / 'lab/there/one', '1')
    put(tmp_path / 'far/away/inner/y', 'y')
    (tmp_path / 'far/second').symlink_to('away')
    (tmp_path / 'lab/link').symlink_to('../far/second/inner')
    (tmp_path / 'lab/data/to').symlink_to(tmp_path / 'far/second/inner/y')
    names = ['data', 'there/one', 'link']
    with Watch({name: tmp_path / 'lab' / name for name in names}) as watch:
        assert watch.changed() == []
        os.rename(tmp_path / moved, tmp_path / 'aside')
        os.rename(tmp_path / 'aside', tmp_path / moved)

        assert watch.changed() != []


def test_what_others_make_on_the_way_to_data_does_no_harm(tmp_path: Path) -> None:
    put(tmp_path / 'lab/there/one', '1')
    (tmp_path / 'lab/link').symlink_to('there/one')
    with Watch({name: tmp_path / 'lab' / name for name in ('there/one', 'link')}) as watch:
        put(tmp_path / 'lab/there/two', '2')
        put(tmp_path / 'lab/more/three', '3')

        assert watch.changed() == []


def test_a_file_that_was_there_meanwhile_is_seen_and_named_by_its_folder(tmp_path: Path) -> None:
    put(tmp_path / 'data/deep/x', 'x')
    with Watch({'data': tmp_path / 'data'}) as watch:
        put(tmp_path / 'data/deep/y', 'y').unlink()
        assert watch.changed() == ['data/deep/']

        put(tmp_path / 'data/deep/y', 'y')
        assert watch.changed() == ['data/deep/y']
