"""Whether the data determine the weights: sign symmetries, and undetermined directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from pureneuron.inference.covariance import Root
from pureneuron.inference.information import Information
from pureneuron.inference.scores import LEVELS
from pureneuron.optimize import Fit, displacement
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
    some_equations : float
        Equations for each unknown that are tried first (cost.py).
    largest_error : float
        Standard error of a row or column of unit length with which a neuron is hardly known
        (surety.py).
    well_known : float
        The same with which it is well known (calibration).
    vanishing, another : float
        Share of the largest neuron that is zero for a sum without noise (rounding); displacement
        from which on a network is another one.
    hardly_varies : float
        Standard deviation of the inputs along a direction, relative to that of all, below which it
        is the inputs that leave a weight unknown, and not the neurons (calibration).
    all_sets : int
        Neurons up to which all their sets are tried (cost.py).
    squared_errors : float
        Square of the standard errors by which a sum must differ from zero (surety.py).
    """

    some_equations: float = 10.0
    largest_error: float = 0.25
    well_known: float = 0.05
    vanishing: float = 1e-7
    another: float = 0.1
    hardly_varies: float = 0.3
    all_sets: int = 12
    squared_errors: float = 9.0


THRESHOLDS = Thresholds()


def is_reversible(fit: Fit) -> bool:
    """Tell whether turning some rows of W round leaves the function as it is, to within the noise.

    ``σ(−t) = σ(t) − (1 + s) t`` for the negative slope s, so that turning the rows of a set S takes
    ``(1 + s) Σ_S a_i w_iᵀ x`` off the outputs: nothing, where that sum vanishes, and next to
    nothing where s is nearly −1. With noise it need not be zero: what counts is whether the rows
    can tell it from zero. All sets are tried for up to twelve neurons, and pairs and all of them
    for more. Beside a linear part every neuron can be turned: which way round it is, is a
    convention there.
    """
    problem, W, A = fit.problem, fit.point.W, fit.point.columns
    if problem.fit_linear:
        return False
    # Fitting moves the sum by as many standard errors as the units in S have unknowns.
    of_a_unit = problem.n_inputs + problem.n_outputs - 1
    noise = THRESHOLDS.squared_errors * of_a_unit * fit.loss / problem.n_effective
    slope = problem.activation.negative_slope
    products = (1.0 + slope) ** 2 * (A.T @ A) * (W @ W.T)
    # A rectifier by itself is known to be there, and then which way round it is.
    for rows in _vanishing_sets(products, noise, fewest=1 if slope < 0.0 else 2):
        turned = W.copy()
        turned[rows] *= -1.0
        # A pair w, −w with equal columns turns into itself.
        if displacement(turned, A, W, A) > THRESHOLDS.another:
            return True
    return False


def _vanishing_sets(products: Array, noise: float, *, fewest: int) -> Iterator[IndexArray]:
    """Yield sets S whose ``|Σ_S v_i|²`` is no more than noise a member, from inner products."""
    k = len(products)
    size = THRESHOLDS.vanishing**2 * np.diag(products).max()
    if k <= THRESHOLDS.all_sets:
        sets = ((np.arange(2**k)[:, None] >> np.arange(k)) & 1).astype(np.float64)
        squares = np.sum((sets @ products) * sets, axis=1)
        members = sets.sum(axis=1)
        vanishing = (members >= fewest) & (squares <= np.maximum(noise * members, size))
        yield from map(np.flatnonzero, sets[vanishing])
        return
    if products.sum() <= max(noise * k, size):
        yield np.arange(k)
    own = np.diag(products)
    if fewest == 1:
        yield from np.argwhere(own <= max(noise, size))
    pairs = np.triu(own[:, None] + own + 2.0 * products <= max(2.0 * noise, size), 1)
    yield from np.argwhere(pairs)


@dataclass(frozen=True, eq=False)
class Determinacy:
    """How well the rows determine the neurons.

    Attributes
    ----------
    row_errors : (k,) array
        Standard error of each white row of W in the direction in which it is largest, against its
        length or the distance to the nearest row.
    column_errors : (k,) array
        The same of each column of A, against its length.
    null_directions : int
        Directions without any information.
    weak_inputs : (d, z) array
        Direction of the inputs, one or none, that varies too little for the rows of W to be known
        along it, where the white rows are.
    """

    row_errors: Array
    column_errors: Array
    null_directions: int
    weak_inputs: Array

    @property
    def vague(self) -> IndexArray:
        """The units that nothing pins down to a quarter of their length."""
        return np.flatnonzero(
            np.maximum(self.row_errors, self.column_errors) > THRESHOLDS.largest_error
        )

    @property
    def undetermined(self) -> bool:
        """Whether a unit is not known, or some direction is not."""
        return bool(self.null_directions or len(self.vague))

    @property
    def is_close(self) -> bool:
        """Whether all units are known so well that an omitted one would not move them far."""
        errors = np.maximum(self.row_errors, self.column_errors)
        return not self.null_directions and bool(np.all(errors < THRESHOLDS.well_known))


def determinacy(fit: Fit, known: Information, root: Root) -> Determinacy:
    """Find out how well the data determine the neurons.

    Repeated rows, few distinct inputs or a unit that only a few rows switch leave null directions,
    beyond the rescalings, however many rows there are. Others are undetermined to within the noise.

    Parameters
    ----------
    fit : Fit
        The fit.
    known : Information
        At the fit.
    root : Root
        Root of the covariance of the unknowns in white coordinates.
    """
    point = fit.point
    k = fit.n_neurons
    units = range(k)
    # What belongs to which of two neurons is known no better than the distance between their rows.
    apart = np.linalg.norm(point.W[:, None] - point.W, axis=2) + 2.0 * np.eye(k)
    row_errors = np.array([_largest_error(root.W[:, a]) for a in units])
    nearest = np.minimum(apart.min(axis=1), 1.0)
    row_errors = np.where(nearest > 0.0, row_errors / np.where(nearest > 0.0, nearest, 1.0), np.inf)
    lengths = np.linalg.norm(point.columns, axis=0)
    column_errors = np.array([_largest_error(root.A[:, :, a]) for a in units])
    column_errors /= np.where(lengths > 0.0, lengths, 1.0)
    good = row_errors <= THRESHOLDS.largest_error
    weak = _weakest_input(fit, root.W[:, good], point.W[good])
    return Determinacy(row_errors, column_errors, known.null.shape[1] + _dependent(known), weak)


def _dependent(known: Information) -> int:
    """Count the activations, and what stands beside them, that others make up."""
    alive = int(np.count_nonzero(known.gram.diagonal() > 0.0))
    return alive - round(float(np.sum(known.gram * known.gram_inverse)))


def _weakest_input(fit: Fit, changes: Array, W: Array) -> Array:
    """Return the direction (d, 1) of the inputs along which W is least known, or none (d, 0).

    It is weak where the inputs hardly vary along it, rows of W are known no better along it than to
    a quarter of the rest of their length, in the units of the data, and nothing says that they have
    a part along it at all.

    Parameters
    ----------
    fit : Fit
        The fit.
    changes : (b, u, r) array
        Root of the covariance of the white rows that are well known.
    W : (u, r) array
        Those rows.
    """
    problem = fit.problem
    d, transform = len(problem.input_span), problem.whitening.transform
    none = np.zeros((d, 0))
    if len(W) == 0 or len(changes) == 0 or problem.input_span.shape[1] < 2:
        return none
    changes, rows = (changes @ transform.T)[:, :, :d], (W @ transform.T)[:, :d]
    direction = np.linalg.eigh(np.einsum("cai,caj->ij", changes, changes))[1][:, -1]
    scales = np.linalg.svd(transform[:d], compute_uv=False)[: problem.input_span.shape[1]]
    variance = 1.0 / np.sum((direction @ transform[:d]) ** 2)
    if variance > THRESHOLDS.hardly_varies**2 * np.mean(scales**-2.0):
        return none
    along = rows @ direction
    error = np.linalg.norm(changes @ direction, axis=0)
    rest = np.linalg.norm(rows - along[:, None] * direction, axis=1)
    vague = np.max(error - THRESHOLDS.largest_error * rest) > 0.0
    # About chi-squared if there is nothing along it.
    shown = float(np.sum((along / np.where(error > 0.0, error, 1.0)) ** 2))
    return direction[:, None] if vague and special.chdtrc(len(W), shown) > LEVELS.rejected else none


def _largest_error(root: Array) -> float:
    """Return the standard error in the direction in which it is largest, of a root (b, r)."""
    return float(np.sqrt(max(np.linalg.eigvalsh(root.T @ root)[-1], 0.0)))


def distinct_inputs(problem: Problem, n_neurons: int, *, rng: np.random.Generator) -> float:
    """Count the different inputs, about; where some rows show enough, how many they show."""
    size = _some_rows(problem, n_neurons)
    if size <= problem.n_rows // 2:
        count = distinct_rows(problem.subset(size, rng=rng).source)
        if count > size / 2:
            return count
    return distinct_rows(problem.source)


def _some_rows(problem: Problem, n_neurons: int) -> int:
    """Return as many rows as most questions need; more where many weigh next to nothing."""
    unknowns = n_unknowns(problem, n_neurons)
    needed = THRESHOLDS.some_equations * unknowns / problem.n_equations
    return int(needed * problem.n_rows)
