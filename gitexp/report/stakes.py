"""What is at stake, for a person to read before they say yes."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gitexp.lab.config import Metric
from gitexp.ledger.result import Kind
from gitexp.ledger.standing import Standing
from gitexp.report import figures, table
from gitexp.report.radius import Radius

_SHOWN = 8


def text(radius: Radius, metric: Metric, *, width: int) -> str:
    """The number of rows and what they cost, then what else changes."""
    head = f'at stake: {_count(radius.rows, "row")} of {_count(radius.experiments, "experiment")}, {radius.hours}'
    facts = [('best', _best(radius, metric))]
    if radius.no_baseline:
        facts.append(('baseline', 'none is left to tell a gain from: git exp baseline'))
    if radius.handed:
        facts.append(('handed over', _listed_as(radius.handed.items(), lambda one: f'{one[0]} ({one[1]})')))
    if radius.built_on:
        facts.append(('built on it', _listed_as(radius.built_on, str)))
    if radius.judged:
        facts.append(('judged by it', _listed_as(radius.judged.items(), lambda one: f'{one[0]} ({_change(*one[1])})')))
    left = max(len(name) for name, _ in facts) + 4
    return '\n'.join([head, table.fields([(f'  {name}', table.wrapped(said, width - left)) for name, said in facts])])


def _best(radius: Radius, metric: Metric) -> str:
    now, then = (_named(one, metric) for one in (radius.best, radius.then))
    if not radius.hits_best:
        return f'stays {then}' if radius.then else 'there is none'
    return f'now   {now}\nthen  {then}'


def _named(one: Standing | None, metric: Metric) -> str:
    if one is None:
        return 'none'
    name = 'the baseline' if one.kind is Kind.BASELINE else f'{one.experiment} {one.version}'
    return f'{name}: {metric.name} {figures.scale([one.mean]).show(one.mean)} (n={one.n})'


def _change(before: str | None, after: str | None) -> str:
    return before or 'no verdict' if before == after else f'{before or "no verdict"} -> {after or "no verdict"}'


def _listed_as(said: Iterable[Any], shown: Callable[[Any], str]) -> str:
    names = [shown(one) for one in said]
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    return ', '.join(names[:_SHOWN]) + more


def _count(number: int, name: str) -> str:
    return f'{number} {name}{"" if number == 1 else "s"}'
