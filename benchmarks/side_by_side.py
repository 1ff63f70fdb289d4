"""What a descent costs that is made side by side with others, and alone.

    python benchmarks/side_by_side.py [--output docs/figures]

makes 32 descents from random starts, one after the other (``minimize``) and together
(``minimize_together``), on one thread: biases, noise of a tenth of the signal, Gaussian inputs. The
time of a descent is that of all of them, divided; the best of three rounds counts for each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pureneuron.initialize import random_start
from pureneuron.model import TwoLayerNetwork
from pureneuron.optimize import Fit, Limits, minimize, minimize_together, n_side_by_side
from pureneuron.problem import Problem, pose
from pureneuron.samples import ArraySamples
from pureneuron.samples.cores import using_cores

# Inputs, neurons, outputs and rows.
SIZES = (
    (10, 5, 1, 560),
    (10, 10, 10, 210),
    (20, 10, 5, 510),
    (10, 5, 1, 2_000),
    (32, 32, 32, 650),
    (10, 10, 1, 4_000),
)
_STARTS, _ROUNDS = 32, 3
_LIMITS = Limits(max_iter=30, tol=1e-5)


def problem_of(d: int, k: int, m: int, n: int) -> Problem:
    """Draw a problem."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal((k, d)) / np.sqrt(d)
    teacher = TwoLayerNetwork(rng.standard_normal((m, k)), W, 0.7 * rng.standard_normal(k))
    X = rng.standard_normal((n, d))
    Y = teacher.predict(X)
    Y = Y + 0.1 * Y.std() * rng.standard_normal(Y.shape)
    return pose(ArraySamples(X, Y), fit_hidden_bias=True, fit_intercept=True)


def milliseconds(descents: Callable[[], list[Fit]]) -> tuple[float, float]:
    """Return the time of a descent, and its iterations."""
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        fits = descents()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times) / _STARTS, float(np.mean([fit.info.n_iter for fit in fits]))


def compared(rows: Problem, k: int) -> str:
    """Return the cells that compare descents alone and together."""
    rng = np.random.default_rng(1)
    starts = [random_start(rows, k, rng=rng) for _ in range(_STARTS)]
    problems = [rows] * _STARTS
    with using_cores(1):
        alone, n_alone = milliseconds(lambda: [minimize(rows, W, limits=_LIMITS) for W in starts])
        together, n_together = milliseconds(
            lambda: minimize_together(problems, starts, limits=_LIMITS)
        )
    precision = "single" if rows.single else "double"
    at_a_time = min(n_side_by_side(rows, k), _STARTS)
    return (
        f"{precision} | {at_a_time} | {alone:.1f} ({n_alone:.0f}) "
        f"| {together:.1f} ({n_together:.0f}) | {alone / together:.1f}"
    )


def main() -> None:
    """Measure, print and write ``side_by_side.md``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    text = (__doc__ or "").split("docs/figures]\n\n")[1].strip().replace("\n", " ")
    lines = [
        "# Descents side by side",
        "",
        f"Made by `python benchmarks/side_by_side.py`, which {text}".replace("``", "`"),
        "",
        "| d | k | m | n | precision | at a time | alone, ms (iterations) "
        "| together, ms (iterations) | ratio |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for size in SIZES:
        whole = problem_of(*size)
        for rows in (whole.in_single_precision, whole):
            lines.append(f"| {' | '.join(map(str, size))} | {compared(rows, size[1])} |")
            print(lines[-1], flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "side_by_side.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
