"""Texts and pushes that are large in one respect: what grows with the square of it would take minutes here, and takes a second."""
from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from place import Place
from rulebook import make, told

from gitexp.core.errors import Refused
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.rules import append, brought, ruleset, sections, weave
from gitexp.rules.change import Blobs, Change, Entry
from gitexp.rules.span import Span

_MINUTES = 20.0  # At least five times less than each of these took before.
ENTRY = b'## 2026-01-01 first\na\n'


@contextmanager
def _soon() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < _MINUTES


@pytest.mark.parametrize('end', [b'\n', b'\r\n', b' \n'])
def test_a_million_blank_lines_hold_nobody_up(end: bytes) -> None:
    blank = b'# Journal\n' + end * 1_500_000
    with _soon():
        assert append.top(blank + ENTRY, blank + b'## new\n\n' + ENTRY) is None
        assert append.top(blank + ENTRY, blank + b'words\n\n' + ENTRY) is not None
        assert append.top(blank + ENTRY, blank + ENTRY + b'## below\n') is not None
        assert append.top(blank, blank + b'## new\n') is None


@pytest.mark.parametrize('plan', [
    b''.join(b'## s%d\n\nx\n\n' % number for number in range(60_000)),
    b'## Notes\n\n' + b'<!--' * 60_000 + b'\n',
    b'## Notes\n\n' + b'<!-- x -->' * 200_000 + b'\n',
    b'## 1. a\n\nx\n\n' + b''.join(b'## %d. s\n\nx\n\n' % number for number in range(2, 9000)) + b'## 9999. b\n' + b'x\n' * 200_000,
], ids=['sections', 'open comments', 'comments', 'between'])
def test_a_plan_of_many_parts_holds_nobody_up(plan: bytes) -> None:
    with _soon():
        assert sections.kept(plan, plan + b'\n## more\n\ny\n', ()) is None
        assert sections.merged([plan, plan], plan, ()) is None
        assert sections.held(plan, plan + b'\n## more\n\ny\n', ()) is None
        old = plan.replace(plan[plan.index(b'## 2. s'):plan.index(b'## 9999')], b'') if b'## 9999' in plan else plan
        assert sections.kept(old, plan, ()) is None


def test_a_journal_of_many_entries_holds_nobody_up() -> None:
    ours, theirs = (b''.join(b'## %d %s\n\n%s\n\n' % (number, name, b'x' * 400) for number in range(20_000)) for name in (b'a', b'b'))
    with _soon():
        assert weave.entries(b'', ours, theirs) is not None


def _made(place: Place, sizes: list[int]) -> list[str]:
    paths = [place.write(f'b{at}', b'%d' % at + b'x' * size) for at, size in enumerate(sizes)]
    return place.git('hash-object', '-w', *map(str, paths)).stdout.split()


def test_no_more_is_held_at_once_than_may_be(repository: Place) -> None:
    oids = _made(repository, [1000] * 40 + [90_000] * 6 + [10] * 40)
    blobs = Blobs(Git(repository.path), at_once=100_000)
    blobs.expect(Change('x', Entry('100644', new), (Entry('100644', old),)) for old, new in zip(oids, oids[1:]))
    for at, oid in enumerate(oids):
        assert blobs.read(oid).startswith(b'%dx' % at)
        assert sum(map(len, blobs._held.values())) < 300_000, 'what may be held, and the two that were there before'


def test_what_is_too_large_to_be_compared_is_refused_by_its_name(repository: Place) -> None:
    small, large = _made(repository, [1000, 3 << 20])
    blobs = Blobs(Git(repository.path), at_once=1 << 20, most=1 << 20)
    blobs.expect([Change('notes_journal.md', Entry('100644', large), (Entry('100644', small),))])
    assert blobs.read(small).startswith(b'0x')
    with pytest.raises(Refused, match="'notes_journal.md' has 3 MiB, and a file that grows may have 1"):
        blobs.read(large)


@pytest.mark.parametrize('kind', ['open', 'confined'])
def test_each_commit_is_judged_once_for_each_kind_of_branch(tmp_path: Path, kind: str) -> None:
    place = make(tmp_path, kind, 'side')
    known, tips = place.git('rev-parse', 'main').stdout.strip(), []
    for number in range(12):
        place.write('model.py', f'm = {number}\n')
        place.without_hooks('commit', '-q', '-a', '-m', 'a change')
        if number == 5:
            place.without_hooks('switch', '-q', '-c', 'other', 'HEAD~3')
            place.without_hooks('commit', '-q', '--allow-empty', '-m', 'aside')
            place.without_hooks('merge', '-q', '--no-edit', 'side')
        tips.append(place.git('rev-parse', 'HEAD').stdout.strip())
    lab = Lab.find(place.path)
    like = Span(lab.git, ruleset.of(lab.config, lab.text), '', (known,), None, known)
    asked = [(None, tip) for tip in tips] + [(f'exp/{number}', tips[number]) for number in (2, 9, 4)] + [('side', tips[7]), (None, known)]
    spans = brought.spans(like, asked)

    everything = set(place.git('rev-list', f'{known}..HEAD').stdout.split())
    plain = [commit.oid for span in spans if not (span.branch or '').startswith('exp/') for commit in span.commits]
    assert sorted(plain) == sorted(everything)
    mine = [commit.oid for span in spans if (span.branch or '').startswith('exp/') for commit in span.commits]
    assert len(mine) - len(set(mine)) == (0 if kind == 'open' else 8), 'where experiments are confined each is a kind of its own'
    assert len(spans) == (2 if kind == 'open' else 4)


def test_many_branches_at_once_start_no_more_processes_than_two(tmp_path: Path) -> None:
    place = make(tmp_path, branch='main')
    place.without_hooks('switch', '-q', '--detach')
    for number in range(3):
        place.write('model.py', f'm = {number}\n')
        place.without_hooks('commit', '-q', '-a', '-m', 'a change')
    started = []
    for count in (2, 60):
        trace = tmp_path / f'trace {count}'
        lines = ''.join(f'create refs/heads/{count}/{number} HEAD~{number % 3}\n' for number in range(count))
        words, env = ['git', 'update-ref', '--stdin'], {**os.environ, 'GIT_TRACE': str(trace)}
        subprocess.run(words, cwd=place.path, input=lines.encode(), env=env, check=True)
        started.append(trace.read_text().count('built-in: git'))
    assert 3 < started[1] <= started[0] + 2
    place.write('eval.py', 'print(0)\n')
    place.without_hooks('commit', '-q', '-a', '-m', 'evil')
    assert told(place.git('update-ref', 'refs/heads/evil', 'HEAD', check=False).stderr) == 'frozen'
