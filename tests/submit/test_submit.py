"""Handing an experiment over, told with real remotes."""
from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from place import CONFIG

from gitexp.experiment import spoilt
from gitexp.lab.lab import Lab
from gitexp.ledger import read, write
from gitexp.ledger.result import Kind, Result
from gitexp.ledger.seeds import Runs
from gitexp.ledger.standing import Standing
from gitexp.measure import current
from gitexp.submit import ground
from gitexp.submit.ground import Ground

Make = Callable[..., Any]


class Desk:
    """A lab with a bare remote, a measured baseline, and experiments whose runs are written down instead of made."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.remote = lab.path.parent / 'shared.git'
        self.count = 0
        lab.git('init', '-q', '--bare', str(self.remote))
        lab.git('remote', 'add', 'origin', str(self.remote))
        lab.git('push', '-q', 'origin', 'main')

    def experiment(self, slug: str, score: float = 2.0) -> Any:
        """A branch with one commit, in its worktree."""
        self.lab.git('worktree', 'add', '-q', '-b', f'exp/{slug}', f'5_worktrees/{slug}')
        place = self.lab.at(f'5_worktrees/{slug}')
        place.write('model.py', f'score = {score}\n')
        place.write(f'experiments/{slug}/PLAN.md', '# Plan\n')
        place.commit(f'exp({slug}): try')
        return place

    def measured(self, place: Any, *values: float, kind: Kind = Kind.EVAL, eval_id: str | None = None, **said: Any) -> list[str]:
        """Rows for what a place has committed."""
        commit, tree, name = place.git('rev-parse', 'HEAD', 'HEAD^{tree}', '--abbrev-ref', 'HEAD').stdout.split()[:3]
        slug = 'baseline' if kind is Kind.BASELINE else name.removeprefix('exp/')
        rows = [
            Result(f'{self.count + seed:016}', '2026-03-01T00:00:00+00:00', slug, kind, commit=commit, tree=tree, value=value, seed=seed,
                   eval_id=eval_id or self.eval_id, **said)
            for seed, value in enumerate(values, 1)
        ]
        self.count += len(rows)
        write.append(Lab.find(self.lab.path), rows)
        return [row.id for row in rows]

    @property
    def eval_id(self) -> str:
        """The lab's own evaluation."""
        return current.eval_id(Lab.find(self.lab.path))

    def baseline(self, score: float = 3.0) -> None:
        self.measured(self.lab, score, score + .01, score + .02, kind=Kind.BASELINE)

    def supersede(self, slug: str, bug: str, covers: list[str]) -> None:
        self.count += 1
        write.append(Lab.find(self.lab.path), [
            Result(f'{self.count:016}', '2026-03-01T00:00:00+00:00', slug, Kind.SUPERSEDE, params={'bug': bug, 'covers': covers}),
        ])

    def pushed(self, slug: str) -> str:
        """The commit that the remote has, '' for none."""
        done = self.lab.git('--git-dir', str(self.remote), 'rev-parse', '-q', '--verify', f'refs/heads/exp/{slug}', check=False)
        return str(done.stdout.strip())

    @property
    def texts(self) -> list[Path]:
        return sorted((self.lab.path / '.git/exp/submit').glob('*'))


@pytest.fixture
def desk(lab: Any) -> Desk:
    found = Desk(lab)
    found.baseline()
    return found


@pytest.fixture
def better(desk: Desk) -> Any:
    place = desk.experiment('idea')
    desk.measured(place, 2.0, 2.01, 2.02)
    return place


def test_a_better_experiment_is_pushed_and_requested(desk: Desk, better: Any) -> None:
    said = better.ok('submit')
    head, tree = better.git('rev-parse', 'HEAD', 'HEAD^{tree}').stdout.split()

    assert desk.pushed('idea') == head
    shown, _, path = said.rpartition('\nwritten to ')
    text = Path(path.rstrip('\n')).read_text()
    assert text.startswith('# exp(idea): score 2.0100, 1.0000 better than the baseline\n')
    assert '| **idea v1** | 3 | 2.0100 | 0.01 |  |  |  |\n' in text
    assert '| the baseline | 3 | 3.0100 | 0.01 | +1.0000 | 0.01 | ' in text
    for line in (f'- tree measured: `{tree}`', f'- commit measured: `{head}`', f'- commit to merge: `{head}`\n', '- seeds: 1, 2, 3'):
        assert line in text
    assert '- metric: score, lower is better; a gain counts from 0.01' in text
    assert re.search(r'^     model\.py +\| 2 \+-$', text, re.M)
    assert 'are available in the Git repository at:' in text and f'      {desk.remote} exp/idea' in text
    assert f'    git merge --no-ff {head}' in text
    assert text.startswith(shown) and shown.endswith(f'    git switch main\n    git merge --no-ff {head}\n')
    assert better.talk.startswith("exp/idea pushed to 'origin'\nhint: nothing is drawn: git exp results idea --plot ")
    assert desk.lab.git('log', '--format=%s', 'main').stdout == 'a lab\n', 'merged'


def test_again_it_brings_push_and_text_up_to_date(desk: Desk, better: Any) -> None:
    first = better.ok('submit')
    assert better.ok('submit') == first
    assert better.talk.startswith("exp/idea is up to date on 'origin'\n")

    better.write('experiments/idea/results/viz/curve.png', b'\x89PNG')
    better.write('experiments/idea/PLAN.md', '# Plan\n\nIt worked.\n')
    head = better.commit('exp(idea): what came of it')
    desk.measured(better.at('.'), 2.03, 2.02, 2.01)
    second = json.loads(desk.lab.ok('submit', 'idea', '--json'))

    assert (second['pushed'], second['commit'], desk.pushed('idea')) == (True, head, head)
    assert [path.name for path in desk.texts] == ['idea.md']
    text = desk.texts[0].read_text()
    assert '- `experiments/idea/results/viz/curve.png`' in text and 'It worked' not in text


def test_documents_may_change_after_the_measurement(desk: Desk, better: Any) -> None:
    measured = better.git('rev-parse', 'HEAD').stdout.strip()
    better.write('experiments/idea/SUMMARY.md', '# Summary\n')
    better.write('experiments/idea/results/viz/curve.png', b'\x89PNG')
    better.git('add', '-f', '.')
    head = better.commit('exp(idea): write it up')
    better.ok('submit')

    text = desk.texts[0].read_text()
    said = "which differs from it in documents only: 'experiments/idea/SUMMARY.md', 'experiments/idea/results/viz/curve.png'"
    assert f'- commit measured: `{measured}`\n- commit to merge: `{head}`, {said}\n' in text
    assert '- `experiments/idea/results/viz/curve.png`' in text
    assert 'nothing is drawn' not in better.talk


@pytest.mark.parametrize('path', [
    'model.py', 'experiments/idea/config.yaml', 'experiments/idea/prompts/a.md', 'experiments/idea/model.md',
    'experiments/idea/results/settings.json',
    'experiments/idea/results/viz/a.py', 'experiments/idea/exp_log/a.txt',
])
def test_what_would_merge_must_be_what_was_measured(desk: Desk, better: Any, path: str) -> None:
    measured = better.git('rev-parse', '--short=7', 'HEAD').stdout.strip()
    better.write(path, 'score = 0.5\n')
    better.git('add', '-f', path)
    better.commit('exp(idea): one more thing')

    assert better.exp('submit') == 3
    assert better.talk == (
        f"git exp: what would merge is not what was measured: since {measured} 'exp/idea' changed '{path}'\n"
        f"hint: cd '{better.path}' && git exp eval --seeds 3\n"
    )
    assert (desk.pushed('idea'), desk.texts) == ('', [])


def test_what_runs_have_left_may_come_and_go_but_not_change(desk: Desk) -> None:
    place = desk.experiment('idea')
    left = 'experiments/idea/results/06d1w2nq3aa3mqxp/model.json'
    place.write(left, '{}')
    place.git('add', '-f', '.')
    place.commit('exp(idea): keep')
    desk.measured(place, 2.0, 2.01, 2.02)
    place.git('rm', '-q', left)
    place.write('experiments/idea/exp_log/06d1w2nq3aa3mqxq.train.log', 'epoch 1')
    place.git('add', '-f', '.')
    place.commit('exp(idea): tidy')
    place.ok('submit')

    place.write(left, '{"score": 0.5}')
    place.git('add', '-f', '.')
    place.commit('exp(idea): other settings')
    assert place.exp('submit') == 3 and f"'exp/idea' changed '{left}'" in place.talk


def test_a_link_is_no_document(desk: Desk, better: Any) -> None:
    (better.path / 'experiments/idea/PLAN.md').unlink()
    (better.path / 'experiments/idea/PLAN.md').symlink_to('../../model.py')
    better.commit('exp(idea): link')

    assert better.exp('submit') == 3 and "changed 'experiments/idea/PLAN.md'" in better.talk


def test_a_file_of_the_trunk_alone_may_be_what_is_measured(desk: Desk) -> None:
    lab = desk.lab
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text().replace('global: [', 'global: [settings.txt, '))
    lab.write('settings.txt', '1\n')
    lab.commit('settings')
    desk.baseline()
    place = desk.experiment('later')
    desk.measured(place, 2.0, 2.01, 2.02)
    lab.write('RESEARCH_JOURNAL.md', '# Journal\n\n## 2026-01-01 nothing\n\nnew\n')
    lab.ok('report')
    lab.commit('an entry')
    place.ok('submit')
    lab.write('settings.txt', '2\n')
    lab.commit('other settings')
    assert place.exp('submit') == 3 and "'main' has changed 'settings.txt'" in place.talk


def test_a_branch_that_holds_what_brought_a_bug_is_refused_until_it_is_said_to_be_mended(desk: Desk, better: Any) -> None:
    lab, leaky = desk.lab, better.git('rev-parse', 'HEAD').stdout.strip()
    lab.ok('supersede', '--bug', 'leak', '--commit', leaky, '--yes')
    lab.git('worktree', 'add', '-q', '-b', 'exp/next', '5_worktrees/next', leaky)
    place = lab.at('5_worktrees/next')
    place.write('model.py', 'score = 2.0  # mended\n')
    mended = place.commit('exp(next): mend it')
    desk.measured(place, 2.0, 2.01, 2.02)
    assert place.exp('submit') == 3
    assert f"what would merge holds {leaky}, which brought the bug 'leak'" in place.talk and desk.pushed('next') == ''

    lab.ok('supersede', '--bug', 'leak', '--commit', leaky, '--fixed-in', mended)
    assert place.ok('submit').startswith('# exp(next): ')
    assert lab.exp('supersede', '--bug', 'other', '--commit', leaky, '--fixed-in', mended) == 3 and 'nothing to supersede' in lab.talk


def test_a_branch_whose_history_is_cut_off_is_refused_while_a_bug_may_be_in_what_is_not_here(desk: Desk, better: Any) -> None:
    lab, leaky = desk.lab, better.git('rev-parse', 'HEAD').stdout.strip()
    lab.git('worktree', 'add', '-q', '-b', 'exp/next', '5_worktrees/next', leaky)
    place = lab.at('5_worktrees/next')
    place.write('model.py', 'score = 2.0  # smaller\n')
    last = place.commit('exp(next): smaller')
    lab.write('helper.py', 'x = 1\n')
    lab.commit('a helper')
    place.git('merge', '-q', '--no-edit', 'main')
    desk.measured(place, 2.0, 2.01, 2.02)
    lab.ok('supersede', 'idea', '--bug', 'leak', '--commit', leaky, '--yes')
    shallow = lab.write('.git/shallow', f'{last}\n')

    assert place.exp('submit') == 3
    assert 'its history is cut off within the range\nhint: git fetch --unshallow\n' in place.talk
    shallow.unlink()
    assert place.exp('submit') == 3 and f"what would merge holds {leaky}, which brought the bug 'leak'" in place.talk
    assert desk.pushed('next') == ''


def test_the_trunk_must_not_have_moved_under_the_measurement(desk: Desk, better: Any) -> None:
    desk.lab.write('helper.py', 'x = 1\n')
    desk.lab.commit('a helper')

    assert better.exp('submit') == 3
    assert better.talk == (
        "git exp: what would merge is not what was measured: since 'exp/idea' left it, 'main' has changed 'helper.py'\n"
        f"hint: cd '{better.path}' && git merge main && git exp eval --seeds 3\n"
    )
    assert (desk.pushed('idea'), desk.texts) == ('', [])

    better.git('merge', '-q', 'main')
    desk.measured(better, 2.0, 2.01, 2.02)
    assert better.exp('submit') == 3
    assert better.talk == (
        "git exp: 'main' has changed 'helper.py' since it was measured: nobody knows what 'exp/idea' gains of itself\n"
        'hint: git exp baseline\n'
    )
    assert (desk.pushed('idea'), desk.texts) == ('', [])

    desk.baseline()
    better.ok('submit')


@pytest.mark.parametrize('path', ['README.md', 'docs/guide.rst', 'LICENSE', '.github/workflows/ci.yml', 'program.md'])
def test_papers_of_the_project_need_no_new_baseline(desk: Desk, path: str) -> None:
    desk.baseline()
    desk.lab.write(path, 'new\n')
    desk.lab.commit('a paper', META_MODE='1')
    desk.measured(desk.experiment('idea'), 2.0, 2.01, 2.02)

    desk.lab.ok('submit', 'idea')


def test_unless_an_experiment_is_about_them(make_lab: Make) -> None:
    desk = Desk(make_lab(config=CONFIG.replace('rules:\n', 'rules:\n  variable: [model.py, "*.md"]\n')))
    desk.baseline()
    desk.lab.write('prompt.md', 'think\n')
    desk.lab.commit('a prompt')
    desk.measured(desk.experiment('idea'), 2.0, 2.01, 2.02)

    assert desk.lab.exp('submit', 'idea') == 3 and "'main' has changed 'prompt.md' since it was measured" in desk.lab.talk


def test_a_trunk_whose_measurement_was_retired_is_measured_again(desk: Desk) -> None:
    """Else the gain of a winner would be that of whoever begins where it is merged."""
    desk.baseline()
    won = desk.experiment('won')
    covers = desk.measured(won, 2.0, 2.01, 2.02)
    desk.lab.git('merge', '-q', '--no-edit', 'exp/won')
    idea = desk.experiment('idea')
    idea.write('model.py', 'score = 2.0  # nothing\n')
    idea.commit('exp(idea): nothing')
    desk.measured(idea, 2.0, 2.01, 2.02)
    assert desk.lab.exp('submit', 'idea') == 1
    desk.supersede('won', 'odd', covers)

    assert desk.lab.exp('submit', 'idea') == 3
    assert "'main' has changed 'model.py' since it was measured: nobody knows what 'exp/idea' gains of itself" in desk.lab.talk
    desk.baseline(2.0)
    assert desk.lab.exp('submit', 'idea') == 1


def test_a_trunk_of_which_nothing_counts_is_measured_again(desk: Desk, better: Any) -> None:
    desk.measured(desk.experiment('next', 1.0), 1.0, 1.01, 1.02)
    baseline = [row.id for row in read.read(Lab.find(desk.lab.path)).results if row.kind is Kind.BASELINE]
    desk.supersede('baseline', 'odd', baseline)

    assert better.exp('submit', 'next') == 3
    assert better.talk == (
        "git exp: 'main' has no result that counts as it is now: nobody knows what 'exp/next' gains of itself\nhint: git exp baseline\n"
    )
    desk.baseline()
    better.ok('submit', 'next')


def test_a_trunk_that_its_remote_is_ahead_of_is_pulled_first(desk: Desk, better: Any) -> None:
    """Else what would merge is held against what nobody will merge it into; what changes no value is in nobody's way."""
    def elsewhere(path: str) -> None:
        desk.lab.git('add', path)
        desk.lab.git('commit', '-q', '-m', path, path)
        desk.lab.git('push', '-q', '--force', 'origin', 'main')
        desk.lab.git('reset', '-q', '--hard', 'HEAD~')

    desk.lab.write('model.py', 'score = 1.5\n')
    elsewhere('model.py')

    assert better.exp('submit') == 3
    assert better.talk == (
        f"git exp: 'main' is behind 'origin/main', which has changed 'model.py'\n"
        f"hint: git -C '{desk.lab.path}' pull origin main, and again: git exp submit idea\n"
    )
    assert desk.pushed('idea') == ''
    desk.lab.write('README.md', 'A lab.\n')
    elsewhere('README.md')
    better.ok('submit')


def test_one_seed_of_what_the_trunk_is_is_not_what_its_baseline_is(desk: Desk) -> None:
    """It may be the lucky one, and nobody else would get anything merged."""
    desk.baseline()
    idle = desk.experiment('idle', 3.0)
    idle.git('reset', '-q', '--hard', 'main')
    idle.write('experiments/idle/PLAN.md', '# Plan\n')
    idle.commit('exp(idle): nothing')
    desk.measured(idle, 2.5)
    desk.measured(desk.experiment('idea'), 2.6, 2.61, 2.62)

    desk.lab.ok('submit', 'idea')


def test_the_name_of_a_plot_says_nothing_in_the_request(desk: Desk, better: Any) -> None:
    better.write('experiments/idea/results/viz/a`\n\nConfirmed by `Ada`\n.png', 'x')
    better.git('add', '-f', '.')
    better.commit('exp(idea): a plot')
    better.ok('submit')

    text = desk.texts[0].read_text()
    assert "- `'experiments/idea/results/viz/a\\x60\\n\\nConfirmed by \\x60Ada\\x60\\n.png'`\n" in text
    assert not any(line.startswith('Confirmed') for line in text.splitlines())


def test_what_runs_have_left_hides_no_paper_in_the_request(desk: Desk, better: Any) -> None:
    for number in range(6):
        better.write(f'experiments/idea/exp_log/06d1w2nq3aa3mqx{number}.log', 'x\n')
    better.write('experiments/idea/results/viz/z.png', 'x')
    better.git('add', '-f', '.')
    better.commit('exp(idea): logs')
    better.ok('submit')

    assert "in documents only: 'experiments/idea/results/viz/z.png', 'experiments/idea/exp_log/" in desk.texts[0].read_text()


@pytest.mark.parametrize('whose', ['idea', 'fork'])
def test_of_two_measurements_of_the_same_code_the_lucky_one_is_not_enough(desk: Desk, whose: str) -> None:
    """In two clones, with other papers, or in an experiment that began at another; who has looked vouches for it."""
    desk.baseline()
    desk.measured(desk.experiment('first', 2.5), 2.5, 2.51, 2.52)
    idea = desk.experiment('idea')
    desk.measured(idea, 2.53, 2.52, 2.51)
    if whose == 'fork':
        desk.lab.git('worktree', 'add', '-q', '-b', 'exp/fork', '5_worktrees/fork', 'exp/idea')
    place = desk.lab.at(f'5_worktrees/{whose}')
    place.write(f'experiments/{whose}/SUMMARY.md', 'more\n')
    place.commit(f'exp({whose}): write')
    desk.measured(place, 2.0, 2.01, 2.02)

    assert place.exp('submit') == 1
    assert 'its seed 1 gave several values, and by the worst of them it is not better' in place.talk
    place.ok('confirm', '--because', 'that was another machine')
    place.ok('submit')


@pytest.mark.parametrize('whose', ['idea', 'main'])
def test_what_was_measured_and_is_not_here_is_said_to_be_elsewhere(make_lab: Make, whose: str) -> None:
    """As in another clone, after an amend."""
    desk = Desk(make_lab())
    place = desk.experiment('idea')
    if whose == 'idea':
        desk.baseline()
    desk.measured(place, 2.0, 2.01, 2.02)
    gone = ('3' * 40, '4' * 40)
    rows = [
        Result(f'{700 + seed:016}', '2026-03-02T00:00:00+00:00', 'idea' if whose == 'idea' else 'baseline',
               Kind.EVAL if whose == 'idea' else Kind.BASELINE, commit=gone[0], tree=gone[1], value=3.0 + seed / 100, seed=seed,
               eval_id=desk.eval_id) for seed in (1, 2, 3)
    ]
    write.append(Lab.find(desk.lab.path), rows)
    if whose == 'idea':
        place.write('model.py', 'score = 1.0\n')
        place.commit('exp(idea): and on')

    assert place.exp('submit') == 3
    said = "3333333 of 'exp/idea' is not here" if whose == 'idea' else "'main' was measured at 3333333, which is not here"
    assert said in place.talk


@pytest.mark.parametrize('path, code', [('experiments/other/net.py', 3), ('experiments/other/PLAN.md', 0), ('RESEARCH_JOURNAL.md', 0)])
def test_a_winner_was_measured_without_what_the_trunk_got_beside_it(desk: Desk, path: str, code: int) -> None:
    desk.baseline()
    won = desk.experiment('won')
    desk.measured(won, 2.0, 2.01, 2.02)
    desk.lab.git('merge', '-q', '--no-edit', 'exp/won')
    desk.lab.write(path, '# Research journal\n\n## 2026-01-01 start\nfirst entry\n')
    desk.lab.commit('and more')
    desk.measured(desk.experiment('idea', 1.0), 1.0, 1.01, 1.02)

    assert desk.lab.exp('submit', 'idea') == code, desk.lab.talk


@pytest.mark.parametrize('how', ['merged', 'amended', 'squashed', 'another tree'])
def test_what_the_trunk_has_of_an_experiment_is_no_gain_again(desk: Desk, how: str) -> None:
    desk.baseline()
    idea = desk.experiment('idea')
    desk.measured(idea, 2.0, 2.01, 2.02)
    if how == 'amended':
        idea.git('commit', '-q', '--amend', '-m', 'exp(idea): another title')
    elif how == 'another tree':
        idea.git('reset', '-q', '--hard', 'main')
        idea.write('model.py', 'score = 2  # as good\n')
        idea.commit('exp(idea): written otherwise')
        desk.measured(idea, 2.0, 2.01, 2.02)
    desk.lab.ok('submit', 'idea')
    desk.lab.git('merge', '-q', *(['--squash'] if how == 'squashed' else ['--no-ff', '--no-edit']), 'exp/idea')
    desk.lab.git('commit', '-q', '--allow-empty', '-m', 'idea')
    idea.git('merge', '-q', '--no-edit', 'main')
    idea.write('model.py', 'score = 2.0  # nothing\n')
    idea.commit('exp(idea): nothing')
    desk.measured(idea, 2.0, 2.01, 2.02)
    desk.lab.git('branch', 'exp/other', 'exp/idea')

    assert idea.exp('submit') == 1 and "'exp/idea' is not better than its own" in idea.talk
    assert idea.exp('submit', 'other') == 1 and "'exp/other' is not better than idea v1" in idea.talk


def test_what_was_taken_back_on_the_trunk_is_a_gain_again(desk: Desk) -> None:
    """By a plain revert, which leaves the papers."""
    desk.baseline()
    idea = desk.experiment('idea')
    desk.measured(idea, 2.0, 2.01, 2.02)
    desk.lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/idea')
    desk.lab.write('model.py', 'score = 3.0\n')
    desk.lab.commit('the code goes back')
    idea.git('merge', '-q', '--no-edit', 'main')
    idea.write('model.py', 'score = 2.0  # mended\n')
    idea.commit('exp(idea): again')
    desk.measured(idea, 2.0, 2.01, 2.02)

    idea.ok('submit')


def test_data_that_an_experiment_appends_is_a_gain(make_lab: Make) -> None:
    desk = Desk(make_lab(config=CONFIG.replace('append-bottom: [', 'append-bottom: ["data/*.txt", ')))
    desk.lab.write('data/steps.txt', '3\n')
    desk.lab.commit('data')
    desk.baseline()
    idea = desk.experiment('idea', 3.0)
    idea.write('data/steps.txt', '3\n2\n')
    idea.commit('exp(idea): more data')
    desk.measured(idea, 2.0, 2.01, 2.02)

    idea.ok('submit')


def test_the_trunk_may_go_on_where_nothing_is_measured(desk: Desk, better: Any) -> None:
    desk.lab.write('RESEARCH_JOURNAL.md', '# Research journal\n\n## 2026-02-01 next\nentry\n\n## 2026-01-01 start\nfirst entry\n')
    desk.lab.write('experiments/other/PLAN.md', '# Plan\n')
    desk.lab.write('experiments/other/step.py', 'x = 1\n')
    desk.lab.commit('journal, results.tsv and another experiment')

    better.ok('submit')


def test_what_the_trunk_has_changed_in_other_experiments_is_in_the_request(desk: Desk) -> None:
    desk.lab.write('experiments/other/net.py', 'gain = 0\n')
    desk.lab.write('experiments/other/PLAN.md', '# Plan\n')
    desk.lab.commit('another experiment')
    better = desk.experiment('idea', 2.0)
    desk.measured(better, 2.0, 2.01, 2.02)
    desk.lab.write('experiments/other/net.py', 'gain = 7\n')
    desk.lab.write('experiments/other/PLAN.md', '# Plan\n\nmore\n')
    desk.lab.write('experiments/third/net.py', 'gain = 0\n')
    desk.lab.commit('it goes on')

    said = "\n- not measured with it: what 'main' has changed in other experiments since: 'experiments/other/net.py'\n"
    assert said in better.ok('submit')


def test_a_loser_is_pushed_and_told_by_how_much(desk: Desk, better: Any) -> None:
    worse = desk.experiment('second', 2.5)
    desk.measured(worse, 2.5, 2.51, 2.52)

    assert worse.exp('submit') == 1
    assert worse.said == ''
    lines = worse.talk.splitlines()
    assert lines[0] == "exp/second pushed to 'origin'"
    assert lines[1].startswith("git exp: 'exp/second' is not better than idea v1: loss 0.5 is beyond the noise (p ")
    assert 'noise sd 0.01' in lines[1] and lines[2] == 'hint: git exp show second'
    assert desk.pushed('second') and desk.texts == []

    assert worse.exp('submit', '--json') == 1
    said = json.loads(worse.said)
    assert (said['verdict'], said['against'], said['request'], said['gain']) == ('worse', 'idea v1', None, pytest.approx(-0.5))


def test_a_gain_within_the_noise_is_no_gain(desk: Desk, better: Any) -> None:
    place = desk.experiment('second', 1.99)
    desk.measured(place, 2.03, 1.95, 2.01)

    assert place.exp('submit') == 1
    assert "'exp/second' is not better than idea v1: gain 0.0133 is within the noise" in place.talk


def test_the_request_compares_with_the_best_and_with_the_baseline(desk: Desk, better: Any) -> None:
    place = desk.experiment('second', 1.5)
    desk.measured(place, 1.5, 1.51, 1.52)
    place.ok('submit')

    text = desk.texts[0].read_text()
    assert text.startswith('# exp(second): score 1.5100, 0.5000 better than idea v1\n')
    assert '| idea v1 | 3 | 2.0100 | 0.01 | +0.5000 | ' in text and '| the baseline | 3 | 3.0100 | 0.01 | +1.5000 | ' in text


def test_an_experiment_does_not_compete_with_its_own_past_but_must_not_fall_behind_it(desk: Desk, better: Any) -> None:
    better.write('model.py', 'score = 2.001\n')
    better.commit('exp(idea): the same in fewer lines')
    desk.measured(better, 2.001, 2.011, 2.021)
    better.ok('submit')
    assert 'better than the baseline' in desk.texts[0].read_text().split('\n')[0]

    better.write('model.py', 'score = 2.6\n')
    better.commit('exp(idea): too few lines')
    desk.measured(better, 2.6, 2.61, 2.62)
    assert better.exp('submit') == 1
    assert re.search("'exp/idea' is not better than its own [0-9a-f]{7}: loss 0.6 is beyond the noise", better.talk)


def test_a_tree_of_wild_seeds_does_not_stand_in_for_the_own_champion(desk: Desk) -> None:
    place = desk.experiment('idea')
    desk.measured(place, 2.4, 2.41, 2.42)
    champion = place.git('rev-parse', '--short=7', 'HEAD').stdout.strip()
    for score, values in (('wild', (1.0, 3.6)), ('2.8', (2.8, 2.81, 2.82))):
        place.write('model.py', f'score = {score}\n')
        place.commit(f'exp(idea): {score}')
        desk.measured(place, *values)

    assert place.exp('submit') == 1 and not desk.texts
    assert f"'exp/idea' is not better than its own {champion}: loss 0.4 is beyond the noise" in place.talk
    assert place.talk.endswith(f'\nhint: what has changed since: git diff {champion} exp/idea\n')


def test_a_jump_is_not_requested_until_somebody_vouches_for_it(desk: Desk) -> None:
    honest = desk.experiment('honest', 2.9)
    desk.measured(honest, 2.9, 2.91, 2.92)
    place = desk.experiment('idea')
    desk.measured(place, 0.5, 0.51, 0.52)

    assert place.exp('submit') == 1
    assert "'exp/idea' is not confirmed: gain 2.4 is more than 10 times everything gained before" in place.talk
    assert 'git exp confirm idea --because WHY' in place.talk and desk.texts == []

    tree = place.git('rev-parse', 'HEAD^{tree}').stdout.strip()
    params = {'confirms': tree, 'by': 'Ada <ada@example.org>', 'because': 'looked\n# at `it`'}
    write.append(Lab.find(desk.lab.path), [Result('9', '', 'idea', Kind.CONFIRM, eval_id=desk.eval_id, params=params)])
    place.ok('submit')
    assert "Confirmed by `Ada <ada@example.org>`: `looked # at 'it'`" in desk.texts[0].read_text()


def test_a_part_of_the_seeds_is_not_requested(desk: Desk) -> None:
    place = desk.experiment('idea')
    desk.measured(place, 2.0, 2.01)

    assert place.exp('submit') == 1
    assert "'exp/idea' is not better than the baseline yet: gain 1 is beyond" in place.talk
    assert 'but only 2 of the 3 seeds that decide have a value\nhint: git exp eval -e idea --seeds 3\n' in place.talk and desk.texts == []


def test_without_noise_it_says_what_would_settle_it(lab: Any) -> None:
    desk = Desk(lab)
    place = desk.experiment('idea')
    desk.measured(place, 2.0)
    assert place.exp('submit') == 1
    assert place.talk.endswith("'exp/idea' cannot be judged: there is nothing to compare it with\nhint: git exp baseline\n")

    desk.measured(lab, 3.0, kind=Kind.BASELINE)
    assert place.exp('submit') == 1
    assert "'exp/idea' cannot be judged against the baseline: gain 1, but the noise is not known" in place.talk
    assert place.talk.endswith('hint: git exp baseline --seeds 3, and: git exp eval --seeds 3\n')
    assert desk.pushed('idea') and desk.texts == []


def test_superseded_ground_is_refused(desk: Desk, better: Any) -> None:
    desk.supersede('idea', 'val-leak', ['0000000000000004', '0000000000000005', '0000000000000006'])
    better.write('experiments/idea/PLAN.md', '# Plan\n\nroot cause\n')
    better.commit('exp(idea): supersede v1')

    assert better.exp('submit') == 3
    assert better.talk == (
        "git exp: what 'exp/idea' holds is superseded by the bug 'val-leak'\nhint: mend it, commit, then: git exp eval --seeds 3\n")
    assert desk.pushed('idea') == ''


def test_only_the_labs_own_evaluation_counts(lab: Any) -> None:
    """Not one of before, nor one with ARGS that somebody has chosen, also while the lab's own has measured nothing."""
    desk = Desk(lab)
    desk.measured(lab, 4.0, 4.01, 4.02, kind=Kind.BASELINE, eval_id='other')
    place = desk.experiment('idea')
    desk.measured(place, 2.0, 2.01, 2.02, eval_id='other')

    assert place.exp('submit') == 3 and desk.pushed('idea') == ''
    assert "what 'exp/idea' holds has no result that counts today" in place.talk
    assert lab.ok('best').startswith('idea v1: score 2.0100')
    assert lab.talk == "the lab's own evaluation has measured nothing that counts; this is by another, other\nhint: git exp baseline\n"

    desk.baseline()
    desk.measured(place, 2.0, 2.01, 2.02)
    place.ok('submit')
    lab.ok('best')
    assert lab.talk == ''


def test_nothing_measured_nothing_to_merge_nothing_there(desk: Desk) -> None:
    place = desk.experiment('idea')
    assert place.exp('submit') == 3
    assert place.talk.startswith("git exp: nothing of 'exp/idea' is measured\n")

    desk.lab.git('branch', 'exp/empty')
    assert desk.lab.exp('submit', 'empty') == 3
    assert desk.lab.talk == "git exp: there is nothing to merge: 'main' holds all of 'exp/empty'\n"

    assert desk.lab.exp('submit', 'none') == 3
    assert desk.lab.talk == "git exp: there is no experiment 'none'\nhint: git exp list\n"
    assert desk.lab.exp('submit') == 3


def test_what_is_worse_than_a_trunk_that_has_gone_on_is_told_what_it_lacks(desk: Desk) -> None:
    desk.baseline()
    idea = desk.experiment('idea')
    desk.measured(idea, 2.8, 2.81, 2.82)
    desk.measured(desk.experiment('first', 2.5), 2.5, 2.51, 2.52)
    desk.lab.git('merge', '-q', '--no-ff', 'exp/first')

    assert idea.exp('submit') == 1 and 'not better than first v1' in idea.talk
    way = f"cd '{idea.path}' && git merge main && git exp eval --seeds 3"
    assert idea.talk.endswith(f"hint: it lacks what 'main' has changed, 'model.py': {way}\n")


def test_what_a_revert_took_back_comes_back_by_another(desk: Desk, better: Any) -> None:
    desk.lab.git('merge', '-q', '--no-ff', 'exp/idea')
    desk.lab.git('revert', '--no-edit', '-m', '1', 'HEAD')
    led_back = desk.lab.git('rev-parse', '--short=7', 'HEAD').stdout.strip()

    assert better.exp('submit') == 3
    assert f"'main' has had all of 'exp/idea', and {led_back} took it back" in better.talk
    desk.lab.git('revert', '--no-edit', led_back)
    assert better.exp('submit') == 3
    assert better.talk == "git exp: there is nothing to merge: 'main' holds all of 'exp/idea'\n"


def test_a_person_takes_a_revert_back_on_a_guarded_trunk(desk: Desk, better: Any) -> None:
    desk.lab.write('gitexp.yaml', f'{CONFIG}trunk: {{name: main, guarded: true}}\n')
    desk.lab.commit('guarded')
    desk.lab.git('merge', '-q', '--no-ff', 'exp/idea')
    desk.lab.git('revert', '--no-edit', '-m', '1', 'HEAD')
    desk.lab.ok('hook', 'install')

    assert better.exp('submit') == 3
    way = better.talk.splitlines()[-1].partition(f"a person can have it again: git -C '{desk.lab.path}' ")[2]
    command, said = way.split(', and ')
    desk.lab.git(*command.split())
    assert said == 'a commit in meta mode'
    desk.lab.git('commit', '-q', '-m', 'again', META_MODE='1')
    assert better.exp('submit') == 3 and "'main' holds all of 'exp/idea'" in better.talk


def test_a_closed_experiment_can_be_submitted_from_the_root(desk: Desk, better: Any) -> None:
    desk.lab.git('worktree', 'remove', '5_worktrees/idea')

    desk.lab.ok('submit', 'idea')
    assert desk.pushed('idea') and len(desk.texts) == 1
    way = f"git worktree add '{better.path}' exp/idea && cd '{better.path}'"
    assert f'hint: nothing is drawn: {way}, then git exp results idea' in desk.lab.talk

    desk.lab.write('model.py', 'score = 2.5\n')
    desk.lab.commit('a change of the trunk')
    assert desk.lab.exp('submit', 'idea') == 3
    assert desk.lab.talk.endswith(f'hint: {way} && git merge main && git exp eval --seeds 3\n')


def test_what_is_not_committed_is_left_out_and_said(desk: Desk, better: Any) -> None:
    better.write('model.py', 'score = 0.1\n')

    better.ok('submit')
    assert f"what is not committed is left out: 1 file in '{better.path}'\n" in better.talk


def test_a_relative_remote_counts_from_the_root(desk: Desk, better: Any) -> None:
    desk.lab.git('remote', 'set-url', 'origin', '../shared.git')

    better.ok('submit')
    assert desk.pushed('idea') and f'    git fetch {desk.remote} exp/idea\n' in desk.texts[0].read_text(), 'it is read elsewhere'


@pytest.mark.parametrize('more, way', [
    ('', 'META_MODE=1 git merge --no-ff'), ('signers: ["ada@example.org ssh-ed25519 AAAA"]\n', 'META_MODE=1 git merge --no-ff -S'),
])
def test_a_guarded_trunk_is_merged_into_as_its_server_asks(desk: Desk, better: Any, more: str, way: str) -> None:
    desk.lab.write('gitexp.yaml', f'{CONFIG}trunk: {{name: main, guarded: true}}\n{more}')
    desk.lab.commit('guarded')
    better.ok('submit')
    head = better.git('rev-parse', 'HEAD').stdout.strip()
    assert f'    git switch main\n    {way} {head}\n' in desk.texts[0].read_text()


def test_a_remote_may_be_a_path(desk: Desk, better: Any) -> None:
    desk.lab.git('clone', '-q', '--bare', str(desk.remote), str(desk.remote.parent / "the team's.git"))
    desk.remote = desk.remote.parent / "the team's.git"
    better.ok('submit', '--remote', str(desk.remote))

    assert desk.pushed('idea')
    fetch = next(line for line in desk.texts[0].read_text().splitlines() if line.startswith('    git fetch '))
    assert shlex.split(fetch) == ['git', 'fetch', str(desk.remote), 'exp/idea'] and fetch.endswith("s.git' exp/idea")


def test_a_hint_names_a_remote_as_a_shell_takes_it(desk: Desk, better: Any) -> None:
    better.ok('submit')
    other = desk.remote.rename(desk.remote.parent / 'the team.git')
    better.git('commit', '-q', '--amend', '--allow-empty', '-m', 'exp(idea): try again')
    desk.measured(better, 2.0, 2.01, 2.02)

    assert better.exp('submit', '--remote', str(other)) == 3
    assert f"hint: git fetch '{other}' && git fetch '{other}' exp/idea && git merge FETCH_HEAD" in better.talk


def test_a_remote_that_is_a_mirror_takes_a_branch_as_any_other(desk: Desk, better: Any) -> None:
    desk.lab.git('config', 'remote.origin.mirror', 'true')
    better.ok('submit')

    assert desk.pushed('idea')


def test_a_password_in_a_url_stays_out_of_the_text(desk: Desk, better: Any) -> None:
    desk.lab.git('remote', 'set-url', 'origin', 'http://someone:secret@127.0.0.1:1/x.git')
    desk.lab.git('remote', 'set-url', '--push', 'origin', str(desk.remote))
    better.ok('submit')

    text = desk.texts[0].read_text()
    assert '    git fetch http://127.0.0.1:1/x.git exp/idea\n' in text
    assert '`git request-pull` said: ' in text and 'secret' not in text + better.talk


@pytest.mark.parametrize('how', ['the terminal', 'a name'])
def test_what_is_no_utf_8_keeps_nobody_from_asking(desk: Desk, better: Any, how: str) -> None:
    if how == 'the terminal':
        better.git('commit', '-q', '--amend', '-m', 'exp(idea): größer')
        better.git('config', 'i18n.logOutputEncoding', 'ISO-8859-1')
    else:
        better.git('config', 'core.quotePath', 'false')
        better.write(os.fsdecode(b'gr\366\337er.txt'), '')
        better.commit('exp(idea): a name')
    desk.measured(better, 2.0, 2.01, 2.02)
    better.ok('submit')

    assert ('größer'.encode() if how == 'the terminal' else b'gr\366\337er.txt') in desk.texts[0].read_bytes()


def test_no_remote(desk: Desk, better: Any) -> None:
    assert better.exp('submit', '--remote', 'upstream') == 3
    assert better.talk == "git exp: there is no remote 'upstream'\nhint: git exp submit --remote origin\n"

    desk.lab.git('remote', 'remove', 'origin')
    assert better.exp('submit') == 3
    alone = 'where it is better, by yourself in root: git merge --no-ff exp/idea, then git exp baseline'
    assert better.talk == f"git exp: there is no remote 'origin'\nhint: git remote add origin URL; or {alone}\n"


def test_a_remote_that_is_not_there(desk: Desk, better: Any) -> None:
    desk.lab.git('remote', 'set-url', 'origin', str(desk.remote.parent / 'gone.git'))
    assert better.exp('submit') == 3
    assert better.talk.startswith("git exp: 'exp/idea' could not be pushed to 'origin'\n    fatal: ")

    desk.lab.git('remote', 'set-url', 'origin', 'http://someone:secret@127.0.0.1:1/x.git')
    assert better.exp('submit') == 3
    assert better.talk.startswith("git exp: 'origin' cannot be reached\n") and 'secret' not in better.talk
    assert desk.texts == []


def test_commits_of_others_are_never_overwritten(desk: Desk, better: Any) -> None:
    clone = desk.lab.at('../clone')
    desk.lab.git('push', '-q', 'origin', 'main', 'exp/idea')
    desk.lab.git('clone', '-q', str(desk.remote), '../clone')
    assert clone.write('eval.py', '# as the trunk has it now\n') and clone.commit('the trunk goes on') and clone.git('push', '-q')
    clone.git('checkout', '-q', 'exp/idea')
    clone.git('merge', '-q', '-m', 'exp(idea): merge main', 'main')
    theirs = clone.write('theirs.py', 'x = 1\n') and clone.commit('theirs')
    clone.git('push', '-q')
    better.write('experiments/idea/PLAN.md', '# Plan\n\nours\n')
    better.commit('exp(idea): ours')

    assert better.exp('submit') == 3
    assert better.talk.startswith("git exp: 'exp/idea' on 'origin' has commits that are not in yours (")
    assert 'hint: git fetch origin && git fetch origin exp/idea && git merge FETCH_HEAD && git exp eval\n' in better.talk
    assert (desk.pushed('idea'), desk.texts) == (theirs, [])
    desk.lab.ok('hook', 'install')
    for words in better.talk.split('hint: ')[1].split(' && ')[:-1]:
        better.git(*words.split()[1:])


def test_a_branch_that_is_written_anew_goes_over_what_it_was(desk: Desk, better: Any) -> None:
    better.ok('submit')
    better.git('commit', '-q', '--amend', '-m', 'exp(idea): said better')

    assert better.exp('submit') == 3
    assert better.talk.endswith('hint: git push --force-with-lease origin exp/idea, then again: git exp submit idea\n')
    better.git('push', '-q', '--force-with-lease', 'origin', 'exp/idea')
    better.ok('submit')


def test_a_server_that_says_no_is_quoted(desk: Desk, better: Any) -> None:
    hook = desk.remote / 'hooks' / 'pre-receive'
    hook.write_text('#!/bin/sh\necho no entry before noon >&2\nexit 1\n')
    hook.chmod(0o755)

    assert better.exp('submit') == 3
    assert better.talk.startswith("git exp: 'origin' rejected 'exp/idea': pre-receive hook declined\n")
    assert '    remote: no entry before noon' in better.talk and desk.texts == []
    assert better.talk.endswith('hint: what it said is above; then again: git exp submit idea\n')

    hook.write_text('#!/bin/sh\necho "    do:   wait until noon" >&2\nexit 1\n')
    assert better.exp('submit') == 3
    assert better.talk.endswith("hint: what to do stands above, behind 'do:'; then again: git exp submit idea\n")


def test_where_the_trunk_was_not_pushed_first_that_is_said(desk: Desk, better: Any) -> None:
    desk.lab.git('push', '-q', 'origin', 'main')
    desk.lab.write('README.md', 'new\n')
    desk.lab.commit('the trunk goes on')
    better.git('merge', '-q', '--no-edit', 'main')
    desk.baseline()
    desk.measured(better, 2.0, 2.01, 2.02)
    hook = desk.remote / 'hooks' / 'pre-receive'
    hook.write_text('#!/bin/sh\nexit 1\n')
    hook.chmod(0o755)

    assert better.exp('submit') == 3
    assert better.talk.startswith("git exp: 'main' is ahead of 'origin/main', and 'exp/idea' has taken that in\n")
    assert better.talk.endswith('hint: git push origin main, then again: git exp submit idea\n')


def test_a_hook_that_says_no_is_quoted(desk: Desk, better: Any) -> None:
    hook = desk.lab.path / '.git' / 'hooks' / 'pre-push'
    hook.write_text('#!/bin/sh\necho eval.py: frozen >&2\nexit 1\n')
    hook.chmod(0o755)

    assert better.exp('submit') == 3
    assert better.talk.startswith("git exp: the pre-push hook stopped 'exp/idea'\n    eval.py: frozen\n")
    assert better.talk.endswith('hint: git exp check rules main..exp/idea\n') and desk.texts == []


@pytest.fixture
def closed_server() -> Iterator[str]:
    """A server that wants a password for everything."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header('WWW-Authenticate', 'Basic realm="here"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f'http://127.0.0.1:{server.server_address[1]}/x.git'
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_password_is_never_waited_for(desk: Desk, better: Any, closed_server: str) -> None:
    desk.lab.git('remote', 'set-url', 'origin', closed_server)

    assert better.exp('submit') == 3
    assert better.talk.startswith("git exp: 'origin' wants to know who you are\n")
    assert better.talk.endswith('hint: git push origin exp/idea\n')


def test_ssh_is_not_asked_for_a_password_unless_it_is_set_up_to(desk: Desk, better: Any, tmp_path: Path) -> None:
    fake, log = tmp_path / 'bin' / 'ssh', tmp_path / 'log'
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\necho Permission denied >&2\nexit 255\n')
    fake.chmod(0o755)
    desk.lab.git('remote', 'set-url', 'origin', 'git@example.org:lab.git')
    path = f'{fake.parent}:{better.env.get("PATH", "")}:/usr/bin:/bin'

    assert better.exp('submit', PATH=path) == 3
    assert "'origin' wants to know who you are" in better.talk
    assert '-o BatchMode=yes' in log.read_text()

    log.write_text('')
    desk.lab.git('config', 'core.sshCommand', f'{fake} -v')
    assert better.exp('submit', PATH=path) == 3
    assert 'BatchMode' not in log.read_text() and '-v' in log.read_text()


def test_the_real_thing(desk: Desk) -> None:
    """Measured and handed over by the program itself, hooks and all."""
    lab = desk.lab
    for name in ('results.tsv', '.git/exp/own-rows.tsv'):
        (lab.path / name).unlink()
    lab.ok('hook', 'install')
    lab.ok('baseline')
    lab.ok('new', 'idea')
    place = lab.at('5_worktrees/idea')
    place.write('model.py', 'score = 2.0\n')
    place.commit('exp(idea): a smaller score')
    place.ok('eval', '--seeds', '3')
    said = place.ok('submit')

    assert said.startswith('# exp(idea): score 2.0020, 1.0000 better than the baseline\n')
    assert desk.pushed('idea') == place.git('rev-parse', 'HEAD').stdout.strip()
    place.ok('submit')
    assert len(desk.texts) == 1


def test_a_former_ledger_may_grow_and_forgets_no_bug(lab: Any) -> None:
    desk = Desk(lab)
    leak = desk.experiment('leak')
    desk.measured(leak, 2.0, 2.01, 2.02)
    bad = leak.git('rev-parse', 'HEAD').stdout.strip()
    lab.ok('supersede', '--bug', 'leak', '--commit', bad, '--yes')
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text() + 'paths: {ledger: two.tsv, former: [results.tsv]}\n')
    base = lab.commit('another ledger')
    with (lab.path / 'results.tsv').open('a') as file:
        file.write((lab.path / 'results.tsv').read_text().splitlines()[1].replace('leak', 'late') + '\n')
    lab.commit('rows')

    found = Lab.find(lab.path)
    said = spoilt.history(found, read.read(found), bad)
    assert said and said.bug == 'leak'
    assert ground.moved(found, Ground(bad, base, Standing('t', 'idea', 'v1', None, 'e', Kind.EVAL, Runs.of(()))), 'idea') == []


def test_a_request_tells_the_trunk_from_the_first_baseline(desk: Desk) -> None:
    first = desk.lab.git('rev-parse', '--short=7', 'main').stdout.strip()
    desk.lab.write('model.py', 'score = 2.9\n')
    desk.lab.git('commit', '-q', '-am', 'less', META_MODE='1')
    desk.lab.git('push', '-q', 'origin', 'main')
    desk.measured(desk.lab, 2.9, 2.91, 2.92, kind=Kind.BASELINE)
    trunk = desk.lab.git('rev-parse', '--short=7', 'main').stdout.strip()
    place = desk.experiment('idea')
    desk.measured(place, 2.0, 2.01, 2.02)
    said = place.ok('submit')

    assert f'0.9000 better than the trunk at {trunk}\n' in said
    assert f'\n| the trunk at {trunk} | 3 | 2.9100 |' in said and f'\n| the first baseline at {first} | 3 | 3.0100 |' in said
    assert f'"the trunk at {trunk}"' in place.ok('submit', '--json')


def test_a_tree_that_takes_away_what_the_trunk_has_of_its_own_is_not_requested(desk: Desk, better: Any) -> None:
    desk.measured(better.at('.'), 2.03, 2.02, 2.01, verdict='better')
    better.ok('submit')
    desk.lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/idea')
    desk.lab.git('push', '-q', str(desk.remote), 'main')
    better.write('model.py', 'score = 2.015\n')
    better.commit('exp(idea): less')
    desk.measured(better.at('.'), 2.03, 2.05, 2.01)

    assert better.exp('submit') == 1
    assert "'exp/idea' is not better than its own " in better.talk
    better.write('model.py', 'score = 1.0\n')
    better.commit('exp(idea): more')
    desk.measured(better.at('.'), 1.0, 1.02, 1.01)
    assert '# exp(idea): ' in better.ok('submit')


def test_what_changes_nothing_that_is_measured_is_not_requested(desk: Desk, better: Any) -> None:
    """The trunk has it, be it by another experiment, or by a merge of an earlier commit."""
    better.ok('submit')
    desk.lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/idea')
    desk.lab.git('push', '-q', str(desk.remote), 'main')
    same = desk.experiment('same')
    same.git('reset', '-q', '--hard', 'exp/idea')
    desk.measured(same, 2.0)
    merged = same.git('rev-parse', '--short=7', 'HEAD').stdout.strip()
    for place in (better, same):
        place.write(f'experiments/{place.path.name}/SUMMARY.md', '# What came of it\n')
        place.commit('exp: a text')

        assert place.exp('submit') == 1
        assert f"'exp/{place.path.name}' is no gain: a merge would change nothing that is measured" in place.talk
        assert place.talk.endswith(f'hint: git diff {merged} exp/{place.path.name}\n')
        assert desk.pushed(place.path.name) == place.git('rev-parse', 'HEAD').stdout.strip(), 'it is pushed all the same'
    assert better.exp('submit', '--json') == 1 and json.loads(better.said)['request'] is None


def test_what_the_trunk_had_of_another_is_no_gain_of_a_copy(desk: Desk, better: Any) -> None:
    same = desk.experiment('same')
    same.git('rm', '-q', 'experiments/same/PLAN.md')
    same.write('experiments/idea/PLAN.md', '# Plan\n')
    same.write('model.py', 'score = 2.0\n')
    same.commit('exp(same): the same', )
    desk.measured(same, 2.0)
    assert same.git('rev-parse', 'HEAD^{tree}').stdout == better.git('rev-parse', 'HEAD^{tree}').stdout
    same.ok('submit')
    desk.lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/idea')

    assert same.exp('submit') == 1 and "'exp/same' is no gain" in same.talk


def test_what_submit_wants_confirmed_is_what_confirm_confirms(desk: Desk, better: Any) -> None:
    """A gain over what the trunk has of the experiment itself, of which a seed gave a better value as well."""
    desk.measured(better, 1.5)
    desk.measured(better, 2.0, verdict='better')
    desk.lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/idea')
    desk.lab.git('push', '-q', str(desk.remote), 'main')
    better.write('model.py', 'score = 1.9\n')
    better.commit('exp(idea): more')
    desk.measured(better, 1.9, 1.91, 1.92)

    assert better.exp('submit') == 1 and 'hint: look for a leak or a bug; where there is none: git exp confirm idea' in better.talk
    assert 'seed 1 of the other gave several values' in better.talk
    assert better.ok('confirm', '--because', 'that value was another machine').startswith('confirmed by ')
    assert 'exp(idea): ' in better.ok('submit')
