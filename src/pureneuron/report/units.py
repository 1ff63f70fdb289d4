"""Hidden units as pictures: the rows of W, beside those of the true network if it is known.

A weight of an input that hardly varies hardly matters to any output, so it is hardly determined by
samples: what is seen there is noise. The figure therefore shows two views. The weights are what the
network holds; the contributions, weight times root mean square of the input, are what each input
moves the unit by, and there such noise takes the place it has in the function.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.model import NeuronMatch, TwoLayerNetwork, unit_rows
from pureneuron.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_units"]

# Units in a row of the figure; side of a picture and least width of the figure, in inches.
_COLUMNS = 10
_PANEL = 1.25
_LEAST_WIDTH = 6.5
_COLOURS = "RdBu_r"
_CAPTION = (
    "Red is positive, blue negative, white zero; {scale} has its own scale, "
    "the same on both sides of zero."
)


@dataclass(frozen=True)
class _View:
    """One way to see all units.

    Attributes
    ----------
    title : str
        What is seen.
    units : list of str
        A title for each unit.
    lines : tuple of (str, (k, d) array)
        For each line of pictures its name and the pictures.
    """

    title: str
    units: list[str]
    lines: tuple[tuple[str, Array], ...]


def plot_units(
    network: TwoLayerNetwork,
    *,
    truth: TwoLayerNetwork | None = None,
    shape: tuple[int, int] = (8, 8),
    metric: ArrayLike | None = None,
) -> Figure:
    """Draw each hidden unit as a picture, above it the matching unit of the truth.

    Parameters
    ----------
    network : TwoLayerNetwork
        The network whose units are drawn, in its order.
    truth : TwoLayerNetwork, optional
        The network to match with. A pair shares one colour scale, and its title says how well it
        agrees: above the weights their cosine, above the contributions the correlation of the
        pre-activations.
    shape : (int, int)
        Height and width of the picture that the inputs make.
    metric : (d, d) array-like, optional
        Second moments ``E[xxᵀ]`` of the inputs. With them a second view shows the contributions:
        weights times the root mean square of their inputs.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, bound to no window; ``figure.savefig("units.png")`` writes it.

    Raises
    ------
    ValueError
        If ``shape`` or ``metric`` does not fit the inputs, or ``truth`` the network.
    ImportError
        If matplotlib is not installed.
    """
    d = network.n_inputs
    if len(shape) != 2 or shape[0] * shape[1] != d:
        raise ValueError(f"shape {tuple(shape)} does not hold the {d} inputs of the network")
    if metric is not None:
        metric = np.asarray(metric, dtype=np.float64)
        if metric.shape != (d, d):
            raise ValueError(f"metric has shape {metric.shape}; ({d}, {d}) is expected")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("figures need matplotlib: pip install 'pureneuron[report]'") from error

    match = None if truth is None else network.match(truth, metric=metric)
    views = list(_views(network, truth, match, metric))
    columns = min(_COLUMNS, network.n_neurons)
    blocks = -(-network.n_neurons // columns)
    lines = sum(len(view.lines) for view in views) * blocks
    width = max(_PANEL * columns + 0.5, _LEAST_WIDTH)
    height = _PANEL * lines + 0.45 * len(views) * blocks + 0.3 * len(views) + 0.5
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    parts = figure.subfigures(len(views), 1, squeeze=False)
    for part, view in zip(parts.flat, views, strict=True):
        _draw(part, view, columns, shape)
    caption = textwrap.fill(_caption(match), width=int(15 * width))
    figure.supxlabel(caption, fontsize=9)
    return figure


def _views(
    network: TwoLayerNetwork,
    truth: TwoLayerNetwork | None,
    match: NeuronMatch | None,
    metric: Array | None,
) -> Iterator[_View]:
    rows = {"recovered": network.W}
    if truth is not None and match is not None:
        partners = np.full_like(network.W, np.nan)
        partners[match.left] = truth.W[match.right]
        rows = {"true": partners, **rows}

    lines = {name: unit_rows(W) for name, W in rows.items()}
    cosines = np.einsum("kd,kd->k", lines.get("true", lines["recovered"]), lines["recovered"])
    yield _View(
        "Weights (rows of W at unit length)",
        _titles("cos", cosines, match),
        tuple(lines.items()),
    )
    if metric is None:
        return
    correlations = np.full(network.n_neurons, np.nan)
    if match is not None:
        correlations[match.left] = match.cosines_W
    spread = np.sqrt(np.clip(np.diag(metric), 0.0, None))
    for name, W in rows.items():
        power = np.einsum("kd,de,ke->k", W, metric, W)
        power[~(power > 0.0)] = 1.0
        lines[name] = W * spread / np.sqrt(power)[:, None]
    yield _View(
        "Contributions (weight × root mean square of its input): weights of inputs that hardly "
        "vary fade",
        _titles("r", correlations, match),
        tuple(lines.items()),
    )


def _titles(letter: str, agreement: Array, match: NeuronMatch | None) -> list[str]:
    titles = [f"unit {i}" for i in range(len(agreement))]
    if match is not None:
        for i in match.left:
            titles[i] += f"\n{letter} = {agreement[i]:.6f}"
        for i in match.unmatched_left:
            titles[i] += "\nunmatched"
    return titles


def _caption(match: NeuronMatch | None) -> str:
    caption = _CAPTION.format(scale="each picture" if match is None else "each pair")
    if match is not None and len(match.unmatched_right):
        missing = ", ".join(str(i) for i in match.unmatched_right)
        caption += f" True units without a partner: {missing}."
    return caption


def _draw(part: Any, view: _View, columns: int, shape: tuple[int, int]) -> None:
    n_lines, n_units = len(view.lines), len(view.units)
    blocks = -(-n_units // columns)
    axes = part.subplots(blocks * n_lines, columns, squeeze=False)
    part.suptitle(view.title, fontsize=10, fontweight="bold")
    limits = np.nanmax([np.abs(rows).max(axis=1) for _, rows in view.lines], axis=0)
    for panel in axes.flat:
        panel.set_xticks([])
        panel.set_yticks([])
        panel.set_axis_off()
    for unit, title in enumerate(view.units):
        block, column = divmod(unit, columns)
        limit = float(limits[unit]) or 1.0
        for line, (name, rows) in enumerate(view.lines):
            if np.isnan(rows[unit]).any():
                continue
            panel = axes[block * n_lines + line, column]
            panel.set_axis_on()
            panel.spines[:].set_color("0.75")
            panel.imshow(rows[unit].reshape(shape), cmap=_COLOURS, vmin=-limit, vmax=limit)
            if column == 0:
                panel.set_ylabel(name, fontsize=9)
            if title:
                panel.set_title(title, fontsize=8)
                title = ""
