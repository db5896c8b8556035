"""What `best`, `list`, `show` and `status` say of a ledger."""
from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import notebook
from gitexp.core import locks
from gitexp.lab.lab import Lab
from gitexp.ledger import pending
from gitexp.ledger.result import Kind, Result
from notebook import Notebook, Said

Make = Callable[..., Any]
BEST = f"""\
higher-order v1: val_bpb 2.3600, 3 seeds, 0.5700 better than the baseline
  seeds     1, 2, 3
  sd        0.02
  commit    {'c' * 40}
  tree      {'c' * 40}
  verdict   better against the baseline
            gain 0.57 is beyond the noise (p 1.8e-08, noise sd 0.02, unpaired)
  baseline  2.9300 (n=3): better by 0.5700 (p 1.8e-08)
"""
LIST = """\
experiment    state   runs  n  val_bpb  vs base  verdict       last active (UTC)
higher-order  closed     3  3   2.3600  +0.5700  better        2026-03-01 00:05
crashes       rows       1  -        -        -  none counts   2026-03-01 00:06
wide-context  rows       5  3   2.3900  +0.5400  inconclusive  2026-03-01 00:12
idea          open       0  -        -        -  -             2026-03-02 08:00
"""
DAY = {'GIT_AUTHOR_DATE': '2026-03-02T10:00:00+0200', 'GIT_COMMITTER_DATE': '2026-03-02T10:00:00+0200'}


@pytest.fixture
def blank(make_lab: Make) -> Notebook:
    return notebook.blank(make_lab)


@pytest.fixture
def story(make_lab: Make) -> Notebook:
    return notebook.story(make_lab)


@pytest.fixture
def hooked(story: Notebook) -> Notebook:
    story.lab.ok('hook', 'install')
    return story


def opened(book: Notebook, slug: str) -> Any:
    """An experiment with one commit and a worktree; returns its place."""
    book.lab.git('worktree', 'add', '-q', '-b', f'exp/{slug}', f'5_worktrees/{slug}')
    place = book.lab.at(f'5_worktrees/{slug}')
    place.write('model.py', f'score = 2.0  # {slug}\n')
    place.git('commit', '-q', '-am', f'exp({slug}): try', **DAY)
    return place


def test_the_best_tree_is_shown_with_what_it_stands_on(story: Notebook) -> None:
    assert story.answers('best') == BEST

    said = json.loads(story.answers('best', '--json'))
    assert (said['experiment'], said['version'], said['n'], said['seeds'], said['mean']) == ('higher-order', 'v1', 3, [1, 2, 3], 2.36)
    assert (said['metric'], said['direction'], said['verdict']) == ('val_bpb', 'min', 'better')
    assert (said['confirmed'], said['flags']) == (True, [])
    assert said['gain'] == pytest.approx(0.57)
    assert (said['baseline']['verdict'], said['against']['kind']) == ('better', 'baseline')


def test_what_a_bug_has_spoilt_is_not_the_best_until_it_is_restored(blank: Notebook) -> None:
    blank.runs('baseline', 'b', [3.0, 3.1, 3.2])
    leak = blank.runs('leaky', 'a', [0.5, 0.6, 0.7])
    assert blank.answers('best').startswith('leaky v1: val_bpb 0.6000')

    retired = blank.supersede('leaky', 'val-leak', leak)
    assert blank.answers('best').startswith('the baseline: val_bpb 3.1000, 3 seeds\n')
    assert 'bug: val-leak' in blank.answers('list')

    blank.restore('leaky', retired)
    assert blank.answers('best').startswith('leaky v1: val_bpb 0.6000')


def test_nothing_measured_is_an_answer_of_no(blank: Notebook) -> None:
    assert blank.says('best') == Said(1, '', 'git exp: nothing is measured yet\nhint: git exp baseline\n')
    assert blank.says('best', '--json').code == 1

    spoilt = blank.runs('idea', 'a', [None])
    blank.supersede('idea', 'late-bug', spoilt)
    assert blank.says('best') == Said(1, '', 'git exp: nothing is measured that counts\nhint: git exp results\n')


def test_a_single_tree_is_provisional(blank: Notebook) -> None:
    blank.runs('idea', 'a', [1.0], commit=None)
    said = blank.answers('best')

    assert 'idea v1: val_bpb 1.0000, 1 seed\n' in said
    assert 'sd       unknown: one seed' in said
    assert 'verdict  provisional: there is nothing to compare it with' in said


def test_a_gain_too_good_to_be_believed_is_not_confirmed(blank: Notebook) -> None:
    blank.runs('baseline', 'b', [3.0, 3.01, 3.02])
    blank.runs('honest', 'a', [2.9, 2.91, 2.92])
    blank.runs('leaky', 'c', [0.5, 0.51, 0.52])

    said = blank.answers('best')
    assert 'provisional against honest v1' in said and 'not confirmed' in said and 'flag      jump' in said
    assert json.loads(blank.answers('best', '--json'))['flags'] == ['jump']
    assert 'provisional (jump)' in blank.answers('list')
    assert 'provisional (jump)' in blank.says('show', 'leaky').out
    assert '(a jump: not confirmed)' in blank.says('status').out


def test_higher_can_be_better(make_lab: Make) -> None:
    book = notebook.blank(make_lab, config=notebook.CONFIG.replace('direction: min', 'direction: max'))
    book.runs('baseline', 'b', [50.0, 51.0, 52.0])
    book.runs('worse', 'c', [40.0, 41.0, 42.0])
    book.runs('up', 'a', [60.0, 61.0, 62.0])

    assert book.answers('best').startswith('up v1: val_bpb 61.000, 3 seeds, 10.000 better than the baseline\n')
    assert [line.split()[5:7] for line in book.answers('list').splitlines()[1:]] == [['-10.000', 'worse'], ['+10.000', 'better']]


def test_a_gain_is_told_alike_everywhere(make_lab: Make) -> None:
    book = notebook.blank(make_lab)
    book.runs('baseline', 'b', [3.0, 3.1, 3.2])
    book.runs('idea', 'a', [2.5, 2.6, 2.7, 1.0, 1.1])
    listed, = json.loads(book.answers('list', '--json'))
    best = json.loads(book.answers('best', '--json'))

    assert listed['gain'] == best['gain'] == pytest.approx(0.5), 'the seeds that one side alone has run are no gain'


def test_what_is_kept_never_outlives_a_change_of_the_ledger(blank: Notebook) -> None:
    blank.runs('baseline', 'b', [3.0, 3.1, 3.2])
    ledger = blank.lab.path / 'results.tsv'
    (blank.lab.path / '.git/exp/own-rows.tsv').unlink()  # As of rows that others have measured.
    for value in ('2.0', '1.0', '9.0', '4.0'):
        text = ledger.read_text()
        ledger.write_text(text.replace('\t3.1\t', '\t3.2\t') if value == '2.0' else text.replace('\t3.2\t', f'\t{value}\t', 1))
        fresh = blank.answers('best')
        (blank.lab.path / '.git/exp/cache/best.json').unlink()
        assert fresh == blank.answers('best')

    (blank.lab.path / '.git/exp/cache/best.json').write_text('{"key": [], "over')
    assert blank.answers('best') == fresh


def test_what_is_kept_is_used(story: Notebook) -> None:
    ledger = story.lab.path / 'results.tsv'
    os.utime(ledger, ns=(1, 1))
    story.answers('best')
    kept = story.lab.path / '.git/exp/cache/best.json'
    said = json.loads(kept.read_text())
    kept.write_text(json.dumps({**said, 'overview': [None, [], False, 0, 0]}))
    changed = os.stat(ledger).st_ctime_ns
    os.utime(kept, ns=(changed + 10 ** 9, changed + 10 ** 9))

    assert story.says('best').code == 1


def test_where_hooks_are_put_into_a_clone_its_ledger_is_read(story: Notebook, tmp_path: Path) -> None:
    story.lab.commit('rows')
    story.lab.git('clone', '-q', '.', str(tmp_path / 'clone'))
    clone = story.lab.at(str(tmp_path / 'clone'))
    kept = clone.path / '.git/exp/cache/best.json'
    clone.ok('hook', 'install')
    later = os.stat(clone.path / 'results.tsv').st_ctime_ns + 10 ** 9
    os.utime(kept, ns=(later, later))
    said = kept.read_bytes()

    clone.ok('best')
    assert kept.read_bytes() == said and b'beyond the noise' in said


def test_what_is_kept_goes_with_the_configuration(blank: Notebook) -> None:
    blank.runs('low', 'a', [1.0])
    blank.runs('high', 'b', [2.0])
    assert blank.answers('best').startswith('low ')
    kept = blank.lab.path / '.git/exp/cache/best.json'
    later = os.stat(blank.lab.path / 'results.tsv').st_ctime_ns + 10 ** 9
    os.utime(kept, ns=(later, later))

    blank.lab.write('gitexp.yaml', notebook.CONFIG.replace('direction: min', 'direction: max'))
    blank.lab.git('commit', '-q', '-m', 'more is better', 'gitexp.yaml')
    assert blank.answers('best').startswith('high ')


def test_experiments_are_listed_the_newest_last(story: Notebook) -> None:
    opened(story, 'idea')
    story.lab.git('branch', 'exp/higher-order', 'main~0')
    story.lab.git('update-ref', 'refs/heads/exp/higher-order', story.lab.git(
        'commit-tree', '-m', 'old', 'main^{tree}', GIT_COMMITTER_DATE='2020-01-01T00:00:00Z').stdout.strip())

    assert story.answers('list') == LIST
    assert max(map(len, LIST.splitlines())) <= 80
    assert [(one['slug'], one['state'], one['n']) for one in json.loads(story.answers('list', '--json'))] == [
        ('higher-order', 'closed', 3), ('crashes', 'rows', 0), ('wide-context', 'rows', 3), ('idea', 'open', 0),
    ]


def test_an_empty_list_says_how_to_begin(blank: Notebook) -> None:
    assert blank.says('list') == Said(0, '', 'there is no experiment yet\nhint: git exp new SLUG\n')
    assert json.loads(blank.answers('list', '--json')) == []


def test_a_run_under_way_shows(story: Notebook) -> None:
    place = opened(story, 'idea')
    lab = Lab.find(story.lab.path)
    begun = pending.begin(lab, Result('0' * 16, '2026-03-01T09:30:00+00:00', 'idea', Kind.EVAL, seed=2))
    with locks.held(lab.state / 'locks' / 'gpu0', purpose='eval of idea'):
        assert 'idea          running' in story.answers('list')
        said = story.says('status').out
        assert 'running  eval of idea v1 seed 2, since 2026-03-01 09:30 UTC\n' in said
        assert f'locked   gpu0 by eval of idea (pid {os.getpid()}, for 0 s)\n' in said
        assert json.loads(story.says('status', '--json').out)['running'][0]['seed'] == 2
        assert notebook.ask(place.path, 'show').out.startswith('idea: running\n')
    begun.drop()

    assert 'running' not in story.says('status').out


def test_the_cost_is_the_same_number_of_git_processes(story: Notebook, tmp_path: Path) -> None:
    wrapper, log = tmp_path / 'bin' / 'git', tmp_path / 'log'
    wrapper.parent.mkdir()
    real = next(Path(folder) / 'git' for folder in os.environ['PATH'].split(os.pathsep) if (Path(folder) / 'git').exists())
    wrapper.write_text(f'#!/bin/sh\necho x >> "{log}"\nexec "{real}" "$@"\n')
    wrapper.chmod(0o755)

    def processes(command: str) -> int:
        log.write_text('')
        story.lab.ok(command, PATH=f'{wrapper.parent}{os.pathsep}{os.environ["PATH"]}')
        return len(log.read_text().splitlines())

    story.lab.git('branch', 'exp/higher-order')  # Of winners that have a branch git is asked which are merged.
    processes('best')  # What is kept for the trunk's commit is made.
    before = [processes(command) for command in ('list', 'best', 'status')]
    for number in range(20):
        story.lab.git('branch', f'exp/more-{number}')
        story.runs(f'more-{number}', 'c' if number % 2 else 'd', [2.3, 2.4])

    assert [processes(command) for command in ('list', 'best', 'status')] == before
    assert max(before) <= 12


def test_lines_that_cannot_be_used_are_counted(story: Notebook) -> None:
    with open(story.lab.path / 'results.tsv', 'a') as ledger:
        ledger.write('torn\n' * 5)

    for command in ('best', 'list', 'status'):
        assert '5 lines of the ledger cannot be used\nhint: git exp doctor\n' in story.says(command).talk


def test_an_experiment_is_shown_in_full(story: Notebook) -> None:
    place = opened(story, 'wide-context')
    place.write('notes.txt', 'new')
    place.write('experiments/wide-context/exp_log/0000000000000012.log', 'said')
    folder = Path(os.path.realpath(place.path))
    said = story.says('show', 'wide-context')
    tip, main = (story.lab.git('rev-parse', '--short=7', name).stdout.strip() for name in ('exp/wide-context', 'main'))

    assert said.out == f"""\
wide-context: open
  branch    exp/wide-context at {tip}, 1 ahead of {main}
  worktree  {folder} (1 uncommitted)
  versions  v1: 2 runs, superseded by the bug val-leak
            v2: 3 runs
  last log  {folder}/experiments/wide-context/exp_log/0000000000000012.log

tree     commit   ver  n  val_bpb    sd  vs base  verdict
fffffff  fffffff  v2   3   2.3900  0.02  +0.5400  inconclusive
"""
    assert said.talk == f"hint: cd '{folder}' && git add -A && git commit -m 'exp(wide-context): WHAT CHANGED'\n"
    shown = json.loads(story.answers('show', 'wide-context', '--json'))
    assert (shown['state'], shown['uncommitted'], shown['ahead'], shown['measured']) == ('open', 1, 1, False)
    assert [(one['name'], one['bug']) for one in shown['versions']] == [('v1', 'val-leak'), ('v2', None)]


def test_what_to_do_after_a_bug_and_after_a_merge(story: Notebook) -> None:
    place = opened(story, 'wide-context')
    tree = place.git('rev-parse', 'HEAD^{tree}').stdout.strip()
    story.supersede('wide-context', 'lucky', story.runs('wide-context', 'f', [2.0], tree=tree))
    folder = Path(os.path.realpath(place.path))
    assert story.says('show', 'wide-context').talk == f"hint: cd '{folder}', mend 'lucky' and commit it, then: git exp eval\n"
    story.lab.git('merge', '-q', '--no-edit', '--no-ff', 'exp/wide-context')
    assert story.says('show', 'wide-context').talk == 'hint: git exp close wide-context\n'


def test_an_experiment_without_branch_or_row_is_a_near_miss(story: Notebook) -> None:
    opened(story, 'wide-context')

    assert story.says('show', 'wide-contxt') == Said(
        3, '', "git exp: there is no experiment 'wide-contxt'\nhint: git exp show wide-context\n")
    assert story.says('show').code == 3
    assert story.says('show', 'crashes').out.startswith('crashes: rows\n')


def test_what_a_colleague_has_measured_is_said_to_be_elsewhere(story: Notebook, tmp_path: Path) -> None:
    def state(slug: str) -> str:
        return next(one['state'] for one in json.loads(story.answers('list', '--json')) if one['slug'] == slug)

    opened(story, 'wide-context')
    story.lab.git('init', '-q', '--bare', str(tmp_path / 'shared.git'))
    story.lab.git('remote', 'add', 'origin', str(tmp_path / 'shared.git'))
    story.lab.git('push', '-q', 'origin', 'exp/wide-context')
    story.lab.git('worktree', 'remove', '5_worktrees/wide-context')
    story.lab.git('branch', '-q', '-D', 'exp/wide-context')

    root = Path(os.path.realpath(story.lab.path)) / '5_worktrees' / 'wide-context'
    way = f"hint: to go on with it: git worktree add '{root}' exp/wide-context && cd '{root}'\n"
    shown = story.says('show', 'wide-context')
    assert state('wide-context') == 'remote' and state('crashes') == 'rows'
    assert "wide-context: remote\n  branch    exp/wide-context on 'origin', none here\n" in shown.out and shown.talk == way
    for words in (['close', 'wide-context'], ['eval', '-e', 'wide-context'], ['submit', 'wide-context']):
        assert story.says(*words) == Said(
            3, '', f"git exp: 'wide-context' is not in this clone: its branch is on 'origin'\n{way}")

    story.lab.git('remote', 'remove', 'origin')
    said = "git exp: 'wide-context' has neither branch nor worktree here, only rows\nhint: git exp show wide-context\n"
    assert state('wide-context') == 'rows'
    assert story.says('close', 'wide-context') == Said(3, '', said)
    assert 'none here, nor on a remote' in story.says('show', 'wide-context').out
    assert story.says('close', 'baseline').talk.startswith("git exp: there is no experiment 'baseline'")


def test_a_baseline_that_does_not_pass_is_said_with_the_way_on(make_lab: Make) -> None:
    book = notebook.blank(make_lab, config=notebook.CONFIG.replace('required: false', 'minutes: [0, 40]'))
    book.lab.ok('hook', 'install')
    book.runs('baseline', 'b', [3.0, 3.1, 3.2])

    said = book.says('status')
    assert 'baseline  does not pass: no seed has been run twice\n' in said.out and said.talk == 'hint: git exp baseline\n'
    book.runs('baseline', 'b', [3.0])
    said = book.says('status')
    assert 'does not pass: the seeds differ by sd 0.1, and the smallest effect wanted is 0.01\n' in said.out
    assert said.talk.startswith('hint: use more evaluation data') and said.talk.endswith('; then nothing need be run again\n')

    book.lab.write('gitexp.yaml', notebook.CONFIG.replace('required: false', 'minutes: [0, 40], max_sd: 0.2'))
    book.lab.git('commit', '-q', '-m', 'noise is meant', 'gitexp.yaml', META_MODE='1')
    assert 'does not pass' not in book.says('status').out


def test_the_best_mean_is_not_what_trees_are_held_against_where_luck_explains_it(blank: Notebook) -> None:
    blank.runs('baseline', 'b', [3.0, 3.01, 3.02])
    blank.runs('first', 'c', [2.0, 2.01, 2.02])
    assert 'champion' not in blank.answers('best')
    blank.runs('lucky', 'a', [1.995, 2.01, 2.015])

    said = 'lucky v1: val_bpb 2.0067, 3 seeds, 0.0033 ahead of first v1: inconclusive'
    assert blank.answers('best').startswith(f'{said}\n') and f'best   {said}\n' in blank.says('status').out
    champion = """
  champion  first v1 at ccccccc: new trees are held against it, which this one
            is not shown to be better than
"""
    assert champion in blank.answers('best')
    assert json.loads(blank.answers('best', '--json'))['champion']['tree'] == 'c' * 40


def test_a_single_seed_ahead_is_not_called_better(blank: Notebook) -> None:
    blank.runs('baseline', 'b', [3.0, 3.01, 3.02])
    blank.runs('tiny', 'a', [3.005])
    said = blank.answers('best')
    assert said.startswith('tiny v1: val_bpb 3.0050, 1 seed, not ahead of the baseline: inconclusive\n')
    assert 'gain 0 at equal seeds is' in said and '  baseline  3.0100 (n=3): not ahead, inconclusive (p 0.5)' in said

    blank.runs('less', 'd', [2.995])
    said = blank.answers('best')
    assert said.startswith('less v1: val_bpb 2.9950, 1 seed, 0.0050 ahead of the baseline: inconclusive\n')
    assert '  baseline  3.0100 (n=3): 0.0050 ahead, inconclusive (p ' in said


def test_what_unstable_means_is_said_where_it_is_shown(blank: Notebook) -> None:
    blank.runs('baseline', 'b', [3.0, 3.01, 3.02])
    blank.runs('calm', 'c', [2.0, 2.01, 2.02])
    blank.runs('wild', 'd', [1.0, 2.0, 1.5])

    best = """
  flag      unstable: the seeds of one of the two trees differ more than is
            usual here, and that is taken for the noise: sd 0.5 of its own
            seeds, 0.01 of those of the other
"""
    assert best in blank.answers('best')
    shown = """
ddddddd unstable: the seeds of one of the two trees differ more than is usual
here, and that is taken for the noise: sd 0.5 of its own seeds, 0.01 of those of
the other
"""
    assert blank.says('show', 'wild').out.endswith(shown)
    assert 'unstable' not in blank.says('show', 'calm').out


def test_status_leads_on_from_step_to_step(blank: Notebook) -> None:
    def hint(folder: Path) -> str:
        return notebook.ask(folder, 'status').talk

    root = blank.lab.path
    assert hint(root) == 'hint: git exp hook install\n'
    blank.lab.ok('hook', 'install')
    assert hint(root) == 'hint: git exp baseline\n'
    blank.runs('baseline', 'b', [3.0, 3.1, 3.2])
    assert hint(root) == 'hint: git exp new SLUG\n'
    place = opened(blank, 'idea')
    assert hint(root) == 'hint: git exp list, or: git exp new SLUG\n'
    assert hint(place.path) == 'hint: git exp eval\n'
    place.write('model.py', 'score = 1.0\n')
    assert hint(place.path) == "hint: git add -A && git commit -m 'exp(idea): WHAT CHANGED'\n"
    tree = place.commit('exp(idea): more') and place.git('rev-parse', 'HEAD^{tree}').stdout.strip()
    blank.runs('idea', 'a', [1.0, 1.1, 1.2], tree=tree)
    assert hint(place.path) == 'hint: git exp submit\n'


def test_what_comes_next_is_nothing_that_would_be_refused(make_lab: Make) -> None:
    book = notebook.blank(make_lab, config=notebook.CONFIG.replace('required: false', 'minutes: [0, 40]'))
    book.lab.ok('hook', 'install')
    idea = opened(book, 'idea')

    def hints() -> list[str]:
        return [notebook.ask(idea.path, command).talk.removeprefix('hint: ').removesuffix('\n') for command in ('show', 'status')]

    def at(place: Any) -> dict[str, str]:
        commit, tree = place.git('rev-parse', 'HEAD', 'HEAD^{tree}').stdout.split()
        return {'commit': commit, 'tree': tree}

    assert hints() == ['git exp baseline'] * 2
    book.runs('baseline', 'b', [3.0, 3.001, 3.002], **at(book.lab))
    book.runs('baseline', 'b', [3.0], **at(book.lab))
    assert hints() == [f"cd '{idea.path}' && git exp eval", 'git exp eval']
    idea.write('eval.py', 'print("val_bpb: 0")\n')
    back = 'git restore --staged --worktree eval.py'
    assert hints() == [f"cd '{idea.path}' && {back}", back]
    assert idea.exp('eval') == 3 and idea.talk.endswith(f"hint: cd '{idea.path}' && {back}\n")
    idea.git('restore', 'eval.py')

    failed, = book.runs('idea', 'a', [None], **at(idea), env={'reason': 'exit code 1'})
    log = idea.write(f'experiments/idea/exp_log/{failed}.log', 'no\n')
    assert hints() == [f"less '{log}'"] * 2
    assert all('last run  failed: exit code 1\n' in notebook.ask(idea.path, one).out for one in ('show', 'status'))
    log.unlink()
    book.supersede('idea', 'leak', book.runs('idea', 'a', [1.0, 1.1, 1.2], **at(idea)) + [failed])
    idea.write('experiments/idea/PLAN.md', '# What was wrong\n')
    idea.commit('exp(idea): retired')  # As supersede commits.
    assert hints() == [f"cd '{idea.path}', mend 'leak' and commit it, then: git exp eval", "mend 'leak' and commit it, then: git exp eval"]
    idea.write('model.py', 'score = 1.5\n')
    idea.commit('exp(idea): mended')
    assert hints() == [f"cd '{idea.path}' && git exp eval", 'git exp eval']


def test_a_trunk_that_has_changed_since_its_baseline_is_named(hooked: Notebook) -> None:
    def measured() -> None:
        commit, tree = hooked.lab.git('rev-parse', 'HEAD', 'HEAD^{tree}').stdout.split()
        hooked.runs('baseline', 'b', [2.91, 2.93, 2.95], commit=commit, tree=tree)

    measured()
    assert 'baseline  ' not in hooked.says('status').out
    hooked.lab.git('add', 'results.tsv')
    hooked.lab.git('commit', '-q', '-m', 'rows')
    assert 'baseline  ' not in hooked.says('status').out
    hooked.lab.write('model.py', 'score = 2.5\n')
    hooked.lab.git('commit', '-q', '-am', 'better by hand')
    said = hooked.says('status')
    assert 'baseline  the trunk has changed model.py since: git exp baseline\n' in said.out
    assert said.talk == 'hint: git exp baseline, or: git exp new SLUG\n'
    measured()
    assert 'baseline  ' not in hooked.says('status').out


def test_status_says_where_it_is(hooked: Notebook) -> None:
    place = opened(hooked, 'idea')
    place.write('new.txt', 'x')
    hooked.lab.git('worktree', 'add', '-q', '--detach', '../aside')
    root = os.path.realpath(hooked.lab.path)

    assert notebook.ask(place.path, 'status').out == f"""\
lab    {root} (val_bpb, lower is better)
here   experiment idea, 1 uncommitted file
open   idea
best   higher-order v1: val_bpb 2.3600, 3 seeds, 0.5700 better than the baseline
hooks  alive
"""
    assert 'here   the root, 1 uncommitted file\n' in hooked.says('status').out  # results.tsv
    assert 'here   neither the root nor an experiment\n' in notebook.ask(hooked.lab.path.parent / 'aside', 'status').out
    hooked.lab.at(place.path).git('checkout', '-q', '--detach')
    said = notebook.ask(place.path, 'status')
    assert "here   the worktree of 'idea', which is not on its branch\n" in said.out
    assert said.talk == 'hint: git status, or: git switch exp/idea\n'
    hooked.lab.at(place.path).git('switch', '-q', 'exp/idea')
    said = json.loads(notebook.ask(place.path, 'status', '--json').out)
    assert (said['here'], said['slug'], said['uncommitted'], said['hooks'], said['open']) == ('experiment', 'idea', 1, [], ['idea'])
    assert said['best']['experiment'] == 'higher-order'


def test_hooks_that_are_switched_off_are_put_right_and_it_shows(hooked: Notebook) -> None:
    hooked.lab.git('config', 'core.hooksPath', '/dev/null')

    said = hooked.says('status')
    assert (said.code, said.talk.splitlines()[0]) == (0, "put right: the hooks are silenced: core.hooksPath is '/dev/null'")
    assert 'hooks  alive' in said.out


def test_a_thousand_experiments_stay_readable(blank: Notebook) -> None:
    for number, letter in enumerate('abcdef'):
        blank.runs('an-experiment-with-a-name-of-fifty-characters-' + letter * 3, letter, [2.0 + number])

    lines = blank.answers('list').splitlines()
    assert max(map(len, lines)) <= 80
    assert '…' in lines[1]


def test_what_never_has_a_branch_is_shown_without_one(story: Notebook) -> None:
    (story.lab.path / 'old.tsv').write_text('commit\tval_bpb\tmemory_gb\tstatus\tdescription\nabc1234\t2.5\t1.0\tkeep\tfirst\n')
    story.lab.ok('import', 'old.tsv')
    names = {line.split()[0]: line for line in story.says('list').out.splitlines()}
    slug = next(name for name, line in names.items() if line.endswith('  imported'))

    for one in ('baseline', slug):
        said = story.says('show', one)
        assert said.out.startswith(f'{one}: rows\n  versions  v1: ')
        assert 'branch' not in said.out and said.talk == f'hint: git exp results {one}\n'
