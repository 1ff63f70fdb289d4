"""Gauss–Newton on all answers: the last digits, and how exactly they are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.identify.reading import Reading
from pureneuron.linalg import svd
from pureneuron.typing import Array, IndexArray

__all__ = ["affordable", "jacobian", "polished"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_work : float
        Multiplications of a step: it is made for as many neurons as that allows (make
        bench-identify).
    steps : int
        Most steps; they are full ones, and the first that does not help is the last.
    least_gain : float
        Share of the residual that a step must gain for another one.
    free : float
        Singular values of the Jacobian, columns of unit length, relative to the largest, below
        which unknowns are free: a factor between a row of W and its column of A is (rounding).
    """

    most_work: float = 6e8
    steps: int = 5
    least_gain: float = 1e-2
    free: float = 1e-13


THRESHOLDS = Thresholds()


def affordable(reading: Reading, n: int) -> int:
    """Return for how many neurons a step on n questions takes little time.

    For all of them if what is beside them, L and c, is affordable as well.
    """
    (k, d), m = reading.W.shape, len(reading.A)
    unknowns = np.sqrt(THRESHOLDS.most_work / (n * m))
    if k * (d + 1 + m) + m * (d + 1) <= unknowns:
        return int(k)
    return int(min(k - 1, unknowns // (d + 1 + m)))


def polished(
    reading: Reading, Z: Array, Y: Array, exact: Array, units: IndexArray, *, linear: bool
) -> tuple[Reading, Array]:
    """Minimise the squared differences to all answers, each in units of its exactness.

    Parameters
    ----------
    reading : Reading
        Where to start: near the minimum.
    Z, Y, exact : arrays of shapes (n, d), (n, m), (n,)
        Questions, answers, and how exact these are.
    units : (u,) integer array
        The neurons that move.
    linear : bool
        Whether there is a linear part. It moves, as the constant does, if all neurons do.

    Returns
    -------
    reading : Reading
        The network.
    errors : (u,) array
        How far off the rows of W are, relative to their length, for answers as exact as said.
    """
    best, weight = reading, 1.0 / exact
    loss, errors = _off(reading, Z, Y, weight), np.full(len(units), np.inf)
    for _ in range(THRESHOLDS.steps):
        residual = ((Y - best(Z)) * weight[:, None]).ravel()
        J = jacobian(best, Z, units, linear=linear)
        J *= np.repeat(weight, Y.shape[1])[:, None]
        size = np.linalg.norm(J, axis=0)
        size[size == 0.0] = 1.0
        J /= size
        # Singular values of a tall matrix are those of its triangular factor.
        p = J.shape[1]
        triangle = np.asarray(np.linalg.qr(np.column_stack([J, residual]), mode="r"))
        U, s, Vt = svd(triangle[:, :p], full_matrices=False)
        kept = s > THRESHOLDS.free * s[0]
        U, s, Vt = U[:, kept], s[kept], Vt[kept]
        step = Vt.T @ (U.T @ triangle[:, p] / s) / size
        new = _moved(best, step, units, linear=linear)
        new_loss = _off(new, Z, Y, weight)
        if not new_loss < loss:
            break
        # What stays unexplained is no smaller an error than rounding.
        level = max(1.0, new_loss / np.sqrt(Y.size))
        spread = level * np.linalg.norm(Vt.T / s, axis=1) / size
        errors = _row_errors(new, spread, units)
        gain, best, loss = 1.0 - new_loss / loss, new, new_loss
        if gain < THRESHOLDS.least_gain:
            break
    return best, errors


def jacobian(reading: Reading, Z: Array, units: IndexArray, *, linear: bool) -> Array:
    """Return the derivatives of all outputs, (n m, p).

    Unknowns are, neuron after neuron, w, b and a; then, for all neurons, L if there is a linear
    part, and c.
    """
    n, m, d = len(Z), len(reading.A), Z.shape[1]
    pre = Z @ reading.W[units].T + reading.b[units]
    extended = np.column_stack([Z, np.ones(n)])
    whole = len(units) == reading.n_neurons
    beside = extended[:, 0 if linear else d :][:, : None if whole else 0]
    width, last = d + 1 + m, len(units) * (d + 1 + m)
    J = np.zeros((n, m, last + m * beside.shape[1]))
    for place, i in enumerate(units):
        block = J[:, :, place * width : (place + 1) * width]
        on = (pre[:, place, None] > 0.0) * extended
        np.multiply(on[:, None, :], reading.A[:, i][None, :, None], out=block[:, :, : d + 1])
        for output in range(m):
            block[:, output, d + 1 + output] = np.maximum(pre[:, place], 0.0)
    for output in range(m):
        first = last + output * beside.shape[1]
        J[:, output, first : first + beside.shape[1]] = beside
    return J.reshape(n * m, -1)


def _off(reading: Reading, Z: Array, Y: Array, weight: Array) -> float:
    return float(np.linalg.norm((Y - reading(Z)) * weight[:, None]))


def _moved(reading: Reading, step: Array, units: IndexArray, *, linear: bool) -> Reading:
    d, m = reading.W.shape[1], len(reading.A)
    last = len(units) * (d + 1 + m)
    moves = step[:last].reshape(len(units), d + 1 + m)
    W, b, A = reading.W.copy(), reading.b.copy(), reading.A.copy()
    W[units] += moves[:, :d]
    b[units] += moves[:, d]
    A[:, units] += moves[:, d + 1 :].T
    new = replace(reading, W=W, b=b, A=A)
    if len(step) == last:
        return new
    beside = step[last:].reshape(m, -1)
    return new.with_linear(beside[:, :d] if linear else np.zeros((m, d)), beside[:, -1])


def _row_errors(reading: Reading, spread: Array, units: IndexArray) -> Array:
    d, m = reading.W.shape[1], len(reading.A)
    rows = spread[: len(units) * (d + 1 + m)].reshape(len(units), -1)[:, :d]
    return np.asarray(np.linalg.norm(rows, axis=1) / np.linalg.norm(reading.W[units], axis=1))
