"""When the trunk has no rules that can be read: a lab begins, or its gitexp.yaml is put right; all else is refused."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitexp.core.errors import Failure, Refused, Usage
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.guard.moved import HEADS, Move
from gitexp.lab.config import FILE
from gitexp.rules import measured, ruleset
from gitexp.rules.change import Committed
from gitexp.rules.ruleset import RuleSet
from gitexp.rules.staged import Index


def commits(index: Index, error: Failure, environment: Mapping[str, str]) -> bool:
    """Whether what is staged may be committed although the rules could not be read, which is what `error` says."""
    if not _begins(index) and not (_may_mend(error, environment) and [change.path for change in index.changes(())] == [FILE]):
        return False
    check(index)
    return True


def moves(git: Git, asked: Sequence[Move], error: Failure, environment: Mapping[str, str]) -> bool:
    """Whether branches may move although the rules could not be read."""
    made = [move for move in asked if move.new]
    trunks = [f'{HEADS}{name}' for name in _trunks(git)]
    found = repository.objects(git, [f'{trunk}{path}' for trunk in trunks for path in ('', f':{FILE}')])
    if not any(found[1::2]):
        is_first = git.run('rev-parse', '--verify', '--quiet', 'HEAD').code != 0
        return any(found) or is_first or all(move.ref in trunks for move in made)
    lab = next(trunk for trunk, blob in zip(trunks, found[1::2]) if blob)
    if not made and all(move.ref != lab for move in asked):
        return True
    if not _may_mend(error, environment) or [move.ref for move in asked] != [lab]:
        return False
    move = asked[0]
    if not (move.old and move.new and list(Committed(git, move.new).against(move.old)) == [FILE]):
        return False
    ruleset.read(git, str(repository.objects(git, [f'{move.new}:{FILE}'])[0]))
    return True


def check(index: Index, rules: RuleSet | None = None) -> None:
    """A gitexp.yaml that changes must be one that can be read, or nothing could be committed any more; raises Usage.

    Raises Refused where it forgets a ledger of those `rules`, but for a merge, which may bring what is published.
    """
    old, new = repository.objects(index.git, [f'HEAD:{FILE}', f':{FILE}'])
    if new is None or new == old:
        return
    ruleset.read(index.git, new)
    lost = measured.forgotten(index.git, rules, 'HEAD', new) if rules and not index.merged else []
    if lost:
        raise Refused(f"'{lost[0]}' would be no ledger any more", hint=measured.way(lost))


def _begins(index: Index) -> bool:
    """Whether a lab is being made: the trunk has no gitexp.yaml yet, and what is committed brings one, or HEAD has it."""
    names = [f'{HEADS}{name}{path}' for name in _trunks(index.git) for path in ('', f':{FILE}')]
    *found, staged_one, had = repository.objects(index.git, [*names, f':{FILE}', f'HEAD:{FILE}'])
    if any(found[1::2]) or index.head and not any(found[::2]):
        return False  # A trunk that is gone has taken the rules along; that is no beginning.
    return bool(staged_one or had)


def _trunks(git: Git) -> list[str]:
    """The trunk that is told, and the usual ones: who tells another name must not make rules that are there unheard."""
    told = git.run('config', '--get', 'gitexp.trunk').text
    return list(dict.fromkeys([*([told] if told else []), 'main', 'master']))


def _may_mend(error: Failure, environment: Mapping[str, str]) -> bool:
    """Whether the error is that gitexp.yaml cannot be read, and meta mode is asked for."""
    return isinstance(error, Usage) and environment.get('META_MODE') == '1'
