"""The average Hessians of the outputs: where neurons point, for little work.

For Gaussian inputs Stein's identity gives the average second derivative of an output,
``E[y_u (xxᵀ − I)] = E[∇²y_u]``, and each neuron adds ``(1 − s) φ(0) (Aᵀu)_a w_a w_aᵀ`` to it:
whatever combination u of the outputs is looked at, the directions are the same (principal Hessian
directions: K.-C. Li, JASA 87, 1992; as a start for networks: M. Janzamin, H. Sedghi and A.
Anandkumar, arXiv:1506.08473). So a few combinations and some of the rows, one pass of products,
show k directions, where the moments of Algorithms 1 to 4 take fourth powers of k.

It is a start and a second opinion, not an estimate to rest on: for inputs that are symmetric but
not Gaussian the identity holds only roughly, and the directions come out orthogonal in white
coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat
import numpy as np

from pureneuron.problem import Problem
from pureneuron.samples import Batch, Sum
from pureneuron.spectral.diagonalization import orthogonal_directions
from pureneuron.spectral.linear import LinearPart
from pureneuron.typing import AnyArray, Array

__all__ = ["HessianEstimate", "hessian_estimate", "hessian_sums"]

# Combinations of the outputs, more if rows are few; rows, at least; and rows times combinations
# against k²: with those the angle between a neuron and its direction is about 0.15, noise aside.
_COMBINATIONS, _FEWEST_ROWS, _ROWS = 16, 500, 12
# Share of the network in what the regression leaves below which more rows do not make up for noise.
_LEAST_SHARE = 0.05
# Variance of a combination against the outputs' that is as good as none.
_NO_VARIANCE = 1e-12
# Slope near -1 at which the linear half is too small a part to show which way neurons point.
_NO_LINEAR_HALF = 0.1
_TINY = float(np.finfo(np.float64).tiny)
# Entries of the rows' products that a part of a batch fills, and its fewest rows.
_PART_ENTRIES, _PART_ROWS = 500_000, 256


@dataclass(frozen=True)
class HessianEstimate:
    """A network that the average Hessians suggest.

    Attributes
    ----------
    W : (k, r) array
        Orthonormal rows, in white coordinates.
    A : (m, k) array
        Output weights that go with them: those whose linear half is that of the outputs.
    misfit : float
        Square of what the Hessians have off the diagonal in these directions, beyond sampling
        noise, against that of what they have on it.
    """

    W: Array
    A: Array
    misfit: float


def hessian_estimate(
    problem: Problem, part: LinearPart, n_neurons: int, *, rng: np.random.Generator
) -> HessianEstimate | None:
    """Diagonalise the average Hessians of random combinations of the outputs, in one pass.

    Outputs less their regression on x are made white, so that no neuron drowns another; only the k
    dimensions that B spans are looked at. Of the rows as many are used as it takes. None where B
    cannot show all neurons, or, with a slope near −1, next to nothing, and if no row counts.

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
    if not problem.linear_part_shows(k) or 1.0 + slope < _NO_LINEAR_HALF:
        return None
    P, R, linear = part.outputs[:, :k], part.inputs[:, :k], part.singular_values[:k]
    mean, values, vectors = _even_half(problem, P, R, linear)
    # For Gaussian inputs so much of it is that of the network, and the rest is noise.
    due = (1.0 - 2.0 / np.pi) * ((1.0 - slope) / (1.0 + slope)) ** 2 * np.sum(linear**2)
    share = float(np.clip(due / values.sum(), _LEAST_SHARE, 1.0))
    n, wanted = problem.n_rows, _ROWS * k * k / share
    c = min(k, max(_COMBINATIONS, int(np.ceil(wanted / n))))
    size = max(_FEWEST_ROWS, int(wanted / c))
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
    turned = directions @ stack @ directions.T
    bends = turned.diagonal(axis1=1, axis2=2)
    diagonal = float(np.sum(bends**2))
    # Residuals and inputs are white: off the diagonal, an entry's variance is about that of one.
    noise = c * k * (k - 1) * float(sums["squares"] / sums["total"] ** 2)
    misfit = max(float(np.sum(turned**2)) - diagonal - noise, 0.0) / max(diagonal, _TINY)
    # What a combination's Hessian has along a direction, and what its linear half has, have the
    # sign of the same output weight.
    leans = (mix.T * linear) @ directions.T
    directions *= np.where(np.sum(bends * leans, axis=0) < 0.0, -1.0, 1.0)[:, None]
    A = 2.0 / (1.0 + slope) * (P * linear) @ directions.T
    return HessianEstimate(W=directions @ R.T, A=A, misfit=misfit)


def _even_half(problem: Problem, P: Array, R: Array, linear: Array) -> tuple[Array, Array, Array]:
    """Return mean and principal variances and axes of what the regression on x leaves of ``Pᵀy``.

    From the second moments alone. Variances that are rounding beside the outputs' are raised.
    """
    centre = problem.moments.x @ problem.whitening.transform
    mean = P.T @ problem.moments.y / problem.output_scale - linear * (R.T @ centre)
    power = P.T @ (problem.moments.yy / problem.output_scale**2) @ P
    values, vectors = np.linalg.eigh(power - np.diag(linear**2) - np.outer(mean, mean))
    return mean, np.maximum(values, _NO_VARIANCE * np.trace(power) + _TINY), vectors


def hessian_sums(
    batch: Batch, outputs: AnyArray, regression: AnyArray, mean: AnyArray, R: AnyArray, every: int
) -> dict[str, Sum]:
    """``Σ e_j xxᵀ`` for c residuals e_j, one below the other, and reduced x; ``Σ e_j, Σ w, Σ w²``.

    Over every n-th row, in single precision, with ``e = outputsᵀ y − regressionᵀ x − mean``. Rows
    come scaled by the root of their weight, and the sums are weighted.
    """
    xp = array_api_compat.array_namespace(batch.X)
    batch = batch.every_nth(every)
    outputs, regression, mean, R = (
        xp.astype(M, xp.float32, copy=False) for M in (outputs, regression, mean, R)
    )
    c, k = outputs.shape[1], R.shape[1]
    hessians, residual, total, squares = 0.0, 0.0 * mean, 0.0, 0.0
    for part in batch.parts(max(_PART_ROWS, _PART_ENTRIES // (c * k))):
        X, Y = (xp.astype(M, xp.float32, copy=False) for M in (part.X, part.Y))
        root = one = xp.ones_like(X[:, :1])
        if "root" in part.extra:
            root = xp.astype(part.extra["root"], xp.float32, copy=False)
        # With x, which has one too, a root is enough to weigh by.
        E, x = (Y @ outputs - X @ regression) / xp.where(root > 0.0, root, one) - mean, X @ R
        products = xp.reshape(E[:, :, None] * x[:, None, :], (-1, c * k))
        weight = root * root
        hessians, residual = hessians + products.T @ x, residual + (weight.T @ E)[0, :]
        total, squares = total + xp.sum(weight), squares + xp.sum(weight * weight)
    return {
        "hessians": Sum(hessians),
        "residual": Sum(residual),
        "total": Sum(total),
        "squares": Sum(squares),
    }
