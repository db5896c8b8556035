"""The request to merge: what a person reads before deciding."""
from __future__ import annotations

from dataclasses import dataclass

from gitexp.core.finding import few, shown
from gitexp.experiment import documents
from gitexp.lab.config import Metric
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger.result import Result
from gitexp.ledger.standing import Standing
from gitexp.report import figures
from gitexp.submit.ground import Ground
from gitexp.verdict import flags
from gitexp.verdict.judged import Judged
from gitexp.verdict.match import Match
from gitexp.verdict.verdict import Verdict

_PLOTS = ('.png', '.svg', '.pdf', '.jpg', '.html')


@dataclass(frozen=True)
class Request:
    """What any forge needs: `body` is Markdown, `base` a branch, `head` a commit and `since` the one where it left `base`."""

    slug: str
    title: str
    body: str
    base: str
    head: str
    since: str
    plots: tuple[str, ...]


def write(lab: Lab, experiment: Experiment, ground: Ground, judged: Judged, match: Match) -> Request:
    """Put the numbers, what was measured and what would change into words."""
    one, said, metric = ground.standing, match.verdict, lab.config.metric
    scale = figures.scale([one.mean, match.reference.mean])
    numbers = f'{metric.name} {scale.show(one.mean)}, {scale.show(said.gain)} better than {match.name}'
    title = f'exp({experiment.slug}): {numbers}'
    plots = _plots(lab, experiment, ground)
    parts = [
        f'# {title}',
        _table(judged, one, match),
        _measured(metric, ground, said, documents.written(lab, one.tree, ground.head)) + _beside(lab, experiment, ground),
        *([_vouched(match.vouched)] if match.vouched else []),
        '## Plots\n\n' + ('\n'.join(f'- `{_code_of(path)}`' for path in plots) if plots else 'There are none.'),
        f'## Changes\n\n{_code(_stat(lab, ground))}',
    ]
    return Request(experiment.slug, title, '\n\n'.join(parts) + '\n', lab.trunk, ground.head, ground.base, tuple(plots))


def _table(judged: Judged, one: Standing, match: Match) -> str:
    """The tree, the best other one and the baseline, with the gain over each and the noise it was judged by."""
    rows = [_row(judged, one, None), _row(judged, match.reference, match.verdict)]
    if judged.baseline and judged.baseline.tree not in (one.tree, match.reference.tree):
        rows.append(_row(judged, judged.baseline, judged.verdict(one, judged.baseline, jumps=False)))
    return '\n'.join(['| | n | mean | sd | gain over it | noise | p |', '|---|---:|---:|---:|---:|---:|---:|', *rows])


def _row(judged: Judged, shown: Standing, said: Verdict | None) -> str:
    scale = figures.scale([shown.mean])
    over = (scale.change(said.gain), _noise(said), figures.spread(said.p)) if said else ('', '', '')
    name = judged.standings.named(shown)
    what = name if said else f'**{name}**'
    cells = [what, str(shown.n), scale.show(shown.mean), figures.spread(judged.sample(shown).sd), *over]
    return f'| {" | ".join("unknown" if cell is None else cell for cell in cells)} |'


def _noise(said: Verdict) -> str | None:
    sd = figures.spread(said.sd)
    return f'{sd} (paired)' if sd and said.paired else sd


def _measured(metric: Metric, ground: Ground, said: Verdict, since: list[str]) -> str:
    one = ground.standing
    direction = 'lower' if metric.direction == 'min' else 'higher'
    effect = f'; a gain counts from {metric.min_effect:g}' if metric.min_effect else ''
    lines = [
        f'metric: {metric.name}, {direction} is better{effect}',
        f'verdict: {said.kind.value}: {said.why}',
        *(f'flag: {flags.told(flag)}' for flag in said.flags),
        f'tree measured: `{one.tree}`',
        f'commit measured: `{one.commit or "unknown"}`',
        f'commit to merge: `{ground.head}`' + (f', which differs from it in documents only: {few(since)}' if since else ''),
        f'evaluation: `{one.eval_id}`',
        f'seeds: {", ".join("none" if seed is None else str(seed) for seed in one.runs.seeds)}',
    ]
    return '\n'.join(f'- {line}' for line in lines)


def _beside(lab: Lab, experiment: Experiment, ground: Ground) -> str:
    """What would come together with it for the first time: a trunk with other experiments goes on without being measured anew."""
    others = documents.elsewhere(lab, experiment.slug, ground.base, lab.trunk_commit)
    return f"\n- not measured with it: what '{lab.trunk}' has changed in other experiments since: {few(others)}" if others else ''


def _code_of(path: str) -> str:
    """A path that nothing of its name leads out of."""
    return shown(path).replace('`', '\\x60')


def _vouched(row: Result) -> str:
    """On one line, and as text: who writes it may be anybody."""
    by, because = (' '.join(str(row.params.get(name, '')).split()).replace('`', "'") for name in ('by', 'because'))
    return f'The gain was held back until somebody had looked. Confirmed by `{by}`: `{because}`'


def _plots(lab: Lab, experiment: Experiment, ground: Ground) -> list[str]:
    folder = f'{lab.config.paths.experiments}/{experiment.slug}/results/viz/'
    paths = lab.git.ask('ls-tree', '-r', '-z', '--name-only', '--full-tree', ground.head, '--', folder).names
    return [path for path in paths if path.endswith(_PLOTS)]


def _stat(lab: Lab, ground: Ground) -> str:
    return lab.git.ask('diff', '--no-color', '--no-ext-diff', '--no-renames', '--stat=76', ground.base, ground.head).text


def _code(text: str) -> str:
    return '\n'.join(f'    {line}'.rstrip() for line in text.split('\n'))
