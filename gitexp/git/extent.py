"""How many paths commits change, counted without a list of them: a few small trees can have more paths than a machine can hold."""
from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from gitexp.core.errors import Refused
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.git.history import Commit

_AT_ONCE = 256  # commits, whose trees are held
_DEEPEST = 256  # folders within one another
_PAIRS = 200_000

Pair = tuple[str, str]  # the names of two trees, '' for none


def refuse_more(git: Git, commits: Sequence[Commit], most: int) -> None:
    """Raise Refused where commits change more paths than that in all, each against the parent that is nearest to it."""
    total = 0
    for start in range(0, len(commits), _AT_ONCE):
        some = commits[start:start + _AT_ONCE]
        edges = [[(f'{parent}^{{tree}}' if parent else '', f'{one.oid}^{{tree}}') for parent in one.parents or ('',)] for one in some]
        parts = _parts(git, [pair for pairs in edges for pair in pairs])
        counts: dict[Pair, int] = {}
        total += sum(min(_count(pair, parts or {}, counts) for pair in pairs) for pairs in edges)
        if parts is None or total > most:
            hint = 'push in parts, git push REMOTE COMMIT:BRANCH, and merge each into the trunk before the next'
            raise Refused(f'more than {most:,} paths are changed at once', hint=hint)


def _count(pair: Pair, parts: Mapping[Pair, tuple[int, list[Pair]]], counts: dict[Pair, int]) -> int:
    if pair not in counts:
        files, folders = parts.get(pair, (0, []))
        counts[pair] = files + sum(_count(one, parts, counts) for one in folders)
    return counts[pair]


def _parts(git: Git, pairs: Iterable[Pair]) -> Mapping[Pair, tuple[int, list[Pair]]] | None:
    """How many files differ in each pair, and the pairs of folders below; each pair once, however often it is met. None for too many."""
    parts: dict[Pair, tuple[int, list[Pair]]] = {}
    trees: dict[str, Mapping[bytes, bytes]] = {'': {}}
    level = list(dict.fromkeys(pairs))
    for _ in range(_DEEPEST):
        if not level or len(parts) + len(level) > _PAIRS:
            return None if level else parts
        unread = list(dict.fromkeys(name for pair in level for name in pair if name not in trees))
        trees.update(zip(unread, (_entries(*found) if found else {} for found in repository.contents(git, unread))))
        parts.update((pair, _differing(trees[pair[0]], trees[pair[1]])) for pair in level)
        level = list(dict.fromkeys(below for pair in level for below in parts[pair][1] if below not in parts))
    return None


def _entries(oid: str, tree: bytes) -> Mapping[bytes, bytes]:
    """The object ids of a tree, by mode and name."""
    found, at, size = {}, 0, len(oid) // 2
    while at < len(tree):
        end = tree.index(b'\0', at)
        found[tree[at:end]] = tree[end + 1:end + 1 + size]
        at = end + 1 + size
    return found


def _differing(old: Mapping[bytes, bytes], new: Mapping[bytes, bytes]) -> tuple[int, list[Pair]]:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    folders = [(old.get(name, b'').hex(), new.get(name, b'').hex()) for name in names if _is_folder(name.split(b' ', 1)[0])]
    return len(names) - len(folders), folders


@lru_cache(maxsize=256)
def _is_folder(mode: bytes) -> bool:
    """As git takes it, which heeds the kind alone: some programs write 040000, and anybody may write 40755."""
    return bool(re.fullmatch(rb'[0-7]+', mode)) and stat.S_ISDIR(int(mode, 8) & 0xffff)
