"""What folders of an experiment may be called, and whether git hands over all that may not."""
from __future__ import annotations

import pytest
from place import Place

from gitexp.rules import naming

RIGHT = [
    'results', 'exp_log', 'results_v1_val-leak', 'exp_log_v12_bug', 'results_v3_a_b', 'src', 'data', 'docs', 'figures', 'configs',
    'analysis', 'runner', 'running', 'retrieval', 'trials', 'attempts', 'runs', 'latestage', 'resultset', 'explogic', 'v2', 'old', '2026',
    '2026-01', '8bit', 'test_results', 'trial', 'run', 'layer12',
]
WRONG = [
    'run_2', 'run2', 'Run-3', 'runs_4', 'rerun_1', 're-run3', 'attempt_3', 'try2', 'retry_2', 'trial_10', 'latest', 'LATEST', 'latest_run',
    'newest', 'new_results', 'new-results', 'old_results', 'final_exp_log', 'latest_results', 'results_old', 'results2', 'results_v2',
    'results_v0_bug', 'results_v01_bug', 'results_V2_bug', 'results-v2-bug', 'Results', 'RESULTS', 'result', 'result_2',
    'exp_logs', 'exp-log', 'explog',
    'exp_log_old', 'Exp_Log', 'results_v2_', 'results_v2_bug ', 'results.bak', '20260131', '2026-01-31', '2026-01-31_12-30-00',
    '20260131T123000Z', '1769862600', '2026-01-31 12:30',
]


def test_names_that_say_the_version_and_names_that_have_none() -> None:
    assert [name for name in RIGHT if naming.wrong(name)] == []
    assert [name for name in WRONG if not naming.wrong(name)] == []


@pytest.mark.parametrize('below', ['/x.log', '/deep/er/x.log', ''])
def test_git_selects_every_wrong_name_and_not_the_current_results(repository: Place, below: str) -> None:
    for name in (*RIGHT, *WRONG):
        repository.write(f'experiments/[a]/{name}{below}', 'x')
    repository.write('experiments/run_2', 'x')
    repository.git('add', '-A')

    said = repository.git('ls-files', '-z', '--', *naming.pathspecs('experiments')).stdout.split('\0')
    selected = {path.split('/')[2] for path in said if path}

    assert set(WRONG) - selected == set()
    assert not selected & {'results', 'exp_log', 'src', 'data', 'docs', 'figures', 'configs'}
