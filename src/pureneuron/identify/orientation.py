"""Which way round the neurons are, and which slope they have on the negative side.

What questions show of a neuron is where and how much it bends: ``σ(z) = z + σ(−z)``, so a neuron
that is turned round is off by a linear function, and so is one with another negative slope:
with ``τ = s / (1 − s)``

    Σ a_i σ_s(z_i) = Σ α_i σ(z_i) + τ Σ α_i z_i,      α_i = (1 − s) a_i.

A linear part that is read beside the neurons is therefore ``Σ ρ_i α_i w_i`` with ρ_i = τ for those
that are the right way round, and −(1 + τ) for the others, where the network has no linear part of
its own. Where the products α_i w_iᵀ are independent, least squares give ρ. Where they are not, but
the slope is zero, ρ_i is 0 or −1, and there is nearly always only one choice that fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from scipy.optimize import linprog

from pureneuron.identify.reading import Reading
from pureneuron.initialize.orientation import binary_least_squares
from pureneuron.typing import Array, BoolArray

__all__ = ["exact_choice", "oriented"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    negligible : float
        Linear part, relative to what the neurons contribute to it, that counts as none (make
        bench-identify).
    exact : float
        Linear part that is none without a look at the neurons (rounding).
    dependent : float
        Singular values of the products, relative to the largest, that count as zero (rounding).
    most_enumerated : int
        Neurons up to which all choices are tried where products are dependent (make
        bench-identify).
    narrow, surely : float
        Difference of two sums, relative to all, at which they are compared in full: at least the
        one, or so many times the error of a neuron.
    most_compared : int
        Sums that are compared in full: of more only the nearest are (a second).
    """

    negligible: float = 1e-4
    exact: float = 1e-9
    dependent: float = 1e-7
    most_enumerated: int = 40
    narrow: float = 1e-7
    surely: float = 10.0
    most_compared: int = 20_000


THRESHOLDS = Thresholds()


def oriented(
    reading: Reading, is_as_good: Callable[[Reading, float], bool] | None = None
) -> tuple[Reading, float]:
    """Turn neurons round so that the linear part vanishes, if that can be.

    Parameters
    ----------
    reading : Reading
        What has been read.
    is_as_good : callable, optional
        Tells of a reading without linear part, and the slope, whether it still is what was asked.
        What is left out may be small against the neurons and yet be more than answers allow.

    Returns
    -------
    reading : Reading
        The same function; with a slope other than zero, ``A`` is that of the leaky rectifier.
    negative_slope : float
        Of the rectifiers.
    """
    k = reading.n_neurons
    if k == 0:
        return reading, 0.0
    effects = (reading.A.T[:, :, None] * reading.W[:, None, :]).reshape(k, -1).T
    linear = reading.L.ravel()
    size = np.linalg.norm(effects)
    if np.linalg.norm(linear) <= THRESHOLDS.exact * size:
        without = _without_linear(reading)
        return (without, 0.0) if is_as_good is None or is_as_good(without, 0.0) else (reading, 0.0)
    # A row of small weights decides as well as a large one.
    lengths = np.linalg.norm(effects, axis=0)
    rank = int(np.sum(np.linalg.svd(effects / lengths, compute_uv=False) > THRESHOLDS.dependent))
    if rank == k:
        found = _by_least_squares(effects, lengths, linear)
    else:
        found = _by_choice(effects, linear, rank, float(np.median(reading.errors)))
    if found is not None:
        which, tau = found
        turned = reading.turned(which)
        A, b = turned.A * (1.0 + tau), turned.b
        leaky = _without_linear(replace(turned, A=A, c=turned.c - tau * turned.A @ b))
        # Of |z| the slope is -1 up to rounding, and a rectifier has one above that.
        slope = max(tau / (1.0 + tau), float(np.nextafter(-1.0, 0.0)))
        if is_as_good is None or is_as_good(leaky, slope):
            return leaky, slope
    return reading.turned(_smallest(effects, linear)), 0.0


def _by_least_squares(
    effects: Array, lengths: Array, linear: Array
) -> tuple[BoolArray, float] | None:
    scaled, *_ = np.linalg.lstsq(effects / lengths, linear, rcond=None)
    off = np.linalg.norm(linear - effects / lengths @ scaled)
    rho = scaled / lengths
    which = rho < -0.5
    taus = np.where(which, -1.0 - rho, rho)
    tau = float(np.median(taus))
    if abs(tau) <= THRESHOLDS.negligible:
        tau = 0.0
    share = np.linalg.norm((taus - tau) * lengths) / np.linalg.norm(lengths)
    small = THRESHOLDS.negligible
    if share > small or off > small * np.linalg.norm(effects):
        return None
    return which, tau


def _by_choice(
    effects: Array, linear: Array, rank: int, error: float
) -> tuple[BoolArray, float] | None:
    """Find the only choice that fits, where equations are fewer than neurons.

    Parameters
    ----------
    effects, linear : (m d, k) and (m d,) arrays
        Products α_i w_iᵀ, a column each, and the linear part.
    rank : int
        Of the products.
    error : float
        Of the products, relative.
    """
    k, small = effects.shape[1], THRESHOLDS.negligible * np.linalg.norm(effects)
    if k <= THRESHOLDS.most_enumerated:
        which = exact_choice(effects, -linear, error)
    elif 2 * rank > k:
        # Of a system with fewer equations, but more than half as many, a solution with entries 0
        # and 1 is mostly the only one between 0 and 1.
        answer = linprog(np.zeros(k), A_eq=effects, b_eq=-linear, bounds=(0.0, 1.0))
        which = None if answer.x is None else np.asarray(answer.x > 0.5)
    else:
        return None
    if which is None or np.linalg.norm(linear + effects @ which) > small:
        return None
    return which, 0.0


def exact_choice(M: Array, y: Array, error: float) -> BoolArray | None:
    """Return z with entries 0 or 1 and ``M z = y`` to rounding, by meeting in the middle.

    All sums of one half of the columns and what the other half leaves of y are compared in one
    coordinate first: of 2^20 sums next to none agree there to nine digits by chance.
    """
    half = M.shape[1] // 2
    first, second = _choices(half), _choices(M.shape[1] - half)
    direction = np.random.default_rng(0).standard_normal(len(M))
    p, target = direction @ M, float(direction @ y)
    sums = first @ p[:half]
    order = np.argsort(sums)
    left = target - second @ p[half:]
    slack = np.clip(THRESHOLDS.surely * error, THRESHOLDS.narrow, THRESHOLDS.negligible)
    width = slack * np.abs(p).sum()
    least = np.finfo(np.float64).eps * width
    while True:
        low = np.searchsorted(sums[order], left - width)
        high = np.searchsorted(sums[order], left + width)
        pairs = int(np.sum(high - low))
        if pairs <= THRESHOLDS.most_compared or width < least:
            break
        width *= min(0.5, THRESHOLDS.most_compared / pairs)
    near = ((j, i) for i in np.flatnonzero(high > low) for j in order[low[i] : high[i]])
    best, nearest = None, np.inf
    # Sums of weights such as 1, 2, 3 are equal, many of them: any will do.
    for j, i in islice(near, THRESHOLDS.most_compared):
        z = np.concatenate([first[j], second[i]])
        off = float(np.linalg.norm(M @ z - y))
        if off < nearest:
            best, nearest = z > 0.0, off
    return best


def _choices(k: int) -> Array:
    return ((np.arange(2**k)[:, None] >> np.arange(k)) & 1).astype(np.float64)


def _smallest(effects: Array, linear: Array) -> BoolArray:
    """Tell which neurons to turn for a small linear part, where none makes it vanish."""
    k = effects.shape[1]
    if k > 20 and np.linalg.matrix_rank(effects) < k:
        return np.zeros(k, dtype=np.bool_)
    return binary_least_squares(effects, -linear)


def _without_linear(reading: Reading) -> Reading:
    return replace(reading, L=np.zeros_like(reading.L))
