"""Where the number of neurons is to be found: where to begin, where to go on, when to stay.

Right is the least number whose fit leaves no trace in the residual. So a number is left upwards
while the omitted-unit test rejects, and downwards while a neuron less would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from pureneuron.certify import Found, verdict_of
from pureneuron.inference import (
    Blocks,
    Diagnostics,
    SmallerTest,
    check,
    fit_without_one,
    gain_by_chance,
    hardly_bent,
    hidden_neuron,
    smaller_test,
)
from pureneuron.inference.diagnostics import THRESHOLDS as TESTED
from pureneuron.inference.omitted_unit import OmittedUnitTest
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.status import THRESHOLDS as STATUS
from pureneuron.initialize import Suggested
from pureneuron.initialize.orientation import rightly_turned
from pureneuron.monitor import Monitor
from pureneuron.optimize import Fit, Limits, Observer, minimize, minimize_mixed
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import Status
from pureneuron.search.evidence import THRESHOLDS as SEARCH
from pureneuron.spectral import LinearRank
from pureneuron.typing import Array

__all__ = [
    "Step",
    "Thresholds",
    "another_size",
    "first_number",
    "is_too_large",
    "least_sufficient",
    "most_neurons",
    "size_of",
    "unless_doubtful",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most : int
        Up to how many neurons are tried, where the rank of B does not say more (calibration).
    most_growth : int
        Up to how many times that rank (calibration).
    equations : float
        Fewest equations for each unknown (calibration).
    doubtful : float
        Gain of a neuron that could hide in the noise, against that of the weakest that shows, above
        which fewer neurons than were asked for are in doubt (calibration).
    hardly_off, bends : float
        Share of rows in which a unit is off below which its kink may be noise; and what that adds
        to the outputs, against what a neuron more may gain by chance, with which it is none
        (users.py).
    opposite, straight : float
        Cosine from which on two rows of W are opposite; and what two columns of A that cancel leave
        at most, relative to one of them (users.py).
    better : float
        Share of the loss by which a fit must be better than one before for its number of neurons to
        be tried again (calibration).
    """

    most: int = 32
    most_growth: int = 2
    equations: float = 8.0
    doubtful: float = 0.02
    hardly_off: float = 0.02
    bends: float = 10.0
    opposite: float = 0.99
    straight: float = 0.1
    better: float = 1e-3


THRESHOLDS = Thresholds()


def first_number(problem: Problem, rank: LinearRank) -> int:
    """Return the rank of B, or as many neurons as the rows can tell apart if those are fewer.

    A linear part has a rank of its own, which says nothing of neurons: beside it there is one.
    """
    return 1 if problem.fit_linear else max(1, min(rank.value, _affordable(problem)))


def most_neurons(problem: Problem, rank: LinearRank) -> int:
    """Return up to how many neurons are tried."""
    most = max(THRESHOLDS.most, THRESHOLDS.most_growth * rank.value)
    enough = int(_affordable(problem) / THRESHOLDS.equations)
    return max(first_number(problem, rank), min(most, enough))


@dataclass(frozen=True, eq=False)
class Step:
    """A size to try next.

    Attributes
    ----------
    problem : Problem
        The model: whether there is a linear part beside the neurons.
    n_neurons : int
        How many.
    start : Suggested
        Where to start.
    in_doubt : bool
        Whether it takes more starts than usual to believe that they agree.
    """

    problem: Problem
    n_neurons: int
    start: Suggested
    in_doubt: bool = False

    @classmethod
    def to(cls, fit: Fit, problem: Problem, why: str) -> Step:
        """Return the step to the size of a fit, from where it is.

        Parameters
        ----------
        fit : Fit
            The fit; it may have left inputs out.
        problem : Problem
            The data with all inputs.
        why : str
            For the report.
        """
        if fit.problem.fit_linear != problem.fit_linear:
            linear = fit.problem.fit_linear
            problem = problem.with_linear_part() if linear else problem.without_linear_part()
        W = rightly_turned(fit) if fit.problem.fit_linear else fit.point.W
        W = problem.whitening.to_white(fit.problem.whitening.from_white(W))
        return cls(problem, fit.n_neurons, Suggested(W, why))


Sizes: TypeAlias = Mapping[tuple[bool, int], Found]
"""The first fit of every size so far: whether there is a linear part, and how many neurons."""


def size_of(fit: Fit) -> tuple[bool, int]:
    """Return the size of a fit."""
    return fit.problem.fit_linear, fit.n_neurons


def another_size(
    found: Found,
    tried: Sizes,
    problem: Problem,
    *,
    most: int,
    asked: bool,
    limits: Limits,
    seed: int,
    monitor: Monitor,
) -> Step | None:
    """Return the next size to try, or None to stay.

    Parameters
    ----------
    found : Found
        The last fit.
    tried : mapping
        Fits of other sizes before, and this one.
    problem : Problem
        The data with all inputs: the fit may have left some out.
    most, asked : int and bool
        Neurons that are tried at most, and whether that is because somebody asked for so many.
    limits, seed
        As for :func:`~pureneuron.inference.smaller_test`.
    monitor : Monitor
        Told of networks that grow.
    """
    fit, diagnostics = found.fit, _diagnostics(found)
    (linear, k), omitted, blocks = size_of(fit), diagnostics.omitted, diagnostics.blocks
    if tried[linear, k].searched != (linear, k) and not found.search.agreement:
        return Step.to(fit, problem, "a simpler model")
    rejected = omitted is not None and omitted.is_rejected
    may_grow = k < most and (linear, k + 1) not in tried
    if rejected and not may_grow:
        return _searched_again(found, problem) if asked and k >= most else None
    if omitted is not None and may_grow and (rejected or _may_hide_one(omitted)):
        tell = monitor.observer(fit.problem, "growing", 1, 1)
        grown = _grown(fit, omitted.larger, blocks, most, limits=limits, seed=seed, observer=tell)
        return Step.to(grown, problem, "more neurons")
    alike = diagnostics.noise_is_alike
    shrink = partial(_shrunk, blocks=blocks, limits=limits, seed=seed, alike=alike)
    without, before = _sufficient(diagnostics.smaller), tried.get((linear, k - 1))
    if without is None:
        return _beside_linear_part(found, tried, problem, shrink, limits)
    if before is not None and not _is_better(without, before):
        return None
    fewest = shrink(without)
    # Where several are too many, the fits between need not be confirmed.
    return Step.to(without if size_of(fewest) in tried else fewest, problem, "fewer neurons")


def _may_hide_one(omitted: OmittedUnitTest) -> bool:
    """Tell whether a neuron more is to be tried, though tests that hold for any noise see none.

    What few blocks show is seen if noise is alike in all rows; and whether it is so, a fit that
    lacks a neuron does not tell.
    """
    return omitted.p_alike < LEVELS.omitted


def _searched_again(found: Found, problem: Problem) -> Step | None:
    """Return the step to the same size where few starts agreed, and no more neurons are wanted.

    What the test has found may be missing because this is a local minimum.
    """
    few = len(found.search.losses) < SEARCH.doubtful_starts
    # A search in doubt makes no checks, and is not made twice.
    if not few or found.search.checks is None:
        return None
    return replace(Step.to(found.fit, problem, "the best so far"), in_doubt=True)


def _beside_linear_part(
    found: Found, tried: Sizes, problem: Problem, shrink: Callable[[Fit], Fit], limits: Limits
) -> Step | None:
    """Return the step to fewer neurons beside a linear part, where they are not known without one.

    Neurons that hardly switch, and pairs w, −w, are linear functions that many networks show alike.
    """
    fit = found.fit
    seen = fit.problem.linear_part_shows(fit.n_neurons)
    # Where there is a linear part and noise, the test for a neuron less has been made.
    tested = fit.problem.fit_linear and not fit.is_exact
    uncertain = verdict_of(found).status in (Status.DEGENERATE, Status.STARTS_DISAGREE)
    if seen or tested or found.slope is not None:
        return None
    units = _diagnostics(found).checks.units
    straight = hardly_bent(fit, units.bend, THRESHOLDS.bends)
    straight &= units.active > 1.0 - THRESHOLDS.hardly_off
    if not (uncertain or straight.any() or _has_straight_pair(fit)):
        return None
    beside = fit.problem.with_linear_part()
    # With noise, a fit that could hardly be tested would be no better known.
    few = STATUS.few_equations if fit.is_exact else TESTED.tested_equations
    if beside.n_equations < few * n_unknowns(beside, fit.n_neurons):
        return None
    fewest = shrink(minimize(beside, fit.point.W, limits=limits, damping=DAMPING.trusted))
    before, gone = tried.get(size_of(fewest)), fit.n_neurons - fewest.n_neurons
    # What was there without the linear part must be there with it, but for what fits noise. With
    # many outputs a linear part has more unknowns than the neurons had, and fits more of it.
    more = n_unknowns(beside, fewest.n_neurons) - n_unknowns(fit.problem, fit.n_neurons)
    by_chance = (gone * gain_by_chance(fewest) - max(more, 0)) / beside.n_equations
    lost = not fewest.is_exact and fewest.loss > (1.0 + by_chance) * fit.loss
    if gone == 0 or lost or (before and not _is_better(fewest, before)):
        return None
    return Step.to(fewest, problem, "fewer neurons, and a linear part")


def _has_straight_pair(fit: Fit) -> bool:
    """Tell whether two neurons have one kink and no bend together: w and −w, a and −a.

    They add up to a linear function, and the kink may be anywhere.
    """
    W, A = fit.point.W, fit.point.columns.T
    left, size = np.linalg.norm(A[:, None] + A, axis=2), np.linalg.norm(A, axis=1)
    cancel = left < THRESHOLDS.straight * size
    return bool(np.any(cancel & (W @ W.T < -THRESHOLDS.opposite)))


def least_sufficient(found: Found, tried: Sizes) -> Found:
    """Return the fit with a neuron less if that may do, though chance spoke against it."""
    linear, k = size_of(found.fit)
    less, enough = tried.get((linear, k - 1)), _sufficient(_diagnostics(found).smaller)
    return less if less is not None and enough is not None else found


def unless_doubtful(chosen: Found, first: Found) -> Found:
    """Return a fit with fewer neurons than were asked for if it is certain that it has all.

    Who asks for them may know of them. So it must leave no trace, and show neurons so well that one
    of a fiftieth of the weakest could not hide in the noise.
    """
    if chosen.fit.n_neurons == first.fit.n_neurons:
        return chosen
    omitted = _diagnostics(chosen).omitted
    rejected = omitted is not None and omitted.is_rejected
    # A linear part in their place stands for one neuron that is always on, or for two at least.
    had_linear, asked = first.searched
    linear = chosen.fit.problem.fit_linear and not had_linear
    fewer = chosen.fit.n_neurons + 2 * linear < asked
    doubtful = fewer and hidden_neuron(chosen.fit).share > THRESHOLDS.doubtful
    # Neither simpler nor nearer to the data: then it is the linear part that may be wrong.
    unknowns = [n_unknowns(each.fit.problem, each.fit.n_neurons) for each in (chosen, first)]
    doubtful |= linear and unknowns[0] >= unknowns[1] and chosen.fit.loss > first.fit.loss
    return first if rejected or doubtful else chosen


def is_too_large(fit: Fit, blocks: Blocks, *, limits: Limits, seed: int) -> bool:
    """Tell whether a fit, with rows enough to say so, does as well with a neuron less."""
    problem = fit.problem
    if problem.n_equations < STATUS.few_equations * n_unknowns(problem, fit.n_neurons):
        return False
    return _one_less(fit, blocks, limits=limits, seed=seed).p_value > LEVELS.needed


def _one_less(
    fit: Fit, blocks: Blocks, *, limits: Limits, seed: int, alike: bool = False
) -> SmallerTest:
    # Rows in order can be thinned out: their blocks stay the same stretches.
    independent = blocks.kind == "order"
    return smaller_test(fit, blocks, limits=limits, seed=seed, independent=independent, alike=alike)


def _grown(
    fit: Fit,
    W: Array,
    blocks: Blocks,
    most: int,
    *,
    limits: Limits,
    seed: int,
    observer: Observer,
) -> Fit:
    """Add neurons to a fit, one after the other, as long as the screening sees that one is missing.

    The fits between need not be confirmed.
    """
    while True:
        fit = minimize_mixed(fit.problem, W, limits=limits, observer=observer)
        checks = check(fit, blocks, seed)
        seen = checks.omitted or checks.screened
        if fit.n_neurons >= most or seen is None or seen.p_value >= LEVELS.omitted:
            return fit
        W = seen.larger


def _shrunk(fit: Fit, blocks: Blocks, *, limits: Limits, seed: int, alike: bool) -> Fit:
    """Take neurons away from a fit, one after the other, as long as one less would do."""
    while fit.n_neurons > 1:
        if fit.is_exact:
            without = fit_without_one(fit, limits=limits)[0]
            less = without if without.is_exact else None
        else:
            less = _sufficient(_one_less(fit, blocks, limits=limits, seed=seed, alike=alike))
        if less is None:
            break
        fit = less
    return fit


def _sufficient(smaller: SmallerTest | None) -> Fit | None:
    """Return the fit with a neuron less that may be all there is; None where it is not.

    A neuron that gains no more than one that fits noise is not needed, though a test of the place
    that it has found, out of many, may say so.
    """
    if smaller is None or smaller.without.n_neurons == 0:
        return None
    needed = smaller.p_value <= LEVELS.needed and smaller.gain > gain_by_chance(smaller.without)
    return None if needed else smaller.without


def _is_better(fit: Fit, before: Found) -> bool:
    return fit.loss < (1.0 - THRESHOLDS.better) * before.fit.loss


def _affordable(problem: Problem) -> int:
    return int(problem.n_equations / n_unknowns(problem, 1))


def _diagnostics(found: Found) -> Diagnostics:
    assert found.diagnostics is not None
    return found.diagnostics
