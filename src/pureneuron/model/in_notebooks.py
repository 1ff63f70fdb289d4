"""A network as a table in a notebook: its weights, coloured by sign and size."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Protocol

import numpy as np

from pureneuron.model.names import counted, visible
from pureneuron.typing import Array

__all__ = ["network_as_html"]

# Most rows and columns that are shown.
_MOST_NEURONS = 16
_MOST_WEIGHTS = 12


class Network(Protocol):
    """What is shown of a network."""

    @property
    def A(self) -> Array:
        """What units add to outputs, (m, k)."""

    @property
    def W(self) -> Array:
        """Weights of the inputs, (k, d)."""

    @property
    def hidden_bias(self) -> Array:
        """Biases, (k,)."""

    @property
    def linear(self) -> Array:
        """Linear part, (m, d)."""

    @property
    def negative_slope(self) -> float:
        """Slope on the negative side."""

    @property
    def n_neurons(self) -> int:
        """Number of neurons k."""

    @property
    def n_inputs(self) -> int:
        """Number of inputs d."""

    @property
    def n_outputs(self) -> int:
        """Number of outputs m."""


def network_as_html(
    network: Network,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> str:
    """Return a table with a row for each neuron: weights, bias, and what it adds to each output.

    Parameters
    ----------
    network : TwoLayerNetwork
        The network.
    input_names, output_names : sequence of str, optional
        Headings; x0, x1, … and y0, y1, … if left out.
    """
    k, d, m = network.n_neurons, network.n_inputs, network.n_outputs
    inputs = input_names or [f"x{i}" for i in range(d)]
    outputs = output_names or [f"y{j}" for j in range(m)]
    biased = bool(network.hidden_bias.any())
    headings = [
        "neuron",
        *_some(inputs),
        *(["bias"] if biased else []),
        *(f"→ {name}" for name in _some(outputs)),
    ]
    scales = [float(np.abs(part).max(initial=0.0)) or 1.0 for part in (network.W, network.A)]
    rows = []
    for a in range(min(k, _MOST_NEURONS)):
        cells = [f"<th>{a}</th>", *_cells(network.W[a], scales[0])]
        cells += [f"<td>{network.hidden_bias[a]:.4g}</td>"] if biased else []
        rows.append("".join([*cells, *_cells(network.A[:, a], scales[1])]))
    slope = f", negative slope {network.negative_slope:.4g}" if network.negative_slope else ""
    linear = ", a linear part beside them" if network.linear.any() else ""
    sizes = f"{counted(d, 'input')}, {counted(k, 'neuron')}, {counted(m, 'output')}"
    more = f"<p>and {k - len(rows)} neurons more</p>" if k > len(rows) else ""
    head = "".join(f"<th>{escape(visible(name))}</th>" for name in headings)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f"<div><p>Two-layer network: {sizes}{slope}{linear}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"
    )


def _some(names: Sequence[str]) -> list[str]:
    return [*names[:_MOST_WEIGHTS], *(["…"] if len(names) > _MOST_WEIGHTS else [])]


def _cells(values: Array, scale: float) -> list[str]:
    """Return cells whose shade is the size; it is faint, to be read on light and on dark pages."""
    cells = []
    for value in values[:_MOST_WEIGHTS]:
        colour = "217,95,2" if value > 0.0 else "31,119,180"
        shade = f"rgba({colour},{0.55 * min(abs(value) / scale, 1.0):.2f})"
        cells.append(f'<td style="background:{shade}">{value:.3g}</td>')
    return [*cells, *(["<td>…</td>"] if len(values) > _MOST_WEIGHTS else [])]
