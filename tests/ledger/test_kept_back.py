"""Values of the same seeds that one clone has measured, and kept to itself until another had published its own."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from place import CONFIG, Place
from sharing import clone, server
from stories import experiment


def test_a_clone_that_kept_its_values_back_replaces_none_that_are_published(make_lab: Callable[..., Place], tmp_path: Path) -> None:
    lab, noise = unsteady(make_lab, tmp_path)
    noise.write_text('0 .06 -.06 .01')
    lab.ok('baseline')
    lab.git('add', 'results.tsv')
    lab.git('commit', '-q', '-m', 'Baseline')
    bare = server(lab)
    idea = experiment(lab, model_py='score = 3.0  # nothing gained\n')
    lab.git('push', '-q', 'origin', 'exp/idea', 'main')
    other = clone(bare, 'other')
    other.git('worktree', 'add', '-q', '5_worktrees/idea', 'exp/idea')
    hidden = other.at('5_worktrees/idea')
    noise.write_text('-.20 -.17 -.22')
    assert hidden.ok('eval', '--seeds', '3').startswith('better: ')
    noise.write_text('.05 .10 -.02')
    assert idea.ok('eval', '--seeds', '3').startswith('inconclusive: ')
    lab.ok('sync', 'origin')
    other.ok('sync', 'origin')
    lab.ok('sync', 'origin')

    for place in (lab, other):
        best = json.loads(place.ok('best', '--json'))
        assert (best['experiment'], best['verdict'], best['flags']) == ('idea', 'provisional', ['retried'])
    assert lab.exp('submit', 'idea') == 1 and 'by the worst of them it is not better' in lab.talk
    assert lab.ok('confirm', 'idea', '--because', 'the second machine was broken').splitlines()[1].startswith('    better: ')
    noise.write_text('.5')
    idea.ok('eval', '--seed', '2')
    assert json.loads(lab.ok('best', '--json'))['verdict'] == 'provisional'


def test_a_clone_that_kept_bad_values_back_takes_no_champion_away(make_lab: Callable[..., Place], tmp_path: Path) -> None:
    lab, noise = unsteady(make_lab, tmp_path)
    noise.write_text('0 .06 -.06 .01')
    lab.ok('baseline')
    lab.git('add', 'results.tsv')
    lab.git('commit', '-q', '-m', 'Baseline')
    bare = server(lab)
    champ = experiment(lab, 'champ', model_py='score = 2.5\n')
    lab.git('push', '-q', 'origin', 'exp/champ', 'main')
    other = clone(bare, 'other')
    other.git('worktree', 'add', '-q', '5_worktrees/champ', 'exp/champ')
    noise.write_text('.45 .40 .38')
    other.at('5_worktrees/champ').ok('eval', '--seeds', '3')
    noise.write_text('.05 .00 -.02')
    assert champ.ok('eval', '--seeds', '3').startswith('better: ')
    noise.write_text('.02 -.03 .01')
    assert experiment(lab, 'small', model_py='score = 2.7\n').ok('eval', '--seeds', '3').startswith('worse: small v1 against champ v1')
    other.ok('sync', 'origin')
    lab.ok('sync', 'origin')

    shown = json.loads(lab.ok('show', 'small', '--json'))['trees'][0]
    assert (shown['verdict'], shown['flags']) == ('provisional', ['retried'])
    assert 'seed 1 of the other gave several values, and by the best of them it is not better' in lab.ok('best')


def unsteady(make_lab: Callable[..., Place], tmp_path: Path) -> tuple[Place, Path]:
    """A lab whose runs of a seed differ by what a file says, one word after the other."""
    noise = tmp_path / 'noise'
    evaluation = (
        f'import model\nname = {str(noise)!r}\nfirst, *left = open(name).read().split()\n'
        "open(name, 'w').write(' '.join(left))\nprint('score:', model.score + float(first))\n"
    )
    config = CONFIG.replace('min_effect: 0.01', 'min_effect: 0.001').replace('required: false', 'tolerance: 2, max_sd: 1')
    return make_lab(config=config, **{'eval.py': evaluation}), noise
