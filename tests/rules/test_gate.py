"""The rules at an evaluation."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import apply, gated, make

from gitexp.core.finding import Finding
from gitexp.lab.lab import Lab
from gitexp.rules import gate


def commit(place: Place, message: str = 'x', **more: str) -> str:
    """Commit what is staged as if there were no hooks; returns the commit."""
    place.git('-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-m', message, **more)
    return place.git('rev-parse', 'HEAD').stdout.strip()


def test_what_is_fixed_is_listed_as_the_trunk_has_it(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit eval.py; add guard/new.py')
    place.without_hooks('commit', '-q', '-m', 'x')
    blobs = gate.fixed_blobs(Lab.find(place.path))

    assert sorted(blobs) == ['data.py', 'eval.py', 'gitexp.yaml', 'größe.md', 'guard/a.py', 'meta_journal.md', 'odd\tname', 'program.md']
    assert blobs['eval.py'] == ('100644', place.git('rev-parse', 'main:eval.py').stdout.strip())


def test_it_looks_at_the_end_and_not_at_the_way(tmp_path: Path) -> None:
    place = make(tmp_path)
    for steps in ('edit eval.py', 'edit eval.py', 'edit model.py'):
        apply(place, steps)
        place.without_hooks('commit', '-q', '-m', 'x')
    assert gated(place) == 'frozen'
    place.git('checkout', '-q', 'main', '--', '.')
    commit(place, 'exp(a): put back')
    assert gated(place) == 'ok'


def test_the_trunk_itself_has_nothing_to_answer_for(tmp_path: Path) -> None:
    assert gated(make(tmp_path, branch='main')) == 'ok'


def test_a_history_of_its_own_cannot_be_compared(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.git('switch', '-q', '--orphan', 'exp/b')
    place.write('x', 'x')
    place.git('add', 'x')
    place.without_hooks('commit', '-q', '-m', 'x')
    assert gated(place) == 'history'


def judged(place: Place, **more: object) -> list[Finding]:
    return gate.commit(Lab.find(place.path), place.git('rev-parse', 'HEAD').stdout.strip(), **more)  # type: ignore[arg-type]


def test_what_the_trunk_has_merged_and_left_out_is_not_the_trunk(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit data.py')
    commit(place)
    left = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('switch', '-q', 'main')
    place.without_hooks('merge', '-q', '-s', 'ours', '-m', 'ours', 'exp/a')
    place.git('switch', '-q', 'exp/a')
    apply(place, 'edit model.py')
    commit(place)
    assert place.git('merge-base', 'main', 'HEAD').stdout.strip() == left
    assert gated(place) == 'fixed'


def test_a_trunk_that_was_pulled_by_a_merge_is_the_trunk_of_before(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    old = place.git('rev-parse', 'HEAD').stdout.strip()
    for steps in ('edit data.py; row results.tsv; add conftest.py', 'row results.tsv', 'comment data.py; row results.tsv'):
        apply(place, steps)
        commit(place)
    place.without_hooks('switch', '-q', '-c', 'exp/a', 'HEAD~1')
    apply(place, 'edit model.py')
    commit(place)
    place.git('switch', '-q', '--detach', old)
    apply(place, 'top notes_journal.md')
    commit(place)
    place.without_hooks('merge', '-q', '--no-edit', 'main')
    place.without_hooks('branch', '-f', 'main', 'HEAD')
    place.git('switch', '-q', 'exp/a')
    assert gated(place) == 'ok'
    apply(place, 'say data.py 9 1')
    commit(place)
    assert gated(place) == 'fixed', 'what was once on the trunk is not what it had when the branch began'


AGENT = {'GIT_AUTHOR_NAME': 'Agent', 'GIT_AUTHOR_EMAIL': 'agent@example.org'}


def test_what_a_person_wrote_may_lie_below_the_work_of_others(tmp_path: Path) -> None:
    place = make(tmp_path)
    for steps, who in (('edit human_journal.md', {}), ('edit model.py', AGENT)):
        apply(place, steps)
        commit(place, **who)
    assert not [one for one in judged(place) if one.rule == 'human']
    for steps, who in (('edit human_journal.md', AGENT), ('edit human_journal.md', {})):
        apply(place, steps)
        commit(place, **who)
    said, = [one for one in judged(place) if one.rule == 'human']
    assert (said.rule, said.path) == ('human', 'human_journal.md') and 'agent@example.org' in said.message


def test_sections_are_fixed_from_the_first_run_on(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit experiments/a/PLAN.md')
    commit(place)

    assert judged(place, begun=lambda slug: False) == []
    assert [one.rule for one in judged(place, begun=lambda slug: slug == 'a')] == ['sections']


@pytest.mark.parametrize('how', ['ours', 'reverted', 'built upon', 'forward'])
def test_what_the_trunk_has_reached_and_does_not_have_is_judged(tmp_path: Path, how: str) -> None:
    place = make(tmp_path)
    place.write('json.py', 'print("score: 0")\n')
    place.git('add', '-A')
    commit(place)
    place.git('switch', '-q', 'main')
    place.without_hooks('merge', '-q', '-m', 'merge', {'ours': '--strategy=ours', 'forward': '--ff-only'}.get(how, '--no-ff'), 'exp/a')
    if how != 'ours':
        assert gated(place, 'a') == 'ok'
        place.without_hooks('revert', '--no-edit', *([] if how == 'forward' else ['-m', '1']), 'HEAD')
    place.git('switch', '-q', 'exp/a')
    if how == 'built upon':
        place.write('json.py', 'print("score: 1")\n')
        place.git('add', '-A')
        commit(place)
    said, = judged(place)

    assert (said.rule, said.path, said.way) == ('uninvited', 'json.py', 'git merge main; or call it something else')


def test_what_the_trunk_has_added_meanwhile_is_its_own_affair(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit model.py')
    commit(place)
    place.git('switch', '-q', 'main')
    place.write('json.py', 'x = 1\n')
    place.git('add', '-A')
    commit(place)
    place.git('switch', '-q', 'exp/a')
    assert gated(place) == 'ok'
