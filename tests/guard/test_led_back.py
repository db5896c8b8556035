"""A push that leads an experiment back and goes on: what comes after that, or by another line, is held against what there was."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_left_behind import FILES, FORGED, HEADER, SECTIONS
from test_server import bare, change, make, push

ALL = 'keep+protocol+sections'
ANOTHER = {**FORGED, 'results_v1_leak/r.txt': 'nothing wrong\n'}
LATER = {'PLAN.md': f'{FILES["PLAN.md"]}\n## Conclusion\n\nit is a leak\n', 'results_v2_worse/r.txt': 'worse\n'}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A server, and an experiment that is measured and pushed there, with its row on the trunk, which is checked out."""
    place = make(tmp_path, SECTIONS, install=False)
    change(place, 'another ledger', results_DOT_tsv=HEADER)
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    place.git('switch', '-q', '-c', 'exp/a')
    tip = _write(place, FILES, 'exp(a): what is measured')
    place.git('tag', 'measured')
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t{tip}\n')
    assert push(place, 'exp/a') == push(place, 'main') == ''
    return place


def _write(place: Place, files: dict[str, str], message: str) -> str:
    return change(place, message, **{f'experiments/a/{name.replace(".", "_DOT_")}': text for name, text in files.items()})


def _merge(place: Place, branch: str, *words: str) -> None:
    place.git('merge', '-q', '--no-ff', '--no-edit', *words, branch)


def _merged_beside(place: Place, files: dict[str, str]) -> None:
    """The merge of a branch with some files of the experiment, or with another one where there are none."""
    place.git('switch', '-q', '-C', 'side')
    if files:
        _write(place, files, 'on a branch')
    else:
        change(place, 'on a branch', NOTES='hi\n')
    place.git('switch', '-q', 'main')
    _merge(place, 'side')


def _published(place: Place, *words: str) -> str:
    """The experiment is merged and published with what came after the measurement; returns what the trunk is then."""
    place.git('switch', '-q', 'exp/a')
    _write(place, LATER, 'exp(a): what came of it')
    place.git('switch', '-q', 'main')
    _merge(place, 'exp/a', *words)
    assert push(place, 'exp/a') == push(place, 'main') == ''
    return place.git('rev-parse', 'HEAD').stdout.strip()


def _by_another_line(place: Place, published: str) -> None:
    """The trunk as a merge of what is published into the commit before that, without the experiment."""
    place.git('rm', '-q', '-r', 'experiments')
    tree = place.git('write-tree').stdout.strip()
    merge = place.git('commit-tree', '-p', 'origin/main^', '-p', published, '-m', 'a merge', tree).stdout.strip()
    place.git('reset', '-q', '--hard', merge)


def _take(place: Place, commit: str, *names: str) -> None:
    place.git('checkout', '-q', commit, '--', *(f'experiments/a/{name}' for name in names))
    change(place, 'it comes')


def test_another_plan_does_not_come_behind_a_merge_that_takes_nothing(place: Place) -> None:
    _merge(place, 'exp/a', '-s', 'ours')
    _write(place, ANOTHER, 'as it should have been')
    assert told(push(place, 'main')) == ALL
    place.git('reset', '-q', '--hard', 'HEAD^')
    _take(place, 'measured', '')
    assert push(place, 'main') == '', 'as it was measured it does'


def test_nor_behind_the_merge_of_another_branch(place: Place) -> None:
    _merged_beside(place, {})
    _write(place, ANOTHER, 'as it should have been')
    assert told(push(place, 'main')) == ALL


def test_nor_before_a_merge_that_is_taken_back(place: Place) -> None:
    _write(place, ANOTHER, 'as it should have been')
    _merged_beside(place, {'results_v3_side/r.txt': 'aside\n'})
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert told(push(place, 'main')) == ALL


@pytest.mark.parametrize('beyond', [False, True])
@pytest.mark.parametrize('pushed', [False, True])
def test_what_was_published_does_not_come_back_otherwise_when_the_line_of_the_trunk_is_another_one(
    place: Place, beyond: bool, pushed: bool,
) -> None:
    published = _published(place)
    _by_another_line(place, change(place, 'on from there', NOTES='hi\n') if beyond else published)
    assert not pushed or push(place, 'main') == '', 'the history has it'
    line = place.git('rev-parse', 'HEAD').stdout.strip()

    _write(place, FORGED, 'another one')
    assert told(push(place, 'main')) == ALL
    place.git('reset', '-q', '--hard', line)
    _take(place, 'measured', '')
    assert told(push(place, 'main')) == 'keep+sections', 'nor as it was measured'
    place.git('reset', '-q', '--hard', line)
    _take(place, published, 'PLAN.md', 'PROTOCOL.md')
    assert told(push(place, 'main')) == 'keep', 'nor in part'
    place.git('reset', '-q', '--hard', line)
    _take(place, published, '')
    assert push(place, 'main') == ''


def test_what_was_reverted_does_not_come_back_in_part_by_way_of_a_merge(place: Place) -> None:
    published = _published(place)
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert push(place, 'main') == ''
    _merged_beside(place, {})
    _write(place, {'results_v3_new/r.txt': 'new\n'}, 'something new')
    assert told(push(place, 'main')) == ALL, 'something else comes, after a merge of something else'
    place.git('reset', '-q', '--hard', 'origin/main')
    _take(place, published, 'PLAN.md')
    _merged_beside(place, {'results_v2_worse/r.txt': 'worse\n'})
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert told(push(place, 'main')) == 'keep+protocol', 'a part of it, to which the push leads back'


def test_nor_to_a_plan_that_was_there_before(place: Place) -> None:
    _take(place, 'measured', 'PLAN.md')
    published = _published(place, '-X', 'theirs')
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert push(place, 'main') == '', 'where the plan is'
    _merged_beside(place, {'results_v3_side/r.txt': 'aside\n'})
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    _take(place, published, 'PLAN.md', 'PROTOCOL.md')
    assert told(push(place, 'main')) == 'keep', 'in part'


def test_nor_does_another_protocol_come_to_a_plan_that_was_there_before(place: Place) -> None:
    _take(place, 'measured', 'PLAN.md')
    assert push(place, 'main') == ''
    _merged_beside(place, {'results_v3_side/r.txt': 'aside\n'})
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    _write(place, {'PROTOCOL.md': 'best of 20\n'}, 'as it should have been')
    assert told(push(place, 'main')) == 'protocol'


def test_who_reverts_a_merge_and_pulls_another_one_may_push(place: Place, tmp_path: Path) -> None:
    _published(place)
    other = Place(tmp_path / 'other')
    place.git('clone', '-q', '../the šerver.git', str(other.path))
    _merged_beside(other, {'results_v3_more/r.txt': 'more\n'})
    assert push(other, 'main') == ''
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    place.git('fetch', '-q')
    _merge(place, 'origin/main')
    assert push(place, 'main') == ''


def test_merges_that_were_reverted_come_back_one_by_one(place: Place) -> None:
    _merge(place, 'measured')
    place.git('switch', '-q', 'exp/a')
    _write(place, LATER, 'exp(a): what came of it')
    place.git('switch', '-q', 'main')
    _merge(place, 'exp/a')
    assert push(place, 'exp/a') == push(place, 'main') == ''
    second, first = (place.git('rev-parse', name).stdout.strip() for name in ('HEAD', 'HEAD^'))
    place.git('revert', '--no-edit', '-m', '1', second)
    place.git('mv', 'experiments/a/results_v1_leak', 'experiments/a/results')
    change(place, 'it was no leak')
    place.git('revert', '--no-edit', 'HEAD')
    assert push(place, 'main') == ''
    place.git('revert', '--no-edit', '-m', '1', first)
    assert push(place, 'main') == ''
    place.git('revert', '--no-edit', 'HEAD')
    assert push(place, 'main') == ''


def test_who_reverts_two_merges_pulls_the_revert_of_one_by_a_rebase(place: Place, tmp_path: Path) -> None:
    _merge(place, 'measured')
    _published(place)
    place.git('clone', '-q', '../the šerver.git', str(tmp_path / 'other'))
    other = Place(tmp_path / 'other')
    other.git('-c', 'user.name=Other', 'revert', '--no-edit', '-m', '1', 'HEAD')
    assert push(other, 'main') == ''
    place.ok('hook', 'install')
    place.git('branch', '-q', '-u', 'origin/main')
    for merge in place.git('log', '--format=%H', '--merges', '--first-parent', '-2').stdout.split():
        place.git('revert', '--no-edit', '-m', '1', merge)

    place.git('pull', '-q', '--rebase')
    assert not (place.path / 'experiments').exists() and push(place, 'main') == ''


@pytest.mark.parametrize('merged', [False, True], ids=['measured alone', 'taken back'])
def test_a_merge_and_its_revert_make_nothing_that_the_trunk_has_had(place: Place, merged: bool) -> None:
    if merged:
        _published(place)
        place.git('revert', '--no-edit', '-m', '1', 'HEAD')
        assert push(place, 'main') == ''
    before = place.git('rev-parse', 'HEAD').stdout.strip()
    _merged_beside(place, FORGED)
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert told(said := push(place, 'main')) != 'ok' and 'leave out the merge that brings it, and what takes it back' in said
    place.git('reset', '-q', '--hard', before)
    _merged_beside(place, {})
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    _merge(place, 'exp/a') if not merged else place.git('revert', '--no-edit', before)
    assert push(place, 'main') == '', 'what is as it was may come on the way'
