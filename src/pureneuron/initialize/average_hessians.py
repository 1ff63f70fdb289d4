"""The average Hessians of the outputs: the directions of the neurons, at little cost.

For Gaussian inputs Stein's identity gives the average second derivative of an output,
``E[y_u (xxᵀ − I)] = E[∇²y_u]``, and each neuron adds ``(1 − s) φ(0) (Aᵀu)_a w_a w_aᵀ`` to it:
whatever the combination u of the outputs, the directions are the same (principal Hessian
directions: K.-C. Li, JASA 87, 1992; as a start for networks: M. Janzamin, H. Sedghi and A.
Anandkumar, arXiv:1506.08473). So one pass over some of the rows, for a few combinations, shows k
directions. The moments of Algorithms 1 to 4 cost fourth powers of k.

It serves as a start and to confirm a minimum, not as an estimate of its own: for inputs that are
symmetric but not Gaussian the identity holds only roughly, and the directions are orthogonal in
white coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.problem import Problem
from pureneuron.spectral.diagonalization import orthogonal_directions
from pureneuron.spectral.hessians import hessian_sums
from pureneuron.spectral.linear import LinearPart
from pureneuron.typing import Array

__all__ = ["THRESHOLDS", "HessianEstimate", "Thresholds", "hessian_estimate"]

_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide in the Hessian estimate, each with the command that shows its effect.

    Attributes
    ----------
    combinations : int
        Combinations of the outputs; more where rows are few (benchmarks/surety.py,
        benchmarks/cost.py).
    fewest_rows : int
        Fewest rows that are used, as far as there are so many (benchmarks/surety.py).
    rows : int
        Rows times combinations, for each of k² numbers: the angle between a neuron and its
        direction is then about 0.15, noise aside (benchmarks/surety.py, benchmarks/cost.py).
    least_share : float
        Share of the network in the residual of the regression below which the number of rows does
        not grow any further (benchmarks/surety.py).
    least_variance : float
        Variance, relative to the outputs' power, to which a smaller one of the residual is raised
        (rounding).
    least_linear_part : float
        ``1 + s`` below which, at a slope s near −1, the linear part is too small to tell the sign
        of a direction (no benchmark covers it).
    """

    combinations: int = 16
    fewest_rows: int = 500
    rows: int = 12
    least_share: float = 0.05
    least_variance: float = 1e-12
    least_linear_part: float = 0.1


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class HessianEstimate:
    """A network that the average Hessians suggest.

    Attributes
    ----------
    W : (k, r) array
        Orthonormal rows, in white coordinates.
    A : (m, k) array
        The output weights that give the outputs their linear part.
    misfit : float
        Sum of squares off the diagonals of the Hessians in these directions, less that of sampling
        noise, divided by the sum of squares on the diagonals.
    """

    W: Array
    A: Array
    misfit: float


def hessian_estimate(
    problem: Problem, part: LinearPart, n_neurons: int, *, rng: np.random.Generator
) -> HessianEstimate | None:
    """Diagonalise the average Hessians of random combinations of the outputs, in one pass.

    The residual of the regression on x is made white, so that no neuron of large weight hides
    another; only the k dimensions that B spans are used, and no more rows than needed. The result
    is None where B cannot show all neurons, where the slope is near −1, and if no row has weight.

    Parameters
    ----------
    problem : Problem
        Samples in white coordinates.
    part : LinearPart
        The linear part.
    n_neurons : int
        k.
    rng : numpy.random.Generator
        Draws the combinations.
    """
    k, slope = n_neurons, problem.activation.negative_slope
    if not problem.linear_part_shows(k) or 1.0 + slope < THRESHOLDS.least_linear_part:
        return None
    P, R, linear = part.outputs[:, :k], part.inputs[:, :k], part.singular_values[:k]
    mean, values, vectors = _even_part(problem, P, R, linear)
    # For Gaussian inputs so much of it belongs to the network, and the rest is noise.
    due = (1.0 - 2.0 / np.pi) * ((1.0 - slope) / (1.0 + slope)) ** 2 * np.sum(linear**2)
    share = float(np.clip(due / values.sum(), THRESHOLDS.least_share, 1.0))
    n, wanted = problem.n_rows, THRESHOLDS.rows * k * k / share
    c = min(k, max(THRESHOLDS.combinations, int(np.ceil(wanted / n))))
    size = max(THRESHOLDS.fewest_rows, int(wanted / c))
    mix = vectors @ (np.linalg.qr(rng.standard_normal((k, c)))[0] / np.sqrt(values)[:, None])
    sums = problem.samples.reduce(
        hessian_sums,
        P @ mix,
        R @ (linear[:, None] * mix),
        mean @ mix,
        R,
        max(1, round(n / size)),
    )
    if not sums["total"] > 0.0:
        return None
    stack = sums["hessians"].reshape(c, k, k) / sums["total"]
    stack = stack - (sums["residual"] / sums["total"])[:, None, None] * np.eye(k)
    directions = orthogonal_directions(0.5 * (stack + stack.transpose(0, 2, 1)))
    rotated = directions @ stack @ directions.T
    curvatures = rotated.diagonal(axis1=1, axis2=2)
    diagonal = float(np.sum(curvatures**2))
    # Residuals and inputs are white: off the diagonal, an entry's variance is about that of one.
    noise = c * k * (k - 1) * float(sums["squares"] / sums["total"] ** 2)
    misfit = max(float(np.sum(rotated**2)) - diagonal - noise, 0.0) / max(diagonal, _TINY)
    # Along a direction, a combination's curvature and its linear coefficient both have the sign of
    # the same output weight.
    coefficients = (mix.T * linear) @ directions.T
    directions *= np.where(np.sum(curvatures * coefficients, axis=0) < 0.0, -1.0, 1.0)[:, None]
    A = 2.0 / (1.0 + slope) * (P * linear) @ directions.T
    return HessianEstimate(W=directions @ R.T, A=A, misfit=misfit)


def _even_part(problem: Problem, P: Array, R: Array, linear: Array) -> tuple[Array, Array, Array]:
    """Return mean, principal variances and axes of the residual of ``Pᵀy`` regressed on x.

    From the second moments alone. Variances that are rounding, relative to the outputs', are
    raised.
    """
    centre = problem.moments.x @ problem.whitening.transform
    mean = P.T @ problem.moments.y / problem.output_scale - linear * (R.T @ centre)
    power = P.T @ (problem.moments.yy / problem.output_scale**2) @ P
    values, vectors = np.linalg.eigh(power - np.diag(linear**2) - np.outer(mean, mean))
    floor = THRESHOLDS.least_variance * np.trace(power) + _TINY
    return mean, np.maximum(values, floor), vectors
