"""The best tree, in full."""
from __future__ import annotations

from typing import Any

from gitexp.lab.config import Metric
from gitexp.report import figures, flagged, table
from gitexp.report.overview import Against, Best
from gitexp.verdict import doubt

BASELINE = 'baseline'
_ONLY = 'the baseline'  # as it is called where there is one
_SHOWN = 'better'  # A mean that is merely ahead shows nothing yet.
_PROSE = ('flag', 'champion')  # What is to be pasted stays in its line.


def text(best: Best, metric: Metric, *, width: int) -> str:
    """The numbers first, then what they stand on."""
    facts = [(f'  {name}', said) for name, said in _facts(best, figures.scale([best.mean]))]
    left = max(len(name) for name, _ in facts) + len(table.GAP)
    shown = [(name, table.wrapped(said, width - left) if name.strip() in _PROSE else said) for name, said in facts]
    return '\n'.join([headline(best, metric), table.fields(shown)])


def headline(best: Best, metric: Metric) -> str:
    """The best tree in one line."""
    scale = figures.scale([best.mean])
    said = f'{best.name}: {metric.name} {scale.show(best.mean)}, {seeds(best)}'
    if best.kind != BASELINE and best.against and best.verdict != _SHOWN:
        return f'{said}, {_ahead(best.against, scale)} {best.against.name}: {best.verdict}'
    if best.gain is None or best.baseline is None:
        return said
    return f'{said}, {scale.show(abs(best.gain))} {"better" if best.gain >= 0 else "worse"} than {best.baseline.name}'


def _ahead(other: Against, scale: figures.Scale) -> str:
    return f'{scale.show(abs(other.gain))} {"ahead of" if other.gain > 0 else "behind"}' if other.gain else 'not ahead of'


def seeds(best: Best) -> str:
    return f'{best.n} seed{"" if best.n == 1 else "s"}'


def json(best: Best, metric: Metric) -> dict[str, Any]:
    """Every field, with the name and direction of the metric."""
    return {'metric': metric.name, 'direction': metric.direction, **plain(best)}


def plain(best: Best) -> dict[str, Any]:
    """Every field, and whether the win is more than chance and not too good to be believed."""
    fields = {field: said._asdict() if isinstance(said, Against) else said for field, said in best._asdict().items()}
    return {**fields, 'confirmed': best.verdict == _SHOWN}


def _facts(best: Best, scale: figures.Scale) -> list[tuple[str, str]]:
    facts = [
        ('seeds', ', '.join('none' if seed is None else str(seed) for seed in best.seeds)),
        ('sd', figures.spread(best.sd) or 'unknown: one seed'),
        ('commit', best.commit or 'unknown'),
        ('tree', best.tree),
    ]
    if best.kind == BASELINE:
        return [*facts, ('verdict', f'nothing is better than {best.name}'), *_over_baseline(best.baseline, scale)]
    facts.append(('verdict', _verdict(best)))
    facts += [('flag', flagged.told(flag, sd=best.sd, other=best.against and best.against.sd)) for flag in best.flags]
    if best.against and (best.baseline is None or best.against.tree != best.baseline.tree):
        facts.append(('against', f'{best.against.name}: {scale.show(best.against.mean)} (n={best.against.n})'))
    if best.champion:
        facts.append(('champion', f'{_where(best.champion)}: new trees are held against it, which this one is not shown to be better than'))
    return [*facts, *_over_baseline(best.baseline, scale)]


def _verdict(best: Best) -> str:
    if best.against is None and best.verdict == _SHOWN:
        return f'{best.verdict}: {best.why}'
    if best.against is None:
        return 'provisional: there is nothing to compare it with'
    said = f'{best.verdict} against {best.against.name}\n{best.why}'
    way = f'not confirmed: look for a leak; if there is none: git exp confirm {best.experiment} --because WHY'
    return f'{said}\n{way}' if doubt.of(best.flags) else said


def _where(champion: Against) -> str:
    """With its commit, since it may be of the same experiment."""
    return champion.name + (f' at {champion.commit[:7]}' if champion.commit and champion.kind != BASELINE else '')


def _over_baseline(other: Against | None, scale: figures.Scale) -> list[tuple[str, str]]:
    """The mean of the first baseline, and by how much and how surely it is beaten; nothing where that is the best itself."""
    if other is None:
        return []
    chance = f' (p {figures.spread(other.p)})' if other.p is not None else ''
    which = '' if other.name == _ONLY else f'{other.name}: '
    sure = other.verdict in (_SHOWN, 'worse')
    how = f'{other.verdict} by {scale.show(abs(other.gain))}' if sure else f'{_ahead(other, scale).removesuffix(" of")}, {other.verdict}'
    return [('baseline', f'{which}{scale.show(other.mean)} (n={other.n}): {how}{chance}')]
