"""What everything costs, as ratios in one run: `run.py [--short]`."""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import peers
import places
from clock import START, cost, median, paced

from gitexp.report import table
from gitexp.report.table import Column

PROGRAM = str(Path(sys.executable).with_name('git-exp'))
COMMIT = ['git', 'commit', '-q', '--allow-empty', '-m', 'x']
# What `best` may take: ms for whatever there is, and rows for a ms and for a MB more. All are read once, where hooks are put into a clone.
_READ = 'read by hook install'
_BEST = (_READ, 200, 250, 10_000), ('then', 160, 1250, 20_000), ('again', 80, 1e9, 1e9), ('one row more', 160, 1250, 20_000)


@dataclass(frozen=True)
class Row:
    """One promise: what was measured, what it is held against, and whether it is kept."""

    what: str
    measured: str
    against: str
    ratio: float | None
    promise: str
    kept: bool | None


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument('--short', action='store_true', help='fewer runs, smaller repositories')
    short = asked.parse_args().short
    times = 5 if short else 15
    with tempfile.TemporaryDirectory(dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else None) as folder:
        place = Path(folder)
        _seal(place)
        rows: list[Row] = []
        for row in _rows(place, short=short, times=times):
            print('.', end='', file=sys.stderr, flush=True)
            rows.append(row)
    print(file=sys.stderr)
    shown = [[row.what, row.measured, row.against, f'{row.ratio:.2f}' if row.ratio else '', row.promise, _word(row.kept)] for row in rows]
    columns = [Column(title) for title in ('what', 'measured', 'against', 'ratio', 'promise', 'kept')]
    print(table.text(columns, shown, width=1000))
    print(f'Promises of time are for a machine where `python -I -S -c pass` takes {START} ms, and longer where it takes longer.')


def _rows(place: Path, *, short: bool, times: int) -> Iterator[Row]:
    sizes = (1000,) if short else (1000, 50_000)
    for size in sizes:
        lab = places.repository(place / f'lab{size}', files=size)
        yield from _hooks(lab, size, times)
        yield from _new(lab, size, times)
        if size == 1000:
            yield from _eval(lab, times)
            yield from _many(place / 'many', 16 if short else 64)
        shutil.rmtree(lab)
    yield from _fetch(place / 'fetch', times)
    yield from _looking(place / 'look', times)
    with tempfile.TemporaryDirectory() as disk:  # Where fsync is real.
        yield from _append(Path(disk) / 'append', times)
    for count in (100_000,) if short else (100_000, 1_000_000):
        yield from _best(place / f'best{count}', count)
    yield from _import(place / 'import', 100_000)
    yield from _sync(place / 'sync', 10_000)
    yield _range(place / 'range', 1000 if short else 10_000)


def _hooks(lab: Path, size: int, times: int) -> Iterator[Row]:
    bare = median([cost(COMMIT, lab).cpu for _ in range(times)])
    others = peers.hooks(lab, times)
    cost([PROGRAM, 'hook', 'install'], lab)

    def more_than_off() -> float:
        off = cost(['git', '-c', 'core.hooksPath=/dev/null', *COMMIT[1:]], lab).cpu
        return cost(COMMIT, lab).cpu - off
    found, pace = paced(more_than_off, times)
    added, most = median(found), (12 if size == 1000 else 25) * pace
    beside = f'git commit {bare:.1f} ms'
    yield Row(f'hooks, ordinary commit, {size} files', f'+{added:.1f} ms', beside, (bare + added) / bare, f'+{most:.0f} ms', added <= most)
    for name, spent in others.items():
        yield Row(f'  with {name} instead', f'+{spent - bare:.1f} ms', beside, spent / bare, '', None)
    yield from _unverified(lab, size, times)
    (lab / 'eval.py').write_text('changed\n')
    places.git(lab, 'add', 'eval.py')
    words = ['git', 'commit', '-q', '-m', 'x']
    no = lab.parent / f'no{size}'
    no.mkdir()
    (no / 'pre-commit').write_text('#!/bin/sh\nexit 1\n')
    (no / 'pre-commit').chmod(0o755)

    def both_refuse() -> tuple[float, float]:
        ours = cost(words, lab, may_fail=True).cpu
        return ours, cost(['git', '-c', f'core.hooksPath={no}', *words[1:]], lab, may_fail=True).cpu
    both, pace = paced(both_refuse, times)
    places.git(lab, 'checkout', '-q', 'HEAD', '--', 'eval.py')
    refused, plain = map(median, zip(*both))
    more, most = refused - plain, 60 * pace
    beside = f'hook that says no {plain:.1f} ms'
    yield Row(f'hooks, protected path, {size} files', f'+{more:.1f} ms', beside, refused / plain, f'+{most:.0f} ms', more <= most)
    cost([PROGRAM, 'hook', 'remove'], lab)


def _unverified(lab: Path, size: int, times: int) -> Iterator[Row]:
    """What a commit with -n costs, which only the move of the branch can refuse."""
    free, held = [], []
    for number in range(times):
        off = cost(['git', '-c', 'core.hooksPath=/dev/null', *COMMIT[1:], '-n'], lab).cpu
        free.append(cost([*COMMIT, '-n'], lab).cpu - off)
        (lab / 'eval.py').write_text(f'{number}\n')
        places.git(lab, 'add', 'eval.py')
        held.append(cost([*COMMIT, '-n'], lab, may_fail=True).cpu - off)
        places.git(lab, 'checkout', '-q', 'HEAD', '--', 'eval.py')
    beside = f'git commit -n {off:.1f} ms'
    for what, added in (('ordinary commit', median(free)), ('protected path', median(held))):
        yield Row(f'hooks, {what} with -n, {size} files', f'+{added:.1f} ms', beside, (off + added) / off, '', None)


def _fetch(place: Path, times: int) -> Iterator[Row]:
    """A fetch of new branches: git starts the hook twice for each, which costs what a start of sh does."""
    count = 1000
    lab = places.repository(place / 'lab', files=10)
    places.experiments(lab, count)
    places.git(place, 'clone', '-q', '--single-branch', 'lab', 'clone')
    clone = place / 'clone'
    cost([PROGRAM, 'hook', 'install'], clone)
    least = place / 'least'
    least.mkdir()
    (least / 'reference-transaction').write_text('#!/bin/sh\nexit 0\n')
    (least / 'reference-transaction').chmod(0o755)
    spent: dict[str, list[float]] = {'/dev/null': [], str(least): [], str(clone / '.git/exp/hooks'): []}
    for _ in range(min(times, 5)):
        for hooks, costs in spent.items():
            words = ['git', '-c', f'core.hooksPath={hooks}', 'fetch', '-q', 'origin', '+refs/heads/exp/*:refs/remotes/origin/exp/*']
            costs.append(cost(words, clone).cpu)
            shutil.rmtree(clone / '.git/refs/remotes/origin/exp')
    bare, floor, ours = map(median, spent.values())
    each, most = (ours - bare) / count, 1.2 * (floor - bare) / count
    beside = f'hook that only exits +{(floor - bare) / count:.2f} ms'
    yield Row(f'fetch of {count:,} refs', f'+{each:.2f} ms a ref', beside, (ours - bare) / (floor - bare), f'+{most:.2f} ms', each <= most)
    shutil.rmtree(place)


def _new(lab: Path, size: int, times: int) -> Iterator[Row]:
    """With the hooks on, as users have them."""
    cost([PROGRAM, 'hook', 'install'], lab)
    cost([PROGRAM, 'new', 'first'], lab)
    numbers = iter(range(times))

    def both_made() -> tuple[float, float]:
        number = next(numbers)
        add = ['worktree', 'add', '-q', '-b', f'w{number}', f'5_worktrees/w{number}']
        plain = cost(['git', '-c', f'core.hooksPath={os.devnull}', *add], lab).cpu
        ours = cost([PROGRAM, 'new', f'n{number}'], lab).cpu
        for name in (f'w{number}', f'n{number}'):
            places.git(lab, 'worktree', 'remove', '--force', f'5_worktrees/{name}')
        return plain, ours
    both, pace = paced(both_made, min(times, 5))
    places.git(lab, 'worktree', 'remove', '--force', '5_worktrees/first')
    cost([PROGRAM, 'hook', 'remove'], lab)
    bare, added = map(median, zip(*both))
    most = 1.3 * bare + 60 * pace
    yield Row(f'new, {size} files', f'{added:.0f} ms', f'git worktree add {bare:.0f} ms', added / bare, f'{most:.0f} ms', added <= most)


def _eval(lab: Path, times: int) -> Iterator[Row]:
    places.git(lab, 'branch', '-q', '-D', *places.git(lab, 'for-each-ref', '--format=%(refname:short)', 'refs/heads/exp').split())
    cost([PROGRAM, 'new', 'timed'], lab)
    tree = lab / '5_worktrees' / 'timed'
    places.settle(tree)
    (tree / 'src/d0/f0.txt').write_text('changed\n')
    places.git(tree, 'commit', '-q', '-a', '-m', 'exp(timed): change')
    words = [PROGRAM, 'eval', '--seed', '1']
    cost(words, tree)
    found, pace = paced(lambda: cost(words, tree).cpu - cost(['sh', '-c', 'echo score: 1.1'], tree).cpu, times)
    spent, most = median(found), 120 * pace
    yield Row('eval, beside its command', f'+{spent:.0f} ms', '', None, f'+{most:.0f} ms', spent <= most)
    others = peers.trackers(places.repository(lab.parent / 'peers', files=10), min(times, 5))
    for name, cpu in others.items():
        yield Row(f'  with {name} instead', f'+{cpu:.0f} ms', 'eval', cpu / spent, '', None)
    shutil.rmtree(lab.parent / 'peers')


def _many(place: Path, count: int) -> Iterator[Row]:
    lab = places.repository(place, files=50)
    ours = _at_once([[PROGRAM, 'new', f'n{number}'] for number in range(count)], lab)
    plain = _at_once([['git', 'worktree', 'add', '-q', '-b', f'w{number}', f'5_worktrees/w{number}'] for number in range(count)], lab)
    yield Row(f'{count} new at once', f'{ours} made', f'plain git {plain} made', ours / max(plain, 1), f'{count} made', ours == count)
    shutil.rmtree(place)


def _at_once(commands: list[list[str]], cwd: Path) -> int:
    quiet = subprocess.DEVNULL
    running = [subprocess.Popen(words, cwd=cwd, stdin=quiet, stdout=quiet, stderr=quiet) for words in commands]
    return sum(child.wait() == 0 for child in running)


def _looking(place: Path, times: int) -> Iterator[Row]:
    lab = places.repository(place, files=100)
    places.experiments(lab, 1000)
    _ledger(lab, 3000, trees=1000)
    cost([PROGRAM, 'best'], lab)
    bare = median([cost([sys.executable, '-c', 'pass'], lab).cpu for _ in range(times)])
    for words in (['list'], ['best'], ['status']):
        found, pace = paced(lambda: cost([PROGRAM, *words], lab).cpu, times)
        spent, most, beside = median(found), 80 * pace, f'python -c pass {bare:.0f} ms'
        yield Row(f'{words[0]}, 1,000 experiments', f'{spent:.0f} ms', beside, spent / bare, f'{most:.0f} ms', spent <= most)


def _append(place: Path, times: int) -> Iterator[Row]:
    lab = places.repository(place, files=10)
    script = str(Path(__file__).with_name('appending.py'))
    said = subprocess.run([sys.executable, script, 'compare', str(40 * times)], cwd=lab, check=True, capture_output=True, text=True).stdout
    ours, bare = map(float, said.split())
    beside = f'bare flock, write, fsync {bare:.0f} us'
    yield Row('append a row', f'{ours:.0f} us', beside, ours / bare, '2', ours <= 2 * bare)


def _best(place: Path, count: int) -> Iterator[Row]:
    lab = places.repository(place, files=10)
    _ledger(lab, count, trees=count // 100)
    read = cost([sys.executable, '-c', 'for line in open("results.tsv"): line.split("\\t")'], lab)
    for when, ms, rows_a_ms, rows_a_mb in _BEST:
        if when == 'one row more':
            _ledger(lab, 1, trees=1)
        words = ('hook', 'install') if when == _READ else ('best',)
        (spent,), pace = paced(lambda: cost([PROGRAM, *words], lab))
        shown = f'{spent.cpu:.0f} ms, {spent.peak:.0f} MB'
        within = (ms + count / rows_a_ms) * pace, 25 + count / rows_a_mb
        promise, kept = f'{within[0]:.0f} ms, {within[1]:.0f} MB', spent.cpu <= within[0] and spent.peak <= within[1]
        yield Row(f'best of {count:,} rows, {when}', shown, f'python split {read.cpu:.0f} ms', spent.cpu / read.cpu, promise, kept)


def _import(place: Path, count: int) -> Iterator[Row]:
    for file, write, split in (('log.tsv', _table, 'line.split("\\t")'), ('log.jsonl', _objects, 'json.loads(line)')):
        lab = places.repository(place, files=10)
        write(lab / file, count)
        read = cost([sys.executable, '-c', f'import json\nfor line in open("{file}"): {split}'], lab)
        beside = f'python {split.partition("(")[0].rpartition(".")[2]} {read.cpu:.0f} ms'
        for when in ('the first time', 'again'):
            (spent,), pace = paced(lambda: cost([PROGRAM, 'import', file], lab))
            shown, most = f'{spent.cpu:.0f} ms, {spent.peak:.0f} MB', 2000 * pace
            yield Row(f'import of {count:,} rows, {file}, {when}', shown, beside, spent.cpu / read.cpu, f'{most:.0f} ms', spent.cpu <= most)
        shutil.rmtree(place)


def _table(path: Path, count: int) -> None:
    """A log as autoresearch writes it."""
    with open(path, 'w') as log:
        log.write('commit\tscore\tmemory_gb\tstatus\tdescription\n')
        for number in range(count):
            value, memory, status = ('0.000000', '0.0', 'crash') if number % 10 == 9 else (f'{2 - number / count:.6f}', '44.0', 'keep')
            log.write(f'{number:07x}\t{value}\t{memory}\t{status}\tset the learning rate to {number / count}, and look again\n')


def _objects(path: Path, count: int) -> None:
    """A log as pi writes it, with what it was thinking."""
    with open(path, 'w') as log:
        log.write('{"type":"config","name":"bench","metricName":"score","metricUnit":"","bestDirection":"lower"}\n')
        for number in range(count):
            value, status = (0, 'crash') if number % 10 == 9 else (round(2 - number / count, 6), 'keep')
            log.write(json.dumps({
                'run': number, 'commit': f'{number:07x}', 'metric': value, 'metrics': {'memory_mb': 178 + number % 50}, 'status': status,
                'description': f'set the learning rate to {number / count}, and look again', 'timestamp': 1776690300000 + number * 300_000,
                'segment': 0, 'confidence': None, 'asi': {
                    'hypothesis': 'try an alternate batching or cache strategy for the indexing pipeline',
                    'evidence': f'score={value}; memory_mb={178 + number % 50}; best=1.0',
                    'next_action_hint': 'Return to the best kept lane and try a smaller indexing change',
                },
            }, separators=(',', ':')) + '\n')


def _sync(place: Path, count: int) -> Iterator[Row]:
    """New rows that go from one clone to another, and the same notes by git alone."""
    place.mkdir()
    lab = places.repository(place / 'lab', files=10)
    for name in ('ours.git', 'plain.git'):
        places.git(lab, 'clone', '-q', '--bare', '.', f'../{name}')
    places.git(lab, 'remote', 'add', 'origin', '../ours.git')
    for name in ('peer', 'plain'):
        places.git(place, 'clone', '-q', 'ours.git', name)
    _ledger(lab, count, trees=count // 3)
    words, notes = [PROGRAM, 'sync'], 'refs/notes/exp'
    ((sent, came),), pace = paced(lambda: (_took(words, lab), _took(words, place / 'peer')))
    pushed = _took(['git', 'push', '-q', '../plain.git', notes], lab)
    fetched = _took(['git', 'fetch', '-q', '../plain.git', f'{notes}:{notes}'], place / 'plain')
    for what, ours, plain, beside in (('sent', sent, pushed, 'git push'), ('received', came, fetched, 'git fetch')):
        against, most = f'{beside} {plain:.1f} s', 3 * pace
        yield Row(f'sync, {count:,} new rows {what}', f'{ours:.1f} s', against, ours / plain, f'{most:.1f} s', ours <= most)
    shutil.rmtree(place)


def _took(words: list[str], cwd: Path) -> float:
    """Seconds on the clock."""
    began = time.perf_counter()
    cost(words, cwd)
    return time.perf_counter() - began


def _range(place: Path, commits: int) -> Row:
    lab = places.repository(place, files=1000)
    places.history(lab, commits)
    (spent,), pace = paced(lambda: cost([PROGRAM, 'check', 'rules', 'main..exp/long'], lab))
    raw = cost(['git', 'log', '--raw', '-r', '--no-renames', '--format=%H', 'main..exp/long'], lab)
    most = 5000 * commits / 10_000 * pace
    shown, beside = f'{spent.cpu:.0f} ms, {spent.peak:.0f} MB', f'git log --raw {raw.cpu:.0f} ms'
    return Row(f'check rules, {commits:,} commits', shown, beside, spent.cpu / raw.cpu, f'{most:.0f} ms', spent.cpu <= most)


def _ledger(lab: Path, rows: int, *, trees: int) -> None:
    script = str(Path(__file__).with_name('appending.py'))
    subprocess.run([sys.executable, script, 'fill', str(rows), str(trees)], cwd=lab, check=True)


def _seal(place: Path) -> None:
    (place / 'gitconfig').write_text('[user]\n\tname = Ada\n\temail = ada@example.org\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n')
    os.environ.update(GIT_CONFIG_GLOBAL=str(place / 'gitconfig'), GIT_CONFIG_NOSYSTEM='1', NO_COLOR='1')
    os.environ.pop('PYTHONDONTWRITEBYTECODE', None)  # What is installed is compiled.
    os.environ['PATH'] = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'


def _word(kept: bool | None) -> str:
    return '' if kept is None else 'yes' if kept else 'NO'


if __name__ == '__main__':
    main()
