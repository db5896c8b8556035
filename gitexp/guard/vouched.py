"""What people have pushed to a server that knows who pushes: whoever pushes that branch on need not be one of them."""
from __future__ import annotations

from collections.abc import Iterable, Set
from contextlib import suppress
from pathlib import Path

from gitexp.git import history
from gitexp.git.command import Git
from gitexp.rules import attested, people
from gitexp.rules.attested import Witness

_FILE = Path('exp', 'vouched')


def keep(witness: Witness, pushed: Iterable[tuple[str, str]]) -> None:
    """Note which commits of the pusher come to which branch, given with its tip, where the pusher is one of the humans."""
    if witness.signers or not witness.pusher or not people.named(witness.humans, witness.pusher):
        return
    found = [(branch, oid) for branch, tip in pushed for oid in _own(witness, witness.pusher, tip)]
    lines = [f'{oid} {branch}\n' for branch, oid in found if (branch, oid) not in witness.taken]
    # Who may push and may not write there keeps nobody from pushing: a person pushes that branch on.
    with suppress(OSError), (witness.git.folder / _FILE).open('a', encoding='utf-8', errors='surrogateescape') as file:
        file.write(''.join(lines))


def _own(witness: Witness, pusher: str, tip: str) -> list[str]:
    commits = [commit.oid for commit in history.new(witness.git, [tip], [witness.trunk])]
    return [oid for oid, (_, committer) in attested.idents(witness.git, commits).items() if people.named([pusher], committer)]


def taken(git: Git) -> Set[tuple[str, str]]:
    """The branches and commits that were noted."""
    try:
        lines = (git.folder / _FILE).read_text('utf-8', 'surrogateescape').split('\n')
    except OSError:
        return frozenset()
    return {(branch, oid) for oid, _, branch in (line.partition(' ') for line in lines)}
