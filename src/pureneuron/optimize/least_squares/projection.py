"""Variable projection: for given W the best A is a linear least-squares solution.

So the loss becomes a function of W alone, with a k × k system to solve at each W. Dead and
coincident neurons make that system singular; they are an ordinary event, and get the minimum-norm
A (a dead neuron a column of zeros).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.model import unit_rows
from pureneuron.optimize.fit import Point
from pureneuron.optimize.least_squares.kernels import profile_sums, residual_cross_sums
from pureneuron.problem import Problem
from pureneuron.samples import Merged
from pureneuron.typing import Array

__all__ = [
    "evaluate",
    "in_full_precision",
    "profile",
    "projected",
    "reference_of",
    "scaled_reference",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    rounding_shows : float
        A smaller loss is measured against a reference A: without one, rounding in A or in the loss
        itself may show (rounding; success.py).
    inflation : float
        Square of the length of an activation against what the others leave of it, from which on
        the inverse of a Gram matrix in single precision is no good (rounding).
    """

    rounding_shows: float = 1e-2
    inflation: float = 1e3


THRESHOLDS = Thresholds()


def profile(problem: Problem, W: Array, reference: Array | None = None) -> Point:
    """Project out A at ``W``, in one pass.

    Parameters
    ----------
    W : (k, r) array
        White rows; they come back with unit length.
    reference : array, optional
        An A near the solution, in the scale of ``W`` as given: residuals are measured against it.
    """
    W, reference = scaled_reference(problem, W, reference)
    sums = problem.samples.reduce(profile_sums, W, reference, problem.activation)
    return projected(problem, W, reference, sums)


def projected(problem: Problem, W: Array, reference: Array, sums: Merged) -> Point:
    """Return the point with the best A at unit rows W, from what a pass has summed up.

    Parameters
    ----------
    problem, W, reference
        As for :func:`profile`, in the scale of unit rows.
    sums : dict
        What :func:`~pureneuron.optimize.least_squares.kernels.profile_sums` has given there.
    """
    gram = sums["HH"] / problem.total
    inverse = gram_inverse(gram)
    cross = sums["HE"] / problem.total
    change = inverse @ cross
    loss = float(sums["EE"] / problem.total - np.sum(change * cross))
    return Point(
        W=W,
        A=reference + change.T,
        loss=max(loss, 0.0) / problem.n_outputs,
        gram=gram,
        gram_inverse=inverse,
    )


def in_full_precision(problem: Problem, point: Point) -> Point:
    """Return a point of a descent in single precision with A and loss in double, in one pass.

    The Gram matrix is known to single precision, which does for a correction of A that is itself
    of the size of its rounding; unless columns are nearly dependent, and A is projected out anew.
    """
    inflation = np.max(point.gram.diagonal() * point.gram_inverse.diagonal())
    # Single precision may take nearly dependent columns for dependent ones, and leave some out.
    rank = np.sum(point.gram * point.gram_inverse)
    dependent = rank < np.count_nonzero(point.gram.diagonal()) - 0.5
    if dependent or inflation > THRESHOLDS.inflation:
        return profile(problem, point.W, point.A)
    W = problem.whitening.from_white(point.W)
    sums = problem.rows.reduce_raw(residual_cross_sums, W, point.A, problem.activation)
    cross = sums["HE"] / problem.total
    change = point.gram_inverse @ cross
    gain = np.sum(change * (2.0 * cross - point.gram @ change))
    loss = max(float(sums["EE"] / problem.total - gain), 0.0) / problem.n_outputs
    return replace(point, A=point.A + change.T, loss=loss)


def scaled_reference(problem: Problem, W: Array, reference: Array | None) -> tuple[Array, Array]:
    """Bring the rows of W to unit length and a reference A along; without one, it is zero."""
    k, rows = len(W), unit_rows(W)
    if reference is None:
        reference = np.zeros((problem.n_outputs, k + problem.n_beside))
    else:
        reference = reference.copy()
        reference[:, :k] *= np.einsum("ar,ar->a", W, rows)
    return rows, reference


def reference_of(point: Point) -> Array | None:
    """Return the A of a point, to measure residuals near it against; None where zero will do."""
    return point.A if point.loss < THRESHOLDS.rounding_shows else None


def evaluate(problem: Problem, W: Array, A: Array) -> float:
    """Return the loss of the network ``(A, W)`` as it is, without projecting A; one pass."""
    sums = problem.samples.reduce(profile_sums, W, A, problem.activation)
    return float(sums["EE"]) / problem.total / problem.n_outputs
