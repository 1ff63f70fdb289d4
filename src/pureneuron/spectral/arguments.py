"""Arrays that a caller passes, checked and made into samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.problem import check_samples
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

__all__ = ["as_matrix", "as_samples"]


def as_matrix(name: str, value: ArrayLike) -> Array:
    """Return ``value`` as a float64 matrix.

    Raises
    ------
    ValueError
        If it is not numeric and real, or has not two dimensions; the message starts with ``name``.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got an array of type {array.dtype}")
    if array.ndim != 2:
        raise ValueError(
            f"{name} must be a matrix with a sample (or a vector) in each row, "
            f"got an array of shape {array.shape}"
        )
    return np.asarray(array, dtype=np.float64)


def as_samples(X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None = None) -> ArraySamples:
    """Check inputs, outputs and weights, and return those rows that count.

    Rows of weight zero are left out here, so that no later count of rows or split of them sees
    them: a weight of zero is a row repeated zero times.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs.
    Y : (n, m) array-like
        Outputs.
    sample_weight : (n,) array-like, optional
        Weights, at least zero.

    Raises
    ------
    ValueError
        If a shape does not fit, or :func:`pureneuron.problem.check_samples` refuses the values.
    """
    X, Y = as_matrix("X", X), as_matrix("Y", Y)
    if len(X) != len(Y):
        raise ValueError(f"X has {len(X)} rows and Y has {len(Y)}: one output row per input row")
    if sample_weight is None:
        samples = ArraySamples(X, Y)
        check_samples(samples)
        return samples
    weight = as_matrix("sample_weight", np.asarray(sample_weight)[..., None])[:, 0]
    if len(weight) != len(X):
        raise ValueError(f"sample_weight has {len(weight)} values for the {len(X)} rows of X")
    check_samples(ArraySamples(X, Y, weight))
    counts = weight > 0.0
    return ArraySamples(X[counts], Y[counts], weight[counts])
