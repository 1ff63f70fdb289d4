"""Boxes whose network is known, and how what was read is held against it."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from pureneuron import TwoLayerNetwork
from pureneuron.identify.reading import Reading

EPS = np.finfo(np.float64).eps


class Asked:
    """A function that remembers what it was asked, call by call."""

    def __init__(self, function):
        self.function = function
        self.calls = []

    def __call__(self, X):
        self.calls.append(np.array(X))
        return self.function(X)

    @property
    def X(self):
        return np.concatenate(self.calls)

    def __len__(self):
        return sum(map(len, self.calls))


def row_by_row(network):
    """Return the function of a network whose answers have the same bits in any batch."""

    def function(X):
        hidden = np.maximum((X[:, None, :] * network.W).sum(axis=2) + network.hidden_bias, 0.0)
        return (hidden[:, None, :] * network.A).sum(axis=2) + network.output_bias

    return function


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def drawn(seed, *, k=4, d=3, m=2, linear=True):
    """Make a reading of normal weights."""
    rng = np.random.default_rng(seed)
    return Reading(
        rng.standard_normal((k, d)),
        rng.standard_normal(k),
        rng.standard_normal((m, k)),
        rng.standard_normal((m, d)) if linear else np.zeros((m, d)),
        rng.standard_normal(m),
        np.full(k, 1e-9),
    )


def spread(d, n=200, size=3.0):
    """Make inputs all around the places where normal networks bend."""
    return size * np.random.default_rng(99).standard_normal((n, d))


def assert_same_function(found, truth, Z, tolerance=1e-12):
    """Assert that two functions agree, relative to the largest value."""
    wanted = truth(Z)
    np.testing.assert_allclose(found(Z), wanted, rtol=0.0, atol=tolerance * np.abs(wanted).max())


def assert_same_units(found, truth, tolerance=1e-7):
    """Assert that networks have the same weights, up to the order and scale of the neurons.

    Beside a linear part a neuron may be either way round.
    """
    assert found.n_neurons == truth.n_neurons
    if found.linear.any() or truth.linear.any():
        cosines = _rows(found) @ _rows(truth).T
        _, other = linear_sum_assignment(-np.abs(cosines))
        opposite = cosines[np.arange(len(other)), other] < 0.0
        found = found.turned_round(np.flatnonzero(opposite))
    found, truth = found.normalized(), truth.normalized()
    one, other = _weights(found), _weights(truth)
    distances = np.abs(one[:, None] - other).max(axis=2)
    left, right = linear_sum_assignment(distances)
    np.testing.assert_allclose(one[left], other[right], rtol=tolerance, atol=tolerance)
    for name in ("output_bias", "linear", "negative_slope"):
        wanted = getattr(truth, name)
        size = tolerance * max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=0.0, atol=size, err_msg=name)


def _rows(network):
    rows = np.column_stack([network.W, network.hidden_bias])
    return rows / np.linalg.norm(rows, axis=1)[:, None]


def _weights(network: TwoLayerNetwork):
    """Return what a neuron is in normal form: w, b, and a relative to the size of A."""
    return np.column_stack([network.W, network.hidden_bias, network.A.T / np.abs(network.A).max()])


def in_single_precision(network):
    """Return the function of a network that computes in float32."""
    parts = (network.A, network.W, network.hidden_bias, network.output_bias)
    A, W, b, c = (np.float32(part) for part in parts)
    return lambda X: np.maximum(np.float32(X) @ W.T + b, np.float32(0.0)) @ A.T + c
