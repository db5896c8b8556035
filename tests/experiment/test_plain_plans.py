"""Plans are plain text: where git would convert them nothing is begun, and line ends and idents are git's own affair."""
from __future__ import annotations

from pathlib import Path

import pytest

import scene
from place import Place

PLAN = 'experiments/one/PLAN.md'
ENCODED = 'experiments/*/PLAN.md text working-tree-encoding=UTF-16LE-BOM\n'
FILTERED = 'experiments/*/PLAN.md filter=crypt\n'
CLEAN = "sed '1{/^ENC$/!{s/^/ENC\\n/}}'"  # Lets through what is encoded, as git-crypt and git-lfs do.
SMUDGE = "sed '1{/^ENC$/d}'"


@pytest.fixture
def one(lab: Place) -> Place:
    """The worktree of an experiment that was measured."""
    scene.begin(lab.path, 'one')
    scene.measure(lab.path, 'one', 2.0)
    return lab.at('5_worktrees/one')


def _filters(lab: Place) -> None:
    lab.git('config', 'filter.crypt.clean', CLEAN)
    lab.git('config', 'filter.crypt.smudge', SMUDGE)
    lab.git('config', 'filter.crypt.required', 'true')


def _seen(lab: Place) -> tuple[object, ...]:
    plan = lab.path / '5_worktrees/one' / PLAN
    refs, status = lab.git('for-each-ref').stdout, lab.git('status', '--porcelain', '--ignored').stdout
    return refs, status, (lab.path / 'results.tsv').read_bytes(), plan.is_file() and plan.read_bytes()


def _hinted(place: Place) -> str:
    """The line of attributes that the last command has named."""
    return place.talk.partition("commit '")[2].partition("'")[0]


@pytest.mark.parametrize('line, why', [(FILTERED, 'filter=crypt'), (ENCODED, 'working-tree-encoding=UTF-16LE-BOM')])
def test_no_experiment_begins_where_git_would_convert_its_plan(lab: Place, line: str, why: str) -> None:
    if line == FILTERED:
        _filters(lab)
    lab.write('.gitattributes', line)
    lab.commit('attributes')
    before = lab.git('for-each-ref').stdout

    assert lab.exp('new', 'one') == 3

    assert f"cannot start 'one': git converts '{PLAN}' ({why}), and gitexp adds to plans as plain text" in lab.talk
    assert lab.git('for-each-ref').stdout == before
    assert not (lab.path / '5_worktrees/one').exists()
    lab.write('.gitattributes', f'{line}{_hinted(lab)}\n')
    lab.commit('as the hint says')
    lab.ok('new', 'one')
    assert lab.at('5_worktrees/one').git('status', '--porcelain').stdout == ''


def test_a_name_of_utf_8_and_a_filter_for_other_files_are_no_hindrance(lab: Place) -> None:
    _filters(lab)
    lab.write('.gitattributes', 'experiments/** working-tree-encoding=utf-8\n*.bin filter=crypt\n')
    lab.commit('attributes')

    lab.ok('new', 'one')
    scene.measure(lab.path, 'one', 2.0)
    lab.ok('supersede', 'one', '--bug', 'leak', '--yes')
    lab.ok('restore', 'one', '--yes')


@pytest.mark.parametrize('line', [FILTERED, ENCODED])
def test_nothing_is_retired_where_git_converts_the_plan(lab: Place, one: Place, line: str) -> None:
    _filters(lab)
    one.write('.gitattributes', line)
    old = (one.path / PLAN).read_text()
    one.write(PLAN, old.encode('utf-16') if line == ENCODED else old + '\nmine\n')
    one.commit('exp(one): a plan that is converted')
    before = _seen(lab)

    assert one.exp('supersede', '--bug', 'leak', '--yes') == 3

    assert f"git converts '{PLAN}'" in one.talk
    assert _seen(lab) == before
    one.write(PLAN, old)
    one.write('.gitattributes', f'{line}{_hinted(one)}\n')
    one.git('add', '--renormalize', 'experiments/*/PLAN.md')
    one.commit('exp(one): as the hint says')
    one.ok('supersede', '--bug', 'leak', '--yes')
    assert one.git('show', f'HEAD:{PLAN}').stdout == (one.path / PLAN).read_text()
    assert one.git('status', '--porcelain').stdout == ''


def test_nothing_is_brought_back_where_git_converts_the_plan(lab: Place, one: Place) -> None:
    one.ok('supersede', '--bug', 'leak', '--yes')
    one.write('.gitattributes', FILTERED)
    before = _seen(lab)

    assert one.exp('restore', '--yes') == 3
    assert 'cannot restore' in one.talk and 'filter=crypt' in one.talk, 'what is not committed counts, too'
    assert _seen(lab) == before


def test_of_a_closed_experiment_the_attributes_of_its_branch_count(lab: Place, one: Place) -> None:
    """Nor need the filter be set up here: others have it."""
    own = 'experiments/one/.gitattributes'
    one.write(own, 'PLAN.md filter=crypt\n')
    one.commit('exp(one): a plan that is converted')
    lab.ok('close', 'one')
    before = _seen(lab)

    assert lab.exp('supersede', 'one', '--bug', 'leak', '--yes') == 3
    assert "cannot supersede on 'refs/heads/exp/one': git converts" in lab.talk
    assert f"'PLAN.md -filter' as the last line of {own}" in lab.talk
    assert _seen(lab) == before
    lab.git('worktree', 'add', '-q', '5_worktrees/one', 'exp/one')
    one.write(own, f'PLAN.md filter=crypt\n{_hinted(lab)}\n')
    one.commit('exp(one): as the hint says')
    lab.ok('close', 'one')
    lab.write('.gitattributes', FILTERED)
    lab.ok('supersede', 'one', '--bug', 'leak', '--yes')
    assert lab.git('show', f'exp/one:{PLAN}').stdout.count('leak')


def test_a_plan_in_other_letters_is_not_added_to(lab: Place, one: Place) -> None:
    one.write(PLAN, (one.path / PLAN).read_text().encode('utf-16'))
    one.commit('exp(one): by an editor of its own mind')
    before = _seen(lab)

    assert one.exp('supersede', '--bug', 'leak', '--yes') == 3 and f"'{PLAN}' is no text in UTF-8" in one.talk
    assert _seen(lab) == before


def test_what_outweighs_all_lines_is_named(lab: Place, one: Place) -> None:
    lab.write('.git/info/attributes', FILTERED)

    assert one.exp('supersede', '--bug', 'leak', '--yes') == 3
    assert f'and look into {lab.path}/.git/info/attributes, which outweighs it;' in one.talk


@pytest.mark.parametrize('line', ['* text=auto eol=crlf\n', 'PLAN.md text eol=crlf ident\n'])
def test_line_ends_and_idents_stay_as_the_lab_has_them(lab: Place, tmp_path: Path, line: str) -> None:
    lab.write('.gitattributes', line)
    lab.commit('attributes')
    lab.ok('new', 'one')
    one = lab.at('5_worktrees/one')
    assert b'\r\n' in (one.path / PLAN).read_bytes()
    with (one.path / PLAN).open('ab') as file:
        file.write(b'\r\n## 9. Mine\r\n\r\n$Id$\r\n')
    one.commit('exp(one): mine')
    scene.measure(lab.path, 'one', 2.0)

    lab.ok('supersede', 'one', '--bug', 'leak', '--yes')
    lab.ok('restore', 'one', '--yes')

    assert one.git('status', '--porcelain').stdout == ''
    text = one.git('show', f'HEAD:{PLAN}').stdout
    assert '\r' not in text and '## 10. v1 root cause: leak' in text and '## 11. v1 restored: leak' in text and '$Id$' in text
    lab.git('clone', '-q', '-b', 'exp/one', '.', str(tmp_path / 'other'))
    other = (tmp_path / 'other' / PLAN).read_bytes()
    assert other.count(b'\n') == other.count(b'\r\n')
