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
from pureneuron.spectral.diagonalization import pencil_directions
from pureneuron.typing import Array

__all__ = ["METHODS", "Method"]

Method = Callable[[Array, Array, float, int], TwoLayerNetwork]
"""``method(X, Y, noise, seed)``: the noise is known only as far as there is any or none."""

set_backend("numpy")
# The paper's: elements of the span, and restarts of the decomposition.
_ELEMENTS, _RESTARTS = 10_000, 10
# Sweeps of a restart, and steps of the quasi-Newton descent: enough that more change little.
_SWEEPS, _STEPS = 200, 300
# Steps of the plain gradient descent: at this number the errors of W grow with κ(A) as the paper's.
_GRADIENT_STEPS = 300

_Starts = Callable[[Array, Array, np.random.Generator], list[Array]]
_Refit = Callable[[Array, Array, Array, np.random.Generator], Array]


def plain(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Run Algorithm 2, or with noise Algorithm 3, to the letter."""
    learn = learn_two_layer_noisy if noise else learn_two_layer
    with warnings.catch_warnings():
        # Complex directions are what the plain algorithm is known for.
        warnings.simplefilter("ignore", RuntimeWarning)
        return learn(X, Y, rng=seed)


def practical(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Run the paper's practical variant, what it leaves open chosen for the best.

    A restart begins at the eigenvectors of a random pair, as Algorithm 2 ends; W is refit from
    where Algorithm 1 leaves it until the loss stands still.
    """
    return _practical(X, Y, noise, seed, _eigenvectors, _settled)


def practical_random(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Run the paper's practical variant, what it leaves open chosen as is usual.

    A restart begins at Gaussian factors (from positive ones fewer arrive), the descent in W at
    Gaussian weights, and it is so many steps of gradient descent.
    """
    return _practical(X, Y, noise, seed, _gaussian, _gradient_steps)


def _practical(
    X: Array, Y: Array, noise: float, seed: int, starts: _Starts, refit: _Refit
) -> TwoLayerNetwork:
    """Decompose the span, then refit W with A fixed."""
    rng = np.random.default_rng(seed)
    k = Y.shape[1]
    null_space = unvec_star(np.linalg.svd(detector_matrix(X, Y, noisy=noise > 0.0))[2][-k:])
    elements = rng.standard_normal((_ELEMENTS, k))
    # A QR decomposition turns the stack of 10,000 into one of k with the same decomposition.
    core = np.tensordot(np.linalg.qr(elements)[1], null_space, 1)
    best, least = np.eye(k), np.inf
    for _ in range(_RESTARTS):
        weights, factors = parafac(
            core,
            rank=k,
            n_iter_max=_SWEEPS,
            init=(np.ones(k), starts(core, null_space, rng)),
            tol=1e-8,
        )
        fitted = np.einsum("r,ir,jr,kr->ijk", weights, *factors)
        misfit = float(np.sum((fitted - core) ** 2))
        if np.isfinite(misfit) and misfit < least:
            best, least = factors[1].T, misfit
    Z = best * np.where(best @ Y.mean(axis=0) < 0.0, -1.0, 1.0)[:, None]
    A = inverse(Z)[0]
    return TwoLayerNetwork(A, refit(X, Y, A, rng))


def _gaussian(core: Array, null_space: Array, rng: np.random.Generator) -> list[Array]:
    return list(rng.standard_normal((3, *core.shape[1:])))


def _eigenvectors(core: Array, null_space: Array, rng: np.random.Generator) -> list[Array]:
    first, second = np.tensordot(rng.standard_normal((2, len(null_space))), null_space, 1)
    Z = pencil_directions(first, second)[0]
    # The first factor is the one that a sweep begins by replacing.
    return [np.ones_like(Z), Z.T, Z.T]


def _settled(X: Array, Y: Array, A: Array, rng: np.random.Generator) -> Array:
    Z = inverse(A)[0]
    W = np.stack([learn_single_neuron(X, Y @ z) for z in Z])

    def loss_and_gradient(flat: Array) -> tuple[float, Array]:
        loss, gradient = _loss_and_gradient(X, Y, A, flat.reshape(W.shape))
        return loss, gradient.ravel()

    found = minimize(
        loss_and_gradient, W.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
    )
    return np.asarray(found.x.reshape(W.shape))


def _gradient_steps(X: Array, Y: Array, A: Array, rng: np.random.Generator) -> Array:
    n, d = X.shape
    # The largest curvature: above twice its inverse, steps diverge.
    largest = np.linalg.norm(A, 2) ** 2 * np.linalg.norm(X, 2) ** 2 / n
    W = rng.standard_normal((A.shape[1], d)) / np.sqrt(d)
    for _ in range(_GRADIENT_STEPS):
        W = W - Y.shape[1] / (2.0 * largest) * _loss_and_gradient(X, Y, A, W)[1]
    return W


def _loss_and_gradient(X: Array, Y: Array, A: Array, W: Array) -> tuple[float, Array]:
    Z = X @ W.T
    on = Z > 0.0
    E = (Z * on) @ A.T - Y
    return float(np.mean(E**2)), 2.0 / E.size * ((E @ A) * on).T @ X


def moments(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Return the moment estimate of this library, as it is."""
    return recover(ArraySamples(X, Y), Y.shape[1], refine=False, rng=seed).network


def pipeline(X: Array, Y: Array, noise: float, seed: int) -> TwoLayerNetwork:
    """Fit with every default of this library."""
    return recover(ArraySamples(X, Y), Y.shape[1], rng=seed).network


METHODS: dict[str, Method] = {
    "plain": plain,
    "practical": practical,
    "practical, random starts": practical_random,
    "moments": moments,
    "pipeline": pipeline,
}
