"""Finite symmetric laws, on which the moments, and with them every lemma, are exact.

The fixtures return functions, for the whole session: hypothesis draws seeds and sizes, and the
functions make the problem of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from pureneuron.datasets import symmetrize
from pureneuron.model import LeakyReLU, TwoLayerNetwork, unit_rows
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.spectral import (
    MomentEstimate,
    distinguishing_matrix,
    linear_part,
    moment_estimate,
)
from pureneuron.typing import Array


@dataclass(frozen=True)
class ExactProblem:
    """A network and a finite law of (x, y): the rows of X and Y with probabilities p."""

    network: TwoLayerNetwork
    X: Array
    Y: Array
    p: Array

    def alpha(self, *, augmented: bool = True) -> float:
        """Return the least singular value of the distinguishing matrix, for unit rows of W."""
        N = distinguishing_matrix(
            self.X, unit_rows(self.network.W), augmented=augmented, sample_weight=self.p
        )
        return float(np.linalg.svd(N, compute_uv=False).min(initial=np.inf))

    def with_noise(self, noise: Array, q: Array) -> ExactProblem:
        """Return the product law with noise that takes the values ``noise`` (s, m), mean zero."""
        s = len(noise)
        return replace(
            self,
            X=np.repeat(self.X, s, axis=0),
            Y=np.repeat(self.Y, s, axis=0) + np.tile(noise, (len(self.X), 1)),
            p=np.outer(self.p, q).ravel(),
        )


def _symmetric_law(rng: np.random.Generator, d: int, n_points: int = 40) -> tuple[Array, Array]:
    """Draw a law on Gaussian points and their negations; x and −x are equally likely."""
    p = rng.dirichlet(np.full(n_points, 4.0))
    return symmetrize(rng.standard_normal((n_points, d))), np.concatenate([p, p]) / 2.0


def _exact_problem(
    seed: int, d: int, k: int, m: int, *, negative_slope: float = 0.0, n_points: int = 40
) -> ExactProblem:
    rng = np.random.default_rng(seed)
    X, p = _symmetric_law(rng, d, n_points)
    network = TwoLayerNetwork(
        rng.standard_normal((m, k)), rng.standard_normal((k, d)), negative_slope=negative_slope
    )
    return ExactProblem(network, X, network.predict(X), p)


def _estimate(
    X: Array,
    Y: Array,
    k: int,
    *,
    weight: Array | None = None,
    batch_rows: int | None = None,
    negative_slope: float = 0.0,
) -> tuple[TwoLayerNetwork, MomentEstimate]:
    samples = ArraySamples(X, Y, weight, batch_rows=batch_rows)
    problem = pose(samples, activation=LeakyReLU(negative_slope))
    found = moment_estimate(problem, linear_part(problem), k, rng=np.random.default_rng(0))
    return problem.network(found.W, found.A), found


def _weight_error(found: TwoLayerNetwork, truth: TwoLayerNetwork) -> float:
    """Return the largest relative error of a column of A or a row of W, in normal form."""
    found, truth = found.normalized(), truth.normalized()
    match = truth.match(found)
    W = truth.W[match.left] - found.W[match.right]
    A = truth.A[:, match.left] - found.A[:, match.right]
    lengths = np.linalg.norm(truth.A, axis=0)[match.left]
    return float(max(np.linalg.norm(W, axis=1).max(), (np.linalg.norm(A, axis=0) / lengths).max()))


@pytest.fixture(scope="session")
def symmetric_law() -> Callable[..., tuple[Array, Array]]:
    return _symmetric_law


@pytest.fixture(scope="session")
def exact_problem() -> Callable[..., ExactProblem]:
    return _exact_problem


@pytest.fixture(scope="session")
def estimate() -> Callable[..., tuple[TwoLayerNetwork, MomentEstimate]]:
    return _estimate


@pytest.fixture(scope="session")
def weight_error() -> Callable[[TwoLayerNetwork, TwoLayerNetwork], float]:
    return _weight_error
