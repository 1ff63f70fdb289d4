"""What moments can tell against the assumptions of the method, and against its estimate.

Each test asks whether sums vanish that would vanish in expectation. Their spread is that between
groups of rows: with so few groups the standardised sum is a Student t. A row and its mirror image
are in one group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pureneuron.inference import OddPartTest, SymmetryTest
from pureneuron.inference.scores import ScoreTest
from pureneuron.model import unit_rows
from pureneuron.moments.grouped import GroupedMoments
from pureneuron.results import StageReport
from pureneuron.spectral import LinearPart, vec_star
from pureneuron.typing import Array

__all__ = ["ConsistencyTest", "consistency_test", "group_score", "odd_part", "symmetry"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    consistent : float
        Level of the consistency test. It stands in for the tests of the residual, which moments do
        not tell: one right network in a hundred pays for its power (tests/moments).
    rounding : float
        Sums below this share of what is summed are rounding (rounding).
    dependent : float
        Eigenvalue of a Gram matrix, relative to the largest, below which regressors are dependent
        (rounding).
    """

    consistent: float = 0.01
    rounding: float = 1e-9
    dependent: float = 1e-12


THRESHOLDS = Thresholds()


class ConsistencyTest(ScoreTest):
    """Outcome of :func:`consistency_test`."""

    @property
    def is_rejected(self) -> bool:
        """Whether it is rejected at the level of this test."""
        return self.p_value < THRESHOLDS.consistent

    def describe(self) -> StageReport:
        """Report whether each direction is that of one neuron."""
        return self.report(
            "consistency",
            "some directions are no single neurons: there are more neurons, or other ones",
            "each direction is that of one neuron, as far as moments tell",
        )


def group_score(values: Array, size: Array | float) -> tuple[float, float]:
    """Return the largest standardised sum over groups, and a bound on its p-value (Bonferroni).

    Parameters
    ----------
    values : (g, …) array
        Sums over the rows of each group, of terms whose mean is zero under the hypothesis.
    size : array or float
        What the terms amount to, all together: against it sums may be rounding.
    """
    n = int(np.sum(np.any(values != 0.0, axis=tuple(range(1, values.ndim)))))
    if n < 2:
        return 0.0, 1.0
    spread = np.sqrt(np.sum(values**2, axis=0))
    floor = THRESHOLDS.rounding * np.broadcast_to(size, spread.shape)
    score = np.abs(values.sum(axis=0)) / np.maximum(spread, np.maximum(floor, np.finfo(float).tiny))
    # A standardised sum of n terms is at most √n; the statistic of a t test has no such bound.
    t = score * np.sqrt((n - 1.0) / np.maximum(n - score**2, np.finfo(float).eps))
    largest = float(t.max(initial=0.0))
    return largest, min(2.0 * float(stats.t.sf(largest, n - 1)) * t.size, 1.0)


def symmetry(grouped: GroupedMoments) -> SymmetryTest:
    """Test ``x ~ −x`` by the first and third powers of each white input."""
    values = np.concatenate([grouped.x, grouped.cubes], axis=1)
    size = np.concatenate([np.ones_like(grouped.fourths), grouped.fourths])
    return SymmetryTest(*group_score(values, grouped.total.sum() * size))


def odd_part(grouped: GroupedMoments, part: LinearPart, W: Array) -> OddPartTest:
    """Test the residual of the regression against third powers, in the neurons' own directions.

    With symmetric inputs the odd part of the outputs of a network without biases is linear: what is
    left of y is even, and ``E[e_j (w·x)³] = 0``. What is linear in the third power is taken off, so
    that an error of the regression does not count.

    Parameters
    ----------
    grouped : GroupedMoments
        The moments.
    part : LinearPart
        The regression.
    W : (k, r) array
        Neurons that have been estimated, in white coordinates.
    """
    k = len(W)
    sums, (_, phi, _, c_phi, c_xy) = grouped.moments, _slices(k)
    slopes = np.diag(part.singular_values[:k])
    average, values, sizes = grouped.average, [], []
    phi_xy, phi_phi = (np.ascontiguousarray(sums[:, phi, each]) for each in (c_xy, c_phi))
    for w in unit_rows(W @ part.inputs[:, :k]):
        square = vec_star(np.outer(w, w))
        times = np.stack([vec_star(_symmetric(w, axis)) for axis in np.eye(k)], axis=1)
        by_y = square @ phi_xy @ np.kron(w[:, None], np.eye(k))
        by_x = square @ phi_phi @ times
        linear = np.tensordot(square, grouped.phi_xx, 1) @ w
        values.append(by_y - by_x @ slopes - grouped.residual @ linear)
        sizes.append(square @ average[phi, c_phi] @ square)
    size = grouped.total.sum() * np.array(sizes)[:, None]
    return OddPartTest(*group_score(np.stack(values, axis=1), size))


def consistency_test(
    grouped: GroupedMoments, W: Array, A: Array, negative_slope: float
) -> ConsistencyTest:
    """Test whether the detector vanishes in each direction that was found, within its noise.

    A single neuron ``s = σ(t)``, ``t = w·x``, has ``(s − t)(s − νt) = 0`` with ν the slope, so
    ``q = (1 + ν) t u·y − ν t² − (u·y)²`` does not correlate with any product of two inputs, noise
    in y or not (Lemmas 3 and 9; u the row of A⁻¹). There are ``k(k+1)/2`` such products for each of
    k directions, and the directions were chosen by as many numbers less than there are products:
    with more neurons than directions, or biases, no choice makes all of them vanish. That w was
    estimated adds to the noise, and the regression of each group says how much.

    Parameters
    ----------
    grouped : GroupedMoments
        The moments.
    W, A : (k, k) arrays
        The network in the directions that ``grouped.moments`` is reduced to.
    negative_slope : float
        ν.
    """
    k, nu = len(W), negative_slope
    sums, average = grouped.moments, grouped.average
    x, phi, c_y, c_phi, c_xy = _slices(k)
    c_yy = slice(c_xy.stop, None)
    regressors = np.r_[0 : k + 1, c_phi]
    inverse = np.linalg.pinv(average[:, regressors], rcond=THRESHOLDS.dependent, hermitian=True)
    U = np.linalg.inv(A)
    residuals = sums[:, :, c_y] - sums[:, :, regressors] @ (inverse @ average[:, c_y])
    scores = inverse[x] @ residuals
    mean, values, sizes = average[phi, 0], [], []
    centred = sums[:, phi] - mean[:, None] * sums[:, :1]
    products = average[phi] - mean[:, None] * average[:1]
    for w, u in zip(W, U, strict=True):
        q = np.zeros(sums.shape[2])
        q[c_xy] = (1.0 + nu) * np.kron(w, u)
        q[c_phi] = -nu * vec_star(np.outer(w, w))
        q[c_yy] = -vec_star(np.outer(u, u))
        level = float(average[0] @ q)
        by_q = centred @ q - level * centred[:, :, 0]
        # ∂q/∂w · (influence of each group on w).
        shift = 2.0 / (1.0 + nu) * scores @ u
        change = (1.0 + nu) * products[:, c_xy] @ np.kron(np.eye(k), u[:, None])
        for a, axis in enumerate(np.eye(k)):
            change[:, a] -= 2.0 * nu * products[:, c_phi] @ vec_star(_symmetric(w, axis))
        # Across the k directions w is zero, and that is an estimate as well.
        across = (1.0 + nu) * grouped.phi_xy[:, k:] @ u - 2.0 * nu * grouped.phi_xx[:, k:] @ w
        tilt = 2.0 / (1.0 + nu) * np.einsum("b,gba->ga", u, grouped.residual[:, :, k:])
        values.append(by_q + shift @ change.T + tilt @ across.T)
        power = float(average[0, c_yy] @ vec_star(np.outer(u, u)))
        sizes.append(np.full(len(mean), power))
    size = grouped.total.sum() * np.stack(sizes)
    return ConsistencyTest(*group_score(np.stack(values, axis=1), size))


def _symmetric(v: Array, w: Array) -> Array:
    return 0.5 * (np.outer(v, w) + np.outer(w, v))


def _slices(k: int) -> tuple[slice, slice, slice, slice, slice]:
    """Return where x and φ are among the rows, and y, φ and x⊗y among the columns."""
    K = k * (k + 1) // 2
    start = 1 + 2 * k
    x, phi, y = slice(1, 1 + k), slice(1 + k, 1 + k + K), slice(1 + k, start)
    return x, phi, y, slice(start, start + K), slice(start + K, start + K + k * k)
