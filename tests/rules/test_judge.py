"""The judge by itself, for what real repositories seldom show."""
from __future__ import annotations

from typing import Any

import pytest

from gitexp.lab import config
from gitexp.rules import pattern, ruleset
from gitexp.rules.case import Case
from gitexp.rules.change import Change, Entry
from gitexp.rules.judge import judge
from gitexp.rules.ruleset import Rule

PLAN = b'# Plan\n\n## 1. Goal\nlower\n'
NINE, OTHER = b'\n## 9. mine\nx\n', b'\n## 9. theirs\ny\n'
TEXTS = {
    'plan': PLAN, 'plan-mine': PLAN + NINE, 'plan-theirs': PLAN + OTHER, 'plan-both': PLAN + NINE + OTHER,
    'plan-first': b'# Plan\n\n## 1. Goal\nhigher\n',
    'base': b'id\n1\n', 'mine': b'id\n1\n2\n', 'theirs': b'id\n1\n3\n', 'both': b'id\n1\n2\n3\n', 'new': b'x\n',
}
RULES = ruleset.of(config.of({
    'metric': {'name': 'score', 'direction': 'min'}, 'eval': 'x',
    'rules': {'frozen': ['eval.py'], 'append-bottom': ['results.tsv'], 'global': ['results.tsv'],
              'sections': ['PLAN.md'], 'links-only': ['data/**'], 'human': ['human.md']}, 'humans': ['ada@example.org'],
}), b'rules:\n  frozen: [eval.py]\n  append-bottom:\n  - "results.tsv"\n  global: [results.tsv]\n  sections: [PLAN.md]\n'
    b'  links-only: ["data/**"]\n  human: [human.md]\n')


def _entry(name: str | None) -> Entry | None:
    return Entry('100644', name) if name else None


def _judged(
    path: str, new: Entry | None, olds: list[str | None], bases: list[str | None], branch: str | None = 'main', **more: Any,
) -> list[str]:
    change = Change(path, new, tuple(map(_entry, olds)), (tuple(map(_entry, bases)),) * (len(olds) - 1))
    return [f'{one.rule} {one.message}' for one in judge(Case(RULES, branch, TEXTS.__getitem__, **more), [change])]


def test_the_line_of_a_rule_is_found() -> None:
    assert [rule.where for rule in RULES.rules[-6:-2]] == ['gitexp.yaml:2', 'gitexp.yaml:5', 'gitexp.yaml:4', 'gitexp.yaml:6']


def test_a_rule_that_holds_unsaid_has_the_line_that_says_it_too() -> None:
    text = b'rules:\n  global: [a.md]\n  frozen:\n    - eval.py\n    - gitexp.yaml\n'
    said = {'metric': {'name': 'score', 'direction': 'min'}, 'eval': 'true', 'rules': {'frozen': ['eval.py', 'gitexp.yaml']}}
    lines = [rule.where for rule in ruleset.of(config.of(said), text).covering('gitexp.yaml')]

    assert lines == ['gitexp.yaml:5', 'gitexp.yaml:5']
    assert [rule.where for rule in RULES.covering('gitexp.yaml')] == ['built in']


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


def test_where_each_side_is_what_one_of_two_merge_bases_had_only_the_trunk_tells_which_it_is() -> None:
    sides: list[str | None] = ['mine', 'theirs']
    for new in ('mine', 'theirs', 'new'):
        assert _judged('eval.py', _entry(new), sides, sides) == ['frozen both sides of the merge have changed it']
    assert _judged('eval.py', _entry('mine'), sides, sides, away=lambda one: one.new != _entry('mine')) == []
    assert _judged('eval.py', _entry('new'), ['new', 'theirs'], sides) == [], 'one side has moved on from both'


def test_an_octopus_is_one_merge_after_the_other() -> None:
    def judged(new: str, *sides: str, bases: tuple[str, ...]) -> int:
        change = Change('eval.py', _entry(new), tuple(map(_entry, sides)), tuple((_entry(one),) for one in bases))
        return len(judge(Case(RULES, 'main', TEXTS.__getitem__), [change]))
    assert judged('mine', 'base', 'mine', 'base', bases=('base', 'base')) == 0
    assert judged('mine', 'base', 'mine', 'base', bases=('mine', 'base')) == 1, 'the first one has moved on from it'
    assert judged('new', 'new', 'base', 'mine', bases=('base', 'mine')) == 0, 'from each in its turn'
    assert judged('theirs', 'mine', 'theirs', 'mine', bases=('base', 'mine')) == 1, 'nobody has settled the first two'


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


def test_a_merge_of_plans_has_what_both_sides_have() -> None:
    sides: list[str | None] = ['plan-mine', 'plan-theirs']
    assert _judged('PLAN.md', _entry('plan-both'), sides, ['plan']) == []
    assert _judged('PLAN.md', _entry('plan-mine'), sides, ['plan']) == ["sections the merge loses or moves the section '9. theirs'"]
    assert _judged('PLAN.md', None, sides, ['plan']) == ['sections deleted or renamed away']
    assert _judged('PLAN.md', _entry('plan-theirs'), ['plan', 'plan-theirs'], ['plan']) == []


@pytest.mark.parametrize(('said', 'path', 'expected'), [
    ('LOG', 'LOG', []), ('LOG', 'LOG/tool.py', ['guarded']), ('LOG/', 'LOG/a', []), ('LOG/**', 'LOG/a/b', []),
    ('LOG/*', 'LOG/a/b', ['guarded']),
    ('**/LOG.md', 'x/LOG.md', []), ('**/LOG.md', 'x/LOG.md/tool.py', ['append-top']), ('LOG.md/', 'LOG.md/a', []),
])
def test_what_a_guarded_trunk_takes_is_a_file_where_no_folder_is_named(said: str, path: str, expected: list[str]) -> None:
    rules = RULES._replace(rules=(Rule('append-top', pattern.of(said), said),), guard='gitexp.yaml:1')
    assert [one.rule for one in judge(Case(rules, 'main', TEXTS.__getitem__), [Change(path, _entry('plan'), (None,))])] == expected


def test_a_plan_that_was_broken_goes_back_to_what_the_trunk_has_and_no_other() -> None:
    def to_trunk(change: Change) -> bool:
        return False
    assert _judged('PLAN.md', _entry('plan'), ['plan-first'], []) == ["sections the section '1. Goal' is changed"]
    told: dict[str, Any] = {'away': to_trunk, 'began': lambda path: _entry('plan')}
    assert _judged('PLAN.md', _entry('plan'), ['plan-first'], [], **told) == []
    gone = ["sections the section '9. mine' is gone"]
    assert _judged('PLAN.md', _entry('plan'), ['plan-mine'], [], **told) == gone
    assert _judged('PLAN.md', _entry('plan-theirs'), ['plan-mine'], [], **told) == gone, 'that the trunk has gone on breaks nothing'


def test_between_two_ends_of_the_trunk_sections_may_have_come_in_any_order() -> None:
    assert _judged('PLAN.md', _entry('plan-both'), ['plan-theirs'], []) == [
        "sections the section '9. theirs' is not in its place: new ones follow below the last",
    ]
    assert _judged('PLAN.md', _entry('plan-both'), ['plan-theirs'], [], ends=True) == []


def test_what_goes_with_a_whole_experiment_is_not_lost() -> None:
    path = 'experiments/a/PLAN.md'
    rules = RULES._replace(rules=tuple(one._replace(pattern=pattern.of(path)) if one.text == 'PLAN.md' else one for one in RULES.rules))
    change = Change(path, None, (_entry('plan'),))
    led, since = Change(path, None, (None,)), Change(path, None, (_entry('plan-mine'),))
    for branch, found, count in (('main', led, 0), ('revert-a', led, 0), ('main', since, 1), ('main', None, 1), ('exp/a', led, 1)):
        assert len(judge(Case(rules, branch, TEXTS.__getitem__, led=lambda one, found=found: found), [change])) == count


def test_links_come_from_either_side_and_nothing_else_does() -> None:
    assert _judged('data/x', Entry('120000', 'mine'), ['mine', 'theirs'], ['base']) == []
    assert _judged('data/x', _entry('theirs'), [None, 'theirs'], [None]) == []
    assert _judged('data/x', _entry('new'), [None, 'theirs'], [None]) == ['links-only changed, and is no symbolic link']
    assert _judged('data/x.gitkeep', Entry('100644', 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'), [None], []) != []
    assert _judged('data/.gitkeep', Entry('100644', 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'), [None], []) == []


def test_in_place_of_a_folder_of_links_there_is_a_link_or_nothing() -> None:
    assert _judged('data', Entry('120000', 'new'), [None], []) == []
    assert _judged('data', _entry('new'), [None], []) == ['links-only added, and is no symbolic link']
    assert _judged('data', Entry('160000', 'new'), [None], []) == ['links-only added as a submodule, and is no symbolic link']


def _together(branch: str, *changes: Change, **more: Any) -> list[str]:
    return [f'{one.path}: {one.rule} {one.message}' for one in judge(Case(RULES, branch, TEXTS.__getitem__, **more), changes)]


def test_two_spellings_of_a_name_do_not_come_together_by_a_merge() -> None:
    def added(path: str, *olds: str | None) -> Change:
        return Change(path, _entry('plan'), tuple(map(_entry, olds)), ((None,),) * (len(olds) - 1))
    said = "sections added as another spelling of 'PLAN.md', which some file systems take for the same"
    mine, theirs = added('PLAN.md', 'plan', None), added('Plan.md', None, 'plan')
    assert _together('exp/a', mine, theirs) == [f'Plan.md: {said}']
    assert _together('exp/a', mine, theirs, away=lambda one: one.path == 'PLAN.md') == [f'Plan.md: {said}'], 'the trunk has one of them'
    assert _together('exp/a', mine, theirs, away=lambda one: False) == []
    keeping = RULES._replace(rules=(Rule('keep', pattern.of('docs/kept/**')),))
    case = Case(keeping, 'exp/a', TEXTS.__getitem__)
    found, = judge(case, [added('DOCS/x', 'plan', None), added('docs/kept/y', None, 'plan')])
    assert (found.path, found.message) == ('DOCS/x', said.replace('sections added as', "added in 'DOCS',").replace('PLAN.md', 'docs'))
    both = added('PLAN.md', None, 'plan')
    assert _together('main', both, theirs) == [], 'one side has both already'
    assert _together('exp/a', added('other.md', 'plan', None), added('Other.md', None, 'plan')) == [], 'no rule keeps them'
    third = added('Plan.md', None, None, 'plan')
    assert _together('main', added('PLAN.md', None, 'plan', None), third) == [
        "PLAN.md: " + said.replace("'PLAN.md'", "'Plan.md'"), f'Plan.md: {said}',
    ]


def test_who_is_not_named_is_told_why() -> None:
    def says(author: str, humans: tuple[str, ...] = RULES.humans) -> list[str]:
        case = Case(RULES._replace(humans=humans), 'exp/a', TEXTS.__getitem__, author=author)
        return [one.message for one in judge(case, [Change('human.md', _entry('new'), (_entry('base'),))])]
    assert says('Ada <ADA@example.org>') == []
    assert says('Bot <bot@example.org>') == ["changed by 'Bot <bot@example.org>', who is not in 'humans:'"]
    assert says('') == ['changed, and who did it is not known']
    assert says('Ada <ada@example.org>', ()) == ["changed, and 'humans:' in gitexp.yaml names nobody who may"]
    assert _judged('human.md', _entry('theirs'), ['base', 'theirs'], ['base']) == [], 'a merge brings in what others have written'
