"""Theorems 9 and 10 at work: σ_min(M) against ρ and λ, and what it does for the recovery.

    python -m experiments.paper.perturbation

Inputs are ±1, and the rows of W come in pairs at 45 degrees, ``(e₁ ± e₂)/√2``: of the two neurons
of a pair one is silent wherever the other speaks, so their column of the distinguishing matrix is
zero. Two perturbations mend it: of the weights, ``W + ρE`` (Theorem 9, which has Gaussian inputs
and, for them, pairs of equal rows), and of the inputs, a share λ of which is replaced by ``Q n``
(Theorem 10). The distinguishing matrix is exact: a sum over all 2^d inputs, and the closed form for
Gaussian ones.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.model import unit_rows
from pureneuron.samples import ArraySamples
from pureneuron.spectral import (
    distinguishing_matrix,
    gaussian_distinguishing_matrix,
    perturb_inputs,
    perturb_weights,
)
from pureneuron.typing import Array

from .trials import publish

_SIZE, _ROWS, _NOISE, _TRIALS = 10, 20_000, 0.1, 10
_AMOUNTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
# Summed squared error of A up to which a network counts as the right one.
_RIGHT = 0.5
_EXPERIMENTS = {
    "inputs": "±1 inputs, W at 45°, a share λ of the inputs replaced (Theorem 10)",
    "weights": "±1 inputs, W at 45° + ρE",
    "gaussian": "Gaussian inputs, equal rows of W in pairs + ρE (Theorem 9)",
}


def _at_45_degrees() -> Array:
    pairs = np.eye(_SIZE).reshape(-1, 2, _SIZE)
    first, second = pairs[:, 0], pairs[:, 1]
    rows = np.concatenate([first + second, first - second])
    return rows / np.sqrt(2.0)


def _equal_in_pairs() -> Array:
    return np.repeat(np.eye(_SIZE)[: _SIZE // 2], 2, axis=0)


def _problem(experiment: str, amount: float, seed: int) -> tuple[Array, Array, float]:
    """Return W, inputs, and the exact σ_min of the augmented distinguishing matrix."""
    rng = np.random.default_rng((seed, 1))
    if experiment == "gaussian":
        W = unit_rows(perturb_weights(_equal_in_pairs(), amount, rng=rng))
        M = gaussian_distinguishing_matrix(W, augmented=True)
        return W, symmetric_inputs(_ROWS, _SIZE, rng=rng), _least(M)
    corners = np.array(list(product((-1.0, 1.0), repeat=_SIZE)))
    X = symmetric_inputs(_ROWS, _SIZE, "rademacher", rng=rng)
    if experiment == "weights":
        W = unit_rows(perturb_weights(_at_45_degrees(), amount, rng=rng))
        return W, X, _least(distinguishing_matrix(corners, W, augmented=True))
    W, Q = _at_45_degrees(), rng.standard_normal((_SIZE, _SIZE))
    M = (1.0 - amount) * distinguishing_matrix(corners, W, augmented=True)
    M += amount * gaussian_distinguishing_matrix(W, covariance=Q @ Q.T, augmented=True)
    return W, perturb_inputs(X, amount, Q=Q, rng=rng), _least(M)


def _least(M: Array) -> float:
    return float(np.linalg.svd(M, compute_uv=False).min())


def trial(task: tuple[str, float, int]) -> dict[str, Any]:
    """Recover one network by the moments alone and by the whole pipeline."""
    experiment, amount, seed = task
    W, X, alpha = _problem(experiment, amount, seed)
    rng = np.random.default_rng((seed, 2))
    teacher = TwoLayerNetwork(make_teacher(_SIZE, _SIZE, _SIZE, rng=rng).A, W)
    samples = ArraySamples(X, teacher.predict(X) + _NOISE * rng.standard_normal((_ROWS, _SIZE)))
    result: dict[str, Any] = {"alpha": alpha}
    for method, refine in (("moments", False), ("pipeline", True)):
        recovery = recover(samples, _SIZE, refine=refine, rng=seed)
        error = recovery.network.match(teacher).error_A
        result[method] = {"error_A": error, "status": recovery.status.name}
    return result


def main() -> None:
    """Run all trials, and write ``perturbation.json``, ``.md`` and ``.svg``."""
    keys = [(e, a, seed) for e in _EXPERIMENTS for a in _AMOUNTS for seed in range(_TRIALS)]
    results = publish("perturbation", trial, keys, _page)
    _plot(results, Path("docs/figures/paper/figure-perturbation.svg"))


def _where(results: list[dict[str, Any]], experiment: str, amount: float) -> list[dict[str, Any]]:
    return [r for r in results if r["key"][:2] == [experiment, amount]]


def _plot(results: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained", sharey=True)
    series: dict[str, Callable[[dict[str, Any]], float]] = {
        "σ_min(M)": lambda r: float(r["alpha"]),
        "error of A, moments": lambda r: float(r["moments"]["error_A"]),
        "error of A, pipeline": lambda r: float(r["pipeline"]["error_A"]),
    }
    for axis, (experiment, title) in zip(axes, _EXPERIMENTS.items(), strict=True):
        for (label, value), color in zip(series.items(), ("k", "C0", "C2"), strict=True):
            medians = [
                np.median([value(r) for r in _where(results, experiment, amount)])
                for amount in _AMOUNTS
            ]
            axis.plot(_AMOUNTS, np.maximum(medians, 1e-6), "o-", ms=3, color=color, label=label)
        axis.set_xscale("symlog", linthresh=_AMOUNTS[1])
        axis.set(yscale="log", xlabel="λ" if experiment == "inputs" else "ρ")
        axis.set_title(title, fontsize="small", wrap=True)
    axes[0].legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _page(results: list[dict[str, Any]]) -> list[str]:
    lines = [
        "# Perturbations that make a degenerate problem solvable",
        "",
        f"Made by `make paper`. {_SIZE}×{_SIZE}, n = {_ROWS:,}, noise standard deviation {_NOISE}, "
        f"{_TRIALS} trials; medians. σ_min(M) is exact, for unit rows of W. *RECOVERED* counts the "
        "trials with that status, and of these the ones whose summed squared error of A is above "
        f"{_RIGHT}.",
        "",
        "![Perturbations](figure-perturbation.svg)",
        "",
    ]
    for experiment, title in _EXPERIMENTS.items():
        lines += [
            f"## {title}",
            "",
            f"| {'λ' if experiment == 'inputs' else 'ρ'} | σ_min(M) | error of A, moments "
            "| RECOVERED, wrong | error of A, pipeline | RECOVERED, wrong | other statuses |",
            "|---|---|---|---|---|---|---|",
        ]
        for amount in _AMOUNTS:
            here = _where(results, experiment, amount)
            cells = [f"{amount:g}", f"{np.median([r['alpha'] for r in here]):.2g}"]
            for method in ("moments", "pipeline"):
                errors = np.array([r[method]["error_A"] for r in here])
                recovered = np.array([r[method]["status"] == "RECOVERED" for r in here])
                wrong = int(np.sum(recovered & (errors > _RIGHT)))
                cells += [f"{np.median(errors):.2g}", f"{recovered.sum()}, {wrong}"]
            others = {r["pipeline"]["status"] for r in here} - {"RECOVERED"}
            cells.append(", ".join(sorted(others)) or "–")
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return lines


if __name__ == "__main__":
    main()
