"""What speaks for and against a fit, besides its loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pureneuron.inference.census import UnitCensus, unit_census
from pureneuron.inference.lack_of_fit import LackOfFit, lack_of_fit
from pureneuron.moments import Problem, n_unknowns
from pureneuron.refine import (
    Descent,
    PatternModel,
    descend,
    displacement,
    least_missed,
    single_suffices,
)
from pureneuron.samples.mirror import distinct_rows
from pureneuron.typing import Array, IndexArray

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
# Standard error of a row or column of unit length with which a neuron is hardly known.
_LARGEST_ERROR = 0.25
_SPARE_CANDIDATES = 2
# The gain of a spare unit is wanted to this share of what chance gives.
_RESOLUTION = 0.3
_VANISHING, _ANOTHER = 1e-7, 0.1
# Neurons up to which all their sets are tried, and the square of the standard errors by which a
# sum must differ from zero.
_ALL_SETS, _STANDARD_ERRORS = 12, 9.0


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
        """Whether the fit may be the truth; a residual that is all in one row is suspicious."""
        suspicious = self.trace is not None and (self.trace.misfit or self.trace.concentrated)
        return self.census.healthy and not suspicious

    @property
    def unsuspicious(self) -> bool:
        """Whether, moreover, the residual shows no more of the inputs than chance does mostly."""
        return self.plausible and not (self.trace is not None and self.trace.doubtful)


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
        Directions in which neurons can move without moving the outputs by more than noise, beyond
        the k that rescale a unit; 0 where there are too many unknowns to count.
    rank : int or None
        Rank of ``B = A W`` against its noise; None where it does not show the number of neurons.
    spare_gain : float or None
        What the least missed unit takes off the loss, in units of what a unit that fits nothing
        but noise is expected to take; None where the rank or the residual already says enough.
    n_distinct : float
        How many different inputs there are, about; where some rows show enough, how many they show.
    """

    census: UnitCensus
    trace: LackOfFit | None
    reversible: bool
    undetermined: int
    rank: int | None
    spare_gain: float | None
    n_distinct: float


def examine(problem: Problem, descent: Descent, *, seed: int) -> Examination:
    """Look at the units and at the residual of a fit, with the same probes for the same seed."""
    W, A = descent.point.W, descent.point.A
    rng = np.random.default_rng(seed)
    # The probes are after correlations of a few thousandths at least, and units that one row in a
    # million switches by rounding have no effect.
    rows = problem.in_single_precision if single_suffices(descent.loss) else problem
    return Examination(
        census=unit_census(rows, W, A, gram=descent.point.gram),
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
    k = len(best.point.W)
    shows = problem.shows_all(k)
    settled = best.exact or best.interrupted or (shows and rank == k)
    return Evidence(
        census=examination.census,
        trace=examination.trace,
        reversible=is_reversible(problem, best),
        undetermined=undetermined_directions(problem, best),
        rank=rank if shows else None,
        spare_gain=None if settled else spare_unit_gain(problem, best, max_iter=max_iter, tol=tol),
        n_distinct=_distinct_inputs(problem, k),
    )


def is_reversible(problem: Problem, descent: Descent) -> bool:
    """Tell whether turning some rows of W round leaves the function as it is, to within the noise.

    ``σ(−t) = σ(t) − t`` (for a leaky σ a multiple of t), so that turning the rows of a set S takes
    ``Σ_S a_i w_iᵀ x`` off the outputs: nothing, where that sum vanishes. With noise it need not be
    zero: what counts is whether the rows can tell it from zero. All sets are tried for up to
    twelve neurons, and pairs and all of them for more.
    """
    W = descent.point.W
    A = descent.point.A[:, : len(W)]
    # Fitting moves the sum by as many standard errors as the units in S have unknowns.
    of_a_unit = problem.n_inputs + problem.n_outputs - 1
    noise = _STANDARD_ERRORS * of_a_unit * descent.loss / problem.n_effective
    for rows in _vanishing_sets((A.T @ A) * (W @ W.T), noise):
        turned = W.copy()
        turned[rows] *= -1.0
        # A pair w, −w with equal columns turns into itself.
        if displacement(turned, A, W, A) > _ANOTHER:
            return True
    return False


def _vanishing_sets(products: Array, noise: float) -> Iterator[IndexArray]:
    """Yield sets S whose ``|Σ_S v_i|²`` is no more than noise a member, from inner products."""
    k = len(products)
    size = _VANISHING**2 * np.diag(products).max()
    if k <= _ALL_SETS:
        sets = ((np.arange(2**k)[:, None] >> np.arange(k)) & 1).astype(np.float64)
        squares = np.sum((sets @ products) * sets, axis=1)
        members = sets.sum(axis=1)
        vanishing = (members >= 2) & (squares <= np.maximum(noise * members, size))
        yield from map(np.flatnonzero, sets[vanishing])
        return
    if products.sum() <= max(noise * k, size):
        yield np.arange(k)
    own = np.diag(products)
    pairs = np.triu(own[:, None] + own + 2.0 * products <= max(2.0 * noise, size), 1)
    yield from np.argwhere(pairs)


def undetermined_directions(problem: Problem, descent: Descent) -> int:
    """Count the directions in which the data leave the neurons undetermined.

    Repeated rows, few distinct inputs or a unit that only a few rows switch leave null directions
    in the Gauss–Newton matrix, beyond the k rescalings, however many rows there are. Others are
    undetermined to within the noise: by a standard error of a quarter of the length of a white row
    or of a column of A, or of the distance between two rows.
    """
    k, r = len(descent.point.W), problem.n_inputs
    if k * r > _COUNTED_UNKNOWNS:
        return 0
    # What some rows determine, all of them do.
    size = _some_rows(problem, k)
    if size <= problem.n_rows // 2:
        some = problem.subset(size, rng=np.random.default_rng(0))
        if _undetermined(some, descent, problem.n_effective) == 0:
            return 0
    return _undetermined(problem, descent, problem.n_effective)


def _distinct_inputs(problem: Problem, n_neurons: int) -> float:
    size = _some_rows(problem, n_neurons)
    if size <= problem.n_rows // 2:
        count = distinct_rows(problem.source.subset(size, rng=np.random.default_rng(0)))
        if count > size / 2:
            return count
    return distinct_rows(problem.source)


def _some_rows(problem: Problem, n_neurons: int) -> int:
    """Return as many rows as most questions need; more where many weigh next to nothing."""
    needed = _COUNTED_EQUATIONS * n_unknowns(problem, n_neurons) / problem.n_equations
    return int(needed * problem.n_rows)


def _undetermined(problem: Problem, descent: Descent, n_effective: float) -> int:
    """Count them by the curvature in these rows, and the noise of so many."""
    k, r = len(descent.point.W), problem.n_inputs
    model = PatternModel(problem, descent.point.W, descent.point.A)
    matrix, scale = model.matrix, np.sqrt(model.unprojected_diagonal)
    scale = np.where(scale > 0.0, scale, 1.0)
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    # Before A is projected out the scaled matrix has unit diagonal; what is left of it may be
    # rounding all over.
    regular = values > _SINGULAR
    spent = n_unknowns(problem, k) / (n_effective * problem.n_outputs)
    variance = descent.loss / max(1.0 - spent, 0.1) / n_effective
    point = model.point
    moves = (vectors[:, regular] / scale[:, None]).reshape(k, r, -1)
    # What belongs to which of two neurons is known no better than the distance between their rows.
    apart = np.linalg.norm(point.W[:, None] - point.W, axis=2) + 2.0 * np.eye(k)
    shares = np.linalg.norm(moves, axis=1) / np.minimum(apart.min(axis=1), 1.0)[:, None]
    errors = shares.max(axis=0) * np.sqrt(variance / values[regular])
    missing = max(k * (r - 1) - int(np.sum(errors <= _LARGEST_ERROR)), 0)
    columns = variance * problem.n_outputs * np.diag(point.gram_inverse)[:k]
    faint = columns > _LARGEST_ERROR**2 * np.sum(point.A[:, :k] ** 2, axis=0)
    return missing + int(faint.sum())


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
        rows = problem.in_single_precision if single_suffices(descent.loss) else problem
        trials = [
            descend(
                rows,
                np.delete(point.W, a, axis=0),
                max_iter=max_iter,
                tol=max(tol, _RESOLUTION * chance / descent.loss),
                damping=1e-4,
            )
            for a in least_missed(descent)[:_SPARE_CANDIDATES]
        ]
        if any(trial.interrupted for trial in trials):
            raise KeyboardInterrupt
        without = min(trial.loss for trial in trials)
    return (without - descent.loss) / chance


def _loss_of_nothing(problem: Problem) -> float:
    power: Array = np.diag(problem.moments.yy)
    if problem.fit_intercept:
        power = power - problem.moments.y**2
    return float(power.mean()) / problem.output_scale**2
