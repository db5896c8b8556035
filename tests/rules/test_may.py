"""Asking before acting: git exp check rules --may."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
import rulebook
from place import Place


def _answers(place: Place, *paths: str, **more: str) -> dict[str, str]:
    """The rule that forbids each path, 'ok' for none."""
    code = place.exp('check', 'rules', '--may', *paths, '--json', **more)
    said = json.loads(place.said)
    assert code == (0 if all(one['may'] for one in said) else 1)
    assert all(one['may'] or one['rule'] and one['where'] and one['why'] and one['instead'] for one in said)
    return {one['path']: one['rule'] or 'ok' for one in said}


def test_an_agent_is_told_what_it_may_touch_and_what_it_may_do_instead(tmp_path: Path) -> None:
    place = rulebook.make(tmp_path)

    assert place.exp('check', 'rules', '--may', 'model.py', 'eval.py', 'results.tsv', 'notes_journal.md', 'data/new.txt') == 1

    assert place.said == """\
yes  model.py
no   eval.py: frozen (gitexp.yaml:8): changed; ask a person for meta mode
no   results.tsv: global (gitexp.yaml:13): changed outside 'main'; change it in the worktree of 'main'
no   notes_journal.md: append-top (gitexp.yaml:14): what is there stays; put a new entry above the first one
no   data/new.txt: links-only (gitexp.yaml:18): added, and is no symbolic link; link to it instead: ln -s TARGET NAME
"""
    assert place.exp('check', 'rules', '--may', 'model.py') == 0


@pytest.mark.parametrize(('kind', 'branch', 'path', 'rule'), [
    ('open', 'exp/a', 'new.py', 'ok'),
    ('open', 'exp/a', 'guard/new.py', 'frozen'),
    ('open', 'exp/a', 'meta_journal.md', 'frozen'),
    ('open', 'exp/a', 'new_journal.md', 'ok'),
    ('open', 'exp/a', 'docs/archived/old.md', 'keep'),
    ('open', 'exp/a', 'docs/archived/new.md', 'ok'),
    ('open', 'exp/a', 'data.py', 'fixed'),
    ('open', 'main', 'data.py', 'ok'),
    ('open', 'exp/a', 'data/train.txt', 'ok'),
    ('open', 'exp/a', 'human_journal.md', 'append-top'),
    ('open', 'exp/a', 'experiments/a/PLAN.md', 'sections'),
    ('open', 'exp/a', 'experiments/fresh/PLAN.md', 'ok'),
    ('open', 'exp/a', 'experiments/a/PROTOCOL.md', 'protocol'),
    ('open', 'exp/a', 'experiments/b/PROTOCOL.md', 'ok'),
    ('open', 'exp/a', 'experiments/a/run_2/x.log', 'naming'),
    ('open', 'exp/a', 'experiments/a/run_2/', 'naming'),
    ('open', 'exp/a', 'eval/__init__.py', 'frozen'),
    ('open', 'main', 'results.tsv', 'append-bottom'),
    ('least', 'exp/a', 'results.tsv', 'rows'),
    ('least', 'side', 'results.tsv', 'append-bottom'),
    ('open', 'main', 'RESEARCH_JOURNAL.md', 'append-top'),
    ('open', 'exp/a', 'lib', 'ok'),
    ('open', 'exp/a', 'lib/', 'ok'),
    ('open', 'exp/a', 'docs', 'keep'),
    ('open', 'exp/a', 'guard', 'frozen'),
    ('open', 'exp/a', '.', 'sections'),
    ('open', 'exp/a', 'json.py', 'uninvited'),
    ('open', 'exp/a', 'json/__init__.py', 'uninvited'),
    ('open', 'exp/a', 'data/__init__.py', 'links-only'),
    ('open', 'exp/a', 'lib/json.py', 'ok'),
    ('open', 'exp/a', 'json/', 'ok'),
    ('open', 'main', 'json.py', 'ok'),
    ('open', 'side', 'json.py', 'ok'),
    ('confined', 'exp/a', 'model.py', 'ok'),
    ('confined', 'exp/a', 'other.py', 'variable'),
    ('confined', 'exp/a', 'experiments/a/new/', 'ok'),
    ('confined', 'side', 'other.py', 'ok'),
    ('guarded', 'main', 'model.py', 'guarded'),
    ('guarded', 'main', 'results.tsv', 'append-bottom'),
])
def test_the_answer_is_that_of_the_judge(tmp_path: Path, kind: str, branch: str, path: str, rule: str) -> None:
    assert _answers(rulebook.make(tmp_path, kind, branch), path) == {path: rule}


def test_what_programs_would_load_unasked_is_told_before_the_evaluation_refuses_it(tmp_path: Path) -> None:
    place = rulebook.make(tmp_path)

    assert place.exp('check', 'rules', '--may', 'conftest.py', 'model.py', 'json.py') == 1
    assert place.said == """\
no   conftest.py: uninvited (built in): pytest would load it unasked; call it something else
yes  model.py
no   json.py: uninvited (built in): Python would load it in place of its own 'json'; call it something else
"""
    place.write('json.py', 'x = 1\n')
    place.git('add', 'json.py')
    place.git('commit', '-q', '-m', 'exp(a): a module')
    assert {one.rule for one in rulebook.gate.commit(rulebook.Lab.find(place.path), 'HEAD', slug='a')} == {'uninvited'}


def test_the_whole_worktree_is_a_folder_like_any(tmp_path: Path) -> None:
    place = rulebook.make(tmp_path)

    assert place.exp('check', 'rules', '--may', '.') == 1
    assert place.said.startswith("no   .: ") and "'DESIGN.md': " in place.said
    assert _answers(place.at('lib'), '..', '.') == {'..': 'sections', '.': 'ok'}


def test_a_person_and_meta_mode_are_known(tmp_path: Path) -> None:
    place = rulebook.make(tmp_path)
    place.git('config', 'user.email', 'bot@example.org')

    assert _answers(place, 'human_journal.md') == {'human_journal.md': 'human'}
    assert "by 'Ada <bot@example.org>', who is not in 'humans:'" in place.said
    assert _answers(place, 'eval.py', 'notes_journal.md', META_MODE='1')['notes_journal.md'] == 'append-top'


def test_paths_are_those_of_the_folder_one_is_in_and_of_its_worktree(tmp_path: Path) -> None:
    root = rulebook.make(tmp_path, 'confined', 'main')
    root.git('worktree', 'add', '-q', '-b', 'exp/b', '5_worktrees/b')
    tree = root.at('5_worktrees/b')

    assert _answers(tree.at('lib'), 'a.py', '../other.py') == {'a.py': 'ok', '../other.py': 'variable'}
    assert _answers(tree, str(tree.path / 'experiments/b/new.md')) == {str(tree.path / 'experiments/b/new.md'): 'ok'}
    assert _answers(tree, 'experiments/a/new.md') == {'experiments/a/new.md': 'variable'}
    assert _answers(root, 'other.py') == {'other.py': 'ok'}

    (tree.path / 'link').symlink_to('guard')
    assert _answers(tree, 'link/a.py') == {'link/a.py': 'frozen'}


@pytest.mark.parametrize(('path', 'says'), [
    ('..', 'is not in the worktree'),
    ('/etc/passwd', 'is not in the worktree'),
    ('.git/config', "is git's own"),
    ('5_worktrees/b/model.py', 'is in another worktree'),
])
def test_what_is_outside_is_no_question(tmp_path: Path, path: str, says: str) -> None:
    place = rulebook.make(tmp_path, branch='main')
    place.git('worktree', 'add', '-q', '-b', 'exp/b', '5_worktrees/b')

    assert place.exp('check', 'rules', '--may', path) == 2
    assert says in place.talk


def test_nothing_else_goes_with_the_question(tmp_path: Path) -> None:
    place = rulebook.make(tmp_path)

    for words in (['--may'], ['--may', 'model.py', '--staged'], ['--may', 'model.py', '--on', 'main'], ['main..HEAD', 'exp/a..HEAD']):
        assert place.exp('check', 'rules', *words) == 2
        assert 'git exp check rules --may PATH' in place.talk
