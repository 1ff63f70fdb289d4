"""Which questions tell most, where answers have noise.

With the network that is known so far, an answer at z moves the unknowns as its row J(z) of the
Jacobian says. A design is good if the variance of the rows of W is small: A-optimality. The
questions that lower it most are added, a few at a time, to those that have been asked (Fedorov,
*Theory of Optimal Experiments*, 1972): they are far from the centre, where a weight moves an answer
most, and on both sides of each hyperplane, so that its place is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.identify.polish import jacobian
from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region
from pureneuron.typing import Array

__all__ = ["designed"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    farthest : float
        How far out questions may be without bounds, in units of those at random (make
        bench-identify).
    candidates : int
        Questions among which the best are chosen.
    rounds : int
        Times that they are chosen, each in the light of those before.
    ridge : float
        Information that is added to each unknown, relative to the mean: scale moves freely between
        a row of W and its column of A.
    """

    farthest: float = 3.0
    candidates: int = 1500
    rounds: int = 12
    ridge: float = 1e-8


THRESHOLDS = Thresholds()


def designed(
    reading: Reading, asked: Array, count: int, region: Region, rng: np.random.Generator
) -> Array:
    """Return ``count`` questions (count, d) to ask next.

    Parameters
    ----------
    reading : Reading
        The network so far.
    asked : (n, d) array
        What has been asked.
    count : int
        How many questions there are to be.
    region : Region
        Where they may be.
    rng : numpy.random.Generator
        Draws the candidates.
    """
    units, m = np.arange(reading.n_neurons), len(reading.A)
    linear = bool(reading.L.any())
    J = jacobian(reading, asked, units, linear=linear)
    information = J.T @ J
    size = np.sqrt(np.diagonal(information)) + 1e-300
    information = information / np.outer(size, size)
    wanted = _rows_of_W(reading) / size
    chosen: list[Array] = []
    shares = np.diff(np.linspace(0, count, THRESHOLDS.rounds + 1).astype(int))
    for share in shares[shares > 0]:
        Z = _candidates(region, rng)
        J = (jacobian(reading, Z, units, linear=linear) / size).reshape(len(Z), m, -1)
        ridge = THRESHOLDS.ridge * np.trace(information) / len(information)
        root = np.linalg.solve(information + ridge * np.eye(len(information)), wanted.T)
        gains = np.sum((J @ root) ** 2, axis=(1, 2))
        best = np.argsort(-gains)[:share]
        chosen.append(Z[best])
        rows = J[best].reshape(share * m, -1)
        information = information + rows.T @ rows
    return np.concatenate(chosen) if chosen else asked[:0]


def _candidates(region: Region, rng: np.random.Generator) -> Array:
    """Draw questions; half of them on the bounds, or as far out as questions may be."""
    Z = region.draw(THRESHOLDS.candidates, rng)
    half = len(Z) // 2
    if region.is_bounded:
        Z[:half] = np.sign(Z[:half])
        return Z
    Z[:half] *= THRESHOLDS.farthest
    return Z


def _rows_of_W(reading: Reading) -> Array:
    """Return the derivative of the unit rows of W, one below the other, by the unknowns."""
    (k, d), m = reading.W.shape, len(reading.A)
    width = d + 1 + m
    beside = m * (d + 1) if reading.L.any() else m
    wanted = np.zeros((k * d, k * width + beside))
    for i, w in enumerate(reading.W):
        length = np.linalg.norm(w)
        across = (np.eye(d) - np.outer(w, w) / length**2) / length
        wanted[i * d : (i + 1) * d, i * width : i * width + d] = across
    return wanted
