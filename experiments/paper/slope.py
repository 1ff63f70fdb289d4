"""Whether the standard errors of a fitted slope (``negative_slope="auto"``) are what they say.

python -m experiments.paper.slope
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.samples import ArraySamples

from .trials import publish

_SLOPE, _TRIALS = 0.2, 150
_CELLS = {
    "one neuron": {"d": 1, "k": 1, "m": 1, "n": 1000, "noise": 0.1, "biased": False},
    "4 neurons": {"d": 6, "k": 4, "m": 5, "n": 3000, "noise": 0.3, "biased": False},
    "3 neurons, biases": {"d": 4, "k": 3, "m": 3, "n": 3000, "noise": 0.1, "biased": True},
}


def trial(task: tuple[str, int]) -> dict[str, Any]:
    """Fit one data set."""
    name, seed = task
    cell = _CELLS[name]
    d, k, m, n, biased = (cell[key] for key in ("d", "k", "m", "n", "biased"))
    rng = np.random.default_rng(1000 * int(k) + seed)
    plain = make_teacher(int(d), int(k), int(m), rng=rng)
    teacher = TwoLayerNetwork(
        plain.A,
        plain.W,
        hidden_bias=0.5 * rng.standard_normal(int(k)) if biased else None,
        output_bias=rng.standard_normal(int(m)) if biased else None,
        negative_slope=_SLOPE,
    )
    X = symmetric_inputs(int(n), int(d), rng=rng)
    Y = teacher.predict(X)
    Y = Y + cell["noise"] * Y.std() * rng.standard_normal(Y.shape)
    recovery = recover(
        ArraySamples(X, Y),
        int(k),
        negative_slope="auto",
        fit_hidden_bias=bool(biased),
        fit_intercept=bool(biased),
        rng=seed,
    )
    figures = recovery.stage("slope").figures
    error = (float(figures["slope"]) - _SLOPE) / float(figures["standard_error"])
    return {"error": error, "status": recovery.status.name}


def main() -> None:
    """Run all trials, and write ``slope.json`` and ``slope.md``."""
    publish("slope", trial, [(name, seed) for name in _CELLS for seed in range(_TRIALS)], _page)


def _page(results: list[dict[str, Any]]) -> list[str]:
    lines = [
        "# The fitted slope",
        "",
        f"Made by `make paper`. True slope {_SLOPE}, {_TRIALS} data sets a cell; errors of the "
        "slope in units of the standard error that is stated with it.",
        "",
        "| cell | mean | standard deviation | largest | RECOVERED |",
        "|---|---|---|---|---|",
    ]
    for name in _CELLS:
        here = [result for result in results if result["key"][0] == name]
        errors = np.array([result["error"] for result in here])
        recovered = sum(result["status"] == "RECOVERED" for result in here)
        lines.append(
            f"| {name} | {errors.mean():.2f} | {errors.std():.2f} | {np.abs(errors).max():.1f} "
            f"| {recovered} of {len(here)} |"
        )
    return lines


if __name__ == "__main__":
    main()
