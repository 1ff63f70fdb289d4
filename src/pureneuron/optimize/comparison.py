"""Whether two fits are the same network, and whether its neurons can be told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pureneuron.model import match_neurons, unit_rows
from pureneuron.optimize.fit import Point
from pureneuron.typing import Array

__all__ = ["Thresholds", "displacement", "distance", "meeting", "separations"]


@dataclass(frozen=True)
class Thresholds:
    """How far apart two fits may be and still be the same network.

    All are shares of the way to the nearest other neuron (:func:`displacement`): well below a half,
    every neuron is where only it can be. The more sampling error or haste there is in the two, the
    more is allowed (surety.py, success.py).

    Attributes
    ----------
    same : float
        Two descents on all rows, which ended in the same minimum.
    same_slope : float
        Two fits whose slopes differ a little.
    same_early : float
        Two starts on a subsample, which stop early.
    confirmed : float
        An estimate with sampling error (moments, average Hessians, a subsample) against the
        descent on all rows.
    near_loss : float
        Ratio of losses from which on it is worth asking whether a descent has come where another
        has been (make bench).
    """

    same: float = 0.1
    same_slope: float = 0.25
    same_early: float = 0.25
    confirmed: float = 0.5
    near_loss: float = 1.2


THRESHOLDS = Thresholds()


def displacement(
    W: Array, A: Array, other_W: Array, other_A: Array, *, either_way: bool = False
) -> float:
    """How far the neurons of one network lie from those of another, at worst.

    The distance of each matched pair is measured in units of the distance from the second network's
    neuron to its nearest neighbour: well below 1/2, every neuron is where only it can be; nearly
    parallel neurons demand the more of the match. Coincident neurons give infinity.

    Parameters
    ----------
    W, A : (k, r) and (m, k) arrays
        One network, in white coordinates.
    other_W, other_A : arrays of the same shapes
        The network to compare with.
    either_way : bool
        Whether a row of W and its opposite are the same, as they are beside a linear part.
    """
    match = match_neurons(A, W, other_A, other_W, either_way=either_way)
    distances = np.sqrt(match.errors_A + match.errors_W)
    nearest = separations(other_W, other_A, either_way=either_way)[match.right]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(distances == 0.0, 0.0, distances / nearest)
    return float(ratios.max(initial=0.0))


def distance(one: Point, other: Point, *, either_way: bool = False) -> float:
    """Return the :func:`displacement` of one point of the engine from another."""
    return displacement(one.W, one.columns, other.W, other.columns, either_way=either_way)


def meeting(
    other: Point | None, same: float, *, either_way: bool = False
) -> Callable[[Point], bool]:
    """Return the test whether a point has come where ``other`` is, up to the displacement ``same``.

    A point that is lower has not: it may be on its way to somewhere better.
    """

    def meets(point: Point) -> bool:
        return (
            other is not None
            and other.loss <= point.loss <= THRESHOLDS.near_loss * other.loss
            and distance(point, other, either_way=either_way) <= same
        )

    return meets


def separations(W: Array, A: Array, *, either_way: bool = False) -> Array:
    """Return the distance from each neuron to its nearest neighbour, in the metric of the match."""
    rows, columns = unit_rows(W), unit_rows(A.T)
    if len(rows) == 1:
        # A single neuron has only its own mirror image to be mistaken for.
        return np.array([2.0])
    if either_way:
        turned = _separations(np.hstack([rows, columns]), np.hstack([-rows, columns]))
        return np.minimum(turned, separations(W, A))
    neurons = np.hstack([rows, columns])
    return _separations(neurons, neurons)


def _separations(neurons: Array, others: Array) -> Array:
    products = neurons @ others.T
    np.fill_diagonal(products, -np.inf)
    # Rows have equal lengths; the difference itself keeps the digits of a small distance.
    return np.asarray(np.linalg.norm(neurons - others[products.argmax(axis=1)], axis=1))
