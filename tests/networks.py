"""Random networks, for tests of file formats and conversions."""

from __future__ import annotations

import numpy as np

from pureneuron import TwoLayerNetwork

PARTS = ("A", "W", "hidden_bias", "output_bias", "negative_slope", "linear")


def random_network(seed, *, d=4, k=3, m=5, biases=True, slope=0.0, linear=False):
    """Make a network of normal weights."""
    rng = np.random.default_rng(seed)
    return TwoLayerNetwork(
        A=rng.standard_normal((m, k)),
        W=rng.standard_normal((k, d)),
        hidden_bias=rng.standard_normal(k) if biases else None,
        output_bias=rng.standard_normal(m) if biases else None,
        negative_slope=slope,
        linear=rng.standard_normal((m, d)) if linear else None,
    )


def inputs(n=40, d=4):
    """Make inputs that switch the units of a random network."""
    return 2.0 * np.random.default_rng(99).standard_normal((n, d))


def differing(one, other):
    """Name the weights in which two networks differ by as much as a bit."""
    return [name for name in PARTS if not np.array_equal(getattr(one, name), getattr(other, name))]
