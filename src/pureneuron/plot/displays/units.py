"""Units: rows of W as images, over space and time, or as bars with their intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from pureneuron.plot.fitted import (
    Fitted,
    check_shape,
    found_in,
    half_width,
    names_of,
    network_of,
)
from pureneuron.plot.panels import COLOURS, MARK, hide_unused, panels, plain
from pureneuron.typing import Array

__all__ = ["CAPTION", "UnitsDisplay", "draw_weights", "units"]

_MOST = 64
_MOST_NAMES = 40  # inputs with a bar and a name each; more become a line
_LONGEST_NAME = 18
_COLUMNS = {"bars": 3, "image": 8, "lags": 4}
CAPTION = "Orange is positive, purple negative, white zero; each unit has its own scale."


class UnitsDisplay:
    """Units of a network.

    Parameters
    ----------
    W : (k, d) array
        Rows of W.
    hidden_bias : (k,) array
        Biases.
    half_width : (k, d) array or None
        Half of the widths of the intervals of W; infinite for what is undetermined.
    numbers : sequence of int
        Numbers of the units to draw.
    input_names : sequence of str
        Names of the inputs.
    image_shape : (int, int), optional
        Height and width, where the inputs are an image.
    lags : int, optional
        Number of lags, the lag slowest: ``W[a].reshape(lags, d // lags)``.

    Attributes
    ----------
    figure_, axes_
        Where it was drawn.
    artists_ : list
        An image, a line or bars for each unit.
    """

    def __init__(
        self,
        W: Array,
        hidden_bias: Array,
        half_width: Array | None = None,
        *,
        numbers: Sequence[int],
        input_names: Sequence[str],
        image_shape: tuple[int, int] | None = None,
        lags: int | None = None,
    ) -> None:
        check_shape(W.shape[1], image_shape, lags)
        self.W, self.hidden_bias, self.half_width = W, hidden_bias, half_width
        self.numbers, self.input_names = list(numbers), input_names
        self.image_shape, self.lags = image_shape, lags

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **options: Any) -> Self:
        """Draw the units of a fitted estimator; options are those of :func:`units`."""
        return cls.of(estimator, **options).plot(ax)

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        *,
        neurons: Sequence[int] | None = None,
        image_shape: tuple[int, int] | None = None,
        lags: int | None = None,
    ) -> Self:
        """Take what is to be drawn from what is fitted."""
        network, found = network_of(fitted), found_in(fitted)
        numbers = range(network.n_neurons) if neurons is None else neurons
        wrong = [a for a in numbers if not 0 <= a < network.n_neurons]
        if wrong:
            raise ValueError(f"there is no unit {wrong[0]}: they are 0 to {network.n_neurons - 1}")
        # An image has no intervals, and errors of many weights take as long as some fits.
        with_intervals = found is not None and image_shape is None and lags is None
        errors = found.standard_errors if found is not None and with_intervals else None
        if errors is None:
            network = network.normalized()
        return cls(
            network.W,
            network.hidden_bias,
            None if errors is None else half_width(errors, errors.W),
            numbers=numbers,
            input_names=names_of(fitted)[0],
            image_shape=image_shape,
            lags=lags,
        )

    @property
    def kind(self) -> str:
        """How units are drawn: "image", "lags" or "bars"."""
        return "image" if self.image_shape else "lags" if self.lags else "bars"

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of panels."""
        shown = max(min(len(self.numbers), _MOST), 1)
        columns = min(_COLUMNS[self.kind], shown)
        return -(-shown // columns), columns

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of a figure of its own, in inches."""
        rows, columns = self.grid
        image = 1.65 if self.hidden_bias.any() else 1.5
        tall = {"image": image, "lags": 1.9}.get(self.kind, self._height_of_bars())
        wide = {"image": 1.4, "lags": 2.6}.get(self.kind, 3.2)
        return max(wide * columns, 4.0), tall * rows + 0.3

    def plot(self, ax: Any = None) -> Self:
        """Draw into axes, or into a new figure."""
        shown, kind = self.numbers[:_MOST], self.kind
        has_bias = bool(self.hidden_bias.any())
        self.axes_ = panels(ax, *self.grid, size=self.size)
        self.figure_ = self.axes_.flat[0].figure
        hide_unused(self.axes_, len(shown))
        self.artists_ = []
        for panel, a in zip(self.axes_.flat, shown, strict=False):
            half = None if self.half_width is None else self.half_width[a]
            first = panel is self.axes_[0, 0] or panel in self.axes_[:, 0]
            artist = draw_weights(
                panel,
                self.W[a],
                half,
                names=self.input_names,
                image_shape=self.image_shape,
                lags=self.lags,
                named=first or kind != "bars",
            )
            between = "\n" if kind == "image" else ", "
            bias = f"{between}bias {self.hidden_bias[a]:.3g}" if has_bias else ""
            panel.set_title(f"unit {a}{bias}", fontsize=9)
            self.artists_.append(artist)
        if len(self.numbers) > len(shown):
            left = len(self.numbers) - len(shown)
            note = f"{left} units more are not shown"
            self.axes_.flat[len(shown) - 1].set_xlabel(note, loc="right")
        if ax is None and kind != "bars":
            caption = textwrap.fill(CAPTION, width=int(14 * self.size[0]))
            self.figure_.supxlabel(caption, fontsize=8)
        return self

    def _height_of_bars(self) -> float:
        d = self.W.shape[1]
        return float(np.clip(0.7 + 0.17 * d, 1.6, 6.5)) if d <= _MOST_NAMES else 1.8


def draw_weights(
    ax: Any,
    weights: Array,
    half: Array | None = None,
    *,
    names: Sequence[str],
    image_shape: tuple[int, int] | None = None,
    lags: int | None = None,
    named: bool = True,
    limit: float | None = None,
) -> Any:
    """Draw one row of W; returns the image, the line or the bars.

    Parameters
    ----------
    ax : Axes
        Where to.
    weights, half : (d,) arrays
        The row, and half of the widths of its intervals.
    names : sequence of str
        Of the inputs.
    image_shape, lags
        As in :func:`units`.
    named : bool
        Whether bars get the names of their inputs.
    limit : float, optional
        End of the colours, or of the axis; what the weights need if left out.
    """
    if image_shape is not None or lags is not None:
        limit = limit or float(np.abs(weights).max(initial=0.0)) or 1.0
        pixels = weights.reshape(image_shape or (lags or 1, -1))
        if lags is not None:
            pixels = pixels.T
            ax.set_xlabel("lag", fontsize=8)
            ax.tick_params(labelsize=7)
            ax.locator_params(integer=True)
            if len(pixels) > 1:
                ax.set_ylabel("place", fontsize=8)
            else:
                ax.set_yticks([])
        else:
            ax.set_xticks([])
            ax.set_yticks([])
        aspect = "equal" if image_shape is not None else "auto"
        return ax.imshow(pixels, cmap=COLOURS, vmin=-limit, vmax=limit, aspect=aspect)
    ax.tick_params(labelsize=8)
    places = np.arange(len(weights))
    if len(weights) > _MOST_NAMES:
        ax.axhline(0.0, color="#000000", linewidth=0.6)
        (line,) = ax.plot(places, weights, color=MARK, linewidth=1.0)
        if half is not None:
            known = np.isfinite(half)
            low, high = weights - half, weights + half
            ax.fill_between(places, low, high, where=known, color=MARK, alpha=0.25)
            if not known.all():
                line.set_ydata(np.where(known, weights, np.nan))
                note = f"undetermined: {np.sum(~known)} of {len(known)}"
                ax.text(0.98, 0.03, note, fontsize=7, ha="right", transform=ax.transAxes)
        if limit is not None:
            ax.set_ylim(-1.05 * limit, 1.05 * limit)
        ax.set_xlabel("input", fontsize=8)
        return line
    known = np.isfinite(half) if half is not None else np.ones(len(weights), bool)
    widths = np.where(known, half, 0.0) if half is not None else None
    bars = ax.barh(places, np.where(known, weights, 0.0), xerr=widths, color=MARK, height=0.7)
    bars.errorbar and bars.errorbar[2][0].set_color("#000000")
    for place in places[~known]:
        ax.text(0.0, place, " undetermined", fontsize=7, va="center")
    ax.axvline(0.0, color="#000000", linewidth=0.6)
    ax.set_ylim(len(weights) - 0.4, -0.6)
    if limit is not None:
        ax.set_xlim(-1.05 * limit, 1.05 * limit)
    short = [n if len(n) <= _LONGEST_NAME else f"{n[: _LONGEST_NAME - 1]}…" for n in names]
    ax.set_yticks(places, short if named else [""] * len(short))
    plain(ax.get_yticklabels())
    return bars


def units(
    fitted: Fitted,
    *,
    neurons: Sequence[int] | None = None,
    image_shape: tuple[int, int] | None = None,
    lags: int | None = None,
    ax: Any = None,
) -> UnitsDisplay:
    """Draw the units: rows of W at unit length.

    Parameters
    ----------
    fitted : TwoLayerNetwork, Recovery, Identification or fitted estimator
        Standard errors, where there are any, give the bars 95 % intervals.
    neurons : sequence of int, optional
        Which units; all if left out, of which the first 64 are drawn.
    image_shape : (int, int), optional
        Height and width, where the inputs are an image.
    lags : int, optional
        Number of lags, where the inputs are the past of one or several stimuli, the lag slowest:
        time goes from left to right, places from top to bottom.
    ax : Axes or array of Axes, optional
        Where to draw; one is divided.

    Returns
    -------
    UnitsDisplay
        With ``figure_``, ``axes_`` and ``artists_``.

    Raises
    ------
    ValueError
        If the inputs do not have that shape, or there is no such unit.
    """
    display = UnitsDisplay.of(fitted, neurons=neurons, image_shape=image_shape, lags=lags)
    return display.plot(ax)
