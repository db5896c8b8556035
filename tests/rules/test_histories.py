"""What histories do to the rules: merges, amends, reverts, branches that bring rules of their own."""
from __future__ import annotations

from pathlib import Path

import pytest
import rulebook
from place import Place
from rulebook import apply, gated, make, ranged, told


def _commit(place: Place, steps: str, *flags: str, message: str = 'exp(a): a change', **environment: str) -> str:
    """Commit; returns the rules that the hooks name."""
    apply(place, steps)
    done = place.git('commit', '-q', *flags, '-m', message, check=False, **environment)
    assert (done.returncode == 0) == (told(done.stderr) == 'ok'), done.stderr
    return told(done.stderr)


def _slip(place: Place, steps: str) -> None:
    """What gets in on a machine without hooks."""
    apply(place, steps)
    place.without_hooks('commit', '-q', '-m', 'exp(a): a change')


def _on_trunk(place: Place, steps: str) -> None:
    """What a person does on the trunk, with whatever right, and publishes."""
    branch = place.git('branch', '--show-current').stdout.strip()
    place.git('switch', '-q', 'main')
    _slip(place, steps)
    place.git('push', '-q', '--no-verify', 'origin', 'main')
    place.git('switch', '-q', branch)


def _merge(place: Place, *words: str) -> str:
    """Merge with hooks; returns the rules that they name."""
    done = place.git('merge', '-q', *words, check=False)
    return told(done.stderr)


def test_a_lab_begins_with_the_commit_that_brings_its_rules(repository: Place) -> None:
    repository.ok('hook', 'install')
    repository.write('other.txt', 'x')
    repository.git('add', '-A')
    early = repository.git('commit', '-m', 'too early', check=False)
    assert early.returncode == 1
    assert "no gitexp.yaml on the trunk 'main'" in early.stderr
    assert 'hint: git exp init' in early.stderr

    repository.write('gitexp.yaml', rulebook.RULES)
    repository.commit('a lab')
    assert _commit(repository, 'edit gitexp.yaml') == 'frozen'


def test_a_lab_does_not_begin_with_rules_that_cannot_be_read(repository: Place) -> None:
    repository.ok('hook', 'install')
    repository.write('gitexp.yaml', 'metric: [\n')
    repository.git('add', '-A')

    done = repository.git('commit', '-m', 'a lab', check=False)
    assert done.returncode == 1
    assert 'gitexp.yaml:' in done.stderr


def test_the_very_first_commit_may_be_a_lab(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.git('init', '-q')
    place.ok('hook', 'install')
    place.write('gitexp.yaml', rulebook.RULES)
    place.write('eval.py', 'x')
    place.commit('a lab')
    assert _commit(place, 'edit eval.py') == 'frozen'


def test_a_trunk_that_is_gone_is_no_beginning(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.without_hooks('branch', '-m', 'main', 'elsewhere')
    apply(place, 'edit model.py')
    done = place.git('commit', '-m', 'exp(a): x', check=False)
    assert done.returncode == 1
    assert 'there is no trunk' in done.stderr


def test_amending_does_not_get_a_change_in(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    assert _commit(place, 'edit other.py', '--amend') == 'ok'
    assert _commit(place, 'edit eval.py', '--amend') == 'frozen'


def test_a_broken_file_can_be_put_back(tmp_path: Path) -> None:
    place = make(tmp_path)
    _slip(place, 'edit eval.py; letter notes_journal.md; mode STATUS.md; mode experiments/a/experiences.md')
    broken = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('checkout', '-q', 'main', '--', '.')

    assert _commit(place, 'edit model.py') == 'ok'
    assert gated(place) == 'ok', 'as a whole it is as it should be'
    assert ranged(place) == 'append-bottom+append-top+frozen+global', 'but breaking and restoring is seen'
    assert ranged(place, f'{broken}..HEAD') == 'ok'


def test_a_revert_of_a_broken_commit_is_honest(tmp_path: Path) -> None:
    place = make(tmp_path)
    _slip(place, 'edit eval.py; delete program.md; link notes_journal.md')
    place.git('revert', '-n', 'HEAD')
    assert _commit(place, 'edit model.py') == 'ok'


def test_going_back_to_the_trunk_does_not_lose_what_was_appended(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'top notes_journal.md') == 'ok'
    place.git('checkout', '-q', 'main', '--', 'notes_journal.md')
    assert _commit(place, 'edit model.py') == 'append-top'


def test_what_was_merged_is_not_lost_by_going_back_to_the_trunk(tmp_path: Path) -> None:
    place, name, theirs = make(tmp_path), 'notes_journal.md', '## 2026-03-03 theirs\nc\n\n## '
    assert _commit(place, f'top {name}') == 'ok'
    mine = (place.path / name).read_text()
    place.git('switch', '-q', 'main')
    place.write(name, (place.path / name).read_text().replace('## ', theirs, 1))
    place.commit('an entry')
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', 'main', check=False)
    place.write(name, mine.replace('## ', theirs, 1))
    place.commit('exp(a): take in main')
    place.git('checkout', '-q', 'main', '--', name)
    assert _commit(place, 'edit model.py') == 'append-top'


def test_what_is_published_is_not_lost_by_going_to_what_the_trunk_has_become(tmp_path: Path) -> None:
    place, name = make(tmp_path), 'notes_journal.md'
    assert _commit(place, f'top {name}') == 'ok'
    _on_trunk(place, f'above {name}')
    place.git('checkout', '-q', 'main', '--', name)
    assert _commit(place, 'edit model.py') == 'append-top', 'the trunk has gone on, and nothing was broken'
    place.without_hooks('commit', '-q', '-m', 'exp(a): tidy')
    place.without_hooks('merge', '-q', '-m', 'exp(a): take in main', 'main')
    assert (ranged(place), rulebook.served(place, 'exp/a')) == ('append-top',) * 2


def test_who_squashes_what_has_pulled_is_told_what_to_do(tmp_path: Path) -> None:
    place, name, theirs = make(tmp_path, branch='side'), 'notes_journal.md', '## 2026-03-03 theirs\nc\n\n## '
    old = (place.path / name).read_text()
    assert _commit(place, f'top {name}') == 'ok'
    mine = (place.path / name).read_text()
    place.git('switch', '-q', 'main')
    place.write(name, old.replace('## ', theirs, 1))
    place.commit('an entry')
    place.git('switch', '-q', 'side')
    place.git('merge', '-q', 'main', check=False)
    place.write(name, mine.replace('## ', theirs, 1))
    place.commit('take in main')

    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--squash', 'side')
    done = place.git('commit', '-q', '-m', 'squashed', check=False)
    assert told(done.stderr) == 'append-top'
    assert 'merged without --squash, or after git rebase main on it' in done.stderr
    place.git('reset', '-q', '--hard')
    apply(place, f'letter {name}')
    assert '--squash' not in place.git('commit', '-q', '-m', 'edited', check=False).stderr
    place.git('reset', '-q', '--hard')
    assert _merge(place, '--no-ff', '-m', 'take it', 'side') == 'ok'


def test_an_experiment_takes_in_what_the_trunk_has_changed(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    _on_trunk(place, 'edit eval.py; row results.tsv; top RESEARCH_JOURNAL.md; delete docs/archived/old.md')

    assert _merge(place, 'main', '-m', 'take in main') == 'ok'
    assert len(place.git('rev-list', '--parents', '-1', 'HEAD').stdout.split()) == 3
    assert ranged(place) == 'ok'
    assert gated(place) == 'ok'
    assert _commit(place, 'edit other.py') == 'ok'


def test_an_experiment_takes_in_a_published_trunk_that_is_not_here_yet(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    _on_trunk(place, 'edit eval.py; row results.tsv')
    place.without_hooks('branch', '-f', 'main', 'main^')

    assert _merge(place, 'origin/main', '-m', 'take in main') == 'ok'
    assert ranged(place) == 'ok'


@pytest.mark.parametrize('words', [('merge', '-m', 'take in main'), ('merge', '--squash'), ('cherry-pick',)])
def test_an_experiment_brings_rows_of_the_trunk_and_no_others(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = make(tmp_path, 'least')
    assert _commit(place, 'edit model.py') == 'ok'
    _on_trunk(place, 'row results.tsv')
    assert told(place.git(*words, 'main', check=False).stderr) == 'ok'
    assert words[1:] != ('--squash',) or _commit(place, 'edit model.py') == 'ok'
    _on_trunk(place, 'row results.tsv')
    assert (ranged(place), gated(place)) == ('ok', 'ok')

    assert _commit(place, 'row results.tsv; longer results.tsv') == 'rows'
    place.without_hooks('commit', '-q', '-m', 'exp(a): rows')
    assert (ranged(place), gated(place)) == ('rows', 'rows')


def test_a_line_of_a_former_ledger_says_something_else_in_the_new_one(tmp_path: Path) -> None:
    place = make(tmp_path, 'least')
    place.write('gitexp.yaml', f'{rulebook.LEAST}paths: {{ledger: new.tsv, former: [results.tsv]}}\n')
    place.write('new.tsv', 'id\tscore\texperiment\n8\t4.0\ta\n')
    place.git('add', '-A')
    place.without_hooks('commit', '-q', '-m', 'exp(a): another ledger')
    place.without_hooks('branch', '-f', 'main')

    assert _commit(place, 'say new.tsv 4.0\ta\n 4.0\ta\n1\ta\t3.0\n') == 'rows'
    place.without_hooks('commit', '-q', '-m', 'exp(a): rows')
    assert (ranged(place), gated(place)) == ('rows', 'rows')

    place.git('reset', '-q', '--hard', 'main')
    assert _commit(place, 'say new.tsv 4.0\ta\n 4.0\ta\n8\t4.0\ta\n') == 'ok', 'nor is it refused where it says the same'


def test_picking_a_commit_of_the_trunk_is_no_offence(tmp_path: Path) -> None:
    place = make(tmp_path)
    _on_trunk(place, 'edit eval.py')
    place.git('cherry-pick', 'main')
    assert ranged(place) == 'ok'
    assert gated(place) == 'ok'


def test_picking_makes_a_commit_without_a_hook_of_commits_and_is_caught_all_the_same(tmp_path: Path) -> None:
    place = make(tmp_path)
    _slip(place, 'edit eval.py')
    place.git('switch', '-q', '-c', 'exp/b', 'main')
    assert told(place.git('cherry-pick', 'exp/a', check=False).stderr) == 'frozen'
    place.git('cherry-pick', '--abort')
    place.without_hooks('cherry-pick', 'exp/a')

    assert ranged(place) == 'frozen'
    assert gated(place, 'b') == 'frozen'
    push = place.git('push', 'origin', 'exp/b', check=False)
    assert push.returncode != 0
    assert 'eval.py' in push.stderr


def test_a_merge_does_not_hide_a_change_of_its_own(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    _on_trunk(place, 'edit other.py')
    place.git('merge', '-q', '--no-commit', 'main')
    assert _commit(place, 'edit eval.py') == 'frozen'

    place.without_hooks('commit', '-q', '-m', 'evil merge')
    assert ranged(place) == 'frozen'


def test_a_merge_does_not_undo_what_the_trunk_has_changed(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    _on_trunk(place, 'row results.tsv; delete other.py; edit eval.py')

    # What the branch left is what the trunk had, so this only fails to bring it up to date.
    assert _merge(place, '-s', 'ours', 'main', '-m', 'ours') == 'append-bottom'
    place.git('merge', '--abort', check=False)
    place.git('reset', '-q', '--hard')
    place.without_hooks('merge', '-q', '-s', 'ours', 'main', '-m', 'ours')
    assert 'append-bottom' in ranged(place)
    assert 'frozen' in gated(place), 'the gate has the trunk itself to compare with'


def test_a_merge_does_not_bring_what_was_never_judged(tmp_path: Path) -> None:
    place = make(tmp_path)
    _slip(place, 'edit eval.py')
    place.git('switch', '-q', 'main')
    assert _commit(place, 'edit other.py') == 'ok'

    assert _merge(place, 'exp/a', '-m', 'take it') == 'frozen'
    place.without_hooks('commit', '-q', '-m', 'take it')
    assert ranged(place) == 'frozen'
    assert place.git('push', 'origin', 'main', check=False).returncode != 0


def test_what_a_branch_did_to_the_files_of_the_trunk_is_seen_when_it_is_merged(tmp_path: Path) -> None:
    place = make(tmp_path)
    _slip(place, 'edit STATUS.md')
    place.git('switch', '-q', 'main')
    assert _commit(place, 'edit model.py') == 'ok'
    assert _merge(place, 'exp/a', '-m', 'take it') == 'global'
    place.without_hooks('commit', '-q', '-m', 'take it')
    assert ranged(place) == 'global'


def test_an_octopus_is_judged_against_every_parent(tmp_path: Path) -> None:
    place = make(tmp_path, branch='exp/a')
    for name in ('one', 'two'):
        place.git('switch', '-q', '-c', name, 'main')
        assert _commit(place, f'add {name}.py') == 'ok'
    place.git('switch', '-q', 'exp/a')
    assert _commit(place, 'edit model.py') == 'ok'
    assert _merge(place, 'one', 'two', '-m', 'both') == 'ok'
    assert ranged(place) == 'ok'

    apply(place, 'edit eval.py')
    place.without_hooks('commit', '-q', '--amend', '-m', 'both, and more')
    assert ranged(place) == 'frozen'


@pytest.mark.parametrize(('path', 'rule'), [
    ('experiments/A/model.py', 'sections'), ('DOCS/new.md', 'keep'), ('Docs', 'keep'), ('docſ/new.md', 'keep'), ('LIB/new.py', 'ok'),
])
def test_no_name_comes_beside_one_on_the_way_to_what_is_kept(tmp_path: Path, path: str, rule: str) -> None:
    place = make(tmp_path, branch='side')
    _slip(place, f'add {path}')
    assert (ranged(place), rulebook.served(place, 'side')) == (rule, rule)


def test_two_spellings_that_a_lab_has_already_are_its_own(tmp_path: Path) -> None:
    place = make(tmp_path)
    _on_trunk(place, 'add DOCS/notes.md; add docs/archived/ſ.md')
    assert _merge(place, 'main') == 'ok'
    assert _commit(place, 'add DOCS/more.md; add docs/more.md; add docs/archived/x.md') == 'ok'
    assert (ranged(place), gated(place)) == ('ok', 'ok')
    assert _commit(place, 'add docs/archived/S.md') == 'keep'


def test_a_merge_does_not_bring_another_spelling_of_what_is_kept(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'add docs/archived/new.md; add notes.md') == 'ok'
    place.git('switch', '-q', '-c', 'side', 'main')
    assert _commit(place, 'add docs/archived/NEW.md; add Notes.md') == 'ok'
    place.git('switch', '-q', 'exp/a')
    assert _merge(place, 'side', '-m', 'take it') == 'keep'
    place.without_hooks('commit', '-q', '-m', 'exp(a): take it')
    assert (ranged(place), rulebook.pushed(place, 'exp/a'), rulebook.served(place, 'exp/a')) == ('keep',) * 3
    place.git('reset', '-q', '--hard', 'HEAD^')
    _on_trunk(place, 'add docs/archived/new.md; add docs/archived/NEW.md')
    assert _merge(place, 'main', '-m', 'take in main') == 'ok', 'the trunk has both'


def _two_sides(tmp_path: Path) -> Place:
    """Two branches that have both appended to the journal and to the ledger of the trunk."""
    place = make(tmp_path, branch='main')
    place.git('branch', 'theirs')
    assert _commit(place, 'row results.tsv; top notes_journal.md') == 'ok'
    place.git('push', '-q', 'origin', 'main')
    place.git('switch', '-q', 'theirs')
    place.without_hooks('branch', '-q', '-D', 'main')
    place.git('switch', '-q', '-c', 'main')
    text = (place.path / 'notes_journal.md').read_text()
    place.write('notes_journal.md', text.replace('## 2026-01-02', '## 2026-03-01 theirs\nother\n\n## 2026-01-02', 1))
    place.write('results.tsv', (place.path / 'results.tsv').read_text() + '4\t2.5\n')
    place.commit('theirs')
    place.git('branch', '-q', '--set-upstream-to=origin/main')
    place.git('merge', 'origin/main', check=False)
    return place


ROWS = rulebook.FILES['results.tsv']
HEAD = '# Journal\n\nWhat this is.\n\n'
OURS, THEIRS = '## 2026-02-01 new\nnew text\n\n', '## 2026-03-01 theirs\nother\n\n'
TAIL = '## 2026-01-02 second\nb\n\n## 2026-01-01 first\na\n'


@pytest.mark.parametrize(('rows', 'entries', 'rules'), [
    (ROWS + '4\t2.5\n3\t2.8\n', HEAD + THEIRS + OURS + TAIL, 'ok'),
    (ROWS + '3\t2.8\n4\t2.5\n', HEAD + OURS + THEIRS + TAIL, 'ok'),
    (ROWS + '3\t2.8\n', HEAD + THEIRS + OURS + TAIL, 'append-bottom'),
    (ROWS + '4\t2.5\n', HEAD + THEIRS + OURS + TAIL, 'append-bottom'),
    (ROWS + '4\t2.5\n3\t2.8\n9\t0.1\n', HEAD + THEIRS + OURS + TAIL, 'append-bottom'),
    (ROWS + ROWS + '4\t2.5\n3\t2.8\n', HEAD + THEIRS + OURS + TAIL, 'append-bottom'),
    (ROWS + '<<<<<<< HEAD\n4\t2.5\n=======\n3\t2.8\n>>>>>>> origin/main\n', HEAD + THEIRS + OURS + TAIL, 'append-bottom'),
    (ROWS + '4\t2.5\n3\t2.8\n', HEAD + THEIRS + TAIL, 'append-top'),
    (ROWS + '4\t2.5\n3\t2.8\n', HEAD + TAIL + THEIRS + OURS, 'append-top'),
])
def test_a_merge_of_two_appends_keeps_every_line_in_order(tmp_path: Path, rows: str, entries: str, rules: str) -> None:
    place = _two_sides(tmp_path)
    place.write('results.tsv', rows)
    place.write('notes_journal.md', entries)
    assert _commit(place, 'edit model.py', message='merge') == rules

    place.without_hooks('commit', '-q', '-m', 'merge') if rules != 'ok' else None
    assert ranged(place) == rules


def test_a_guarded_trunk_takes_what_its_remote_has_and_no_branch(tmp_path: Path) -> None:
    place = make(tmp_path, 'guarded', branch='main')
    other = place.at('../other')
    place.git('clone', '-q', '../shared.git', '../other')
    apply(other, 'edit model.py')
    other.commit('merged by pull request')
    other.git('push', '-q', 'origin', 'main')
    assert _commit(place, 'row results.tsv') == 'ok'
    place.git('fetch', '-q')
    assert _merge(place, 'origin/main', '-m', 'pull') == 'ok'
    assert ranged(place) == 'ok'
    place.git('push', '-q', 'origin', 'main')

    place.git('switch', '-q', '-c', 'exp/a')
    assert _commit(place, 'edit other.py') == 'ok'
    place.git('switch', '-q', 'main')
    assert _commit(place, 'row results.tsv') == 'ok'
    assert _merge(place, 'exp/a', '-m', 'take it') == 'guarded'


def test_a_merge_that_brings_nothing_is_no_way_past_the_guard(tmp_path: Path) -> None:
    place = make(tmp_path, 'guarded', branch='main')
    old = place.git('rev-parse', 'HEAD').stdout.strip()
    assert _commit(place, 'row results.tsv') == 'ok'
    place.git('push', '-q', 'origin', 'main')

    apply(place, 'edit model.py')
    tree = place.git('write-tree').stdout.strip()
    merge = place.git('commit-tree', '-p', 'HEAD', '-p', old, '-m', 'Merge', tree).stdout.strip()
    done = place.git('update-ref', 'refs/heads/main', merge, check=False)
    assert told(done.stderr) == 'guarded'

    place.without_hooks('update-ref', 'refs/heads/main', merge)
    assert ranged(place) == 'guarded'


def test_a_detached_head_is_bound_like_any_branch(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.git('switch', '-q', '--detach')
    assert _commit(place, 'edit model.py') == 'ok'
    assert _commit(place, 'edit eval.py; row results.tsv') == 'frozen+global'


def test_a_rebase_goes_on_as_the_branch_that_is_rebased(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    assert _commit(place, 'edit STATUS.md') == 'ok'
    assert _commit(place, 'edit model.py') == 'ok'
    place.git('rebase', '-q', '-i', 'HEAD~2', GIT_SEQUENCE_EDITOR="sed -i 1s/pick/edit/")
    assert _commit(place, 'edit STATUS.md') == 'ok', 'the trunk is being rebased'
    place.git('rebase', '--continue')


def test_a_branch_is_not_judged_by_rules_that_it_brings_along(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.write('gitexp.yaml', 'metric: {name: score, direction: min}\neval: python3 eval.py {seed}\n')
    assert _commit(place, 'edit eval.py') == 'frozen'
    place.without_hooks('commit', '-q', '-m', 'loosened')
    assert _commit(place, 'edit eval.py') == 'frozen'
    assert ranged(place) == 'frozen'


def test_names_that_shadow_the_trunk_change_nothing(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.write('gitexp.yaml', 'metric: {name: score, direction: min}\neval: python3 eval.py {seed}\n')
    _slip(place, 'edit model.py')
    place.git('tag', 'main')
    place.git('branch', 'origin/main')
    assert _commit(place, 'edit eval.py') == 'frozen'
    place.without_hooks('commit', '-q', '-m', 'x')
    assert ranged(place) == 'frozen'
    place.git('tag', '-f', 'main')
    assert ranged(place, 'main..exp/a') == 'frozen'


def test_replaced_objects_and_grafts_hide_nothing(tmp_path: Path) -> None:
    place = make(tmp_path)
    _slip(place, 'edit eval.py')
    evil, good = (place.git('rev-parse', name).stdout.strip() for name in ('HEAD', 'main'))
    place.git('replace', '-f', evil, good)
    assert ranged(place) == 'frozen'
    place.git('replace', '-d', evil)
    place.git('checkout', '-q', 'main', '--', 'eval.py')
    assert _commit(place, 'edit model.py') == 'ok'
    place.write('.git/info/grafts', f'{place.git("rev-parse", "HEAD").stdout.strip()} {good}\n')
    assert ranged(place) == 'frozen', 'the commit between is still there'


def test_a_shallow_clone_is_refused_where_its_history_is_cut(tmp_path: Path) -> None:
    place = make(tmp_path)
    for _ in range(3):
        _commit(place, 'edit model.py')
    place.git('push', '-q', 'origin', 'exp/a')
    place.git('clone', '-q', '--depth=2', '--no-single-branch', f'file://{place.path.parent}/shared.git', '../shallow')
    shallow = place.at('../shallow')
    shallow.git('switch', '-q', 'exp/a')

    assert shallow.exp('check', 'rules', 'main..exp/a') == 3
    assert 'shallow' in shallow.talk
    assert 'git fetch --unshallow' in shallow.talk
    shallow.git('fetch', '-q', '--unshallow')
    assert 'nothing against the rules' in shallow.ok('check', 'rules')


@pytest.mark.parametrize('words', [('-a',), ('eval.py',), ('-i', 'eval.py'), ('-o', 'eval.py')])
def test_the_index_that_git_commits_is_the_one_that_is_judged(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = make(tmp_path)
    place.write('eval.py', 'print(0)\n')
    done = place.git('commit', '-m', 'exp(a): x', *words, check=False)
    assert done.returncode == 1
    assert told(done.stderr) == 'frozen'


def test_what_is_only_meant_to_be_added_is_not_judged(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.write('guard/later.py', 'x')
    place.git('add', '-N', 'guard/later.py')
    place.write('model.py', 'm = 2\n')
    place.git('add', 'model.py')
    place.git('commit', '-m', 'exp(a): x')


def test_a_submodule_that_is_told_to_be_ignored_is_not(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.write('.gitmodules', '[submodule "guard/sub"]\n\tpath = guard/sub\n\turl = ./x\n\tignore = all\n')
    _slip(place, 'submodule guard/sub')
    place.git('switch', '-q', '-C', 'exp/a')
    place.at('guard/sub').git('commit', '-q', '--allow-empty', '-m', 'more')
    head = place.at('guard/sub').git('rev-parse', 'HEAD').stdout.strip()
    place.git('update-index', '--cacheinfo', f'160000,{head},guard/sub')
    assert told(place.git('commit', '-m', 'exp(a): x', check=False).stderr) == 'frozen'
    place.without_hooks('commit', '-q', '-m', 'exp(a): x')
    assert ranged(place) == 'frozen'


@pytest.mark.parametrize('name', ['GIT_LITERAL_PATHSPECS', 'GIT_NOGLOB_PATHSPECS', 'GIT_ICASE_PATHSPECS', 'GIT_GLOB_PATHSPECS'])
def test_the_environment_does_not_bend_the_rules(tmp_path: Path, name: str) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    assert _commit(place, 'edit guard/a.py', **{name: '1'}) == 'frozen'


def test_the_last_good_rules_are_not_used_for_bad_ones(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.write('gitexp.yaml', rulebook.RULES + 'unknown: 1\n')
    _slip(place, 'edit model.py')

    apply(place, 'edit other.py')
    refused = place.git('commit', '-m', 'x', check=False)
    assert refused.returncode == 1
    assert 'unknown' in refused.stderr
    place.git('reset', '-q', '--hard')
    place.write('gitexp.yaml', rulebook.RULES)
    assert place.git('commit', '-a', '-m', 'mended', check=False).returncode == 1
    place.git('commit', '-q', '-a', '-m', 'mended', META_MODE='1')
    assert _commit(place, 'edit other.py') == 'ok'


def test_the_old_trunk_is_not_trusted_after_its_rules_have_changed(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    place.git('switch', '-q', 'main')
    place.write('gitexp.yaml', rulebook.RULES.replace('- eval.py', '- eval.py\n    - model.py'))
    _slip(place, 'add new.py')
    place.git('switch', '-q', 'exp/a')
    assert _commit(place, 'edit model.py') == 'frozen', 'the pathspecs of the hook are those of the new blob'


def test_packed_refs_are_read_as_well(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.git('pack-refs', '--all')
    assert _commit(place, 'edit model.py') == 'ok'
    assert _commit(place, 'edit other.py') == 'ok'
    assert _commit(place, 'edit eval.py') == 'frozen'
