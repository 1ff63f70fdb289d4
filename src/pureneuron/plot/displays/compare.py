"""Comparison: the units of a network beside those of the true one.

A weight of an input that hardly varies hardly matters to any output, so it is hardly determined by
samples: what is seen there is noise. Two views show that. The weights are what the network holds;
the contributions, weight times root mean square of the input, are what each input moves the unit
by, and there such noise takes the place it has in the function.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.model import NeuronMatch, TwoLayerNetwork, unit_rows
from pureneuron.plot.displays.rows import CAPTION, draw_weights
from pureneuron.plot.fitted import Fitted, check_shape, names_of, network_of
from pureneuron.plot.panels import panels
from pureneuron.typing import Array

__all__ = ["CompareDisplay", "compare"]

_COLUMNS = {True: 10, False: 3}  # with images, with bars
_PANEL = {True: (1.3, 1.45), False: (3.3, 2.2)}


@dataclass(frozen=True)
class _View:
    """One way to see all units.

    Attributes
    ----------
    name : str
        What is seen.
    titles : list of str
        A title for each unit.
    lines : tuple of (str, (k, d) array)
        For each line of pictures its name and the pictures.
    """

    name: str
    titles: list[str]
    lines: tuple[tuple[str, Array], ...]


class CompareDisplay:
    """Units of a network, each below the matching unit of the truth.

    Parameters
    ----------
    network, truth : TwoLayerNetwork
        The networks.
    match : NeuronMatch
        Which unit of one belongs to which of the other.
    input_names : sequence of str
        Names of the inputs.
    image_shape : (int, int), optional
        Height and width, where the inputs are an image.
    metric : (d, d) array, optional
        Second moments of the inputs.

    Attributes
    ----------
    figure_, axes_
        Where it was drawn.
    artists_ : list
        What was drawn, line by line.
    """

    def __init__(
        self,
        network: TwoLayerNetwork,
        truth: TwoLayerNetwork,
        match: NeuronMatch,
        *,
        input_names: tuple[str, ...],
        image_shape: tuple[int, int] | None = None,
        metric: Array | None = None,
    ) -> None:
        check_shape(network.n_inputs, image_shape, None)
        self.network, self.truth, self.match = network, truth, match
        self.input_names, self.image_shape, self.metric = input_names, image_shape, metric

    @classmethod
    def from_estimator(
        cls, estimator: Any, truth: Fitted, *, ax: Any = None, **options: Any
    ) -> Self:
        """Draw a fitted estimator beside the truth; options are those of :func:`compare`."""
        return cls.of(estimator, truth, **options).plot(ax)

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        truth: Fitted,
        *,
        image_shape: tuple[int, int] | None = None,
        metric: ArrayLike | None = None,
    ) -> Self:
        """Take what is to be drawn from two networks."""
        network, true = network_of(fitted), network_of(truth)
        d = network.n_inputs
        moments = None if metric is None else np.asarray(metric, dtype=np.float64)
        if moments is not None and moments.shape != (d, d):
            raise ValueError(f"metric has shape {moments.shape}; ({d}, {d}) is expected")
        return cls(
            network,
            true,
            network.match(true, metric=moments),
            input_names=names_of(fitted)[0],
            image_shape=image_shape,
            metric=moments,
        )

    def plot(self, ax: Any = None) -> Self:
        """Draw into axes, or into a new figure."""
        views, k, is_image = list(self._views()), self.network.n_neurons, bool(self.image_shape)
        columns = max(min(_COLUMNS[is_image], k), 1)
        blocks = max(-(-k // columns), 1)
        n_lines = blocks * sum(len(view.lines) for view in views)
        wide, tall = _PANEL[is_image]
        size = max(wide * columns + 0.6, 6.5), tall * n_lines + 0.6
        self.axes_ = panels(ax, n_lines, columns, size=size)
        self.figure_ = self.axes_.flat[0].figure
        for panel in self.axes_.flat:
            panel.set_axis_off()
        self.artists_: list[Any] = []
        top = 0
        for view in views:
            self._draw(view, self.axes_[top : top + blocks * len(view.lines)], columns)
            top += blocks * len(view.lines)
        if ax is None:
            caption = textwrap.fill(self._caption(), width=int(13 * size[0]))
            self.figure_.supxlabel(caption, fontsize=9)
        return self

    def _draw(self, view: _View, axes: Any, columns: int) -> None:
        limits = np.nanmax([np.abs(rows).max(axis=1) for _, rows in view.lines], axis=0)
        for unit, title in enumerate(view.titles):
            block, column = divmod(unit, columns)
            drawn = 0
            for line, (name, rows) in enumerate(view.lines):
                if np.isnan(rows[unit]).any():
                    continue
                panel = axes[block * len(view.lines) + line, column]
                panel.set_axis_on()
                artist = draw_weights(
                    panel,
                    rows[unit],
                    names=self.input_names,
                    image_shape=self.image_shape,
                    named=column == 0,
                    limit=float(limits[unit]) or 1.0,
                )
                self.artists_.append(artist)
                if column == 0:
                    panel.set_ylabel(f"{name}\n{view.name}", fontsize=8)
                if not drawn:
                    panel.set_title(title, fontsize=8)
                drawn += 1

    def _views(self) -> Iterator[_View]:
        network, match = self.network, self.match
        partners = np.full_like(network.W, np.nan)
        partners[match.left] = self.truth.W[match.right]
        rows = {"true": partners, "recovered": network.W}
        lines = {name: unit_rows(W) for name, W in rows.items()}
        cosines = np.einsum("kd,kd->k", lines["true"], lines["recovered"])
        yield _View("weights", self._titles("cos", cosines), tuple(lines.items()))
        if self.metric is None:
            return
        correlations = np.full(network.n_neurons, np.nan)
        correlations[match.left] = match.cosines_W
        spread = np.sqrt(np.clip(np.diag(self.metric), 0.0, None))
        for name, W in rows.items():
            power = np.einsum("kd,de,ke->k", W, self.metric, W)
            power[~(power > 0.0)] = 1.0
            lines[name] = W * spread / np.sqrt(power)[:, None]
        yield _View("contributions", self._titles("r", correlations), tuple(lines.items()))

    def _titles(self, letter: str, agreement: Array) -> list[str]:
        titles = [f"unit {a}" for a in range(len(agreement))]
        for a in self.match.left:
            titles[a] += f"\n{letter} = {agreement[a]:.6f}"
        for a in self.match.unmatched_left:
            titles[a] += "\nunmatched"
        return titles

    def _caption(self) -> str:
        caption = CAPTION.format(what="pair") if self.image_shape is not None else ""
        if self.metric is not None:
            caption += (
                " Contributions are weights times the root mean square of their inputs: weights of "
                "inputs that hardly vary fade."
            )
        if len(self.match.unmatched_right):
            missing = ", ".join(str(a) for a in self.match.unmatched_right)
            caption += f" True units without a partner: {missing}."
        return caption.strip()


def compare(
    network: Fitted,
    truth: Fitted,
    *,
    image_shape: tuple[int, int] | None = None,
    metric: ArrayLike | None = None,
    ax: Any = None,
) -> CompareDisplay:
    """Draw each unit below the matching unit of the truth.

    A pair shares one scale, and its title says how well it agrees: above the weights their cosine,
    above the contributions the correlation of the pre-activations.

    Parameters
    ----------
    network, truth : TwoLayerNetwork, Recovery, Identification or fitted estimator
        What is drawn, in its order, and what it is compared with.
    image_shape : (int, int), optional
        Height and width, where the inputs are an image; bars if left out.
    metric : (d, d) array-like, optional
        Second moments ``E[xxᵀ]`` of the inputs. With them a second view shows the contributions:
        weights times the root mean square of their inputs.
    ax : Axes or array of Axes, optional
        Where to draw; one is divided.

    Raises
    ------
    ValueError
        If ``image_shape`` or ``metric`` does not fit the inputs, or the networks differ in size.
    """
    return CompareDisplay.of(network, truth, image_shape=image_shape, metric=metric).plot(ax)
