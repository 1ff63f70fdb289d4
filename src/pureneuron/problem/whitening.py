"""Coordinates in which the inputs are white.

Identification happens in coordinates ``x̃ = Tᵀx`` with ``E[x̃x̃ᵀ] = I``, on the span of the inputs:
there every direction counts alike, however the units of the inputs were chosen, and directions
that the inputs never take do not appear at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.typing import Array

__all__ = ["Whitening", "whitening", "whitening_within"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    rank_tolerance : float
        Second moments summed in float64 carry relative errors of about this size, times the number
        of inputs; what is smaller is indistinguishable from zero (rounding).
    digits : int
        Decimal digits of the axes that sums settle however they are rounded (make bench-scale).
    """

    rank_tolerance: float = 4.0 * float(np.finfo(np.float64).eps)
    digits: int = 6


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Whitening:
    """The map between inputs and white coordinates.

    Attributes
    ----------
    transform : (d, r) array
        ``T``: ``x̃ = Tᵀx`` has ``E[x̃x̃ᵀ] = I``.
    span : (d, r) array
        Orthonormal basis of the span of the inputs.
    condition : float
        Condition number of ``E[xxᵀ]`` on the span.
    """

    transform: Array
    span: Array
    condition: float
    _inverse: Array

    @property
    def rank(self) -> int:
        """Dimension r of the span of the inputs."""
        return int(self.span.shape[1])

    @property
    def full(self) -> bool:
        """Whether the inputs span all of R^d."""
        return self.rank == len(self.span)

    def to_white(self, W: Array) -> Array:
        """Map rows of W to white coordinates: ``w̃·x̃ = w·x`` on the span."""
        return np.asarray(W @ self._inverse)

    def from_white(self, W: Array) -> Array:
        """Map back to the minimum-norm rows of W."""
        return np.asarray(W @ self.transform.T)


def whitening(xx: Array) -> Whitening:
    """Derive white coordinates from the second moments ``E[xxᵀ]`` of the inputs."""
    scale = np.sqrt(np.diag(xx))
    scale = np.where(scale > 0.0, scale, 1.0)
    # Scale before factoring: inputs in other units must not look like missing directions.
    values, vectors = np.linalg.eigh(xx / np.outer(scale, scale))
    kept = values > len(xx) * THRESHOLDS.rank_tolerance * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    inverse = scale[:, None] * vectors * np.sqrt(values)
    transform = vectors / np.sqrt(values) / scale[:, None]
    if len(values) == len(xx):
        # Eigenvectors of close eigenvalues hang on how sums are rounded, and so would the search:
        # it would be another one for the same rows in other batches. The symmetric root does not,
        # nor do the first digits of the axes that it is turned to.
        turn = vectors.T @ _to_some_digits(vectors)
        inverse, transform = inverse @ turn, transform @ turn
        span = np.eye(len(xx))
    else:
        span = np.linalg.qr(scale[:, None] * vectors)[0] if len(values) else vectors
        transform = span @ (span.T @ transform)
    return Whitening(
        transform=transform,
        span=span,
        condition=_condition(span.T @ xx @ span),
        _inverse=inverse,
    )


def whitening_within(xx: Array, basis: Array) -> Whitening:
    """Derive white coordinates of the part of the inputs that lies in a subspace.

    Parameters
    ----------
    xx : (d, d) array
        Second moments.
    basis : (d, p) array
        Orthonormal basis of the subspace.
    """
    inner = whitening(basis.T @ xx @ basis)
    return Whitening(
        transform=basis @ inner.transform,
        span=basis @ inner.span,
        condition=inner.condition,
        _inverse=basis @ inner._inverse,
    )


def _to_some_digits(vectors: Array) -> Array:
    """Return the orthonormal basis next to another one, of its first digits alone."""
    Q, R = np.linalg.qr(np.round(vectors, THRESHOLDS.digits))
    return np.asarray(Q * np.sign(np.diag(R)))


def _condition(xx: Array) -> float:
    try:
        values = np.linalg.eigvalsh(xx) if len(xx) else np.zeros(1)
    except np.linalg.LinAlgError:
        # Inputs in units so different that the matrix is out of the range of the algorithm.
        return np.inf
    return float(values[-1] / values[0]) if values[0] > 0.0 else np.inf
