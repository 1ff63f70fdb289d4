"""Residuals: against the fit, in row order, and their distribution."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.plot.fitted import Fitted, found_in, names_of, network_of
from pureneuron.plot.panels import MARK, panels, plain, short
from pureneuron.typing import Array, IndexArray

__all__ = ["ResidualsDisplay", "residuals"]


class ResidualsDisplay:
    """Residuals of one output.

    Parameters
    ----------
    fit, residual : (n,) arrays
        What the network predicts, and what is left.
    index : (n,) array of int
        Numbers of the rows.
    name : str
        Name of the output.

    Attributes
    ----------
    figure_, axes_
        Where it was drawn, three axes.
    points_, bars_, line_
        The points of the first two, the histogram, and the normal density.
    """

    def __init__(self, fit: Array, residual: Array, index: IndexArray, *, name: str) -> None:
        self.fit, self.residual, self.index, self.name = fit, residual, index, name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike, *, output: int = 0, ax: Any = None
    ) -> Self:
        """Draw the residuals of a fitted estimator on inputs X and outputs y."""
        return cls.of(estimator, X, y, output=output).plot(ax)

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        output: int = 0,
    ) -> Self:
        """Take what is to be drawn from what is fitted, or from inputs and outputs."""
        found, names = found_in(fitted), names_of(fitted)[1]
        if not 0 <= output < len(names):
            raise ValueError(f"there is no output {output}: they are 0 to {len(names) - 1}")
        if (X is None) != (y is None):
            raise ValueError("give both X and y, or neither")
        if X is not None and y is not None:
            measured = np.asarray(y, dtype=np.float64)
            measured = measured.reshape(len(measured), -1)[:, output]
            fit = network_of(fitted).predict(np.asarray(X, dtype=np.float64))[:, output]
            return cls(fit, measured - fit, np.arange(len(fit)), name=names[output])
        rows = None if found is None else found.rows
        if rows is None:
            raise ValueError("no rows are at hand: give X and y")
        fit = rows.predictions[:, output]
        return cls(fit, rows.residuals[:, output], rows.index, name=names[output])

    def plot(self, ax: Any = None) -> Self:
        """Draw into three axes, one that is divided, or a new figure."""
        self.axes_ = panels(ax, 1, 3, size=(10.0, 3.0))
        self.figure_ = self.axes_.flat[0].figure
        against_fit, in_order, distribution = self.axes_.flat
        dots = {"linestyle": "none", "marker": ".", "markersize": 3, "alpha": 0.5, "color": MARK}
        self.points_ = []
        for panel, across, label in (
            (against_fit, self.fit, "fit"),
            (in_order, self.index, "row"),
        ):
            self.points_ += panel.plot(across, self.residual, **dots)
            panel.axhline(0.0, color="#000000", linewidth=0.8)
            panel.set_xlabel(label)
        plain(against_fit.set_ylabel(f"residual of {short(self.name)}"))
        _, edges, self.bars_ = distribution.hist(
            self.residual, bins="auto", density=True, color=MARK, alpha=0.6
        )
        mean, spread = float(np.mean(self.residual)), float(np.std(self.residual))
        self.line_ = None
        if spread > 0.0:
            grid = np.linspace(edges[0], edges[-1], 200)
            density = np.exp(-0.5 * ((grid - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
            (self.line_,) = distribution.plot(grid, density, color="#000000", linewidth=1.0)
        distribution.set_xlabel("residual (line: normal)")
        return self


def residuals(
    fitted: Fitted,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    output: int = 0,
    ax: Any = None,
) -> ResidualsDisplay:
    """Draw the residuals of one output.

    Parameters
    ----------
    fitted : TwoLayerNetwork, Recovery, Identification or fitted estimator
        A recovery keeps some random rows, which serve if X and y are left out.
    X, y : (n, d) and (n, m) or (n,) array-like, optional
        Inputs and outputs.
    output : int
        Number of the output.
    ax : Axes or three Axes, optional
        Where to draw; one is divided.

    Raises
    ------
    ValueError
        If there are no rows, or no such output.
    """
    return ResidualsDisplay.of(fitted, X, y, output=output).plot(ax)
