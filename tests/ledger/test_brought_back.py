"""What comes back in clones that have not heard of each other, or in another order: the same everywhere."""
from __future__ import annotations

import json

import pytest
import sharing
from place import Place
from stories import experiment, rows

from gitexp.ledger.result import Kind


@pytest.fixture
def idea(lab: Place) -> Place:
    """The worktree of an experiment that has all its seeds, and is published with a clone beside it, `two`."""
    made = experiment(lab)
    made.ok('eval', '--seeds', '3')
    made.write('experiments/idea/results/own.txt', 'kept')
    bare = sharing.server(lab)
    lab.ok('sync')
    sharing.clone(bare, 'two').ok('sync')
    return made


def meet(lab: Place) -> Place:
    """Both clones get all rows; returns the other one."""
    two = lab.at('../two')
    for one in (two, lab, two):
        one.ok('sync')
    return two


def bugs(lab: Place) -> list[str | None]:
    return [row['superseded_by'] for row in json.loads(lab.ok('results', '--json')) if row['kind'] == 'eval']


@pytest.mark.parametrize('part', [False, True], ids=['all of it', 'a part of it'])
def test_what_two_have_retired_for_one_bug_comes_back_at_once(lab: Place, idea: Place, part: bool) -> None:
    words = ['--runs', rows(lab)[0]['id']] if part else []
    lab.at('../two').ok('supersede', 'idea', '--bug', 'leak', *words, '--yes')
    lab.ok('supersede', 'idea', '--bug', 'leak', '--yes')
    two = meet(lab)

    assert lab.ok('restore', 'idea', '--yes').splitlines() == [
        "restored v1_leak of 'idea': 3 rows", 'results_v1_leak -> results', 'exp_log_v1_leak -> exp_log',
    ]
    meet(lab)
    assert bugs(lab) == bugs(two) == [None] * 3
    assert (idea.path / 'experiments/idea/results/own.txt').exists()
    assert lab.exp('restore', 'idea', '--yes') == 3 and 'nothing to restore' in lab.talk
    assert two.exp('restore', 'idea', '--yes') == 3 and 'nothing to restore' in two.talk
    idea.ok('eval', '--seed', '4')
    assert rows(lab)[-1]['version'] == 'v1'


def test_what_stays_retired_because_of_another_bug_is_said(lab: Place, idea: Place) -> None:
    folder = idea.path / 'experiments/idea'
    idea.ok('hook', 'install')
    two = lab.at('../two')
    two.ok('supersede', 'idea', '--bug', 'bias', '--yes')
    lab.ok('supersede', 'idea', '--bug', 'leak', '--yes')
    meet(lab)

    said = "restored v1_leak of 'idea': 0 rows; 3 rows stay retired because of bias\n"
    assert lab.ok('restore', 'idea', '--bug', 'leak', '--yes') == said
    assert bugs(lab) == ['bias'] * 3 and (folder / 'results_v1_leak/own.txt').exists()
    assert ': 0 rows that were retired count again; 3 rows stay retired because of bias (ledger: ' in (folder / 'PLAN.md').read_text()

    assert lab.ok('restore', 'idea', '--yes').startswith("restored v1_bias of 'idea': 3 rows\nresults_v1_leak -> results\n")
    assert bugs(lab) == [None] * 3 and (folder / 'results/own.txt').exists()


def test_it_comes_back_where_it_was_measured_though_another_clone_has_retired_it(lab: Place, idea: Place) -> None:
    lab.at('../two').ok('supersede', 'idea', '--bug', 'leak', '--yes')
    meet(lab)
    assert bugs(lab) == ['leak'] * 3

    assert lab.ok('restore', 'idea', '--yes') == "restored v1_leak of 'idea': 3 rows\n", 'no folder was moved here'
    assert bugs(lab) == [None] * 3 and (idea.path / 'experiments/idea/results/own.txt').exists()
    assert idea.git('status', '--porcelain').stdout == ''


def test_it_does_not_where_the_next_version_was_measured_since(lab: Place, idea: Place) -> None:
    lab.at('../two').ok('supersede', 'idea', '--bug', 'leak', '--yes')
    meet(lab)
    idea.write('model.py', 'score = 1.9\n')
    idea.commit('exp(idea): mended')
    idea.ok('eval', '--seed', '1')
    run = rows(lab)[-1]['id']

    assert lab.exp('restore', 'idea', '--yes') == 3
    assert f"the current version has results of its own, such as those of run {run}" in lab.talk


def test_the_newest_is_the_same_in_whatever_order_rows_came(lab: Place, idea: Place) -> None:
    runs = [row['id'] for row in rows(lab)]
    lab.ok('supersede', 'idea', '--bug', 'older', '--runs', runs[0], '--yes')
    lab.at('../two').ok('supersede', 'idea', '--bug', 'newer', '--runs', runs[1], '--yes')
    two = meet(lab)
    assert [row['id'] for row in rows(lab)] != [row['id'] for row in rows(two)]

    said = [json.loads(one.ok('restore', 'idea', '--dry-run', '--json'))['experiments'][0]['bug'] for one in (lab, two)]
    assert said == ['newer', 'newer']
    for one in (lab, two):
        assert one.exp('restore', 'idea', '--bug', 'xyz', '--yes') == 3 and "the newest that have: 'newer' or 'older'" in one.talk


def test_what_is_said_is_the_same_in_whatever_order_rows_came(lab: Place) -> None:
    two = sharing.clone(sharing.server(lab), 'two')
    for place, name, version in ((lab, '1', 'v2'), (two, '2', 'v1')):
        sharing.measure(place, f'{name}a', version=version, tree=name * 40, time=f'2026-01-0{name}T00:00:00+00:00')
        sharing.measure(place, f'{name}b', kind=Kind.SUPERSEDE, version='v1', params={'bug': f'bug{name}', 'covers': [f'{name}a']})
        sharing.measure(place, f'{name}c', experiment=f'more{name}', tree=name * 40)
    meet(lab)
    assert sharing.ledger(lab) != sharing.ledger(two)

    assert lab.ok('show', 'wide') == two.ok('show', 'wide') and 'v2: 1 run, superseded by the bug bug1\n' in lab.said
    assert lab.ok('list') == two.ok('list') and 'bug: bug2' in lab.said
    for words in (['results'], ['results', '--tsv'], ['report', '--csv', '-']):
        assert lab.ok(*words) == two.ok(*words)
