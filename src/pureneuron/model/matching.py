"""Which neuron of one network is which of another.

Two networks may compute the same function with their neurons in another order and another scale,
so they can be compared only after pairing. The pairing minimises the summed squared distance of
normalised columns of A plus normalised rows of W; these are also the errors that the paper plots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from pureneuron.typing import Array, BoolArray, IndexArray

__all__ = ["THRESHOLDS", "NeuronMatch", "Thresholds", "match_neurons", "unit_rows"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide between two ways to compute; all follow from floating point.

    Attributes
    ----------
    close : float
        Squared distance of two unit rows above which a difference of squares loses no more than
        four digits (rounding).
    shortest, longest : float
        Lengths of rows between which squares neither under- nor overflow (rounding).
    """

    close: float = 1e-4
    shortest: float = 1e-100
    longest: float = 1e100


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class NeuronMatch:
    """Pairs of neurons with their distances.

    Attributes
    ----------
    left, right : (p,) int arrays
        Pair j is neuron ``left[j]`` of the first network and ``right[j]`` of the second; ``left``
        ascends. With as many neurons on both sides ``right`` is a permutation.
    errors_A, errors_W : (p,) arrays
        Squared distance, between 0 and 4, of the pair's normalised columns of A and rows of W.
    unmatched_left, unmatched_right : int arrays
        Neurons left over where the sizes differ.
    turned : (p,) array of bool
        Pairs whose rows of W are compared with one of them turned round.
    """

    left: IndexArray
    right: IndexArray
    errors_A: Array
    errors_W: Array
    unmatched_left: IndexArray
    unmatched_right: IndexArray
    turned: BoolArray

    @property
    def permutation(self) -> IndexArray:
        """For each paired neuron of the first network, its partner in the second."""
        return self.right

    @property
    def error_A(self) -> float:
        """Summed squared error of A over the pairs, as in the paper's figures."""
        return float(self.errors_A.sum())

    @property
    def error_W(self) -> float:
        """Summed squared error of W over the pairs, as in the paper's figures."""
        return float(self.errors_W.sum())

    @property
    def cosines_A(self) -> Array:
        """Cosine between the columns of A of each pair."""
        return np.asarray(1.0 - self.errors_A / 2.0)

    @property
    def cosines_W(self) -> Array:
        """Cosine between the rows of W; with a metric, the correlation of pre-activations."""
        return np.asarray(1.0 - self.errors_W / 2.0)


def unit_rows(M: Array) -> Array:
    """Scale the rows of ``M`` to unit length; rows of zeros stay zero."""
    length = np.sqrt(np.einsum("...i,...i->...", M, M))[..., None]
    if not ((length > THRESHOLDS.shortest) & (length < THRESHOLDS.longest)).all():
        # The largest entry first: squares of tiny or huge rows must not under- or overflow.
        scale = np.abs(M).max(axis=-1, keepdims=True, initial=0.0)
        M = M / np.where(scale > 0.0, scale, 1.0)
        length = np.linalg.norm(M, axis=-1, keepdims=True)
        length = np.where(length > 0.0, length, 1.0)
    return np.asarray(M / length)


def match_neurons(
    A: Array,
    W: Array,
    other_A: Array,
    other_W: Array,
    *,
    metric: ArrayLike | None = None,
    either_way: bool = False,
) -> NeuronMatch:
    """Pair neurons so that the summed squared distance of A and W together is least.

    Parameters
    ----------
    A, W : (m, k) and (k, d) arrays
        The first network.
    other_A, other_W : (m, k') and (k', d) arrays
        The second network.
    metric : (d, d) array-like, optional
        Second moments ``E[xxᵀ]`` of the inputs. With it, rows of W are compared as pre-activations:
        the cosine becomes the correlation of ``w·x`` and ``w'·x`` over the inputs, and parts of W
        that no input sees do not count.
    either_way : bool
        Whether a row of W and its opposite are the same, as they are beside a linear part.

    Raises
    ------
    ValueError
        If ``metric`` has another shape or a value that is not finite.
    """
    if metric is not None:
        root = _root(metric, W.shape[1])
        W, other_W = W @ root, other_W @ root
    distances_A = _squared_distances(unit_rows(A.T), unit_rows(other_A.T))
    rows, others = unit_rows(W), unit_rows(other_W)
    distances_W = _squared_distances(rows, others)
    turned = np.zeros(distances_W.shape, dtype=np.bool_)
    if either_way:
        opposite = _squared_distances(-rows, others)
        turned = opposite < distances_W
        distances_W = np.where(turned, opposite, distances_W)
    left, right = linear_sum_assignment(distances_A + distances_W)
    return NeuronMatch(
        left=left,
        right=right,
        errors_A=distances_A[left, right],
        errors_W=distances_W[left, right],
        unmatched_left=_others(left, A.shape[1]),
        unmatched_right=_others(right, other_A.shape[1]),
        turned=turned[left, right],
    )


def _others(indices: IndexArray, size: int) -> IndexArray:
    """Return those of 0 … size − 1 that are not among ``indices``."""
    rest = np.ones(size, dtype=bool)
    rest[indices] = False
    return np.flatnonzero(rest)


def _root(metric: ArrayLike, d: int) -> Array:
    """Return a (d, r) root of ``metric`` on the space where it does not vanish."""
    metric = np.asarray(metric, dtype=np.float64)
    if metric.shape != (d, d):
        raise ValueError(f"metric has shape {metric.shape}; ({d}, {d}) is expected")
    if not np.isfinite(metric).all():
        raise ValueError("metric holds a value that is not finite")
    values, vectors = np.linalg.eigh(metric)
    seen = values > values.max(initial=0.0) * d * np.finfo(np.float64).eps
    return np.asarray(vectors[:, seen] * np.sqrt(values[seen]))


def _squared_distances(left: Array, right: Array) -> Array:
    squares = np.sum(left * left, axis=1)[:, None] + np.sum(right * right, axis=1)
    distances = np.asarray(squares - 2.0 * left @ right.T)
    # Small distances from the differences: errors of 1e-16 and below would be lost to rounding.
    i, j = np.nonzero(distances < THRESHOLDS.close)
    distances[i, j] = np.sum((left[i] - right[j]) ** 2, axis=1)
    return distances
