"""Merges across each other, with real pushes: what one side has deleted may go or stay as it may elsewhere."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_server import OPEN, bare, change, make, push


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A person's file came to the trunk, and an experiment and the trunk have merged each other."""
    place = make(tmp_path, '  human: [policy.md]\nhumans: [ada@example.org]\n', install=False)
    bare(place).ok('hook', 'install', '--server', '--identity', 'PUSHER')
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/PROTOCOL.md', 'seeds 1 to 3\n')
    side = change(place, 'exp(a): protocol')
    place.git('switch', '-q', 'main')
    change(place, OPEN, policy_DOT_md='be kind\n')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    place.git('merge', '-q', '--no-ff', '--no-edit', side)
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'main^')
    assert push(place, 'main', 'exp/a') == ''
    assert len(place.git('merge-base', '--all', 'main', 'exp/a').stdout.split()) == 2
    return place


def _merged(place: Place, *words: str, **written: str) -> str:
    """What the server says to a merge of the trunk into the experiment, after git was told something about what is to be in it."""
    place.git('reset', '-q', '--hard', 'origin/exp/a')
    place.git('merge', '-q', '--no-commit', '--no-ff', 'main', check=False)
    place.git(*words)
    change(place, 'exp(a): merge main', **written)
    return told(push(place, 'exp/a'))


def test_what_a_person_has_deleted_on_the_trunk_is_gone_after_a_merge_of_that(place: Place) -> None:
    place.git('switch', '-q', 'main')
    place.git('rm', '-q', 'policy.md')
    change(place, OPEN)
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    place.git('switch', '-q', 'exp/a')
    assert _merged(place, 'checkout', 'origin/exp/a', '--', 'policy.md') == 'human', 'it does not come back'
    crossed = place.git('rev-parse', 'origin/exp/a').stdout.strip()
    assert _merged(place, 'rm', '-q', '-f', '--ignore-unmatch', 'policy.md') == 'ok'
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', crossed)
    assert push(place, 'main') == '', 'nor from the trunk'


def test_what_the_trunk_has_as_a_person_wrote_it_is_not_gone_by_that(place: Place) -> None:
    place.git('switch', '-q', 'main')
    change(place, model_DOT_py='m = 2\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    assert _merged(place, 'rm', '-q', '-f', 'policy.md') == 'human'
    place.git('reset', '-q', '--hard', 'origin/exp/a')
    place.git('rm', '-q', 'policy.md')
    change(place, OPEN)
    assert push(place, 'exp/a', PUSHER='ada@example.org') == ''
    assert _merged(place, 'rm', '-q', '-f', '--ignore-unmatch', 'policy.md') == 'human', 'a person merges what a person has deleted here'


def test_a_protocol_that_a_revert_has_taken_from_the_trunk_stays_on_the_branch(place: Place) -> None:
    place.git('switch', '-q', 'main')
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    protocol = 'experiments/a/PROTOCOL.md'
    assert _merged(place, 'rm', '-q', '-f', '--ignore-unmatch', protocol) == 'protocol'
    assert _merged(place, 'reset', '-q', **{protocol: 'seeds 1 to 9\n'}) == 'protocol'
    assert _merged(place, 'checkout', 'origin/exp/a', '--', protocol) == 'ok'
