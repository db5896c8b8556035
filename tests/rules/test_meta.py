"""Meta mode: what it lifts, what it needs, and the mark that it leaves."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import JOURNAL, RULES, apply, gated, make, ranged, told

OPEN = JOURNAL.replace('## 2026-01-02', '## 2026-02-01 new bounds\nMETA_MODE=1: eval.py gets bounds.\n\n## 2026-01-02', 1)
SHUT = OPEN.replace('## 2026-02-01', '## 2026-02-02 done\nenough\n\n## 2026-02-01')


def opened(tmp_path: Path, kind: str = 'open', branch: str = 'exp/a') -> Place:
    """A lab in which a person has written that meta mode is on."""
    place = make(tmp_path, kind, 'main')
    place.write('human_journal.md', OPEN)
    place.git('commit', '-q', '-a', '-m', 'open')
    place.git('push', '-q', 'origin', 'main')
    if branch != 'main':
        place.git('switch', '-q', '-c', branch)
    return place


def _commit(place: Place, steps: str, **environment: str) -> str:
    apply(place, steps)
    done = place.git('commit', '-q', '-m', 'exp(a): a change', check=False, **environment)
    return told(done.stderr) if done.returncode else 'ok'


def _trailer(place: Place) -> str:
    return place.git('log', '-1', '--format=%(trailers:key=Meta-Mode,valueonly)').stdout.strip()


@pytest.mark.parametrize(('kind', 'branch', 'steps', 'rules'), [
    ('open', 'exp/a', 'edit eval.py', 'ok'),
    ('open', 'exp/a', 'delete program.md', 'ok'),
    ('open', 'exp/a', 'top meta_journal.md', 'ok'),
    ('open', 'exp/a', 'letter meta_journal.md', 'append-top'),
    ('open', 'exp/a', 'edit experiments/a/PROTOCOL.md', 'ok'),
    ('open', 'exp/a', 'edit STATUS.md', 'global'),
    ('open', 'exp/a', 'delete docs/archived/old.md', 'keep'),
    ('open', 'exp/a', 'edit data.py', 'fixed'),
    ('guarded', 'main', 'edit model.py; edit eval.py', 'ok'),
    ('guarded', 'main', 'header results.tsv', 'append-bottom'),
])
def test_it_lifts_frozen_and_the_guard_and_nothing_else(tmp_path: Path, kind: str, branch: str, steps: str, rules: str) -> None:
    assert _commit(opened(tmp_path, kind, branch), steps, META_MODE='1') == rules


@pytest.mark.parametrize('words', [('--no-edit',), ('-m', 'take it'), ()])
def test_a_merge_into_a_guarded_trunk_is_made_in_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = opened(tmp_path, 'guarded', 'exp/a')
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'exp(a): a change')
    place.git('switch', '-q', 'main')
    refused = place.git('merge', '--no-ff', *words, 'exp/a', check=False)
    assert "directly on 'main'" in refused.stderr and 'do:   git merge --abort; a pull request brings it' in refused.stderr
    place.git('merge', '--abort')

    place.git('merge', '-q', '--no-ff', *words, 'exp/a', META_MODE='1', GIT_EDITOR='true')
    assert _trailer(place) == '2026-02-01 new bounds'
    assert place.git('log', '-1', '--format=%s').stdout.strip() == ('take it' if words[:1] == ('-m',) else "Merge branch 'exp/a'")


@pytest.mark.parametrize(('words', 'rule', 'subject'), [
    ('revert --no-edit HEAD', 'frozen', 'Revert "exp(a): a change"'), ('revert HEAD', 'frozen', 'Revert "exp(a): a change"'),
    ('revert --no-edit -m 1 merged', 'guarded', 'Revert "Merge branch \'exp/a\'"'),
    ('cherry-pick away', 'frozen', 'new bounds'), ('cherry-pick -e away', 'frozen', 'new bounds'),
])
def test_what_git_commits_itself_is_committed_again_by_who_is_in_it(tmp_path: Path, words: str, rule: str, subject: str) -> None:
    place = opened(tmp_path, 'guarded', 'exp/a')
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'exp(a): a change')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a', META_MODE='1')
    place.git('tag', 'merged')
    place.git('switch', '-q', '--detach')
    apply(place, 'edit eval.py')
    place.without_hooks('commit', '-q', '-m', 'new bounds')
    place.git('tag', 'away')
    place.git('switch', '-q', 'main')
    assert _commit(place, 'edit eval.py', META_MODE='1') == 'ok'
    if 'away' in words:
        place.git('revert', '--no-commit', 'HEAD')
        place.git('commit', '-q', '-m', 'not yet', META_MODE='1')

    said = place.git(*words.split(), check=False, META_MODE='1', GIT_EDITOR='true').stderr
    assert told(said) == rule and '; or META_MODE=1 git commit, which says in the commit' in said
    place.git('commit', '-q', META_MODE='1', GIT_EDITOR='true')
    assert _trailer(place) == '2026-02-01 new bounds'
    assert place.git('log', '-1', '--format=%s').stdout.strip() == subject


@pytest.mark.parametrize('value', ['', '0', 'true', 'yes', '2'])
def test_only_a_one_asks_for_it(tmp_path: Path, value: str) -> None:
    assert _commit(opened(tmp_path), 'edit eval.py', META_MODE=value) == 'frozen'


def test_it_leaves_a_mark_which_the_range_and_the_push_ask_for(tmp_path: Path) -> None:
    place = opened(tmp_path)
    assert _commit(place, 'edit eval.py', META_MODE='1') == 'ok'
    assert _trailer(place) == '2026-02-01 new bounds'
    assert ranged(place, META_MODE='1') == 'ok'
    assert ranged(place) == 'frozen', 'a trailer can be typed by anybody'
    assert place.git('push', 'origin', 'exp/a', check=False).returncode != 0
    assert place.git('push', 'origin', 'exp/a', check=False, META_MODE='1').returncode == 0


def test_an_unmarked_commit_stays_unmarked(tmp_path: Path) -> None:
    place = opened(tmp_path)
    apply(place, 'edit eval.py')
    place.without_hooks('commit', '-q', '-m', 'exp(a): x')
    assert ranged(place, META_MODE='1') == 'frozen'


def test_an_evaluation_knows_no_meta_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = opened(tmp_path)
    monkeypatch.setenv('META_MODE', '1')
    assert _commit(place, 'edit eval.py') == 'ok'
    assert gated(place) == 'frozen'


def test_where_there_is_a_human_journal_its_newest_entry_must_say_so(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    apply(place, 'edit eval.py')
    alone = place.git('commit', '-q', '-m', 'x', check=False, META_MODE='1')
    assert alone.returncode == 1
    assert 'the newest entry of human_journal.md on the trunk does not say META_MODE=1' in alone.stderr
    place.git('reset', '-q', '--hard')

    place.write('human_journal.md', OPEN)
    place.commit('open')
    assert _commit(place, 'edit eval.py') == 'frozen', 'the entry alone is not enough either'
    assert _commit(place, 'edit eval.py', META_MODE='1') == 'ok'
    assert _trailer(place) == '2026-02-01 new bounds'

    place.write('human_journal.md', SHUT)
    place.commit('shut')
    assert _commit(place, 'edit eval.py', META_MODE='1') == 'frozen'


def test_a_lab_without_a_journal_and_without_names_asks_for_the_word_alone(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.git('rm', '-q', 'human_journal.md')
    place.write('gitexp.yaml', RULES.replace('humans: [Ada Lovelace <ADA@example.org>]\n', ''))
    place.without_hooks('commit', '-q', '-a', '-m', 'nobody is named')
    place.git('config', 'user.email', 'anybody@example.org')
    assert _commit(place, 'edit eval.py', META_MODE='1') == 'ok'
    assert _trailer(place) == '1'


def test_where_people_are_named_the_committer_is_one_of_them(tmp_path: Path) -> None:
    place = opened(tmp_path)
    place.git('config', 'user.email', 'bot@example.org')
    apply(place, 'edit eval.py')
    done = place.git('commit', '-m', 'exp(a): x', '--author=Ada <ada@example.org>', check=False, META_MODE='1')
    assert done.returncode == 1
    assert "META_MODE=1 is set, but 'Ada <bot@example.org>', who commits, is not one of the humans in gitexp.yaml" in done.stderr
    assert 'do:   a person who is listed commits it' in done.stderr

    place.without_hooks('commit', '-q', '-m', 'exp(a): x\n\nMeta-Mode: 1')
    place.git('config', 'user.email', 'ada@example.org')
    assert ranged(place, META_MODE='1') == 'frozen', 'nor does a person open it by looking at it'
    place.exp('check', 'rules', META_MODE='1')
    assert "eval.py: changed; its committer 'Ada <bot@example.org>' is not one of the humans" in place.said


def test_where_there_are_keys_the_environment_opens_no_range(tmp_path: Path) -> None:
    place = opened(tmp_path, branch='main')
    place.write('gitexp.yaml', RULES + f'signers: [{"AB" * 20}]\n')
    place.git('commit', '-q', '-a', '-m', 'keys', META_MODE='1')
    place.git('switch', '-q', '-c', 'exp/a')
    assert _commit(place, 'edit eval.py', META_MODE='1') == 'ok'
    assert ranged(place, META_MODE='1') == 'frozen'
    place.exp('check', 'rules', META_MODE='1')
    assert 'eval.py: changed; it has no good signature of one of the signers' in place.said


def test_a_job_of_a_server_takes_no_word_for_it(tmp_path: Path) -> None:
    place = opened(tmp_path)
    assert _commit(place, 'edit eval.py', META_MODE='1') == 'ok'
    assert place.exp('check', 'rules', META_MODE='1') == 0
    assert place.exp('check', 'rules', '--ci', META_MODE='1') == 1
    assert 'eval.py: changed; only humans are listed: there are no signers, and nothing here tells who pushes' in place.said


def test_it_does_not_let_in_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    place = opened(tmp_path, branch='main')
    place.write('gitexp.yaml', 'metric: {name: score}\n')
    done = place.git('commit', '-a', '-m', 'x', check=False, META_MODE='1')
    assert done.returncode == 1
    assert 'gitexp.yaml:1' in done.stderr
