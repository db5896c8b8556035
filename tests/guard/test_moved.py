"""What happens when a branch is moved by any of git's commands, with a frozen file broken by it and without."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from place import Place
from rulebook import RULES, apply, make, told

BAD, GOOD = 'refs/made/bad', 'refs/made/good'


def _made(place: Place, ref: str, steps: str, start: str = 'HEAD') -> None:
    """A commit that only a ref of no branch names, as if it came from a machine without hooks."""
    at = place.git('symbolic-ref', 'HEAD').stdout.strip()
    place.without_hooks('switch', '-q', '--detach', start)
    apply(place, steps)
    place.without_hooks('commit', '-q', '-m', 'exp(a): made elsewhere')
    place.git('update-ref', ref, 'HEAD')
    place.without_hooks('switch', '-q', at.removeprefix('refs/heads/'))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An experiment with a commit, and two more commits that no branch has: one breaks eval.py, one changes model.py."""
    place = make(tmp_path)
    apply(place, 'add mine.py')
    place.git('commit', '-q', '-m', 'exp(a): mine')
    _made(place, BAD, 'edit eval.py; edit lib/a.py')
    _made(place, GOOD, 'edit model.py')
    return place


def _branches(place: Place) -> str:
    return place.git('for-each-ref', 'refs/heads').stdout


def _try(place: Place, *words: str, **environment: str) -> tuple[int, str]:
    done = place.git(*words, check=False, **environment)
    return done.returncode, told(done.stderr)


def _diverge(place: Place) -> None:
    apply(place, 'edit other.py')
    place.git('commit', '-q', '-m', 'exp(a): more of mine')


def _commit(place: Place, ref: str) -> list[str]:
    place.git('read-tree', '-u', '--reset', ref)
    return ['commit', '-q', '-n', '-m', 'exp(a): x']


def _amend(place: Place, ref: str) -> list[str]:
    return [*_commit(place, ref), '--amend']


def _patch(place: Place, ref: str) -> list[str]:
    place.write('.git/patch', place.git('format-patch', '-1', '--stdout', ref).stdout)
    return ['am', '-q', '.git/patch']


def _revert(place: Place, ref: str) -> list[str]:
    """The commit that is taken back has been there all the time, and it is its opposite that would be made."""
    place.without_hooks('cherry-pick', ref)
    place.without_hooks('cherry-pick', ref, check=False)
    tree = place.git('rev-parse', 'HEAD^^{tree}').stdout.strip()
    inverse = place.git('commit-tree', '-p', ref, '-m', 'exp(a): inverse', tree).stdout.strip()
    place.without_hooks('reset', '-q', '--hard', 'HEAD^')
    return ['revert', '--no-edit', inverse]


def _rebase(place: Place, ref: str) -> list[str]:
    place.without_hooks('cherry-pick', ref)
    place.git('switch', '-q', 'main')
    apply(place, 'edit other.py')
    place.git('commit', '-q', '-m', 'on main')
    place.git('switch', '-q', 'exp/a')
    return ['rebase', '-q', 'main']


def _merge(place: Place, ref: str) -> list[str]:
    _diverge(place)
    return ['merge', '-q', '--no-edit', '--no-verify', ref]


def _import(place: Place, ref: str) -> list[str]:
    place.write('.git/stream', f'reset refs/heads/exp/a\nfrom {place.git("rev-parse", ref).stdout}\n')
    return ['-c', 'alias.import=!git fast-import --quiet --force < .git/stream', 'import']


def _filter(place: Place, ref: str) -> list[str]:
    there = 'eval.py' if ref == BAD else 'model.py'
    place.env = {'FILTER_BRANCH_SQUELCH_WARNING': '1'}
    return ['filter-branch', '-f', '--index-filter', f'git rm -q --cached {there}', 'main..exp/a']


OPERATIONS: dict[str, Callable[[Place, str], list[str]]] = {
    'commit -n': _commit,
    'commit --amend -n': _amend,
    'merge --ff-only': lambda place, ref: ['merge', '-q', '--ff-only', ref],
    'merge --no-verify': _merge,
    'cherry-pick': lambda place, ref: ['cherry-pick', ref],
    'revert': _revert,
    'rebase': _rebase,
    'am': _patch,
    'pull': lambda place, ref: ['pull', '-q', '--ff', '.', ref],
    'pull --rebase': lambda place, ref: ['pull', '-q', '--rebase', '.', ref],
    'reset --hard': lambda place, ref: ['reset', '-q', '--hard', ref],
    'checkout -B': lambda place, ref: ['checkout', '-q', '-B', 'exp/a', ref],
    'switch -c': lambda place, ref: ['switch', '-q', '-c', 'exp/b', ref],
    'branch': lambda place, ref: ['branch', 'side', ref],
    'branch -f': lambda place, ref: ['branch', '-f', 'main', ref],
    'worktree add -b': lambda place, ref: ['worktree', 'add', '-q', '-b', 'exp/b', '../b', ref],
    'fetch . a:b': lambda place, ref: ['fetch', '-q', '.', f'{ref}:refs/heads/exp/a', '--update-head-ok'],
    'push . a:b': lambda place, ref: ['push', '-q', '--no-verify', '.', f'{ref}:refs/heads/side'],
    'update-ref': lambda place, ref: ['update-ref', 'refs/heads/exp/a', ref],
    'update-ref through a symbolic ref': lambda place, ref: [
        '-c', 'alias.through=!git symbolic-ref refs/by/name refs/heads/exp/a && git update-ref refs/by/name', 'through', ref,
    ],
    'fast-import': _import,
    'filter-branch': _filter,
}


MUTE = ('filter-branch',)  # It throws away what git says, and tells only that it could not.


@pytest.mark.parametrize('name', OPERATIONS)
def test_no_way_of_moving_a_branch_gets_a_change_in(place: Place, name: str) -> None:
    words = OPERATIONS[name](place, BAD)
    before = _branches(place)

    code, rules = _try(place, *words)

    assert code != 0
    assert rules == ('ok' if name in MUTE else 'frozen')
    assert _branches(place) == before


@pytest.mark.parametrize('name', OPERATIONS)
def test_every_way_of_moving_a_branch_is_open_to_an_honest_change(place: Place, name: str) -> None:
    words = OPERATIONS[name](place, GOOD)
    before = _branches(place)

    assert _try(place, *words) == (0, 'ok')
    assert _branches(place) != before


def test_a_refusal_says_how_to_go_on(place: Place) -> None:
    bad = place.git('rev-parse', BAD).stdout[:10]
    picked = place.git('cherry-pick', BAD, check=False).stderr.splitlines()
    assert [picked[0], picked[1][10:], *picked[2:]] == [
        'gitexp: refused',
        ' eval.py: changed',
        '    rule: frozen (gitexp.yaml:8)',
        '    do:   git restore --staged --worktree eval.py; or ask a person for meta mode',
        'hint: no branch has moved; git cherry-pick --abort takes back the rest',
        'fatal: ref updates aborted by hook',
    ]
    place.git('cherry-pick', '--abort')

    forced = place.git('branch', 'side', BAD, check=False).stderr
    assert f'{bad} eval.py: changed' in forced
    assert 'do:   take it out of that commit; or ask a person for meta mode' in forced
    assert 'hint: no branch has moved; git status shows what is left' in forced


def test_a_refused_fast_forward_is_taken_back_whole(place: Place) -> None:
    _made(place, 'refs/made/ahead', 'edit eval.py')
    place.write('model.py', f'{(place.path / "model.py").read_text()}# mine\n')
    before = place.git('status', '--porcelain').stdout
    said = place.git('merge', '-q', '--ff-only', 'refs/made/ahead', check=False).stderr
    assert 'hint: no branch has moved; git reset --merge takes back the rest' in said
    assert place.git('status', '--porcelain').stdout != before
    place.git('reset', '-q', '--merge')
    assert place.git('status', '--porcelain').stdout == before

    place.write('other.py', 'x = 1\n')
    place.git('add', 'other.py')
    said = place.git('merge', '-q', '--ff-only', 'refs/made/ahead', check=False).stderr
    assert 'hint: no branch has moved; git status shows what is left' in said, 'that would take what was staged'


def test_a_refusal_says_how_to_go_on_in_a_folder_of_any_name(tmp_path: Path) -> None:
    place = make(tmp_path / 'two\nlines')
    apply(place, 'edit eval.py')

    refused = place.git('commit', '-q', '-n', '-m', 'exp(a): x', check=False).stderr

    assert told(refused) == 'frozen' and 'hint: no branch has moved; git status shows what is left' in refused


@pytest.mark.parametrize('words', [
    ('tag', 'here', BAD), ('update-ref', 'refs/parked/here', BAD), ('notes', 'add', '-m', 'x', BAD), ('switch', '-q', '--detach', BAD),
    ('fetch', '-q', 'origin'), ('fetch', '-q', '.', f'{BAD}:refs/remotes/origin/theirs'), ('pack-refs', '--all'), ('gc', '-q'),
    ('worktree', 'add', '-q', '--detach', '../aside', BAD), ('branch', '-q', 'other', 'main'), ('branch', '-D', 'gone'),
    ('update-ref', '-d', 'refs/heads/gone'), ('branch', '-m', 'gone', 'found'), ('branch', '-M', 'gone', 'spare'),
    ('reset', '-q', '--hard', 'HEAD^'), ('commit', '-q', '--amend', '-m', 'exp(a): in other words'), ('reset', '-q', '--hard'),
    ('branch', '-q', '-f', 'gone', 'exp/a'), ('symbolic-ref', 'refs/by/name', 'refs/heads/exp/a'),
])
def test_what_is_no_business_of_the_rules_passes(place: Place, words: tuple[str, ...]) -> None:
    for name in ('gone', 'spare'):
        place.git('branch', '-q', name, 'main')
    assert _try(place, *words) == (0, 'ok')


def test_the_hint_of_a_refused_renaming_is_not_repeated_with_other_refusals(place: Place) -> None:
    hint = 'if a branch is missing that was to be renamed: git branch NAME'
    assert hint in place.git('branch', '-m', 'main', 'elsewhere', check=False).stderr

    later = place.git('branch', 'side', BAD, check=False).stderr

    assert hint not in later and 'hint: no branch has moved; git status shows what is left' in later
    assert hint in place.git('branch', '-m', 'main', 'elsewhere', check=False).stderr


def test_a_stash_comes_and_goes(place: Place) -> None:
    apply(place, 'edit eval.py')
    place.git('stash')
    place.git('stash', 'pop')
    assert (place.path / 'eval.py').read_text() != 'print(1)\n'


def _open(place: Place) -> None:
    """A person writes that meta mode is on."""
    at = place.git('symbolic-ref', '--short', 'HEAD').stdout.strip()
    place.git('switch', '-q', 'main')
    text = (place.path / 'human_journal.md').read_text()
    place.write('human_journal.md', text.replace('## 2026-01-02', '## 2026-03-01 open\nMETA_MODE=1\n\n## 2026-01-02', 1))
    place.git('commit', '-q', '-am', 'open')
    place.git('switch', '-q', at)


@pytest.mark.parametrize('packed', [True, False])
@pytest.mark.parametrize('words', [
    ('branch', '-m', 'main', 'elsewhere'), ('branch', '-D', 'main'), ('branch', '-M', 'side', 'main'),
    ('update-ref', '-d', 'refs/heads/main'),
    ('push', '-q', '--no-verify', '.', ':refs/heads/main'),
])
def test_the_trunk_is_neither_deleted_nor_renamed_nor_replaced(place: Place, words: tuple[str, ...], packed: bool) -> None:
    place.git('branch', '-q', 'side', 'exp/a')
    if packed:
        place.git('pack-refs', '--all')
    before = _branches(place)
    done = place.git(*words, check=False)
    assert done.returncode != 0
    assert 'main: deleted or renamed: results and rules live on it' in done.stderr
    if '-M' in words:  # git has deleted the other one before it asks, and says nothing about it.
        assert f'git branch NAME {place.git("rev-parse", "exp/a").stdout[:10]}' in done.stderr
        place.git('branch', 'side', 'exp/a')
    assert _branches(place) == before
    _open(place)
    assert place.git(*words, check=False, META_MODE='1').returncode == 0


@pytest.mark.parametrize('name', ['HEAD', 'head', 'MAIN', 'Main'])
def test_no_branch_takes_a_name_for_another(place: Place, name: str) -> None:
    done = place.git('update-ref', f'refs/heads/{name}', 'main', check=False)
    assert done.returncode != 0
    assert 'a branch of that name would be taken for' in done.stderr
    place.without_hooks('update-ref', f'refs/heads/{name}', 'main')
    place.git('update-ref', '-d', f'refs/heads/{name}')


def _trunk(tmp_path: Path, steps: str, kind: str = 'open') -> Place:
    """A trunk with one commit of its own that is not published."""
    place = make(tmp_path, kind, 'main')
    apply(place, steps)
    place.without_hooks('commit', '-q', '-m', 'mine')
    return place


@pytest.mark.parametrize(('steps', 'words', 'rules'), [
    ('edit model.py', ('reset', '-q', '--hard', 'HEAD^'), 'ok'),
    ('edit model.py', ('commit', '-q', '--amend', '-m', 'in other words'), 'ok'),
    ('row results.tsv', ('commit', '-q', '--amend', '-m', 'in other words'), 'ok'),
    ('row results.tsv', ('reset', '-q', '--hard', 'HEAD^'), 'ok'),
    ('edit eval.py', ('reset', '-q', '--hard', 'HEAD^'), 'ok'),
])
def test_the_trunk_goes_back_to_what_is_published(tmp_path: Path, steps: str, words: tuple[str, ...], rules: str) -> None:
    assert _try(_trunk(tmp_path, steps), *words)[1] == rules


def test_the_trunk_loses_no_row_that_nobody_else_has(tmp_path: Path) -> None:
    place = _trunk(tmp_path, 'edit model.py')
    apply(place, 'row results.tsv; top notes_journal.md')
    place.git('commit', '-q', '-m', 'a row')
    assert _try(place, 'reset', '-q', '--hard', 'HEAD^') == (128, 'append-bottom+append-top')
    place.git('reset', '-q', '--hard')
    place.git('commit', '-q', '--amend', '-m', 'the same row')
    place.git('push', '-q', 'origin', 'main')
    assert _try(place, 'reset', '-q', '--hard', 'HEAD^') == (0, 'ok'), 'the remote has it'


def test_the_trunk_does_not_go_back_to_older_rules(tmp_path: Path) -> None:
    place = _trunk(tmp_path, 'edit eval.py')
    place.without_hooks('push', '-q', 'origin', 'main')
    assert _try(place, 'reset', '-q', '--hard', 'HEAD^') == (128, 'frozen')
    assert _try(place, 'reset', '-q', '--hard', 'HEAD^', META_MODE='1')[0] == 128, 'the journal must say so as well'


def test_what_a_person_has_opened_and_nobody_has_published_may_be_undone(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    before = place.git('rev-parse', 'main').stdout.strip()
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'others go on')
    place.git('push', '-q', 'origin', 'main')
    place.git('reset', '-q', '--hard', before)
    _open(place)
    apply(place, 'edit eval.py')
    place.git('commit', '-q', '-m', 'by a person', META_MODE='1')
    assert _try(place, 'reset', '-q', '--hard', before) == (0, 'ok')
    place.without_hooks('reset', '-q', '--hard', 'origin/main')
    apply(place, 'edit eval.py')
    place.without_hooks('commit', '-q', '-m', 'by a person, published')
    place.without_hooks('push', '-q', 'origin', 'main')
    assert _try(place, 'reset', '-q', '--hard', before) == (128, 'frozen'), 'it would be measured by what was before'


def test_a_pull_brings_the_trunk_what_others_have_published(tmp_path: Path) -> None:
    place = make(tmp_path, 'guarded', 'main')
    place.git('clone', '-q', '../shared.git', '../other')
    other = place.at('../other')
    apply(other, 'edit eval.py; row results.tsv')
    other.commit('by a person')
    other.git('push', '-q', 'origin', 'main')
    assert _try(place, 'pull', '-q', '--ff-only') == (0, 'ok')
    assert _try(place, 'reset', '-q', '--hard', 'origin/main') == (0, 'ok')


def test_a_rebase_of_the_trunk_keeps_the_rows_of_both(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    old = (place.path / 'results.tsv').read_text()
    place.git('clone', '-q', '../shared.git', '../other')
    other = place.at('../other')
    other.write('results.tsv', f'{old}4\ttheirs\t2.5\n')
    other.git('commit', '-q', '-am', 'theirs')
    other.git('push', '-q', 'origin', 'main')
    place.git('fetch', '-q')
    place.write('results.tsv', f'{old}3\tmine\t2.6\n')
    place.git('commit', '-q', '-am', 'mine')
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'more')

    place.git('rebase', '-q', 'origin/main', check=False)
    dropped = place.git('rebase', '--skip', check=False)
    assert told(dropped.stderr) == 'append-bottom', 'my row is lost'
    place.git('rebase', '--abort')
    place.git('rebase', '-q', 'origin/main', check=False)
    place.write('results.tsv', f'{old}4\ttheirs\t2.5\n3\tmine\t2.6\n')
    place.git('add', 'results.tsv')
    assert _try(place, '-c', 'core.editor=true', 'rebase', '--continue') == (0, 'ok')


def test_a_fast_forward_brings_no_branch_to_a_guarded_trunk(tmp_path: Path) -> None:
    place = make(tmp_path, 'guarded')
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'exp(a): x')
    place.git('switch', '-q', 'main')
    assert _try(place, 'merge', '-q', 'exp/a') == (128, 'guarded')
    place.git('reset', '-q', '--hard')
    apply(place, 'row results.tsv')
    assert _try(place, 'commit', '-q', '-n', '-m', 'row') == (0, 'ok')


def test_what_others_have_published_can_be_looked_at(place: Place) -> None:
    place.git('update-ref', 'refs/remotes/origin/theirs', BAD)
    place.git('update-ref', 'refs/remotes/origin/exp/b', BAD)
    assert _try(place, 'branch', '-q', 'theirs', 'origin/theirs') == (0, 'ok')
    assert _try(place, 'branch', '-q', 'exp/c', 'theirs') == (128, 'frozen'), 'an experiment begins with its own commits'
    assert _try(place, 'branch', '-q', 'exp/b', 'origin/exp/b') == (0, 'ok')


def test_a_confined_experiment_is_held_too(tmp_path: Path) -> None:
    place = make(tmp_path, 'confined')
    for steps, rules in (('edit model.py', 'ok'), ('edit other.py', 'variable'), ('add experiments/a/x.md', 'ok')):
        apply(place, steps)
        assert _try(place, 'commit', '-q', '-n', '-m', 'exp(a): x')[1] == rules
        place.git('reset', '-q', '--hard')


def test_meta_mode_opens_what_carries_its_mark(tmp_path: Path) -> None:
    place = make(tmp_path)
    _open(place)
    apply(place, 'edit eval.py')
    assert _try(place, 'commit', '-q', '-n', '-m', 'exp(a): x', META_MODE='1') == (128, 'frozen'), 'no hook has put the mark on it'
    assert _try(place, 'commit', '-q', '-m', 'exp(a): x', META_MODE='1') == (0, 'ok')
    assert _try(place, 'branch', 'again', 'HEAD') == (0, 'ok'), 'nothing new comes to be'
    place.git('reset', '-q', '--hard', 'HEAD^')
    assert _try(place, 'reset', '-q', '--hard', 'HEAD@{1}') == (128, 'frozen')


def test_before_there_are_rules_everything_moves(repository: Place) -> None:
    repository.ok('hook', 'install')
    for words in (('commit', '-q', '-n', '--allow-empty', '-m', 'x'), ('branch', 'x'), ('branch', '-m', 'main', 'y'), ('branch', 'main')):
        assert _try(repository, *words) == (0, 'ok')
    repository.git('init', '-q', '../fresh', '-b', 'other')
    fresh = repository.at('../fresh')
    fresh.ok('hook', 'install')
    assert _try(fresh, 'commit', '-q', '-n', '--allow-empty', '-m', 'x') == (0, 'ok')


def test_rules_that_cannot_be_read_stop_every_branch_but_the_one_that_is_mended(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    before = place.git('rev-parse', 'HEAD').stdout.strip()
    place.write('gitexp.yaml', RULES + 'unknown: 1\n')
    assert _try(place, 'commit', '-q', '-n', '-a', '-m', 'x', META_MODE='1')[0] == 128
    place.without_hooks('commit', '-q', '-a', '-m', 'broken')
    for words in (('branch', 'x'), ('commit', '-q', '-n', '--allow-empty', '-m', 'x'), ('reset', '-q', '--hard', before)):
        assert _try(place, *words)[0] == 128
    place.git('switch', '-q', '--detach')
    place.git('read-tree', '-u', '--reset', before)
    place.without_hooks('commit', '-q', '-m', 'mended')
    assert _try(place, 'push', '-q', '--no-verify', '.', 'HEAD:main')[0] != 0
    assert _try(place, 'push', '-q', '--no-verify', '.', 'HEAD:main', META_MODE='1') == (0, 'ok')


def test_the_hooks_of_others_hear_every_state(place: Place) -> None:
    hook = place.write('.git/hooks/reference-transaction', '#!/bin/sh\necho "$1" >> "$0.calls"\ncat >> "$0.calls"\n')
    hook.chmod(0o755)
    apply(place, 'edit other.py')
    place.git('commit', '-q', '-m', 'exp(a): x')
    old, new = (place.git('rev-parse', name).stdout.strip() for name in ('HEAD^', 'HEAD'))
    lines = f'{old} {new} HEAD\n{old} {new} refs/heads/exp/a\n'
    assert hook.with_name(f'{hook.name}.calls').read_text() == f'prepared\n{lines}committed\n{lines}'

    hook.write_text('#!/bin/sh\n[ "$1" != prepared ] || ! grep -q refs/heads/\n')
    assert _try(place, 'commit', '-q', '--allow-empty', '-m', 'exp(a): y')[0] == 128


def _without_python(place: Place) -> None:
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    shared.write_text(shared.read_text().replace("python='", "python='/gone"))


def test_ordinary_moves_start_no_python(place: Place) -> None:
    place.git('update-ref', 'refs/made/x', 'HEAD')
    plan = place.git('commit-tree', '-p', 'main', '-m', 'exp(d): plan', 'main^{tree}').stdout.strip()
    _without_python(place)
    apply(place, 'edit other.py')
    for words in (
        ('commit', '-q', '-n', '-m', 'exp(a): x'), ('commit', '-q', '--amend', '-m', 'exp(a): y'), ('branch', 'exp/b', 'main'),
        ('branch', '-D', 'exp/b'), ('stash', 'list'), ('worktree', 'add', '-q', '-b', 'exp/c', '../c', 'main'), ('reset', '-q', '--hard'),
        ('update-ref', 'refs/heads/exp/d', plan, '0' * 40),
    ):
        assert _try(place, *words) == (0, 'ok'), words
    assert _try(place, 'cherry-pick', BAD)[0] == 128


def test_what_passed_before_the_commit_is_not_judged_again(tmp_path: Path) -> None:
    place = make(tmp_path)
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    counted = shared.read_text().replace('judge() {\n', 'judge() {\n    echo "$1" >> "$common/judged"\n')
    shared.write_text(counted)
    seen = place.path / '.git/judged'
    for steps in ('top notes_journal.md', 'add naïve.md', 'add od"d\\nname', 'link naïve.md model.py', 'delete naïve.md'):
        seen.write_text('')
        apply(place, steps)
        assert _try(place, 'commit', '-q', '-m', 'exp(a): x') == (0, 'ok')
        assert seen.read_text() in ('pre-commit\n', ''), steps

    for text in ('', 'x'):
        place.write('.git/exp-passed', text)
        apply(place, 'top notes_journal.md')
        assert _try(place, 'commit', '-q', '-n', '-m', 'exp(a): x') == (0, 'ok')
        assert 'reference-transaction' in seen.read_text()
        seen.write_text('')


def test_what_passed_before_is_of_use_for_nothing_else(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit model.py')
    place.git('commit', '-q', '-m', 'exp(a): x')
    apply(place, 'top notes_journal.md')
    place.git('hook', 'run', 'pre-commit')
    apply(place, 'edit eval.py')
    assert _try(place, 'commit', '-q', '-n', '-m', 'exp(a): x') == (128, 'frozen'), 'something more'

    place.git('reset', '-q', '--hard')
    apply(place, 'top notes_journal.md')
    place.git('hook', 'run', 'pre-commit')
    place.git('stash', '-q')
    place.without_hooks('switch', '-q', 'main')
    place.write('gitexp.yaml', RULES.replace('    - eval.py', '    - eval.py\n    - notes_journal.md'))
    place.without_hooks('commit', '-q', '-am', 'stricter')
    place.without_hooks('switch', '-q', 'exp/a')
    place.git('stash', 'pop', '-q')
    place.git('add', '-A')
    keep = (place.path / '.git/exp-passed').read_bytes()
    assert _try(place, 'branch', 'warm') == (0, 'ok'), 'so that the hooks know of the new rules'
    place.write('.git/exp-passed', keep)
    assert _try(place, 'commit', '-q', '-n', '-m', 'exp(a): x') == (128, 'frozen'), 'by other rules'


@pytest.mark.parametrize('words', [(), ('one', 'two')])
def test_a_merge_is_judged_once_and_before_its_message(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = make(tmp_path)
    for name in words or ('main',):
        place.git('switch', '-q', *(('main',) if name == 'main' else ('-c', name, 'main')))
        apply(place, f'add {name}-sidé.py')
        place.git('commit', '-q', '-m', 'x')
    place.git('switch', '-q', 'exp/a')
    apply(place, 'top notes_journal.md')
    place.git('commit', '-q', '-m', 'exp(a): x')
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    shared.write_text(shared.read_text().replace('judge() {\n', 'judge() {\n    echo "$1" >> .git/judged\n'))

    assert _try(place, 'merge', '-q', '--no-edit', *(words or ('main',))) == (0, 'ok')
    judged = (place.path / '.git/judged').read_text().split()
    assert judged[0] == 'pre-merge-commit'
    assert judged[1:] == [] or words, 'git does not tell in which order it will name several parents'

    _made(place, BAD, 'edit eval.py', 'main')
    done = place.git('merge', '-q', '--edit', BAD, check=False, GIT_EDITOR='touch .git/edited; true')
    assert told(done.stderr) == 'frozen'
    assert not (place.path / '.git/edited').exists()


def test_a_packed_branch_is_like_any_other(place: Place) -> None:
    place.git('pack-refs', '--all')
    assert _try(place, 'update-ref', 'refs/heads/exp/a', BAD)[0] == 128
    assert _try(place, 'update-ref', 'refs/heads/exp/a', GOOD) == (0, 'ok')
    place.git('pack-refs', '--all')
    assert not os.path.exists(place.path / '.git/refs/heads/main')


def test_an_experiment_starts_without_python_in_a_hook(lab: Place) -> None:
    lab.ok('hook', 'install')
    lab.write('model.py', 'score = 2.9\n')
    lab.git('commit', '-q', '-am', 'so that the hooks are warm')
    lab.write('eval.py', 'changed\n')
    assert _try(lab, 'commit', '-q', '-am', 'no') == (1, 'frozen')
    lab.git('checkout', '-q', '--', '.')
    _without_python(lab)
    lab.git('update-index', '--refresh')
    made = lab.git('commit-tree', '-p', 'main', '-m', 'exp(x): plan', 'main^{tree}').stdout.strip()
    assert _try(lab, 'update-ref', 'refs/heads/exp/x', made, '0' * 40) == (0, 'ok')
    lab.ok('hook', 'install')
    tree = lab.at(lab.ok('new', 'idea').strip())
    tree.write('model.py', 'score = 2.8\n')
    tree.write('experiments/idea/PLAN.md', 'lower\n')
    _without_python(lab)
    assert _try(tree, 'commit', '-q', '-am', 'exp(idea): lower') == (0, 'ok')
    lab.ok('close', 'idea')


def test_an_experiment_is_not_within_another_one(place: Place) -> None:
    said = place.git('branch', 'exp/old/results', 'main', check=False).stderr
    assert "a slug has no '/'" in said and not place.git('branch', '--list', 'exp/old/results').stdout
    place.without_hooks('branch', 'exp/old/results', 'main')
    assert place.git('branch', '-f', 'exp/old/results', GOOD, check=False).returncode == 0, 'what is there goes on'
    assert place.git('branch', '-D', 'exp/old/results', check=False).returncode == 0
