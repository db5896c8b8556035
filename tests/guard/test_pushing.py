"""What a push may bring to others, with real pushes to a bare repository."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from place import Place
from rulebook import apply, make, told

from gitexp.guard import push
from gitexp.lab.lab import Lab
from gitexp.rules import ruleset
from gitexp.rules.span import Span


def _change(place: Place, steps: str) -> None:
    apply(place, steps)
    place.without_hooks('commit', '-q', '-m', 'exp(a): a change')


def _push(place: Place, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return place.git('push', 'origin', *words, check=False, **environment)


def test_what_keeps_the_rules_is_pushed(tmp_path: Path) -> None:
    place = make(tmp_path)
    _change(place, 'edit model.py')
    assert _push(place, 'exp/a').returncode == 0
    assert _push(place, 'exp/a').returncode == 0, 'nothing left to push'
    assert _push(place, ':exp/a').returncode == 0, 'a branch may be deleted'


def test_a_commit_that_went_round_the_hooks_is_not(tmp_path: Path) -> None:
    place = make(tmp_path)
    _change(place, 'edit eval.py')
    _change(place, 'edit model.py')
    done = _push(place, 'exp/a')

    assert done.returncode != 0
    assert told(done.stderr) == 'frozen'
    evil = place.git('rev-parse', 'HEAD^').stdout[:10]
    assert f'{evil} eval.py: changed' in done.stderr
    assert f'git rebase -i {evil}^' in done.stderr


def test_parking_a_commit_under_another_ref_first_does_not_launder_it(tmp_path: Path) -> None:
    place = make(tmp_path)
    _change(place, 'edit eval.py')
    place.git('update-ref', 'refs/parked/here', 'HEAD')
    place.git('tag', 'parked')
    place.git('push', '-q', '--no-verify', 'origin', 'HEAD:refs/heads/parked')
    place.git('fetch', '-q')

    assert told(_push(place, 'exp/a').stderr) == 'frozen'
    assert told(_push(place, 'parked').stderr) == 'frozen', 'a tag brings commits as well'
    assert told(_push(place, 'HEAD:refs/anything').stderr) == 'frozen'


def test_the_trunk_is_judged_by_what_its_remote_has(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    _change(place, 'comment gitexp.yaml')
    _change(place, 'edit eval.py')
    assert told(_push(place, 'main').stderr) == 'frozen'
    assert told(_push(place, 'main:main', 'HEAD:refs/heads/copy').stderr) == 'frozen'


def test_a_release_tag_goes_along_with_the_trunk(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    _change(place, 'edit model.py')
    place.git('tag', '-a', '-m', 'one', 'v1')
    assert _push(place, 'main', 'v1').returncode == 0


def test_whatever_is_pushed_as_the_trunk_goes_along_under_other_names(tmp_path: Path) -> None:
    place = make(tmp_path, branch='next')
    _change(place, 'edit STATUS.md')
    place.git('tag', 'v1')
    assert told(_push(place, 'v1').stderr) == 'global'
    assert _push(place, 'next:main', 'v1').returncode == 0


def test_a_push_that_loosens_the_rules_is_judged_by_the_old_ones(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.write('gitexp.yaml', 'metric: {name: score, direction: min}\neval: python3 eval.py {seed}\n')
    place.without_hooks('commit', '-q', '-a', '-m', 'looser\n\nMeta-Mode: 1')
    _change(place, 'edit eval.py')
    assert told(_push(place, 'main', META_MODE='1').stderr) == 'frozen'


@pytest.mark.parametrize(('refspec', 'what'), [
    ('HEAD:refs/tags/main', "taken for 'main'"),
    ('HEAD:refs/tags/Main', "taken for 'main'"),
    ('HEAD:refs/heads/MAIN', "taken for 'main'"),
    ('HEAD:refs/heads/HEAD', "taken for 'HEAD'"),
    ('HEAD:refs/replace/0000000000000000000000000000000000000001', 'replacement'),
])
def test_names_that_would_shadow_others_are_not_pushed(tmp_path: Path, refspec: str, what: str) -> None:
    done = _push(make(tmp_path), refspec)
    assert done.returncode != 0
    assert what in done.stderr.replace('a tag of that name would be ', '').replace("the branch 'main'", "'main'")


def test_the_history_of_the_trunk_stays(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    _change(place, 'edit model.py')
    assert _push(place, 'main').returncode == 0
    place.git('reset', '-q', '--hard', 'HEAD^')
    _change(place, 'edit other.py')

    assert 'rewritten' in _push(place, '--force', 'main').stderr
    assert 'deleted: results' in _push(place, ':main').stderr


def test_a_trunk_that_others_have_moved_on_is_fetched_first(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.git('clone', '-q', '../shared.git', '../other')
    other = place.at('../other')
    apply(other, 'edit other.py')
    other.git('commit', '-q', '-m', 'theirs')
    other.git('push', '-q', 'origin', 'main')
    _change(place, 'edit model.py')

    done = _push(place, '--force', 'main')
    assert done.returncode != 0
    assert 'git fetch' in done.stderr


def test_the_first_push_makes_the_lab_there(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.git('init', '-q', '--bare', '../new.git')
    place.git('remote', 'set-url', 'origin', '../new.git')
    assert _push(place, 'main').returncode == 0


def test_notes_have_paths_of_their_own(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.git('notes', '--ref=exp', 'add', '-m', 'a result', 'HEAD')
    assert _push(place, 'refs/notes/exp').returncode == 0

    place.git('notes', '--ref=exp', 'append', '-m', 'another', 'HEAD')
    lab, tip = Lab.find(place.path), place.git('rev-parse', 'refs/notes/exp').stdout.strip()
    everything = ruleset.of(lab.config._replace(rules={'frozen': ('**',)}), b'')
    for ref, count in (('refs/notes/exp', 0), ('refs/heads/notes', 2)):
        assert len(push.findings(lab, everything, [push.Update(tip, ref, None)], remote='origin', meta=False)) == count


def test_the_trunk_is_compared_with_itself_besides_whatever_its_commits_say(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    before = place.git('rev-parse', 'HEAD').stdout.strip()
    _change(place, 'cut results.tsv; edit eval.py; top notes_journal.md')
    lab, tip = Lab.find(place.path), place.git('rev-parse', 'HEAD').stdout.strip()
    found = Span(lab.git, ruleset.fresh(lab), tip, (tip,), 'main', before).ends()
    assert sorted(one.rule for one in found) == ['append-bottom', 'frozen']
    assert f'git checkout {before[:10]} -- eval.py, which is what was published' in found[0].way
