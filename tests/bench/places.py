"""Repositories to measure in: as large as asked, made in a moment."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

CONFIG = """\
metric: {name: score, direction: min, min_effect: 0.01}
eval: 'echo score: 1.{seed}'
baseline: {minutes: [0, 40], required: false}
rules:
  frozen: [gitexp.yaml, program.md, eval.py, meta_journal.md]
  global: [RESEARCH_JOURNAL.md, results.tsv]
  append-top: ['*_journal.md', RESEARCH_JOURNAL.md]
  append-bottom: [results.tsv]
"""
IGNORED = '/5_worktrees/\n/experiments/*/exp_log*/\n/experiments/*/results*/*\n!/experiments/*/results*/viz/\n'
IDENTITY = 'Ada <ada@example.org> 1700000000 +0000'


def git(folder: Path, *words: str, feed: bytes | None = None) -> str:
    done = subprocess.run(['git', *words], cwd=folder, input=feed, capture_output=True, check=True)
    return done.stdout.decode()


def repository(folder: Path, *, files: int) -> Path:
    """A lab of so many files in folders of a hundred, checked out."""
    folder.mkdir(parents=True)
    git(folder, 'init', '-q', '-b', 'main')
    content = {f'src/d{number // 100}/f{number}.txt': f'{number}\n' for number in range(files)}
    content |= {'gitexp.yaml': CONFIG, '.gitignore': IGNORED, 'eval.py': 'pass\n', 'program.md': '# p\n'}
    git(folder, 'fast-import', '--quiet', feed=b''.join(_commit('main', content)))
    git(folder, 'reset', '-q', '--hard')
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    """As if its files had been there for long: git reads a file again and again that is as new as its index."""
    for path in git(folder, 'ls-files', '-z').split('\0')[:-1]:
        os.utime(folder / path, (1_700_000_000, 1_700_000_000))
    git(folder, 'update-index', '-q', '--refresh')


def experiments(folder: Path, count: int) -> None:
    """So many experiment branches with a commit each."""
    for start in range(0, count, 500):
        slugs = range(start, min(count, start + 500))
        stream = [_commit(f'exp/e{number}', {'model.txt': f'{number}\n'}, base='refs/heads/main^0') for number in slugs]
        git(folder, 'fast-import', '--quiet', feed=b''.join(part for commit in stream for part in commit))


def history(folder: Path, commits: int) -> None:
    """So many commits on a branch that touch one file each."""
    stream = [part for number in range(commits) for part in _commit(
        'exp/long', {f'src/d0/f{number % 100}.txt': f'{number}\n'}, base='refs/heads/main^0' if not number else None,
    )]
    git(folder, 'fast-import', '--quiet', feed=b''.join(stream))


def _commit(branch: str, content: dict[str, str], base: str | None = None) -> Iterator[bytes]:
    yield f'commit refs/heads/{branch}\ncommitter {IDENTITY}\n{_data("bench")}'.encode()
    if base:
        yield f'from {base}\n'.encode()
    yield from _files(content.items())
    yield b'\n'


def _files(content: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    for path, text in content:
        yield f'M 100644 inline {path}\n{_data(text)}'.encode()


def _data(text: str) -> str:
    return f'data {len(text.encode())}\n{text}\n'
