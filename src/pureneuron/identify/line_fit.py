"""All answers along a line at once: kinks and slopes to the last digits.

A piece that is known by two answers close together has an inexact slope. But pieces meet at the
kinks, and some of them are long: so all of them are known far more exactly than each by itself.
For given kinks the values there are linear least squares; steps of Gauss–Newton move the kinks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from pureneuron.identify.kinks import Kinks
from pureneuron.identify.piece import Piece
from pureneuron.typing import Array

__all__ = ["fitted"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    steps : int
        Of Gauss–Newton: places are known well at the beginning.
    dependent : float
        Diagonal entry of a triangular factor, relative to the largest, that is zero (rounding).
    aside : float
        How far from its kinks the places of a piece are, as a share of its width.
    """

    steps: int = 3
    dependent: float = 1e-12
    aside: float = 0.01


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class _Values:
    """Least squares for the values at the knots: the kinks, and the ends of the line.

    Attributes
    ----------
    V : (K + 2, m) array
        Values at the knots.
    off, beyond : (n, m) and (n, K) arrays
        What is left of the answers, and of steps at the kinks, in units of the exactness.
    moved : (K + 2, K) array
        How the values change with steps at the kinks.
    inverse : (K + 2, K + 2) array
        Of the triangular factor.
    """

    V: Array
    off: Array
    beyond: Array
    moved: Array
    inverse: Array


def fitted(kinks: Kinks, t: Array, Y: Array, exact: Array) -> Kinks:
    """Return the kinks and pieces nearest to all answers.

    Parameters
    ----------
    kinks : Kinks
        Where to start: near the best.
    t, Y, exact : arrays of shapes (n,), (n, m), (n,)
        Places, values, and how exact these are.

    Returns
    -------
    Kinks
        The ones given, if answers are too few, or are not those of such pieces.
    """
    knots = np.array([t.min(), *kinks.places, t.max()])
    values = A = covariance = None
    for _ in range(THRESHOLDS.steps):
        values = _values(knots, t, Y, exact)
        if values is None:
            return kinks
        A = np.diff(np.diff(values.V, axis=0) / np.diff(knots)[:, None], axis=0).T
        size = np.linalg.norm(values.beyond, axis=0) * np.linalg.norm(A, axis=0)
        normal = (values.beyond.T @ values.beyond) * (A.T @ A)
        if not size.all():
            return kinks
        normal /= np.outer(size, size)
        s, U = np.linalg.eigh(normal)
        if s[0] <= THRESHOLDS.dependent:
            return kinks
        covariance = U / np.sqrt(s) / size[:, None]  # its root
        gradient = np.sum((values.beyond.T @ values.off) * A.T, axis=1)
        knots[1:-1] -= covariance @ (covariance.T @ gradient)
        if (np.diff(knots) <= 0.0).any():
            return kinks
    values = _values(knots, t, Y, exact)
    if values is None or A is None or covariance is None or np.abs(values.off).max() > 1.0:
        return kinks
    return Kinks(knots[1:-1], _pieces(knots, values, A, covariance, float(exact.min())))


def _values(knots: Array, t: Array, Y: Array, exact: Array) -> _Values | None:
    n, K = len(t), len(knots) - 2
    if n < K + 2:
        return None
    piece = np.clip(np.searchsorted(knots, t) - 1, 0, K)
    share = (t - knots[piece]) / np.diff(knots)[piece]
    B = np.zeros((n, K + 2))
    B[np.arange(n), piece], B[np.arange(n), piece + 1] = 1.0 - share, share
    beyond = (t[:, None] > knots[1:-1]) / exact[:, None]
    answers = Y / exact[:, None]
    Q, R = np.linalg.qr(B / exact[:, None])
    diagonal = np.abs(np.diag(R))
    if diagonal.min() <= THRESHOLDS.dependent * diagonal.max():
        return None
    inverse = solve_triangular(R, np.eye(K + 2))
    V, moved = inverse @ (Q.T @ answers), inverse @ (Q.T @ beyond)
    off = answers - Q @ (Q.T @ answers)
    return _Values(V, off, beyond - Q @ (Q.T @ beyond), moved, inverse)


def _pieces(knots: Array, values: _Values, A: Array, root: Array, exact: float) -> list[Piece]:
    """Return the pieces between knots, each by two places on it.

    ``root`` (K, K) is that of the covariance of the kinks, and no value is more exact than
    ``exact``.
    """
    p, number = len(knots) - 1, np.arange(len(knots) - 2)
    pieces, width = np.arange(p), np.diff(knots)
    # The ends of the line are on it, and kinks are not.
    first, last = np.full(p, THRESHOLDS.aside), np.full(p, 1.0 - THRESHOLDS.aside)
    first[0], last[-1] = 0.0, 1.0
    ends = []
    for share in (first, last):
        B = np.zeros((p, p + 1))
        B[pieces, pieces], B[pieces, pieces + 1] = 1.0 - share, share
        change = B @ values.moved - (number < pieces[:, None])
        by_kinks = np.max([np.sum(((change * a) @ root) ** 2, axis=1) for a in A], axis=0)
        errors = np.sqrt(np.sum((B @ values.inverse) ** 2, axis=1) + by_kinks)
        places = knots[:-1] + share * width
        ends.append((places.tolist(), B @ values.V, np.maximum(exact, errors).tolist()))
    (t, Y, off), (t_last, Y_last, off_last) = ends
    return [Piece(t[i], t_last[i], Y[i], Y_last[i], off[i], off_last[i]) for i in range(p)]
