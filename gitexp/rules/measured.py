"""What was measured: the ledgers that say so, the commits that rows of an experiment are about, and what came before these."""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Set

from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.lab import config, parse
from gitexp.rules import gathered, judge, rows
from gitexp.rules.change import Committed
from gitexp.rules.gathered import Differences
from gitexp.rules.ruleset import RuleSet

_ID = re.compile(r'(?:[0-9a-f]{40}|[0-9a-f]{64})\Z')


def forgotten(git: Git, rules: RuleSet, commit: str, blob: str) -> list[str]:
    """The ledgers of a commit that another gitexp.yaml does not name: their rows would count no more, and nothing would keep them."""
    said = parse.again(repository.blob(git, blob)).get('paths')
    now = config.ledgers(said if isinstance(said, dict) else {})
    left = [path for path in rules.ledgers if path not in now]
    return [path for path, oid in zip(left, repository.objects(git, [f'{commit}:{path}' for path in left])) if oid] if left else []


def way(paths: Iterable[str]) -> str:
    """How a gitexp.yaml names the ledgers that a lab had before."""
    return f'name it in {config.FILE}: paths: {{ledger: …, former: [{", ".join(paths)}]}}'


def named(cells: Iterable[str]) -> list[str]:
    """What rows name that can be a commit, each once."""
    return [name for name in dict.fromkeys(cells) if _ID.match(name)]


def known(git: Git, cells: Iterable[str]) -> list[str]:
    """Those that this repository has."""
    names = named(cells)
    return [oid for oid in repository.objects(git, [f'{name}^{{commit}}' for name in names]) if oid] if names else []


def differing(git: Git, rules: RuleSet, trunk: str, tip: str) -> Callable[[str], list[Differences]]:
    """Tells how a commit differs, in the folder of a path, from each at which the experiment of that path was measured."""
    def asked(path: str) -> list[Differences]:
        slug = rules.owner(path)
        oids = known(git, rows.at(git, trunk, rules.ledgers, slug)) if slug else []
        return [*gathered.differences(git, [(tip, oid) for oid in oids], [f':(top,literal){os.path.dirname(path)}']).values()]
    return asked


def takes(git: Git, rules: RuleSet, trunk: str, tip: str, slug: str) -> bool:
    """Whether a tip brings all that was measured of an experiment to a trunk that kept nothing of it but what it had before the first row.

    That was a plan, and what was measured may have gone on from it in its own way.
    """
    said = {*rows.at(git, trunk, rules.ledgers, slug)}
    if said != {*known(git, said)} or history.apart(git, tip, said) or history.apart(git, trunk, said) != said:
        return False
    bases = history.bases(git, trunk, *said)
    if len(bases) != 1 or rows.at(git, bases[0], rules.ledgers, slug):
        return False
    since = Committed(git, trunk).against(bases[0], [f':(top,literal){rules.experiments}/{slug}'])
    return not any(judge.lasts(rules, path) for path in since if rules.owner(path) == slug)


def is_before(git: Git, start: str, ran: Set[str]) -> bool:
    """Whether what was measured goes on from a commit, and nothing was measured up to there; who has rewritten that does not go on."""
    return bool(ran) and history.apart(git, start, ran) == ran and not history.new(git, [start], ran)
