"""How well and how often: moments alone and the full fit over laws, noise and conditioning.

    python benchmarks/recovery.py [--seeds 20] [--output docs/figures]

writes every run to ``recovery.json`` and the tables to ``recovery.md``. A cell is a set of problems
that differ by seed; errors are the paper's (columns of A and rows of W normalised, paired, squared
distance summed over the pairs). A fit *succeeds* if its loss is within 1e-4 of the best known, the
better of itself and the fit started at the truth; without noise, if the loss is at most 1e-16 of
the power of the outputs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from parallel import in_parallel
from pureneuron import recover
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.samples import ArraySamples


@dataclass(frozen=True)
class Cell:
    """One line of a table: a size, an input law, a noise level, a conditioning."""

    size: int
    n: int
    law: str
    noise: float
    kappa: float
    peer_A: float | None = None  # error of A to compare with, where somebody published one
    peer_W: float | None = None


SPECTRAL = (
    Cell(10, 500, "gaussian", 0.0, 1.0, 0.19, 0.08),
    Cell(10, 1_000, "gaussian", 0.0, 1.0, 0.08, 0.02),
    Cell(10, 10_000, "gaussian", 1.0, 1.0, 0.24, 0.08),
    Cell(10, 10_000, "mixture", 1.0, 1.0, 0.67, 0.38),
    Cell(10, 10_000, "gaussian", 0.01, 10.0),
    Cell(32, 10_000, "gaussian", 0.0, 1.0, 0.30, 0.15),
)

LAWS = ("gaussian", "rademacher", "student_t5", "student_t3", "laplace", "uniform", "mixture")

REFINED = (
    *(
        Cell(10, 10_000, law, float(np.sqrt(variance)), 1.0)
        for law in LAWS
        for variance in (0.0, 0.1, 1.0)
    ),
    Cell(10, 10_000, "gaussian", 0.01, 10.0),
    Cell(10, 10_000, "gaussian", 0.01, 30.0),
)


def run(task: tuple[str, Cell, int]) -> dict[str, object]:
    """Fit one problem of a cell, by moments alone or in full."""
    kind, cell, seed = task
    rng = np.random.default_rng(seed)
    teacher = make_teacher(
        cell.size,
        cell.size,
        cell.size,
        condition_A=cell.kappa,
        condition_W=cell.kappa,
        rng=rng,
    )
    X = symmetric_inputs(cell.n, cell.size, cell.law, rng=rng)
    Y = teacher.predict(X) + cell.noise * rng.standard_normal((cell.n, cell.size))
    samples = ArraySamples(X, Y)

    start = time.perf_counter()
    if kind == "spectral":
        recovery = recover(samples, cell.size, init="moments", refine=False, rng=seed)
    else:
        recovery = recover(samples, cell.size, rng=seed)
    seconds = time.perf_counter() - start

    match = recovery.network.match(teacher)
    result = {
        "kind": kind,
        "cell": asdict(cell),
        "seed": seed,
        "seconds": seconds,
        "status": recovery.status.name,
        "error_A": match.error_A,
        "error_W": match.error_W,
        "loss": recovery.loss,
    }
    if kind == "refined":
        relative = recovery.loss / float(np.mean(Y**2))
        best = recovery.loss
        if cell.noise:
            from_truth = recover(samples, cell.size, init=teacher, n_restarts=0, rng=seed)
            best = min(best, from_truth.loss)
        result["excess"] = recovery.loss / best - 1.0 if cell.noise else relative
        result["success"] = bool(result["excess"] <= (1e-4 if cell.noise else 1e-16))
        result["starts"] = int(recovery.stage("multistart").figures["n_starts"])
        result["iterations"] = recovery.n_iter
        # Relative errors of the weights themselves, in normal form.
        mine, theirs = recovery.network, teacher.normalized().permuted(match.right)
        result["relative_A"] = float(np.linalg.norm(mine.A - theirs.A) / np.linalg.norm(theirs.A))
        result["relative_W"] = float(np.linalg.norm(mine.W - theirs.W) / np.linalg.norm(theirs.W))
    return result


def spectral_table(runs: list[dict]) -> Iterable[str]:
    """Lines of the table of spectral estimates."""
    yield (
        "| size | n | inputs | noise sd | κ | error A (median) | error W (median) "
        "| paper A, W | s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for cell in SPECTRAL:
        mine = [r for r in runs if r["kind"] == "spectral" and r["cell"] == asdict(cell)]
        A, W, s = (np.array([r[key] for r in mine]) for key in ("error_A", "error_W", "seconds"))
        peer = "–" if cell.peer_A is None else f"{cell.peer_A:g}, {cell.peer_W:g}"
        yield (
            f"| {cell.size}×{cell.size} | {cell.n} | {cell.law} | {cell.noise:g} | {cell.kappa:g} "
            f"| {A.mean():.4f} ({np.median(A):.4f}) | {W.mean():.4f} ({np.median(W):.4f}) "
            f"| {peer} | {np.median(s):.3f} |"
        )


def refined_table(runs: list[dict]) -> Iterable[str]:
    """Lines of the table of full fits."""
    yield (
        "| inputs | noise variance | κ | success | RECOVERED | of these wrong "
        "| worst relative error A, W "
        "| starts (most) | iterations | s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for cell in REFINED:
        mine = [r for r in runs if r["kind"] == "refined" and r["cell"] == asdict(cell)]
        column = {key: np.array([r[key] for r in mine]) for key in mine[0] if key != "cell"}
        recovered = column["status"] == "RECOVERED"
        wrong = int(np.sum(recovered & ~column["success"]))
        yield (
            f"| {cell.law} | {cell.noise**2:.4g} | {cell.kappa:g} "
            f"| {column['success'].sum()}/{len(mine)} | {recovered.sum()}/{len(mine)} "
            f"| {wrong} "
            f"| {column['relative_A'].max():.1e}, {column['relative_W'].max():.1e} "
            f"| {np.median(column['starts']):.0f} ({column['starts'].max()}) "
            f"| {np.median(column['iterations']):.0f} | {np.median(column['seconds']):.2f} |"
        )


def main() -> None:
    """Run all cells on two processes of one thread each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="problems a cell")
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()

    tasks = [
        (kind, cell, seed)
        for kind, cells in (("spectral", SPECTRAL), ("refined", REFINED))
        for cell in cells
        for seed in range(options.seeds)
    ]
    runs = list(in_parallel(run, tasks, chunksize=2))

    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "recovery.json").write_text(json.dumps(runs, indent=1) + "\n")
    text = "\n".join(
        [
            "# Recovery, measured",
            "",
            f"Made by `python benchmarks/recovery.py --seeds {options.seeds}`; every run is in "
            "`recovery.json`.",
            "",
            "## Moments alone",
            "",
            *spectral_table(runs),
            "",
            "## The full fit, 10×10, n = 10,000",
            "",
            *refined_table(runs),
            "",
        ]
    )
    (options.output / "recovery.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
