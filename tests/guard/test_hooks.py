"""Hooks that stay alive, beside those of others."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from place import PROGRAM, Place
from rulebook import apply, make, told

from gitexp.core.errors import Refused
from gitexp.guard import alive, hooks, stubs
from gitexp.lab.lab import Lab


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A lab whose hooks are taken out again, on an experiment."""
    made = make(tmp_path)
    made.ok('hook', 'remove')
    return made


def _hook(path: Path, says: str, code: int = 0, more: str = '') -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{says} $*" >> "${{0%/*}}/calls"\n{more}\nexit {code}\n')
    path.chmod(0o755)


def _calls(folder: Path) -> list[str]:
    path = folder / 'calls'
    return path.read_text().splitlines() if path.exists() else []


def _commit(place: Place, steps: str = 'edit model.py', message: str = 'exp(a): x') -> str:
    apply(place, steps)
    done = place.git('commit', '-q', '-m', message, check=False)
    return told(done.stderr) if done.returncode else 'ok'


def _state(place: Place) -> list[str]:
    return [one.message for one in alive.state(Lab.find(place.path))]


def _setting(place: Place, key: str) -> str:
    return place.git('config', '--local', '--get', key, check=False).stdout.strip()


def test_they_are_put_there_and_taken_out(place: Place) -> None:
    before = place.git('config', '--local', '--list').stdout
    assert _commit(place, 'edit eval.py') == 'ok'
    place.git('reset', '-q', '--hard', 'HEAD^')

    assert place.ok('hook', 'install') == f"the hooks are in '{place.path}/.git/exp/hooks'\n"
    assert _setting(place, 'core.hooksPath') == f'{place.path}/.git/exp/hooks'
    assert _commit(place, 'edit eval.py') == 'frozen'
    assert json.loads(place.ok('hook', 'remove', '--json')) == {'removed': True}
    assert place.git('config', '--local', '--list').stdout == before
    assert not (place.path / '.git/exp/hooks').exists()
    assert _commit(place, 'edit eval.py') == 'ok'
    assert 'no hooks of ours' in place.ok('hook', 'remove')


def test_taken_out_on_purpose_is_not_asked_for_again(place: Place) -> None:
    assert place.ok('check', 'rules') and place.talk == ''
    place.ok('hook', 'install')
    assert _setting(place, 'gitexp.hooks') == ''
    shutil.rmtree(place.path / '.git/exp/hooks')
    place.ok('check', 'rules')
    assert place.talk == 'put right: the folder of the hooks is gone\n'
    shutil.rmtree(place.path / '.git/exp/hooks')
    place.git('config', '--unset', 'core.hooksPath')
    place.ok('check', 'rules')
    assert place.talk == 'git exp: the hooks are not installed\nhint: git exp hook install\n'


def test_doing_it_twice_changes_nothing(place: Place) -> None:
    def look() -> dict[str, tuple[bytes, int]]:
        files = [*(place.path / '.git/exp/hooks').iterdir(), place.path / '.git/config']
        return {path.name: (path.read_bytes(), path.stat().st_ino) for path in files}
    place.ok('hook', 'install')
    first = look()
    place.ok('hook', 'install')
    assert look() == first


def test_linked_worktrees_have_them(place: Place) -> None:
    place.git('worktree', 'add', '-q', '../linked worktree', '-b', 'exp/b')
    linked = place.at('../linked worktree')
    linked.ok('hook', 'install')
    assert _commit(linked, 'edit eval.py', 'exp(b): x') == 'frozen'
    linked.git('reset', '-q', '--hard')
    assert _commit(linked, message='exp(b): x') == 'ok'
    assert _commit(place, 'edit eval.py') == 'frozen'
    assert _state(linked) == []


def test_a_commit_from_a_folder_below_is_judged_too(place: Place) -> None:
    place.ok('hook', 'install')
    apply(place, 'edit eval.py')
    assert place.at('lib').git('commit', '-m', 'exp(a): x', check=False).returncode == 1


def test_a_path_with_every_sign(tmp_path: Path) -> None:
    home = tmp_path / 'it\'s a "läb" $HOME `x` \\ *'
    home.mkdir()
    place = make(home)
    assert _commit(place) == 'ok'
    assert _commit(place, 'edit eval.py') == 'frozen'


def test_hooks_that_were_there_are_called_after_ours(place: Place) -> None:
    usual = place.path / '.git/hooks'
    for name in ('pre-commit', 'commit-msg', 'post-commit', 'prepare-commit-msg'):
        _hook(usual / name, name)
    place.ok('hook', 'install')

    assert _commit(place) == 'ok'
    assert [line.split()[0] for line in _calls(usual)] == ['pre-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit']
    assert _calls(usual)[2] == 'commit-msg .git/COMMIT_EDITMSG'
    assert _commit(place, 'edit eval.py') == 'frozen'
    assert len(_calls(usual)) == 4, 'what we refuse, they are not asked'

    place.git('reset', '-q', '--hard')
    _hook(usual / 'pre-commit', 'pre-commit', code=1)
    apply(place, 'edit model.py')
    assert place.git('commit', '-m', 'exp(a): x', check=False).returncode == 1
    place.ok('hook', 'remove')
    assert _calls(usual)[-1].startswith('pre-commit')


def test_a_push_hook_hears_what_git_says(place: Place) -> None:
    usual = place.path / '.git/hooks'
    _hook(usual / 'pre-push', 'pre-push', more=f'cat >> "{usual}/calls"')
    place.ok('hook', 'install')
    assert _commit(place) == 'ok'
    place.git('push', '-q', 'origin', 'exp/a')

    said, line = _calls(usual)
    assert said.startswith('pre-push origin ')
    assert line.split()[::2] == ['refs/heads/exp/a', 'refs/heads/exp/a']
    _hook(usual / 'pre-push', 'pre-push', code=1)
    assert _commit(place) == 'ok'
    assert place.git('push', '-q', 'origin', 'exp/a', check=False).returncode == 1


def test_a_hook_that_comes_later_is_called_as_soon_as_somebody_looks(place: Place) -> None:
    place.ok('hook', 'install')
    _hook(place.path / '.git/hooks/pre-commit', 'later')
    assert _commit(place) == 'ok'
    assert len(_calls(place.path / '.git/hooks')) == 1, 'ours look for it by themselves'
    _hook(place.path / '.git/hooks/post-commit', 'after')
    assert _state(place) == ["the hook 'post-commit' is missing"]
    alive.repair(Lab.find(place.path))
    assert _commit(place) == 'ok'
    assert _calls(place.path / '.git/hooks')[1:] == ['later ', 'after ']


def test_husky_keeps_its_hooks_in_every_worktree(place: Place) -> None:
    for name in ('pre-commit', 'post-commit'):
        _hook(place.path / '.husky/_' / name, name)
    apply(place, 'edit other.py')
    place.git('commit', '-q', '-m', 'exp(a): husky')
    place.git('config', 'core.hooksPath', '.husky/_')
    assert "core.hooksPath was '.husky/_'; the hooks there are still called" in (place.ok('hook', 'install'), place.talk)[1]
    place.git('worktree', 'add', '-q', '../linked', '-b', 'exp/b')

    assert _commit(place) == 'ok'
    assert [line.split()[0] for line in _calls(place.path / '.husky/_')] == ['pre-commit', 'post-commit']
    assert _commit(place.at('../linked'), message='exp(b): x') == 'ok'
    assert [line.split()[0] for line in _calls(place.path / '../linked/.husky/_')][-2:] == ['pre-commit', 'post-commit']

    place.ok('hook', 'remove')
    assert _setting(place, 'core.hooksPath') == '.husky/_'
    assert _setting(place, 'gitexp.chained') == ''


HUSKY = (
    'pre-commit', 'pre-merge-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit', 'applypatch-msg', 'pre-applypatch',
    'post-applypatch', 'pre-rebase', 'post-rewrite', 'post-checkout', 'post-merge', 'pre-push', 'pre-auto-gc',
)


def _husky(place: Place) -> None:
    """What `npm install` does where husky 9 is used: generated stubs that git ignores, and a relative core.hooksPath."""
    for name in HUSKY:
        path = place.write(f'.husky/_/{name}', '#!/usr/bin/env sh\n. "$(dirname "$0")/h"')
        path.chmod(0o755)
    place.write('.husky/_/.gitignore', '*')
    place.write('.husky/_/h', (
        'n=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\nc=$?\n'
        '[ $c != 0 ] && echo "husky - $n script failed (code $c)"\nexit $c\n'
    ))
    place.git('config', 'core.hooksPath', '.husky/_')


@pytest.mark.parametrize('first', ['husky', 'ours'])
def test_husky_works_in_either_order_and_each_time_it_is_installed(place: Place, first: str) -> None:
    place.write('.husky/pre-commit', 'echo husky >> "$(git rev-parse --git-common-dir)/calls"\n')
    for who in (first, *({'husky', 'ours'} - {first}), 'husky'):
        _husky(place) if who == 'husky' else place.ok('hook', 'install')
    place.git('worktree', 'add', '-q', '../linked', '-b', 'exp/b')
    linked = place.at('../linked')
    linked.ok('check', 'rules')
    assert linked.talk == "put right: the hooks are silenced: core.hooksPath is '.husky/_'\n", 'though this worktree has no .husky/_'

    assert _commit(place) == 'ok'
    assert _calls(place.path / '.git') == ['husky']
    assert _commit(place, 'edit eval.py') == 'frozen'
    assert _commit(linked, 'edit eval.py', 'exp(b): x') == 'frozen'
    _husky(linked)
    linked.ok('check', 'rules')
    linked.git('reset', '-q', '--hard')
    apply(linked, 'edit model.py')
    linked.write('.husky/pre-commit', 'exit 1\n')
    assert 'husky - pre-commit script failed' in linked.git('commit', '-m', 'exp(b): x', check=False).stderr
    place.ok('hook', 'remove')
    assert _setting(place, 'core.hooksPath') == '.husky/_'


def _lefthook(place: Place, *words: str) -> None:
    """What `lefthook install` (2.2) does: it refuses where core.hooksPath is set, or resets it, or renames what is in its way there."""
    said = _setting(place, 'core.hooksPath')
    if said and not words:
        return
    if '--reset-hooks-path' in words:
        place.git('config', '--unset-all', '--local', 'core.hooksPath', check=False)
    folder = place.path / place.git('rev-parse', '--git-path', 'hooks').stdout.strip()
    path = folder / 'pre-commit'
    if path.exists() and 'LEFTHOOK' not in path.read_text():
        path.rename(folder / 'pre-commit.old')
    _hook(path, 'LEFTHOOK')


@pytest.mark.parametrize('words', [(), ('--force',), ('--reset-hooks-path',)])
@pytest.mark.parametrize('first', ['lefthook', 'ours'])
def test_lefthook_is_called_once_in_either_order(place: Place, first: str, words: tuple[str, ...]) -> None:
    for who in (first, *({'lefthook', 'ours'} - {first})):
        _lefthook(place, *words) if who == 'lefthook' else place.ok('hook', 'install')
    for _ in range(2):
        place.ok('check', 'rules')
        assert _state(place) == []
        assert _commit(place) == 'ok'
        assert _commit(place, 'edit eval.py') == 'frozen'
        place.git('reset', '-q', '--hard')
        _lefthook(place, *words)
    folders = (place.path / '.git/hooks', place.path / '.git/exp/hooks/beside')
    assert [len(_calls(folder)) for folder in folders if _calls(folder)] == ([2] if words or first == 'lefthook' else [])
    place.ok('check', 'rules')
    assert not list((place.path / '.git/exp/hooks').glob('*.old'))


def _framework(place: Place) -> int:
    """What `pre-commit install` (4.7) does: it refuses where core.hooksPath is set, and says how to unset it."""
    if place.git('config', '--get', 'core.hooksPath', check=False).stdout.strip():
        return 1
    path = place.path / '.git/hooks/pre-commit'
    if path.exists():
        path.rename(path.with_suffix('.legacy'))
    _hook(path, 'framework')
    return 0


def test_the_framework_is_chained_and_its_advice_does_no_harm(place: Place) -> None:
    place.ok('hook', 'install')
    assert _framework(place) == 1
    place.git('config', '--unset-all', 'core.hooksPath')
    assert _framework(place) == 0
    place.ok('check', 'rules')
    assert place.talk == 'put right: the hooks are silenced: core.hooksPath is not set\n'
    assert _commit(place) == 'ok'
    assert len(_calls(place.path / '.git/hooks')) == 1
    assert _commit(place, 'edit eval.py') == 'frozen'


def test_two_hooks_in_the_place_of_ours_are_both_kept(place: Place) -> None:
    for who in ('one', 'two'):
        place.ok('hook', 'install')
        _hook(place.path / '.git/exp/hooks/pre-commit', who)
    beside = place.path / '.git/exp/hooks/beside/pre-commit'
    place.ok('hook', 'install')
    assert place.talk == f"note: a hook 'pre-commit' was put in the place of another one, which is kept as '{beside}.old'\n"
    assert _commit(place) == 'ok'
    assert _calls(beside.parent) == ['two ']
    assert 'one' in beside.with_suffix('.old').read_text()


def test_husky_after_us_is_chained_and_not_in_charge(place: Place) -> None:
    place.ok('hook', 'install')
    _hook(place.path / '.husky/_/pre-commit', 'husky')
    place.git('config', 'core.hooksPath', '.husky/_')
    assert _state(place) == ["the hooks are silenced: core.hooksPath is '.husky/_'"]

    mended = alive.repair(Lab.find(place.path))
    assert [one.rule for one in mended.done] == ['silenced']
    assert _state(place) == []
    assert _commit(place) == 'ok'
    assert _commit(place, 'edit eval.py') == 'frozen'
    assert len(_calls(place.path / '.husky/_')) == 1
    place.ok('hook', 'remove')
    assert _setting(place, 'core.hooksPath') == '.husky/_'


def test_the_path_of_a_user_is_chained_and_left_alone(place: Place, tmp_path: Path) -> None:
    mine = Path(os.environ['HOME']) / 'my hooks'
    _hook(mine / 'pre-commit', 'mine')
    place.git('config', '--global', 'core.hooksPath', '~/my hooks')
    place.ok('hook', 'install')
    assert _commit(place) == 'ok'
    assert _calls(mine) == ['mine ']
    place.ok('hook', 'remove')
    assert _setting(place, 'core.hooksPath') == ''
    assert place.git('config', '--global', 'core.hooksPath').stdout == '~/my hooks\n'


def test_a_manager_that_writes_into_our_folder_is_called_from_beside(place: Place) -> None:
    place.ok('hook', 'install')
    _hook(place.path / '.git/exp/hooks/pre-commit', 'foreign')
    assert _state(place) == ["the hook 'pre-commit' is not ours"]
    alive.repair(Lab.find(place.path))

    assert _state(place) == []
    assert _commit(place, 'edit eval.py') == 'frozen'
    place.git('reset', '-q', '--hard')
    assert _commit(place) == 'ok'
    place.ok('hook', 'remove')
    assert 'foreign' in (place.path / '.git/hooks/pre-commit').read_text(), 'git will look for it here'


@pytest.mark.parametrize('value', ['/dev/null', '', '.git/hooks', '/nowhere/at/all'])
def test_being_silenced_is_noticed_and_undone(place: Place, value: str) -> None:
    place.ok('hook', 'install')
    place.git('config', 'core.hooksPath', value)
    assert len(_state(place)) == 1
    alive.repair(Lab.find(place.path))
    assert _state(place) == []
    assert _commit(place, 'edit eval.py') == 'frozen'
    place.ok('hook', 'remove')
    assert _setting(place, 'core.hooksPath') == ''


def test_being_silenced_in_one_worktree_is_noticed_from_everywhere(place: Place) -> None:
    place.ok('hook', 'install')
    place.git('config', 'extensions.worktreeConfig', 'true')
    for name in ('b', 'c'):
        place.git('worktree', 'add', '-q', f'../{name}', '-b', f'exp/{name}')
        place.at(f'../{name}').git('config', '--worktree', 'core.hooksPath', '/dev/null')
    b, c = place.at('../b'), place.at('../c')
    assert _commit(b, 'edit eval.py', 'x') == 'ok'
    b.git('reset', '-q', '--hard', 'HEAD^')

    assert ["core.hooksPath is '/dev/null'" in one for one in _state(b)] == [True]
    assert ["silenced in '" in one for one in _state(place)] == [True, True]
    place.ok('check', 'rules')
    assert place.talk.startswith("put right: the hooks are silenced in '") and place.talk.count('\n') == 1
    assert _state(place) == _state(b) == _state(c) == []
    assert _commit(b, 'edit eval.py', 'exp(b): x') == 'frozen'
    place.ok('check', 'rules')
    assert 'put right' not in place.talk, 'it is said once'


def test_what_only_the_environment_says_is_told_and_not_written_down(place: Place) -> None:
    place.ok('hook', 'install')
    before = (place.path / '.git/config').read_bytes()
    environment = {'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'core.hooksPath', 'GIT_CONFIG_VALUE_0': '/dev/null'}
    says = (
        "git exp: your environment silences the hooks: it sets core.hooksPath to '/dev/null'\n"
        'hint: unset GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS, and no git -c core.hooksPath\n'
    )
    place.ok('check', 'rules', **environment)
    assert place.talk == says
    place.env = {'GIT_CONFIG_PARAMETERS': "'core.hooksPath'='/dev/null'"}
    place.ok('check', 'rules')
    assert place.talk == says
    assert (place.path / '.git/config').read_bytes() == before
    place.git('config', 'core.hooksPath', '/nowhere')
    place.ok('check', 'rules')
    assert place.talk == f"put right: the hooks are silenced: core.hooksPath is '/nowhere'\n{says}"
    place.env = {}
    _hook(place.path.parent / 'theirs/pre-commit', 'theirs')
    place.git('-c', f'core.hooksPath={place.path.parent}/theirs', 'exp', 'hook', 'install')
    assert _setting(place, 'gitexp.chained') == ''


def test_what_an_included_file_says_is_told_with_the_way_out(place: Place, tmp_path: Path) -> None:
    place.ok('hook', 'install')
    place.git('config', '--file', str(tmp_path / 'more'), 'core.hooksPath', '/dev/null')
    place.git('config', 'include.path', str(tmp_path / 'more'))
    place.ok('check', 'rules')
    assert f"core.hooksPath is '/dev/null' in '{tmp_path}/more', which the configuration includes" in place.talk
    place.git(*place.talk.strip().rpartition('hint: git ')[2].replace("'", '').split())
    place.ok('check', 'rules')
    assert place.talk == ''


@pytest.mark.parametrize(('key', 'scope'), [
    ('includeIf.onbranch:exp/b.path', '--local'), ('includeIf.gitdir:**/worktrees/b.path', '--local'), ('include.path', '--worktree'),
])
def test_what_is_included_for_one_worktree_is_told_from_everywhere(place: Place, tmp_path: Path, key: str, scope: str) -> None:
    place.ok('hook', 'install')
    place.git('worktree', 'add', '-q', '../b', '-b', 'exp/b')
    place.git('config', 'extensions.worktreeConfig', 'true')
    place.git('config', '--file', str(tmp_path / 'more'), 'core.hooksPath', '/dev/null')
    place.at('../b').git('config', scope, key, str(tmp_path / 'more'))
    place.ok('check', 'rules')
    assert f"silenced in '{place.path.parent}/b': core.hooksPath is '/dev/null' in '{tmp_path}/more', which the conf" in place.talk
    place.git(*place.talk.strip().rpartition('hint: git ')[2].replace("'", '').split())
    place.ok('check', 'rules')
    assert place.talk == ''


def _unlink(folder: Path) -> None:
    (folder / 'pre-push').unlink()


def _stop(folder: Path) -> None:
    (folder / 'commit-msg').chmod(0o644)


def _edit(folder: Path) -> None:
    path = folder / 'pre-commit'
    path.write_text(path.read_text() + 'exit 0\n')


def _lose(folder: Path) -> None:
    (folder / 'gitexp.sh').unlink()


def _point_nowhere(folder: Path) -> None:
    path = folder / 'gitexp.sh'
    path.write_text(path.read_text().replace("package='", "package='/gone"))


@pytest.mark.parametrize(('harm', 'says'), [
    (_unlink, "the hook 'pre-push' is missing"),
    (_stop, "the hook 'commit-msg' is not executable"),
    (_edit, "the hook 'pre-commit' is of another version"),
    (_lose, 'the hooks are of another version'),
    (_point_nowhere, 'the hooks run a gitexp that is gone'),
])
def test_harm_is_named_and_mended(place: Place, harm: Callable[[Path], None], says: str) -> None:
    place.ok('hook', 'install')
    harm(place.path / '.git/exp/hooks')
    found, = _state(place)
    assert found.startswith(says)
    assert [one.message for one in alive.repair(Lab.find(place.path)).done] == [found]
    assert _state(place) == []


def test_what_is_not_installed_is_told_and_not_installed_by_itself(place: Place) -> None:
    lab = Lab.find(place.path)
    assert _state(place) == ['the hooks are not installed']
    assert alive.repair(lab).done == []
    assert _setting(place, 'core.hooksPath') == ''


def test_without_their_program_they_refuse_and_say_how_to_go_on(place: Place) -> None:
    place.ok('hook', 'install')
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    apply(place, 'edit eval.py')
    for lost, name in (("python='", 'python'), ("package='", 'package')):
        text = shared.read_text()
        shared.write_text(text.replace(lost, f'{lost}/gone'))
        done = place.git('commit', '-m', 'exp(a): x', check=False)
        assert done.returncode == 1, name
        assert 'the gitexp that these hooks were made by is gone' in done.stderr
        assert 'git exp hook install' in done.stderr
        shared.write_text(text)


def test_without_what_they_share_they_refuse(place: Place) -> None:
    place.ok('hook', 'install')
    (place.path / '.git/exp/hooks/gitexp.sh').unlink()
    apply(place, 'edit model.py')
    assert place.git('commit', '-m', 'exp(a): x', check=False).returncode != 0


def test_a_copied_or_moved_repository_finds_its_own_hooks_again(place: Place, tmp_path: Path) -> None:
    place.ok('hook', 'install')
    shutil.copytree(place.path, tmp_path / 'copy', symlinks=True)
    copy = place.at(tmp_path / 'copy')
    assert _state(copy) != []
    alive.repair(Lab.find(copy.path))
    assert _state(copy) == []
    assert _setting(copy, 'core.hooksPath') == f'{copy.path}/.git/exp/hooks'
    assert _setting(copy, 'gitexp.chained') == ''
    copy.ok('hook', 'remove')
    assert _setting(copy, 'core.hooksPath') == ''


def test_a_moved_repository_mends_itself_and_leaves_alone_what_is_at_the_old_place(place: Place, tmp_path: Path) -> None:
    place.ok('hook', 'install')
    shutil.move(place.path, tmp_path / 'new')
    new = place.at(tmp_path / 'new')
    new.ok('check', 'rules')
    assert new.talk.startswith(f"put right: the hooks are silenced: core.hooksPath is '{place.path}/.git/exp/hooks'")
    assert not place.path.exists()
    assert _commit(new, 'edit eval.py') == 'frozen'

    shutil.copytree(tmp_path / 'new', tmp_path / 'copy', symlinks=True)
    before = {path: path.read_bytes() for path in sorted((tmp_path / 'new').rglob('*')) if path.is_file()}
    place.at(tmp_path / 'copy').ok('check', 'rules')
    assert _state(place.at(tmp_path / 'copy')) == []
    assert {path: path.read_bytes() for path in before} == before


def test_stubs_of_an_older_gitexp_get_what_is_new(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(stubs, 'OURS', ('pre-commit', 'commit-msg'))
        hooks.install(place.path)
    assert _state(place) == [f"the hook '{name}' is missing" for name in stubs.OURS if name not in ('pre-commit', 'commit-msg')]
    place.ok('check', 'rules')
    assert place.talk.startswith("put right: the hook '") and place.talk.count('\n') == 1
    assert _state(place) == []


def test_what_cannot_be_mended_is_said_and_breaks_nothing(place: Place) -> None:
    place.ok('hook', 'install')
    place.git('config', 'core.hooksPath', '/dev/null')
    (place.path / '.git/exp/hooks/pre-push').unlink()
    (place.path / '.git/exp/hooks/pre-push').mkdir()
    assert json.loads(place.ok('check', 'rules', '--json')) == []
    assert place.talk.startswith("git exp: the hooks are silenced: core.hooksPath is '/dev/null', and 1 more; cannot write hooks to '")
    assert place.talk.endswith('is a directory\nhint: git exp hook install\n')


def test_many_commands_mend_at_the_same_time(place: Place) -> None:
    place.ok('hook', 'install')
    place.git('config', 'core.hooksPath', '/dev/null')
    (place.path / '.git/exp/hooks/pre-commit').chmod(0o644)
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
    running = [subprocess.Popen([PROGRAM, 'check', 'rules'], cwd=place.path, **pipes) for _ in range(6)]
    said = [one.communicate()[1].decode() for one in running]
    assert [one.returncode for one in running] == [0] * 6, said
    assert set(said) <= {'', "put right: the hooks are silenced: core.hooksPath is '/dev/null', and 1 more\n"}
    assert sum(map(bool, said)) == 1, 'only who mended it says so'
    assert _state(place) == []


def test_a_git_that_writes_the_configuration_is_waited_for(place: Place) -> None:
    place.ok('hook', 'install')
    place.git('config', 'core.hooksPath', '/dev/null')
    lock = place.write('.git/config.lock', '')
    running = subprocess.Popen([PROGRAM, 'check', 'rules'], cwd=place.path, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(0.7)
    lock.unlink()
    assert b'put right' in running.communicate()[1]


def test_a_reference_that_may_not_move_leaves_a_way_out(place: Place) -> None:
    """Where the program is gone, every hook refuses, and what it says to do can be done."""
    place.ok('hook', 'install')
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    shared.write_text(shared.read_text().replace("package='", "package='/gone"))
    shutil.rmtree(place.path / '.git/exp/cache')
    for words in (['branch', 'other'], ['commit', '--allow-empty', '-m', 'exp(a): x'], ['update-ref', 'refs/heads/x', 'HEAD'],
                  ['push', 'origin', 'HEAD:refs/heads/x'], ['merge', '--no-ff', '--no-edit', '-m', 'exp(a): y', 'HEAD^{tree}']):
        done = place.git(*words, check=False)
        assert done.returncode, words
        assert 'git exp hook install' in done.stderr or 'merge' in words, done.stderr
    way, = {line.partition('to go without: ')[2].rstrip(')') for line in place.git('branch', 'other', check=False).stderr.splitlines()
            if 'to go without' in line}
    place.git(*way.removeprefix('git ').split())
    place.git('branch', 'other')
    assert place.ok('hook', 'install')
    assert _state(place) == []


def test_a_repository_that_cannot_be_written_to(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, 'Permission denied')
    monkeypatch.setattr('gitexp.core.files.replace', denied)
    with pytest.raises(Refused, match='cannot write hooks to .*permission denied'):
        hooks.install(place.path)


def test_where_there_is_nothing_to_install_into(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.exp('hook', 'install') == 3
    assert 'not in a git repository' in place.talk
    place.git('init', '-q', '--bare')
    assert place.exp('hook', 'install') == 3


def test_a_hook_can_be_run_by_other_managers(place: Place) -> None:
    apply(place, 'edit eval.py')
    assert place.at('lib').exp('hook', 'run', 'pre-commit') == 1
    assert told(place.at('lib').talk or '') == 'ok'
    place.exp('hook', 'run', 'pre-commit')
    assert told(place.talk) == 'frozen'
    place.write('message', 'fix stuff\n')
    assert place.exp('hook', 'run', 'commit-msg', 'message') == 1
    place.git('commit', '-q', '-m', 'exp(a): x')
    environment = {
        'PRE_COMMIT_REMOTE_BRANCH': 'refs/heads/exp/a', 'PRE_COMMIT_TO_REF': place.git('rev-parse', 'HEAD').stdout.strip(),
        'PRE_COMMIT_FROM_REF': '0' * 40,
    }
    assert place.exp('hook', 'run', 'pre-push', 'origin', **environment) == 1
    all_new = {'PRE_COMMIT_REMOTE_BRANCH': 'refs/heads/exp/a', 'PRE_COMMIT_LOCAL_BRANCH': 'refs/heads/exp/a'}
    assert place.exp('hook', 'run', 'pre-push', 'origin', **all_new) == 1
    assert told(place.talk) == 'frozen'
    assert place.exp('hook', 'run', 'post-commit') == 1
    assert "no hook 'post-commit'" in place.talk


def test_the_hooks_of_the_framework_run_these(place: Place) -> None:
    import yaml
    text = (Path(__file__).parents[2] / '.pre-commit-hooks.yaml').read_text()
    entries = {one['id']: one for one in yaml.safe_load(text)}
    assert {one['entry'].split()[-1]: one['stages'] for one in entries.values()} == {
        name: [name] for name in ('pre-commit', 'pre-merge-commit', 'commit-msg', 'pre-push')
    }
    assert entries['gitexp']['always_run'] and not entries['gitexp']['pass_filenames']


def test_judging_imports_nothing_that_is_slow(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit eval.py')
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    shared.write_text(shared.read_text().replace(' -I -S -X', ' -I -S -X importtime -X'))
    done = place.git('commit', '-m', 'exp(a): x', check=False)
    loaded = {line.rpartition('|')[2].strip() for line in done.stderr.splitlines() if line.startswith('import time:')}
    assert 'gitexp.rules.judge' in loaded
    assert loaded.isdisjoint({'argparse', 'yaml', 'jsonschema', 'subprocess', 'site', 'gitexp.rules.span', 'gitexp.lab.parse'})


def test_an_ordinary_commit_starts_no_python(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert _commit(place, 'edit model.py') == 'ok'
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    shared.write_text(shared.read_text().replace("python='", "python='/gone"))
    for steps in ('edit other.py', 'add new.py; delete lib/a.py', 'add experiments/a/note.md'):
        assert _commit(place, steps) == 'ok'
    for steps in ('edit eval.py', 'add näch.py'):
        apply(place, steps)
        assert place.git('commit', '-m', 'exp(a): x', check=False).returncode == 1
        place.git('reset', '-q', '--hard')


def test_the_index_is_left_out_by_a_name_that_nothing_can_have(tmp_path: Path) -> None:
    """A folder by that name would be an error of git at each commit."""
    place, trace = make(tmp_path), tmp_path / 'trace'
    apply(place, 'edit model.py')
    place.git('commit', '-m', 'exp(a): x', GIT_TRACE2_EVENT=str(trace))
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    looking = {event['sid'] for event in events if event['event'] == 'start' and 'diff-tree' in event['argv']}

    assert {event['msg'] for event in events if event.get('label') == 'do_read_index' and event['sid'] in looking} == {''}
