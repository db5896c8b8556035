"""The commands that must survive, each with what is to be true after it has been struck."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rig import LEDGER, Outcome, Place, Story

_CONFIG = """\
metric: {name: score, direction: min, min_effect: 0.01}
eval: python3 eval.py {seed}
baseline: {minutes: [0, 40]}
seeds: [1, 2, 3]
rules:
  frozen: [gitexp.yaml, program.md, eval.py, meta_journal.md]
  append-bottom: [results.tsv]
"""
_EVAL = """\
import os, sys
sys.path.insert(0, '.')
import model
open(os.path.join(os.environ['EXP_OUT'], 'out.txt'), 'w').write('made\\n')
print('score:', round(model.score + 0.001 * int(sys.argv[1]), 6))
"""
_SEALED = _CONFIG.replace('eval:', 'sealed: true\ninputs: [truth.txt]\ntrain: python3 train.py {seed}\neval:')
_TRAIN = """\
import os, sys
sys.path.insert(0, '.')
import model
open(os.path.join(os.environ['EXP_OUT'], 'out.txt'), 'w').write(str(round(model.score + 0.001 * int(sys.argv[1]), 6)))
"""
_SCORE = """\
import os
print('score:', float(open(os.environ['EXP_OUT'] + '/out.txt').read()) - float(open('truth.txt').read()))
"""
_IGNORED = '/5_worktrees/\n/experiments/*/exp_log*/\n/experiments/*/results*/*\n!/experiments/*/results*/viz/\n__pycache__/\n'
_TREE = '5_worktrees/one'
_FOREIGN = 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\n' + ''.join(
    f'\t{3 - number / 100:.6f}\t1.0\tkeep\ttry {number}\n' for number in range(20)
)


def _lab(place: Place, **files: str) -> None:
    """A lab with hooks, a baseline, and an experiment with a model of its own."""
    place.lab.mkdir(parents=True)
    place.git('init', '-q', '-b', 'main')
    for name, text in {
        'gitexp.yaml': _CONFIG, 'eval.py': _EVAL, 'model.py': 'score = 3.0\n', '.gitignore': _IGNORED, 'program.md': '# p\n',
        LEDGER: '', 'foreign.tsv': _FOREIGN, **files,
    }.items():
        if text:
            (place.lab / name).write_text(text)
    place.git('add', '-A')
    place.git('commit', '-q', '-m', 'lab')
    place.exp('hook', 'install')
    place.exp('baseline')
    place.exp('new', 'one')
    (place.lab / _TREE / 'model.py').write_text('score = 2.5\n')
    place.git('commit', '-q', '-am', 'exp(one): lower', folder=_TREE)


def _sealed(place: Place) -> None:
    """The same, where training and what scores are apart, and an input is no part of the repository."""
    _lab(place, **{
        'gitexp.yaml': _SEALED, 'eval.py': _SCORE, 'train.py': _TRAIN, 'truth.txt': '0.5\n', '.gitignore': f'/truth.txt\n{_IGNORED}',
    })


def _measured(place: Place) -> None:
    _lab(place)
    place.exp('eval', folder=_TREE)


def _retired(place: Place) -> None:
    _measured(place)
    place.exp('supersede', 'one', '--bug', 'leak', '--yes')


def _shared(place: Place) -> None:
    """A bare repository that another clone has put rows into, and rows here that are not there."""
    _measured(place)
    place.git('init', '-q', '--bare', str(place.lab.parent / 'shared.git'))
    place.git('remote', 'add', 'origin', '../shared.git')
    place.git('push', '-q', 'origin', 'main')
    other = place.lab.parent / 'other'
    place.git('clone', '-q', str(place.lab.parent / 'shared.git'), str(other))
    place.exp('baseline', folder='../other')
    place.exp('sync', folder='../other')


def _a_run_is_a_row(place: Place, outcome: Outcome) -> Iterator[str]:
    rows = {row['id']: row for row in place.new_rows()}
    for result in outcome.data.get('results', []):
        if result['id'] not in rows:
            yield f'the row of run {result["id"]} was acknowledged, and is not there'
    for row in rows.values():
        if row['status'] == 'ok' and not row['score'] or row['status'] != 'ok' and row['score']:
            yield f'a row says {row["status"]} and {row["score"] or "no value"}'
    kept = place.lab / '.git/exp/exp-checkout.run'
    if kept.exists():
        yield 'the checkout is still taken'
    if not outcome.struck and (place.lab / '.git/exp/exp-sealed').exists():
        yield 'the folder of a sealed evaluation is left'


def _retired_or_not(place: Place, outcome: Outcome) -> Iterator[str]:
    row = any(row['kind'] == 'supersede' for row in place.new_rows())
    if outcome.code == 0 and not row:
        yield 'a supersede was acknowledged, and its row is not there'
    yield from _agree(place, retired=row)


def _restored_or_not(place: Place, outcome: Outcome) -> Iterator[str]:
    row = any(row['kind'] == 'restore' for row in place.new_rows())
    if outcome.code == 0 and not row:
        yield 'a restore was acknowledged, and its row is not there'
    yield from _agree(place, retired=not row)


def _agree(place: Place, *, retired: bool) -> Iterator[str]:
    """Folders, and the commit that says so, agree with the ledger."""
    folder = place.lab / _TREE / 'experiments/one'
    there = (folder / 'results_v1_leak').is_dir()
    if there != retired:
        yield f'the ledger says {"retired" if retired else "not retired"}, and the folders do not'
    made = _files(folder / ('results_v1_leak' if retired else 'results'))
    if made != _files_before(place):
        yield f'outputs are missing: {made} of {_files_before(place)}'
    if place.git('status', '--porcelain', folder=_TREE).strip():
        yield 'the worktree has changes that are not committed'


def _files(folder: Path) -> int:
    return sum(path.name == 'out.txt' for path in folder.rglob('*'))


def _files_before(place: Place) -> int:
    return _files(place.root / 'kept' / 'lab' / _TREE / 'experiments/one')


def _started_or_not(place: Place, outcome: Outcome) -> Iterator[str]:
    branch = bool(place.git('branch', '--list', 'exp/two').strip())
    folder = (place.lab / '5_worktrees/two/experiments/two/PLAN.md').is_file()
    if branch != folder:
        yield f'half an experiment: branch {branch}, folder {folder}'
    if outcome.code == 0 and not branch:
        yield 'an experiment was acknowledged, and is not there'


def _all_or_nothing(place: Place, outcome: Outcome) -> Iterator[str]:
    added = len(place.new_rows())
    if added not in (0, 20):
        yield f'{added} of 20 rows were imported'
    if outcome.code == 0 and not added:
        yield 'an import was acknowledged, and its rows are not there'


def _converges(place: Place, outcome: Outcome) -> Iterator[str]:
    """After one more sync of each clone, both have every row once."""
    for folder in ('.', '../other', '.'):
        done = place.exp('sync', folder=folder, may_fail=True)
        if done.code:
            yield f'sync fails afterwards: {done.talk.strip()}'
    other = (place.lab.parent / 'other' / LEDGER).read_bytes()
    here, there = ({row['id'] for row in place.rows(one)} for one in (place.ledger, other))
    if here != there or len(here) < 10:
        yield f'the clones differ: {len(here)} rows here, {len(there)} there'
    if any(len(place.rows(one)) != len({row['id'] for row in place.rows(one)}) for one in (place.ledger, other)):
        yield 'a row is doubled'


STORIES = (
    Story('eval', ('eval', '--seed', '1', '--json'), _lab, _a_run_is_a_row, _TREE),
    Story('sealed', ('eval', '--seed', '1', '--json'), _sealed, _a_run_is_a_row, _TREE),
    Story('new', ('new', 'two'), _measured, _started_or_not, again=False),
    Story('supersede', ('supersede', 'one', '--bug', 'leak', '--yes'), _measured, _retired_or_not, again=False),
    Story('restore', ('restore', 'one', '--yes'), _retired, _restored_or_not, again=False),
    Story('import', ('import', 'foreign.tsv', '--metric', 'val_bpb', '--direction', 'min'), _lab, _all_or_nothing),
    Story('sync', ('sync',), _shared, _converges),
)
