"""What is known beside a change when it is judged."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from gitexp.core.tuples import NamedTuple
from gitexp.rules import wording
from gitexp.rules.beside import Names
from gitexp.rules.change import Change, Entry, Pair, Target
from gitexp.rules.ruleset import RuleSet

Away = Callable[[Change], bool]


class Case(NamedTuple):
    """What a change is judged by beside itself.

    `branch` is the short name that the commit is for, None for a detached HEAD. `read` gives the bytes of a blob. `away` tells
    whether a change leads to what the trunk has neither now nor where the branch left it: going back to the trunk's state is no
    offence. `pulled` says that a merge brings in only what the published trunk has, `ends` that there may be merges between old
    and new. `undo` takes a change back, with a place for the path; '' when nothing has happened yet. `author` is 'Name <address>',
    '' when unknown; `begun` tells whether an experiment has had a run. `moved` are retired results that count again: they are moved
    back, and not lost. `led` gives a change since its experiment was led back on the trunk, None where it was not. `ledger` gives that
    of the trunk at a path, None where it is not known. `target` is what is judged, None where it is not there yet; `names` are those
    that may be in it. `began` gives what the trunk had at a path where the branch left it. `measured` gives, for a path, how what is
    judged differs in that folder from each commit at which its experiment was measured. `changes` are all that are judged.
    """

    rules: RuleSet
    branch: str | None
    read: Callable[[str], bytes]
    away: Away = lambda one: True
    meta: bool = False
    pulled: bool = False
    ends: bool = False
    undo: str = wording.UNDO
    commit: str = ''
    author: str = ''
    begun: Callable[[str], bool] = lambda slug: True
    moved: Set[str] = frozenset()
    led: Callable[[Change], Change | None] = lambda one: None
    ledger: Callable[[str], bytes] | None = None
    target: Target | None = None
    names: Names | None = None
    began: Callable[[str], Entry | None] = lambda path: None
    measured: Callable[[str], Iterable[Mapping[str, Pair]]] = lambda path: ()
    changes: Sequence[Change] = ()

    @property
    def on_trunk(self) -> bool:
        return self.branch == self.rules.trunk
