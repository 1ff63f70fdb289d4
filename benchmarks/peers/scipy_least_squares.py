"""SciPy's least_squares with the exact, dense Jacobian of all entries of A and W.

The Jacobian has n·m rows and k(d + m) columns, 160 MB at 10×10 and n = 10,000, which is as far as
this road goes. Both algorithms that suit it run: trust-region reflective, and MINPACK's
Levenberg–Marquardt.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from scipy.optimize import least_squares

from pureneuron import TwoLayerNetwork
from pureneuron.typing import Array

from .methods import Predict
from .problems import Problem
from .trace import Finished, Trace

__all__ = ["fit"]


def fit(problem: Problem, trace: Trace, rng: np.random.Generator, *, algorithm: str) -> Predict:
    """Minimise from random rows of unit length on average."""
    d, k, m = problem.sizes
    X, Y = problem.X, problem.Y
    latest = np.concatenate(
        [rng.standard_normal(m * k) / np.sqrt(k), rng.standard_normal(k * d) / np.sqrt(d)]
    )

    def unpack(parameters: Array) -> tuple[Array, Array]:
        return parameters[: m * k].reshape(m, k), parameters[m * k :].reshape(k, d)

    def residual(parameters: Array) -> Array:
        nonlocal latest
        latest = parameters.copy()
        A, W = unpack(parameters)
        R = (np.maximum(X @ W.T, 0.0) @ A.T - Y).ravel()
        trace.record(float(R @ R) / R.size)
        return R

    def jacobian(parameters: Array) -> Array:
        A, W = unpack(parameters)
        Z = X @ W.T
        H, D = np.maximum(Z, 0.0), Z > 0.0
        J = np.zeros((len(X), m, (m + d) * k))
        for j in range(m):
            J[:, j, j * k : (j + 1) * k] = H
            by_W = J[:, j, m * k :].reshape(len(X), k, d)
            np.multiply((D * A[j])[:, :, None], X[:, None, :], out=by_W)
        return J.reshape(len(X) * m, -1)

    with suppress(Finished):
        least_squares(
            residual,
            latest,
            jacobian,
            method=algorithm,
            ftol=1e-14,
            xtol=1e-14,
            gtol=1e-14,
            max_nfev=10**9,
        )
    return TwoLayerNetwork(*unpack(latest)).predict
