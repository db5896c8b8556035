"""What people have pushed to a server that knows who pushes: whoever pushes that branch on need not be one of them."""
from __future__ import annotations

from collections.abc import Iterable, Set

from gitexp.git import history
from gitexp.git.command import Git
from gitexp.guard import noted
from gitexp.rules import attested, people
from gitexp.rules.attested import Witness

_FILE = 'vouched'


def keep(witness: Witness, pushed: Iterable[tuple[str, str]]) -> None:
    """Note which commits of the pusher come to which branch, given with its tip, where the pusher is one of the humans."""
    if witness.signers or not witness.pusher or not people.named(witness.humans, witness.pusher):
        return
    found = [(branch, oid) for branch, tip in pushed for oid in _own(witness, witness.pusher, tip)]
    noted.add(witness.git, _FILE, lambda there: (f'{oid} {branch}' for branch, oid in found if (branch, oid) not in witness.taken))


def _own(witness: Witness, pusher: str, tip: str) -> list[str]:
    commits = [commit.oid for commit in history.new(witness.git, [tip], [witness.trunk])]
    return [oid for oid, (_, committer) in attested.idents(witness.git, commits).items() if people.named([pusher], committer)]


def taken(git: Git) -> Set[tuple[str, str]]:
    """The branches and commits that were noted."""
    return {(branch, oid) for oid, _, branch in (line.partition(' ') for line in noted.lines(git, _FILE))}
