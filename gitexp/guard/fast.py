"""What the hooks need to let an ordinary commit through without Python, as a piece of sh."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gitexp.core import files
from gitexp.core.shell import quoted
from gitexp.lab.lab import Lab
from gitexp.rules import pattern
from gitexp.rules.ruleset import RuleSet


def keep(lab: Lab, rules: RuleSet) -> None:
    """Write the piece for the trunk's gitexp.yaml, unless it is there."""
    path = place(lab.state)
    data = text(lab, rules).encode('utf-8', 'surrogateescape')
    try:
        if path.is_file() and path.read_bytes() == data:
            return
        files.replace(path, data)
    except OSError:
        pass  # A read-only repository takes the long way each time.


def place(state: Path) -> Path:
    return state / 'cache' / 'hook.sh'


def text(lab: Lab, rules: RuleSet) -> str:
    """Values, and functions that add pathspecs to a git command.

    `protected`: every path that a rule may have something against; `selected`: every path that the judge must know; `beyond SLUG`:
    what a confined experiment may not change. `shadowing NAME`: whether no branch may be called so, since it would be taken for the trunk.
    """
    return ''.join([
        f'blob={lab.config_blob}\n',
        f'trunk={quoted(lab.trunk)}\n',
        f'guarded={quoted(lab.trunk if rules.guard else "")}\n',
        f'confines={"yes" if rules.variable else ""}\n',
        _function('protected', [f'steady "$@" -- {_words(rules.protecting)}']),
        _function('selected', [f'steady "$@" -- {_words(rules.pathspecs)}']),
        _function('beyond', _beyond(rules)),
        _function('shadowing', [
            'case $1 in',
            f'    {quoted(lab.trunk)}) return 1 ;;',
            f'    {_any_case(lab.trunk)} | {_any_case("HEAD")} | exp/*/*) ;;',
            '    *) return 1 ;;',
            'esac',
        ]),
    ])


def _beyond(rules: RuleSet) -> list[str]:
    free = _words(spec.replace(':(top,', ':(top,exclude,', 1) for rule in rules.variable for spec in rule.pattern.pathspecs)
    own = f'":(top,exclude,glob){_doubled(pattern.literal(rules.experiments))}/$slug/**"'
    return ['case $1 in *[!a-z0-9-]*) return 1 ;; esac', 'slug=$1', 'shift', f'steady "$@" -- \':(top)\' {own} {free}']


def _any_case(name: str) -> str:
    """A pattern of sh for a name in upper and lower case."""
    return ''.join(f'[{sign.lower()}{sign.upper()}]' if sign.isascii() and sign.isalpha() else quoted(sign) for sign in name)


def _doubled(text: str) -> str:
    """Text between double quotes in sh."""
    return ''.join(f'\\{sign}' if sign in '\\"$`' else sign for sign in text)


def _words(specs: Iterable[str]) -> str:
    return ' '.join(map(quoted, specs))


def _function(name: str, lines: list[str]) -> str:
    return f'{name}() {{\n' + ''.join(f'    {line}\n' for line in lines) + '}\n'
