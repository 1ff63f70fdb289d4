"""The pure neuron detector: a function of u that vanishes where ``uᵀy`` is a single neuron.

If ``uᵀy`` is one neuron ``σ(w·x)``, its even moments follow from its odd ones (Lemma 3); if it
mixes several, they do not. The difference of the two sides, tested against every product of two
inputs, is the detector f. It is quadratic in u, so it is a matrix T applied to ``vec*(uuᵀ)``, and
the search for pure neurons becomes the search for a null space (Lemma 4).

With ``B = 2 E[yxᵀ] E[xxᵀ]⁻¹`` the detector of Corollary 1 is one average,

    ``f(u) = E[((uᵀBx)(uᵀy) − (uᵀy)²) x⊗x]``,

which independent noise ξ shifts by ``−(uᵀ Σ_ξ u) E[x⊗x]``. Lemma 9 takes the shift off by centring
the test functions: ``x⊗x − E[x⊗x]`` in place of ``x⊗x``. Both are here as the paper has them; the
estimate that makes the most of a finite sample is in :mod:`pureneuron.spectral.estimate`.

Data are touched twice: once for B, once for the average. A batch of n rows needs memory for
``n (d + K)`` numbers, never for the ``n d² K`` products that are averaged.
"""

from __future__ import annotations

import array_api_compat
import numpy as np
from numpy.typing import ArrayLike

from pureneuron.problem import SecondMoments, second_moments
from pureneuron.samples import Batch, Samples, Sum
from pureneuron.spectral.arguments import as_matrix, as_samples
from pureneuron.spectral.linear import linear_map
from pureneuron.spectral.symmetric import symmetric_products
from pureneuron.typing import AnyArray, Array

__all__ = [
    "detector_matrix",
    "detector_matrix_of",
    "product_sums",
    "pure_neuron_detector",
]


def pure_neuron_detector(
    X: ArrayLike,
    Y: ArrayLike,
    U: ArrayLike,
    *,
    noisy: bool = True,
    sample_weight: ArrayLike | None = None,
) -> Array:
    """Evaluate the pure neuron detector f at one or several u.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs.
    Y : (n, m) array-like
        Outputs.
    U : (m,) or (p, m) array-like
        The vector u, or one in each row. f is quadratic: ``f(cu) = c² f(u)``.
    noisy : bool
        True for f of Lemma 9, which independent noise on y does not shift; False for f of
        Corollary 1, which holds without noise.
    sample_weight : (n,) array-like, optional
        Weights of the rows; with the probabilities of a finite law the moments are exact.

    Returns
    -------
    (d²,) or (p, d²) array
        ``f(u)``, the entries of a symmetric d × d matrix.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, or holds values that are not finite real numbers.

    See Also
    --------
    detector_matrix : f as a matrix.

    Notes
    -----
    For an exact law and independent neurons, with A the output weights,

        ``f(u) = Σ_{i<j} (Aᵀu)_i (Aᵀu)_j N_ij``,

    the ``N_ij`` being the columns of :func:`~pureneuron.spectral.distinguishing_matrix`; with
    ``noisy`` they are centred. If these are linearly independent, f vanishes only where ``Aᵀu``
    has one entry that is not zero: at the rows of A⁻¹, and their multiples.
    """
    vectors = np.asarray(U)
    rows = as_matrix("U", vectors[None, :] if vectors.ndim == 1 else vectors)
    samples = as_samples(X, Y, sample_weight)
    if rows.shape[1] != samples.n_outputs:
        raise ValueError(
            f"U holds vectors of length {rows.shape[1]}; Y has {samples.n_outputs} columns, "
            "and u needs an entry for each"
        )
    if not np.isfinite(rows).all():
        raise ValueError("U holds a value that is not finite")
    linear = linear_map(second_moments(samples))
    values = _average(samples.reduce(_detector_sums, linear, rows), centred=noisy)
    return values[0] if vectors.ndim == 1 else values


def detector_matrix(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    noisy: bool = True,
    sample_weight: ArrayLike | None = None,
) -> Array:
    """Return the matrix T of the detector, ``f(u) = T vec*(uuᵀ)`` (Lemmas 4 and 10).

    Parameters
    ----------
    X : (n, d) array-like
        Inputs.
    Y : (n, m) array-like
        Outputs.
    noisy : bool
        True for f of Lemma 9, False for f of Corollary 1.
    sample_weight : (n,) array-like, optional
        Weights of the rows.

    Returns
    -------
    (d², m(m+1)/2) array
        T, for ``vec*`` as in :func:`~pureneuron.spectral.vec_star`: entries off the diagonal are
        scaled by √2. (In the paper's unscaled coordinates a column i < j of T is √2 times this
        one.)

    Raises
    ------
    ValueError
        As :func:`pure_neuron_detector`.

    Notes
    -----
    With exact moments, ``m = k`` and a distinguishing matrix of full rank (the augmented one if
    ``noisy``), the null space of T is exactly the span of ``vec*(z_i z_iᵀ)``, z_i the rows of A⁻¹:
    of dimension k.

    How well it is separated: with α the least singular value of the (augmented) distinguishing
    matrix and β that of A, the least singular value of T that is not zero is, in the paper's
    coordinates, at least ``αβ²/√2``, and the error of the projector on the null space of an
    estimate T̂ at most ``2 ‖T̂ − T‖_F / (αβ²)``. Lemmas 14 and 11 state ``αβ²`` and
    ``√2 ‖T̂ − T‖ / (αβ²)``; both are off by √2, as x uniform on {±1}², ``W = I`` and
    ``A = [[1, −1], [1, 1]]/√2`` show.
    """
    samples = as_samples(X, Y, sample_weight)
    return detector_matrix_of(samples, second_moments(samples), noisy=noisy)


def detector_matrix_of(samples: Samples, moments: SecondMoments, *, noisy: bool) -> Array:
    """Return T as :func:`detector_matrix` does, for samples of any source and their moments."""
    return _average(samples.reduce(_matrix_sums, linear_map(moments)), centred=noisy).T


def product_sums(batch: Batch, M: AnyArray) -> dict[str, Sum]:
    """Sum, over the rows of a batch, the columns of ``M`` (n, p) times the test functions ``x⊗x``.

    Returns
    -------
    dict
        ``"total"`` (), ``"xx"`` (d, d), ``"M"`` (p,) and ``"M xx"`` (p, d, d), all weighted.
    """
    xp = array_api_compat.array_namespace(batch.X)
    X, weight = batch.X, batch.weight
    if weight is None:
        weight = xp.ones(X.shape[0], dtype=X.dtype, device=array_api_compat.device(X))
    M = M * weight[:, None]
    # One column at a time: n × d numbers at once, and a matrix product each.
    columns = [(X.T @ (M[:, c : c + 1] * X))[None, :, :] for c in range(M.shape[1])]
    xx = X.T @ (weight[:, None] * X)
    return {
        "total": Sum(xp.sum(weight)),
        "xx": Sum(xx),
        "M": Sum(xp.sum(M, axis=0)),
        "M xx": Sum(xp.concat([xx[None, :, :][:0], *columns])),
    }


def _detector_sums(batch: Batch, linear: AnyArray, U: AnyArray) -> dict[str, Sum]:
    s = batch.Y @ U.T
    return product_sums(batch, (batch.X @ (U @ linear).T) * s - s * s)


def _matrix_sums(batch: Batch, linear: AnyArray) -> dict[str, Sum]:
    # (uᵀBx)(uᵀy) is the inner product of uuᵀ with the symmetric part of Bx·yᵀ.
    products = symmetric_products(batch.X @ linear.T, batch.Y)
    return product_sums(batch, products - symmetric_products(batch.Y, batch.Y))


def _average(sums: dict[str, Array], *, centred: bool) -> Array:
    """Return ``E[M x⊗x]``, or with ``centred`` ``E[M (x⊗x − E[x⊗x])]``, a (p, d²) array."""
    mean = sums["M xx"] / sums["total"]
    if centred:
        mean = mean - (sums["M"] / sums["total"])[:, None, None] * (sums["xx"] / sums["total"])
    return np.asarray(mean.reshape(len(mean), -1))
