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
from scipy import special

from pureneuron.typing import AnyArray, Array

__all__ = ["Activation", "GaussianKernels", "LeakyReLU", "ThresholdKernels"]

_NOTHING = 1e-150


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


@dataclass(frozen=True, eq=False)
class ThresholdKernels:
    """The same with thresholds: neurons that bend where a standard normal t is −τ.

    Attributes
    ----------
    slopes : (k, k) array
        ``E[σ'(t_a + τ_a) σ'(t_b + τ_b)]``.
    kinks : (k, k) array
        ``E[σ''(t_a + τ_a) σ'(t_b + τ_b)]``; on the diagonal half the derivative of the square.
    both_kinks : (k, k) array
        ``E[σ''(t_a + τ_a) σ''(t_b + τ_b)]``; zero on the diagonal, where it would be infinite.
    slope, kink : (k,) arrays
        ``E[σ'(t_a + τ_a)]`` and ``E[σ''(t_a + τ_a)]``.
    """

    slopes: Array
    kinks: Array
    both_kinks: Array
    slope: Array
    kink: Array


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

    def threshold_kernels(self, threshold: Array, cosine: Array) -> ThresholdKernels | None:
        """Return the kernels for thresholds τ as well, or None if they are not known."""
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

    def threshold_kernels(self, threshold: Array, cosine: Array) -> ThresholdKernels:
        """Return the kernels for thresholds τ (k,) and correlations ``cosine`` (k, k).

        The chance that both are on is Owen's (D. Owen, Annals of Mathematical Statistics 27, 1956).

        Parameters
        ----------
        threshold : (k,) array
            τ, in standard deviations of the pre-activation: the neuron is on where ``t > −τ``.
        cosine : (k, k) array
            Correlations; between -1 and 1 and neither, off the diagonal.
        """
        s, rise = self.negative_slope, 1.0 - self.negative_slope
        # Owen's function takes the ratio of two thresholds, which is to be 1 where both are zero.
        threshold = np.where(np.abs(threshold) < _NOTHING, _NOTHING, threshold)
        sine = np.sqrt((1.0 - cosine) * (1.0 + cosine))
        np.fill_diagonal(sine, 1.0)
        on, density = special.ndtr(threshold), np.exp(-0.5 * threshold**2) / np.sqrt(2.0 * np.pi)
        # That of b where a is at its kink, in standard deviations of what a leaves open.
        given = (threshold - cosine * threshold[:, None]) / sine
        both = _both_positive(threshold, given)
        slopes = s * s + s * rise * (on[:, None] + on) + rise**2 * both
        kinks = rise * density[:, None] * (s + rise * special.ndtr(given))
        both_kinks = rise**2 * density[:, None] * np.exp(-0.5 * given**2) / sine
        both_kinks /= np.sqrt(2.0 * np.pi)
        np.fill_diagonal(slopes, s * s + (1.0 - s * s) * on)
        np.fill_diagonal(kinks, 0.5 * (1.0 - s * s) * density)
        np.fill_diagonal(both_kinks, 0.0)
        return ThresholdKernels(slopes, kinks, both_kinks, s + rise * on, rise * density)


def _both_positive(threshold: Array, given: Array) -> Array:
    """Return ``P(t_a > −τ_a, t_b > −τ_b)``, with ``given`` = (τ_b − r τ_a)/√(1 − r²)."""
    tau = threshold[:, None]
    with np.errstate(over="ignore"):
        alone = 0.5 * special.ndtr(tau) - special.owens_t(tau, given / tau)
    apart = np.sign(tau) != np.sign(threshold)
    return np.asarray(alone + alone.T - 0.5 * apart)
