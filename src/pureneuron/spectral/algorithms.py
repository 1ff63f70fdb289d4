"""Algorithms 1 to 4 of the paper, by number and to the letter.

They serve to read the paper, to repeat its experiments, and as the baseline of comparisons;
:func:`pureneuron.recover` runs the robust form of the same steps, which on a finite sample is far
better (:mod:`pureneuron.spectral.estimate`).

Each takes arrays and returns weights as the paper does: rows of W not of unit length, columns of A
to match (:meth:`~pureneuron.TwoLayerNetwork.normalized` brings them to normal form). All are exact
where the moments are (Theorems 4, 5 and 6): for a finite symmetric law, pass its support as rows
and its probabilities as ``sample_weight``.

=====================================  ===================  ====================================
function                               asks for             the data it uses
=====================================  ===================  ====================================
:func:`learn_single_neuron` (1)        one neuron           all
:func:`learn_two_layer` (2)            m = k ≤ d, no noise  all, for every step
:func:`learn_two_layer_noisy` (3)      m = k ≤ d            halves: for T, for W
:func:`learn_two_layer_nonsquare` (4)  k ≤ min(d, m)        a half for P, quarters for T and for W
=====================================  ===================  ====================================
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.linalg import inverse, svd
from pureneuron.model import TwoLayerNetwork
from pureneuron.problem import SecondMoments, second_moments, whitening
from pureneuron.samples import ArraySamples, Batch, Samples
from pureneuron.samples.mirror import split_halves
from pureneuron.spectral.arguments import as_samples
from pureneuron.spectral.detector import detector_matrix_of
from pureneuron.spectral.diagonalization import pencil_directions
from pureneuron.spectral.linear import linear_map
from pureneuron.spectral.symmetric import unvec_star
from pureneuron.typing import AnyArray, Array

__all__ = [
    "THRESHOLDS",
    "Thresholds",
    "learn_single_neuron",
    "learn_two_layer",
    "learn_two_layer_noisy",
    "learn_two_layer_nonsquare",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide whether Algorithms 2 to 4 apply.

    Attributes
    ----------
    least_value : float
        Singular value of ``E[yxᵀ]``, x white and outputs of unit power, up to which it is a
        rounding error of the sums (rounding).
    """

    least_value: float = 1e-10


THRESHOLDS = Thresholds()


def learn_single_neuron(
    X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> Array:
    """Algorithm 1: the weights of a single neuron ``y = σ(w·x)``, ``w = 2 E[xxᵀ]⁻¹ E[yx]``.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs, of a symmetric law.
    y : (n,) array-like
        Outputs; noise of mean zero that is independent of x does no harm.
    sample_weight : (n,) array-like, optional
        Weights of the rows.

    Returns
    -------
    (d,) array
        w; the shortest one if the inputs do not span R^d.

    Raises
    ------
    ValueError
        If the arguments do not fit together, are not finite, or have fewer than d rows.
    """
    y = np.asarray(y)
    if y.ndim != 1:
        raise ValueError(f"y must be a vector, one number a sample, got shape {y.shape}")
    samples = as_samples(X, y[:, None], sample_weight)
    return np.asarray(linear_map(_moments(samples, 1))[0])


def learn_two_layer(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    rng: np.random.Generator | int | None = None,
) -> TwoLayerNetwork:
    """Algorithm 2: a network with as many outputs as neurons, from samples without noise.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs, of a symmetric law.
    Y : (n, m) array-like
        Outputs ``A σ(W x)``, ``m = k ≤ d``.
    sample_weight : (n,) array-like, optional
        Weights of the rows.
    rng : Generator or int, optional
        Draws the two combinations of the null space, or its seed.

    Returns
    -------
    TwoLayerNetwork
        ``W = V``, ``A = Z⁻¹``.

    Raises
    ------
    ValueError
        If the arguments do not fit together or are not finite, if m > d, if ``E[yxᵀ]`` has a rank
        below m (fewer neurons than outputs: :func:`learn_two_layer_nonsquare`), or if there are
        fewer rows than d + k − 1.

    Warns
    -----
    RuntimeWarning
        If eigenvectors are complex, as happens where the null space of T is badly estimated. Such a
        pair stands for two neurons that could not be told apart: an orthonormal basis of the plane
        of its real and imaginary part takes its place, the network is returned, and two of its
        neurons are wrong.
    """
    samples = _square_samples(X, Y, sample_weight)
    return _find_and_read_off(samples, noisy=False, split=False, rng=np.random.default_rng(rng))


def learn_two_layer_noisy(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    split: bool = True,
    sample_weight: ArrayLike | None = None,
    rng: np.random.Generator | int | None = None,
) -> TwoLayerNetwork:
    """Algorithm 3: as Algorithm 2 (:func:`learn_two_layer`), from noisy samples.

    Parameters
    ----------
    X, Y, sample_weight, rng
        As in :func:`learn_two_layer`; Y may hold noise of mean zero that is independent of x, and
        ``rng`` draws the split too.
    split : bool
        Find the directions on one random half of the samples and read off signs and weights on the
        other, as the proof of Theorem 7 needs it (a row and its mirror image stay together). False
        uses all samples for both.

    Returns
    -------
    TwoLayerNetwork
        ``W = V``, ``A = Z⁻¹``.

    Raises
    ------
    ValueError
        As :func:`learn_two_layer`, the rows being counted in each part. (With noise, ``E[yxᵀ]``
        looks like one of full rank: that there are fewer neurons than outputs goes unseen.)

    Warns
    -----
    RuntimeWarning
        As :func:`learn_two_layer`.
    """
    samples = _square_samples(X, Y, sample_weight)
    return _find_and_read_off(samples, noisy=True, split=split, rng=np.random.default_rng(rng))


def learn_two_layer_nonsquare(
    X: ArrayLike,
    Y: ArrayLike,
    n_neurons: int,
    *,
    split: bool = True,
    sample_weight: ArrayLike | None = None,
    rng: np.random.Generator | int | None = None,
) -> TwoLayerNetwork:
    """Algorithm 4: a network with at least as many outputs as neurons, from noisy samples.

    Parameters
    ----------
    X, Y, sample_weight, rng
        As in :func:`learn_two_layer_noisy`, but for ``k ≤ min(d, m)``.
    n_neurons : int
        k.
    split : bool
        Find the column space of A on one random half of the samples and run Algorithm 3, which
        splits again, on the other. False uses all samples for every step.

    Returns
    -------
    TwoLayerNetwork
        ``W = V``, ``A = P Z⁻¹``, P the top k left singular vectors of ``E[yxᵀ]``.

    Raises
    ------
    ValueError
        If ``n_neurons`` is not an integer from 1 to ``min(d, m)``; else as
        :func:`learn_two_layer_noisy`.

    Warns
    -----
    RuntimeWarning
        As :func:`learn_two_layer`.
    """
    samples = as_samples(X, Y, sample_weight)
    k = _neuron_count(n_neurons, samples)
    rng = np.random.default_rng(rng)
    first, second = _parts(samples, split, rng)
    moments = second_moments(first)
    _require_rank(moments, k)
    P = svd(moments.yx, full_matrices=False)[0][:, :k]
    projected = second.derive(_projected, P)
    network = _find_and_read_off(projected, noisy=True, split=split, rng=rng)
    return TwoLayerNetwork(A=P @ network.A, W=network.W)


def _find_and_read_off(
    samples: Samples, *, noisy: bool, split: bool, rng: np.random.Generator
) -> TwoLayerNetwork:
    """Algorithm 3; without noise and without a split, Algorithm 2."""
    first, second = _parts(samples, split, rng)
    Z = _pure_directions(first, noisy=noisy, rng=rng)
    return _read_off(second, Z)


def _pure_directions(samples: Samples, *, noisy: bool, rng: np.random.Generator) -> Array:
    """Find the rows z_i of A⁻¹, up to length and sign: null space of T, then one pencil."""
    k = samples.n_outputs
    T = detector_matrix_of(samples, _moments(samples, k), noisy=noisy)
    null_space = svd(T, full_matrices=False)[2][-k:]
    first, second = unvec_star(rng.standard_normal((2, k)) @ null_space)
    directions, n_complex = pencil_directions(first, second)
    if n_complex:
        warnings.warn(
            f"{n_complex} of {k} directions are complex: those neurons could not be told apart, "
            "and their weights are wrong. More samples may help; pureneuron.recover, which uses "
            "the whole null space, most likely will",
            RuntimeWarning,
            stacklevel=4,
        )
    return directions


def _read_off(samples: Samples, Z: Array) -> TwoLayerNetwork:
    """Fix the signs of ``Z`` by ``E[z_iᵀy] ≥ 0``; Algorithm 1 on each ``z_iᵀy`` gives W."""
    moments = _moments(samples, len(Z))
    Z = Z * np.where(Z @ moments.y < 0.0, -1.0, 1.0)[:, None]
    # Z may be singular in rare cases; the pseudo-inverse has an answer for those too.
    return TwoLayerNetwork(A=inverse(Z)[0], W=Z @ linear_map(moments))


def _parts(samples: Samples, split: bool, rng: np.random.Generator) -> tuple[Samples, Samples]:
    return split_halves(samples, rng) if split else (samples, samples)


def _projected(batch: Batch, P: AnyArray) -> Batch:
    return replace(batch, Y=batch.Y @ P)


def _neuron_count(n_neurons: int, samples: Samples) -> int:
    most = min(samples.n_inputs, samples.n_outputs)
    is_integer = isinstance(n_neurons, int | np.integer) and not isinstance(n_neurons, bool)
    if not is_integer or not 1 <= n_neurons <= most:
        raise ValueError(
            f"n_neurons must be an integer from 1 to min(d, m) = {most}, got {n_neurons!r}: "
            "the moments of X and Y cannot identify more neurons than there are inputs or outputs"
        )
    return int(n_neurons)


def _square_samples(X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None) -> ArraySamples:
    """Return samples of a network with as many outputs as neurons, or say why they are none."""
    samples = as_samples(X, Y, sample_weight)
    d, m = samples.n_inputs, samples.n_outputs
    if m > d:
        raise ValueError(
            f"Y has {m} columns and X has {d}: Algorithms 2 and 3 take one neuron per output, "
            "at most d of them. For fewer neurons than outputs there is Algorithm 4, "
            "learn_two_layer_nonsquare(X, Y, n_neurons)"
        )
    _require_rank(second_moments(samples), m)
    return samples


def _moments(samples: Samples, k: int) -> SecondMoments:
    """Gather second moments; refuse rows that are fewer than the unknowns of a neuron."""
    moments, least = second_moments(samples), samples.n_inputs + k - 1
    if moments.n_rows < least:
        raise ValueError(
            f"X has too few rows: a step of the algorithm sees {moments.n_rows} (of weight above "
            f"zero), fewer than the unknowns of a neuron, d + k - 1 = {least}. Give more samples; "
            "with split=True a step sees a half of them, in Algorithm 4 a quarter"
        )
    return moments


def _require_rank(moments: SecondMoments, k: int) -> None:
    power = np.sqrt(np.diag(moments.yy))
    yx = moments.yx / np.where(power > 0.0, power, 1.0)[:, None] @ whitening(moments.xx).transform
    values = svd(yx, full_matrices=False)[1]
    rank = int(np.sum(values > THRESHOLDS.least_value))
    if rank < k:
        raise ValueError(
            f"E[yxᵀ] has rank {rank}, below k = {k}: X and Y show fewer independent neurons than "
            f"that. Look for at most {rank} with Algorithm 4, "
            "learn_two_layer_nonsquare(X, Y, n_neurons)"
        )
