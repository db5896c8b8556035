from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from place import CONFIG, PROGRAM, Place, powerless, quiet
from stories import change, experiment, reason, rows
from gitexp.ledger.result import columns

SCRIPT = "eval: sh ./eval.sh {seed}"


def lab_with(lab: Place, config: str = '', **files: str) -> Place:
    """The lab with another configuration; a shell script is its evaluation."""
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3 eval.py {seed}', SCRIPT) + config)
    change(lab, **files)
    return lab


def scripted(lab: Place, script: str, config: str = '') -> Place:
    """An experiment in a lab whose evaluation is this script."""
    return experiment(lab_with(lab, config, eval_sh=script))


def test_a_story_of_two_ideas(lab: Place) -> None:
    lab.ok('baseline')
    good = experiment(lab, 'good', model_py='score = 2.0\n')
    said = good.ok('eval')

    assert said.splitlines()[:2] == ['better: good v1 against the baseline', '    score 2.0020 (n=3) against 3.0020 (n=3)']
    assert [line.partition(' in ')[0] for line in good.talk.splitlines()] == [
        'seed 1: score 2.001', 'promising: seeds 2 and 3 follow', 'seed 2: score 2.002', 'seed 3: score 2.003', 'hint: git exp submit good',
    ]
    poor = experiment(lab, 'poor', model_py='score = 2.5\n')
    assert poor.ok('eval', '--seeds', '2').startswith('worse: poor v1 against good v1\n')
    assert [(row['experiment'], row['seed'], row['score'], row['verdict']) for row in rows(lab)[4:]] == [
        ('good', '1', '2.001', 'provisional'), ('good', '2', '2.002', 'provisional'), ('good', '3', '2.003', 'better'),
        ('poor', '1', '2.501', 'worse'), ('poor', '2', '2.502', 'worse'),
    ]


def test_a_row_says_what_was_measured(lab: Place) -> None:
    idea = experiment(lab)
    said = json.loads(idea.ok('eval', '--seed', '2', '--json'))
    row, = rows(lab)

    assert row['commit'] == said['commit'] == idea.git('rev-parse', 'HEAD').stdout.strip()
    assert row['tree'] == said['tree'] == idea.git('rev-parse', 'HEAD^{tree}').stdout.strip()
    assert row['id'] == said['results'][0]['id']
    assert (row['seed'], row['score'], row['status'], row['verdict']) == ('2', '2.002', 'ok', 'provisional')
    assert (row['kind'], row['version']) == ('eval', 'v1')
    assert row['description'] == 'exp(idea): try'
    assert float(row['seconds']) > 0 and float(row['memory_gb'] or 0) >= 0 and len(row['eval_id']) == 32
    assert said['decision'] is None and said['failed'] is None


def test_a_later_version_is_named(lab: Place) -> None:
    idea = experiment(lab, model_py='score = 2.0\n', experiments__idea__results_v2_leak__viz__a_png='')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['version'] == 'v3'


def test_the_command_gets_its_seed_arguments_and_names(lab: Place) -> None:
    script = 'echo "seed $1 args $2|$3"; echo "{x} $EXP_SLUG $EXP_SEED $EXP_RUN"; env | grep -c ^GIT_; git rev-parse HEAD; echo score: 1\n'
    idea = scripted(lab, script)
    idea.ok('eval', '--seed', '5', '--', 'a b', "c'd", GIT_CEILING_DIRECTORIES='/')
    row, = rows(lab)

    log = (idea.path / 'experiments/idea/exp_log' / f'{row["id"]}.log').read_text().splitlines()
    assert log == ["seed 5 args a b|c'd", f'{{x}} idea 5 {row["id"]}', '0', row['commit'], 'score: 1']
    assert json.loads(row['params']) == {'args': ['a b', "c'd"], 'undeclared': True}
    idea.ok('eval', '--seed', '5')
    assert rows(lab)[1]['eval_id'] != row['eval_id']


def test_only_what_the_evaluation_prints_counts(lab: Place) -> None:
    idea = scripted(lab, 'cat model.txt; echo "loss: 7"\n', 'train: "echo score: 0.99; echo score: 0.5 > model.txt"\n')
    idea.ok('eval', '--seed', '1')
    row, = rows(lab)

    assert row['score'] == '0.5' and json.loads(row['metrics']) == {'loss': 7.0}
    assert (idea.path / 'experiments/idea/exp_log' / f'{row["id"]}.train.log').read_text() == 'score: 0.99\n'


def test_each_seed_starts_from_nothing(lab: Place) -> None:
    idea = scripted(lab, 'test ! -e kept || exit 1; touch kept; echo spoilt > model.py; rm -f gitexp.yaml.not; echo score: 1\n')

    idea.ok('eval')
    assert len(rows(lab)) == 3


def test_what_a_run_leaves_is_moved_whatever_its_end(lab: Place) -> None:
    script = """
        cd experiments/idea/results && echo new > new.txt && echo changed > viz/old.txt && ln -s new.txt link && cd -
        mkdir -p experiments/idea/exp_log && echo a > experiments/idea/exp_log/a.jsonl
        echo direct > "$EXP_OUT/direct.txt"; echo twice > "$EXP_OUT/new.txt"; exit 1
    """
    folder = 'experiments__idea__results__viz__'
    idea = experiment(lab_with(lab, eval_sh=script), **{f'{folder}old_txt': 'old\n', f'{folder}same_txt': 'same\n'})

    assert idea.exp('eval', '--seed', '1') == 4
    at, run = idea.path / 'experiments/idea', rows(lab)[0]['id']
    left = {str(path.relative_to(at)) for path in at.rglob('*') if path.is_file()}
    assert left == {
        'results/viz/old.txt', 'results/viz/same.txt', 'exp_log/CONTEXT.md', f'exp_log/{run}.log', f'exp_log/{run}/a.jsonl',
        f'results/{run}/viz/old.txt', f'results/{run}/direct.txt', f'results/{run}/new.txt', f'results/{run}/new-2.txt',
        f'results/{run}/link',
    }
    assert (at / 'results/viz/old.txt').read_text() == 'old\n'
    assert idea.git('status', '--porcelain').stdout == ''


@pytest.mark.parametrize(('script', 'code', 'status', 'said'), [
    ('echo hello', 4, 'failed', "printed no line 'score: NUMBER'"),
    ('echo score: 1; echo score: 2', 4, 'failed', 'different values: 1.0, 2.0'),
    ('echo score: nan', 4, 'failed', "'score: nan', which is not a finite number"),
    ('echo score: inf', 4, 'failed', "'score: inf', which is not a finite number"),
    ('echo score: good', 4, 'failed', "'score: good', which is text"),
    ('echo score: 1 >&2', 4, 'failed', "'score: 1.0' on stderr, and only stdout is read for it"),
    ('echo score: 1; exit 3', 4, 'failed', 'exit code 3'),
    ('echo score: 1; sleep 20', 124, 'timeout', 'time limit of 0.5 s'),
    ('head -c 300000 /dev/urandom; exit 9', 4, 'failed', 'exit code 9'),
    ('echo RuntimeError: CUDA out of memory. >&2; exit 1', 4, 'oom', 'out of memory'),
    ('echo score: 1; echo 0 > eval.sh', 5, 'violation', 'it changed eval.sh'),
    ('echo score: 1; chmod +x program.md', 5, 'violation', 'it changed program.md'),
], ids=['none', 'two', 'nan', 'inf', 'text', 'stderr', 'fails', 'hangs', 'binary', 'memory', 'edits', 'chmod'])
def test_a_run_that_is_no_result_is_a_row_all_the_same(lab: Place, script: str, code: int, status: str, said: str) -> None:
    config = CONFIG.replace('python3 eval.py {seed}', '{command: sh ./eval.sh, time_limit: 0.5}')
    lab.write('gitexp.yaml', config.replace('eval.py', 'eval.sh'))
    change(lab, eval_sh=script)
    idea = experiment(lab)

    assert idea.exp('eval') == code
    row, = rows(lab)
    assert (row['status'], row['score'], row['verdict']) == (status, '', '')
    assert said in reason(row) and said in idea.talk
    assert 'not run after that: seeds 2 and 3' in idea.talk
    assert f'{row["id"]}.log' in idea.talk


def test_progress_by_the_name_of_the_metric_is_in_nobodys_way_on_stderr(lab: Place) -> None:
    idea = scripted(lab, 'for i in 9 8 7; do echo "score: $i" >&2; done; echo score: 1; printf "score: 5:  45%%|####" >&2\n')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['score'] == '1.0'


def test_binary_and_a_flood_do_not_hide_the_metric(lab: Place) -> None:
    flood = 'head -c 1000000 /dev/urandom; echo; yes line of text | head -c 199999995; echo score: 1; head -c 300000 /dev/zero\n'
    idea = scripted(lab, flood)
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['score'] == '1.0'
    assert sum(path.stat().st_size for path in (idea.path / 'experiments').rglob('*.log')) < 17 << 20


def test_a_run_leaves_no_process(lab: Place) -> None:
    idea = scripted(lab, "setsid sh -c 'echo $$ > \"$EXP_OUT/pid\"; exec sleep 20' & sleep 0.2; echo score: 1\n")
    idea.ok('eval', '--seed', '1')

    pid = next((idea.path / 'experiments/idea/results').glob('*/pid')).read_text().strip()
    assert not Path('/proc', pid).exists()


def test_what_is_not_committed_is_listed(lab: Place) -> None:
    idea = experiment(lab)
    idea.write('model.py', 'score = 1.0\n')
    for number in range(12):
        idea.write(f'new {number:02}.py', '')
    idea.write('experiments/idea/results/viz/mine.png', '')

    assert idea.exp('eval') == 3
    assert '    model.py\n    new 00.py\n' in idea.talk and 'and 3 more' in idea.talk and 'mine.png' not in idea.talk
    assert rows(lab) == []


def test_what_differs_in_case_alone_is_listed_too(lab: Place) -> None:
    idea = experiment(lab)
    lab.git('config', 'core.ignorecase', 'true')
    idea.write('Model.py', 'score = 1.0\n')

    assert idea.exp('eval') == 3
    assert '    Model.py\nhint: cd ' in idea.talk and ' config core.ignorecase false; git add -A && git commit -m ' in idea.talk


@pytest.mark.parametrize(('name', 'text'), [
    ('eval.py', 'print("score: 0")\n'), ('RESEARCH_JOURNAL.md', 'rewritten\n'), ('meta_journal.md', ''),
])
def test_a_commit_that_breaks_a_rule_is_not_evaluated(lab: Place, name: str, text: str) -> None:
    idea = experiment(lab)
    idea.write(name, text)
    idea.commit('exp(idea): cheat')

    assert idea.exp('eval') == 5
    assert name in idea.talk and 'breaks the rules' in idea.talk and rows(lab) == []


def test_an_old_evaluation_is_not_the_trunks(lab: Place) -> None:
    idea = experiment(lab)
    lab.write('eval.py', (lab.path / 'eval.py').read_text() + '# better\n')
    lab.commit('eval')

    assert idea.exp('eval') == 5
    assert "'eval.py' has other content" in idea.talk and 'merge main' in idea.talk
    idea.git('merge', '-q', 'main', '-m', 'merge')
    idea.ok('eval', '--seed', '1')


def test_a_filter_is_named_as_the_cause(lab: Place) -> None:
    lab.write('.gitattributes', 'eval.py text eol=crlf\n')
    lab.commit('attributes')
    idea = experiment(lab)

    assert idea.exp('eval', '--seed', '1') == 5
    assert "'eval.py' has other content (git converts it: text=set eol=crlf in .gitattributes)" in idea.talk


def test_outside_an_experiment_nothing_is_guessed(lab: Place) -> None:
    idea = experiment(lab)
    for command, named in (('eval', '-e SLUG'), ('show', 'SLUG')):
        assert lab.exp(command) == 3 and 'not the worktree of an experiment\nhint: name it' in lab.talk and f' ({named}), or' in lab.talk
    lab.ok('eval', '--seed', '1', '-e', 'idea')
    idea.git('checkout', '-q', '--detach')
    assert idea.exp('eval') == 3 and 'detached' in idea.talk
    assert lab.exp('eval', '-e', 'idea') == 3 and "no worktree has the branch of 'idea'" in lab.talk
    assert lab.exp('eval', '-e', 'none') == 3 and "there is no experiment 'none'" in lab.talk
    assert lab.exp('eval', '-e', 'idea', '--seed', '1', '--seeds', '2') == 2


def test_two_evaluations_take_turns(lab: Place) -> None:
    script = 'echo score: 1; mkdir "$TURN" || exit 1; sleep 0.3; rmdir "$TURN"\n'
    idea = scripted(lab, script)
    env = {**quiet(), 'TURN': str(lab.path.parent / 'turn')}
    started = [
        subprocess.Popen([PROGRAM, 'eval', '--seed', seed], cwd=idea.path, env=env, stderr=subprocess.PIPE, text=True) for seed in '123'
    ]
    talk = [one.communicate(timeout=60)[1] for one in started]

    assert [one.returncode for one in started] == [0, 0, 0]
    assert sorted(row['seed'] for row in rows(lab)) == ['1', '2', '3']
    assert sum("waiting for the evaluation of 'idea' (pid" in said for said in talk) >= 1


def test_a_ledger_that_cannot_be_written_is_refused_before_the_run(lab: Place) -> None:
    idea = scripted(lab, 'touch "$STARTED"; echo score: 1\n')
    lab.write('results.tsv', '')
    (lab.path / 'results.tsv').chmod(0o444)
    done = subprocess.run(
        [*powerless(), PROGRAM, 'eval', '--seed', '1'], cwd=idea.path, env={**quiet(), 'STARTED': str(lab.path.parent / 'started')},
        capture_output=True, text=True,
    )

    assert done.returncode == 3
    assert 'cannot append to the ledger' in done.stderr and 'chmod u+w' in done.stderr
    assert not (lab.path.parent / 'started').exists()


def test_an_implausible_value_does_not_compete(lab: Place) -> None:
    idea = experiment(lab, model_py='score = -5\n')

    assert idea.ok('eval', '--seed', '1') == 'no verdict: idea v1 has no value that counts\n'
    assert 'outside the plausible bounds [0.0, 100.0]' in idea.talk
    assert (rows(lab)[0]['score'], rows(lab)[0]['verdict']) == ('-4.999', '')


def test_a_jump_is_provisional(lab: Place) -> None:
    lab.ok('baseline')
    experiment(lab, 'small', model_py='score = 2.9\n').ok('eval')
    leak = experiment(lab, 'leak', model_py='score = 0.5\n')

    assert leak.ok('eval').startswith('provisional: leak v1 against small v1\n')
    assert 'flag: jump' in leak.said


def test_the_name_of_an_evaluation_changes_with_what_it_measures_by(lab: Place) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    for name, text in {'meta_journal.md': '# Meta journal\n\n## later\n', 'program.md': 'other\n', 'gitexp.yaml': f'{CONFIG}\n'}.items():
        lab.write(name, text)
    lab.commit('documents')
    idea.ok('eval', '--seed', '1')
    lab.write('eval.py', (lab.path / 'eval.py').read_text() + '# better\n')
    lab.commit('eval')
    idea.git('merge', '-q', 'main', '-m', 'merge')
    idea.ok('eval', '--seed', '1')

    names = [row['eval_id'] for row in rows(lab)]
    assert names[0] == names[1] != names[2]


def test_submodules_are_said_to_be_missing(lab: Place) -> None:
    idea = experiment(lab)
    idea.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', str(lab.path), 'library')
    idea.commit('exp(idea): library')
    idea.ok('eval')

    assert idea.talk.count('submodules are not checked out') == 1


def test_output_is_shown_when_asked_for(lab: Place) -> None:
    idea = scripted(lab, 'echo working; echo score: 1\n')
    idea.ok('eval', '--seed', '1', '--show')
    assert 'working\nscore: 1\n' in idea.talk
    idea.ok('eval', '--seed', '1')
    assert 'working' not in idea.talk


def test_strange_names_are_just_names(make_lab: object) -> None:
    assert callable(make_lab)
    lab: Place = make_lab(name="é 'quoted' $HOME %s")
    idea = experiment(lab, model_py='score = 2.0\n')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['score'] == '2.001'


def test_what_is_retired_is_not_measured_again_though_the_ledger_ends_in_the_column_that_says_so(lab: Place) -> None:
    head = [name for name in columns('score') if name != 'kind']
    lab.write('results.tsv', '\t'.join([*head, 'kind']) + '\n')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    lab.ok('supersede', 'idea', '--bug', 'leak', '--yes')
    assert idea.exp('eval', '--seed', '2') == 3 and "what 'idea' holds is superseded by the bug 'leak'" in idea.talk
    change(idea, model_py='score = 2.1\n')
    idea.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['version'] == 'v2'


def test_the_trunk_itself_is_not_held_against_itself(lab: Place) -> None:
    lab.ok('baseline')
    lab.git('worktree', 'add', '-q', '-b', 'exp/idle', '5_worktrees/idle')
    idle = lab.at('5_worktrees/idle')

    assert idle.ok('eval') == 'provisional: idle v1, since it is the trunk itself\n'
    assert idle.talk.endswith('hint: change something and commit it\n')
