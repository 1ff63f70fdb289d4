"""The points of the paper's figures: settings, and the values measured from the plots."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.typing import Array

__all__ = ["PANELS", "Panel", "Point", "draw", "points"]

_DATA = Path(__file__).parent / "data" / "paper_figures.csv"


@dataclass(frozen=True)
class Point:
    """One abscissa of one panel.

    Attributes
    ----------
    panel : str
        Key of :data:`PANELS`.
    x : float
        Abscissa.
    size : int
        k = d = m.
    n : int
        Rows.
    noise : float
        Variance of the noise on each output.
    law : str
        Input law; the mixture is of two Gaussians with identity covariance about ±(1, …, 1).
    kappa_A, kappa_W : float
        Condition numbers.
    error_A, error_W, mse : float or None
        The paper's values.
    uncertainty : float
        Of the reading from the plot.
    """

    panel: str
    x: float
    size: int
    n: int
    noise: float = 0.0
    law: str = "gaussian"
    kappa_A: float = 1.0
    kappa_W: float = 1.0
    error_A: float | None = None
    error_W: float | None = None
    mse: float | None = None
    uncertainty: float = 0.0

    @property
    def problem(self) -> tuple[float | str, ...]:
        """What its trials depend on: points of two panels may have them in common."""
        return (self.x, self.size, self.n, self.noise, self.law, self.kappa_A, self.kappa_W)


@dataclass(frozen=True)
class Panel:
    """A panel of a figure, in one reading of it.

    Attributes
    ----------
    title, label : str
        Heading, and what the abscissa is.
    settings : callable
        The settings of the point at an abscissa.
    beyond : tuple of float
        Abscissae without a point of the paper.
    paper : tuple of str
        Figure and panel of the paper that it is compared with.
    """

    title: str
    label: str
    settings: Callable[[float], dict[str, Any]]
    paper: tuple[str, str]
    beyond: tuple[float, ...] = ()


_BEYOND = (50.0, 100.0, 300.0, 1000.0)

PANELS = {
    "2 left": Panel(
        "10×10, Gaussian inputs, no noise",
        "samples",
        lambda n: {"size": 10, "n": int(n)},
        ("2", "left"),
    ),
    "2 right": Panel(
        "32×32, Gaussian inputs, no noise",
        "samples",
        lambda n: {"size": 32, "n": int(n)},
        ("2", "right"),
    ),
    "2 dimension": Panel(
        "Gaussian inputs, n = 10,000, no noise",
        "dimension",
        lambda size: {"size": int(size), "n": 10_000},
        ("2", "dimension"),
        (10.0, 16.0, 22.0, 27.0, 32.0),
    ),
    "3 left": Panel(
        "10×10, n = 10,000, Gaussian inputs",
        "noise variance",
        lambda x: {"size": 10, "n": 10_000, "noise": x},
        ("3", "left"),
    ),
    "3 right": Panel(
        "10×10, n = 10,000, mixture inputs",
        "noise variance",
        lambda x: {"size": 10, "n": 10_000, "noise": x, "law": "mixture"},
        ("3", "right"),
    ),
    "4 left": Panel(
        "10×10, n = 20,000, mixture inputs",
        "κ(A)",
        lambda x: {"size": 10, "n": 20_000, "law": "mixture", "kappa_A": x},
        ("4", "left"),
        _BEYOND,
    ),
    "4 right": Panel(
        "10×10, n = 20,000, mixture inputs",
        "κ(W)",
        lambda x: {"size": 10, "n": 20_000, "law": "mixture", "kappa_W": x},
        ("4", "right"),
        _BEYOND,
    ),
    # The other reading of what the paper leaves open, or says in two ways.
    "3 left, other reading": Panel(
        "the abscissa as a standard deviation",
        "noise standard deviation",
        lambda x: {"size": 10, "n": 10_000, "noise": x**2},
        ("3", "left"),
    ),
    "3 right, other reading": Panel(
        "the abscissa as a standard deviation",
        "noise standard deviation",
        lambda x: {"size": 10, "n": 10_000, "noise": x**2, "law": "mixture"},
        ("3", "right"),
    ),
    "4 left, other reading": Panel(
        "the condition number as that of W, as the caption has it",
        "κ(W)",
        lambda x: {"size": 10, "n": 20_000, "law": "mixture", "kappa_W": x},
        ("4", "left"),
    ),
    "4 right, other reading": Panel(
        "the condition number as that of A, as the caption has it",
        "κ(A)",
        lambda x: {"size": 10, "n": 20_000, "law": "mixture", "kappa_A": x},
        ("4", "right"),
    ),
}


def points() -> Iterator[Point]:
    """Yield every point of the paper, panel by panel, and those beyond it."""
    with _DATA.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    for name, panel in PANELS.items():
        for row in rows:
            if (row["figure"], row["panel"]) == panel.paper:
                x = float(row["x"])
                yield Point(
                    panel=name,
                    x=x,
                    error_A=float(row["error_A"]),
                    error_W=float(row["error_W"]),
                    mse=float(row["mse"]),
                    uncertainty=float(row["uncertainty"]),
                    **panel.settings(x),
                )
        for x in panel.beyond:
            yield Point(panel=name, x=x, **panel.settings(x))


def draw(
    point: Point, seed: int
) -> tuple[TwoLayerNetwork, tuple[Array, Array], tuple[Array, Array]]:
    """Draw the teacher of one trial, the inputs and outputs to fit, and as many new ones."""
    rng = np.random.default_rng((int(1000 * point.x), point.size, point.n, seed))
    k = point.size
    teacher = make_teacher(k, k, k, condition_A=point.kappa_A, condition_W=point.kappa_W, rng=rng)

    def rows() -> tuple[Array, Array]:
        X = symmetric_inputs(point.n, k, point.law, rng=rng)
        noise = np.sqrt(point.noise) * rng.standard_normal((point.n, k))
        return X, teacher.predict(X) + noise

    return teacher, rows(), rows()
