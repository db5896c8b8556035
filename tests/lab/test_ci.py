"""The jobs of forges: the files load, and their commands judge real pull requests in a real clone."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from place import Place

SOURCE = 'git+https://example.org/tools/gitexp@0123abc'
RULES = """\
metric: {name: score, direction: min}
eval: python3 eval.py
rules:
  frozen: [gitexp.yaml, eval.py, .github/, .gitlab/, .gitea/, .gitlab-ci.yml]
  global: [status.py]
"""
PLACES = {'github': '.github/workflows/gitexp.yml', 'gitlab': '.gitlab/gitexp.yml', 'gitea': '.gitea/workflows/gitexp.yml'}


@pytest.fixture(params=list(PLACES))
def forge(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(repository: Place, forge: str) -> Place:
    """A lab with the job of a forge, and a remote named hub that has its trunk."""
    repository.write('gitexp.yaml', RULES)
    repository.write('eval.py', 'print(1)\n')
    repository.commit('a lab')
    said = repository.ok('init', '--ci', forge, '--from', SOURCE, '--yes')
    assert f'new     {PLACES[forge]}' in said
    assert 'under frozen' not in repository.talk
    repository.git('commit', '-q', '-m', 'the job', META_MODE='1')
    repository.git('clone', '-q', '--bare', '.', '../hub.git')
    repository.git('remote', 'add', 'hub', '../hub.git')
    return repository


def _job(place: Place, forge: str) -> tuple[str, dict[str, str]]:
    """The script of the job, and what it puts into the environment."""
    said: Any = yaml.safe_load((place.path / PLACES[forge]).read_text())
    if forge == 'gitlab':
        assert yaml.safe_load((place.path / '.gitlab-ci.yml').read_text()) == {'include': {'local': PLACES[forge]}}
        return '\n'.join(said['gitexp']['script']), said['gitexp']['variables']
    assert said[True] == {'pull_request_target': None}, 'the workflow of the base, not of the pull request'
    checkout, _, step = said['jobs']['rules']['steps']
    assert checkout['with'] == {'ref': 'refs/heads/main', 'fetch-depth': 0}, 'nothing of the pull request is checked out'
    return step['run'], step['env']


def _run(place: Place, forge: str, branch: str = 'exp/a') -> subprocess.CompletedProcess[str]:
    """Ask for the merge of what is committed here, and run the job as the forge would."""
    tip = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('push', '-q', '--force', '--no-verify', 'hub', f'{tip}:refs/pull/7/head', f'{tip}:refs/heads/asked')
    runner = place.at('../runner')
    subprocess.run(['rm', '-rf', str(runner.path)], check=True)
    place.git('clone', '-q', '../hub.git', '../runner')
    if forge == 'gitlab':
        runner.git('switch', '-q', '--detach', 'origin/asked')
        runner.git('branch', '-q', '-D', 'main')
    script, env = _job(place, forge)
    assert env['GITEXP'] == SOURCE
    told = {'HEAD': tip, 'BRANCH': branch, 'NUMBER': '7', 'CI_COMMIT_SHA': tip, 'CI_MERGE_REQUEST_SOURCE_BRANCH_NAME': branch}
    fake = place.at('../bin').write('python', '#!/bin/sh\necho "python $*"\n')
    fake.chmod(0o755)
    return subprocess.run(
        ['sh', '-e', '-c', script], cwd=runner.path, capture_output=True, text=True,
        env={**os.environ, 'GITEXP': SOURCE, **told, 'META_MODE': '1', 'PATH': f'{fake.parent}{os.pathsep}{os.environ["PATH"]}'},
    )


def _change(place: Place, message: str = 'exp(a): a change', **written: str) -> None:
    for name, text in written.items():
        place.write(f'{name}.py', text)
    place.git('add', '-A')
    place.git('-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-m', message)


def test_a_good_pull_request_passes(place: Place, forge: str) -> None:
    place.git('switch', '-q', '-c', 'exp/a')
    _change(place, model='m = 2\n')
    done = _run(place, forge)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'python -m pip install --quiet {SOURCE}\n')
    assert "1 commit of 'exp/a' up to" in done.stdout
    assert 'hooks' not in done.stderr


def test_a_bad_one_fails_even_if_it_was_put_right(place: Place, forge: str) -> None:
    place.git('switch', '-q', '-c', 'exp/a')
    _change(place, eval='print(0)\n')
    _change(place, eval='print(1)\n')
    done = _run(place, forge)
    assert done.returncode == 1
    assert 'eval.py: changed\n    rule: frozen (gitexp.yaml:4)' in done.stdout


@pytest.mark.parametrize('branch', ['main', 'HEAD', '$(touch /tmp/x)', 'side'])
def test_what_a_branch_is_called_opens_nothing(place: Place, forge: str, branch: str) -> None:
    place.git('switch', '-q', '-c', 'elsewhere')
    place.write('gitexp.yaml', RULES.replace('eval.py,', ''))
    _change(place, 'open it\n\nMeta-Mode: 1', eval='print(0)\n', status='all is well\n')
    done = _run(place, forge, branch)
    assert done.returncode == 1
    assert 'rule: global' in done.stdout
    assert 'eval.py: changed; gitexp.yaml on the trunk has no signers who could have signed it' in done.stdout


def test_what_cannot_be_fetched_does_not_pass(place: Place, forge: str) -> None:
    place.git('switch', '-q', '-c', 'exp/a')
    _change(place, model='m = 2\n')
    script, _ = _job(place, forge)
    assert _run(place, forge).returncode == 0
    runner = place.at('../runner')
    runner.git('remote', 'set-url', 'origin', '../nowhere.git')
    env = {**os.environ, 'HEAD': 'x', 'CI_COMMIT_SHA': 'x'}
    assert subprocess.run(['sh', '-e', '-c', script.split('\n', 1)[1]], cwd=runner.path, env=env).returncode != 0


def test_nothing_that_is_there_is_overwritten(repository: Place) -> None:
    repository.write('gitexp.yaml', RULES.replace('.github/, ', ''))
    repository.write('.gitlab-ci.yml', 'mine: {script: [x]}\n')
    repository.write('.github/workflows/gitexp.yml', 'mine\n')
    repository.commit('a lab')
    repository.ok('init', '--ci', 'gitlab', '--from', SOURCE, '--yes')
    assert (repository.path / '.gitlab-ci.yml').read_text() == 'mine: {script: [x]}\n'
    assert "put this line into it: include: {local: .gitlab/gitexp.yml}" in repository.talk
    repository.ok('init', '--ci', 'github', '--from', SOURCE, '--yes')
    assert (repository.path / '.github/workflows/gitexp.yml').read_text() == 'mine\n'
    assert 'is left as it is' in repository.talk
    assert 'name .github/workflows/gitexp.yml under frozen in gitexp.yaml' in repository.talk


def test_a_job_does_not_guess_where_gitexp_comes_from(repository: Place) -> None:
    assert repository.exp('init', '--ci', 'github', '--yes', '--metric', 'x', '--direction', 'min', '--eval', 'true') == 2
    assert '--from git+https://HOST/PATH@COMMIT' in repository.talk
    assert not (repository.path / '.github').exists()
    assert repository.exp('init', '--from', SOURCE) == 2


def test_a_new_lab_may_have_it_from_the_start(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ok('init', '--lab', 'bytelm', '--ci', 'gitea', '--from', SOURCE, 'new')
    assert yaml.safe_load((tmp_path / 'new' / PLACES['gitea']).read_text())['jobs']
