"""Spectrum: how many directions the moments show."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from pureneuron.plot.fitted import Fitted, report_of
from pureneuron.plot.panels import MARK, panel
from pureneuron.typing import Array

__all__ = ["SpectrumDisplay", "spectrum"]


class SpectrumDisplay:
    """Singular values.

    Parameters
    ----------
    linear : (r,) array
        Of ``B = A W``, as the regression of outputs on inputs shows it.
    rank : int
        How many stand out of their sampling noise.
    detector : (s,) array or None
        Of the detector of pure neurons, where moments were made.

    Attributes
    ----------
    figure_, ax_
        Where it was drawn.
    lines_
        A line for each spectrum.
    """

    def __init__(self, linear: Array, rank: int, detector: Array | None = None) -> None:
        self.linear, self.rank, self.detector = linear, rank, detector

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the spectra of a fitted estimator."""
        return cls.of(estimator).plot(ax)

    @classmethod
    def of(cls, fitted: Fitted) -> Self:
        """Take what is to be drawn from what is fitted."""
        linear, moments = report_of(fitted, "linear part"), report_of(fitted, "moments")
        if linear is None:
            raise ValueError("there is no spectrum: a recovery from samples has one")
        figures = linear.figures
        detector = None if moments is None else np.asarray(moments.figures["spectrum"])
        values, rank = np.asarray(figures["singular_values"]), int(np.asarray(figures["rank"]))
        return cls(values, rank, detector)

    def plot(self, ax: Any = None) -> Self:
        """Draw into axes, or into a new figure."""
        from matplotlib.ticker import MaxNLocator

        self.ax_ = panel(ax, size=(5.0, 3.2))
        self.figure_ = self.ax_.figure
        series = [("B = A W", "o", MARK, self.linear)]
        if self.detector is not None:
            series.append(("detector", "s", "#d95f02", self.detector))
        self.lines_ = []
        for label, marker, colour, values in series:
            # Zeros have no place on a logarithmic scale.
            shown = np.where(values > 0.0, values, np.nan)
            numbers = np.arange(1, len(values) + 1)
            self.lines_ += self.ax_.plot(
                numbers, shown, marker=marker, color=colour, linewidth=0.8, label=label
            )
        self.ax_.set_yscale("log")
        self.ax_.axvline(
            self.rank + 0.5,
            color="#000000",
            linewidth=0.8,
            linestyle="--",
            label=f"rank {self.rank}",
        )
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        self.ax_.set_xlabel("number")
        self.ax_.set_ylabel("singular value")
        self.ax_.legend(fontsize=8, framealpha=0.0)
        return self


def spectrum(fitted: Fitted, *, ax: Any = None) -> SpectrumDisplay:
    """Draw the singular values of ``B = A W``, and of the detector where moments were made.

    Parameters
    ----------
    fitted : Recovery or fitted estimator
        What a run from samples has found.
    ax : Axes, optional
        Where to draw.

    Raises
    ------
    ValueError
        If there is no spectrum, as where a box was read.
    """
    return SpectrumDisplay.of(fitted).plot(ax)
