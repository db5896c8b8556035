"""The judge by itself, for what real repositories seldom show."""
from __future__ import annotations

from gitexp.lab import config
from gitexp.rules import ruleset
from gitexp.rules.change import Change, Entry
from gitexp.rules.judge import Case, judge

TEXTS = {'base': b'id\n1\n', 'mine': b'id\n1\n2\n', 'theirs': b'id\n1\n3\n', 'both': b'id\n1\n2\n3\n', 'new': b'x\n'}
RULES = ruleset.of(config.of({
    'metric': {'name': 'score', 'direction': 'min'}, 'eval': 'x',
    'rules': {'frozen': ['eval.py'], 'append-bottom': ['results.tsv'], 'global': ['results.tsv']},
}), b'rules:\n  frozen: [eval.py]\n  append-bottom:\n  - "results.tsv"\n  global: [results.tsv]\n')


def _entry(name: str | None) -> Entry | None:
    return Entry('100644', name) if name else None


def _judged(path: str, new: Entry | None, olds: list[str | None], bases: list[str | None], branch: str | None = 'main') -> list[str]:
    change = Change(path, new, tuple(map(_entry, olds)), tuple(map(_entry, bases)))
    return [f'{one.rule} {one.message}' for one in judge(Case(RULES, branch, TEXTS.__getitem__), [change])]


def test_the_line_of_a_rule_is_found() -> None:
    assert [rule.where for rule in RULES.rules[-3:]] == ['gitexp.yaml:2', 'gitexp.yaml:5', 'gitexp.yaml:4']


def test_a_frozen_file_that_both_sides_changed_is_refused_whatever_comes_of_it() -> None:
    for new in ('mine', 'theirs', 'both', None):
        assert _judged('eval.py', _entry(new), ['mine', 'theirs'], ['base']) == ['frozen both sides of the merge have changed it']


def test_both_sides_may_have_made_the_same_change() -> None:
    assert _judged('eval.py', _entry('mine'), ['mine', 'mine'], ['base']) == []


def test_one_side_may_have_changed_it() -> None:
    assert _judged('eval.py', _entry('theirs'), ['base', 'theirs'], ['base']) == []
    assert _judged('eval.py', _entry('base'), ['base', 'theirs'], ['base']) == ['frozen changed']
    assert _judged('eval.py', None, ['base', 'theirs'], ['base']) == ['frozen deleted or renamed away']
    assert _judged('eval.py', _entry('new'), ['base', 'theirs'], ['base']) == ['frozen changed']


def test_of_two_merge_bases_either_will_do() -> None:
    assert _judged('eval.py', _entry('mine'), ['mine', 'theirs'], ['mine', 'theirs']) == []
    assert _judged('eval.py', _entry('new'), ['mine', 'theirs'], ['mine', 'theirs']) == ['frozen changed']


def test_a_union_is_a_plain_file() -> None:
    assert _judged('results.tsv', _entry('both'), ['mine', 'theirs'], ['base']) == []
    assert _judged('results.tsv', Entry('120000', 'both'), ['mine', 'theirs'], ['base']) == ['append-bottom replaced by a symbolic link']
    assert _judged('results.tsv', None, ['mine', 'theirs'], ['base']) == ['append-bottom deleted or renamed away']


def test_a_side_that_deleted_does_not_take_the_lines_of_the_other_along() -> None:
    assert _judged('results.tsv', _entry('mine'), [None, 'mine'], ['base']) == []
    assert _judged('results.tsv', _entry('base'), [None, 'mine'], ['base']) != []
    assert _judged('results.tsv', None, [None, 'mine'], ['base']) != []


def test_both_sides_may_have_begun_a_file() -> None:
    assert _judged('results.tsv', _entry('both'), ['mine', 'theirs'], [None]) == []
    assert _judged('results.tsv', _entry('mine'), ['mine', 'theirs'], [None]) != []


def test_a_merge_elsewhere_may_not_change_what_is_global() -> None:
    assert _judged('results.tsv', _entry('theirs'), ['base', 'theirs'], ['base'], 'exp/a') == []
    assert _judged('results.tsv', _entry('both'), ['base', 'theirs'], ['base'], 'exp/a') != []
