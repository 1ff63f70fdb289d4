"""Whether a fit is right: its neurons beside those of the truth, in standard errors and outright.

A neuron is *off* if it is further from its partner in the truth than 5 standard errors and than
0.05. That is asked of its row of W (angle), of its column of A (distance over the length of the
true column) and of its hidden bias in normal form (distance); the standard error of a row or column
is the root of the sum of squares of its entries'. What the fit calls undetermined (an infinite
standard error) is not off, but not right either unless it is within 0.05. Where a fit has no
standard errors, only the 0.05 count. Inputs that do not vary in all dimensions tell of W within
their span alone, and the fit says so: there it is compared.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from pureneuron import TwoLayerNetwork
from pureneuron.recovery import Recovery
from pureneuron.typing import Array

from .records import Record

__all__ = ["compared"]

_ERRORS = 5.0
_DISTANCE = 0.05


def compared(recovery: Recovery, truth: TwoLayerNetwork, metric: ArrayLike | None = None) -> Record:
    """Return the number of neurons, the largest distances, and whether it is off, and right.

    ``off`` lists what of W, A and b is off in some neuron; ``right`` and ``close`` (all within
    0.05) are False where the numbers of neurons differ.
    """
    network, k = recovery.network, truth.n_neurons
    truth = _within(recovery.span, truth)
    if network.n_neurons != k:
        return {"k": network.n_neurons, "off": [], "right": False, "close": False}
    matched = truth.permuted(network.match(truth, metric).right)
    distances, spreads = _distances(network, matched), _spreads(recovery, k)
    far = {name: distances[name] > _DISTANCE for name in distances}
    beyond = {name: distances[name] > _ERRORS * spreads[name] for name in distances}
    off = [name for name in distances if (far[name] & beyond[name]).any()]
    unknown = any((far[name] & np.isinf(spreads[name])).any() for name in distances)
    return {
        "k": k,
        "off": off,
        "right": not off and not unknown,
        "close": not any(each.any() for each in far.values()),
        "farthest": {name: float(each.max()) for name, each in distances.items()},
    }


def _within(span: Array, truth: TwoLayerNetwork) -> TwoLayerNetwork:
    """Return the network of the minimum norm that is the same on the span (d, r) of the inputs."""
    d, r = span.shape
    if r == d:
        return truth
    return replace(truth, W=truth.W @ span @ span.T).normalized()


def _distances(network: TwoLayerNetwork, truth: TwoLayerNetwork) -> dict[str, Array]:
    """Return the distance of each neuron."""
    chord = np.linalg.norm(network.W - truth.W, axis=1)
    size = np.linalg.norm(truth.A, axis=0)
    return {
        "W": 2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)),
        "A": np.linalg.norm(network.A - truth.A, axis=0) / size,
        "b": np.abs(network.hidden_bias - truth.hidden_bias),
    }


def _spreads(recovery: Recovery, k: int) -> dict[str, Array]:
    """Return the standard errors of the same, 0 where there are none."""
    errors = recovery.standard_errors
    if errors is None:
        return {name: np.zeros(k) for name in ("W", "A", "b")}
    size = np.linalg.norm(recovery.network.A, axis=0)
    return {
        "W": np.linalg.norm(errors.W, axis=1),
        "A": np.linalg.norm(errors.A, axis=0) / np.where(size > 0.0, size, 1.0),
        "b": np.asarray(errors.hidden_bias),
    }
