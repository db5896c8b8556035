"""What somebody forged who had an hour and the source: objects that no git makes, merges that go round, and a trunk by another name."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import rulebook
from place import Place
from rulebook import apply, make, ranged, told

from gitexp.core import lines
from gitexp.rules import union

_LEDGER = b'id\tscore\n1\t0.001\n'


def _served(place: Place) -> Place:
    """Its remote, guarded from now on."""
    shared = place.at('../shared.git')
    shared.ok('hook', 'install', '--server')
    return shared


def _hash(place: Place, kind: str, data: bytes) -> str:
    words = ['git', 'hash-object', '-w', '-t', kind, '--literally', '--stdin']
    return subprocess.run(words, cwd=place.path, input=data, capture_output=True, check=True).stdout.decode().strip()


def _doubled(place: Place, name: str, data: bytes) -> str:
    """A commit whose tree has a name twice: compared with its parent the file is changed, and added besides."""
    blob = bytes.fromhex(_hash(place, 'blob', data))
    tree = subprocess.run(['git', 'cat-file', 'tree', 'HEAD^{tree}'], cwd=place.path, capture_output=True, check=True).stdout
    entry = b'100644 ' + name.encode() + b'\0'
    at = tree.index(entry)
    twice = tree[:at] + (entry + blob) * 2 + tree[at + len(entry) + 20:]
    return place.git('commit-tree', '-p', 'HEAD', '-m', 'x', _hash(place, 'tree', twice)).stdout.strip()


def test_a_tree_that_has_a_name_twice_is_refused(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    commit = _doubled(place, 'results.tsv', _LEDGER)
    place.without_hooks('update-ref', 'refs/heads/main', commit)

    assert place.exp('check', 'rules', 'origin/main..main') == 3
    assert "a tree has 'results.tsv' twice" in place.talk

    unguarded = place.git('push', '--no-verify', 'origin', f'{commit}:refs/heads/before', check=False)
    assert unguarded.returncode == 0, 'git itself takes such a tree'
    _served(place)
    place.git('push', '-q', '--no-verify', 'origin', ':refs/heads/before')
    pushed = place.git('push', '--no-verify', 'origin', 'main', check=False)
    assert pushed.returncode != 0


def test_after_merges_across_the_older_state_of_a_frozen_file_is_no_way_back(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'edit other.py')
    place.git('commit', '-q', '-m', 'exp(a): other')
    place.git('switch', '-q', 'main')
    apply(place, 'edit eval.py')
    place.without_hooks('commit', '-q', '-m', 'stricter')
    better = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('merge', '-q', '--no-edit', 'exp/a')

    place.git('switch', '-q', '--detach', better)
    place.git('merge', '-q', '--no-commit', 'exp/a')
    place.git('checkout', '-q', 'exp/a', '--', 'eval.py')
    place.without_hooks('commit', '-q', '-m', 'Merge')
    assert ranged(place, 'main..HEAD') == 'frozen'


def test_what_is_squashed_onto_the_trunk_has_had_its_run(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.write('experiments/b/PLAN.md', '# Plan\n\n## Goal\n\nwin by 1\n')
    place.write('results.tsv', f'id\texperiment\tcommit\tscore\n3\tb\t{"f" * 40}\t2.0\n')
    place.git('add', '-A')
    place.without_hooks('commit', '-q', '-m', 'squashed')
    place.git('push', '-q', '--no-verify', 'origin', 'main')

    place.write('experiments/b/PLAN.md', '# Plan\n\n## Goal\n\nnot lose\n')
    place.git('add', '-A')
    place.without_hooks('commit', '-q', '-m', 'another goal')
    assert ranged(place, 'origin/main..main') == 'sections'


def test_a_signature_that_is_moved_signs_nothing(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', str(tmp_path / 'key')], check=True)
    listed = 'ada@example.org ' + ' '.join((tmp_path / 'key.pub').read_text().split()[:2])
    place.write('gitexp.yaml', f'{rulebook.RULES}signers: ["{listed}"]\n')
    place.git('add', '-A')
    place.without_hooks('commit', '-q', '-m', 'signers')
    place.git('push', '-q', '--no-verify', 'origin', 'main')
    _served(place)

    apply(place, 'edit eval.py')
    place.without_hooks(
        '-c', 'gpg.format=ssh', '-c', f'user.signingkey={tmp_path / "key"}', 'commit', '-q', '-S', '-m', 'stricter\n\nMeta-Mode: 1',
    )
    signed = place.git('cat-file', 'commit', 'HEAD').stdout
    head, _, body = signed.partition('\n\n')
    lines = head.split('\n')
    start = next(at for at, line in enumerate(lines) if line.startswith('gpgsig'))
    end = next((at for at in range(start + 1, len(lines)) if not lines[at].startswith(' ')), len(lines))
    moved = [lines[0], *lines[start:end], *lines[1:start], *lines[end:]]
    forged = _hash(place, 'commit', ('\n'.join(moved) + '\n\n' + body).encode())
    assert place.git('log', '-1', '--format=%P', forged).stdout.strip() == '', 'git sees no parents there'

    honest = place.git('rev-parse', 'HEAD').stdout.strip()
    place.without_hooks('reset', '-q', '--hard', 'HEAD^')
    assert place.exp('check', 'rules', '--ci', f'main..{forged}') == 1
    assert 'no good signature' in place.said
    assert place.git('push', '--no-verify', 'origin', f'{forged}:refs/heads/forged', check=False).returncode != 0
    place.git('push', '-q', '--no-verify', 'origin', f'{honest}:main')


@pytest.mark.parametrize('words', [('commit', '-q', '-m', 'x'), ('commit', '-q', '-n', '-m', 'x')])
def test_a_trunk_without_rules_told_by_hand_is_no_beginning(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = make(tmp_path)
    nothing = _hash(place, 'tree', b'')
    place.without_hooks('branch', 'plain', place.git('commit-tree', '-m', 'nothing', nothing).stdout.strip())
    place.git('config', 'gitexp.trunk', 'plain')
    apply(place, 'edit eval.py')
    done = place.git(*words, check=False)
    assert done.returncode != 0
    assert 'no gitexp.yaml' in done.stderr
    assert told(place.git('commit', '-m', 'x', check=False).stderr) == 'ok', 'no rule is named, since none can be read'


def test_of_two_retired_versions_one_place_takes_back_one(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    for version in ('v2_a', 'v3_b'):
        place.write(f'experiments/a/results_{version}/viz/same.svg', '<same/>\n')
    place.commit('two versions')
    place.git('push', '-q', '--no-verify', 'origin', 'main')

    apply(place, 'move experiments/a/results_v2_a/viz/same.svg experiments/a/results/viz/same.svg')
    apply(place, 'delete experiments/a/results_v3_b/viz/same.svg')
    assert told(place.git('commit', '-m', 'restore one', check=False).stderr) == 'keep'


def test_a_heading_from_nowhere_does_not_open_an_old_entry(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    text = '# Journal\n\n## 2026-01-03 third\nit is better\n\n### Details\nd\n\n## 2026-01-02 second\nb\n\n## 2026-01-01 first\na\n'
    place.write('notes_journal.md', text)
    place.git('add', '-A')
    place.without_hooks('commit', '-q', '-m', 'a longer entry')
    place.git('push', '-q', '--no-verify', 'origin', 'main')

    lie = '###### Correction\n\nnone of this is true\n'
    blob = _hash(place, 'blob', lie.encode())
    nowhere = place.git('commit-tree', '-m', 'x', _hash(place, 'tree', b'100644 notes_journal.md\0' + bytes.fromhex(blob))).stdout.strip()
    place.write('notes_journal.md', text.replace('it is better\n', f'it is better\n\n{lie}'))
    place.git('add', '-A')
    merge = place.git('commit-tree', '-m', 'm', '-p', nowhere, '-p', 'HEAD', place.git('write-tree').stdout.strip()).stdout.strip()
    assert 'append-top' in ranged(place, f'origin/main..{merge}')


def test_a_row_does_not_take_the_id_of_a_published_one() -> None:
    old = b'id\tscore\nx1\t4.0\n'
    assert union.holds('append-bottom', old, b'id\tscore\nx2\t1.0\nx1\t4.0\n') is None
    said = union.holds('append-bottom', old, b'id\tscore\nx1\t0.001\nx1\t4.0\n')
    assert said is not None and 'has the id of another row' in said


def test_a_remark_in_a_column_of_ones_own_makes_no_other_row_of_a_published_one() -> None:
    ours = lines.columns('score')
    head, said = ('\t'.join([*ours, 'remark']) + '\n').encode(), [name.encode() for name in ours]

    def row(remark: str = '', **more: str) -> bytes:
        return ('\t'.join([*({'id': 'x1', 'score': '4.0', **more}.get(name, '') for name in ours), remark]) + '\n').encode()

    for new in (row() + row('fine'), row('fine') + row()):
        assert union.holds('append-bottom', head + row('fine'), head + new, said) is None
        assert 'has the id of another row' in (union.holds('append-bottom', head + row('fine'), head + new) or ''), 'a ledger of before'
    for other in (row(score='0.1'), row(seed='2'), row('fine', tree='t'), row()[:-1] + b'\tmore\n'):
        assert 'has the id of another row' in (union.holds('append-bottom', head + row('fine'), head + other + row('fine'), said) or '')
    assert 'is lost' in (union.holds('append-bottom', head + row('fine'), head + row(), said) or '')
