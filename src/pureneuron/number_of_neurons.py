"""Where the number of neurons is to be found: where to begin, where to go on, when to stay.

Right is the least number whose fit leaves no trace in the residual. So a number is left upwards
while the omitted-unit test rejects, and downwards while a neuron less would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pureneuron.certify import Found
from pureneuron.inference import Blocks, Diagnostics, smaller_test
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.status import THRESHOLDS as STATUS
from pureneuron.initialize import Suggested
from pureneuron.optimize import Fit, Limits
from pureneuron.problem import Problem, n_unknowns
from pureneuron.spectral import LinearRank
from pureneuron.typing import Array

__all__ = ["Thresholds", "another_number", "first_number", "is_too_large", "least_sufficient"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_growth, growth : int
        Up to how many times the first number of neurons are tried, and so many more (calibration).
    better : float
        Share of the loss by which the fit with a neuron less must be better than one before for
        that number to be tried again (calibration).
    """

    most_growth: int = 2
    growth: int = 4
    better: float = 1e-3


THRESHOLDS = Thresholds()


def first_number(problem: Problem, rank: LinearRank) -> int:
    """Return the rank of B, or as many neurons as the rows can tell apart if those are fewer."""
    return max(1, min(rank.value, _most(problem)))


def another_number(
    found: Found, tried: Mapping[int, Found], problem: Problem
) -> tuple[int, Suggested] | None:
    """Return the next number of neurons to try and where to start, or None to stay.

    Parameters
    ----------
    found : Found
        The last fit.
    tried : mapping of int to Found
        The last fit of every number before, this one included.
    problem : Problem
        In whose coordinates the start is wanted: the fit may have left inputs out.
    """
    k, diagnostics = found.fit.n_neurons, _diagnostics(found)
    omitted, smaller = diagnostics.omitted, diagnostics.smaller
    if omitted is not None and omitted.is_rejected:
        most = min(_most(problem), THRESHOLDS.most_growth * min(tried) + THRESHOLDS.growth)
        if k + 1 in tried or k >= most:
            return None
        return k + 1, Suggested(_rows_in(problem, omitted.larger, found), "one neuron more")
    if smaller is None or smaller.p_value <= LEVELS.needed or k == 1:
        return None
    before = tried.get(k - 1)
    if before is not None and smaller.loss >= (1.0 - THRESHOLDS.better) * before.fit.loss:
        return None
    return k - 1, Suggested(_rows_in(problem, smaller.W, found), "one neuron less")


def least_sufficient(found: Found, tried: Mapping[int, Found]) -> Found:
    """Return the fit with a neuron less if that may do, though chance spoke against it."""
    smaller = _diagnostics(found).smaller
    less = tried.get(found.fit.n_neurons - 1)
    if smaller is not None and smaller.p_value > LEVELS.needed and less is not None:
        return less
    return found


def is_too_large(fit: Fit, blocks: Blocks, *, limits: Limits, seed: int) -> bool:
    """Tell whether a fit, with rows enough to say so, does as well with a neuron less."""
    problem = fit.problem
    if problem.n_equations < STATUS.few_equations * n_unknowns(problem, fit.n_neurons):
        return False
    return smaller_test(fit, blocks, limits=limits, seed=seed).p_value > LEVELS.needed


def _most(problem: Problem) -> int:
    return int(problem.n_equations / n_unknowns(problem, 1))


def _rows_in(problem: Problem, W: Array, found: Found) -> Array:
    """Return white rows of a fit in the coordinates of a problem with all inputs."""
    return problem.whitening.to_white(found.fit.problem.whitening.from_white(W))


def _diagnostics(found: Found) -> Diagnostics:
    assert found.diagnostics is not None
    return found.diagnostics
