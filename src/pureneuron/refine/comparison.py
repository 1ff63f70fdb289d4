"""Whether two fits are the same network, and whether its neurons can be told apart."""

from __future__ import annotations

import numpy as np

from pureneuron.network import match_neurons, unit_rows
from pureneuron.typing import Array

__all__ = ["displacement", "separations"]


def displacement(W: Array, A: Array, other_W: Array, other_A: Array) -> float:
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
    """
    match = match_neurons(A, W, other_A, other_W)
    distances = np.sqrt(match.errors_A + match.errors_W)
    nearest = separations(other_W, other_A)[match.right]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(distances == 0.0, 0.0, distances / nearest)
    return float(ratios.max(initial=0.0))


def separations(W: Array, A: Array) -> Array:
    """Return the distance from each neuron to its nearest neighbour, in the metric of the match."""
    neurons = np.hstack([unit_rows(W), unit_rows(A.T)])
    if len(neurons) == 1:
        # A single neuron has only its own mirror image to be mistaken for.
        return np.array([2.0])
    distances = np.linalg.norm(neurons[:, None, :] - neurons[None, :, :], axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.asarray(distances.min(axis=1))
