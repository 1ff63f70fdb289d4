"""Laws of the inputs and kinds of noise.

Rows are in order: what has memory runs along them, and :data:`GROUP` rows in a row are a group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy.signal import lfilter

from pureneuron.typing import Array, IndexArray

__all__ = ["ASYMMETRIC", "GROUP", "LAWS", "NOISES", "RECORDED", "groups_of", "with_noise"]

GROUP = 10
_FLOOR = 0.05
_BURSTS = 3
_BURST_SHARE = 0.03
_EVENT_SHARE = 0.02
_OUTLIER_SHARE = 0.01
_OUTLIER = 10.0


def _with_memory(rng: np.random.Generator, shape: tuple[int, int], memory: float) -> Array:
    """Draw a stationary AR(1) series of variance 1 for each column."""
    noise = rng.standard_normal(shape)
    noise[1:] *= np.sqrt(1.0 - memory**2)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise, axis=0))


def _lags(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return the last d values of one AR(0.95) series."""
    n, d = shape
    series = _with_memory(rng, (n + d - 1, 1), 0.95)[:, 0]
    return np.lib.stride_tricks.sliding_window_view(series, d)[:, ::-1].copy()


def _shared(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw Gaussian columns that rows of one group share by half."""
    n, d = shape
    common = rng.standard_normal((-(-n // GROUP), d))[groups_of(n)]
    return np.asarray(np.sqrt(0.5) * (common + rng.standard_normal(shape)))


def _correlated(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    mixing = rng.standard_normal((shape[1], shape[1])) / np.sqrt(shape[1])
    return np.asarray(rng.standard_normal(shape) @ mixing)


def _drift(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return Gaussian columns, the first of which is a random walk brought to variance 1."""
    X = rng.standard_normal(shape)
    walk = np.cumsum(X[:, 0])
    X[:, 0] = (walk - walk.mean()) / max(float(walk.std()), np.finfo(np.float64).tiny)
    return X


def _bursts(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return Gaussian columns, the first of which is 0 but for a few stretches."""
    n = shape[0]
    X = rng.standard_normal(shape)
    length = max(round(_BURST_SHARE * n / _BURSTS), 1)
    starts = rng.integers(max(n - length, 1), size=_BURSTS)
    inside = (starts[:, None] + np.arange(length)).ravel()
    on = np.zeros(n, dtype=np.bool_)
    on[inside[inside < n]] = True
    X[:, 0] = np.where(on, 2.0 * X[:, 0], 0.0)
    return X


def _events(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return Gaussian columns, the first of which is 0 but for rare events of random size."""
    X = rng.standard_normal(shape)
    X[:, 0] = (rng.random(shape[0]) < _EVENT_SHARE) * (1.0 + rng.exponential(size=shape[0]))
    return X


def groups_of(n: int) -> IndexArray:
    """Return the group of each of n rows."""
    return np.arange(n) // GROUP


LAWS: Mapping[str, Callable[[np.random.Generator, tuple[int, int]], Array]] = MappingProxyType(
    {
        "Gaussian": lambda rng, shape: rng.standard_normal(shape),
        "correlated": _correlated,
        "two scales": lambda rng, shape: (
            rng.standard_normal(shape) * rng.choice([0.3, 2.0], (shape[0], 1))
        ),
        "t(5)": lambda rng, shape: rng.standard_t(5, shape),
        "signs": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
        "exponential": lambda rng, shape: rng.exponential(size=shape),
        "uniform(0, 1)": lambda rng, shape: rng.uniform(size=shape),
        "AR(0.9)": lambda rng, shape: _with_memory(rng, shape, 0.9),
        "lags of AR(0.95)": _lags,
        "shared in groups": _shared,
    }
)
"""Laws of the inputs by name."""

RECORDED: Mapping[str, Callable[[np.random.Generator, tuple[int, int]], Array]] = MappingProxyType(
    {"drift": _drift, "bursts": _bursts, "events": _events}
)
"""Laws of inputs that are recorded, not chosen: one input drifts, or is at rest but for bursts or
rare events."""

ASYMMETRIC = ("exponential", "uniform(0, 1)")
NOISES = ("Gaussian", "heteroscedastic", "Poisson", "AR(0.9)", "groups", "correlated")
"""Kinds of noise. Gaussian: the same and independent. Heteroscedastic: its standard deviation is
``level`` times the size of the signal, row by row and output by output, plus a twentieth of the
signal's. Poisson: counts whose mean is the signal, ``level`` on average. AR(0.9): each output has a
series of its own. Groups: half its variance is shared by ten rows. Correlated: outputs differ
threefold up and down, and are correlated. Two more are for recordings alone: "t(3)", and "outliers"
(one row in a hundred has ten times the noise)."""


def with_noise(signal: Array, noise: str, level: float, rng: np.random.Generator) -> Array:
    """Add noise to the signal (n, m), or count."""
    n, m = signal.shape
    size = float(np.sqrt(np.mean(signal.var(axis=0))))
    sd = level * size
    match noise:
        case "Gaussian":
            return signal + sd * rng.standard_normal((n, m))
        case "t(3)":
            return np.asarray(signal + sd * rng.standard_t(3, (n, m)) / np.sqrt(3.0))
        case "outliers":
            worse = np.where(rng.random((n, 1)) < _OUTLIER_SHARE, _OUTLIER, 1.0)
            return np.asarray(signal + sd * worse * rng.standard_normal((n, m)))
        case "heteroscedastic":
            spread = level * np.abs(signal) + _FLOOR * size
            return np.asarray(signal + spread * rng.standard_normal((n, m)))
        case "Poisson":
            return rng.poisson(signal).astype(np.float64)
        case "AR(0.9)":
            return signal + sd * _with_memory(rng, (n, m), 0.9)
        case "groups":
            return signal + sd * _shared(rng, (n, m))
        case "correlated":
            rotation = np.linalg.qr(rng.standard_normal((m, m)))[0]
            root = rotation * np.geomspace(1.0 / 3.0, 3.0, m) if m > 1 else rotation
            return np.asarray(signal + sd * rng.standard_normal((n, m)) @ root.T)
    raise ValueError(f"there is no noise {noise!r}; there are {', '.join(NOISES)}")
