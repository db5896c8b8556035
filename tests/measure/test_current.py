from __future__ import annotations

import json

from place import Place


def test_another_evaluation_is_no_ranking_of_its_own(lab: Place) -> None:
    lab.write('eval.py', (lab.path / 'eval.py').read_text() + '# --easy is taken and does nothing\n')
    lab.git('commit', '-qam', 'take arguments', META_MODE='1')
    lab.ok('baseline')
    lab.ok('new', 'idea')
    idea = lab.at('5_worktrees/idea')
    idea.write('model.py', 'score = 2.0\n')
    idea.git('commit', '-qam', 'exp(idea): better')
    idea.ok('eval')
    idea.write('model.py', 'score = 2.9\n')
    idea.git('commit', '-qam', 'exp(idea): worse')
    idea.ok('eval', '--seed', '1', '--', '--easy')

    best = json.loads(lab.ok('best', '--json'))
    assert (round(best['mean'], 3), best['verdict']) == (2.002, 'better')
    assert '2.0020' in lab.ok('list')


def test_a_word_that_strays_in_makes_no_other_evaluation(lab: Place) -> None:
    lab.ok('new', 'idea')
    idea = lab.at('5_worktrees/idea')

    assert idea.exp('eval', 'idea') == 2
    assert "'idea' does not follow --; an experiment is named so: -e idea" in idea.talk
    assert not (lab.path / 'results.tsv').exists()
