"""The gate of a server, with real pushes: what arrives there is judged whatever the machine of who pushes has done, or not."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from place import Place
from rulebook import told

RULES = """\
metric: {name: score, direction: min}
eval: python3 eval.py
rules:
  frozen: [gitexp.yaml, eval.py]
  global: [STATUS.md]
  append-bottom: [results.tsv]
  append-top: [notes_journal.md]
"""
FILES = {
    'eval.py': 'print(1)\n', 'STATUS.md': 'fine\n', 'results.tsv': 'id\tscore\n1\t3.0\n', 'model.py': 'm = 1\n',
    'notes_journal.md': '# Notes\n\n## 2026-01-01 first\na\n',
}
OPEN = 'open it\n\nMeta-Mode: 2026-02-01 new bounds'

signing = pytest.mark.skipif(shutil.which('ssh-keygen') is None, reason='there is no ssh-keygen')


def make(tmp_path: Path, more: str = '', *, form: str = 'sha1', install: bool = True, words: tuple[str, ...] = ()) -> Place:
    """A clone without any hook, and the bare repository that it pushes to."""
    place = Place(tmp_path / 'work')
    place.path.mkdir(parents=True)
    place.git('init', '-q', f'--object-format={form}')
    for name, text in {'gitexp.yaml': RULES + more, **FILES}.items():
        place.write(name, text)
    place.commit('a lab')
    place.git('clone', '-q', '--bare', '.', '../the šerver.git')
    place.git('remote', 'add', 'origin', '../the šerver.git')
    if install:
        bare(place).ok('hook', 'install', '--server', *words)
    return place


@pytest.fixture(scope='session')
def latin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who works in Latin 1."""
    folder = tmp_path_factory.mktemp('locales')
    if shutil.which('localedef') is None or subprocess.run(['localedef', '-i', 'de_DE', '-f', 'ISO-8859-1', f'{folder}/de_DE']).returncode:
        pytest.skip('no other locale can be made')
    return {'LOCPATH': str(folder), 'LC_ALL': 'de_DE'}


def bare(place: Place) -> Place:
    return place.at('../the šerver.git')


def change(place: Place, message: str = 'a change', *words: str, **written: str) -> str:
    """Commit changed files, without any hook; returns the commit."""
    for name, text in written.items():
        place.write(name.replace('_DOT_', '.'), text)
    place.git('add', '-A')
    place.without_hooks('commit', '-q', '--allow-empty', *words, '-m', message)
    return place.git('rev-parse', 'HEAD').stdout.strip()


def push(place: Place, *words: str, **environment: str) -> str:
    """Push; returns what the remote says, '' when it takes it."""
    full = [word if ':' not in word or ':refs/' in word else word.replace(':', ':refs/heads/') for word in words]
    done = place.git('push', '--no-verify', 'origin', *full, check=False, **environment)
    assert (done.returncode == 0) == ('remote:' not in done.stderr), done.stderr
    return '\n'.join(line.removeprefix('remote: ').rstrip() for line in done.stderr.splitlines() if line.startswith('remote: '))


def at_server(place: Place, ref: str) -> str:
    return bare(place).git('rev-parse', '--verify', '--quiet', ref, check=False).stdout.strip()


def test_what_keeps_the_rules_is_taken(tmp_path: Path) -> None:
    place = make(tmp_path)
    tip = change(place, model_DOT_py='m = 2\n', results_DOT_tsv='id\tscore\n1\t3.0\n2\t2.0\n')
    place.git('tag', '-a', '-m', 'one', 'v1')
    assert push(place, 'main', 'main:exp/a', 'v1') == ''
    assert at_server(place, 'refs/heads/main') == tip
    assert push(place, ':exp/a', ':refs/tags/v1') == '', 'all but the trunk may go'
    place.git('notes', 'add', '-m', 'a result')
    assert push(place, 'refs/notes/commits') == ''
    assert push(place, f'{place.git("rev-parse", "HEAD:eval.py").stdout.strip()}:refs/tags/blob') == '', 'no commit, no rule'
    said = push(place, f'{place.git("rev-parse", "HEAD:eval.py").stdout.strip()}:refs/notes/exp')
    assert "'refs/notes/exp' would hold what is no commit" in said, 'nobody could add to it any more'


def test_notes_that_everybody_shares_are_only_added_to(tmp_path: Path) -> None:
    place = make(tmp_path)
    for text in ('one', 'two'):
        place.git('notes', '--ref', 'exp', 'append', '-m', text)
        assert push(place, 'refs/notes/exp') == ''
    assert 'refs/notes/exp: deleted: all rows are noted there' in push(place, ':refs/notes/exp')
    first = place.git('rev-parse', 'refs/notes/exp~').stdout.strip()
    assert 'refs/notes/exp: rewritten: rows of others would be lost' in push(place, f'+{first}:refs/notes/exp')
    place.git('notes', 'add', '-m', 'own')
    assert push(place, 'refs/notes/commits') == '' and push(place, ':refs/notes/commits') == ''


def test_a_commit_that_met_no_hook_is_refused_and_explained(tmp_path: Path) -> None:
    place = make(tmp_path)
    evil = change(place, eval_DOT_py='print(0)\n')
    change(place, eval_DOT_py=FILES['eval.py'])
    for target in ('main', 'exp/a', 'refs/tags/v1', 'refs/anything/else', 'refs/remotes/origin/x'):
        assert push(place, f'HEAD:{target}').splitlines() == [
            'gitexp: refused',
            f'{evil[:10]} eval.py: changed',
            '    rule: frozen (gitexp.yaml:4)',
            f'    do:   take it out of that commit: git rebase -i {evil[:10]}^; or ask a person for meta mode',
        ]
    assert bare(place).git('for-each-ref', '--format=%(refname)').stdout.split() == ['refs/heads/main']


def test_one_refusal_keeps_the_whole_push_out(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.git('switch', '-q', '-c', 'exp/good')
    change(place, model_DOT_py='m = 2\n')
    place.git('switch', '-q', '-c', 'exp/bad')
    change(place, STATUS_DOT_md='bad\n')
    assert told(push(place, 'exp/good', 'exp/bad')) == 'global'
    assert at_server(place, 'refs/heads/exp/good') == ''


def test_a_commit_parked_before_the_gate_was_there_gains_nothing(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    change(place, eval_DOT_py='print(0)\n')
    assert push(place, 'HEAD:refs/parked/here', 'HEAD:exp/parked', 'HEAD:refs/tags/parked') == ''
    bare(place).ok('hook', 'install', '--server')
    assert told(push(place, 'main')) == 'frozen'
    assert told(push(place, 'HEAD:exp/again')) == 'frozen'
    assert push(place, ':exp/parked') == ''


def test_the_new_trunk_is_trusted_for_all_else_in_the_push(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, STATUS_DOT_md='better\n')
    change(place, STATUS_DOT_md='best\n')
    assert told(push(place, 'HEAD:refs/tags/v1')) == 'global'
    assert push(place, 'main', 'HEAD:refs/tags/v1', 'HEAD:side') == ''


def test_rules_that_a_push_relaxes_are_not_yet_relaxed_for_it(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', words=('--identity', 'PUSHER'))
    change(place, OPEN, gitexp_DOT_yaml=RULES.replace('eval.py]', ']') + 'humans: [ada@example.org]\n')
    change(place, eval_DOT_py='print(0)\n')
    assert told(push(place, 'main', 'HEAD:exp/a', PUSHER='ada@example.org')) == 'frozen'
    assert push(place, 'HEAD^:main', PUSHER='ada@example.org') == ''
    assert push(place, 'main') == '', 'the next push is judged by the new rules'


def test_the_trunk_is_neither_deleted_nor_rewritten(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, model_DOT_py='m = 2\n')
    assert push(place, 'main') == ''
    change(place, 'again', '--amend', model_DOT_py='m = 3\n')
    assert 'rewritten: what is published would be lost' in push(place, '--force', 'main')
    assert 'deleted: results and rules live on it' in push(place, ':main')
    place.git('switch', '-q', '-c', 'exp/a')
    assert push(place, 'exp/a') == ''
    change(place, 'again', '--amend', model_DOT_py='m = 4\n')
    assert push(place, '--force', 'exp/a') == '', 'a branch may be rewritten'


@pytest.mark.parametrize('target', [
    'refs/heads/MAIN', 'refs/heads/HEAD', 'refs/tags/main', 'refs/tags/Main', 'refs/tags/origin/main', 'refs/main', 'refs/origin/main',
    'refs/tags/origin', 'refs/tags/origin/HEAD', 'refs/origin/head',
    'refs/tags/exp/a', 'refs/exp/a', 'refs/tags/origin/exp/a', 'refs/origin/exp/a',
    'refs/heads/exp/a/results', 'refs/notes/exp/a', 'refs/notes',
    'refs/tags/refs/heads/main', 'refs/heads/refs/heads/main', 'refs/refs/heads/exp/a', 'refs/tags/Refs/notes/exp',
    'refs/remotes/refs/tags/v1', 'refs/tags/HEAD', 'refs/replace/0000000000000000000000000000000000000001', 'refs/heads/exp',
    'refs/heads/Exp/a', 'refs/heads/' + 40 * 'c',
])
def test_names_that_would_be_taken_for_the_trunk_are_refused(tmp_path: Path, target: str) -> None:
    assert f'{target}: a' in push(make(tmp_path), f'HEAD:{target}')


def test_a_name_that_only_ends_like_the_trunk_is_a_name_like_any_other(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert push(place, *(f'HEAD:refs/{name}' for name in (
        'tags/release/main', 'heads/release/main', 'remotes/up/main', 'tags/exp', 'remotes/origin/exp/a', 'tags/regexp/a',
        'tags/archive/exp/a', 'notes/exp', 'heads/origin', 'tags/origin/v1', 'original/refs/heads/main', 'tags/up/refs/a',
    ))) == ''


def test_a_name_that_stands_for_the_trunk_is_no_way_round(tmp_path: Path) -> None:
    place = make(tmp_path)
    bare(place).git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main')
    change(place, STATUS_DOT_md='x\n')
    assert "it stands for 'refs/heads/main' here" in push(place, 'HEAD:alias')


def test_the_first_push_makes_the_lab_if_its_rules_can_be_read(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    place.git('init', '-q', '--bare', '../new.git')
    place.git('remote', 'set-url', 'origin', '../new.git')
    new = place.at('../new.git')
    new.ok('hook', 'install', '--server')
    assert "note: there is no 'main' yet" in new.talk
    good = place.git('rev-parse', 'HEAD').stdout.strip()
    assert push(place, 'HEAD:exp/early') == '', 'there are no rules yet'

    change(place, gitexp_DOT_yaml='metric: [\n')
    assert 'gitexp.yaml:' in push(place, 'main')
    place.git('rm', '-q', 'gitexp.yaml')
    change(place)
    assert "'main' would have no gitexp.yaml" in push(place, 'main')
    assert push(place, f'{good}:main') == ''
    assert told(push(place, 'HEAD:exp/a')) == 'frozen'


def test_no_lab_is_left_unguarded_for_a_trunk_that_is_not_there(tmp_path: Path) -> None:
    """Whoever pushes a branch of that name first would make its rules."""
    server = bare(make(tmp_path))

    assert server.exp('hook', 'install', '--server', '--trunk', 'trunk') == 3
    assert server.talk == (
        "git exp: there is no 'trunk', and 'main' is a lab: nothing of it would be guarded\n"
        'hint: git exp hook install --server --trunk main\n'
    )


def test_a_project_that_is_there_becomes_a_lab_by_a_push(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    place.git('rm', '-q', 'gitexp.yaml')
    change(place)
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')

    change(place, model_DOT_py='m = 2\n')
    assert "'main' has no gitexp.yaml, so that no rules can be read" in push(place, 'HEAD:exp/a')
    change(place, gitexp_DOT_yaml=RULES)
    assert push(place, 'main', 'HEAD:exp/a') == ''
    assert told(push(place, f'{change(place, eval_DOT_py="x")}:main')) == 'frozen'


@pytest.mark.parametrize(('text', 'says'), [
    ('metric: [\n', 'gitexp.yaml:'),
    ('metric: {name: score}\neval: x\n', 'cannot be read'),
    ('just words\n', 'cannot be read'),
    (RULES.replace('frozen:', 'frozn:'), "'frozn' is not known here"),
    (RULES + 'unknown: 1\n', "'unknown' is not known here"),
    (RULES + 'trunk: other\n', "says that the trunk is 'other'"),
    (RULES.replace('[STATUS.md]', '["../x"]'), 'leaves the repository'),
])
def test_not_even_a_person_leaves_rules_that_cannot_be_read(tmp_path: Path, text: str, says: str) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', words=('--identity', 'PUSHER'))
    change(place, OPEN, gitexp_DOT_yaml=text)
    assert says in push(place, 'main', PUSHER='ada@example.org')
    place.git('rm', '-q', '-f', 'gitexp.yaml')
    change(place, OPEN)
    assert 'would have no gitexp.yaml' in push(place, 'main', PUSHER='ada@example.org')


def test_rules_that_cannot_be_read_any_more_let_nothing_past(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, gitexp_DOT_yaml='metric: [\n')
    bare(place).git('fetch', '-q', place.path.as_posix(), '+main:main')
    change(place, model_DOT_py='m = 2\n')
    assert 'gitexp.yaml:' in push(place, 'HEAD:exp/a')


def test_who_pulls_has_the_own_rows_first_and_may_push(tmp_path: Path) -> None:
    """Every published row is still there, so that nobody is made to rebase; what is lost on the way is seen in the commits."""
    place = make(tmp_path)
    place.git('switch', '-q', '-c', 'side')
    change(place, results_DOT_tsv='id\tscore\n1\t3.0\n9\t9.0\n')
    place.git('switch', '-q', 'main')
    change(place, results_DOT_tsv='id\tscore\n1\t3.0\n2\t2.0\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'side')
    place.git('merge', '-q', 'main', check=False)
    change(place, 'Merge main', results_DOT_tsv='id\tscore\n1\t3.0\n9\t9.0\n2\t2.0\n')

    assert push(place, 'HEAD:main') == ''


def test_a_merge_that_rolls_a_frozen_file_back_is_refused(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', words=('--identity', 'PUSHER'))
    place.git('branch', 'exp/a')
    change(place, OPEN, eval_DOT_py='print(2)\n')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    place.git('switch', '-q', 'exp/a')
    change(place, model_DOT_py='m = 2\n')
    place.git('merge', '-q', '-s', 'ours', '-m', 'ours', 'main')
    assert told(push(place, 'HEAD:main')) == 'frozen'


def test_a_clone_that_is_cut_off_can_push_what_is_known_and_nothing_else(tmp_path: Path) -> None:
    place = make(tmp_path)
    for number in range(3):
        change(place, model_DOT_py=f'm = {number}\n')
    assert push(place, 'main') == ''
    shallow = place.at('../shallow')
    place.git('clone', '-q', '--depth=1', f'file://{bare(place).path}', '../shallow')
    change(shallow, model_DOT_py='m = 9\n')
    assert push(shallow, 'main') == ''

    bare(place).git('config', 'receive.shallowUpdate', 'true')
    cut = place.at('../cut')
    place.git('init', '-q', '../whole')
    change(place.at('../whole'), eval_DOT_py='evil\n')
    change(place.at('../whole'), eval_DOT_py='evil 2\n')
    place.git('clone', '-q', '--depth=1', f'file://{place.path.parent}/whole', '../cut')
    cut.git('remote', 'set-url', 'origin', str(bare(place).path))
    assert 'shallow' in push(cut, 'HEAD:exp/cut')


def test_meta_mode_of_who_pushes_opens_nothing(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, OPEN, eval_DOT_py='print(0)\n')
    said = push(place, 'main', META_MODE='1')
    assert told(said) == 'frozen'
    assert 'eval.py: changed; gitexp.yaml on the trunk has no signers who could have signed it' in said
    assert 'do:   a person: list signers in gitexp.yaml, with the hook of the server off while that is pushed' in said


def test_without_signers_the_server_must_know_who_pushes(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [Ada <ada@example.org>]\n')
    change(place, OPEN, eval_DOT_py='print(0)\n')
    said = push(place, 'main', PUSHER='ada@example.org')
    assert 'nothing here tells who pushes' in said and 'a person: list signers' in said

    bare(place).ok('hook', 'install', '--server', '--identity', 'PUSHER')
    said = push(place, 'main')
    assert "'', who pushes it, is not one of the humans" in said and 'list signers' not in said
    assert "'bot@example.org', who pushes it" in push(place, 'main', PUSHER='bot@example.org')
    bare(place).ok('hook', 'install', '--server')
    assert push(place, 'main', PUSHER='Ada@Example.org') == '', 'installing again forgets nothing'

    change(place, OPEN, '--author=Ada <ada@example.org>', eval_DOT_py='print(5)\n')
    place.git('-c', 'user.email=bot@example.org', '-c', 'core.hooksPath=/dev/null', 'commit', '-q', '--amend', '--no-edit')
    assert "pushes what 'Ada <bot@example.org>' has committed" in push(place, 'main', PUSHER='ada@example.org')
    change(place, 'no trailer', '--amend')
    assert told(push(place, 'main', PUSHER='ada@example.org')) == 'frozen', 'a person says so, too'


def test_meta_mode_never_lifts_what_only_grows(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', words=('--identity', 'PUSHER'))
    change(place, OPEN, results_DOT_tsv='id\tscore\n', eval_DOT_py='print(0)\n')
    for target in ('main', 'HEAD:exp/a'):
        assert told(push(place, target, PUSHER='ada@example.org')).startswith('append-bottom')


def _keys(tmp_path: Path, name: str) -> tuple[Path, str]:
    """A new SSH key, and the line by which it is known."""
    path = tmp_path / name
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', str(path)], check=True)
    return path, f'{name}@example.org {" ".join(path.with_suffix(".pub").read_text().split()[:2])}'


def _sign_with(place: Place, key: Path) -> None:
    for name, value in {'gpg.format': 'ssh', 'user.signingKey': str(key), 'commit.gpgSign': 'true'}.items():
        place.git('config', name, value)


def signed_by_ada(tmp_path: Path) -> Place:
    """A clone that signs its commits, of a lab that asks for this signature."""
    key, line = _keys(tmp_path, 'ada')
    place = make(tmp_path, f"signers: ['{line}']\n")
    _sign_with(place, key)
    return place


@signing
def test_a_signature_opens_one_commit_and_no_other(tmp_path: Path) -> None:
    ours, line = _keys(tmp_path, 'ada')
    place = make(tmp_path, f"signers: ['{line}']\n")
    _sign_with(place, ours)
    signed = change(place, OPEN, eval_DOT_py='print(2)\n')
    base = f'{signed}^'
    lacking = 'it has no good signature of one of the signers'

    place.git('config', 'commit.gpgSign', 'false')
    for words in (['commit', '--amend', '-q', '--no-edit'], ['cherry-pick', signed], ['rebase', '-q', '--force-rebase', base]):
        place.git('reset', '-q', '--hard', base if words[0] == 'cherry-pick' else signed)
        place.git('-c', 'user.name=Bot', *words)
        assert place.git('rev-parse', 'HEAD').stdout.strip() != signed
        assert lacking in push(place, 'HEAD:main'), words
        assert lacking in push(place, 'HEAD:exp/a'), words
    raw = place.git('cat-file', 'commit', signed).stdout.replace('open it', 'open more')
    place.write('../forged', raw)
    forged = place.git('hash-object', '-t', 'commit', '-w', '../forged').stdout.strip()
    assert lacking in push(place, f'{forged}:main'), 'the signature of another commit'

    theirs, _ = _keys(tmp_path, 'eve')
    place.git('reset', '-q', '--hard', base)
    _sign_with(place, theirs)
    change(place, OPEN, eval_DOT_py='print(3)\n')
    assert lacking in push(place, 'HEAD:main'), 'a good signature of somebody else'

    _sign_with(place, ours)
    change(place, 'no word of it', '--amend')
    assert told(push(place, 'HEAD:main')) == 'frozen', 'signed, but it does not say that it is meta mode'
    assert push(place, f'{signed}:exp/a') == ''
    assert push(place, f'{signed}:main') == ''


@signing
def test_a_signed_change_that_was_taken_back_does_not_come_back(tmp_path: Path) -> None:
    place = signed_by_ada(tmp_path)
    place.git('switch', '-q', '-c', 'side')
    change(place, OPEN, eval_DOT_py='print(2)\n')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '-m', 'take it', 'side')
    change(place, OPEN, eval_DOT_py=FILES['eval.py'])
    assert push(place, 'main') == ''

    place.git('config', 'commit.gpgSign', 'false')
    assert 'Already up to date' in place.git('merge', 'side').stdout
    place.git('switch', '-q', 'side')
    change(place, model_DOT_py='m = 2\n')
    place.git('merge', '-q', '-s', 'ours', '-m', 'back again', 'main')
    assert told(push(place, 'HEAD:main')) == 'frozen'


@signing
def test_nor_does_it_by_a_copy_of_its_signature(tmp_path: Path) -> None:
    place = signed_by_ada(tmp_path)
    signed = change(place, OPEN, eval_DOT_py='print(2)\n')
    back = change(place, OPEN, eval_DOT_py=FILES['eval.py'])
    assert push(place, f'{signed}:main') == ''
    assert push(place, f'{back}:main') == ''

    raw = place.git('cat-file', 'commit', signed).stdout
    known = f'it has the signature of {signed[:10]}, which is on the trunk'
    for header, lacking in (('gpgsigx again', 'it has no good signature'), ('gpgsig-sha256 again', known)):
        place.write('../copy', raw.replace('gpgsig ', f'{header}\ngpgsig ', 1))
        copy = place.git('hash-object', '-t', 'commit', '-w', '../copy').stdout.strip()
        merge = place.git('commit-tree', '-p', back, '-p', copy, '-m', 'Merge', f'{signed}^{{tree}}').stdout.strip()
        assert lacking in push(place, f'{merge}:main')


@signing
def test_what_a_person_opens_is_open_for_what_that_person_puts_there(tmp_path: Path) -> None:
    place = signed_by_ada(tmp_path)
    side = place.git('commit-tree', '-p', 'main', '-m', 'side', 'main^{tree}').stdout.strip()
    signed = change(place, OPEN, eval_DOT_py='print(2)\n')
    change(place, OPEN, eval_DOT_py=FILES['eval.py'])
    place.git('merge', '-q', '-m', 'take it', side)
    assert push(place, 'main') == ''

    across = place.git('commit-tree', '-p', side, '-p', signed, '-m', 'across', f'{signed}^{{tree}}').stdout.strip()
    again = place.git('commit-tree', '-p', 'main', '-p', across, '-m', 'again', f'{signed}^{{tree}}').stdout.strip()
    change(place, OPEN, eval_DOT_py='print(3)\n')
    honest = change(place, OPEN, eval_DOT_py=FILES['eval.py'])
    evil = place.git('commit-tree', '-p', honest, '-p', again, '-m', 'evil', f'{signed}^{{tree}}').stdout.strip()
    assert told(push(place, f'{evil}:main')) == 'frozen'
    assert push(place, f'{honest}:main') == ''


def test_an_openpgp_key_is_known_by_its_whole_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path('/tmp') / f'gnupg-{os.getpid()}'  # The socket of gpg-agent wants a short path.
    home.mkdir(mode=0o700)
    monkeypatch.setenv('GNUPGHOME', str(home))
    try:
        made = [_openpgp(name) for name in ('Ada', 'Eve')]
        if None in made:
            pytest.skip('gpg cannot make a key here')
        place = make(tmp_path, f'signers: [{made[0]}]\n')
        for name, value in {'commit.gpgSign': 'true', 'user.signingKey': str(made[1])}.items():
            place.git('config', name, value)
        change(place, OPEN, eval_DOT_py='print(2)\n')
        assert 'no good signature' in push(place, 'main'), 'a key that the keyring knows is not a signer yet'
        place.git('config', 'user.signingKey', str(made[0]))
        change(place, OPEN, '--amend')
        assert push(place, 'main', GNUPGHOME='/nonexistent', HOME='/nonexistent') == '', 'the keyring is the one of the installation'
    finally:
        subprocess.run(['gpgconf', '--kill', 'all'], check=False)
        shutil.rmtree(home)


def _openpgp(name: str) -> str | None:
    words = ['gpg', '--batch', '--passphrase', '', '--quick-gen-key', f'{name} <{name.lower()}@example.org>', 'ed25519', 'sign']
    if shutil.which('gpg') is None or subprocess.run(words, capture_output=True).returncode:
        return None
    listed = subprocess.run(['gpg', '--batch', '--with-colons', '-k', name], capture_output=True, text=True).stdout
    return next(line.split(':')[9] for line in listed.splitlines() if line.startswith('fpr'))


def test_a_file_for_people_wants_more_than_a_name(tmp_path: Path) -> None:
    more = '  human: [human_journal.md]\nhumans: [ada@example.org]\n'
    place = make(tmp_path, more)
    change(place, human_journal_DOT_md='# People\n')
    assert push(place, 'main') == '', 'nobody can vouch here, so the name counts'
    bare(place).ok('hook', 'install', '--server', '--identity', 'PUSHER')
    change(place, human_journal_DOT_md='# People\nmore\n')
    assert "'bot@example.org', who pushes it, is not one of the humans" in push(place, 'main', PUSHER='bot@example.org')
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    change(place, 'x', '--author=Bot <bot@example.org>', human_journal_DOT_md='# People\nand more\n')
    assert told(push(place, 'main', PUSHER='ada@example.org')) == 'human'


def test_what_a_person_wrote_on_a_branch_is_not_deleted_by_somebody_else(tmp_path: Path) -> None:
    more = '  human: [experiments/*/VERDICT.md]\nhumans: [ada@example.org]\n'
    place = make(tmp_path, more, words=('--identity', 'PUSHER'))
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/VERDICT.md', 'it is a leak\n')
    change(place, 'exp(a): verdict')
    assert push(place, 'exp/a', PUSHER='ada@example.org') == ''
    place.git('rm', '-q', 'experiments/a/VERDICT.md')
    change(place, 'exp(a): no verdict', '--author=Bot <bot@example.org>')
    assert told(push(place, 'exp/a', PUSHER='ada@example.org')) == 'human', 'though the trunk does not have it'
    place.git('commit', '-q', '--amend', '--no-edit', '--reset-author')
    assert push(place, 'exp/a', PUSHER='ada@example.org') == ''


def test_the_machine_of_who_pushes_has_no_say(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, eval_DOT_py='print(0)\n')
    evil = tmp_path / 'evil'
    for name in ('sitecustomize.py', 'usercustomize.py', 'yaml.py', 'gitexp/__init__.py', 'gitexp/guard/receive.py'):
        Place(evil).write(name, 'import os; os._exit(0)\n')
    for name in ('git', 'python3', 'cat', 'ssh-keygen', 'tempfile'):
        Place(evil).write(f'bin/{name}', '#!/bin/sh\nexit 0\n').chmod(0o755)
    home = tmp_path / 'a home'
    Place(home).write('.gitconfig', f'[core]\n\thooksPath = {evil}\n[user]\n\tname = E\n\temail = e@e\n[log]\n\tshowSignature = true\n')
    git = str(shutil.which('git'))
    tricks = {
        'META_MODE': '1', 'PYTHONPATH': str(evil), 'PYTHONHOME': str(evil), 'PYTHONSTARTUP': str(evil / 'yaml.py'),
        'GIT_REPLACE_REF_BASE': 'refs/heads/', 'GIT_NO_REPLACE_OBJECTS': '0', 'GIT_LITERAL_PATHSPECS': '1', 'GIT_ICASE_PATHSPECS': '1',
        'GIT_EXTERNAL_DIFF': 'true', 'GIT_CONFIG_PARAMETERS': "'core.hooksPath=/dev/null'", 'GIT_CONFIG_GLOBAL': str(home / '.gitconfig'),
        'HOME': str(home), 'XDG_CONFIG_HOME': str(home), 'BASH_ENV': str(evil / 'bin/git'), 'ENV': str(evil / 'x'),
        'GIT_ALTERNATE_OBJECT_DIRECTORIES': str(evil),
    }
    counted = {'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'core.hooksPath', 'GIT_CONFIG_VALUE_0': str(evil)}
    for trick in (*({name: value} for name, value in tricks.items()), counted, {'GIT_NAMESPACE': 'elsewhere'}):
        done = subprocess.run([git, 'push', 'origin', 'main'], cwd=place.path, capture_output=True, text=True, env={**os.environ, **trick})
        wanted = 'not where the push says' if 'GIT_NAMESPACE' in trick else 'rule: frozen'
        assert done.returncode == 1 and wanted in done.stderr, (trick, done.stderr)
    assert at_server(place, 'refs/heads/main') == place.git('rev-parse', 'HEAD^').stdout.strip()

    # git itself starts the programs of the server by PATH, so only the hook is asked what it makes of one that is bent.
    lines = f'{place.git("rev-parse", "HEAD^").stdout.strip()} {place.git("rev-parse", "HEAD").stdout.strip()} refs/heads/main\n'
    bare(place).git('fetch', '-q', str(place.path), 'HEAD:refs/parked')
    done = subprocess.run(
        ['exp/server/.git/pre-receive'], cwd=bare(place).path, input=lines, capture_output=True, text=True,
        env={**os.environ, **tricks, **counted, 'PATH': str(evil / 'bin'), 'GIT_DIR': '/nonexistent', 'GIT_OBJECT_DIRECTORY': str(evil)},
    )
    assert done.returncode == 1
    assert told(done.stderr) == 'frozen', done.stderr


def test_objects_from_elsewhere_are_not_looked_at(tmp_path: Path) -> None:
    place = make(tmp_path)
    done = subprocess.run(
        ['exp/server/.git/pre-receive'], cwd=bare(place).path, input='', capture_output=True, text=True,
        env={**os.environ, 'GIT_QUARANTINE_PATH': str(place.path / '.git' / 'objects')},
    )
    assert done.returncode == 1
    assert 'not of this repository' in done.stderr


def test_two_pushes_at_once_are_each_judged(tmp_path: Path) -> None:
    place = make(tmp_path)
    places = []
    for name in ('one', 'two', 'three', 'four'):
        place.git('clone', '-q', str(bare(place).path), f'../{name}')
        other = place.at(f'../{name}')
        change(other, eval_DOT_py='evil\n') if name == 'two' else change(other, model_DOT_py=f'm = "{name}"\n')
        places.append(other)
    said: dict[str, int] = {}
    threads = [
        threading.Thread(target=lambda one=one: said.update({one.path.name: one.git('push', 'origin', 'main', check=False).returncode}))
        for one in places
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said.values()) == [0, 1, 1, 1]
    assert said['two'] == 1
    assert at_server(place, 'refs/heads/main:eval.py') == place.git('rev-parse', 'HEAD:eval.py').stdout.strip()


def test_another_form_of_objects_is_judged_likewise(tmp_path: Path) -> None:
    place = make(tmp_path, form='sha256')
    change(place, model_DOT_py='m = 2\n')
    assert push(place, 'main') == ''
    place.git('checkout', '-q', '--orphan', 'fresh')
    change(place, eval_DOT_py='print(0)\n')
    assert told(push(place, 'fresh')) == 'frozen'


def test_hooks_that_were_there_go_on_with_the_same_lines(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    for name in ('pre-receive', 'update', 'post-receive'):
        script = f'#!/bin/sh\necho "theirs {name} $* $PUSHER $META_MODE"\n' + ('' if name == 'update' else 'cat\n')
        bare(place).write(f'hooks/{name}', script).chmod(0o755)
    bare(place).ok('hook', 'install', '--server')
    old, new = place.git('rev-parse', 'HEAD').stdout.strip(), change(place, model_DOT_py='m = 2\n')

    done = place.git('push', 'origin', 'main', PUSHER='ada', META_MODE='1')
    said = [line.removeprefix('remote: ').strip() for line in done.stderr.splitlines() if line.startswith('remote: ')]
    line = f'{old} {new} refs/heads/main'
    update = f'theirs update refs/heads/main {old} {new} ada 1'
    assert said == ['theirs pre-receive  ada 1', line, update, 'theirs post-receive  ada 1', line]

    change(place, eval_DOT_py='print(0)\n')
    assert 'theirs' not in push(place, 'main')
    bare(place).write('hooks/pre-receive', '#!/bin/sh\ncat >/dev/null\necho no; exit 1\n').chmod(0o755)
    assert push(place, 'HEAD^:exp/a') == 'no', 'theirs may refuse as well'


def test_a_folder_of_hooks_that_was_named_is_named_again(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    bare(place).write('own hooks/pre-receive', '#!/bin/sh\necho theirs\n').chmod(0o755)
    bare(place).git('config', 'core.hooksPath', 'own hooks')
    bare(place).ok('hook', 'install', '--server')
    bare(place).ok('hook', 'install', '--server')
    change(place, model_DOT_py='m = 2\n')
    assert 'theirs' in place.git('push', 'origin', 'main').stderr
    assert bare(place).ok('hook', 'remove') == 'the hooks are taken out; pushes are not judged here any more\n'
    assert bare(place).git('config', 'core.hooksPath').stdout == 'own hooks\n'
    assert not (bare(place).path / 'exp' / 'server').exists()
    change(place, eval_DOT_py='print(0)\n')
    assert 'theirs' in place.git('push', 'origin', 'main').stderr


def test_a_server_that_is_moved_stays_guarded(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, eval_DOT_py='print(0)\n')
    bare(place).path.rename(tmp_path / 'elsewhere.git')
    place.git('remote', 'set-url', 'origin', '../elsewhere.git')
    assert told(push(place, 'main')) == 'frozen'


def test_what_is_gone_or_broken_refuses_and_installing_mends_it(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, model_DOT_py='m = 2\n')
    library, = (bare(place).path / 'exp' / 'server').glob('lib-*')
    (library / 'gitexp' / 'guard' / 'receive.py').unlink()
    assert 'hint: git exp hook install --server, on the server' in push(place, 'main')
    (library / 'gitexp' / 'rules' / 'judge.py').write_text('broken')
    shutil.rmtree(library / 'yaml')
    bare(place).ok('hook', 'install', '--server')
    assert push(place, 'main') == ''


def test_nothing_has_to_stay_installed(tmp_path: Path) -> None:
    place = make(tmp_path)
    change(place, eval_DOT_py='print(0)\n')
    text = (bare(place).path / 'exp' / 'server' / '.git' / 'pre-receive').read_text()
    installed = Path(sys.prefix)
    assert str(installed) not in text.replace(os.path.realpath(sys.executable), '')
    modules = subprocess.run(
        [os.path.realpath(sys.executable), '-I', '-S', '-X', 'importtime', '-c',
         'import sys; sys.path.append(sys.argv[1]); from gitexp.guard import receive, server; import yaml',
         str(next((bare(place).path / 'exp' / 'server').glob('lib-*')))], capture_output=True, text=True,
    ).stderr
    names = {line.rpartition('|')[2].strip() for line in modules.splitlines()}
    assert {'gitexp.guard.receive', 'yaml'} <= names
    assert not names & {'jsonschema', 'argparse', 'subprocess', 'pygit2'}


def test_where_it_can_and_cannot_be_installed(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    assert place.exp('hook', 'install', '--server') == 3
    assert 'not in a bare repository' in place.talk
    assert place.exp('hook', 'install', '--trunk', 'x') == 2
    assert bare(place).exp('hook', 'install', '--server', '--trunk', 'main') == 0
    assert '"hooks"' in bare(place).ok('hook', 'install', '--server', '--json')
    bare(place).git('config', 'core.hooksPath', '/somewhere/exp/hooks')
    assert bare(place).exp('hook', 'install', '--server') == 3


def test_what_nobody_could_do_is_said_before_it_is_asked_of_anybody(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    place.write('gitexp.yaml', (place.path / 'gitexp.yaml').read_text() + 'trunk: {name: main, guarded: true}\n')
    place.git('commit', '-q', '-a', '-m', 'guarded')
    assert push(place, 'main') == ''
    server = bare(place)
    server.ok('hook', 'install', '--server')
    assert "note: nobody can change here what is frozen, nor merge into 'main', which is guarded: list signers" in server.talk


def test_what_stands_for_retired_results_is_kept_as_they_are(tmp_path: Path) -> None:
    place = make(tmp_path)
    place.write('experiments/old/exp_log_v2_leak', 'score 9.9\n')
    place.write('experiments/old/results_viewer.py', 'v = 1\n')
    for name in ('results_v2_leak', 'results_v3_leak'):
        (place.path / 'experiments/old' / name).symlink_to('/big/disk/run')
    change(place, 'old: retired')
    assert push(place, 'main') == ''
    place.git('rm', '-q', 'experiments/old/results_v2_leak')
    change(place, 'tidy up')
    assert told(push(place, 'main')) == 'keep'
    place.git('reset', '-q', '--hard', 'HEAD^')
    (place.path / 'experiments/old/results_v3_leak').unlink()
    (place.path / 'experiments/old/results_v3_leak').symlink_to('/nice')
    place.write('experiments/old/exp_log_v2_leak', 'score 1\n')
    change(place, 'better')
    assert told(push(place, 'main')) == 'keep'
    place.git('reset', '-q', '--hard', 'HEAD^')
    place.git('mv', 'experiments/old/results_v2_leak', 'experiments/old/results')
    change(place, 'it counts again')
    place.write('experiments/old/results_viewer.py', 'v = 2\n')
    change(place, 'no results')
    assert push(place, 'main') == ''


@pytest.mark.parametrize(('text', 'rule'), [
    (b'/data/train.csv', 'ok'), (b'x' * 4095, 'ok'), (b'x' * 4096, 'links-only'), (b'a\0b', 'links-only'), (b'', 'links-only'),
])
def test_what_no_file_system_takes_for_a_link_is_none(tmp_path: Path, text: bytes, rule: str) -> None:
    place = make(tmp_path, '  links-only: ["data/**"]\n')
    oid = place.git('hash-object', '-w', str(place.write('../payload', text))).stdout.strip()
    place.git('update-index', '--add', '--cacheinfo', f'120000,{oid},data/train.csv')
    place.git('commit', '-q', '-m', 'data')
    assert told(push(place, 'main')) == rule


def test_the_locale_of_who_pushes_says_nothing_of_names(tmp_path: Path, latin: dict[str, str]) -> None:
    place = Place(tmp_path / 'work')
    place.path.mkdir()
    place.git('init', '-q', '-b', 'entraînement')
    rules = 'trunk: entraînement\n' + RULES.replace('[gitexp', '[données, gitexp')
    for name, text in {'gitexp.yaml': rules, **FILES, 'données/a': '1'}.items():
        place.write(name, text)
    place.commit('a lab')
    place.git('clone', '-q', '--bare', '.', '../the šerver.git')
    bare(place).ok('hook', 'install', '--server')
    place.git('remote', 'add', 'origin', '../the šerver.git')
    oid = place.git('rev-parse', 'HEAD').stdout
    for number in range(1000):  # So many that the hook does not ask for each by its name.
        place.write(f'.git/refs/x/{number}', oid)
    change(place, **{'données/a': '2'})
    done = place.git('push', '-q', 'origin', 'entraînement', 'refs/x/*:refs/x/*', check=False, **latin)
    assert done.returncode and 'données/a: changed' in done.stderr, done.stderr
