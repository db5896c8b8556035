"""Whether one tree's runs beat another's, or only the noise."""
from __future__ import annotations

import math
from collections.abc import Collection
from enum import Enum

from gitexp.core.tuples import NamedTuple
from gitexp.ledger import seeds
from gitexp.verdict import doubt, flags, student
from gitexp.verdict.noise import Noise, Sample, spread

LEVEL = 0.05  # one-sided
GUARD = 0.10  # level at which a tree's own scatter replaces the pooled one; still finds three sigma in 90 %
ENOUGH = 2  # degrees of freedom of a noise estimate: three seeds of one tree
SCREEN = 0.5  # times the noise of one run: what a first seed must gain; with 1, three sigma is found in 89 % where the goal is 90
PAIRABLE = 4  # degrees of freedom before pairing: with 2, if seeds share nothing, it finds 75 % where unpaired finds 91
JUMP = 10  # times everything gained before
_SIGN = {'max': 1.0, 'min': -1.0}


class Kind(Enum):
    """How a tree's runs compare with another's."""

    BETTER = 'better'
    WORSE = 'worse'
    INCONCLUSIVE = 'inconclusive'
    PROVISIONAL = 'provisional'


class Verdict(NamedTuple):
    """`gain` is positive for an improvement, whatever the direction; means are over all seeds.

    The gain is that of the means, or over the seeds of the test where that is less; 0 where these go different ways.

    `sd` is the noise that was judged by: of one run, or when `paired` of the difference of two runs at one seed. `p` is
    the one-sided probability of a difference this large, the way it went, from noise alone. Flags: those of `doubt`
    and of `flags`.
    """

    kind: Kind
    gain: float
    n: int
    reference_n: int
    mean: float
    reference_mean: float
    sd: float | None
    p: float | None
    paired: bool
    why: str
    flags: tuple[str, ...] = ()


def doubted(said: Verdict, flag: str, why: str) -> Verdict:
    """The same with a flag, and where it is better, that is not believed."""
    kind = Kind.PROVISIONAL if said.kind is Kind.BETTER else said.kind
    return said._replace(kind=kind, flags=(flag, *said.flags), why=f'{said.why}, but {why}')


class Screen(NamedTuple):
    """What a first run gains, and what it must gain to deserve more seeds."""

    gain: float
    wanted: float

    @property
    def passed(self) -> bool:
        return self.gain > self.wanted


def compare(
    candidate: Sample,
    reference: Sample,
    *,
    noise: Noise | None,
    direction: str,
    min_effect: float,
    residual: Noise | None = None,
    trunk: Noise | None = None,
    gained_before: float | None = None,
    named: Collection[int] = (),
) -> Verdict:
    """Judge a tree against another by the means over all their seeds, or over those that both have where that is less.

    `better` needs a gain over `min_effect` and a one-sided t test at 5 % (Student, The probable error of a mean, 1908);
    `worse` needs a loss over `min_effect` and the same test the other way; else `inconclusive`. With a noise estimate
    from less than three seeds of one tree (or two of two): `provisional`.

    `noise` is `pooled(trees)` and `residual` is `residual(trees)`, over every tree that the same evaluation measured,
    these two included. Unpaired, the standard error comes from the pooled variance (Box, Hunter & Hunter, Statistics
    for Experimenters, ch. 3). Where the side with fewer seeds ran none that the other lacks, and two or more, the test is on
    the differences at equal seeds, with the residual variance of the randomised block (ibid., ch. 4), as soon as that has 4
    degrees of freedom: three trees on the same three seeds, or five shared seeds. Whether to pair never depends on how
    the sides differ, so the level stays 5 % where trees scatter alike. A side whose own variance exceeds the shared one
    (F test at 10 %) is judged by its own, with Welch's degrees of freedom (Biometrika 34, 1947): simulated, one that
    scatters up to five times as much is a false `better` in at most 15 % of comparisons, without this in 25 %.

    What all trees share is made by whoever measures trees, and two that are the trunk but for a digit have no residual. So it is
    never all that a tree is judged by: of one seed nobody knows the scatter, and it is never paired, and taken to scatter as the
    other side does, or the `trunk`, the baseline's own noise, where that is plainly more.

    Noise that is exactly 0 is believed: a deterministic metric needs only a gain over `min_effect`, and is flagged.
    The mean over all seeds counts, never the best run, which overstates what it found (the winner's curse; Smith &
    Winkler, The optimizer's curse, Management Science 52, 2006). The level is that of one comparison with a fixed
    reference; against the running best, a search of 100 rounds that improve nothing has less than one false `better`.

    Without a value of each seed that is `named` a tree that would be `better` is `provisional`: who may stop at the first lucky seed is
    fooled half as often again (simulated: 0.9 false `better` in 100 rounds for 0.6), and who may put another seed in the place of one
    that has diverged does not see that it did.

    `gained_before` (best so far minus baseline, in the direction) arms `jump`: such a gain is `provisional` until
    somebody confirms it, which is to judge it again without `gained_before`.
    """
    contrast = _contrast(candidate, reference, noise, residual, trunk, named)
    step = gain = _SIGN[direction] * (candidate.mean - reference.mean) + 0.0
    if contrast:  # What the means differ by beyond that may be what other seeds differ by, and takes a win away only.
        gain = _lesser(step, _SIGN[direction] * contrast.shift)
    p = contrast.chance(_SIGN[direction] if gain >= 0 else -_SIGN[direction]) if contrast else None
    kind = _kind(gain, min_effect, p)
    seen = contrast.flags if contrast else ()
    lacking = set(named).difference(candidate.by_seed) if kind is Kind.BETTER else ()
    kind = Kind.PROVISIONAL if lacking else kind
    if kind in (Kind.BETTER, Kind.PROVISIONAL) and gained_before is not None and jump(gain, gained_before):
        kind, seen = Kind.PROVISIONAL, (doubt.JUMP, *seen)
    return Verdict(
        kind, gain, candidate.n, reference.n, candidate.mean, reference.mean,
        sd=contrast.sd if contrast else None,
        p=p,
        paired=contrast is not None and contrast.seeds > 0,
        why=(
            _why(gain, min_effect, p, contrast, seen, at_equal=f'{gain:.3g}' != f'{step:.3g}')
            + (f', but {_valued(len(set(named)), len(lacking))}' if lacking else '')
        ),
        flags=seen,
    )


def screen(
    candidate: Sample, reference: Sample, *, noise: Noise | None, direction: str, residual: Noise | None = None,
) -> Screen | None:
    """Whether a first run deserves more seeds: it gains over half a sigma of a run's noise; None when no noise is known yet.

    Simulated, it stops two of three candidates that gain nothing, and loses 1 in 100 true gains of three sigma. What it lets
    through is judged anew, so that it may pair as soon as a residual has the degrees of freedom of any noise.
    """
    if noise is None or noise.dof < ENOUGH:
        return None
    ways = (_matched(candidate, reference, noise, residual, least=ENOUGH), _unmatched(candidate, reference, noise, None))
    surest = min((way for way in ways if way), key=lambda way: way.error)
    return Screen(_SIGN[direction] * surest.shift + 0.0, SCREEN * surest.sigma)


def jump(gain: float, gained_before: float) -> bool:
    """Whether one step exceeds ten times everything gained before.

    Before anything was gained there is nothing to exceed: a first improvement is no jump, and only the metric's
    bounds watch it.
    """
    return gained_before > 0 and gain > JUMP * gained_before


class _Contrast(NamedTuple):
    """Candidate minus reference; `sigma` is the noise of one run, `seeds` how many were paired on (0: unpaired)."""

    shift: float
    error: float
    dof: float
    sigma: float
    seeds: int
    flags: tuple[str, ...]

    @property
    def sd(self) -> float:
        return self.sigma * math.sqrt(2) if self.seeds else self.sigma

    def chance(self, sign: float) -> float:
        shift = sign * self.shift
        if self.error == 0 and shift:
            return 0.0 if shift > 0 else 1.0
        return 0.5 if self.error in (0, math.inf) else student.survival(shift / self.error, self.dof)


def _contrast(
    one: Sample, other: Sample, noise: Noise | None, residual: Noise | None, trunk: Noise | None, named: Collection[int],
) -> _Contrast | None:
    if noise is None or noise.dof < ENOUGH:
        return None
    paired = _matched(one, other, noise, residual) if min(one.n, other.n) > 1 else None
    if paired:
        return paired
    free = _unmatched(one, other, noise, trunk)
    common = _common(one, other, named)
    return free._replace(shift=_lesser(free.shift, 2 * seeds.mean(_halves(one, other, common)))) if common else free


def _lesser(one: float, other: float) -> float:
    """The one that is nearer to nothing, and nothing where they go different ways."""
    return sorted((0.0, one, other))[1]


def _common(one: Sample, other: Sample, named: Collection[int] = ()) -> list[int]:
    """The seeds that both ran, where those are all of one side, or all that are `named`; else none."""
    found = [seed for seed in one.known if seed in other.by_seed]
    return found if len(found) >= min(one.n, other.n) or named and {*named}.issubset(found) else []


def _halves(one: Sample, other: Sample, common: Collection[int]) -> list[float]:
    """Half of each difference: whole ones may overflow."""
    return [one.by_seed[seed] / 2 - other.by_seed[seed] / 2 for seed in common]


def _matched(one: Sample, other: Sample, noise: Noise, residual: Noise | None, least: int = PAIRABLE) -> _Contrast | None:
    common = _common(one, other)
    if not common:
        return None
    halves = _halves(one, other, common)
    if len(common) > 1 and not any(halves):  # Other seeds tell nothing apart that is the same at these.
        return _Contrast(0.0, 0.0, noise.dof, 0.0, len(common), ())
    middle = seeds.mean(halves)
    scatter = spread(halves, middle)
    own = None if scatter is None else Noise(scatter * math.sqrt(2), len(common) - 1)
    left = next((found for found in (residual, own) if found and found.dof >= least), None)
    # Coarse metrics agree by luck: where there is noise, a residual of nothing is not believed.
    if left is None or left.sd <= 1e-9 * noise.sd:
        return None
    used, unstable = _guarded(own, left)
    error = used.sd * math.sqrt(2 / len(common))
    return _Contrast(2 * middle, error, used.dof, used.sd, len(common), (flags.UNSTABLE,) if unstable else ())


def _unmatched(one: Sample, other: Sample, noise: Noise, trunk: Noise | None) -> _Contrast:
    alike = max(filter(None, (one.noise, other.noise, trunk)), default=None)  # What a single seed is taken to scatter like.
    (first, _), (second, _) = _guarded(one.noise or alike, noise), _guarded(other.noise or alike, noise)
    share, rest = first.sd / math.sqrt(one.n), second.sd / math.sqrt(other.n)
    error = math.hypot(share, rest)
    differ = first is not second and 0 < error < math.inf
    dof = _welch(share / error, first.dof, rest / error, second.dof) if differ else first.dof
    unstable = first is one.noise or second is other.noise
    seen = (flags.UNSTABLE,) if unstable else (flags.NOISELESS,) if noise.sd == 0 else ()
    return _Contrast(one.mean - other.mean, error, dof, max(first.sd, second.sd), 0, seen)


def _guarded(own: Noise | None, shared: Noise) -> tuple[Noise, bool]:
    """A tree's own noise where it is plainly more than the shared one, and whether it is."""
    if own is None or own.sd <= shared.sd:
        return shared, False
    ratio = own.sd / shared.sd if shared.sd else math.inf
    unstable = student.beta(ratio * ratio * own.dof / shared.dof, shared.dof / 2, own.dof / 2) < GUARD
    return (own, True) if unstable else (shared, False)


def _welch(first: float, dof: float, second: float, other: float) -> float:
    """Degrees of freedom of two standard errors given as shares of the joint one."""
    return 1 / (first ** 4 / dof + second ** 4 / other)


def _kind(gain: float, min_effect: float, p: float | None) -> Kind:
    if p is None:
        return Kind.PROVISIONAL
    if abs(gain) <= min_effect or p >= LEVEL:
        return Kind.INCONCLUSIVE
    return Kind.BETTER if gain > 0 else Kind.WORSE


def _why(
    gain: float, min_effect: float, p: float | None, contrast: _Contrast | None, seen: tuple[str, ...], *, at_equal: bool,
) -> str:
    step = f'{"gain" if gain >= 0 else "loss"} {abs(gain):.3g}{" at equal seeds" if at_equal else ""}'
    if doubt.JUMP in seen:
        return f'{step} is more than {JUMP} times everything gained before: to be confirmed'
    if contrast is None or p is None:
        return f'{step}, but the noise is not known: at least three seeds of one tree are needed'
    how = f'paired on {contrast.seeds} seeds' if contrast.seeds else 'unpaired'
    noise = f'p {p:.2g}, noise sd {contrast.sd:.2g}, {how}'
    if abs(gain) <= min_effect:
        return f'{step} is not over min_effect {min_effect:.3g} ({noise})'
    return f'{step} is {"within" if p >= LEVEL else "beyond"} the noise ({noise})'


def _valued(wanted: int, lacking: int) -> str:
    left = wanted - lacking
    return f'only {left} of the {wanted} seeds that decide {"has" if left == 1 else "have"} a value'
