"""What a rule names behind a link or in a submodule: the way to it is held, and where that leads must be as well."""
from __future__ import annotations

import json

import pytest
from place import CONFIG, EVAL, Place
from rulebook import RULES
from stories import experiment

from gitexp.lab import config as configuration
from gitexp.lab import parse
from gitexp.rules import judge, ruleset
from gitexp.rules.case import Case
from gitexp.rules.change import Change, Entry

LINK, FILE, SUBMODULE = Entry('120000', 'a' * 40), Entry('100644', 'b' * 40), Entry('160000', 'c' * 40)


def led(lab: Place, target: str, *frozen: str, link: str = 'lib') -> Place:
    """A lab whose evaluation lies in 'vendor', and is reached through a link."""
    lab.write('vendor/eval.py', EVAL)
    (lab.path / 'eval.py').unlink()
    (lab.path / link).parent.mkdir(exist_ok=True)
    (lab.path / link).symlink_to(target)
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py', f'python3 {link}/eval.py').replace(' eval.py,', f' {", ".join(frozen)},'))
    lab.commit('through a link')
    return lab


def troubles(lab: Place) -> list[tuple[str, str, str]]:
    """What doctor says of the rules."""
    lab.exp('doctor', '--json')
    checks = json.loads(lab.said)['checks']
    return [(one['state'], one['says'], one['way']) for one in checks if one['name'] == 'rules' and one['state'] != 'ok']


@pytest.mark.parametrize('link, target, said, real', [
    ('lib', 'vendor', 'lib/eval.py', 'vendor/eval.py'),
    ('lib', './vendor/', 'Lib/*.py', 'vendor/*.py'),
    ('a/lib', '../vendor', 'a/lib/eval.py', 'vendor/eval.py'),
    ('lib', '.', 'lib/vendor', 'vendor'),
])
def test_what_lies_behind_a_link_is_named_where_it_is(lab: Place, link: str, target: str, said: str, real: str) -> None:
    led(lab, target, said, link=link)
    says, way = (
        f"rules.frozen names '{said}', and '{link}' is a symbolic link: nothing holds 'vendor/eval.py'",
        f"in gitexp.yaml on the trunk: frozen: [..., '{real}']",
    )
    assert ('bad', says, way) in troubles(lab)
    for place, command in ((lab, 'baseline'), (experiment(lab), 'eval')):
        assert place.exp(command) == 3
        assert place.talk.endswith(f'git exp: {says}\nhint: {way}\n')


def test_a_lab_that_names_both_holds_both(lab: Place) -> None:
    led(lab, 'vendor', 'lib/eval.py', 'vendor/eval.py')
    assert troubles(lab) == []
    lab.ok('baseline')
    idea = experiment(lab)
    idea.ok('eval')
    idea.write('easy/eval.py', 'print("score: 0.0")\n')
    (idea.path / 'lib').unlink()
    (idea.path / 'lib').symlink_to('easy')
    idea.commit('exp(idea): another way')
    assert idea.exp('eval') == 5
    assert 'lib: changed' in idea.talk


@pytest.mark.parametrize('frozen', ['eval.py', '"e*.py"', 'vend*, eval.py'])
def test_a_link_that_a_command_runs_leads_to_what_is_held(lab: Place, frozen: str) -> None:
    lab.write('vendor/eval.py', EVAL)
    (lab.path / 'eval.py').unlink()
    (lab.path / 'eval.py').symlink_to('vendor/eval.py')
    (lab.path / 'notes.py').symlink_to('model.py')
    lab.write('gitexp.yaml', CONFIG.replace(' eval.py,', f' notes.py, {frozen},'))
    lab.commit('a link')
    says = "a command names 'eval.py', and 'eval.py' is a symbolic link: nothing holds 'vendor/eval.py'"
    way = "in gitexp.yaml on the trunk: frozen: [..., 'vendor/eval.py']"
    held = 'vend' in frozen
    assert troubles(lab) == ([] if held else [('bad', says, way)])
    assert experiment(lab).exp('eval') == (0 if held else 3)


def test_a_link_that_leads_out_of_the_lab_is_held_and_no_more(lab: Place) -> None:
    outside = lab.path.parent / 'outside'
    outside.mkdir()
    (outside / 'eval.py').write_text(EVAL)
    led(lab, str(outside), 'lib/eval.py')
    assert troubles(lab) == []
    assert experiment(lab).exp('eval') == 0


def test_what_lies_in_a_submodule_is_held_by_it(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace(' eval.py,', ' eval.py, sub/eval.py,'))
    lab.git('update-index', '--add', '--cacheinfo', f'160000,{"1" * 40},sub')
    lab.git('add', 'gitexp.yaml')
    lab.git('commit', '-q', '-m', 'a submodule')
    assert troubles(lab) == []
    idea = experiment(lab, model_py='score = 2.0\n')
    idea.git('update-index', '--cacheinfo', f'160000,{"2" * 40},sub')
    idea.git('commit', '-q', '-m', 'exp(idea): another submodule')
    assert idea.exp('eval') == 5
    assert 'sub: changed' in idea.talk


def wrong(kind: str, said: str, branch: str, path: str, old: Entry | None, new: Entry | None) -> list[str]:
    """The rules that a change breaks, in a lab that has one rule more."""
    document = parse.parse(RULES.encode())
    document['rules'][kind].append(said)
    case = Case(ruleset.of(configuration.of(document), RULES.encode()), branch, lambda oid: b'elsewhere')
    return [one.rule for one in judge.judge(case, [Change(path, new, (old,))])]


@pytest.mark.parametrize('new', [LINK, FILE, SUBMODULE, None])
@pytest.mark.parametrize('kind', ['frozen', 'fixed', 'global'])
def test_whatever_stands_on_the_way_is_held(kind: str, new: Entry | None) -> None:
    old = Entry('120000', 'd' * 40)
    for said in ('lib/deep/x.py', 'lib/deep/**', 'lib/deep/*.py'):
        for path in ('lib', 'Lib/deep'):
            assert wrong(kind, said, 'exp/a', path, old, new) == [kind]
    assert wrong(kind, 'lib/deep/x.py', 'exp/a', 'lib/other.py', None, FILE) == []
    assert wrong(kind, 'lib/deep/x.py', 'main', 'lib', old, new) == ([kind] if kind == 'frozen' else [])
