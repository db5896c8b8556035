"""A guarded repository that has a linked worktree: whatever address a push is sent to, it is judged."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from place import Place
from test_server import at_server, bare, change, make, push

BY_WORKTREE = ('../deploy', '../the šerver.git/worktrees/deploy')


def deployed(tmp_path: Path, *, install: bool = True) -> Place:
    place = make(tmp_path, install=install)
    bare(place).git('worktree', 'add', '-q', '--detach', '../deploy', 'main')
    return place


def troubles(server: Place) -> list[tuple[str, str, str]]:
    """What doctor says there is not well, but that nothing can be measured."""
    server.exp('doctor', '--json')
    checks = json.loads(server.said)['checks']
    return [(one['name'], one['says'], one['way']) for one in checks if one['state'] != 'ok' and one['name'] != 'repository']


@pytest.mark.parametrize('address', BY_WORKTREE)
def test_a_push_by_way_of_a_worktree_is_judged_as_any_other(tmp_path: Path, address: str) -> None:
    place = deployed(tmp_path)
    place.git('remote', 'set-url', 'origin', address)
    good = change(place, model_DOT_py='m = 2\n')
    assert push(place, 'main:exp/a', 'main') == push(place, f'{good}^:exp/a', '-f') == ''
    assert at_server(place, 'main') == good != at_server(place, 'exp/a')

    change(place, eval_DOT_py='print(0)\n')
    assert 'frozen' in push(place, 'main') and 'frozen' in push(place, 'main:side')
    assert at_server(place, 'main') == good


@pytest.mark.parametrize('address', BY_WORKTREE)
def test_so_it_is_where_the_server_was_moved(tmp_path: Path, address: str) -> None:
    place = deployed(tmp_path)
    bare(place).path.rename(tmp_path / 'else [where].git')
    place.at('../else [where].git').git('worktree', 'repair', '../deploy')
    place.git('remote', 'set-url', 'origin', address.replace('the šerver', 'else [where]'))
    change(place, eval_DOT_py='print(0)\n')
    assert 'frozen' in push(place, 'main')


def test_hooks_that_were_there_are_called_for_it(tmp_path: Path) -> None:
    place = deployed(tmp_path, install=False)
    for name in ('pre-receive', 'update', 'post-receive', 'post-update'):
        bare(place).write(f'hooks/{name}', f'#!/bin/sh\necho {name}\n').chmod(0o755)
    bare(place).ok('hook', 'install', '--server')
    place.git('remote', 'set-url', 'origin', '../deploy')
    change(place, model_DOT_py='m = 2\n')
    said = place.git('push', 'origin', 'main').stderr
    assert [line.split()[1] for line in said.splitlines() if line.startswith('remote:')] == [
        'pre-receive', 'update', 'post-receive', 'post-update',
    ]


def test_who_pushes_does_not_say_where_the_hook_finds_what_it_needs(tmp_path: Path) -> None:
    place = make(tmp_path)
    (tmp_path / 'exp/server/.git').mkdir(parents=True)
    change(place, model_DOT_py='m = 2\n')
    assert push(place, 'main', 'main:exp/a', CDPATH=str(tmp_path)) == ''


def test_where_git_would_run_other_hooks_doctor_says_so_and_installing_mends_it(tmp_path: Path) -> None:
    place = deployed(tmp_path)
    server = bare(place)
    assert troubles(server) == []
    assert 'worktree add' not in server.ok('doctor')

    (server.path / 'exp/server/linked').unlink()
    linked, way = f'{server.path.resolve()}/worktrees/deploy', 'git exp hook install --server'
    says = f"a push to '{linked}' is not judged, since git looks for hooks in '{linked}/exp/server/.git'"
    assert troubles(server) == [('hooks', f'exp/server/.git: {says}', way)]
    server.git('config', 'core.hooksPath', '/nowhere')
    assert [says.partition(',')[0] for _, says, _ in troubles(server)] == [
        f"exp/server/.git: a push to '{at}' is not judged" for at in (server.path.resolve(), linked)
    ]
    server.ok('hook', 'install', '--server')
    assert troubles(server) == []


def test_what_installing_cannot_put_right_is_said(tmp_path: Path) -> None:
    place = deployed(tmp_path)
    server = bare(place)
    server.git('config', 'extensions.worktreeConfig', 'true')
    place.at('../deploy').git('config', '--worktree', 'core.hooksPath', '/nowhere')
    server.ok('hook', 'install', '--server')
    assert "is not judged, since git looks for hooks in '/nowhere'" in server.talk


def test_taken_out_it_leaves_the_configuration_as_it_was(tmp_path: Path) -> None:
    place = deployed(tmp_path, install=False)
    before = bare(place).git('config', '--local', '--list').stdout
    bare(place).ok('hook', 'install', '--server')
    bare(place).ok('hook', 'remove')
    assert bare(place).git('config', '--local', '--list').stdout == before + 'receive.fsckobjects=true\n'


def test_nobody_is_told_to_work_on_the_server(tmp_path: Path) -> None:
    server = bare(make(tmp_path))
    assert server.exp('new', 'idea') == 3
    assert server.talk.endswith('hint: clone it, and work in the clone\n')
