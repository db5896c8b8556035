"""That no row which this clone has appended goes unseen, whoever else has changed the ledger, and whatever the notes say."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import forked
import pytest
import sharing
from place import Place

from gitexp.core.errors import Refused
from gitexp.git import repository
from gitexp.lab.lab import Lab
from gitexp.ledger import loss, read, write
from gitexp.ledger.result import Kind, Result

Rows = Callable[..., Result]


def ids(rows: list[Result]) -> list[str]:
    return [row.id for row in rows]


def test_each_row_is_missed_wherever_it_stood_and_put_back_whole(bare: Lab, row: Rows) -> None:
    made = [row(f'{number}', description='näiv\t\\', env={'cpus': number}) for number in range(5)]
    for one in made:
        write.append(bare, [one])
    lines = bare.ledger.read_bytes().splitlines(keepends=True)
    for gone in ([0], [2, 3], [4], [0, 1, 2, 3, 4]):
        bare.ledger.write_bytes(b''.join(line for number, line in enumerate(lines, -1) if number not in gone))
        assert loss.lost(bare) == [made[number] for number in gone]
        with pytest.raises(Refused, match=f"has lost rows that it had, such as '{gone[-1]}'"):
            write.ready(bare)
        assert write.put_back(bare) == len(gone) and loss.lost(bare) == []
        assert sorted(read.read(bare).results, key=lambda one: one.id) == made
    bare.ledger.unlink()
    assert ids(loss.lost(bare)) == ['0', '1', '2', '3', '4']
    assert (bare.state / 'own-rows.tsv').read_bytes().count(b'\n') == 5


def test_what_others_have_added_or_ordered_is_no_loss(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('2'), row('4')])
    head, *lines = bare.ledger.read_text().splitlines()
    columns = [line.split('\t') for line in (head, *reversed(lines), lines[0].replace('2\t', '3\t', 1))]
    bare.ledger.write_text(''.join('\t'.join([*cells[1:], cells[0]]) + '\r\n' for cells in columns).replace('\r\n', '\n'))
    assert loss.lost(bare) == []
    bare.ledger.write_text(''.join('\t'.join([*cells[1:], cells[0]]) + '\n' for cells in columns[:2]))
    assert ids(loss.lost(bare)) == ['2']


def test_rows_that_are_imported_may_be_thrown_away_and_those_of_another_metric_are_missed_elsewhere(bare: Lab, row: Rows) -> None:
    ours, other = {'metric': 'score'}, {'metric': 'loss'}
    write.append(bare, [row('1', kind=Kind.IMPORT, env=ours), row('2', env=other), row('3', env=ours)])
    bare.ledger.unlink()
    assert ids(loss.lost(bare)) == ['3']


def test_the_ledger_is_read_only_where_somebody_else_has_changed_it(bare: Lab, row: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    write.append(bare, [row('1')])
    assert loss.lost(bare) == []
    opened: list[Path] = []
    real = read.opened
    monkeypatch.setattr(read, 'opened', lambda path: opened.append(path) or real(path))
    for name in '234':
        write.append(bare, [row(name)])
        assert loss.lost(bare) == []
    assert opened == []

    bare.ledger.write_bytes(bare.ledger.read_bytes())
    assert loss.lost(bare) == [] and loss.lost(bare) == [] and len(opened) == 2, 'its header, and its rows'


def test_a_ledger_that_begins_as_the_trunk_has_it_is_compared_by_its_hash_alone(lab: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('01', '02'):
        sharing.measure(lab, name)
    lab.commit('rows')
    sharing.measure(lab, '03')
    ledger = lab.path / 'results.tsv'
    whole = ledger.read_text()
    head, *rows = whole.splitlines(keepends=True)
    asked: list[str] = []
    real = repository.reading
    monkeypatch.setattr(repository, 'reading', lambda git, oid: asked.append(oid) or real(git, oid))
    (lab.path / '.git/exp/own-rows.tsv').unlink()
    for text, gone, compared in (
        (whole, [], 0), (head + ''.join(rows[1:]), ['01'], 1), (head + ''.join(reversed(rows)), [], 1), (head + rows[2], ['01', '02'], 1),
        (head, ['01', '02'], 1), (whole.replace('\n', '\r\n'), [], 1), (head + ''.join(rows[:2]), [], 0),
    ):
        ledger.write_text(text, newline='')
        asked.clear()
        assert ids(loss.lost(Lab.find(lab.path))) == gone
        assert bool(asked) == bool(compared)


def test_what_was_measured_here_is_not_changed_by_hand(lab: Place) -> None:
    sharing.measure(lab, '01', value=3.0)
    ledger = lab.path / 'results.tsv'
    whole = ledger.read_text()
    ledger.write_text(whole.replace('\t3.0\t', '\t0.5\t'))

    wrong = f"'{ledger}' does not say of '01' what was measured\nhint: git -C '{lab.path}' checkout -- results.tsv, or without a commit"
    for words in (['submit', 'fish'], ['baseline']):
        assert lab.exp(*words) == 3 and wrong in lab.talk
    lab.exp('best')
    assert wrong in lab.talk
    ledger.unlink()
    assert lab.ok('sync', '--local').startswith('ledger: 1 new row')
    assert ledger.read_text() == whole


def test_nor_is_what_the_trunk_has_of_others(lab: Place, tmp_path: Path) -> None:
    for name, value in (('01', 3.0), ('02', 2.0)):
        sharing.measure(lab, name, value=value)
    lab.commit('rows')
    lab.git('clone', '-q', '.', str(tmp_path / 'clone'))
    clone = lab.at(tmp_path / 'clone')
    ledger = clone.path / 'results.tsv'
    whole = ledger.read_text()
    lines = whole.splitlines(keepends=True)
    swapped = lines[0].replace('score', '@').replace('seconds', 'score').replace('@', 'seconds')
    for changed in (
        whole.replace('\t3.0\t', '\t9.0\t'), lines[0] + lines[1].replace('\t3.0\t', '\t9.0\t') + ''.join(lines[1:]),
        whole.replace('\t3.0\t', '\tx\t'), whole.replace('\teval\t', '\timport\t'), swapped + ''.join(lines[1:]),
    ):
        ledger.write_text(changed)
        assert changed != whole
        assert clone.exp('baseline') == 3 and f"'{ledger}' does not say of '0" in clone.talk
        assert clone.exp('doctor') and f"bad   ledger         '{ledger}' does not say of '0" in clone.said
        clone.git('checkout', '--', 'results.tsv')
        assert loss.found(Lab.find(clone.path)) is None
    ledger.write_text(whole.replace('\n', '\r\n'), newline='')
    assert loss.found(Lab.find(clone.path)) is None


def test_what_is_only_described_otherwise_or_what_the_trunk_has_is_as_it_is(lab: Place) -> None:
    sharing.measure(lab, '01', value=3.0, description='a try')
    ledger = lab.path / 'results.tsv'
    whole = ledger.read_text()
    ledger.write_text(whole.replace('\ta try\t', '\tthe first try\t').replace('\n', '\r\n'), newline='')
    assert loss.found(Lab.find(lab.path)) is None
    ledger.write_text(whole.replace('\t3.0\t', '\t0.5\t'))
    assert loss.found(Lab.find(lab.path))
    lab.commit('a person has put it right')
    assert loss.found(Lab.find(lab.path)) is None


def test_a_row_that_cannot_be_appended_is_not_missed(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('1')])
    kept = bare.ledger.read_bytes()
    bare.ledger.write_text('commit\tscore\n')
    with pytest.raises(Refused, match='no column'):
        write.append(bare, [row('2')])
    bare.ledger.write_bytes(kept)
    assert loss.lost(bare) == []


def test_killed_at_any_step_a_row_is_there_or_can_be_put_back_and_none_is_missed_for_good(bare: Lab, row: Rows) -> None:
    write.append(bare, [row('00')])
    step, told = 0, None
    while told is None:
        step += 1
        one = row(f'{step:02}')
        told = forked.run(lambda: str(write.append(bare, [one])), die_at=step)
        assert set(ids(loss.lost(bare))) <= {one.id}
        if told:
            assert loss.lost(bare) == [] and one in read.read(bare).results
        write.put_back(bare)
        assert loss.lost(bare) == []
    assert step > 8
    bare.ledger.unlink()
    assert f'{step:02}' in ids(loss.lost(bare))


def test_what_was_appended_and_never_noted_comes_back(lab: Place) -> None:
    sharing.measure(lab, '01')
    lab.commit('rows')
    sharing.measure(lab, '02', noted=False)
    sharing.measure(lab, '03')
    lab.git('update-ref', '-d', sharing.REF)
    whole = (lab.path / 'results.tsv').read_bytes()
    lab.git('checkout', '-q', 'results.tsv')

    lab.exp('doctor')
    assert "results.tsv' has lost rows that it had, such as '03'\n" in lab.said
    assert lab.ok('sync', '--local') == 'ledger: 2 new rows; notes: 3 new rows\n'
    assert (lab.path / 'results.tsv').read_bytes() == whole


def test_rows_of_the_trunk_are_missed_by_who_has_not_appended_them(lab: Place) -> None:
    sharing.measure(lab, '01')
    lab.commit('rows')
    sharing.measure(lab, '02')
    lab.commit('more rows')
    whole = (lab.path / 'results.tsv').read_bytes()
    lab.git('update-ref', '-d', sharing.REF)
    for name in ('own-rows.tsv', 'whole-ledger'):
        (lab.path / '.git' / 'exp' / name).unlink(missing_ok=True)  # As in a clone.
    assert lab.exp('best') != 3

    lab.git('checkout', '-q', 'HEAD~1', '--', 'results.tsv')
    for words in (['submit', 'fish'], ['supersede', 'fish', '--bug', 'b', '--yes'], ['restore', 'fish', '--yes']):
        assert lab.exp(*words) == 3 and "has lost rows that it had, such as '02'\nhint: git exp sync --local" in lab.talk
    assert lab.ok('sync', '--local').startswith('ledger: 1 new row;')
    assert (lab.path / 'results.tsv').read_bytes() == whole
    lab.exp('best')
    assert 'lost' not in lab.talk


def test_rows_that_the_trunk_takes_in_are_missed_though_the_file_stays_as_it_is(lab: Place) -> None:
    sharing.measure(lab, '01')
    lab.commit('rows')
    short = (lab.path / 'results.tsv').read_bytes()
    sharing.measure(lab, '02')
    more = lab.commit('more rows')
    lab.git('reset', '-q', '--hard', 'HEAD~1')
    lab.git('update-ref', '-d', sharing.REF)
    (lab.path / '.git/exp/own-rows.tsv').unlink()  # As in a clone.
    assert lab.exp('submit', 'fish') == 3 and 'lost' not in lab.talk

    lab.git('reset', '-q', '--soft', more)
    assert (lab.path / 'results.tsv').read_bytes() == short
    assert lab.exp('submit', 'fish') == 3 and "has lost rows that it had, such as '02'" in lab.talk


def test_of_two_rows_of_one_id_that_which_counts_comes_back(lab: Place) -> None:
    sharing.measure(lab, '01', '02')
    ledger = lab.path / 'results.tsv'
    whole = ledger.read_text()
    rows = whole.splitlines(keepends=True)[1:]
    ledger.write_text(whole + ''.join(row.replace('\t1.5\t', '\t0.1\t') for row in rows))
    lab.commit('one of them once more, and otherwise')
    for own in (True, False):
        ledger.unlink()
        lab.ok('sync', '--local')
        assert [row.value for row in read.read(Lab.find(lab.path)).results] == [1.5, 1.5]
        (lab.path / '.git/exp/own-rows.tsv').unlink(missing_ok=True)  # As in a clone.
        lab.git('update-ref', '-d', sharing.REF)


def test_a_line_that_is_no_row_hides_none_of_its_id(lab: Place) -> None:
    sharing.measure(lab, '01')
    ledger = lab.path / 'results.tsv'
    head, row = ledger.read_text().splitlines(keepends=True)
    ledger.write_text(head + '01\tcut off\n' + row)
    lab.commit('rows')
    lab.git('update-ref', '-d', sharing.REF)
    (lab.path / '.git/exp/own-rows.tsv').unlink()  # As in a clone.
    ledger.write_text(head)
    assert ids(loss.lost(Lab.find(lab.path))) == ['01']


def test_a_lab_that_names_another_metric_has_another_ledger(lab: Place) -> None:
    said: dict[str, Any] = {'env': {'metric': 'score'}}
    sharing.measure(lab, '01', **said)
    lab.commit('rows')
    text = (lab.path / 'gitexp.yaml').read_text().replace('name: score', 'name: loss')
    lab.write('gitexp.yaml', text)
    lab.commit('another metric')
    for words in (['baseline'], ['sync', '--local']):
        assert lab.exp(*words) == 3 and "no column 'loss'" in lab.talk, words
        assert 'paths: {ledger: results_2.tsv, former: [results.tsv]}' in lab.talk, words

    lab.write('gitexp.yaml', text + 'paths: {ledger: results_2.tsv}\n')
    lab.write('eval.py', (lab.path / 'eval.py').read_text().replace("'score:'", "'loss:'"))
    lab.commit('another ledger')
    lab.ok('baseline')
    assert lab.ok('sync', '--local') == 'ledger: nothing new; notes: nothing new\n'
    head, *rows = (lab.path / 'results_2.tsv').read_text().splitlines()
    assert head.split('\t')[5] == 'loss' and len(rows) == 4 and all('\tbaseline\t' in line for line in rows)
    lab.exp('doctor')
    assert 'lost' not in lab.said
