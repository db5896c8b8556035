"""Draws the plots of docs/verdict.md and prints its tables: python docs/verdict/plots.py (matplotlib; about three minutes)."""
from __future__ import annotations

import io
import sys
from pathlib import Path
from statistics import mean
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / 'tests' / 'verdict'), str(HERE.parents[1])]
import searches  # noqa: E402

RULES = {
    'keep if better': searches.keep_if_better, 'best of three': searches.best_of_three, 'mean of three': searches.mean_of_three,
    'git exp eval': searches.ours,
}
# Okabe & Ito, Color Universal Design (2008).
LOOKS = dict(zip(RULES, [('#D55E00', 's'), ('#E69F00', '^'), ('#56B4E9', 'D'), ('#0072B2', 'o')]))
SHARES = {0.0: 'seeds share nothing', 0.5: 'seeds share half', 0.95: 'seeds share 95 %'}
INK, GRID = '#333333', '#E8E8E8'


def main() -> None:
    wins = {(name, share): searches.false_wins(rule, share, searches=150) for name, rule in RULES.items() for share in SHARES}
    _table('false wins in 100 rounds', wins)
    for rule in (searches.peeking, searches.extending, searches.extending_both):
        print(rule.__name__, f'{searches.false_wins(rule, 0.0, searches=60):.2f}', sep=' | ')
    _false_wins(wins)
    _claims({name: [searches.search(rule, 0.0, number=number).claims for number in range(150)] for name, rule in RULES.items()})
    gains = [step / 2 for step in range(9)]
    known = {share: [searches.found(searches.ours, gain, share, trees=6, tries=3000) for gain in gains] for share in SHARES}
    others = {
        name: [searches.found(RULES[name], gain, 0.0, trees=1, tries=3000) for gain in gains] for name in RULES if name != 'git exp eval'
    }
    print('\nfound', *gains, sep=' | ')
    for label, shares in [*((SHARES[share], found) for share, found in known.items()), *others.items()]:
        print(label, *(f'{share:.2f}' for share in shares), sep=' | ')
    for share in SHARES:
        first = [f'{searches.found(searches.ours, gain, share, trees=1, tries=3000):.2f}' for gain in (0, 1, 2, 3)]
        print('only the baseline known,', SHARES[share], *first, sep=' | ')
    _power(gains, known, others)


def _table(title: str, wins: dict[tuple[str, float], float]) -> None:
    print(title, *SHARES.values(), sep=' | ')
    for name in RULES:
        print(name, *(f'{wins[name, share]:.2f}' for share in SHARES), sep=' | ')


def _false_wins(wins: dict[tuple[str, float], float]) -> None:
    figure, axes = _frame('False wins in 100 rounds that improve nothing', 'rounds that are taken for better')
    for at, name in enumerate(RULES):
        for side, share in enumerate(SHARES):
            bar = axes.bar(at + (side - 1) * 0.27, wins[name, share], 0.25, color=LOOKS[name][0], alpha=(1.0, 0.7, 0.45)[side])
            axes.bar_label(bar, [f'{wins[name, share]:.1f}'], color=INK, fontsize=8, padding=2)
    axes.axhline(1, color=INK, linewidth=0.8, linestyle='--')
    axes.text(3.45, 1.08, 'the goal: less than 1', color=INK, fontsize=8, ha='right')
    axes.set_ylim(0, 4.8)
    axes.set_xticks(range(len(RULES)), list(RULES))
    axes.set_xlabel('how it is judged; paler: seeds share more of the noise (none, half, 95 %)')
    _save(figure, 'false-wins')


def _claims(found: dict[str, list[list[float]]]) -> None:
    figure, axes = _frame('What a search believes to have gained, when nothing was gained', 'gain that is believed, in sigma of a run')
    for name, claims in found.items():
        colour, _ = LOOKS[name]
        middle = [mean(said) for said in zip(*claims)]
        axes.plot(range(1, len(middle) + 1), middle, color=colour, linewidth=2)
        axes.text(len(middle) + 1, middle[-1], name, color=colour, fontsize=9, va='center')
    axes.axhline(0, color=INK, linewidth=0.8, linestyle='--')
    axes.set_xlim(1, 122)
    axes.set_xticks([1, 25, 50, 75, 100])
    axes.set_xlabel('rounds; the mean of 150 searches')
    _save(figure, 'claims')


def _power(gains: list[float], known: dict[float, list[float]], others: dict[str, list[float]]) -> None:
    figure, axes = _frame('How often a true gain over the baseline is found', 'share that is taken for better')
    for share, found in known.items():
        axes.plot(gains, found, color=LOOKS['git exp eval'][0], marker='o', markersize=4, linestyle={0.0: '-', 0.5: '--', 0.95: ':'}[share],
                  label=f'git exp eval, {SHARES[share]}')
    for name, found in others.items():
        axes.plot(gains, found, color=LOOKS[name][0], marker=LOOKS[name][1], markersize=4, linewidth=1, label=name)
    axes.annotate('no gain at all:\nhalf are kept', (0.0, others['keep if better'][0] + 0.01), (-0.12, 0.82), color=INK, fontsize=8,
                  arrowprops={'arrowstyle': '->', 'color': INK, 'linewidth': 0.7})
    axes.set_ylim(0, 1.02)
    axes.set_xlabel('true gain, in sigma of a run')
    axes.legend(frameon=False, fontsize=8, loc='lower right', labelcolor=INK)
    _save(figure, 'power')


def _frame(title: str, label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.2, 3.6), dpi=110, layout='constrained', facecolor='white')
    axes = figure.add_subplot()
    axes.set_title(title, loc='left', color=INK, fontweight='bold', fontsize=10.5)
    axes.set_ylabel(label, color=INK)
    axes.xaxis.label.set_color(INK)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(axis='y', color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    return figure, axes


def _save(figure: Figure, name: str) -> None:
    drawn = io.BytesIO()
    figure.savefig(drawn, metadata={'Software': None})
    Image.open(drawn).convert('RGB').quantize(64).save(HERE / f'{name}.png', optimize=True)


if __name__ == '__main__':
    main()
