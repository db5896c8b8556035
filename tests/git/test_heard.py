"""Which variables of a person's environment git hears when we ask it."""
from __future__ import annotations

from pathlib import Path

import pytest

from place import Place
from gitexp.git.command import Git

HEARD = {
    'GIT_AUTHOR_NAME': 'Eve', 'GIT_COMMITTER_DATE': '2026-01-01T00:00:00Z', 'GIT_SSH_COMMAND': 'ssh -v', 'GIT_ASKPASS': '/bin/true',
    'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'a.b', 'GIT_CONFIG_VALUE_0': 'c', 'GIT_TRACE2': '0',
    'GIT_SSL_NO_VERIFY': '1', 'GIT_PASSWORD': 'x', 'GIT_LFS_SKIP_SMUDGE': '1',
}
HOOKS = {'GIT_INDEX_FILE': '/x', 'GIT_QUARANTINE_PATH': '/x'}
DEAF = {
    'GIT_CONFIG': '/dev/null', 'GIT_SHALLOW_FILE': '/x', 'GIT_ATTR_SOURCE': 'main', 'GIT_EXTERNAL_DIFF': '/x', 'GIT_LITERAL_PATHSPECS': '1',
    'GIT_PRINT_SHA1_ELLIPSIS': 'yes', 'GIT_REF_PARANOIA': '0', 'GIT_INDEX_VERSION': '4', 'GIT_OF_TOMORROW': '1',
}


@pytest.mark.parametrize(('inherit', 'wanted'), [(False, HEARD), (True, {**HEARD, **HOOKS})])
def test_git_hears_what_is_on_a_list(inherit: bool, wanted: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**HEARD, **HOOKS, **DEAF}.items():
        monkeypatch.setenv(name, value)
    said = Git(tmp_path, inherit=inherit).ask('-c', 'alias.say=!env -0', 'say', env={'GIT_INDEX_VERSION': '2'}).names
    heard = dict(one.split('=', 1) for one in said)

    assert {name: heard.get(name) for name in wanted} == wanted
    assert heard['GIT_INDEX_VERSION'] == '2' and not (DEAF.keys() - {'GIT_INDEX_VERSION'}) & heard.keys()
    assert HOOKS.keys() & heard.keys() == HOOKS.keys() & wanted.keys()


@pytest.mark.parametrize('more', [{'GIT_CONFIG': '/dev/null'}, {'GIT_LITERAL_PATHSPECS': '1'}, {'GIT_PRINT_SHA1_ELLIPSIS': 'yes'}])
def test_what_git_answers_stays_the_same(repository: Place, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]) -> None:
    git = Git(repository.path)
    words = [('config', '--get', 'user.name'), ('diff-tree', '--root', '--raw', '--abbrev', 'HEAD', '--', ':(glob)**/*.md')]
    before = [git.run(*one) for one in words]
    for name, value in more.items():
        monkeypatch.setenv(name, value)

    assert [git.run(*one) for one in words] == before
