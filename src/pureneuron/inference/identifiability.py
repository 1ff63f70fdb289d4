"""Whether the data determine the weights: sign symmetries, and undetermined directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pureneuron.optimize import Fit, displacement
from pureneuron.optimize.least_squares.pattern import PatternModel
from pureneuron.problem import Problem, n_unknowns
from pureneuron.samples.mirror import distinct_rows
from pureneuron.typing import Array, IndexArray

__all__ = [
    "Determinacy",
    "Thresholds",
    "determinacy",
    "distinct_inputs",
    "is_reversible",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_unknowns : int
        Up to this many unknowns the Gauss–Newton matrix is formed and its rank counted (cost.py).
    some_equations : float
        Equations for each unknown that are tried first (cost.py).
    singular : float
        Eigenvalue of the scaled matrix that is zero (rounding).
    largest_error : float
        Standard error of a row or column of unit length with which a neuron is hardly known
        (surety.py).
    vanishing, another : float
        Share of the largest neuron that is zero for a sum without noise (rounding); displacement
        from which on a network is another one.
    all_sets : int
        Neurons up to which all their sets are tried (cost.py).
    squared_errors : float
        Square of the standard errors by which a sum must differ from zero (surety.py).
    """

    most_unknowns: int = 400
    some_equations: float = 10.0
    singular: float = 1e-10
    largest_error: float = 0.25
    vanishing: float = 1e-7
    another: float = 0.1
    all_sets: int = 12
    squared_errors: float = 9.0


THRESHOLDS = Thresholds()


def is_reversible(fit: Fit) -> bool:
    """Tell whether turning some rows of W round leaves the function as it is, to within the noise.

    ``σ(−t) = σ(t) − t`` (for a leaky σ a multiple of t), so that turning the rows of a set S takes
    ``Σ_S a_i w_iᵀ x`` off the outputs: nothing, where that sum vanishes. With noise it need not be
    zero: what counts is whether the rows can tell it from zero. All sets are tried for up to
    twelve neurons, and pairs and all of them for more.
    """
    problem, W, A = fit.problem, fit.point.W, fit.point.columns
    # Fitting moves the sum by as many standard errors as the units in S have unknowns.
    of_a_unit = problem.n_inputs + problem.n_outputs - 1
    noise = THRESHOLDS.squared_errors * of_a_unit * fit.loss / problem.n_effective
    for rows in _vanishing_sets((A.T @ A) * (W @ W.T), noise):
        turned = W.copy()
        turned[rows] *= -1.0
        # A pair w, −w with equal columns turns into itself.
        if displacement(turned, A, W, A) > THRESHOLDS.another:
            return True
    return False


def _vanishing_sets(products: Array, noise: float) -> Iterator[IndexArray]:
    """Yield sets S whose ``|Σ_S v_i|²`` is no more than noise a member, from inner products."""
    k = len(products)
    size = THRESHOLDS.vanishing**2 * np.diag(products).max()
    if k <= THRESHOLDS.all_sets:
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


@dataclass(frozen=True, eq=False)
class Determinacy:
    """How well the rows determine the neurons.

    Attributes
    ----------
    direction_errors : (p,) array
        Standard errors of W along the eigenvectors of the scaled Gauss–Newton matrix, each against
        the length of a row or the distance to the nearest row; null directions are left out.
    column_errors : (k,) array
        Standard error of each column of A, against its length.
    null_directions : int
        Directions without any curvature, beyond the k that rescale a unit.
    """

    direction_errors: Array
    column_errors: Array
    null_directions: int

    @property
    def undetermined(self) -> int:
        """How many directions and columns nothing pins down to a quarter of their length."""
        largest = THRESHOLDS.largest_error
        vague = int(np.sum(self.direction_errors > largest))
        return max(self.null_directions + vague, 0) + int(np.sum(self.column_errors > largest))


def determinacy(fit: Fit, *, rng: np.random.Generator) -> Determinacy | None:
    """Find out how well the data determine the neurons.

    Repeated rows, few distinct inputs or a unit that only a few rows switch leave null directions
    in the Gauss–Newton matrix, beyond the k rescalings, however many rows there are. Others are
    undetermined to within the noise: by a standard error of a quarter of the length of a white row
    or of a column of A, or of the distance between two rows.

    Parameters
    ----------
    fit : Fit
        The fit.
    rng : numpy.random.Generator
        Draws the rows that are asked first: what some rows determine, all of them do.

    Returns
    -------
    Determinacy or None
        By the rows that it took; None where there are too many unknowns to form the matrix.
    """
    problem, k = fit.problem, fit.n_neurons
    if k * problem.n_inputs > THRESHOLDS.most_unknowns:
        return None
    size = _some_rows(problem, k)
    if size <= problem.n_rows // 2:
        found = _determinacy(fit, problem.subset(size, rng=rng))
        if found.undetermined == 0:
            return found
    return _determinacy(fit, problem)


def _determinacy(fit: Fit, problem: Problem) -> Determinacy:
    """Go by the curvature in the rows of ``problem``, and the noise of all rows of the fit."""
    n_effective = fit.problem.n_effective
    k, r = fit.n_neurons, problem.n_inputs
    model = PatternModel(problem, fit.point.W, fit.point.A)
    matrix, scale = model.matrix, np.sqrt(model.unprojected_diagonal)
    scale = np.where(scale > 0.0, scale, 1.0)
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    # Before A is projected out the scaled matrix has unit diagonal; what is left of it may be
    # rounding all over.
    regular = values > THRESHOLDS.singular
    unknowns = n_unknowns(problem, k)
    noise = problem.likelihood.noise_variance(fit.loss, unknowns, n_effective * problem.n_outputs)
    variance = noise / n_effective
    point = model.point
    moves = (vectors[:, regular] / scale[:, None]).reshape(k, r, -1)
    # What belongs to which of two neurons is known no better than the distance between their rows.
    apart = np.linalg.norm(point.W[:, None] - point.W, axis=2) + 2.0 * np.eye(k)
    shares = np.linalg.norm(moves, axis=1) / np.minimum(apart.min(axis=1), 1.0)[:, None]
    lengths = np.sum(point.columns**2, axis=0)
    columns = variance * problem.n_outputs * np.diag(point.gram_inverse)[:k]
    with np.errstate(divide="ignore", invalid="ignore"):
        column_errors = np.sqrt(np.where(columns > 0.0, columns / lengths, 0.0))
    return Determinacy(
        direction_errors=shares.max(axis=0) * np.sqrt(variance / values[regular]),
        column_errors=column_errors,
        null_directions=k * (r - 1) - int(regular.sum()),
    )


def distinct_inputs(problem: Problem, n_neurons: int, *, rng: np.random.Generator) -> float:
    """Count the different inputs, about; where some rows show enough, how many they show."""
    size = _some_rows(problem, n_neurons)
    if size <= problem.n_rows // 2:
        rows = np.sort(rng.choice(problem.n_rows, size=size, replace=False))
        count = distinct_rows(problem.source.take(rows))
        if count > size / 2:
            return count
    return distinct_rows(problem.source)


def _some_rows(problem: Problem, n_neurons: int) -> int:
    """Return as many rows as most questions need; more where many weigh next to nothing."""
    unknowns = n_unknowns(problem, n_neurons)
    needed = THRESHOLDS.some_equations * unknowns / problem.n_equations
    return int(needed * problem.n_rows)
