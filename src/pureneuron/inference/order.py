"""The number of neurons: whether one less would do, and how strong a one could hide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from pureneuron.inference.blocks import Blocks, consecutive_blocks
from pureneuron.inference.information import information, is_small
from pureneuron.inference.omitted_unit import omitted_unit_test
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.screening import Screening, screening
from pureneuron.optimize import (
    Descent,
    Fit,
    Limits,
    gains,
    least_missed,
    minimize,
    profile,
    single_suffices,
)
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import Problem, n_unknowns
from pureneuron.typing import Array, BoolArray

__all__ = [
    "HiddenNeuron",
    "SmallerTest",
    "Thresholds",
    "fit_without_one",
    "gain_by_chance",
    "hardly_bent",
    "hidden_neuron",
    "smaller_test",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    candidates : int
        Neurons that are left out in turn (surety.py).
    resolution : float
        The fit without them is wanted to this share of what chance gives (surety.py).
    equations, fewest_rows : float and int
        Equations for each unknown, and rows, that are looked at first (make bench).
    growth, looks : int
        How many times as many are looked at next, and how often at most, before all are
        (make bench-scale).
    rough : float
        Tolerance of a fit to these (make bench).
    clear : float
        Gain of a neuron for each of its unknowns, in all rows, that is far more than chance.
    by_chance, unseen : float
        Gain of a neuron for each of its unknowns that may be chance; and that the omitted-unit test
        may miss where there are too many weights to fit all of them anew (calibration).
    negligible : float
        Share of the gain of the weakest neuron that is shown below which what could hide is
        negligible (calibration).
    """

    candidates: int = 3
    resolution: float = 0.1
    equations: float = 40.0
    fewest_rows: int = 500
    growth: int = 8
    looks: int = 3
    rough: float = 1e-4
    clear: float = 10.0
    by_chance: float = 3.0
    unseen: float = 20.0
    negligible: float = 0.04


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class SmallerTest:
    """Whether a neuron less would do.

    Attributes
    ----------
    p_value : float
        Chance of what the least missed neuron gains, if the others suffice.
    gain : float
        That gain, in squared residuals over the noise variance: about the number of unknowns of a
        neuron, or two or three times that, if it fits noise that is independent and alike.
    without : Fit
        The fit without it.
    """

    p_value: float
    gain: float
    without: Fit


@dataclass(frozen=True)
class HiddenNeuron:
    """The strongest neuron that could hide in the noise, beside those of a fit.

    Attributes
    ----------
    share : float
        What it gains, in units of the gain of the weakest neuron of the fit.
    """

    share: float

    @property
    def is_negligible(self) -> bool:
        """Whether it is so weak, against those that are shown, that there is likely none."""
        return self.share <= THRESHOLDS.negligible

    @property
    def effect(self) -> float:
        """What it does to the outputs, in units of what the weakest neuron does."""
        return float(np.sqrt(self.share))

    @property
    def more_rows(self) -> float:
        """How many times the rows would show it, or that it is negligible."""
        return self.share / THRESHOLDS.negligible


def hidden_neuron(fit: Fit) -> HiddenNeuron:
    """Return how strong a neuron could hide in the noise that a fit leaves."""
    unseen = THRESHOLDS.by_chance if is_small(fit.problem, fit.n_neurons) else THRESHOLDS.unseen
    hidden = unseen * _own_unknowns(fit) * fit.noise_variance / fit.problem.n_equations
    least = float(gains(fit).min())
    return HiddenNeuron(hidden / max(least, np.finfo(np.float64).tiny))


def gain_by_chance(fit: Fit) -> float:
    """Return what a neuron more may gain by chance, in units of the noise variance."""
    return THRESHOLDS.by_chance * _own_unknowns(fit)


def hardly_bent(fit: Fit, bend: Array, times: float = 1.0) -> BoolArray:
    """Tell which units bend less than ``times`` what a neuron more may gain by chance, (k,).

    ``bend`` (k,) is that of :class:`~pureneuron.inference.units.UnitDiagnostics`. None does where
    there is a linear part, and a test for a neuron less tells; or where there is no noise.
    """
    if fit.is_exact or fit.problem.fit_linear:
        return np.zeros(fit.n_neurons, dtype=np.bool_)
    problem = fit.problem
    gains = bend**2 / problem.n_outputs * problem.n_equations / fit.noise_variance
    return np.asarray(gains < times * gain_by_chance(fit))


def _own_unknowns(fit: Fit) -> int:
    """Return the unknowns of one neuron more."""
    problem, k = fit.problem, fit.n_neurons
    return n_unknowns(problem, k + 1) - n_unknowns(problem, k)


def smaller_test(
    fit: Fit,
    blocks: Blocks,
    *,
    limits: Limits,
    seed: int,
    independent: bool = False,
    alike: bool = False,
) -> SmallerTest:
    """Test whether a neuron less would do: the omitted-unit test of the fit without one.

    Of the fits without one of the least missed neurons the best counts. The neuron that was left
    out is where the unit more begins. Most neurons are so needed that some of the rows show it,
    and these are looked at first: at a few, and at more of them where that does not settle it.

    Parameters
    ----------
    fit : Fit
        The fit, not exact.
    blocks : Blocks
        Rows that are independent of those of other blocks.
    limits : Limits
        As for :func:`~pureneuron.optimize.minimize`; the tolerance is raised to what is needed.
    seed : int
        For candidates and signs.
    independent : bool
        Whether rows are, so that any of them may be left out.
    alike : bool
        Whether noise is known to be alike in all rows, too.
    """
    clearly = _clearly_needed(fit, blocks, limits=limits, seed=seed) if independent else None
    if clearly is not None:
        return clearly
    problem, k = fit.problem, fit.n_neurons
    own = n_unknowns(problem, k) - n_unknowns(problem, k - 1)
    chance = fit.noise_variance / problem.n_equations
    if k == 1:
        nothing = profile(problem, fit.point.W[:0])
        gain = (nothing.loss - fit.loss) / chance
        without = Fit(problem, nothing, Descent(True, False, (nothing.loss,)))
        return SmallerTest(float(special.chdtrc(own, gain)), gain, without)
    tol = max(limits.tol, THRESHOLDS.resolution * own * chance / fit.loss)
    without, neuron = fit_without_one(fit, limits=Limits(limits.max_iter, tol))
    gain = (without.loss - fit.loss) / chance
    screened = _screened(without, blocks, seed)
    test = omitted_unit_test(
        screened, level=LEVELS.needed, thorough=True, start=fit.point.W[neuron]
    )
    p = test.p_value
    if alike:
        # What chance gains is known then, whatever few rows it comes from.
        by_gain = float(special.chdtrc(own, gain / THRESHOLDS.by_chance))
        p = min(test.where_noise_is_alike.p_value, by_gain)
    return SmallerTest(p, gain, without)


def _clearly_needed(fit: Fit, blocks: Blocks, *, limits: Limits, seed: int) -> SmallerTest | None:
    """Return the outcome if some of the rows show it, by the screening alone."""
    problem, k = fit.problem, fit.n_neurons
    if k == 1:
        return None
    limits = Limits(limits.max_iter, max(limits.tol, THRESHOLDS.rough))
    own = n_unknowns(problem, k) - n_unknowns(problem, k - 1)
    for some in _parts(problem, k):
        right = minimize(some, fit.point.W, limits=limits, damping=DAMPING.trusted)
        without, _ = fit_without_one(right, limits=limits)
        p = _screened(without, consecutive_blocks(some.n_rows, blocks.n_blocks), seed).p_value
        gain = (without.loss - right.loss) / fit.noise_variance * problem.n_equations
        # The looks share half of the level.
        clear = THRESHOLDS.looks * p <= 0.5 * LEVELS.needed
        if clear and gain > THRESHOLDS.clear * own:
            return SmallerTest(p, gain, without)
    return None


def _parts(problem: Problem, n_neurons: int) -> Iterator[Problem]:
    """Yield ever more of the rows, up to half of them or to those that are kept."""
    size = THRESHOLDS.equations * n_unknowns(problem, n_neurons) / problem.n_outputs
    size = max(size, THRESHOLDS.fewest_rows)
    most = problem.n_rows / 2 if problem.kept is None else len(problem.kept)
    for _ in range(THRESHOLDS.looks):
        if size <= most:
            yield problem.thinned(size)
        size *= THRESHOLDS.growth


def _screened(fit: Fit, blocks: Blocks, seed: int) -> Screening:
    known = information(fit) if is_small(fit.problem, fit.n_neurons) else None
    return screening(fit, known, blocks, rng=np.random.default_rng(seed))


def fit_without_one(fit: Fit, *, limits: Limits) -> tuple[Fit, int]:
    """Return the best of the fits without one of the least missed neurons, and which that is.

    Where rows are kept, these show which that is.
    """
    problem = fit.problem
    rows = problem.in_single_precision if single_suffices(fit.loss) else problem
    some = rows if rows.kept is None else rows.on(rows.kept.samples)
    descents = [
        (
            minimize(
                some,
                np.delete(fit.point.W, neuron, axis=0),
                limits=limits,
                damping=DAMPING.trusted,
            ),
            int(neuron),
        )
        for neuron in least_missed(fit)[: THRESHOLDS.candidates]
    ]
    without, neuron = min(descents, key=lambda each: each[0].loss)
    if some is not rows:
        W, A = without.point.W, without.point.A
        without = minimize(rows, W, A, limits=limits, damping=DAMPING.trusted)
    return Fit(problem, without.point, without.info), neuron
