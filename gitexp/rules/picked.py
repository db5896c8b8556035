"""What is taken from the trunk one by one, as by git cherry-pick: its own line has had it since a history left it."""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from functools import cache

from gitexp.git import history
from gitexp.git.command import Git
from gitexp.rules import gathered, judge
from gitexp.rules.case import Away
from gitexp.rules.change import Change, Committed, Entry


class Picks:
    """What some commits have taken from a trunk that has gone on since; `seen` has each path with what it was there."""

    def __init__(self, git: Git, trunk: str) -> None:
        self.seen: set[tuple[str, Entry | None]] = set()
        self._git = git
        self._trunk = trunk
        self._overtaken: set[tuple[str, Entry | None]] = set()
        self._made: dict[str, Mapping[str, Set[Entry | None]]] = {}

    def away(self, commit: str, origin: Sequence[str]) -> Away:
        """Whether a change of a commit leads to what the trunk has neither now, nor in `origin`, nor has had since the commit left it."""
        target = Committed(self._git, commit)
        differs = judge.away(lambda: [target.against(tree) for tree in dict.fromkeys((self._trunk, *origin))])
        is_had = cache(lambda: self._had(commit))

        def away(one: Change) -> bool:
            if not differs(one):
                return False
            if (one.path, one.new) in self._overtaken or not is_had()(one):
                return True
            self.seen.add((one.path, one.new))
            return False
        return away

    def overtake(self, tip: str, opened: Collection[tuple[str, Entry | None]], *, merged: bool) -> bool:
        """Take back what is still there at a tip that has what the trunk has made of it since, as all that is `merged` has.

        A merge keeps what one side has picked and the other has taken back. `opened` is what a person has put where.
        """
        there = Committed(self._git, tip).against(self._trunk) if self.seen else {}
        left = [(path, new) for path, (_, new) in there.items() if (path, new) in self.seen and (path, new) not in opened]
        is_had = self._had(tip) if left and not merged else lambda one: False
        self._overtaken = {one for one in left if not is_had(Change(*one, ()))}
        return bool(self._overtaken)

    def _had(self, commit: str) -> Callable[[Change], bool]:
        """Whether a change of a commit leads to what the line of the trunk has had from where the history of that commit leaves it."""
        line = history.beyond(self._git, self._trunk, commit)
        base = next(iter(line[-1].parents), None) if line else self._trunk
        if base is None:
            return lambda one: False
        if base not in self._made:
            self._made[base] = gathered.made(self._git, line)
        start, made = Committed(self._git, commit).against(base), self._made[base]
        return lambda one: one.path not in start or one.new in made.get(one.path, ())
