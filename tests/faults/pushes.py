"""Push what nobody would think of at a guarded server, and hold what it takes against what the rules promise; `--short` pushes less."""
from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PROGRAM = str(Path(sys.executable).with_name('git-exp'))
MAIN = 'refs/heads/main'
REFS = (*[MAIN] * 5, *['refs/heads/exp/a'] * 3, 'refs/heads/exp/b', 'refs/heads/side', 'refs/tags/t')
WHO = ('Ada <ada@example.org>', 'Bot <bot@example.org>')
WORDS = ('exp(a): x', 'Revert "x"', 'open it\n\nMeta-Mode: 1', "Merge branch 'main'")
CONFIG = b"""\
metric: {name: score, direction: min}
eval: python3 eval.py
rules:
  frozen: [gitexp.yaml, eval.py]
  fixed: [data.py]
  global: [STATUS.md]
  keep: [archived/**]
  append-bottom: [results.tsv, log.txt]
  append-top: ['*_journal.md']
humans: [ada@example.org]
"""
FILES = {
    'gitexp.yaml': CONFIG, 'eval.py': b'print(1)\n', 'data.py': b'x = 1\n', 'STATUS.md': b'fine\n', 'archived/old.md': b'old\n',
    'results.tsv': b'id\tscore\n1\t3.0\n2\t2.0\n', 'log.txt': b'one\ntwo\n', 'model.py': b'm = 1\n',
    'notes_journal.md': b'# Notes\n\n## 2026-01-02 b\nb\n\n## 2026-01-01 a\na\n',
}
PEOPLES = 'trunk: {name: main, guarded: true}\n'
GROWING = ('results.tsv', 'log.txt', 'notes_journal.md')
LOCKED = ('gitexp.yaml', 'eval.py')
OURS = ('data.py', 'STATUS.md', 'archived/old.md')  # No experiment has one that the trunk never had.

File = tuple[str, bytes]  # mode, content
Tree = Mapping[str, File]


class Made(NamedTuple):
    """What a commit holds; `is_kin`: it goes back to the first one of the lab, and is not of another project."""

    tree: Tree
    is_kin: bool


class Hand:
    """Somebody with git and a clone without hooks; makes commits out of anything, and pushes them anywhere."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.luck, self.made, self.guarded = folder, random.Random(seed), dict[str, Made](), seed % 3 == 0
        self.count = 0
        self.git('init', '-q')
        start = {path: ('100644', data) for path, data in FILES.items()}
        if self.guarded:
            start['gitexp.yaml'] = ('100644', CONFIG + PEOPLES.encode())
        self.locked = {path: start[path] for path in LOCKED}
        first = self.commit(start, ())
        self.git('init', '-q', '--bare', 'server')
        self.git('push', '-q', 'server', f'{first}:{MAIN}')
        self.git('symbolic-ref', 'HEAD', MAIN, at='server')
        subprocess.run([PROGRAM, 'hook', 'install', '--server'], cwd=folder / 'server', check=True, capture_output=True)

    def git(self, *words: str, at: str = '.', said: bytes = b'', check: bool = True) -> str:
        done = subprocess.run(['git', *words], cwd=self.folder / at, input=said, capture_output=True)
        if check and done.returncode:
            raise RuntimeError(f'git {words}: {done.stderr.decode()}')
        return (done.stdout if done.returncode == 0 else done.stderr).decode('utf-8', 'replace')

    def refs(self) -> dict[str, str]:
        lines = self.git('for-each-ref', '--format=%(refname) %(objectname)', at='server').splitlines()
        return {name: oid for name, oid in (line.split(' ') for line in lines)}

    def round(self) -> Iterator[str]:
        """Push once; what has been promised and does not hold."""
        before = self.refs()
        fresh = self._history(before)
        specs = {self.luck.choice(REFS): self._tip(before, fresh) for _ in range(self.luck.choice((1, 1, 1, 2, 3)))}
        told = self.git('push', '-q', '--force', 'server', *(f'{oid}:{ref}' for ref, oid in specs.items()), check=False)
        if 'Traceback' in told:
            yield told
        after = self.refs()
        for ref in sorted({*before, *after}):
            if before.get(ref) != after.get(ref) and ref.startswith('refs/heads/'):
                yield from (f'{ref}: {one}' for one in self._broken(ref, before, after))

    def commit(self, tree: Tree, parents: Sequence[str]) -> str:
        self.count += 1
        who, words = (f'{self.luck.choice(WHO)} {self.count} +0000', f'{self.luck.choice(WORDS)}\n')
        said = [f'commit refs/made/{self.count}\nmark :1\nauthor {who}\ncommitter {who}\ndata {len(words)}\n{words}'.encode()]
        said += [f'{"merge" if at else "from"} {oid}\n'.encode() for at, oid in enumerate(parents)]
        said += [b'deleteall\n']
        said += [f'M {mode} inline {path}\ndata {len(data)}\n'.encode() + data + b'\n' for path, (mode, data) in tree.items()]
        self.git('fast-import', '--quiet', '--export-marks=marks', said=b''.join(said))
        oid = (self.folder / 'marks').read_text().split()[1]
        self.made[oid] = Made(tree, not self.made or any(self.made[one].is_kin for one in parents))
        return oid

    def _history(self, refs: Mapping[str, str]) -> list[str]:
        """Up to four commits on what the server has, on one another, and on what nobody has any more."""
        fresh: list[str] = []
        for _ in range(self.luck.choice((1, 1, 2, 2, 3, 4))):
            ways = ([fresh[-1]] if fresh else [refs[MAIN]], [refs[MAIN]], [refs[MAIN]], [*refs.values()], [*self.made])
            picked = [self.luck.choice(self.luck.choice(ways)) for _ in range(self.luck.choice((1, 1, 1, 1, 2, 2, 3)))]
            parents = [] if self.luck.random() < 0.03 else [*dict.fromkeys(picked)]
            tree = self.made[picked[0]].tree
            for other in parents[1:]:
                tree = self._merged(picked[0], tree, other)
            for _ in range(self.luck.choice((0, 0, 1, 2) if parents[1:] else (1, 1, 2, 3))):
                tree = self._edited(dict(tree))
            fresh.append(self.commit(tree, parents))
        return fresh

    def _tip(self, refs: Mapping[str, str], fresh: Sequence[str]) -> str:
        return self.luck.choice((fresh[-1], fresh[-1], fresh[-1], self.luck.choice(fresh), self.luck.choice([*refs.values()]), ''))

    def _merged(self, first: str, tree: Tree, other: str) -> Tree:
        """As git would merge them, but for a path now and then, and for conflicts."""
        base = self.git('merge-base', first, other, check=False).strip()
        common, there = self.made[base].tree if base in self.made else {}, self.made[other].tree
        mixed: dict[str, File] = {}
        for path in sorted({*tree, *there}):
            sides = tree.get(path), there.get(path)
            clean = sides[1] if sides[0] == common.get(path) else sides[0]
            both = sides[0] != common.get(path) != sides[1]
            if both and path in GROWING and sides[0] and sides[1]:
                clean = ('100644', _united(path, sides[0][1], sides[1][1]))
            taken = self.luck.choice(sides) if self.luck.random() < 0.04 else clean
            if taken:
                mixed[path] = taken
        return _possible(mixed)

    def _edited(self, tree: dict[str, File]) -> Tree:
        """With one change, which may be right or wrong."""
        path, luck = self.luck.choice([*FILES, *GROWING, *GROWING, 'model.py', 'elsewhere']), self.luck
        if path == 'elsewhere':
            tree[luck.choice(('Eval.py', 'GITEXP.yaml', 'Results.tsv', 'eval.py/x', 'archived/new.md', 'experiments/a/net.py'))] = (
                '100644', b'%d\n' % luck.randrange(3))
        elif luck.random() < 0.15:
            tree.pop(path, None)
        elif luck.random() < 0.3:
            old = self.made[luck.choice([*self.made])].tree.get(path)
            tree.update({path: old} if old else {})
        elif path in GROWING and path in tree:
            tree[path] = ('100644', luck.choice((_grown, _grown, _grown, _mangled))(path, tree[path][1], luck))
        else:
            mode = luck.choice(('100644', '100644', '100755', '120000'))
            tree[path] = (mode, luck.choice((b'm = %d\n' % luck.randrange(5), FILES[path])))
        return _possible(tree)

    def _broken(self, ref: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
        old, new, trunk = before.get(ref), after.get(ref), self.made[before[MAIN]].tree
        if new is None:
            if ref == MAIN:
                yield 'the trunk is gone'
            return
        for oid in self.git('rev-list', new, f'^{before[MAIN]}').split():
            tree, is_kin = self.made[oid]
            yield from (f"{oid[:7]} has another '{path}'" for path, file in self.locked.items() if is_kin and tree.get(path) != file)
        tree, is_kin = self.made[new]
        if ref == MAIN and old:
            yield from self._lost(old, new)
        elif ref.startswith('refs/heads/exp/') and is_kin:
            had = [self.made[oid].tree for oid in self.git('rev-list', after[MAIN]).split()]
            yield from (f"'{path}' is its own" for path in OURS if tree.get(path) not in [one.get(path) for one in (*had, trunk)])
            rows = {row for one in had for row in _parts('results.tsv', one)}
            yield from (f'a row of its own: {row!r}' for row in _parts('results.tsv', tree) if row not in rows)

    def _lost(self, old: str, new: str) -> Iterator[str]:
        """What a trunk does not hold any more, or has come by as it should not."""
        was, now = self.made[old].tree, self.made[new].tree
        if self.git('merge-base', '--is-ancestor', old, new, check=False):
            yield 'the trunk was rewound'
        for path in GROWING:
            there = iter(_parts(path, now))
            yield from (f"'{path}' has lost {part!r}" for part in _parts(path, was) if part not in there)
        yield from (f"'{path}' is gone" for path, file in was.items() if path.startswith('archived/') and now.get(path) != file)
        folded = {path.casefold() for path in FILES}
        yield from (f"'{path}' is beside another" for path in {*now} - {*FILES} if path.casefold() in folded)
        if self.guarded:
            yield from (f"'{path}' changed directly" for path in {*was, *now} - {*GROWING} if was.get(path) != now.get(path))


def _parts(path: str, tree: Tree) -> list[bytes]:
    """The rows, lines or entries of a file that grows."""
    data = tree[path][1] if path in tree else b''
    return [part.strip() for part in re.split(rb'(?m)^(?=## )', data)][1:] if path.endswith('.md') else data.splitlines()


def _joined(path: str, head: bytes, parts: Sequence[bytes]) -> bytes:
    if path.endswith('.md'):
        return b'# Notes\n\n' + b'\n\n'.join(parts) + b'\n'
    return b''.join(part + b'\n' for part in (head, *parts) if part)


def _split(path: str, data: bytes) -> tuple[bytes, list[bytes]]:
    parts = _parts(path, {path: ('100644', data)})
    return (parts[0], parts[1:]) if parts and path.endswith('.tsv') else (b'', parts)


def _united(path: str, mine: bytes, other: bytes) -> bytes:
    """Mine and then what only the other has; of a journal the other way round."""
    (head, parts), (_, theirs) = _split(path, mine), _split(path, other)
    more = [part for part in theirs if part not in parts]
    return _joined(path, head, more + parts if path.endswith('.md') else parts + more)


def _grown(path: str, data: bytes, luck: random.Random) -> bytes:
    (head, parts), number = _split(path, data), luck.randrange(10**6)
    if path.endswith('.md'):
        return _joined(path, head, [b'## 2026-02-01 n%d\ntext' % number, *parts])
    return _joined(path, head, [*parts, b'%d\t1.0' % number])


def _mangled(path: str, data: bytes, luck: random.Random) -> bytes:
    head, parts = _split(path, data)
    at = luck.randrange(len(parts) or 1)
    wrongs: tuple[Callable[[], list[bytes]], ...] = (
        lambda: parts[:at] + parts[at + 1:], lambda: [*reversed(parts)], lambda: [*parts, *parts[at:at + 1]],
        lambda: [part + b'0' if parts[at] == part else part for part in parts], lambda: [*parts[:at], b'9\t0.1', *parts[at:]],
    )
    return _joined(path, head, luck.choice(wrongs)())


def _possible(tree: Mapping[str, File]) -> Tree:
    """Without the files that would have to be folders too."""
    return {path: file for path, file in tree.items() if not any(other.startswith(f'{path}/') for other in tree)}


def main() -> int:
    """Push from many hands; 0 when no promise was broken."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument('--short', action='store_true', help='three hands, 100 pushes')
    said.add_argument('--hand', type=int, help='only this one, whose folder stays')
    told = said.parse_args()
    hands = range(told.hand, told.hand + 1) if told.hand else range(1, 4 if told.short else 151)
    taken = refused = broken = 0
    for seed in hands:
        folder = Path(tempfile.mkdtemp(prefix='gitexp-pushes.'))
        hand = Hand(folder, seed)
        for at in range(33 if told.short else 60):
            before = hand.refs()
            wrong = [*hand.round()]
            if wrong:
                print(f'hand {seed}, push {at}:', *wrong, sep='\n    ', flush=True)
                broken += 1
            moved = hand.refs() != before
            taken, refused = taken + moved, refused + (not moved)
        if told.hand:
            print(folder)
        else:
            shutil.rmtree(folder)
    print(f'{taken:,} pushes taken, {refused:,} refused, {broken} that broke a promise')
    return 1 if broken or not taken else 0


if __name__ == '__main__':
    sys.exit(main())
