"""Each row of a ledger once, by its id, without keeping the ids of all."""
from __future__ import annotations

from operator import lt

from gitexp.ledger.scan import Rows, only

_RECENT = 1 << 11  # rows


class Once:
    """What is new of the rows given to `new`.

    Ids sort by time: one that is greater than all before it is new, and so is one that is not among the last rows when it is greater
    than all before those. For any other `unsure` tells that it may have been there before; with `sure` all ids are remembered.
    `mixed` tells whether any stood after a greater one.
    """

    def __init__(self, *, sure: bool) -> None:
        self.sure = sure
        self.unsure = False
        self.mixed = False
        self._top = self._began = self._floor = b''
        self._recent, self._older = set[bytes](), set[bytes]()

    def new(self, rows: Rows) -> Rows:
        """Without the rows whose id was there before."""
        if all(map(lt, [self._top, *rows.ids], rows.ids)):
            self._top = rows.ids[-1]
            self._recent.update(rows.ids)
        else:
            rows = only(rows, [self._is_new(name) for name in rows.ids])
        if len(self._recent) >= _RECENT and not self.sure:
            self._floor, self._began = self._began, self._top
            self._older, self._recent = self._recent, set()
        return rows

    def _is_new(self, name: bytes) -> bool:
        if name in self._recent or name in self._older:
            return False
        self.unsure = self.unsure or name <= self._floor
        self.mixed = self.mixed or name < self._top
        self._top = max(self._top, name)
        self._recent.add(name)
        return True
