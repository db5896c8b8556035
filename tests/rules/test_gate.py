"""The rules at an evaluation."""
from __future__ import annotations

from pathlib import Path

from rulebook import apply, gated, make

from gitexp.lab.lab import Lab
from gitexp.rules import gate


def test_what_is_fixed_is_listed_as_the_trunk_has_it(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit eval.py; add guard/new.py')
    place.git('commit', '-q', '-n', '-m', 'x')
    blobs = gate.fixed_blobs(Lab.find(place.path))

    assert sorted(blobs) == ['data.py', 'eval.py', 'gitexp.yaml', 'größe.md', 'guard/a.py', 'meta_journal.md', 'odd\tname', 'program.md']
    assert blobs['eval.py'] == ('100644', place.git('rev-parse', 'main:eval.py').stdout.strip())


def test_it_looks_at_the_end_and_not_at_the_way(tmp_path: Path) -> None:
    place = make(tmp_path)
    for steps in ('edit eval.py', 'edit eval.py', 'edit model.py'):
        apply(place, steps)
        place.git('commit', '-q', '-n', '-m', 'x')
    assert gated(place) == 'frozen'
    place.git('checkout', '-q', 'main', '--', '.')
    place.git('commit', '-q', '-m', 'exp(a): put back')
    assert gated(place) == 'ok'


def test_the_trunk_itself_has_nothing_to_answer_for(tmp_path: Path) -> None:
    assert gated(make(tmp_path, branch='main')) == 'ok'


def test_a_history_of_its_own_cannot_be_compared(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.git('switch', '-q', '--orphan', 'exp/b')
    place.write('x', 'x')
    place.git('add', 'x')
    place.git('commit', '-q', '-n', '-m', 'x')
    assert gated(place) == 'history'
