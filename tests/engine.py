"""Problems that several tests fit, and their loss by an independent solver."""

import numpy as np

from pureneuron import TwoLayerNetwork
from pureneuron.model import LeakyReLU
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def make_problem(seed, *, n=200, d=4, k=3, m=2, noise=0.1, weight=None, slope=0.0, **biases):
    """Draw a teacher and samples of it."""
    rng = np.random.default_rng(seed)
    teacher = TwoLayerNetwork(
        rng.standard_normal((m, k)), rng.standard_normal((k, d)), negative_slope=slope
    )
    X = rng.standard_normal((n, d))
    Y = teacher.predict(X) + noise * rng.standard_normal((n, m))
    samples = ArraySamples(X, Y, weight, batch_rows=64)
    return pose(samples, activation=LeakyReLU(slope), **biases), teacher


def hidden(problem, W):
    """Return the activations, with the column of an intercept."""
    X = problem.samples.arrays()[0]
    Z = X @ W.T
    H = np.where(Z > 0, Z, problem.activation.negative_slope * Z)
    if problem.fit_intercept:
        H = np.column_stack([H, np.ones(len(H))])
    return H


def squared_residual(problem, W):
    """Profiled squared residual per row, by a dense least-squares solver."""
    Y = problem.samples.arrays()[1]
    H = hidden(problem, W)
    A = np.linalg.lstsq(H, Y, rcond=None)[0]
    return np.sum((Y - H @ A) ** 2) / len(Y), A.T


class Watched:
    """Samples that write down which kernels ran over how many rows."""

    def __init__(self, samples, seen):
        self._samples, self._seen = samples, seen

    def __getattr__(self, name):
        return getattr(self._samples, name)

    def reduce(self, kernel, *params):
        self._seen.append((kernel.__name__, self._samples.n_rows))
        return self._samples.reduce(kernel, *params)

    def derive(self, fn, *params):
        return Watched(self._samples.derive(fn, *params), self._seen)

    def every_nth(self, n):
        return Watched(self._samples.every_nth(n), self._seen)
