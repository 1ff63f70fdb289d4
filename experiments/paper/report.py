"""Plots with the paper's points, and a page with every point beside the paper's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from pureneuron.typing import Array

from .methods import METHODS
from .points import PANELS, Point, points

__all__ = ["write_report"]

# The paper's number of trials; the rest of ours are for the bands.
_PAPER_TRIALS = 5
_STYLES = {
    "plain": "C7",
    "practical": "C1",
    "practical, random starts": "C3",
    "moments": "C0",
    "pipeline": "C2",
}
_READINGS = ("practical", "practical, random starts")
_ERRORS = ("error_A", "error_W")
_FLOOR = 1e-30

_INTRODUCTION = f"""# The paper's figures

Made by `make paper`. Summed squared errors of A and W as the paper defines them; MSE is against
the noisy outputs, on the rows fitted and on as many new ones. *plain*: Algorithm 2, with noise
Algorithm 3. *practical*: the paper's variant (10,000 elements of the span, canonical polyadic
decomposition by alternating least squares with 10 restarts, then descent in W with A fixed), each
restart from the eigenvectors of a random pair of elements, the descent until the loss stands still.
*practical, random starts*: the same from Gaussian factors, and 300 steps of gradient descent from
Gaussian weights. *moments*: this library's moment estimate. *pipeline*: its default fit.

Lines are means, as in the paper; bands hold the middle 80 % of the trials; crosses are the paper's
points. In the tables, means over all trials, and for the practical variants the range that means of
{_PAPER_TRIALS} trials have (middle 95 %, resampled); *within* says of A and W whether the paper's
value lies in the range of the first or of the second, between them, or is higher or lower than
both.
"""


def write_report(results: list[dict[str, Any]], output: Path) -> None:
    """Write a plot a panel and ``figures.md``."""
    lines, agreement = [_INTRODUCTION], Counter[str]()
    for name, panel in PANELS.items():
        here = [point for point in points() if point.panel == name]
        problems = {point.problem for point in here}
        chosen = [result for result in results if tuple(result["key"][:-1]) in problems]
        if not chosen:
            continue
        lines += [f"## Figure {name}: {panel.title}", ""]
        # Other readings have the same points of the paper, and are for the table alone.
        if "reading" not in name:
            slug = f"figure-{name.replace(' ', '-')}.svg"
            _plot(name, here, chosen, output / slug)
            lines += [f"![Figure {name}]({slug})", ""]
        table, verdicts = _table(panel.label, here, chosen)
        lines += [*table, ""]
        if "reading" not in name:
            agreement += verdicts
        if name == "2 left":
            lines += [_sentence(chosen), ""]
    lines += [_summary(agreement), ""]
    (output / "figures.md").write_text("\n".join(lines))
    print("\n".join(lines))


def _values(results: list[dict[str, Any]], x: float, method: str, key: str) -> Array:
    return np.array([r[method][key] for r in results if r["key"][0] == x])


def _plot(name: str, here: list[Point], results: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    x = [point.x for point in here if any(r["key"][0] == point.x for r in results)]
    for axis, key, title in zip(
        axes, (*_ERRORS, "mse"), ("error of A", "error of W", "MSE"), strict=True
    ):
        for method in METHODS:
            values = [_values(results, each, method, key) for each in x]
            mean = [max(v.mean(), _FLOOR) for v in values]
            low, high = zip(*(np.quantile(v, [0.1, 0.9]) for v in values), strict=True)
            axis.plot(x, mean, "o-", ms=3, color=_STYLES[method], label=method)
            axis.fill_between(
                x, np.maximum(low, _FLOOR), high, color=_STYLES[method], alpha=0.2, lw=0
            )
        theirs = [point for point in here if getattr(point, key) is not None]
        axis.plot([p.x for p in theirs], [getattr(p, key) for p in theirs], "kx", label="paper")
        axis.set(yscale="log", xlabel=PANELS[name].label, title=title)
        if name.startswith("4"):
            axis.set(xscale="log")
    axes[0].legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _table(
    label: str, here: list[Point], results: list[dict[str, Any]]
) -> tuple[list[str], Counter[str]]:
    """Return the lines, and how many of the paper's values agree with what."""
    counts = Counter[str]()
    lines = [
        f"| {label} | trials | paper A, W | practical (range of 5) "
        "| practical, random starts (range of 5) | within A, W | plain | moments | pipeline "
        "| pipeline/paper | MSE: paper, practical, pipeline (on new rows) |",
        "|---" * 11 + "|",
    ]
    for point in here:
        errors = {
            method: [_values(results, point.x, method, key) for key in _ERRORS]
            for method in METHODS
        }
        n = len(errors["plain"][0])
        if not n:
            continue
        theirs = [getattr(point, key) for key in _ERRORS]
        cells = [f"{point.x:g}", str(n), _pair(theirs)]
        ranges = {method: [_range_of_means(v) for v in errors[method]] for method in _READINGS}
        for method in _READINGS:
            cells.append(
                ", ".join(
                    f"{values.mean():.3g} ({low:.2g} to {high:.2g})"
                    for values, (low, high) in zip(errors[method], ranges[method], strict=True)
                )
            )
        verdicts = [
            _within(value, point.uncertainty, *(ranges[method][i] for method in _READINGS))
            for i, value in enumerate(theirs)
        ]
        cells.append(", ".join(verdicts))
        counts.update(verdict for verdict in verdicts if verdict != "–")
        for method in ("plain", "moments", "pipeline"):
            cells.append(_pair([values.mean() for values in errors[method]]))
        ratios = [
            None if value is None else values.mean() / value
            for values, value in zip(errors["pipeline"], theirs, strict=True)
        ]
        cells.append(_pair(ratios))
        counts["pipeline not above"] += sum(ratio is not None and ratio <= 1.0 for ratio in ratios)
        new = _values(results, point.x, "pipeline", "test_mse").mean()
        mse = [
            point.mse,
            *(_values(results, point.x, each, "mse").mean() for each in ("practical", "pipeline")),
        ]
        cells.append(f"{_pair(mse)} ({new:.2g})")
        lines.append("| " + " | ".join(cells) + " |")
    return lines, counts


def _summary(agreement: Counter[str]) -> str:
    """Count the values of all panels, other readings apart."""
    counts = dict(agreement)
    below = counts.pop("pipeline not above", 0)
    parts = ", ".join(f"{verdict} {count}" for verdict, count in sorted(counts.items()))
    return (
        f"## All values\n\nOf the paper's {sum(counts.values())} values of A and W, by what they "
        f"lie in: {parts}. The full pipeline is at or below {below} of them."
    )


def _pair(values: list[float | None]) -> str:
    return ", ".join("–" if value is None else f"{value:.3g}" for value in values)


def _range_of_means(values: Array, trials: int = _PAPER_TRIALS) -> tuple[float, float]:
    means = np.random.default_rng(0).choice(values, (4000, trials)).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _within(
    value: float | None, uncertainty: float, first: tuple[float, float], second: tuple[float, float]
) -> str:
    if value is None:
        return "–"
    for name, (low, high) in (("first", first), ("second", second)):
        if low - uncertainty <= value <= high + uncertainty:
            return name
    if value < min(first[0], second[0]):
        return "lower"
    return "higher" if value > max(first[1], second[1]) else "between"


def _sentence(results: list[dict[str, Any]]) -> str:
    """Set the paper's sentence about the plain algorithm beside what it gives."""
    trials, n = 10, 10_000.0
    said = []
    for key in _ERRORS:
        values = _values(results, n, "plain", key)
        low, high = _range_of_means(values, trials)
        said.append(f"{values.mean():.2g} ({low:.2g} to {high:.2g}) for {key[-1]}")
    mse = _values(results, n, "plain", "mse")
    return (
        f"The paper says of the plain algorithm at n = 10,000 that its error averages about 0.15 "
        f"over {trials} trials, with an MSE near zero. Here, and in means of {trials}: "
        f"{', '.join(said)}; median {np.median(_values(results, n, 'plain', 'error_A')):.2g} for "
        f"A, and {np.median(mse):.2g} for the MSE."
    )
