"""The points of the paper's figures: settings, and the values measured from the plots."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Panel:
    """A panel of a figure: what its abscissa is, and where to go on beyond the paper's points."""

    title: str
    label: str
    beyond: tuple[float, ...] = ()

    def settings(self, name: str, x: float) -> dict[str, object]:
        """Return the settings of the point at ``x``."""
        if name.startswith("2 dimension"):
            return {"size": int(x), "n": 10_000}
        if name.startswith("2"):
            return {"size": 10 if "left" in name else 32, "n": int(x)}
        law = "gaussian" if name == "3 left" else "mixture"
        if name.startswith("3"):
            return {"size": 10, "n": 10_000, "noise": x, "law": law}
        which = "kappa_A" if name == "4 left" else "kappa_W"
        return {"size": 10, "n": 20_000, "law": law, which: x}


PANELS = {
    "2 left": Panel("10×10, Gaussian inputs, no noise", "samples"),
    "2 right": Panel("32×32, Gaussian inputs, no noise", "samples"),
    "2 dimension": Panel("n = 10,000, no noise", "dimension", (10.0, 16.0, 22.0, 27.0, 32.0)),
    "3 left": Panel("10×10, n = 10,000, Gaussian inputs", "noise variance"),
    "3 right": Panel("10×10, n = 10,000, mixture inputs", "noise variance"),
    "4 left": Panel("10×10, n = 20,000, mixture inputs", "κ(A)", (50.0, 100.0, 300.0, 1000.0)),
    "4 right": Panel("10×10, n = 20,000, mixture inputs", "κ(W)", (50.0, 100.0, 300.0, 1000.0)),
}


def points() -> Iterator[Point]:
    """Yield every point of the paper, panel by panel, and those beyond it."""
    with _DATA.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    for name, panel in PANELS.items():
        for row in rows:
            if f"{row['figure']} {row['panel']}" == name:
                x = float(row["x"])
                yield Point(
                    panel=name,
                    x=x,
                    error_A=float(row["error_A"]),
                    error_W=float(row["error_W"]),
                    mse=float(row["mse"]),
                    uncertainty=float(row["uncertainty"]),
                    **panel.settings(name, x),  # type: ignore[arg-type]
                )
        for x in panel.beyond:
            yield Point(panel=name, x=x, **panel.settings(name, x))  # type: ignore[arg-type]


def draw(point: Point, seed: int) -> tuple[TwoLayerNetwork, Array, Array]:
    """Draw teacher, inputs and outputs of one trial."""
    rng = np.random.default_rng((int(1000 * point.x), point.size, point.n, seed))
    k = point.size
    teacher = make_teacher(k, k, k, condition_A=point.kappa_A, condition_W=point.kappa_W, rng=rng)
    X = symmetric_inputs(point.n, k, point.law, rng=rng)
    Y = teacher.predict(X) + np.sqrt(point.noise) * rng.standard_normal((point.n, k))
    return teacher, X, Y
