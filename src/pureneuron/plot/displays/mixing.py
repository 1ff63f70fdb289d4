"""Mixing: A as a heat map, with its standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from pureneuron.plot.fitted import Fitted, found_in, names_of, network_of
from pureneuron.plot.panels import COLOURS, panel, plain, short
from pureneuron.typing import Array

__all__ = ["MixingDisplay", "mixing"]

_MOST_NUMBERS = (16, 12)  # outputs and units whose cells have room for a number each
_MOST_NAMES = 40


class MixingDisplay:
    """The matrix A.

    Parameters
    ----------
    A : (m, k) array
        The matrix.
    errors : (m, k) array or None
        Standard errors of its entries.
    output_names : sequence of str
        Names of the outputs.

    Attributes
    ----------
    figure_, ax_
        Where it was drawn.
    image_, colorbar_, texts_
        The heat map, its scale, and the numbers in its cells.
    """

    def __init__(self, A: Array, errors: Array | None, *, output_names: Sequence[str]) -> None:
        self.A, self.errors, self.output_names = A, errors, output_names

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw A of a fitted estimator."""
        return cls.of(estimator).plot(ax)

    @classmethod
    def of(cls, fitted: Fitted) -> Self:
        """Take what is to be drawn from what is fitted."""
        network, found = network_of(fitted), found_in(fitted)
        errors = None if found is None else found.standard_errors
        if errors is None:
            network = network.normalized()
        return cls(
            network.A, None if errors is None else errors.A, output_names=names_of(fitted)[1]
        )

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of a figure of its own, in inches."""
        m, k = self.A.shape
        return float(np.clip(0.8 * k + 2.4, 4, 10)), float(np.clip(0.42 * m + 1.2, 2, 9))

    def plot(self, ax: Any = None) -> Self:
        """Draw into axes, or into a new figure."""
        m, k = self.A.shape
        self.ax_ = panel(ax, size=self.size)
        self.figure_ = self.ax_.figure
        limit = float(np.abs(self.A).max(initial=0.0)) or 1.0
        self.image_ = self.ax_.imshow(
            self.A, cmap=COLOURS, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
        )
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_)
        has_room = m <= _MOST_NUMBERS[0] and k <= _MOST_NUMBERS[1]
        self.texts_ = self._numbers(limit) if has_room else []
        self.ax_.set_xlabel("unit")
        self.ax_.set_xticks(range(0, k, max(1, k // 20)))
        step = max(1, m // _MOST_NAMES)
        names = [short(name) for name in self.output_names]
        self.ax_.set_yticks(range(0, m, step), names[::step])
        plain(self.ax_.get_yticklabels())
        return self

    def _numbers(self, limit: float) -> list[Any]:
        texts = []
        for (j, a), value in np.ndenumerate(self.A):
            text = f"{value:.3g}"
            if self.errors is not None and self.errors[j, a] > 0.0:
                error = self.errors[j, a]
                text += f"\n±{error:.1g}" if np.isfinite(error) else "\nundetermined"
            colour = "#ffffff" if abs(value) > 0.6 * limit else "#111111"
            texts.append(
                self.ax_.text(a, j, text, ha="center", va="center", fontsize=7, color=colour)
            )
        return texts


def mixing(fitted: Fitted, *, ax: Any = None) -> MixingDisplay:
    """Draw A as a heat map: what each unit adds to each output.

    Parameters
    ----------
    fitted : TwoLayerNetwork, Recovery, Identification or fitted estimator
        Standard errors, where there are any, stand below the entries.
    ax : Axes, optional
        Where to draw.
    """
    return MixingDisplay.of(fitted).plot(ax)
