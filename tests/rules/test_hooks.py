"""Hooks that stay alive, beside those of others."""
from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from place import Place
from rulebook import apply, make, told

from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.rules import hooks


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
    return [one.message for one in hooks.state(Lab.find(place.path))]


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
    assert 'the hooks are not installed' in place.talk


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
    hooks.repair(Lab.find(place.path))
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


def test_husky_after_us_is_chained_and_not_in_charge(place: Place) -> None:
    place.ok('hook', 'install')
    _hook(place.path / '.husky/_/pre-commit', 'husky')
    place.git('config', 'core.hooksPath', '.husky/_')
    assert _state(place) == ["the hooks are silenced: core.hooksPath is '.husky/_'"]

    mended = hooks.repair(Lab.find(place.path))
    assert [one.rule for one in mended] == ['silenced']
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
    hooks.repair(Lab.find(place.path))

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
    hooks.repair(Lab.find(place.path))
    assert _state(place) == []
    assert _commit(place, 'edit eval.py') == 'frozen'
    place.ok('hook', 'remove')
    assert _setting(place, 'core.hooksPath') == ''


def test_being_silenced_in_one_worktree_is_undone(place: Place) -> None:
    place.ok('hook', 'install')
    place.git('config', 'extensions.worktreeConfig', 'true')
    place.git('worktree', 'add', '-q', '../linked', '-b', 'exp/b')
    linked = place.at('../linked')
    linked.git('config', '--worktree', 'core.hooksPath', '/dev/null')
    assert _commit(linked, 'edit eval.py', 'x') == 'ok'
    linked.git('reset', '-q', '--hard', 'HEAD^')

    assert len(_state(linked)) == 1
    assert _state(place) == []
    hooks.repair(Lab.find(linked.path))
    assert _state(linked) == []
    assert _commit(linked, 'edit eval.py', 'exp(b): x') == 'frozen'


def test_what_only_a_command_line_says_is_told_and_not_written_down(place: Place) -> None:
    place.ok('hook', 'install')
    silenced = Lab.find(place.path)
    silenced = Lab(**{**vars(silenced), 'settings': {**silenced.settings, 'core.hookspath': '/dev/null'}})
    assert [one.rule for one in hooks.state(silenced)] == ['silenced']
    hooks.repair(silenced)
    assert _state(place) == []
    _hook(place.path.parent / 'theirs/pre-commit', 'theirs')
    place.git('-c', f'core.hooksPath={place.path.parent}/theirs', 'exp', 'hook', 'install')
    assert _setting(place, 'gitexp.chained') == ''


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
    assert [one.message for one in hooks.repair(Lab.find(place.path))] == [found]
    assert _state(place) == []


def test_what_is_not_installed_is_told_and_not_installed_by_itself(place: Place) -> None:
    lab = Lab.find(place.path)
    assert _state(place) == ['the hooks are not installed']
    assert hooks.repair(lab) == []
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
    hooks.repair(Lab.find(copy.path))
    assert _state(copy) == []
    assert _setting(copy, 'core.hooksPath') == f'{copy.path}/.git/exp/hooks'
    assert _setting(copy, 'gitexp.chained') == ''
    copy.ok('hook', 'remove')
    assert _setting(copy, 'core.hooksPath') == ''


def test_a_repository_that_cannot_be_written_to(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, 'Permission denied')
    monkeypatch.setattr('gitexp.core.files.replace', denied)
    with pytest.raises(Refused, match='cannot write hooks to .*Permission denied'):
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
    assert place.exp('hook', 'run', 'post-commit') == 1
    assert "no hook 'post-commit'" in place.talk


def test_the_hooks_of_the_framework_run_these(place: Place) -> None:
    import yaml
    text = (Path(__file__).parents[2] / '.pre-commit-hooks.yaml').read_text()
    entries = {one['id']: one for one in yaml.safe_load(text)}
    assert {one['entry'].split()[-1]: one['stages'] for one in entries.values()} == {
        name: [name] for name in ('pre-commit', 'commit-msg', 'pre-push')
    }
    assert entries['gitexp']['always_run'] and not entries['gitexp']['pass_filenames']


def test_judging_imports_nothing_that_is_slow(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit eval.py')
    shared = place.path / '.git/exp/hooks/gitexp.sh'
    shared.write_text(shared.read_text().replace(' -I -S -c', ' -I -S -X importtime -c'))
    done = place.git('commit', '-m', 'exp(a): x', check=False)
    loaded = {line.rpartition('|')[2].strip() for line in done.stderr.splitlines() if line.startswith('import time:')}
    assert 'gitexp.rules.judge' in loaded
    assert loaded.isdisjoint({'click', 'yaml', 'jsonschema', 'subprocess', 'site', 'gitexp.rules.span', 'gitexp.lab.parse'})


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
