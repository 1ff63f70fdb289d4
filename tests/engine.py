"""Problems that several tests fit, and their loss by an independent solver."""

import numpy as np

from pureneuron import TwoLayerNetwork
from pureneuron.inference import (
    Dependence,
    covariance_root,
    determinacy,
    first_blocks,
    omitted_unit_test,
    screening,
    standard_errors,
)
from pureneuron.inference.covariance import widened
from pureneuron.inference.delta_method import unseen
from pureneuron.inference.information import information, is_small
from pureneuron.model import LeakyReLU
from pureneuron.optimize import Limits, minimize
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


def weak_neuron(seed):
    """Draw a problem of one output, one of whose four neurons is weak, and its teacher."""
    rng = np.random.default_rng(seed)
    W, b = rng.standard_normal((4, 6)) / np.sqrt(6.0), 0.5 * rng.standard_normal(4)
    teacher = TwoLayerNetwork(np.array([[1.0, -1.0, 0.8, 0.12]]), W, b)
    X = rng.standard_normal((4000, 6))
    Y = teacher.predict(X)
    Y = Y + 0.1 * Y.std() * rng.standard_normal(Y.shape)
    return pose(ArraySamples(X, Y), fit_hidden_bias=True, fit_intercept=True), teacher


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


def minimum(problem, teacher, **limits):
    """Descend from the truth to the minimum beside it, further than any step is worth."""
    limits = Limits(**{"max_iter": 200, "tol": 0.0, **limits})
    return minimize(problem, problem.to_white(teacher), limits=limits)


def inferred(fit, kind="iid", *, lag=0, blocks=None, fits_slope=False, wide=False):
    """Return the information, the covariance in white coordinates, and the standard errors."""
    known = information(fit, fits_slope=fits_slope)
    blocks = first_blocks(fit.problem) if blocks is None else blocks
    root = covariance_root(fit, known, Dependence(kind, lag, "given"), blocks)
    columns = [root.A.reshape(len(root.A), -1), root.W.reshape(len(root.W), -1)]
    columns += [root.slope[:, None]] if fits_slope else []
    white = np.hstack(columns).T @ np.hstack(columns)
    root = widened(fit, root) if wide else root
    errors = standard_errors(fit, root, kind=kind, null=unseen(fit, known))
    return known, white, errors


def determined(fit):
    """Return how well the rows determine the neurons of a fit."""
    known = information(fit)
    root = covariance_root(fit, known, Dependence("iid", 0, "given"), first_blocks(fit.problem))
    return determinacy(fit, known, root)


def dependence_of(fit, *, seed=0, thorough=False, blocks=None):
    """Run the omitted-unit test."""
    blocks = first_blocks(fit.problem) if blocks is None else blocks
    known = information(fit) if is_small(fit.problem, fit.n_neurons) else None
    screened = screening(fit, known, blocks, rng=np.random.default_rng(seed))
    return omitted_unit_test(screened, thorough=thorough)
