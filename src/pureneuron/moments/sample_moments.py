"""Sample moments as a record that adds up: of parts of the data, wherever and whenever gathered.

The record holds sums, not averages, so that records of different rows add. The sums are held for
groups of rows: what the moment method needs beyond averages, the noise of ``B`` and the error of
the estimate, is the spread between groups.

Numerics. A product of four factors that are far from zero against their spread loses four times
the digits of one. So sums are held about a *reference*: zero, or what is near the mean, for columns
that lie further than a few spreads from zero. Records of other references are brought to that of
the first when they are added (:mod:`~pureneuron.moments.homogeneous`). Scales need no such care:
each product is summed by itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from pureneuron.moments.homogeneous import affine, mapped, second_products
from pureneuron.problem import SecondMoments
from pureneuron.typing import Array

__all__ = ["SampleMoments", "about"]


@dataclass(frozen=True, eq=False)
class SampleMoments:
    """Sums over rows, from which the moment method works without the rows.

    ``a + b`` are the moments of the rows of both, to rounding, in whatever order records are added.

    Attributes
    ----------
    input_names, output_names : tuple of str
        The columns, d and m of them.
    n_rows : int
        Number of rows.
    squares : float
        Sum of the squares of the weights.
    reference : (d + m,) array
        What is subtracted from inputs and outputs before they are multiplied.
    sums : (g, D, N) array
        For each group of rows, weighted sums of ``φ(1, x) φ(1, x, y)ᵀ``, ``φ(z) = vec*(zzᵀ)``.
    parts : tuple of str
        Digests of the records that were added up, in order; empty where nobody keeps count.
    """

    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    n_rows: int
    squares: float
    reference: Array
    sums: Array
    parts: tuple[str, ...] = ()

    @property
    def n_inputs(self) -> int:
        """Number of inputs d."""
        return len(self.input_names)

    @property
    def n_outputs(self) -> int:
        """Number of outputs m."""
        return len(self.output_names)

    @property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.sums[:, 0, 0].sum())

    def __add__(self, other: SampleMoments) -> SampleMoments:
        """Return the moments of the rows of both.

        Raises
        ------
        ValueError
            If they are of other columns, or a part is in both, so that its rows would count twice.
        """
        if not isinstance(other, SampleMoments):
            return NotImplemented
        for what in ("input_names", "output_names"):
            mine, others = getattr(self, what), getattr(other, what)
            if mine != others:
                raise ValueError(
                    f"moments of other columns do not add up: the {what.replace('_', ' ')} are "
                    f"{_shown(mine)} here and {_shown(others)} there"
                )
        both = set(self.parts) & set(other.parts)
        if both:
            raise ValueError(
                f"the same rows would count twice: both hold the part {min(both)[:12]}, among "
                f"{len(self.parts)} and {len(other.parts)}"
            )
        return SampleMoments(
            self.input_names,
            self.output_names,
            self.n_rows + other.n_rows,
            self.squares + other.squares,
            self.reference,
            self.sums + about(other.sums, other.reference, self.reference, self.n_inputs),
            tuple(sorted((*self.parts, *other.parts))) if self.parts and other.parts else (),
        )

    def digest(self) -> str:
        """Return a fingerprint of the sums and of the columns that they are of."""
        digest = hashlib.sha256()
        for text in (*self.input_names, "", *self.output_names, str(self.n_rows)):
            digest.update(text.encode() + b"\0")
        for array in (np.array(self.squares), self.reference, self.sums):
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()

    def in_coordinates(self, M: Array, N: Array) -> Array:
        """Return the sums of products of ``M x`` and ``N y``, for M (p, d) and N (q, m).

        One map takes the reference off and brings them there: no sum passes through coordinates
        in which it is large.
        """
        d = self.n_inputs
        both = np.zeros((len(M) + len(N), d + self.n_outputs))
        both[: len(M), :d], both[len(M) :, d:] = M, N
        T = affine(both, self.reference)
        return mapped(self.sums, T[: len(M) + 1, : d + 1], T)

    def second_sums(self) -> Array:
        """Return, for each group, the sums of products of two of (1, x, y), from zero."""
        T = affine(np.eye(len(self.reference)), self.reference)
        return np.asarray(T @ second_products(self.sums) @ T.T)

    def second_moments(self) -> SecondMoments:
        """Return the second moments of the rows, from zero."""
        d, M = self.n_inputs, self.second_sums().sum(axis=0) / self.total
        x, y = slice(1, d + 1), slice(d + 1, None)
        return SecondMoments(
            n_rows=self.n_rows,
            total=self.total,
            n_effective=self.total**2 / self.squares,
            xx=M[x, x],
            yx=M[y, x],
            yy=M[y, y],
            x=M[x, 0],
            y=M[y, 0],
        )

    def variances(self) -> tuple[Array, Array]:
        """Return the variances of inputs (d,) and outputs (m,), and lose no digits to an offset."""
        M = second_products(self.sums).sum(axis=0) / self.total
        variances = np.maximum(np.diag(M)[1:] - M[0, 1:] ** 2, 0.0)
        return variances[: self.n_inputs], variances[self.n_inputs :]


def about(sums: Array, reference: Array, other: Array, n_inputs: int) -> Array:
    """Return sums about ``reference`` as sums about ``other``."""
    if np.array_equal(reference, other):
        return sums
    T = affine(np.eye(len(reference)), reference - other)
    return mapped(sums, T[: n_inputs + 1, : n_inputs + 1], T)


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f", … ({len(names)})" if len(names) > 6 else "")
