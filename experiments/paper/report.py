"""Plots with the paper's points, and a page with every point beside the paper's."""

from __future__ import annotations

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
_STYLES = {"plain": "C7", "practical": "C1", "moments": "C0", "pipeline": "C2"}
_FLOOR = 1e-30


def write_report(results: list[dict[str, Any]], output: Path) -> None:
    """Write a plot a panel and ``figures.md``."""
    lines = [
        "# The paper's figures",
        "",
        "Made by `make paper`. Summed squared errors of A and W as the paper defines them; MSE is "
        "against the noisy outputs. *plain*: Algorithm 2, with noise Algorithm 3. *practical*: the "
        "paper's variant (10,000 elements of the span, canonical polyadic decomposition by "
        "alternating least squares with 10 restarts, then descent in W with A fixed). *moments*: "
        "this library's moment estimate. *pipeline*: its default fit. Lines are means, as in the "
        "paper; bands hold the middle 80 % of the trials; crosses are the paper's points. In the "
        "tables, means over all trials, and for the practical variant the range that means of "
        f"{_PAPER_TRIALS} trials have (middle 95 %, resampled).",
        "",
    ]
    for name, panel in PANELS.items():
        here = [point for point in points() if point.panel == name]
        chosen = [result for result in results if result["panel"] == name]
        if not chosen:
            continue
        slug = name.replace(" ", "-")
        _plot(name, here, chosen, output / f"figure-{slug}.svg")
        lines += [
            f"## Figure {name}: {panel.title}",
            "",
            f"![Figure {name}](figure-{slug}.svg)",
            "",
            *_table(panel.label, here, chosen),
            "",
        ]
    (output / "figures.md").write_text("\n".join(lines))
    print("\n".join(lines))


def _values(results: list[dict[str, Any]], point: Point, method: str, key: str) -> Array:
    return np.array([r[method][key] for r in results if r["x"] == point.x])


def _plot(name: str, here: list[Point], results: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    computed = [p for p in here if any(r["x"] == p.x for r in results)]
    x = [point.x for point in computed]
    for axis, key, title in zip(
        axes, ("error_A", "error_W", "mse"), ("error of A", "error of W", "MSE"), strict=True
    ):
        for method in METHODS:
            values = [_values(results, point, method, key) for point in computed]
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


def _table(label: str, here: list[Point], results: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"| {label} | trials | paper A, W | practical A, W (range of 5) | within | plain A, W "
        "| moments A, W | pipeline A, W | pipeline/paper A, W |",
        "|---" * 9 + "|",
    ]
    rng = np.random.default_rng(0)
    for point in here:
        errors = {
            method: [_values(results, point, method, key) for key in ("error_A", "error_W")]
            for method in METHODS
        }
        n = len(errors["plain"][0])
        if not n:
            continue
        ranges, within = [], []
        for values, theirs in zip(errors["practical"], (point.error_A, point.error_W), strict=True):
            means = rng.choice(values, (2000, _PAPER_TRIALS)).mean(axis=1)
            low, high = np.quantile(means, [0.025, 0.975])
            ranges.append(f"{values.mean():.3g} ({low:.2g} to {high:.2g})")
            if theirs is not None:
                within.append(
                    "yes"
                    if low - point.uncertainty <= theirs <= high + point.uncertainty
                    else "higher"
                    if theirs > high
                    else "lower"
                )
        means = {
            method: ", ".join(f"{v.mean():.2g}" for v in pair) for method, pair in errors.items()
        }
        paper, ratio = "–", "–"
        if point.error_A is not None and point.error_W is not None:
            paper = f"{point.error_A:g}, {point.error_W:g}"
            ratio = ", ".join(
                f"{values.mean() / theirs:.2g}"
                for values, theirs in zip(
                    errors["pipeline"], (point.error_A, point.error_W), strict=True
                )
            )
        lines.append(
            f"| {point.x:g} | {n} | {paper} | {', '.join(ranges)} | {', '.join(within) or '–'} "
            f"| {means['plain']} | {means['moments']} | {means['pipeline']} | {ratio} |"
        )
    return lines
