"""The moments of each group of rows, in the coordinates that the estimate is made in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.moments.homogeneous import estimate_layout, second_products
from pureneuron.moments.sample_moments import SampleMoments
from pureneuron.problem import Problem
from pureneuron.spectral import LinearPart, unvec_star
from pureneuron.typing import Array

__all__ = ["GroupedMoments", "grouped_moments", "residual_sums"]


@dataclass(frozen=True, eq=False)
class GroupedMoments:
    """Sums for each group of rows, for an estimate of k neurons.

    Coordinates of the inputs are white, and turned so that the first k are the directions of the
    linear part; outputs are scaled, and those of its k directions alone. What is in other
    coordinates says so.

    Attributes
    ----------
    total : (g,) array
        Sum of the weights.
    x, cubes : (g, r) arrays
        Of the inputs and their third powers.
    fourths : (r,) array
        Averages of their fourth powers.
    residual : (g, k, r) array
        Of the residual of the regression on x, times ``xᵀ``.
    moments : (g, p, q) array
        Of the products of y and the first k inputs, as
        :func:`~pureneuron.spectral.estimate.moment_sums` makes them.
    phi_xx, phi_xy : (K, r, k) arrays
        Averages of ``vec*(xxᵀ)`` of the first k inputs, times an input, times one of the first k
        inputs or an output.
    xx, yx : (g, r, r) and (g, m, r) arrays
        Of white inputs as they are, and all scaled outputs.
    """

    total: Array
    x: Array
    cubes: Array
    fourths: Array
    residual: Array
    moments: Array
    phi_xx: Array
    phi_xy: Array
    xx: Array
    yx: Array

    @property
    def average(self) -> Array:
        """What :func:`~pureneuron.spectral.estimate_from` takes."""
        return np.asarray(self.moments.sum(axis=0) / self.total.sum())


def grouped_moments(
    moments: SampleMoments, problem: Problem, part: LinearPart, n_neurons: int
) -> GroupedMoments:
    """Bring the sums to the coordinates of an estimate of k neurons."""
    T, whiten, k = problem.whitening.transform, problem.whiten_outputs, n_neurons
    d, r = T.shape
    turn = np.linalg.qr(part.inputs[:, :k], mode="complete")[0]
    turn[:, :k] = part.inputs[:, :k]
    sums = moments.in_coordinates((T @ turn).T, part.outputs[:, :k].T @ whiten)
    second, raw = second_products(sums), moments.second_sums()
    total = second[:, 0, 0]
    # Rows of φ(1, x): that of (1, x_a) has a factor √2, that of (x_a, x_a) none.
    i, j = np.triu_indices(r + 1)
    linear, square = np.flatnonzero((i == 0) & (j > 0)), np.flatnonzero((i == j) & (i > 0))
    first = np.flatnonzero((i > 0) & (j <= k))
    u, v = np.triu_indices(r + k + 1)
    of_square = np.flatnonzero((u == v) & (u > 0) & (u <= r))
    average = sums.sum(axis=0) / total.sum()
    products = unvec_star(average[first])[:, 1 : r + 1]
    return GroupedMoments(
        total=total,
        x=second[:, 0, 1 : r + 1],
        cubes=sums[:, linear, of_square] * np.sqrt(0.5),
        fourths=average[square, of_square],
        residual=second[:, r + 1 :, 1 : r + 1]
        - part.singular_values[:k, None] * second[:, 1 : k + 1, 1 : r + 1],
        moments=estimate_layout(sums, k, r),
        phi_xx=products[:, :, 1 : k + 1],
        phi_xy=products[:, :, r + 1 :],
        xx=T.T @ raw[:, 1 : d + 1, 1 : d + 1] @ T,
        yx=whiten @ raw[:, d + 1 :, 1 : d + 1] @ T,
    )


def residual_sums(moments: SampleMoments, problem: Problem, part: LinearPart) -> Array:
    """Return, for each group, the sums of residual times ``xᵀ``, (g, m, d), of the regression."""
    L = problem.colour_outputs @ part.matrix @ problem.whitening.transform.T
    second, d = moments.second_sums(), moments.n_inputs
    return np.asarray(second[:, d + 1 :, 1 : d + 1] - L @ second[:, 1 : d + 1, 1 : d + 1])
