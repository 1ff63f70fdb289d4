"""What speaks for and against a fit, besides its loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.inference.census import UnitCensus, unit_census
from pureneuron.inference.lack_of_fit import LackOfFit, lack_of_fit
from pureneuron.moments import Problem, n_unknowns
from pureneuron.refine import Descent, PatternModel, descend, displacement, least_missed
from pureneuron.typing import Array

__all__ = [
    "Evidence",
    "Examination",
    "examine",
    "gather_evidence",
    "is_reversible",
    "spare_unit_gain",
    "undetermined_directions",
]

# Up to this many unknowns the Gauss–Newton matrix is formed and its rank counted.
_COUNTED_UNKNOWNS = 400
# Equations for each unknown that are tried first.
_COUNTED_EQUATIONS = 10.0
_SINGULAR = 1e-10
_SPARE_CANDIDATES = 2
# The gain of a spare unit is wanted to this share of what chance gives; single precision shows it
# where the loss is clear of its rounding.
_RESOLUTION, _SINGLE_LOSS = 0.3, 1e-6
_VANISHING, _ANOTHER = 1e-7, 0.1


@dataclass(frozen=True)
class Examination:
    """How a fit looks at first sight.

    Attributes
    ----------
    census : UnitCensus
        The state of every unit.
    trace : LackOfFit or None
        Whether the residual shows the inputs; None where the residual is rounding.
    """

    census: UnitCensus
    trace: LackOfFit | None

    @property
    def plausible(self) -> bool:
        """Whether the fit may be the truth."""
        return self.census.healthy and not (self.trace is not None and self.trace.misfit)


@dataclass(frozen=True)
class Evidence:
    """What the data say of a fit.

    Attributes
    ----------
    census, trace
        Of the :class:`Examination`.
    reversible : bool
        Whether the same function is obtained with some rows of W turned round: W is one of two.
    undetermined : int
        Directions in which W can move without moving the outputs to first order, beyond the k that
        rescale a unit; 0 where there are too many unknowns to count.
    rank : int or None
        Rank of ``B = A W`` against its noise; None where it does not show the number of neurons.
    spare_gain : float or None
        What the least missed unit takes off the loss, in units of what a unit that fits nothing
        but noise is expected to take; None where the rank or the residual already says enough.
    """

    census: UnitCensus
    trace: LackOfFit | None
    reversible: bool
    undetermined: int
    rank: int | None
    spare_gain: float | None


def examine(problem: Problem, descent: Descent, *, seed: int) -> Examination:
    """Look at the units and at the residual of a fit, with the same probes for the same seed."""
    W, A = descent.point.W, descent.point.A
    rng = np.random.default_rng(seed)
    # The probes are after correlations of a few thousandths at least.
    rows = problem.in_single_precision() if descent.loss > _SINGLE_LOSS else problem
    return Examination(
        census=unit_census(problem, W, A),
        trace=None if descent.exact else lack_of_fit(rows, W, A, rng=rng),
    )


def gather_evidence(
    problem: Problem,
    best: Descent,
    rank: int,
    examination: Examination,
    *,
    max_iter: int,
    tol: float,
) -> Evidence:
    """Question the best descent.

    Parameters
    ----------
    problem : Problem
        The data.
    best : Descent
        The fit.
    rank : int
        Rank of B against its sampling noise.
    examination : Examination
        Of the same fit.
    max_iter, tol
        As for :func:`pureneuron.refine.descend`, which the test for spare units uses.
    """
    W, A = best.point.W, best.point.A
    k = len(W)
    shows = problem.shows_all(k)
    settled = best.exact or best.interrupted or (shows and rank == k)
    return Evidence(
        census=examination.census,
        trace=examination.trace,
        reversible=best.exact and is_reversible(W, A[:, :k]),
        undetermined=undetermined_directions(problem, best),
        rank=rank if shows else None,
        spare_gain=None if settled else spare_unit_gain(problem, best, max_iter=max_iter, tol=tol),
    )


def is_reversible(W: Array, A: Array) -> bool:
    """Tell whether turning all rows of W round, or two of them, leaves the function as it is.

    ``σ(−t) = σ(t) − t`` (for a leaky σ a multiple of t), so that turning the rows of a set S takes
    ``Σ_S a_i w_iᵀ x`` off the outputs: nothing, where that sum vanishes.
    """
    k = len(W)
    products = A.T[:, :, None] * W[:, None, :]
    size = np.abs(products).max()
    sets = [list(range(k))] + [[i, j] for i in range(k) for j in range(i)]
    for rows in sets:
        turned = W.copy()
        turned[rows] *= -1.0
        vanishes = np.abs(products[rows].sum(axis=0)).max() <= _VANISHING * size
        # A pair w, −w with equal columns turns into itself.
        if vanishes and displacement(turned, A, W, A) > _ANOTHER:
            return True
    return False


def undetermined_directions(problem: Problem, descent: Descent) -> int:
    """Count the null directions of the Gauss–Newton matrix beyond the k rescalings.

    Repeated rows, few distinct inputs or a unit that only a few rows switch leave W undetermined
    however many rows there are.
    """
    k, r = len(descent.point.W), problem.n_inputs
    if k * r > _COUNTED_UNKNOWNS:
        return 0
    # What some rows determine, all of them do.
    size = int(_COUNTED_EQUATIONS * n_unknowns(problem, k) / problem.n_outputs)
    if size <= problem.samples.n_rows // 2:
        some = problem.subset(size, rng=np.random.default_rng(0))
        if _undetermined(some, descent) == 0:
            return 0
    return _undetermined(problem, descent)


def _undetermined(problem: Problem, descent: Descent) -> int:
    k, r = len(descent.point.W), problem.n_inputs
    matrix = PatternModel(problem, descent.point.W, descent.point.A).matrix
    scale = np.sqrt(np.diag(matrix))
    scale = np.where(scale > 0.0, scale, 1.0)
    values = np.linalg.eigvalsh(matrix / np.outer(scale, scale))
    determined = int(np.sum(values > _SINGULAR * values[-1]))
    return max(k * (r - 1) - determined, 0)


def spare_unit_gain(problem: Problem, descent: Descent, *, max_iter: int, tol: float) -> float:
    """Measure what the fit would lose with one neuron less, refitted.

    The gain in squared residual is divided by the noise variance and by ``r + m − 1``, the number
    of unknowns of a neuron. A neuron that fits noise gains about 1 to 3, for it chooses its
    direction; one that the outputs need gains in proportion to the rows.
    """
    point, k = descent.point, len(descent.point.W)
    unknowns = n_unknowns(problem, k)
    noise = descent.loss / max(1.0 - unknowns / problem.n_equations, 0.1)
    chance = noise * (unknowns - n_unknowns(problem, k - 1)) / problem.n_equations
    if k == 1:
        without = _loss_of_nothing(problem)
    else:
        rows = problem.in_single_precision() if descent.loss > _SINGLE_LOSS else problem
        without = min(
            descend(
                rows,
                np.delete(point.W, a, axis=0),
                max_iter=max_iter,
                tol=max(tol, _RESOLUTION * chance / descent.loss),
                damping=1e-4,
            ).loss
            for a in least_missed(descent)[:_SPARE_CANDIDATES]
        )
    return (without - descent.loss) / chance


def _loss_of_nothing(problem: Problem) -> float:
    power: Array = np.diag(problem.moments.yy)
    if problem.fit_intercept:
        power = power - problem.moments.y**2
    return float(power.mean()) / problem.output_scale**2
