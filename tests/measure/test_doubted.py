"""Gains that luck may have made: a seed that was run until it ended well, and seeds that all give one value."""
from __future__ import annotations

import json
from pathlib import Path

from place import Place
from stories import experiment, rows

TRIES = """\
import os
path = os.environ['TRIES']
left = int(open(path).read())
open(path, 'w').write(str(left - 1))
assert left <= 0
score = 2.0
"""
ONE_VALUE = 'import sys\nscore = 2.0 - 0.001 * int(sys.argv[1])\n'


def test_a_seed_that_was_run_until_it_ended_well(lab: Place, tmp_path: Path) -> None:
    tries = tmp_path / 'tries'
    tries.write_text('2')
    lab.ok('baseline')
    idea = experiment(lab, model_py=TRIES)
    assert [idea.exp('eval', TRIES=str(tries)) for _ in range(3)] == [4, 4, 0]

    assert idea.said.startswith('provisional: idea v1 against the baseline')
    assert 'git exp confirm idea --because WHY' in idea.talk and 'provisional (retried)' in lab.ok('list')
    assert rows(lab)[-1]['verdict'] == 'provisional' and json.loads(rows(lab)[-1]['params']) == {'flags': ['retried']}
    best = json.loads(lab.ok('best', '--json'))
    assert (best['verdict'], best['flags']) == ('provisional', ['retried'])
    assert 'but seed 1 was run 2 times in vain before it gave a value' in best['why']
    assert '    better: ' in lab.ok('confirm', 'idea', '--because', 'the disk was full')
    assert json.loads(lab.ok('best', '--json'))['verdict'] == 'better'


def test_seeds_that_all_give_one_value_count_as_one(lab: Place) -> None:
    lab.ok('baseline')
    idea = experiment(lab, model_py=ONE_VALUE)
    said = idea.ok('eval')

    assert said.startswith('provisional: idea v1 against the baseline\n    score 2.0000 (n=1) against 3.0020 (n=3)\n')
    assert 'but its 3 seeds gave one value, where those of others differ, and count as one\n    flag: seedless\n' in said
    assert '    better: ' in lab.ok('confirm', 'idea', '--because', 'it is solved exactly')
    best = json.loads(lab.ok('best', '--json'))
    assert (best['verdict'], best['n'], best['flags']) == ('better', 3, [])
