"""Weights of the inputs, a row each: as images, over space and time, or as bars with intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from pureneuron.plot.fitted import check_shape
from pureneuron.plot.panels import COLOURS, MARK, hide_unused, panels, plain, short
from pureneuron.typing import Array

__all__ = ["CAPTION", "RowsDisplay", "chosen", "draw_weights"]

_MOST = 64
_MOST_NAMES = 40  # inputs with a bar and a name each; more become a line
_COLUMNS = {"bars": 3, "image": 8, "lags": 4}
CAPTION = "Orange is positive, purple negative, white zero; each {what} has its own scale."


class RowsDisplay:
    """Rows of weights, one for each input: those of units, or of the linear part.

    Parameters
    ----------
    rows : (r, d) array
        The weights.
    half_width : (r, d) array or None
        Half of the widths of their intervals; infinite for what is undetermined.
    titles : sequence of str
        A title for each row.
    input_names : sequence of str
        Names of the inputs.
    image_shape : (int, int), optional
        Height and width, where the inputs are an image.
    lags : int, optional
        Number of lags, the lag slowest: ``row.reshape(lags, d // lags)``.

    Attributes
    ----------
    figure_, axes_
        Where it was drawn.
    artists_ : list
        An image, a line or bars for each row.
    """

    what = "row"

    def __init__(
        self,
        rows: Array,
        half_width: Array | None = None,
        *,
        titles: Sequence[str],
        input_names: Sequence[str],
        image_shape: tuple[int, int] | None = None,
        lags: int | None = None,
    ) -> None:
        check_shape(rows.shape[1], image_shape, lags)
        self.rows, self.half_width, self.titles = rows, half_width, list(titles)
        self.input_names, self.image_shape, self.lags = input_names, image_shape, lags

    @property
    def kind(self) -> str:
        """How rows are drawn: "image", "lags" or "bars"."""
        return "image" if self.image_shape else "lags" if self.lags else "bars"

    @property
    def caption(self) -> str:
        """What colours mean; empty for bars."""
        return "" if self.kind == "bars" else CAPTION.format(what=self.what)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of panels."""
        shown = max(min(len(self.rows), _MOST), 1)
        columns = min(_COLUMNS[self.kind], shown)
        return -(-shown // columns), columns

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of a figure of its own, in inches."""
        rows, columns = self.grid
        image = 1.65 if any("\n" in title for title in self.titles) else 1.5
        tall = {"image": image, "lags": 1.9}.get(self.kind, self._height_of_bars())
        wide = {"image": 1.4, "lags": 2.6}.get(self.kind, 3.2)
        return max(wide * columns, 4.0), tall * rows + 0.3

    def plot(self, ax: Any = None) -> Self:
        """Draw into axes, or into a new figure."""
        shown = min(len(self.rows), _MOST)
        self.axes_ = panels(ax, *self.grid, size=self.size)
        self.figure_ = self.axes_.flat[0].figure
        hide_unused(self.axes_, shown)
        self.artists_ = []
        for r, panel in enumerate(self.axes_.flat[:shown]):
            artist = draw_weights(
                panel,
                self.rows[r],
                None if self.half_width is None else self.half_width[r],
                names=self.input_names,
                image_shape=self.image_shape,
                lags=self.lags,
                named=panel in self.axes_[:, 0] or self.kind != "bars",
            )
            plain(panel.set_title(self.titles[r], fontsize=9))
            self.artists_.append(artist)
        if len(self.rows) > shown:
            note = f"{len(self.rows) - shown} {self.what}s more are not shown"
            self.axes_.flat[shown - 1].set_xlabel(note, loc="right")
        if ax is None and self.caption:
            caption = textwrap.fill(self.caption, width=int(14 * self.size[0]))
            self.figure_.supxlabel(caption, fontsize=8)
        return self

    def _height_of_bars(self) -> float:
        d = self.rows.shape[1]
        return float(np.clip(0.7 + 0.17 * d, 1.6, 6.5)) if d <= _MOST_NAMES else 1.8


def chosen(numbers: Sequence[int] | None, n: int, what: str) -> list[int]:
    """Return which of ``n`` rows are to be drawn: all, or those with the numbers given."""
    known = list(range(n) if numbers is None else numbers)
    wrong = [number for number in known if not 0 <= number < n]
    if wrong:
        raise ValueError(f"there is no {what} {wrong[0]}: they are 0 to {n - 1}")
    return known


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
    ax.set_yticks(places, [short(name) if named else "" for name in names])
    plain(ax.get_yticklabels())
    return bars
