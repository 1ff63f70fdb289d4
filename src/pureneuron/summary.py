"""The table of a network and its standard errors, as statsmodels prints one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special

from pureneuron.model import TwoLayerNetwork, visible
from pureneuron.typing import Array

__all__ = ["Errors", "number", "student", "summary_table"]

_COLUMNS = (12, 13, 10, 8, 12, 12)  # coefficient, standard error, t, p-value, ends of the interval
_UNDETERMINED = "undetermined"
_LONGEST_NAME = 24
_FEWEST_DECIMALS, _MOST_DECIMALS = 3, 7


class Errors(Protocol):
    """Standard errors of a network: arrays of the shapes of its parts."""

    @property
    def A(self) -> Array:
        """Of the entries of A; zero for what is exact, infinite for what is undetermined."""

    @property
    def W(self) -> Array:
        """Of the entries of W."""

    @property
    def hidden_bias(self) -> Array:
        """Of the hidden biases."""

    @property
    def output_bias(self) -> Array:
        """Of the output biases."""

    @property
    def negative_slope(self) -> float:
        """Of the slope."""

    @property
    def linear(self) -> Array:
        """Of the entries of the linear part."""

    @property
    def freedom(self) -> float:
        """Degrees of freedom of Student's law."""


@dataclass(frozen=True, eq=False)
class _Section:
    """Rows of the table under one heading.

    Attributes
    ----------
    heading : str
        Above them.
    names : sequence of str
        Of the coefficients.
    values : (r,) array
        The coefficients.
    errors : (r,) array or None
        Their standard errors.
    decimals : (r,) array
        Digits after the point.
    """

    heading: str
    names: Sequence[str]
    values: Array
    errors: Array | None
    decimals: Array


def summary_table(
    title: str,
    facts: Sequence[tuple[str, str]],
    network: TwoLayerNetwork,
    errors: Errors | None,
    *,
    input_names: Sequence[str],
    output_names: Sequence[str],
    level: float,
    max_rows: int | None,
    remarks: Sequence[str],
) -> str:
    """Return the table.

    Parameters
    ----------
    title : str
        Above it.
    facts : sequence of (str, str)
        What is known besides, for the header: two columns, filled one after the other.
    network : TwoLayerNetwork
        The network.
    errors : Errors or None
        Its standard errors.
    input_names, output_names : sequence of str
        Names of inputs and outputs.
    level : float
        Of the intervals.
    max_rows : int or None
        Most coefficients of neurons, and most output biases, that are shown; None shows all.
    remarks : sequence of str
        Below it.
    """
    inputs, outputs = ([visible(name) for name in names] for names in (input_names, output_names))
    sections = list(_sections(network, errors, inputs, outputs))
    shown, left_out = _shortened(sections, network.n_neurons, max_rows)
    names = (name for section in shown for name in (*section.names, section.heading))
    longest = max(map(len, names), default=0)
    first = min(max(longest + 2, 10), _LONGEST_NAME)
    width = first + sum(_COLUMNS)
    freedom = np.inf if errors is None else errors.freedom
    lines = [title.center(width).rstrip(), "=" * width, *_header(facts, width), "=" * width]
    headings = _headings(level, freedom) if errors is not None else ["coef"]
    lines += [_row(first, "", headings), "-" * width]
    for section in shown:
        lines += [section.heading] if section.heading else []
        lines += _rows(section, first, level, freedom)
    lines.append("=" * width)
    remarks = [left_out, *remarks] if left_out else [*remarks]
    if remarks:
        lines.append("Notes:")
    for place, remark in enumerate(remarks, 1):
        lines += textwrap.wrap(f"[{place}] {remark}", width, subsequent_indent="    ")
    return "\n".join(lines)


def number(value: float, decimals: int = 4) -> str:
    """Write a number with so many decimals, or its leading digits where they do not show them."""
    if value == 0.0:
        return "0"
    if not 10.0**-decimals <= abs(value) < 1e6:
        return f"{value:.3g}"
    return f"{value:.{decimals}f}"


def student(freedom: float, p: float) -> float:
    """Return the quantile of Student's law, or of the normal law where freedom is infinite."""
    return float(special.stdtrit(freedom, p) if np.isfinite(freedom) else special.ndtri(p))


def _sections(
    network: TwoLayerNetwork,
    errors: Errors | None,
    input_names: Sequence[str],
    output_names: Sequence[str],
) -> Iterator[_Section]:
    """Yield the parts of the network: neurons, biases, slope, linear; what is fitted of them."""
    parts = ("W", "hidden_bias", "A", "output_bias", "negative_slope", "linear")
    values = {name: np.asarray(getattr(network, name), np.float64) for name in parts}
    spread = {
        name: None if errors is None else np.asarray(getattr(errors, name), np.float64)
        for name in parts
    }
    decimals = {name: np.full(values[name].shape, _decimals(spread[name])) for name in parts}
    has = {name: bool(np.any(values[name]) or np.any(spread[name])) for name in parts}
    biased = slice(None) if has["hidden_bias"] else slice(0)
    names = [f"  W {name}" for name in input_names]
    names += ["  bias"] if has["hidden_bias"] else []
    names += [f"  A {name}" for name in output_names]

    known = {name: each for name, each in spread.items() if each is not None}

    def of_neuron(part: dict[str, Array], a: int) -> Array:
        bias = part["hidden_bias"][a : a + 1][biased]
        return np.concatenate([part["W"][a], bias, part["A"][:, a]])

    for a in range(network.n_neurons):
        yield _Section(
            f"neuron {a}",
            names,
            of_neuron(values, a),
            of_neuron(known, a) if known else None,
            of_neuron(decimals, a),
        )
    for name, heading, own in (
        ("output_bias", "output biases", [f"  {each}" for each in output_names]),
        ("negative_slope", "", ["negative slope"]),
        ("linear", "linear part", [f"  {y} of {x}" for y in output_names for x in input_names]),
    ):
        if has[name]:
            error = spread[name]
            yield _Section(
                heading,
                own,
                values[name].reshape(-1),
                None if error is None else error.reshape(-1),
                decimals[name].reshape(-1),
            )


def _decimals(errors: Array | None) -> int:
    """Return the decimals that show three digits of the standard errors, mostly."""
    if errors is None:
        return 4
    known = errors[np.isfinite(errors) & (errors > 0.0)]
    if known.size == 0:
        return 4
    wanted = 2 - int(np.floor(np.log10(np.median(known))))
    return int(np.clip(wanted, _FEWEST_DECIMALS, _MOST_DECIMALS))


def _shortened(
    sections: list[_Section], n_neurons: int, max_rows: int | None
) -> tuple[list[_Section], str]:
    """Return the sections that are shown, and what to say of those that are not."""
    neurons, rest = sections[:n_neurons], sections[n_neurons:]
    a_neuron = len(neurons[0].names) if neurons else 1
    if max_rows is None or max(a_neuron * n_neurons, *(len(s.names) for s in rest), 0) <= max_rows:
        return sections, ""
    most = max(max_rows // a_neuron, 1)
    shown = [_cut(section, max_rows) for section in (*neurons[:most], *rest)]
    rows = sum(len(section.names) for section in shown)
    of = sum(len(section.names) for section in sections)
    return shown, f"shown are {rows} of {of} rows; summary(max_rows=None) shows all"


def _cut(section: _Section, n: int) -> _Section:
    errors = None if section.errors is None else section.errors[:n]
    return _Section(
        section.heading, section.names[:n], section.values[:n], errors, section.decimals[:n]
    )


def _header(facts: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    half = -(-len(facts) // 2)
    left = (width - 4) // 2
    right = width - 4 - left
    for i in range(half):
        pair = [facts[i], facts[half + i] if half + i < len(facts) else ("", "")]
        yield "    ".join(
            f"{name}:{value:>{size - len(name) - 1}}" if name else ""
            for (name, value), size in zip(pair, (left, right), strict=True)
        ).rstrip()


def _headings(level: float, freedom: float) -> list[str]:
    letter = "t" if np.isfinite(freedom) else "z"
    low, high = (f"{0.5 + sign * level / 2.0:.4g}" for sign in (-1.0, 1.0))
    return ["coef", "std err", letter, f"P>|{letter}|", f"[{low}", f"{high}]"]


def _rows(section: _Section, first: int, level: float, freedom: float) -> Iterator[str]:
    factor = student(freedom, 0.5 + level / 2.0)
    for i, name in enumerate(section.names):
        value, decimals = float(section.values[i]), int(section.decimals[i])
        cells = [number(value, decimals)]
        if section.errors is not None:
            error = float(section.errors[i])
            if np.isfinite(error):
                ends = [number(value + sign * factor * error, decimals) for sign in (-1.0, 1.0)]
                cells += [number(error, decimals), *_significance(value, error, freedom), *ends]
            else:
                cells.append(_UNDETERMINED)
        yield _row(first, name, cells)


def _significance(value: float, error: float, freedom: float) -> list[str]:
    """Return t and its p-value; nothing for what is exact."""
    if error == 0.0:
        return ["", ""]
    t = value / error
    p = 2.0 * float(
        special.stdtr(freedom, -abs(t)) if np.isfinite(freedom) else special.ndtr(-abs(t))
    )
    return [number(t, 3), f"{p:.3f}"]


def _row(first: int, name: str, cells: Sequence[str]) -> str:
    if len(name) > first:
        name = name[: first - 1] + "…"
    return (name.ljust(first) + "".join(map(str.rjust, cells, _COLUMNS))).rstrip()
