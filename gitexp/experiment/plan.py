"""What PLAN.md gains below the plan: why a version was retired, and that it counts again."""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitexp.ledger import seeds
from gitexp.ledger.result import Result

_DELTA = rb'(?m)^## \d+\. %b root cause: .*\n(?:(?!## ).*\n)*?- Delta: .*; with the fix:(?=[ \t]*\r?\n%b)'
_LEDGER = rb'(?:(?!## ).*\n)*?- Ledger: `(?:%b)` '
_SECTION = re.compile(rb'^## (\d{1,9})\.', re.MULTILINE)


@dataclass(frozen=True)
class Cause:
    """What is known of a bug; the rest is left to be filled in."""

    bug: str
    where: str = ''
    symptom: str = ''
    fix: str = ''


def next_section(texts: Iterable[bytes]) -> int:
    """The number after the highest that any of the texts has."""
    return 1 + max((int(number) for text in texts for number in _SECTION.findall(text)), default=0)


def root_cause(
    cause: Cause, *, number: int, version: int, rows: Sequence[Result], metric: str, row: str, plots: Sequence[str], left: int = 0,
) -> str:
    """The section that says why rows were retired; `row` is the id of the ledger's row about it, `left` how many of the version stay."""
    links = ', '.join(f'[{plot}]({plot})' for plot in plots)
    fields = {
        'Bug': cause.bug,
        'File:line': cause.where,
        'Symptom': cause.symptom,
        'Fix': cause.fix,
        'Delta': f'{_measured(version, rows, metric)}; with the fix:',
        'Training side': '',
        'Inference side': '',
        'Plot': links,
        'Ledger': f'`{row}` retires {_count(rows)}' + (f'; {left} of v{version} still count' if left else ''),
    }
    lines = ''.join(f'- {name}: {" ".join(said.split())}'.rstrip() + '\n' for name, said in fields.items())
    return f'## {number}. v{version} root cause: {cause.bug}\n\n{lines}'


def with_delta(text: bytes, version: str, said: str, *, rows: Iterable[str]) -> bytes:
    """The text with what the fix has changed, where a section about the root cause of a version, such as 'v1', has left that open.

    Only sections about one of these rows are filled in, which are the ids of supersede rows.
    """
    ledger = _LEDGER % '|'.join(map(re.escape, rows)).encode()
    return re.sub(_DELTA % (re.escape(version).encode(), ledger), lambda found: found[0] + f' {said}'.encode(), text)


def restored(version: str, bug: str, *, number: int, date: str, row: str, rows: Sequence[Result] | None, staying: str = '') -> str:
    """The section that is added when a retired version counts again, or only `rows` of it; `staying` says what else does not."""
    said = 'was restored' if not rows else 'has rows back'
    again = 'its results count again' if rows is None else f'{_count(rows)} that {"was" if len(rows) == 1 else "were"} retired count again'
    rest = f'; {staying}' if staying else ''
    return f'## {number}. {version} restored: {bug}\n\n{version} ({bug}) {said} on {date}: {again}{rest} (ledger: `{row}`).\n'


def extended(text: bytes, section: str) -> bytes:
    """The text with a section below; every old byte stays."""
    gap = b'' if not text else b'\n' if text.endswith(b'\n') else b'\n\n'
    return text + gap + section.encode('utf-8', 'surrogateescape')


def _measured(version: int, rows: Sequence[Result], metric: str) -> str:
    runs = seeds.of_last(rows)
    values = runs.values
    if not values:
        return f'v{version} has no {metric}'
    span = f', {min(values):.6g} to {max(values):.6g}' if len(values) > 1 else ''
    return f'v{version} {metric} {runs.mean:.6g} (n={len(values)}{span})'


def _count(rows: Sequence[Result]) -> str:
    return '1 row' if len(rows) == 1 else f'{len(rows)} rows'
