"""Another project within this one: what lies at its own root is not ours, and what becomes of ours is judged as ever."""
from __future__ import annotations

from pathlib import Path

from place import Place
from rulebook import RULES, gated, make, ranged, served, told


def _theirs(place: Place) -> Place:
    """Another lab, fetched; it has files of its own at our protected paths."""
    other = place.at('../theirs')
    other.path.mkdir()
    other.git('init', '-q')
    for name, text in {'eval.py': 'print("theirs")\n', 'gitexp.yaml': RULES, 'results.tsv': 'other\n', 'lib/x.py': 'x = 1\n'}.items():
        other.write(name, text)
    other.commit('theirs')
    place.git('fetch', '-q', '../theirs', 'main')
    return other


def _merge(place: Place, tip: str, name: str = 'vendor') -> str:
    """As git subtree does it; returns the rules that the hooks name."""
    place.git('merge', '-q', '-s', 'ours', '--no-commit', '--allow-unrelated-histories', tip)
    place.git('rm', '-r', '-q', '--cached', '--ignore-unmatch', name)
    place.git('read-tree', f'--prefix={name}/', tip)
    place.git('checkout-index', '-a', '-f')
    return told(place.git('commit', '-q', '-m', 'exp(a): take in theirs', check=False).stderr)


def test_a_project_that_is_taken_in_below_a_folder_is_welcome_at_every_gate(tmp_path: Path) -> None:
    place = make(tmp_path)
    other = _theirs(place)
    squashed = place.git('commit-tree', '-m', 'Squashed', 'FETCH_HEAD^{tree}').stdout.strip()
    for tip, name in (('FETCH_HEAD', 'vendor'), (squashed, 'squashed')):
        assert _merge(place, tip, name) == 'ok'
        assert (ranged(place), gated(place), served(place, 'exp/a')) == ('ok', 'ok', 'ok')
    place.git('push', '-q', '--no-verify', 'origin', 'HEAD:main')
    place.git('fetch', '-q', 'origin')
    place.without_hooks('branch', '-f', 'main', 'origin/main')

    other.write('eval.py', 'print("theirs, newer")\n')
    other.commit('newer')
    place.git('fetch', '-q', '../theirs', 'main')
    assert _merge(place, 'FETCH_HEAD') == 'ok', 'their second commit has a parent that we know by now'
    assert (ranged(place), gated(place)) == ('ok', 'ok')


def test_what_they_have_at_our_paths_does_not_come_along(tmp_path: Path) -> None:
    place = make(tmp_path)
    _theirs(place)
    place.git('merge', '-q', '-s', 'ours', '--no-commit', '--allow-unrelated-histories', 'FETCH_HEAD')
    place.git('checkout', 'FETCH_HEAD', '--', 'eval.py', 'results.tsv')
    assert told(place.git('commit', '-q', '-m', 'exp(a): x', check=False).stderr) == 'append-bottom+frozen+global'
    place.without_hooks('commit', '-q', '-m', 'exp(a): x')
    assert 'frozen' in ranged(place)
    assert 'frozen' in served(place, 'exp/a')

    tree = place.git('rev-parse', 'HEAD^{tree}').stdout.strip()
    turned = place.git('commit-tree', '-m', 'x', '-p', 'HEAD^2', '-p', 'HEAD^1', tree).stdout.strip()
    assert 'frozen' in told(place.git('update-ref', 'refs/heads/exp/b', turned, check=False).stderr), 'nor with the parents turned round'


def test_a_history_that_is_not_merged_is_judged_as_it_stands(tmp_path: Path) -> None:
    place = make(tmp_path)
    other = _theirs(place)
    assert 'frozen' in told(place.git('branch', 'exp/b', 'FETCH_HEAD', check=False).stderr)
    other.git('commit', '-q', '--allow-empty', '-m', 'one side')
    other.git('switch', '-q', '-c', 'side', 'HEAD~1')
    other.git('commit', '-q', '--allow-empty', '-m', 'the other')
    other.git('merge', '-q', '--no-edit', 'main')
    place.git('fetch', '-q', '../theirs', 'side')
    assert 'frozen' in told(place.git('branch', 'exp/b', 'FETCH_HEAD', check=False).stderr), 'with merges of its own'
    place.without_hooks('checkout', '-q', '-B', 'exp/a', 'FETCH_HEAD')
    assert served(place, 'exp/a') == 'frozen+global'
    place.without_hooks('merge', '-q', '-s', 'ours', '--allow-unrelated-histories', '-m', 'exp(a): ours', 'main')
    done = place.git('push', 'origin', 'exp/a', check=False)
    assert 'eval.py: changed' in done.stderr
    assert 'program.md: deleted' in done.stderr
