"""Random networks to learn from."""

from __future__ import annotations

import numpy as np

from pureneuron.model import TwoLayerNetwork, unit_rows
from pureneuron.typing import Array

__all__ = ["make_teacher"]


def make_teacher(
    n_inputs: int,
    n_neurons: int,
    n_outputs: int,
    *,
    condition_A: float = 1.0,
    condition_W: float = 1.0,
    rng: np.random.Generator | int | None = None,
) -> TwoLayerNetwork:
    """Draw a network ``y = A σ(W x)`` of given size and conditioning.

    A and W have random orthonormal singular vectors and the singular values ``κ^(-i/(k-1))``,
    i = 0 … k-1: evenly spaced on a logarithmic scale from 1 down to 1/κ, as in the experiments of
    the paper. With κ = 1 the columns of A and the rows of W are orthonormal.

    More neurons than inputs cannot have orthonormal rows of W: with k > d its rows are independent
    uniform directions (Gaussian rows scaled to unit length). Likewise with k > m for the columns of
    A. A condition number cannot be asked for then.

    Parameters
    ----------
    n_inputs, n_neurons, n_outputs : int
        Sizes d, k and m.
    condition_A, condition_W : float
        Condition numbers κ of A (m, k) and W (k, d), at least 1.
    rng : Generator or int, optional
        Source of randomness, or its seed.

    Returns
    -------
    TwoLayerNetwork
        The network, without biases.

    Raises
    ------
    ValueError
        If a size is below 1, a condition number is below 1 or infinite, or one other than 1 is
        asked for where k > m (A) or k > d (W).
    """
    sizes = {"n_inputs": n_inputs, "n_neurons": n_neurons, "n_outputs": n_outputs}
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")
    rng = np.random.default_rng(rng)
    A = _conditioned_rows("condition_A", condition_A, n_neurons, "n_outputs", n_outputs, rng).T
    W = _conditioned_rows("condition_W", condition_W, n_neurons, "n_inputs", n_inputs, rng)
    return TwoLayerNetwork(A, W)


def _conditioned_rows(
    argument: str, condition: float, k: int, width_name: str, width: int, rng: np.random.Generator
) -> Array:
    """Draw the (k, width) matrix whose rows belong to the neurons."""
    if not (np.isfinite(condition) and condition >= 1.0):
        raise ValueError(f"{argument} must be a finite number, at least 1, got {condition}")
    if k > width:
        if condition != 1.0:
            raise ValueError(
                f"{argument}={condition:g} needs n_neurons <= {width_name}, "
                f"got {k} neurons and {width_name}={width}: leave {argument} at 1"
            )
        return unit_rows(rng.standard_normal((k, width)))
    singular_values = np.geomspace(1.0, 1.0 / condition, k)
    return (_orthonormal(k, k, rng) * singular_values) @ _orthonormal(width, k, rng).T


def _orthonormal(n_rows: int, n_columns: int, rng: np.random.Generator) -> Array:
    """Draw orthonormal columns, uniformly: QR of a Gaussian matrix, with the signs of R made +."""
    Q, R = np.linalg.qr(rng.standard_normal((n_rows, n_columns)))
    return np.asarray(Q * np.where(np.diag(R) < 0.0, -1.0, 1.0))
