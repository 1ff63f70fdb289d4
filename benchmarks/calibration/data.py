"""Data sets to calibrate on: teachers, and what is no network of the model.

A :class:`Design` is the law of a data set, and :func:`draw` draws one. Levels of noise are shares
of the outputs' standard deviation, all outputs together.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import ndtr

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array, IndexArray

from .laws import LAWS, RECORDED, groups_of, with_noise

__all__ = [
    "OUTPUTS",
    "UNITS",
    "DataSet",
    "Design",
    "bumps",
    "draw",
    "draw_teacher",
    "generator",
    "signal_of",
]

UNITS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {"tanh": np.tanh, "GELU": lambda z: z * ndtr(z), "abs": np.abs}
)
"""Hidden units that are no rectifiers."""

OUTPUTS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {
        "softplus": lambda z: np.logaddexp(0.0, z),
        "exp": np.exp,
        "saturation": np.tanh,
    }
)
"""Functions of an output, which is brought to standard deviation 1 before."""


_MANY = 20_000  # rows on which a law's quantiles and means are taken


@dataclass(frozen=True)
class Design:
    """The law of a data set; the defaults are the cell "10×10".

    Attributes
    ----------
    d, k, m, n : int
        Inputs that are measured, neurons, outputs and rows.
    law, noise : str
        Of :data:`~.laws.LAWS` or :data:`~.laws.RECORDED`, and a noise that
        :func:`~.laws.with_noise` knows.
    level : float
        Of the noise.
    condition_W, condition_A : float
        As for :func:`~pureneuron.datasets.make_teacher`; ignored where it cannot be asked for.
    uneven : float
        Ratio of the largest to the least scale of a column of A.
    slope : float
        On the negative side.
    weighted : bool
        Whether the fit weights outputs by their noise (``noise_covariance="full"``).
    biased, fits_biases : bool
        Whether the teacher has hidden biases (normal with sd 0.5), and whether biases are fitted;
        it has output biases as well where they are.
    bumps : bool
        Whether the teacher has overlapping bumps, as :func:`bumps` draws them.
    seldom : float
        Share of the rows in which the last unit is on, about; 0 where it is like the others.
    gain_drift : float
        By which share of itself the gain of all outputs goes up and down in the course of the rows.
    unit, output : str or None
        Of :data:`UNITS` and :data:`OUTPUTS`; None where the teacher is a network of the model.
    missing_input : bool
        Whether the teacher sees one more input than is measured.
    """

    d: int = 10
    k: int = 10
    m: int = 10
    n: int = 10_000
    law: str = "Gaussian"
    noise: str = "Gaussian"
    level: float = 0.5
    condition_W: float = 1.0
    condition_A: float = 1.0
    uneven: float = 1.0
    slope: float = 0.0
    weighted: bool = False
    biased: bool = False
    fits_biases: bool = False
    bumps: bool = False
    seldom: float = 0.0
    gain_drift: float = 0.0
    unit: str | None = None
    output: str | None = None
    missing_input: bool = False

    @property
    def of_the_model(self) -> bool:
        """Whether the teacher is a network that the fit can find."""
        known = self.unit is None and self.output is None and not self.missing_input
        known = known and not self.gain_drift
        return known and self.fits_biases >= self.biased

    @property
    def unknowns(self) -> int:
        """Number of unknowns of the network that is fitted."""
        return self.k * (self.d + self.m - 1) + self.fits_biases * (self.k + self.m)

    @property
    def unknowns_of_a_unit(self) -> int:
        """How many of them one unit brings."""
        return self.d + self.m - 1 + self.fits_biases


@dataclass(frozen=True, eq=False)
class DataSet:
    """Rows, the groups that they are in if any, and the teacher."""

    design: Design
    X: Array
    Y: Array
    groups: IndexArray | None
    teacher: TwoLayerNetwork

    @property
    def samples(self) -> ArraySamples:
        """The rows as a source, with their groups."""
        more: dict[str, Any] = {} if self.groups is None else {"groups": self.groups}
        return ArraySamples(self.X, self.Y, **more)

    @property
    def options(self) -> dict[str, Any]:
        """What a fit is told."""
        biases = self.design.fits_biases
        return {
            "fit_hidden_bias": biases,
            "fit_intercept": biases,
            "negative_slope": self.design.slope,
            "noise_covariance": "full" if self.design.weighted else "spherical",
        }

    @property
    def truth(self) -> TwoLayerNetwork:
        """The teacher as far as the fit can know it, in normal form."""
        teacher, biases = self.teacher, self.design.fits_biases
        return TwoLayerNetwork(
            teacher.A,
            teacher.W[:, : self.design.d],
            teacher.hidden_bias if biases else None,
            teacher.output_bias if biases else None,
            negative_slope=self.design.slope,
        ).normalized()


def generator(cell: str, seed: int) -> np.random.Generator:
    """Return the generator of a data set, which depends on nothing but its cell and number."""
    return np.random.default_rng((zlib.crc32(cell.encode()), seed))


def draw(
    design: Design, rng: np.random.Generator, teacher: TwoLayerNetwork | None = None
) -> DataSet:
    """Draw a data set, with a teacher of its own if none is given."""
    if teacher is None:
        teacher = draw_teacher(design, rng)
    X = _inputs(design, design.n, rng)
    signal = signal_of(design, teacher, X)
    return DataSet(
        design,
        X[:, : design.d],
        with_noise(signal, design.noise, design.level, rng),
        groups_of(design.n) if design.noise == "groups" else None,
        teacher,
    )


def _inputs(design: Design, n: int, rng: np.random.Generator) -> Array:
    return {**LAWS, **RECORDED}[design.law](rng, (n, design.d + design.missing_input))


def draw_teacher(design: Design, rng: np.random.Generator) -> TwoLayerNetwork:
    """Draw a teacher; for counts its outputs are positive, and ``level`` on average."""
    d, k, m = design.d + design.missing_input, design.k, design.m
    teacher = make_teacher(
        d,
        k,
        m,
        condition_A=design.condition_A if k <= m else 1.0,
        condition_W=design.condition_W if k <= d else 1.0,
        rng=rng,
    )
    A, W = teacher.A, teacher.W
    if design.uneven != 1.0:
        A = A * rng.permutation(np.geomspace(1.0, 1.0 / design.uneven, k))
    b = 0.5 * rng.standard_normal(k) * np.linalg.norm(W, axis=1) if design.biased else None
    if design.seldom:
        A, b = _seldom_on(design, A, W, np.zeros(k) if b is None else b, rng)
    # An offset that is not fitted would be too easy to see.
    c = 0.5 * rng.standard_normal(m) if design.biased and design.fits_biases else None
    if design.bumps:
        W = bumps(k, d, rng)
    if design.noise != "Poisson":
        return TwoLayerNetwork(A, W, b, c, negative_slope=design.slope)
    # Means must not be negative.
    A, slope = rng.uniform(0.3, 1.0, (m, k)), 0.0
    mean = TwoLayerNetwork(A, W, b).predict(_inputs(design, _MANY, rng)).mean(axis=0)
    return TwoLayerNetwork(A * (design.level / mean)[:, None], W, b, negative_slope=slope)


def _seldom_on(
    design: Design, A: Array, W: Array, b: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return A and b with a last unit that is on in a share of the rows, and strong where it is.

    It has a third of the root mean square that it would have were it on in half of the rows.
    """
    across = _inputs(design, _MANY, rng) @ W[-1]
    b = b.copy()
    b[-1] = -np.quantile(across, 1.0 - design.seldom)
    size = np.sqrt(np.mean(np.maximum(across + b[-1], 0.0) ** 2))
    strength = np.ones(len(b))
    if size > 0.0:
        strength[-1] = np.sqrt(0.5) * across.std() / (3.0 * size)
    return A * strength, b


def bumps(k: int, d: int, rng: np.random.Generator) -> Array:
    """Draw unit rows that are overlapping bumps along the inputs, their centres about even."""
    centres = np.linspace(2.0, d - 3.0, k) + rng.uniform(-0.5, 0.5, k)
    widths = 0.6 * d / k * rng.uniform(0.7, 1.2, k)
    W = np.exp(-0.5 * ((np.arange(d) - centres[:, None]) / widths[:, None]) ** 2)
    return np.asarray(W / np.linalg.norm(W, axis=1, keepdims=True))


def signal_of(design: Design, teacher: TwoLayerNetwork, X: Array) -> Array:
    """Return the outputs (n, m) without noise."""
    if design.unit is not None:
        hidden = UNITS[design.unit](X @ teacher.W.T + teacher.hidden_bias)
        return np.asarray(hidden @ teacher.A.T + teacher.output_bias)
    signal = teacher.predict(X)
    if design.gain_drift:
        course = np.sin(2.0 * np.pi * np.arange(len(X)) / len(X))
        return np.asarray(signal * (1.0 + design.gain_drift * course)[:, None])
    if design.output is not None:
        return np.asarray(OUTPUTS[design.output](signal / signal.std(axis=0)))
    return signal
