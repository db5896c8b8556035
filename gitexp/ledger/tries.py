"""How often each seed of a tree was run in vain, or with a value that is retired, before it gave the one that counts."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from math import isnan

from gitexp.ledger import counting
from gitexp.ledger.cells import raw, text
from gitexp.ledger.counting import Vain
from gitexp.ledger.grounds import BASELINE
from gitexp.ledger.scan import Rows

_OK = b'ok'
_LOST = frozenset(word.encode() for word in (counting.CONTENDED, *(status.value for status in counting.LOST)))
_RETIRED = b''  # for the name of a run: before all others

_Tree = tuple[bytes, bytes]  # under an evaluation
_Seed = tuple[bytes, bytes, 'int | None']  # and one of its seeds
_Run = tuple[bytes, 'int | None', float]  # id, seed, value


class Tries:
    """Those of the rows given to `miss` and `give`; `tried` are the trees whose values matter.

    `events` names what has retired a row, by the time that the row is given.
    """

    def __init__(self, bounds: tuple[float, float], events: Mapping[str, str], tried: Set[_Tree]) -> None:
        self._bounds = bounds
        self._events = events
        self._tried = tried
        self._lost: dict[_Seed, list[tuple[bytes, bytes]]] = {}
        self._barren: dict[_Seed, bytes] = {}
        self._first: dict[_Seed, bytes] = {}
        self._began: dict[tuple[bytes, bytes, bytes, bytes], bytes] = {}
        self._picked: dict[tuple[bytes, bytes, bool, bytes], str] = {}
        self._oldest: dict[tuple[bytes, bytes, bool], str] = {}
        self._runs: dict[_Tree, list[_Run]] = {}

    def miss(self, rows: Rows, gone: Collection[bytes]) -> None:
        """Note the runs that have no value that can be, and, as of any time, those with one that is retired."""
        low, high = self._bounds
        each = zip(rows.ids, rows.kinds, rows.statuses, rows.values, rows.data, rows.eval_ids, rows.trees, rows.seeds)
        for name, kind, status, value, data, *key in each:
            if b'' in key or None in key or status not in _LOST and (status != _OK or isnan(value)):
                continue
            retired = status == _OK and low <= value <= high
            if not retired and name not in gone:
                which = key[0], key[1], key[2]
                self._barren[which] = max(name, self._barren.get(which, name))
            by = self._events.get(text(name)) if retired else None
            if not retired or name in gone:
                last = max(raw(by), name) if by else name
                self._lost.setdefault((key[0], key[1], key[2]), []).append((_RETIRED if retired else name, last))
            if by:
                of = key[0], key[1], kind == BASELINE, data
                self._picked[of] = max(by, self._picked.get(of, ''))

    def give(self, eval_id: bytes, rows: Rows) -> None:
        """Note the first value of each seed, and of each version that has measured the tree."""
        columns = zip(rows.ids, rows.kinds, rows.trees, rows.seeds, rows.values, rows.experiments, rows.versions)
        for name, kind, tree, seed, value, slug, version in columns:
            if (eval_id, tree) in self._tried:
                self._runs.setdefault((eval_id, tree), []).append((name, seed, value))
                which, whose = (eval_id, tree, seed), (eval_id, tree, slug, version)
                self._first[which] = min(name, self._first.get(which, name))
                self._began[whose] = min(name, self._began.get(whose, name))
                lot, known = (eval_id, tree, kind == BASELINE), text(name)
                self._oldest[lot] = min(known, self._oldest.get(lot, known))

    def runs(self, eval_id: bytes, tree: bytes) -> list[_Run]:
        """All values of a tree that was given, with their ids and seeds."""
        return self._runs.get((eval_id, tree), [])

    def began(self, eval_id: bytes) -> dict[tuple[str, str, str], str]:
        """The first value by tree, experiment and version."""
        found: dict[tuple[str, str, str], str] = {}
        for (said, tree, slug, version), name in self._began.items():
            if said == eval_id:
                key = text(tree), text(slug), text(version) or 'v1'
                found[key] = min(text(name), found.get(key, text(name)))
        return found

    def in_vain(self) -> Iterator[_Tree]:
        """The trees with a seed that may have been picked by how its runs ended."""
        return (key[:2] for key, names in self._lost.items() if _tells(names))

    def lost(self, eval_id: bytes) -> dict[tuple[str, int], Vain]:
        """See `counting.lost`."""
        found: dict[tuple[str, int], Vain] = {}
        for key, names in self._lost.items():
            if key[0] == eval_id and key[2] is not None:
                first = self._first.get(key)
                before = [one for one in names if first is None or one[0] < first]
                if _tells(before):
                    found[text(key[1]), key[2]] = Vain(len(before), text(max(last for _, last in before)))
        return found

    def barren(self, eval_id: bytes) -> dict[tuple[str, int], str]:
        """See `counting.barren`."""
        return {(text(key[1]), key[2]): text(name) for key, name in self._barren.items() if key[0] == eval_id and key[2] is not None}

    def picked(self, eval_id: bytes, ground: str) -> dict[str, str]:
        """See `counting.picked`; `ground` is what the evaluation goes by."""
        found: dict[str, str] = {}
        for (said, tree, trunk, data), by in self._picked.items():
            left = self._oldest.get((said, tree, trunk)) or self._oldest.get((said, tree, False))
            if said == eval_id and left and left < by and not counting.other(text(data), ground):
                found[text(tree)] = max(by, found.get(text(tree), by))
        return found


def _tells(runs: Collection[tuple[bytes, bytes]]) -> bool:
    return len(runs) > 1 or any(name == _RETIRED for name, _ in runs)
