"""Order: what the tests say of each number of neurons."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from pureneuron.inference.scores import LEVELS
from pureneuron.plot.fitted import Fitted, network_of, smaller_p_value, tested_numbers
from pureneuron.plot.panels import MARK, OTHER_MARK, panel
from pureneuron.typing import Array, IndexArray

__all__ = ["OrderDisplay", "order"]

_LEAST = 1e-16  # smaller p-values are drawn there


class OrderDisplay:
    """p-values by number of neurons.

    Parameters
    ----------
    n_neurons : (t,) array of int
        Numbers of neurons, the smallest first.
    p_values : (t,) array
        Of the test for an omitted unit.
    chosen : int
        Number of neurons of the network.
    smaller : float or None
        p-value of the other test, whether one neuron less would do.

    Attributes
    ----------
    figure_, ax_
        Where it was drawn.
    line_, level_, chosen_, smaller_
        The p-values, the level, the mark of the number that was chosen, and that of the other
        test, or None.
    """

    def __init__(
        self,
        n_neurons: IndexArray,
        p_values: Array,
        chosen: int,
        smaller: float | None = None,
    ) -> None:
        self.n_neurons, self.p_values = n_neurons, p_values
        self.chosen, self.smaller = chosen, smaller

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the p-values of a fitted estimator."""
        return cls.of(estimator).plot(ax)

    @classmethod
    def of(cls, fitted: Fitted) -> Self:
        """Take what is to be drawn from what is fitted."""
        known, smaller = tested_numbers(fitted), smaller_p_value(fitted)
        if not known and smaller is None:
            raise ValueError("there are no tests: a recovery from samples with noise has them")
        numbers = sorted(known)
        return cls(
            np.array(numbers, dtype=int),
            np.array([known[each] for each in numbers]),
            network_of(fitted).n_neurons,
            smaller,
        )

    def plot(self, ax: Any = None) -> Self:
        """Draw into axes, or into a new figure."""
        self.ax_ = panel(ax, size=(5.0, 3.2))
        self.figure_ = self.ax_.figure
        shown = np.maximum(self.p_values, _LEAST)
        (self.line_,) = self.ax_.plot(
            self.n_neurons, shown, marker="o", color=MARK, label="a unit is missing?"
        )
        self.smaller_, points = None, list(zip(self.n_neurons, self.p_values, strict=True))
        if self.smaller is not None:
            (self.smaller_,) = self.ax_.plot(
                self.chosen - 1,
                max(self.smaller, _LEAST),
                marker="s",
                color=OTHER_MARK,
                linestyle="none",
                label="one neuron less?",
            )
            points.append((self.chosen - 1, self.smaller))
        level = LEVELS.omitted
        self.level_ = self.ax_.axhline(
            level, color="#000000", linestyle="--", linewidth=0.8, label=f"level {level:g}"
        )
        chosen = self.n_neurons == self.chosen
        (self.chosen_,) = self.ax_.plot(
            self.n_neurons[chosen],
            shown[chosen],
            marker="o",
            markersize=11,
            markerfacecolor="none",
            color="#000000",
            linestyle="none",
            label=f"chosen: {self.chosen}",
        )
        self.ax_.set_yscale("log")
        below = [size for size, p in points if p < _LEAST]
        if below:
            self.ax_.annotate(
                f"< {_LEAST:g}",
                (max(below), _LEAST),
                xytext=(8, 0),
                textcoords="offset points",
                fontsize=8,
                va="center",
            )
        sizes = [int(size) for size, _ in points]
        low, high = min(sizes), max(sizes)
        self.ax_.set_xticks(range(low, high + 1, max(1, (high - low) // 10)))
        self.ax_.set_xlim(low - 0.5, high + 0.5)
        self.ax_.set_xlabel("neurons")
        self.ax_.set_ylabel("p-value")
        self.ax_.legend(fontsize=8, framealpha=0.0)
        return self


def order(fitted: Fitted, *, ax: Any = None) -> OrderDisplay:
    """Draw the p-values of the tests by number of neurons: small ones are rejected.

    One test asks whether a unit is missing. The other, of the chosen number alone, asks whether one
    neuron less would do.

    Parameters
    ----------
    fitted : Recovery or fitted estimator
        What a run from samples has found.
    ax : Axes, optional
        Where to draw.

    Raises
    ------
    ValueError
        If no number of neurons was tested.
    """
    return OrderDisplay.of(fitted).plot(ax)
