"""What the rows of a ledger were measured on, gathered in one pass, and the ground that each evaluation goes by."""
from __future__ import annotations

from collections.abc import Mapping, Set

from gitexp.ledger import counting
from gitexp.ledger.cells import raw, text
from gitexp.ledger.result import WON, Kind
from gitexp.ledger.retired import VERSIONED, Retired
from gitexp.ledger.scan import Rows, only

BASELINE, BETTER = Kind.BASELINE.value.encode(), WON.encode()
VERSIONS = frozenset(kind.value.encode() for kind in VERSIONED)


class Grounds:
    """Those of the rows given to `comparable`.

    `gone` is what nobody counts, `wanted` by evaluation the ground that it goes by where there is other, `vouched` as in
    `counting.vouching`.
    """

    def __init__(self, gone: Retired, wanted: Mapping[bytes, bytes], vouched: Set[tuple[bytes, bytes]]) -> None:
        self._gone = gone
        self._wanted = wanted
        self._vouched = vouched
        self._said: dict[bytes, set[bytes]] = {}
        self._held: dict[bytes, counting.Held] = {}

    def of(self, eval_id: bytes) -> str | None:
        """The ground that an evaluation goes by, None where it is not known: see `counting.measured_on`."""
        held = self._held.get(eval_id)
        return held.ground if held else None

    def contested(self) -> dict[bytes, bytes]:
        """The same of each evaluation that has been measured on other ones as well."""
        return {name: raw(held.ground) for name, held in self._held.items() if len(self._said[name] - {b''}) > 1}

    def comparable(self, rows: Rows) -> Rows:
        """Without the rows that were measured on another ground than their evaluation goes by."""
        if not any(rows.data):
            return rows
        grounds = set(zip(rows.eval_ids, rows.data))
        for eval_id, said in grounds:
            self._said.setdefault(eval_id, set()).add(said)
        if BASELINE in rows.kinds or BETTER in rows.verdicts or self._vouched:
            self._hold(rows)
        wanted = self._wanted
        odd = {key for key in grounds if counting.other(text(key[1]), text(wanted.get(key[0], b'')))} if wanted else ()
        return only(rows, [key not in odd for key in zip(rows.eval_ids, rows.data)]) if odd else rows

    def _hold(self, rows: Rows) -> None:
        """Note what those were measured on that hold their evaluations to it: see `counting.holds`."""
        columns = zip(rows.kinds, rows.verdicts, rows.data, rows.eval_ids, rows.trees)
        for place, (kind, verdict, said, eval_id, tree) in enumerate(columns):
            if said and (kind == BASELINE or verdict == BETTER or (eval_id, tree) in self._vouched):
                self._held[eval_id] = self._held.get(eval_id, counting.UNHELD).by(self._since(rows, place), text(said))

    def _since(self, rows: Rows, place: int) -> str:
        """See `Retired.since`."""
        name = text(rows.ids[place])
        if not self._gone.back:
            return name
        lot = text(rows.experiments[place]), text(rows.versions[place]) or 'v1'
        return self._gone.since(name, lot if rows.kinds[place] in VERSIONS else None)
