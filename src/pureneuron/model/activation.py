"""Activations: what the engine has to know of σ.

The engine works with activations that are positively homogeneous, ``σ(ct) = c σ(t)`` for c > 0:
linear on either side of zero. A positive factor then moves freely between a row of W and the column
of A that belongs to it, and a row that is scaled by the root of its weight needs no further care.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import array_api_compat
import numpy as np

from pureneuron.typing import AnyArray, Array

__all__ = ["Activation", "GaussianKernels", "LeakyReLU"]


@dataclass(frozen=True, eq=False)
class GaussianKernels:
    """Expectations over two standard normal pre-activations t and u of a given correlation.

    Attributes
    ----------
    values : (k, k) array
        ``E[σ(t) σ(u)]``.
    slopes : (k, k) array
        ``E[σ'(t) σ'(u)]``.
    kinks : (k, k) array
        ``E[σ''(t) σ''(u)]``; zero on the diagonal, where it would be infinite.
    mean : float
        ``E[σ(t)]``.
    """

    values: Array
    slopes: Array
    kinks: Array
    mean: float


class Activation(Protocol):
    """A positively homogeneous, piecewise-linear activation."""

    @property
    def negative_slope(self) -> float:
        """Slope on the negative side; that on the positive side is 1."""
        ...

    def slopes(self, Z: AnyArray) -> AnyArray:
        """Return the slopes D at pre-activations ``Z``, an array of its shape: ``σ(Z) = D ∘ Z``."""
        ...

    def gaussian_kernels(self, cosine: Array, least_sine: float) -> GaussianKernels | None:
        """Return the kernels for correlations ``cosine``, or None if they are not known."""
        ...


@dataclass(frozen=True)
class LeakyReLU:
    """``σ(t) = t`` for t > 0 and ``s t`` elsewhere; the ReLU where the slope s is 0.

    Parameters
    ----------
    negative_slope : float
        s, between -1 and 1.
    """

    negative_slope: float = 0.0

    def slopes(self, Z: AnyArray) -> AnyArray:
        """Return the slopes at pre-activations ``Z``.

        Slopes of 0 and 1 are booleans: a byte, where others take four or eight.
        """
        s, slopes = self.negative_slope, Z > 0.0
        if s:
            xp = array_api_compat.array_namespace(Z)
            slopes = s + (1.0 - s) * xp.astype(slopes, Z.dtype)
        return slopes

    def gaussian_kernels(self, cosine: Array, least_sine: float) -> GaussianKernels:
        """Return the kernels for correlations ``cosine`` (k, k), in closed form.

        The arc-cosine kernels (Y. Cho and L. Saul, NeurIPS 2009). With θ the angle between two
        neurons, ``P = (π − θ)/2π`` and ``G = (sin θ + (π − θ) cos θ)/2π`` for slope 0; a slope s
        multiplies them by (1 − s)² and adds s to P and s cos θ to G. The second derivative is a
        point mass of 1 − s at zero, so that the third is the joint density there.

        Parameters
        ----------
        cosine : (k, k) array
            Correlations, between -1 and 1.
        least_sine : float
            Sines below this count as this: the third kernel has a pole at coincident neurons.
        """
        angle = np.arccos(cosine)
        sine, opening = np.sin(angle), np.pi - angle
        bend = (1.0 - self.negative_slope) ** 2 / (2.0 * np.pi)
        kinks = bend / np.maximum(sine, least_sine)
        np.fill_diagonal(kinks, 0.0)
        return GaussianKernels(
            values=self.negative_slope * cosine + bend * (sine + opening * cosine),
            slopes=self.negative_slope + bend * opening,
            kinks=kinks,
            mean=float(np.sqrt(bend)),
        )
