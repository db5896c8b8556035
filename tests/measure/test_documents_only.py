"""A commit of documents alone is no other experiment."""
from __future__ import annotations

import pytest
from place import Place
from stories import change, experiment, rows

PLAN = 'experiments/idea/PLAN.md'


def test_where_only_documents_have_changed_the_measured_commit_is_what_is_measured(lab: Place) -> None:
    lab.ok('baseline')
    lab.ok('new', 'idea')
    idea = lab.at('5_worktrees/idea')
    first = change(idea, model_py='score = 2.0\n')
    verdict = idea.ok('eval')
    many = len(rows(lab))
    idea.write(PLAN, (idea.path / PLAN).read_text() + '\n## 9. v1 results\n\nas expected\n')
    idea.write('experiments/idea/results/viz/curve.svg', '<svg/>')
    idea.commit('exp(idea): what came of it')

    assert idea.ok('eval') == verdict and len(rows(lab)) == many
    assert f'only documents differ from {first[:10]}, so that it is that commit which is measured' in idea.talk
    assert 'seeds 1, 2 and 3 have been run for this tree already' in idea.talk
    idea.ok('eval', '--seeds', '4')
    assert [(row['seed'], row['commit']) for row in rows(lab)[many:]] == [('4', first)]

    second = change(idea, model_py='score = 1.9\n')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['commit'] == second
    idea.write(PLAN, 'another plan\n')
    idea.git('commit', '-qa', '--amend', '-m', 'exp(idea): anew')
    idea.ok('eval', '--seed', '2')
    assert rows(lab)[-1]['commit'] == second, 'an amended commit is no other measurement'

    idea.git('reset', '-q', '--hard', first)
    idea.write(PLAN, 'what was left\n')
    idea.commit('exp(idea): that was worse')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['commit'] == first


def test_what_another_evaluation_has_measured_since_is_passed_over(lab: Place) -> None:
    idea = experiment(lab)
    first = change(idea, model_py='score = 1.5\n')
    idea.ok('eval', '--seed', '1')
    idea.write('experiments/idea/README.md', 'a note\n')
    second = idea.commit('exp(idea): a note')
    idea.ok('eval', '--seed', '2', '--', '--quick')
    assert rows(lab)[-1]['commit'] == second, 'this evaluation has not measured the first'

    idea.ok('eval', '--seed', '3')
    assert rows(lab)[-1]['commit'] == first
    idea.write('experiments/idea/README.md', 'another note\n')
    idea.commit('exp(idea): another')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['commit'] == first
    idea.ok('eval', '--seed', '1', '--', '--quick')
    assert rows(lab)[-1]['commit'] == second


def test_what_a_run_may_read_is_no_document(lab: Place) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    idea.write('experiments/idea/config.yaml', 'lr: 1\n')
    last = idea.commit('exp(idea): settings')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['commit'] == last and 'only documents' not in idea.talk


@pytest.mark.parametrize('path, text', [
    ('RESEARCH_JOURNAL.md', '# Journal\n\n## 2026-02-01 next\nentry\n\n## 2026-01-01 start\nfirst entry\n'),
    ('experiments/other/net.py', 'gain = 7\n'),
    ('experiments/there/PLAN.md', '# Plan\n\nmore\n'),
    ('docs/experiment_results.md', '# Experiments\n\nmore\n'),
    ('README.md', 'A lab.\n'),
    ('1_ideas/wider.md', 'Wider.\n'),
    ('9_reports/results.png', 'a plot\n'),
])
def test_what_comes_from_the_trunk_and_was_never_loaded_draws_no_new_seeds(lab: Place, path: str, text: str) -> None:
    idea, first = merged(lab, path, text)

    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['commit'] == first


@pytest.mark.parametrize('path', ['experiments/there/net.py', 'data/steps.txt', 'experiments/idea/steps.md'])
def test_what_of_the_trunk_may_have_been_loaded_makes_another_tree(lab: Place, path: str) -> None:
    idea, first = merged(lab, path, 'gain = 7\n')

    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['commit'] == idea.git('rev-parse', 'HEAD').stdout.strip()


@pytest.mark.parametrize('path', [
    'experiments/other/net.py', 'docs/experiment_results.md', 'a_journal.md', 'README.md', '9_reports/results.png',
])
def test_what_an_experiment_writes_there_itself_makes_another_tree(lab: Place, path: str) -> None:
    """Its code may have looked for it all along, as by `experiments/*/net.py`."""
    idea = experiment(lab)
    change(idea, model_py='score = 1.5\n')
    idea.ok('eval', '--seed', '1')
    idea.write(path, '# Gain\n\n## 2026-01-01 7\n')
    last = idea.commit('exp(idea): for all')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[-1]['commit'] == last


def test_what_was_measured_with_a_paper_of_its_own_was_not_measured_with_that_of_the_trunk(lab: Place) -> None:
    lab.write('README.md', 'A lab.\n')
    lab.commit('a lab')
    idea = experiment(lab)
    change(idea, model_py='score = 1.5\n', README_md='read me as code\n')
    idea.ok('eval', '--seed', '1')
    idea.git('checkout', '-q', 'main', '--', 'README.md')
    last = idea.commit('exp(idea): as it was')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[-1]['commit'] == last


def test_what_came_from_the_trunk_stays_what_it_was_while_that_goes_on(lab: Place) -> None:
    idea, first = merged(lab, 'experiments/other/net.py', 'gain = 7\n')
    lab.write('experiments/other/net.py', 'gain = 8\n')
    lab.commit('and on')

    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['commit'] == first


def merged(lab: Place, path: str, text: str) -> tuple[Place, str]:
    """An experiment that was measured, and then merges what the trunk has come to have since; with the commit that was measured."""
    lab.write('RESEARCH_JOURNAL.md', '# Journal\n\n## 2026-01-01 start\nfirst entry\n')
    for name in ('experiments/there/net.py', 'experiments/there/PLAN.md', 'docs/experiment_results.md', 'data/steps.txt', 'README.md'):
        lab.write(name, '# Plan\n' if name.endswith('.md') else 'gain = 0\n')
    lab.commit('a lab')
    idea = experiment(lab)
    first = change(idea, model_py='score = 1.5\n')
    idea.ok('eval', '--seed', '1')
    lab.write(path, text)
    lab.commit('it goes on')
    idea.git('merge', '-q', '--no-edit', 'main')
    return idea, first
