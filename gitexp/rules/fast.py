"""What the hooks need to let an ordinary commit through without Python, as a piece of sh."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gitexp.core import files
from gitexp.lab.lab import Lab
from gitexp.rules import pattern
from gitexp.rules.ruleset import RuleSet

_INDEX = 'steady diff-index --cached --quiet --ita-invisible-in-index --ignore-submodules=none HEAD --'


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
    """Two questions about the index, as functions.

    `untouched`: does it leave every protected path as it is; `confined SLUG`: does the experiment change only what it may.
    """
    lines = [
        f'blob={lab.config_blob}',
        f'trunk={quoted(lab.trunk)}',
        f'guarded={quoted(lab.trunk if rules.guard else "")}',
        _function('untouched', [f'{_INDEX} {_words(rules.protecting)}']),
        _function('confined', _confined(rules)),
    ]
    return '\n'.join(lines) + '\n'


def quoted(word: str) -> str:
    """A word for sh, whatever bytes it has."""
    return "'" + word.replace("'", "'\\''") + "'"


def _confined(rules: RuleSet) -> list[str]:
    if not rules.variable:
        return ['return 0']
    free = _words(spec.replace(':(top,', ':(top,exclude,', 1) for rule in rules.variable for spec in rule.pattern.pathspecs)
    own = f'":(top,exclude,glob){_doubled(pattern.literal(rules.experiments))}/$1/**"'
    return ["case $1 in *[!a-z0-9-]*) return 1 ;; esac", f"{_INDEX} ':(top)' {own} {free}"]


def _doubled(text: str) -> str:
    """Text between double quotes in sh."""
    return ''.join(f'\\{sign}' if sign in '\\"$`' else sign for sign in text)


def _words(specs: Iterable[str]) -> str:
    return ' '.join(map(quoted, specs))


def _function(name: str, lines: list[str]) -> str:
    return f'{name}() {{\n' + ''.join(f'    {line}\n' for line in lines) + '}'
