"""What a handful of passes over much data is worth: moments, then one Gauss–Newton step.

    python benchmarks/passes.py [--rows 100000 1000000] [--noise 0.5] [--seeds 5]

prints the excess of the loss over its minimum after the moments (two passes), and after one step
from them (one pass to gather the activation pattern, one to project A out and check the loss).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from pureneuron.datasets import make_teacher
from pureneuron.optimize import Limits, evaluate, minimize, profile
from pureneuron.optimize.least_squares.pattern import PatternModel
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples, CountedSamples
from pureneuron.spectral import linear_part, moment_estimate

# Next to nothing: the moment estimate is within the valley.
_DAMPING, _EXACT = 1e-8, 1e-12


def measure(n: int, noise: float, seed: int, k: int = 10) -> list[tuple[str, int, float, float]]:
    """Return (after what, passes, excess, seconds) for one problem."""
    rng = np.random.default_rng(seed)
    teacher = make_teacher(k, k, k, rng=rng)
    X = rng.standard_normal((n, k))
    samples = CountedSamples(
        ArraySamples(X, teacher.predict(X) + noise * rng.standard_normal((n, k)))
    )
    start = time.perf_counter()
    problem = pose(samples)
    moments = moment_estimate(problem, linear_part(problem), k, rng=rng)
    marks = [("moments", samples.n_passes, time.perf_counter() - start)]

    at = PatternModel(problem, moments.W, moments.A)
    W = at.point.W + at.step(_DAMPING, _EXACT).V
    marks.append(("step", samples.n_passes, time.perf_counter() - start))
    checked = profile(problem, W, at.point.A)
    marks.append(("check", samples.n_passes, time.perf_counter() - start))

    limits = Limits(tol=_EXACT)
    best = minimize(problem, problem.to_white(teacher), teacher.A, limits=limits).loss
    best = min(best, minimize(problem, checked.W, checked.A, limits=limits).loss)
    losses = (evaluate(problem, moments.W, moments.A), np.nan, checked.loss)
    return [
        (name, passes, loss / best - 1.0, seconds)
        for (name, passes, seconds), loss in zip(marks, losses, strict=True)
    ]


def main() -> None:
    """Print a table and write it to ``passes.md``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    lines = [
        "# Moments, then one Gauss–Newton step",
        "",
        f"Made by `python benchmarks/passes.py`: k = d = m = 10, Gaussian inputs, noise sd "
        f"{options.noise:g}; median (largest) of {options.seeds} problems. Excess of the loss over "
        "its minimum.",
        "",
        "| n | after | passes so far | excess | s so far |",
        "|---|---|---|---|---|",
    ]
    for n in options.rows:
        runs = [measure(n, options.noise, seed) for seed in range(options.seeds)]
        for marks in zip(*runs, strict=True):
            name, passes = marks[0][:2]
            excess = np.array([mark[2] for mark in marks])
            seconds = np.median([mark[3] for mark in marks])
            shown = (
                "–" if np.isnan(excess).any() else f"{np.median(excess):.1e} ({excess.max():.1e})"
            )
            lines.append(f"| {n:,} | {name} | {passes} | {shown} | {seconds:.2f} |")
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "passes.md").write_text("\n".join([*lines, ""]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
