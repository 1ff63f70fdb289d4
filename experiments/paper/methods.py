"""The methods that the figures compare."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from tensorly import set_backend
from tensorly.decomposition import parafac

from pureneuron import TwoLayerNetwork, recover
from pureneuron.linalg import inverse
from pureneuron.samples import ArraySamples
from pureneuron.spectral import (
    detector_matrix,
    learn_single_neuron,
    learn_two_layer,
    learn_two_layer_noisy,
    unvec_star,
)
from pureneuron.typing import Array

__all__ = ["METHODS", "Method"]

Method = Callable[[Array, Array, float, int], TwoLayerNetwork]
"""``method(X, Y, noise, seed)``: the noise is known only as far as there is any or none."""

set_backend("numpy")
# The paper's: elements of the span, restarts of the decomposition. Where these start, their sweeps
# and the steps of the gradient descent are not stated: Gaussian factors (from the positive ones
# that are usual elsewhere, hardly any restart arrives), and enough that more change little.
_ELEMENTS, _RESTARTS, _SWEEPS, _STEPS = 10_000, 10, 200, 300


def plain(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Run Algorithm 2, or with noise Algorithm 3, to the letter."""
    learn = learn_two_layer_noisy if noise else learn_two_layer
    with warnings.catch_warnings():
        # Complex directions are what the plain algorithm is known for.
        warnings.simplefilter("ignore", RuntimeWarning)
        return learn(X, Y, rng=seed)


def practical(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Decompose the span, then refit W with A fixed: the paper's practical variant."""
    rng = np.random.default_rng(seed)
    k = Y.shape[1]
    null_space = np.linalg.svd(detector_matrix(X, Y, noisy=noise > 0.0))[2][-k:]
    elements = rng.standard_normal((_ELEMENTS, k))
    # A QR decomposition turns the stack of 10,000 into one of k with the same decomposition.
    core = np.tensordot(np.linalg.qr(elements)[1], unvec_star(null_space), 1)
    best, least = np.eye(k), np.inf
    for _ in range(_RESTARTS):
        weights, factors = parafac(
            core,
            rank=k,
            n_iter_max=_SWEEPS,
            init=(np.ones(k), list(rng.standard_normal((3, k, k)))),
            tol=1e-8,
        )
        fitted = np.einsum("r,ir,jr,kr->ijk", weights, *factors)
        misfit = float(np.sum((fitted - core) ** 2))
        if np.isfinite(misfit) and misfit < least:
            best, least = factors[1].T, misfit
    Z = best * np.where(best @ Y.mean(axis=0) < 0.0, -1.0, 1.0)[:, None]
    W = np.stack([learn_single_neuron(X, Y @ z) for z in Z])
    A = inverse(Z)[0]
    return TwoLayerNetwork(A, _refit(X, Y, A, W))


def _refit(X: Array, Y: Array, A: Array, W: Array) -> Array:
    """Descend in W alone, where Algorithm 1 left it."""

    def loss_and_gradient(flat: Array) -> tuple[float, Array]:
        W = flat.reshape(-1, X.shape[1])
        Z = X @ W.T
        on = Z > 0.0
        E = (Z * on) @ A.T - Y
        return float(np.mean(E**2)), (2.0 / E.size * ((E @ A) * on).T @ X).ravel()

    found = minimize(
        loss_and_gradient, W.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
    )
    return np.asarray(found.x.reshape(W.shape))


def moments(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Return the moment estimate of this library, as it is."""
    return recover(ArraySamples(X, Y), Y.shape[1], refine=False, rng=seed).network


def pipeline(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Fit with every default of this library."""
    return recover(ArraySamples(X, Y), Y.shape[1], rng=seed).network


METHODS: dict[str, Method] = {
    "plain": plain,
    "practical": practical,
    "moments": moments,
    "pipeline": pipeline,
}
