"""Fits that are no part of what is measured: descents of the engine alone, without any test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from scipy.stats import chi2, ncx2

from pureneuron import TwoLayerNetwork
from pureneuron.model import LeakyReLU
from pureneuron.optimize import Fit, minimize, profile
from pureneuron.problem import Problem, pose
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

from .data import DataSet, Design, signal_of
from .laws import with_noise

__all__ = [
    "best_smaller",
    "descend",
    "detectable",
    "expected_gain",
    "nearest",
    "network_of",
    "noise_variance",
    "posed",
    "random_network",
]

# Rows on which an expected gain is computed: as many as the data have, at most.
_ROWS = 5_000
_FOLLOWED = 6
_NOISE_DRAWS = 200


def posed(data: DataSet, Y: Array | None = None) -> Problem:
    """Return the problem of a data set, or of other outputs at its inputs."""
    return pose(
        ArraySamples(data.X, data.Y if Y is None else Y),
        activation=LeakyReLU(data.design.slope),
        fit_hidden_bias=data.design.fits_biases,
        fit_intercept=data.design.fits_biases,
    )


def descend(problem: Problem, network: TwoLayerNetwork) -> Fit:
    """Go from a network to the minimum that it leads to."""
    W, A = problem.coordinates(network)
    return minimize(problem, W, A)


def network_of(fit: Fit) -> TwoLayerNetwork:
    """Return the network of a fit, in the units of the data."""
    return fit.problem.network(fit.point.W, fit.point.A)


def random_network(design: Design, rng: np.random.Generator) -> TwoLayerNetwork:
    """Draw a network that knows nothing of the data."""
    d, k, m = design.d, design.k, design.m
    return TwoLayerNetwork(
        rng.standard_normal((m, k)),
        rng.standard_normal((k, d)),
        rng.standard_normal(k) if design.fits_biases else None,
        negative_slope=design.slope,
    )


def best_smaller(problem: Problem, truth: TwoLayerNetwork) -> Fit:
    """Fit one neuron less: the best of the descents that start near the truth.

    They start without each of its neurons in turn, and with the two neurons of each of the closest
    pairs merged into one; the six whose loss is least with A refitted are followed. This is the
    hardest fit of its size to reject, as far as is known.
    """

    def loss(start: TwoLayerNetwork) -> float:
        return profile(problem, problem.to_white(start)).loss

    starts = sorted(_smaller(truth), key=loss)[:_FOLLOWED]
    return min((descend(problem, start) for start in starts), key=lambda fit: float(fit.loss))


def expected_gain(data: DataSet, variance: float) -> float:
    """Return what the least needed neuron is expected to take off χ².

    The outputs without noise, at the inputs of the data (5000 rows of them at most, scaled up),
    are fitted with one neuron less (:func:`best_smaller`); its squared residual over the noise
    variance is the noncentrality of the likelihood ratio of k neurons against k − 1.
    """
    X = data.X[:_ROWS]
    Y = signal_of(data.design, data.teacher, X)
    scale = len(data.X) / len(X)
    if data.design.k == 1:
        centre = Y.mean(axis=0) if data.design.fits_biases else 0.0
        return scale * float(np.sum((Y - centre) ** 2)) / variance
    short = DataSet(data.design, X, Y, None, data.teacher)
    fit = best_smaller(posed(short), data.truth)
    return scale * float(np.sum((Y - network_of(fit).predict(X)) ** 2)) / variance


def nearest(
    data: DataSet, network: TwoLayerNetwork, rng: np.random.Generator
) -> tuple[TwoLayerNetwork, float]:
    """Return the network of the same size that is nearest to the outputs without noise.

    It is looked for from ``network``, at the inputs of the data. With it comes the noncentrality of
    the test that knows how the two differ, and compares that with the residual: with the difference
    D and noise E, ``|D|⁴ / var(Σ D E)``. The variance is that over draws of the noise, as it is:
    shared by rows or outputs, or of unequal size.
    """
    design = data.design
    Y = signal_of(design, data.teacher, data.X)
    problem = posed(data, Y)
    if network.linear.any():
        problem = problem.with_linear_part()
    closest = network_of(minimize(problem, problem.to_white(network)))
    D = Y - closest.predict(data.X)
    sums = [
        np.sum(D * (with_noise(Y, design.noise, design.level, rng) - Y))
        for _ in range(_NOISE_DRAWS)
    ]
    square = float(np.sum(D**2))
    # Rounding, where there is no noise.
    rounding = np.finfo(np.float64).eps * square * float(np.mean(Y**2))
    return closest, square**2 / max(float(np.mean(np.square(sums))), rounding)


def detectable(gain: float, unknowns: int, level: float = 0.01, power: float = 0.999) -> bool:
    """Tell whether a test by χ² would find a neuron of this expected gain and of so many unknowns.

    The likelihood-ratio test at ``level`` that knows where to look must have at least ``power``.
    """
    return float(ncx2.sf(chi2.isf(level, unknowns), unknowns, gain)) >= power


def noise_variance(design: Design, signal: Array) -> float:
    """Return the mean noise variance of an output."""
    match design.noise:
        case "Poisson":
            return float(signal.mean())
        case "heteroscedastic":
            return float(np.mean((design.level * np.abs(signal)) ** 2))
    return design.level**2 * float(np.mean(signal.var(axis=0)))


def _smaller(truth: TwoLayerNetwork) -> Iterator[TwoLayerNetwork]:
    k = truth.n_neurons
    for a in range(k):
        yield truth.permuted(np.delete(np.arange(k), a))
    cosines = truth.W @ truth.W.T
    pairs = sorted(combinations(range(k), 2), key=lambda pair: -cosines[pair])
    for a, b in pairs[:k]:
        sizes = np.linalg.norm(truth.A[:, [a, b]], axis=0)
        share = sizes / sizes.sum()
        rest = truth.permuted([i for i in range(k) if i not in (a, b)])
        yield TwoLayerNetwork(
            np.column_stack([rest.A, truth.A[:, a] + truth.A[:, b]]),
            np.vstack([rest.W, share @ truth.W[[a, b]]]),
            np.append(rest.hidden_bias, share @ truth.hidden_bias[[a, b]]),
            truth.output_bias,
            negative_slope=truth.negative_slope,
        )
