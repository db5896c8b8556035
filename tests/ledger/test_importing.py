"""`git exp import`: the logs of others, as they are found in the wild."""
from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import time
from collections.abc import Callable

import pytest

import sharing
from gitexp.core import locks
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind, Result, Status
from gitexp.report import counted, curve
from gitexp.report.curve import Mark
from place import PROGRAM, Place

CLASSIC = (
    'commit\tscore\tmemory_gb\tstatus\tdescription\n'
    'aaaa111\t0.997900\t44.0\tkeep\tbaseline\n'
    'bbbb222\t1.005000\t0.0\tdiscard\twider, and slower\n'
    'cccc333\t0.000000\t0.0\tcrash\tout of memory\n'
)
ODD = (
    b'\xef\xbb\xbf# a night on the blue box\r\n'
    b'# metric_direction: lower_is_better\r\n'
    b'commit\tscore\tmemory_gb\tstatus\tdescription\r\n'
    b'aaaa111\t0.99\t44.0 GB\tKEEP\tcarriage returns\r\n'
    b'bbbb222\t1,061.5\t45056 MB\tkept\tthousands\n'
    b'cccc333\t9.3s\t44.0\tkeep\ta unit that the others lack\n'
    b'Traceback (most recent call last):\n'
    b'<<<<<<< HEAD\n'
    b'dddd444\t0.95\t44.0\tdiscard\ton both sides\n'
    b'=======\n'
    b'dddd444\t0.95\t44.0\tdiscard\ton both sides\n'
    b'>>>>>>> other\n'
    b'eeee555\t0.94\t44\tkeep\tno line endffff666\t0.93\t44\tdiscard\tafter it\n'
    b'abc1111\\t0.92\\t44.0\\tkeep\\ttyped by echo\\n\n'
    b'abc2222\t0.91\t44\tkeep\ta tab\there\n'
    b'abc3333\t0.90\tkeep\n'
    b'abc4444\tlow\t44\tkeep\tno number\n'
    b'abc5555\t0.89\t44\tperhaps\tno status\n'
    b'abc\x00666\t0.88\t44\tkeep\tbinary\n'
    b'abc7777\t0.87\t44\tkeep\tcaf\xe9\n'
    b'abc8888\t0.86\t44\tkeep\t' + b'x' * 2_000_000 + b'\n'
    b'\n'
    b'commit\tscore\twall_time_s\ttimestamp\tseed\tmfu\tstatus\tnotes\n'
    b'HEAD\t0.85\t300.5\t2026-03-31T10:00:00+02:00\t7\t39.8\tkeep (reworked)\tanother schema\n'
    b'aaaa111\t0.84\t5m\t2026-03-31 10:00\t\t14%\treverted\t"the ""same"" commit"\n'
    b'-\t-\t0\t1774951200\tn/a\t0\ttimeout\tlate'
)
DROPPED = {
    6: "'9.3s' is in s, and line 4 in no unit", 7: '1 column where the header has 5', 8: 'a conflict marker', 10: 'a conflict marker',
    11: 'the same as line 9', 12: 'a conflict marker', 16: '3 columns where the header has 5', 17: "'low' is not a number",
    18: "status 'perhaps' is not known", 19: 'binary data', 20: 'not UTF-8 text', 21: 'longer than 256 KiB',
}
PI = """\
{"type":"config","name":"s","metricName":"score","metricUnit":"s","bestDirection":"lower"}
{"run":1,"commit":"aaaa111","metric":1061,"metrics":{"memory_mb":512,"lines":12},"status":"keep","description":"base","timestamp":1773348490227}
{"run":2,"commit":"aaaa111","metric":0,"metrics":{"lines":0},"status":"crash","description":"broke"}{"run":3,"metric":9,"status":"checks_failed"}
{"type":"hook","stage":"before"}
{"run":4,"metric":
[1, 2]
{"type":"config","name":"s","metricName":"speed","bestDirection":"higher"}
{"run":5,"commit":"bbbb222","metric":6,"status":"keep","description":"of another metric"}
"""
Make = Callable[..., Place]


def test_a_classic_log_becomes_rows_that_say_no_more_than_it_does(lab: Place) -> None:
    lab.write('old.tsv', CLASSIC)

    assert lab.ok('import', 'old.tsv') == "imported 3 rows of 'old.tsv': 2 ok, 1 failed\n"
    assert lab.talk == 'hint: git exp results imported\n'
    first, second, third = rows(lab)
    assert first == Result(
        first.id, '', 'imported', Kind.IMPORT, Status.OK, commit='aaaa111', value=0.9979, memory_gb=44.0, description='baseline',
        params={'status': 'keep'}, env={'metric': 'score', 'place': 1},
    )
    assert (second.value, second.memory_gb, second.status, second.params) == (1.005, None, Status.OK, {'status': 'discard'})
    assert (third.value, third.memory_gb, third.status, third.metrics) == (None, None, Status.FAILED, {})


def test_commas_do_as_well_as_tabs(lab: Place) -> None:
    text = CLASSIC.replace('wider, and slower', '"wider, and slower"').replace('\t', ',')
    lab.write('old.csv', f'# a night, on the blue box\n{text}Traceback (most recent call last):\na\rb,c\n')
    lab.write('old.tsv', CLASSIC)

    assert lab.ok('import', 'old.csv') == "imported 3 rows of 'old.csv': 2 ok, 1 failed\n"
    assert 'old.csv:6: 1 column where the header has 5\nold.csv:7: 1 column where the header has 5\n' in lab.talk
    assert lab.ok('import', 'old.tsv').endswith('3 rows are in the ledger already\n')


def test_the_same_row_is_appended_once_however_often_it_is_imported(lab: Place) -> None:
    log = lab.write('old.tsv', CLASSIC)
    lab.ok('import', 'old.tsv')
    before = (lab.path / 'results.tsv').read_bytes()

    assert lab.ok('import', 'old.tsv') == "imported 0 rows of 'old.tsv'\n3 rows are in the ledger already\n"
    assert (lab.path / 'results.tsv').read_bytes() == before

    log.write_text('# moved, and longer\n' + CLASSIC.replace('\n', '\r\n') + 'dddd444\t0.9\t44.0\tkeep\tone more\n')
    moved = log.rename(log.with_name('elsewhere.tsv'))
    assert lab.ok('import', moved.name).startswith("imported 1 row of 'elsewhere.tsv': 1 ok\n")
    assert (lab.path / 'results.tsv').read_bytes().startswith(before)


@pytest.mark.skipif(not os.path.exists('/proc/locks'), reason='nothing tells here who waits for a lock')
def test_many_at_once_append_each_row_once(lab: Place) -> None:
    lab.write('old.tsv', CLASSIC)
    with locks.held(Lab.find(lab.path).state / 'locks' / 'ledger', purpose='hold everybody up'):
        running = [subprocess.Popen([PROGRAM, 'import', 'old.tsv'], cwd=lab.path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                   for _ in range(3)]
        deadline = time.monotonic() + 60
        while not {str(child.pid) for child in running} <= _waiting() and time.monotonic() < deadline:
            time.sleep(0.02)

    assert sorted(child.communicate()[0].split(b' row')[0] for child in running) == [*[b'imported 0'] * 2, b'imported 3']
    assert len((lab.path / 'results.tsv').read_bytes().splitlines()) == 4


def _waiting() -> set[str]:
    with open('/proc/locks') as told:
        return {line.split()[5] for line in told if ' -> ' in line}


def test_an_odd_log_loses_only_the_lines_that_it_names(lab: Place) -> None:
    lab.write('odd.tsv', ODD)

    lab.ok('import', 'odd.tsv')
    assert lab.talk.splitlines()[:11] == [
        *(f'odd.tsv:{line}: {why}' for line, why in list(DROPPED.items())[:10]), 'odd.tsv: 2 more lines are no rows; --json names all',
    ]
    said = [(row.commit, row.value, row.status.value, row.memory_gb, row.seconds, row.description) for row in rows(lab)]
    assert said == [
        ('aaaa111', 0.99, 'ok', 44.0, None, 'carriage returns'), ('bbbb222', 1061.5, 'ok', 44.0, None, 'thousands'),
        ('dddd444', 0.95, 'ok', 44.0, None, 'on both sides'), ('eeee555', 0.94, 'ok', 44.0, None, 'no line end'),
        ('ffff666', 0.93, 'ok', 44.0, None, 'after it'), ('abc1111', 0.92, 'ok', 44.0, None, 'typed by echo'),
        ('abc2222', 0.91, 'ok', 44.0, None, 'a tab\there'), (None, 0.85, 'ok', None, 300.5, 'another schema'),
        ('aaaa111', 0.84, 'ok', None, 300.0, 'the "same" commit'), (None, None, 'timeout', None, None, 'late'),
    ]
    late = rows(lab)[-3:]
    assert [row.time for row in late] == ['2026-03-31T08:00:00+00:00', '2026-03-31T10:00:00', '2026-03-31T10:00:00+00:00']
    assert [row.seed for row in late] == [7, None, None]
    assert [dict(row.metrics) for row in late] == [{'mfu': 39.8}, {}, {}]
    assert [dict(row.params) for row in late] == [
        {'commit': 'HEAD', 'status': 'keep (reworked)'}, {'mfu': '14%', 'status': 'reverted'}, {'status': 'timeout'},
    ]

    assert json.loads(lab.ok('import', 'odd.tsv', '--json'))['dropped'] == [{'line': line, 'why': why} for line, why in DROPPED.items()]


def test_what_a_status_means_can_be_said_later(lab: Place) -> None:
    lab.write('odd.tsv', CLASSIC + 'dddd444\t0.9\t44.0\tbehalten!\teins\neeee555\t0.8\t44.0\tabgebrochen\tzwei\n')

    lab.ok('import', 'odd.tsv')
    assert "odd.tsv:5: status 'behalten!' is not known\n" in lab.talk
    assert "hint: if these were measured: git exp import odd.tsv --status 'behalten!=ok' --status abgebrochen=ok\n" in lab.talk
    assert lab.ok('import', 'odd.tsv', '--status', 'behalten=ok', '--status', 'abgebrochen=failed').startswith("imported 2 rows of")
    assert [(row.value, row.status) for row in rows(lab)[-2:]] == [(0.9, Status.OK), (None, Status.FAILED)]

    assert lab.exp('import', 'odd.tsv', '--status', 'behalten=good') == 2 and 'WORD=STATUS' in lab.talk


def test_json_lines_of_pi(lab: Place) -> None:
    lab.write('autoresearch.jsonl', PI)

    assert lab.ok('import', 'autoresearch.jsonl') == "imported 3 rows of 'autoresearch.jsonl': 2 failed, 1 ok\n"
    assert lab.talk.splitlines()[:4] == [
        "autoresearch.jsonl:4: a line of type 'hook'", 'autoresearch.jsonl:5: no JSON object', 'autoresearch.jsonl:6: no JSON object',
        "autoresearch.jsonl:8: no column 'score'",
    ]
    second, third, first = rows(lab)  # What has no time is older than all that has.
    assert (first.time, first.value, first.memory_gb) == ('2026-03-12T20:48:10+00:00', 1061.0, 0.5)
    assert (first.metrics, first.params) == ({'lines': 12}, {'run': 1, 'status': 'keep'})
    assert (second.value, second.metrics) == (None, {})
    assert (third.value, third.metrics, third.params) == (None, {'score': 9}, {'run': 3, 'status': 'checks_failed'})


def test_a_log_that_is_better_the_other_way_is_refused(make_lab: Make) -> None:
    lab = make_lab('best high', 'metric: {name: score, direction: max}\neval: python3 eval.py\n')
    lab.write('a.jsonl', PI)
    lab.write('b.tsv', '# metric_direction: lower_is_better\n' + CLASSIC)

    for name in ('a.jsonl', 'b.tsv'):
        assert lab.exp('import', name) == 3
        assert lab.talk == "git exp: 'score' is better when lower, and 'score', the metric of this lab, when higher\n"
    assert not (lab.path / 'results.tsv').exists()


@pytest.mark.parametrize('text, asks, gets', [
    ('aaaa111\t0.99\t44.0\tkeep\tno header\n', ['what are its 5 columns called, aaaa111 | 0.99 | 44.0 | keep | no header?'], 0.99),
    (
        'commit\tval_loss\tacc\tstatus\nHEAD\t0.7\t0.1\tkeep\n',
        ["no column is called 'score', the metric of this lab; is it 'val_loss' or 'acc', and is lower or higher better in 'val_loss'?"],
        0.7,
    ),
    ('HEAD\tbig\t0.6\tkeep\tx\n', ['what are its 5 columns called, HEAD | big', "no column is called 'score'", 'and is lower or'], 0.6),
    ('lr\tepochs\tscores\n0.1\t9\t0.3\n', ["is it 'scores' or 'lr' or 'epochs', and is lower or higher better in 'scores'?"], 0.3),
    ('lr,mean_score\n0.1,0.2\n', ["is it 'mean_score' or 'lr'"], 0.2),
    ('{"run":1,"metric":0.5,"status":"keep"}\n', ["no column is called 'score'", 'and is lower or higher better'], 0.5),
    ('{"type":"config","metricName":"ms","bestDirection":"lower"}\n{"run":1,"metric":0.4}\n', ["no column is called 'score'"], 0.4),
])
def test_what_nobody_but_a_person_knows_is_asked_for_with_a_command_to_paste(lab: Place, text: str, asks: list[str], gets: float) -> None:
    lab.write('a log', text)

    assert lab.exp('import', 'a log') == 2
    said, hint = lab.talk.splitlines()
    assert [one for one in asks if one not in said] == []
    assert not (lab.path / 'results.tsv').exists()

    words = shlex.split(hint.removeprefix('hint: with your own answers: '))
    assert words[:4] == ['git', 'exp', 'import', 'a log']
    lab.ok(*words[2:])
    assert [row.value for row in rows(lab)] == [gets]


def test_on_a_terminal_it_asks(lab: Place) -> None:
    lab.write('log', 'commit\tloss\tstatus\naaaa111\t0.99\tkeep\n')
    ours, theirs = pty.openpty()
    words = [PROGRAM, 'import', 'log']
    with subprocess.Popen(words, cwd=lab.path, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True) as child:
        os.close(theirs)
        os.write(ours, b'none\n\nmin\n')
        assert child.stdout is not None and child.stdout.read() == "imported 1 row of 'log': 1 ok\n"
    said = os.read(ours, 10_000).decode()
    os.close(ours)

    assert "no column is called 'score', the metric of this lab; is it 'loss'?" in said
    assert "no column is called 'none'; is it 'loss'?" in said
    assert [row.value for row in rows(lab)] == [0.99]


def test_a_dry_run_shows_and_changes_nothing(lab: Place) -> None:
    lab.write('old.tsv', CLASSIC)

    assert lab.ok('import', 'old.tsv', '--dry-run').splitlines() == [
        'commit ->       commit', 'score ->        the metric', 'memory_gb ->    memory_gb', 'status ->       status',
        'description ->  description',
        'commit   experiment  ver   score  status  verdict  kind    GB  description',
        'aaaa111  imported    v1   0.9979  ok      -        import  44  baseline',
        'bbbb222  imported    v1   1.0050  ok      -        import   -  wider, and slower',
        'cccc333  imported    v1        -  failed  -        import   -  out of memory',
        "would import 3 rows of 'old.tsv': 2 ok, 1 failed",
    ]
    assert not (lab.path / 'results.tsv').exists()


def test_imported_rows_are_shown_and_never_compete(lab: Place) -> None:
    lab.ok('new', 'one')
    lab.at('5_worktrees/one').ok('eval', '--seeds', '1')
    lab.write('old.tsv', CLASSIC)
    lab.ok('import', 'old.tsv', '--experiment', 'last-year')

    assert lab.ok('best').startswith('one v1: score 3.0010, 1 seed')
    assert 'last-year' in lab.ok('results')
    found = Lab.find(lab.path)
    silent = counted.silent(found, read.read(found))
    drawn = curve.curve(rows(lab), metric=found.config.metric, silent=silent)
    assert [(point.mark, point.why) for point in drawn.points] == [*[(Mark.SILENT, 'imported')] * 2, (Mark.HONEST, None)]
    assert curve.curve(rows(lab)[:-1], metric=found.config.metric, silent=silent).best == (), 'git exp best would name none'


def test_every_clone_makes_the_same_rows_whichever_commits_it_knows(lab: Place) -> None:
    other = sharing.clone(sharing.server(lab), 'other')
    lab.write('model.py', 'score = 1')
    gone = lab.commit('discarded')
    lab.git('reset', '-q', '--hard', 'HEAD~1')
    for place in (lab, other):
        place.write('old.tsv', f'commit\tscore\n{gone[:7].upper()}\t2\n{"0" * 7}\t3\nHEAD\t4\nmain\t5\n{gone}\t6\n')
        place.ok('import', 'old.tsv')

    assert (lab.path / 'results.tsv').read_bytes() == (other.path / 'results.tsv').read_bytes()
    assert [row.commit for row in rows(lab)] == [gone[:7], '0' * 7, None, None, gone]
    assert [row.params.get('commit') for row in rows(lab)] == [None, None, 'HEAD', 'main', None]


def test_every_clone_shows_rows_without_times_as_they_stood_in_their_logs(lab: Place) -> None:
    other = sharing.clone(sharing.server(lab), 'other')
    for place, name in ((lab, 'wide'), (other, 'deep')):
        log = [f'{name} {number}' for number in range(1, 8)]
        place.write('old.tsv', 'score\tdescription\n' + ''.join(f'2\t{one}\n' for one in log[:4]))
        place.ok('import', 'old.tsv', '--experiment', name)
        place.write('old.tsv', 'score\tdescription\n' + ''.join(f'2\t{one}\n' for one in log))
        place.ok('import', 'old.tsv', '--experiment', name)
    for place in (lab, other, lab):
        place.ok('sync')

    wanted = [f'{name} {number}' for name in ('deep', 'wide') for number in range(1, 8)]
    assert [row.description for row in rows(lab)] == [row.description for row in rows(other)] == wanted
    assert lab.ok('results', '--tsv') == other.ok('results', '--tsv')
    third = sharing.clone(other.at('../server.git'), 'third')
    third.ok('sync')
    assert [row.split('\t')[12] for row in (third.path / 'results.tsv').read_text().splitlines()[1:]] == wanted


def test_a_log_that_grows_above_may_be_imported_in_two_clones_at_two_times(lab: Place) -> None:
    lab.write('.gitattributes', '/results.tsv merge=gitexp-ledger -text\n')
    lab.commit('attributes')
    bare = sharing.server(lab)
    other = sharing.clone(bare, 'other')
    for place, first in ((lab, 3), (other, 1)):
        place.write('old.tsv', 'score\tdescription\n' + ''.join(f'2\t{number}\n' for number in range(first, 5)))
        place.ok('import', 'old.tsv')
    for place in (lab, other, lab, other):
        assert 'not what the ledger says' not in place.ok('sync') + place.talk
    assert sorted(sharing.ledger(lab)) == sorted(sharing.ledger(other)) and len({*sharing.ledger(lab)}) == 4

    bare.ok('hook', 'install', '--server')
    for place in (lab, other):
        place.git('add', 'results.tsv')
        place.git('commit', '-q', '-m', 'import')
    lab.git('push', '-q', 'origin', 'main')
    other.exp('doctor', '--fix')
    other.git('pull', '-q', '--no-rebase', '--no-edit', 'origin', 'main')
    other.git('push', '-q', 'origin', 'main')
    lab.git('pull', '-q', 'origin', 'main')
    assert lab.ok('results') == other.ok('results') and 'twice' not in lab.talk + other.talk


def test_rows_of_a_clock_that_stood_still_are_in_one_order_in_every_clone(lab: Place) -> None:
    other = sharing.clone(sharing.server(lab), 'other')
    for place, minutes in ((lab, (5, 25)), (other, (15, 35))):
        place.write('old.tsv', 'timestamp\tscore\n' + ''.join(f'2000-01-01T00:{minute:02}:00Z\t{minute}\n' for minute in minutes))
        place.ok('import', 'old.tsv')
    for place in (lab, other, lab):
        place.ok('sync')

    assert [row.value for row in rows(lab)] == [row.value for row in rows(other)] == [5, 15, 25, 35]


def test_rows_that_were_imported_before_they_had_places_are_known_and_stay_in_the_order_of_the_file(lab: Place) -> None:
    text = 'score\tdescription\n' + ''.join(f'2\t{number}\n' for number in range(6))
    lab.write('old.tsv', text)
    lab.ok('import', 'old.tsv')
    ledger = lab.path / 'results.tsv'
    before = re.sub(r',"place":[0-9]+', '', ledger.read_text())
    ledger.write_text(before)

    assert 'place' not in before and lab.ok('import', 'old.tsv') == "imported 0 rows of 'old.tsv'\n6 rows are in the ledger already\n"
    lab.write('old.tsv', f'{text}2\t6\n')
    lab.ok('import', 'old.tsv')
    assert ledger.read_text().startswith(before) and [row.description for row in rows(lab)] == [*'0123456']


def test_the_short_commit_of_an_imported_row_is_known_where_commits_are_asked_for(lab: Place) -> None:
    before = lab.git('rev-parse', 'HEAD').stdout.strip()
    lab.write('model.py', 'score = 1')
    bad = lab.commit('brings the bug')
    lab.write('old.tsv', f'commit\tscore\n{before[:6]}\t1\n{bad[:7]}\t2\n{bad[:10]}\t3\n{"0" * 7}\t4\n')
    lab.ok('import', 'old.tsv')
    lab.ok('sync', '--local')
    assert sorted(line.split('  ')[1] for line in sharing.log(lab, '-1')) == ['score 2', 'score 3']
    assert [line.split('  ')[1] for line in sharing.log(lab)][2:] == ['score 1']

    for commit in (bad, f'{before}..{bad}'):
        told = lab.ok('supersede', '--bug', 'leak', '--commit', commit, '--dry-run')
        assert told.startswith("would retire v1 of 'imported': 2 rows\n") and 'imported (merged into main)' in told
    lab.ok('supersede', 'imported', '--bug', 'leak', '--commit', bad, '--yes')
    assert 'retired: leak, 2 rows' in '\n'.join(sharing.log(lab, '-1'))


def test_what_is_no_log(lab: Place) -> None:
    lab.write('empty', '')
    lab.write('header.tsv', CLASSIC.splitlines()[0])
    lab.write('prose.md', '# Notes\n\nNothing here.\n')
    lab.write('noise', bytes(range(256)) * 200)
    for name in ('empty', 'header.tsv', 'prose.md', 'noise'):
        assert lab.exp('import', name) == 1, name
        assert lab.talk.splitlines()[-1] == f"git exp: '{name}' has no row that can be imported"

    for name, why in {'missing': 'no such file', '.': 'is a directory', '/dev/zero': 'it is no file'}.items():
        assert lab.exp('import', name) == 3 and why in lab.talk, name
    lab.write('old.tsv', CLASSIC)
    lab.ok('import', 'old.tsv')
    assert lab.exp('import', 'results.tsv') == 3 and 'a ledger of gitexp' in lab.talk


def test_standard_input_and_other_encodings(lab: Place) -> None:
    done = subprocess.run([PROGRAM, 'import', '-'], cwd=lab.path, input=CLASSIC.encode('utf-16'), capture_output=True)
    assert done.stdout == b"imported 3 rows of '-': 2 ok, 1 failed\n"
    assert rows(lab)[0].env == {'metric': 'score', 'place': 1}

    done = subprocess.run([PROGRAM, 'import', '-'], cwd=lab.path, input=CLASSIC.replace('\n', '\r').encode(), capture_output=True)
    assert done.stdout.startswith(b"imported 0 rows of '-'\n3 rows are in the ledger already")


def test_a_comma_that_may_be_decimal_is_no_thousand(lab: Place) -> None:
    lab.write('eu.tsv', 'commit\tscore\tstatus\naaaa111\t1,234\tkeep\nbbbb222\t0,99\tkeep\n')

    assert lab.exp('import', 'eu.tsv') == 1
    assert "eu.tsv:2: '1,234' is not a number\neu.tsv:3: '0,99' is not a number\n" in lab.talk


def rows(lab: Place) -> list[Result]:
    found = read.read(Lab.find(lab.path))
    assert found.findings == []
    return found.results


def test_what_ended_well_and_measured_nothing_is_counted(lab: Place) -> None:
    lab.write('old.tsv', 'commit\tscore\tstatus\nabc1234\tnan\tkeep\nabc1235\t1.5\tkeep\nabc1236\t\tcrash\n')

    assert lab.ok('import', 'old.tsv') == "imported 3 rows of 'old.tsv': 2 ok, 1 failed\n1 row that is ok says no value\n"


def test_half_a_character_is_named_with_its_line(lab: Place) -> None:
    lab.write('odd.jsonl', '{"commit":"abcdef1","score":9.5,"status":"keep"}\n{"commit":"abcdef2","score":9.4,"status":"good \\ud83d"}\n')
    assert lab.ok('import', 'odd.jsonl', '--direction', 'min').startswith("imported 1 row of 'odd.jsonl'")
    assert "odd.jsonl:2: status 'good ?' is not known" in lab.talk


def test_the_same_log_has_the_same_rows_whatever_it_is_called(lab: Place) -> None:
    lab.write('old.tsv', CLASSIC)
    lab.write('copy.tsv', CLASSIC)
    lab.ok('import', 'old.tsv')
    once = (lab.path / 'results.tsv').read_bytes()
    (lab.path / 'results.tsv').unlink()
    lab.ok('import', 'copy.tsv')
    assert (lab.path / 'results.tsv').read_bytes() == once
    lab.ok('import', 'copy.tsv', '--experiment', 'other')
    assert len({row.id for row in rows(lab)}) == 6


@pytest.mark.parametrize('turned', [False, True])
def test_a_row_that_was_spoilt_is_appended_again_whatever_the_order_of_columns(lab: Place, turned: bool) -> None:
    ledger = lab.path / 'results.tsv'
    lab.write('old.tsv', CLASSIC)
    lab.write('a.jsonl', '{"score":1.5,"commit":"aaaa111","asi":{"why":"less","next":{"lr":[1e-3,null]}}}\n')
    lab.ok('import', 'old.tsv')
    if turned:
        lab.write('results.tsv', '\t'.join(reversed(ledger.read_text().partition('\n')[0].split('\t'))) + '\n')
        lab.ok('import', 'old.tsv')
    lab.ok('import', 'a.jsonl', '--direction', 'min')
    whole = ledger.read_bytes()
    assert lab.ok('import', 'a.jsonl', '--direction', 'min').startswith('imported 0 rows') and ledger.read_bytes() == whole

    spoilt = whole.replace(b'[0.001,null]', b'[0.001,null')
    ledger.write_bytes(spoilt)
    assert lab.ok('import', 'a.jsonl', '--direction', 'min').startswith('imported 1 row')
    assert ledger.read_bytes() == spoilt + whole.splitlines(True)[-1]
