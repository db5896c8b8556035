"""A version that a bug has closed stays closed, whoever measures it and whatever the order of the lines."""
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import permutations

import pytest
import sharing
from place import Place
from stories import experiment

from gitexp.lab.lab import Lab
from gitexp.ledger import read, retired, standing, write
from gitexp.ledger.counting import Vain
from gitexp.ledger.result import Kind, Result

Rows = Callable[..., Result]


def event(row: Rows, name: str, version: str, *covers: str) -> Result:
    bug = version.partition('_')[2] or 'some'
    return row(name, kind=Kind.SUPERSEDE, value=None, tree=None, version=version, params={'bug': bug, 'covers': list(covers)})


def covered(rows: Sequence[Result]) -> dict[str, str]:
    """In every order the same."""
    found = [retired.covered(some) for some in permutations(rows)]
    assert all(one == found[0] for one in found)
    return found[0]


@pytest.mark.parametrize(('said', 'gone'), [
    ({}, True), ({'id': '0'}, True), ({'version': 'v2'}, False), ({'version': 'v1_with_fix'}, False), ({'experiment': 'other'}, False),
    ({'kind': Kind.BASELINE}, False), ({'kind': Kind.IMPORT}, False),
], ids=lambda said: str(said))
def test_what_belongs_to_a_version_that_is_closed(row: Rows, said: dict[str, object], gone: bool) -> None:
    late = row('5')._replace(**said)

    assert covered([row('1'), event(row, '2', 'v1_leak', '1'), late]) == {'1': 'leak', **({late.id: 'leak'} if gone else {})}


def test_where_only_rows_are_retired_the_version_goes_on(row: Rows) -> None:
    assert covered([row('1'), event(row, '2', 'v1', '1'), row('3')]) == {'1': 'some'}


def test_what_went_with_the_rows_of_an_older_version_closes_that_too(row: Rows) -> None:
    last = event(row, '2', 'v3_leak', '1')
    both = last._replace(params={**last.params, 'closes': ['v1']})

    assert covered([row('1'), both, row('5'), row('6')._replace(version='v3')]) == {'1': 'leak', '5': 'leak', '6': 'leak'}
    assert covered([row('1'), last, row('5')]) == {'1': 'leak'}


def test_restored_all_of_it_counts_again(row: Rows) -> None:
    closed, back = event(row, '2', 'v1_leak', '1'), row('4', kind=Kind.RESTORE, value=None, params={'restores': '2'})
    rows = [row('1'), closed, row('3'), back]

    assert covered(rows) == {}
    assert [one.id for one in retired.by([closed], rows)] == ['1', '3'], 'what was never named comes back with it'


def test_what_was_measured_of_a_closed_version_is_retired_from_then_on_and_what_was_brought_back_counts_from_then_on(row: Rows) -> None:
    closed, named, late = event(row, '2', 'v1_leak', '1'), row('1'), row('5')
    for rows in permutations([named, closed, late]):
        found = retired.of(rows)
        assert {one.id: found.why(one) for one in (named, late)} == {'1': ('leak', '2'), '5': ('leak', '5')}

    back = [row(name, kind=Kind.RESTORE, value=None, params={'restores': '2'}) for name in ('4', '6')]
    for rows in permutations([named, closed, late, *back]):
        found = retired.of(rows)
        assert [found.since(one.id, retired.lot(one)) for one in (named, late)] == ['4 1', '5']
    assert retired.of([closed, row('0', kind=Kind.RESTORE, params={'restores': '2'})]).since('1', None) == '2 1', 'its clock was behind'


def test_values_that_went_with_their_version_are_as_retired_as_those_that_are_named(bare: Lab, row: Rows) -> None:
    """As where who retires them has not heard of them yet: what is left of the tree may be left for its value."""
    kept, gone = row('1', experiment='other'), row('2')
    confirmed = row('3', kind=Kind.CONFIRM, experiment='other', value=None, tree=None, params={'confirms': 'tree'})
    write.append(bare, [kept, gone, confirmed, event(row, '4', 'v1_leak')])
    for found in (standing.trees(bare), standing.among(read.read(bare), bare.config.metric)):
        assert found.picked == {'tree': '4'} and found.lost == {('tree', 1): Vain(1, '4')}


def test_of_two_that_close_it_one_is_enough(row: Rows) -> None:
    back = row('6', kind=Kind.RESTORE, value=None, params={'restores': '2'})

    rows = [row('1'), event(row, '2', 'v1_leak', '1'), event(row, '3', 'v1_bias', '1'), row('4'), back]
    assert covered(rows) == {'1': 'bias', '4': 'bias'}


@pytest.mark.parametrize('back', ['35', '5'], ids=['before', 'after'])
def test_what_was_brought_back_by_name_is_no_exception_from_a_version_that_is_closed(row: Rows, back: str) -> None:
    some, rest = event(row, '3', 'v1', '1'), event(row, '4', 'v1_leak', '2')

    rows = [row('1'), row('2'), some, rest, row(back, kind=Kind.RESTORE, value=None, params={'restores': '3'})]
    assert covered(rows) == {'1': 'leak', '2': 'leak'}


@pytest.mark.parametrize('by', ['rows', 'a folder'])
def test_the_version_that_is_closed_is_that_of_the_rows(lab: Place, by: str) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    two = sharing.clone(sharing.server(lab), 'two')
    lab.ok('sync')
    two.ok('sync')
    if by == 'rows':
        lab.ok('supersede', 'idea', '--bug', 'one', '--yes')
        idea.write('model.py', 'score = 2.8\n')
        idea.commit('exp(idea): other')
        idea.ok('eval', '--seed', '1')
        lab.ok('supersede', 'idea', '--bug', 'two', '--yes')
        lab.ok('restore', 'idea', '--bug', 'one', '--yes')
    else:
        idea.write('experiments/idea/results_v7_old/viz/loss.svg', 'a plot')
        idea.commit('exp(idea): plots')
    lab.ok('supersede', 'idea', '--bug', 'leak', '--yes')
    sharing.measure(two, '0late', experiment='idea', version='v1')
    two.ok('sync')
    lab.ok('sync')

    assert lab.exp('best') == 1, lab.said
    assert [row['superseded_by'] for row in json.loads(lab.ok('results', '--json')) if row['version'] == 'v1'] == ['leak', 'leak']


def test_measured_again_before_the_bug_was_heard_of(lab: Place) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    bare = sharing.server(lab)
    lab.ok('sync')
    two = sharing.clone(bare, 'two')
    two.ok('sync')
    two.ok('supersede', 'idea', '--bug', 'leak', '--yes')
    two.ok('sync')

    idea.ok('eval', '--seeds', '2')
    assert json.loads(lab.ok('best', '--json'))['experiment'] == 'idea'
    lab.ok('sync')
    assert lab.exp('best') == 1, lab.said
    assert [row['superseded_by'] for row in json.loads(lab.ok('results', '--json'))] == ['leak', None, 'leak']
    assert idea.exp('eval') == 3 and "superseded by the bug 'leak'" in idea.talk
    idea.ok('eval', '--despite', 'leak')
    assert json.loads(lab.ok('best', '--json'))['version'] == 'v2'
