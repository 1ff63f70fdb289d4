"""The moments of each group of rows, in the coordinates that the estimate is made in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.moments.homogeneous import estimate_layout
from pureneuron.moments.sample_moments import SampleMoments
from pureneuron.problem import Problem
from pureneuron.spectral import LinearPart
from pureneuron.typing import Array

__all__ = ["GroupedMoments", "grouped_moments", "residual_sums"]


@dataclass(frozen=True, eq=False)
class GroupedMoments:
    """Sums for each group of rows.

    Attributes
    ----------
    total : (g,) array
        Sum of the weights.
    xx, yx : (g, r, r) and (g, m, r) arrays
        Of products of white inputs and scaled outputs.
    cubes, fourths : (g, r) and (r,) arrays
        Of the third powers of the white inputs, and averages of their fourth.
    moments : (g, p, q) array
        Of the products of x and y in the first k directions of the linear part, as
        :func:`~pureneuron.spectral.estimate.moment_sums` makes them.
    x : (g, r) array
        Of the white inputs.
    """

    total: Array
    xx: Array
    yx: Array
    cubes: Array
    fourths: Array
    moments: Array
    x: Array

    @property
    def average(self) -> Array:
        """What :func:`~pureneuron.spectral.estimate_from` takes."""
        return np.asarray(self.moments.sum(axis=0) / self.total.sum())


def grouped_moments(
    moments: SampleMoments, problem: Problem, part: LinearPart, n_neurons: int
) -> GroupedMoments:
    """Bring the sums to the coordinates of an estimate of k neurons."""
    T, k = problem.whitening.transform, n_neurons
    r, m = T.shape[1], moments.n_outputs
    P, R = part.outputs[:, :k], part.inputs[:, :k]
    white = moments.in_coordinates(T.T, np.zeros((0, m)))
    # Rows and columns of φ(1, x̃): that of (1, x̃_a) has a factor √2, that of (x̃_a, x̃_a) none.
    i, j = np.triu_indices(r + 1)
    linear, square = np.flatnonzero((i == 0) & (j > 0)), np.flatnonzero((i == j) & (i > 0))
    second = moments.second_sums()
    x, y = slice(1, moments.n_inputs + 1), slice(moments.n_inputs + 1, None)
    total = second[:, 0, 0]
    return GroupedMoments(
        total=total,
        xx=T.T @ second[:, x, x] @ T,
        yx=second[:, y, x] @ T / problem.output_scale,
        cubes=white[:, linear, square] * np.sqrt(0.5),
        fourths=white[:, square, square].sum(axis=0) / total.sum(),
        moments=estimate_layout(moments.in_coordinates(R.T @ T.T, P.T / problem.output_scale), k),
        x=second[:, 0, x] @ T,
    )


def residual_sums(moments: SampleMoments, problem: Problem, part: LinearPart) -> Array:
    """Return, for each group, the sums of residual times ``xᵀ``, (g, m, d), of the regression."""
    L = problem.output_scale * part.matrix @ problem.whitening.transform.T
    second, d = moments.second_sums(), moments.n_inputs
    return np.asarray(second[:, d + 1 :, 1 : d + 1] - L @ second[:, 1 : d + 1, 1 : d + 1])
