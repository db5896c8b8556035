"""git exp check rules, as a person and as a job of a server type it."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from place import Place
from rulebook import apply, make


@pytest.fixture
def broken(tmp_path: Path) -> Place:
    """An experiment whose first commit changes eval.py, and whose second puts it back."""
    place = make(tmp_path)
    apply(place, 'edit eval.py')
    place.without_hooks('commit', '-q', '-m', 'exp(a): cheat')
    place.git('checkout', '-q', 'main', '--', 'eval.py')
    place.git('commit', '-q', '-m', 'exp(a): put it back')
    return place


def test_breaking_and_restoring_is_seen(broken: Place) -> None:
    assert broken.exp('check', 'rules') == 1
    evil = broken.git('rev-parse', 'HEAD^').stdout[:10]
    assert broken.said == (
        f'{evil} eval.py: changed\n'
        '    rule: frozen (gitexp.yaml:8)\n'
        f'    do:   take it out of that commit: git rebase -i {evil}^; or ask a person for meta mode\n'
    )
    assert broken.talk.startswith("2 commits of 'exp/a' up to ")


def test_it_says_what_it_has_looked_at(broken: Place) -> None:
    said = broken.ok('check', 'rules', 'HEAD^..HEAD')
    assert said.startswith("1 commit of 'exp/a' up to ")
    assert said.endswith('nothing against the rules of main\n')


def test_for_a_program(broken: Place) -> None:
    assert broken.exp('check', 'rules', '--json') == 1
    one, = json.loads(broken.said)
    assert (one['rule'], one['path'], one['where'], one['level']) == ('frozen', 'eval.py', 'gitexp.yaml:8', 'error')
    assert one['commit'] == broken.git('rev-parse', 'HEAD^').stdout.strip()
    broken.git('switch', '-q', 'main')
    assert json.loads(broken.ok('check', 'rules', '--json')) == []


def test_a_job_that_has_only_commits_says_which_branch(broken: Place) -> None:
    first, last = (broken.git('rev-parse', name).stdout.strip() for name in ('main', 'exp/a'))
    broken.git('switch', '-q', '--detach', 'exp/a')
    assert broken.exp('check', 'rules', f'{first}..{last}') == 1
    apply(broken, 'edit data.py')
    broken.without_hooks('commit', '-q', '-m', 'x')
    assert broken.exp('check', 'rules', 'HEAD^..HEAD') == 0, 'fixed is for experiments'
    assert broken.exp('check', 'rules', 'HEAD^..HEAD', '--on', 'exp/a') == 1


def test_a_branch_that_is_called_like_a_commit_is_not_taken_for_it(broken: Place) -> None:
    evil = broken.git('rev-parse', 'HEAD^').stdout.strip()
    broken.git('update-ref', f'refs/heads/{evil}', 'main')
    assert broken.exp('check', 'rules', '--ci', '--on', 'exp/a', f'..{evil}') == 1
    assert broken.said.startswith(f'{evil[:10]} eval.py: changed\n')


def test_what_is_staged(broken: Place) -> None:
    assert 'nothing against' in broken.ok('check', 'rules', '--staged')
    apply(broken, 'edit eval.py; edit data.py')
    assert broken.at('lib').exp('check', 'rules', '--staged') == 1
    broken.exp('check', 'rules', '--staged')
    assert 'git restore --staged --worktree eval.py' in broken.said


def test_the_trunk_is_judged_by_the_rules_of_the_start(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    for steps in ('comment gitexp.yaml', 'edit eval.py'):
        apply(place, steps)
        place.without_hooks('commit', '-q', '-m', steps)
    assert place.exp('check', 'rules') == 1
    assert place.exp('check', 'rules', 'origin/main..main') == 1
    assert place.exp('check', 'rules', 'HEAD~1..HEAD') == 1
    tip = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('switch', '-q', '--detach')
    assert place.exp('check', 'rules', f'{tip}~2..{tip}') == 1, 'what is on the trunk is not new, but it was asked for'


@pytest.mark.parametrize(('words', 'code', 'says'), [
    (['HEAD'], 2, 'is not a range'),
    (['a...b'], 2, 'is not a range'),
    (['nowhere..HEAD'], 2, "there is no commit 'nowhere'"),
    (['--staged', 'main..HEAD'], 2, '--staged takes no range'),
    (['--output=x..HEAD'], 2, ''),
])
def test_what_cannot_be_understood(broken: Place, words: list[str], code: int, says: str) -> None:
    assert broken.exp('check', 'rules', *words) == code
    assert says in broken.talk


def test_a_name_with_a_line_end_stays_on_one_line(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'add guard/two\\nlines')
    assert place.exp('check', 'rules', '--staged') == 1
    assert place.said == (
        "'guard/two\\nlines': added\n"
        '    rule: frozen (gitexp.yaml:10)\n'
        "    do:   git rm --cached $'guard/two\\012lines'; or ask a person for meta mode\n"
    )


def test_ten_are_told_in_full_and_more_in_a_line_each(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, '; '.join(f'add guard/{number}' for number in range(11)))
    assert place.exp('check', 'rules', '--staged') == 1
    assert len(place.said.splitlines()) == 11
    done = place.git('commit', '-m', 'exp(a): x', check=False)
    assert len(done.stderr.splitlines()) == 12
