"""The pictures of a report, each with the sentence that stands for it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from pureneuron import plot
from pureneuron.model import counted
from pureneuron.plot.displays.linear import LinearDisplay
from pureneuron.plot.displays.mixing import MixingDisplay
from pureneuron.plot.displays.rows import RowsDisplay
from pureneuron.plot.displays.units import UnitsDisplay
from pureneuron.plot.fitted import names_of, smaller_p_value, tested_numbers
from pureneuron.plot.panels import short
from pureneuron.report.result import Result
from pureneuron.report.svg import inline_svg
from pureneuron.summary import number

__all__ = ["Picture", "Thresholds", "pictures"]


@dataclass(frozen=True)
class Thresholds:
    """What fits on a page (by definition).

    Attributes
    ----------
    units, weights : int
        Most units that are drawn, and most weights of them, but six units always.
    outputs : int
        Most outputs whose fit is drawn.
    columns : int
        Pictures side by side.
    """

    units: int = 32
    weights: int = 640
    outputs: int = 6
    columns: int = 3


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Picture:
    """A picture on a page.

    Attributes
    ----------
    svg : str
        The element.
    text : str
        What stands for it where it cannot be seen.
    caption : str
        What is below it.
    """

    svg: str
    text: str
    caption: str


def pictures(
    result: Result, *, image_shape: tuple[int, int] | None, lags: int | None
) -> dict[str, Picture]:
    """Draw what there is to see, by name; what there is nothing of is left out."""
    made = (
        ("units", _units(result, image_shape, lags)),
        ("mixing", _mixing(result)),
        ("linear", _linear(result, image_shape, lags)),
        ("fit", _fit(result)),
        ("residuals", _residuals(result)),
        ("order", _order(result)),
        ("spectrum", _spectrum(result)),
    )
    return {name: picture for name, picture in made if picture is not None}


@contextmanager
def _figure(width: float, height: float) -> Iterator[Figure]:
    figure = Figure(figsize=(width, height), layout="constrained")
    with warnings.catch_warnings():
        # A name may use letters that the font has not; the page's own fonts show them.
        warnings.filterwarnings(
            "ignore", message=".*Glyph.*missing from font", category=UserWarning
        )
        yield figure


def _units(result: Result, image_shape: tuple[int, int] | None, lags: int | None) -> Picture | None:
    network, k = result.network, result.network.n_neurons
    if not k:
        return None
    shown = _fitting(k, network.n_inputs, as_bars=image_shape is None and lags is None)
    display = UnitsDisplay.of(result, neurons=range(shown), image_shape=image_shape, lags=lags)
    svg, how = _rows(display, "units")
    strongest = "; ".join(
        f"unit {a}: largest weight {number(network.W[a, j])} of {names_of(result)[0][j]}"
        for a, j in enumerate(np.argmax(np.abs(network.W[:shown]), axis=1))
    )
    rest = f" The first {shown} of {k}." if shown < k else ""
    caption = f"Rows of W at unit length, {how}.{rest} {display.caption}".rstrip()
    return Picture(svg, f"The weights of each unit {how}. {strongest}.", caption)


def _fitting(n_rows: int, n_inputs: int, *, as_bars: bool) -> int:
    """Return how many rows of weights fit on the page."""
    shown = min(n_rows, THRESHOLDS.units)
    return min(shown, max(THRESHOLDS.weights // n_inputs, 6)) if as_bars else shown


def _rows(display: RowsDisplay, name: str) -> tuple[str, str]:
    """Draw rows of weights; returns the element, and how they are drawn in words."""
    with _figure(*display.size) as figure:
        display.plot(figure.add_subplot())
        svg = inline_svg(figure, name)
    bars = "as bars" if display.half_width is None else "as bars with 95 % intervals"
    hows = {"image": "as pictures of the inputs", "lags": "over lags and places", "bars": bars}
    return svg, hows[display.kind]


def _linear(
    result: Result, image_shape: tuple[int, int] | None, lags: int | None
) -> Picture | None:
    L = result.network.linear
    if not L.any():
        return None
    m, d = L.shape
    shown = _fitting(m, d, as_bars=image_shape is None and lags is None)
    display = LinearDisplay.of(result, outputs=range(shown), image_shape=image_shape, lags=lags)
    svg, how = _rows(display, "linear")
    strongest = "; ".join(
        f"output {names_of(result)[1][j]}: largest weight {number(L[j, i])} of "
        f"{names_of(result)[0][i]}"
        for j, i in enumerate(np.argmax(np.abs(L[:shown]), axis=1))
    )
    rest = f" The first {shown} of {m} outputs." if shown < m else ""
    caption = f"Linear part: what inputs add to each output past the units, {how}.{rest}"
    return Picture(
        svg,
        f"The linear part of each output {how}. {strongest}.",
        f"{caption} {display.caption}".rstrip(),
    )


def _mixing(result: Result) -> Picture | None:
    m, k = result.network.A.shape
    if not k:
        return None
    display = MixingDisplay.of(result)
    with _figure(*display.size) as figure:
        display.plot(figure.add_subplot())
        svg = inline_svg(figure, "mixing")
    j, a = np.unravel_index(int(np.abs(result.network.A).argmax()), (m, k))
    text = (
        f"Heat map of A, {counted(m, 'output')} by {counted(k, 'unit')}. Its largest entry is "
        f"{number(result.network.A[j, a])}, of output {names_of(result)[1][int(j)]} and unit {a}."
    )
    return Picture(svg, text, "Entries of A: what each unit adds to each output.")


def _fit(result: Result) -> Picture | None:
    rows = result.rows
    if rows is None or not len(rows.index):
        return None
    m = rows.outputs.shape[1]
    shown = min(m, THRESHOLDS.outputs)
    columns = min(shown, THRESHOLDS.columns)
    with _figure(10.0 if columns > 1 else 5.0, 3.2 * -(-shown // columns)) as figure:
        shares = []
        for j in range(shown):
            ax = figure.add_subplot(-(-shown // columns), columns, j + 1)
            fit, measured = rows.predictions[:, j], rows.outputs[:, j]
            ends = [min(fit.min(), measured.min()), max(fit.max(), measured.max())]
            ax.plot(ends, ends, color="#000000", linewidth=0.8)
            ax.plot(fit, measured, ".", markersize=3, alpha=0.5, color="#2f7ed8")
            shares.append(_explained(fit, measured))
            title = f"{short(names_of(result)[1][j], 24)}: R² = {number(shares[-1])}"
            # A dollar sign in a name is no formula.
            ax.set_title(title, fontsize=10, parse_math=False)
            ax.set_xlabel("fit")
            ax.set_ylabel("data")
        svg = inline_svg(figure, "fit")
    explained = ", ".join(
        f"{name} {number(share)}" for name, share in zip(names_of(result)[1], shares, strict=False)
    )
    rest = f" The first {shown} of {m} outputs." if shown < m else ""
    caption = f"Data against the fit in {len(fit)} random rows of {rows.n_rows}.{rest}"
    return Picture(svg, f"Data against fit for each output. R²: {explained}.", caption)


def _explained(fit: np.ndarray, measured: np.ndarray) -> float:
    variance = float(np.var(measured))
    return 1.0 - float(np.mean((measured - fit) ** 2)) / variance if variance > 0.0 else np.nan


def _residuals(result: Result) -> Picture | None:
    rows = result.rows
    if rows is None or not len(rows.index):
        return None
    worst = int(np.argmax(np.mean(rows.residuals**2, axis=0)))
    with _figure(10.0, 3.0) as figure:
        plot.residuals(result, output=worst, ax=figure.add_subplot())
        svg = inline_svg(figure, "residuals")
    spread = number(float(np.std(rows.residuals[:, worst])))
    name = names_of(result)[1][worst]
    text = (
        f"Residuals of output {name} against the fit, in row order, and their distribution. Their "
        f"standard deviation is {spread}."
    )
    several = ", the output with the largest," if rows.outputs.shape[1] > 1 else ""
    signs = (
        ""
        if np.isneginf(result.bic)  # an exact fit: what is left is rounding
        else " Bands, funnels and waves are signs of a wrong model or of noise that is not "
        "independent."
    )
    caption = (
        f"Residuals of {name}{several} against the fit, in row order, and their distribution "
        f"beside a normal one.{signs}"
    )
    return Picture(svg, text, caption)


def _order(result: Result) -> Picture | None:
    known, smaller = tested_numbers(result), smaller_p_value(result)
    if not known and smaller is None:
        return None
    with _figure(5.0, 3.0) as figure:
        plot.order(result, ax=figure.add_subplot())
        svg = inline_svg(figure, "order")
    said = [f"{counted(k, 'neuron')}: {known[k]:.2g}" for k in sorted(known)]
    if smaller is not None:
        said.append(f"one neuron less than {result.network.n_neurons}: {smaller:.2g}")
    text = f"p-values of numbers of neurons. {'; '.join(said)}."
    return Picture(svg, text, "Small p-values are rejected.")


def _spectrum(result: Result) -> Picture | None:
    if not any("singular_values" in stage.figures for stage in result.stages):
        return None
    with _figure(5.0, 3.0) as figure:
        plot.spectrum(result, ax=figure.add_subplot())
        svg = inline_svg(figure, "spectrum")
    text = "Singular values of B = A W, and of the detector where moments were made."
    return Picture(svg, text, text)
