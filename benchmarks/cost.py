"""What a fit costs in time and memory, against the number of neurons and of rows.

    python benchmarks/cost.py [--largest] [--threads 2] [--output docs/figures]

writes ``cost.json``, the table ``cost.md`` and the plot ``cost.svg``; ``--largest`` adds
k = d = m = 512 with 100,000 rows, which takes minutes. Each fit is the default ``recover`` in a
process of its own, and "to target" is when its own history first is within 1e-4 of its final loss.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_TARGET = 1e-4


@dataclass(frozen=True)
class Cell:
    """Inputs, neurons and outputs k = d = m, and rows."""

    k: int
    n: int
    noise: float = 0.1


OVER_K = tuple(Cell(k, 20_000) for k in (4, 8, 16, 32, 64, 128, 256))
OVER_N = tuple(Cell(64, n) for n in (2_500, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000))
LARGEST = Cell(512, 100_000)


def measure(cell: Cell) -> dict[str, Any]:
    """Fit the problem of a cell, after a small one: loading libraries is not fitting."""
    import numpy as np

    from pureneuron import recover
    from pureneuron.datasets import make_teacher
    from pureneuron.progress import Progress
    from pureneuron.samples import ArraySamples

    def problem(cell: Cell) -> ArraySamples:
        rng = np.random.default_rng(cell.k)
        teacher = make_teacher(cell.k, cell.k, cell.k, rng=rng)
        X = rng.standard_normal((cell.n, cell.k))
        Y = teacher.predict(X)
        Y += cell.noise * rng.standard_normal(Y.shape)
        return ArraySamples(X, Y)

    warm_up = Cell(4, 1_000)
    recover(problem(warm_up), warm_up.k, rng=0)
    samples = problem(cell)
    _, Y, _ = samples.arrays()
    data = 16 * cell.n * cell.k
    history: list[tuple[float, float]] = []
    start = time.perf_counter()

    def record(progress: Progress) -> None:
        if progress.stage == "refining" and progress.loss is not None:
            history.append((time.perf_counter() - start, progress.loss))

    recovery = recover(samples, cell.k, rng=0, callback=record)
    seconds = time.perf_counter() - start
    final = recovery.loss / float(np.mean(np.var(Y, axis=0)))
    reached = [when for when, loss in history if loss <= (1.0 + _TARGET) * final]
    return {
        "cell": asdict(cell),
        "seconds": seconds,
        "to_target": reached[0] if reached else seconds,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "data_gib": data / 2**30,
        "status": recovery.status.name,
        "iterations": recovery.n_iter,
        "stages": {stage.name: stage.seconds for stage in recovery.stages},
    }


def table(runs: list[dict[str, Any]], cells: tuple[Cell, ...]) -> list[str]:
    """Lines of the table for some cells."""
    lines = [
        "| k = d = m | n | to target, s | whole fit, s | subsample, s | all rows, s "
        "| peak GiB (data) | status |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        run = next((run for run in runs if run["cell"] == asdict(cell)), None)
        if run is None:
            continue
        stages = run["stages"]
        lines.append(
            f"| {cell.k} | {cell.n:,} | {run['to_target']:.3g} | {run['seconds']:.3g} "
            f"| {stages.get('subsample', 0.0):.3g} | {stages['multistart']:.3g} "
            f"| {run['peak_gib']:.2f} ({run['data_gib']:.2f}) | {run['status']} |"
        )
    return lines


def plot(runs: list[dict[str, Any]], path: Path) -> None:
    """Draw time against k and against n, with the stages that make it up."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for axis, cells, name, power in (
        (axes[0], OVER_K, "k", 3),
        (axes[1], OVER_N, "n", 1),
    ):
        chosen = [run for cell in cells for run in runs if run["cell"] == asdict(cell)]
        x = [run["cell"][name] for run in chosen]
        for key, label in (("subsample", "subsample"), ("multistart", "all rows")):
            axis.plot(x, [run["stages"].get(key, float("nan")) for run in chosen], ":", label=label)
        axis.plot(x, [run["seconds"] for run in chosen], "o-", label="whole fit")
        last = chosen[-1]["seconds"]
        axis.plot(
            x,
            [last * (v / x[-1]) ** power for v in x],
            "--",
            color="0.7",
            label=f"∝ {name}^{power}",
        )
        axis.set(xscale="log", yscale="log", xlabel=name)
        axis.legend(frameon=False)
    axes[0].set(ylabel="seconds", title="k = d = m, n = 20,000")
    axes[1].set(title="k = d = m = 64")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Run every cell in a process of its own; draw and tabulate."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--largest", action="store_true", help="k = 512, n = 100,000 as well")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    parser.add_argument("--cell", type=int, nargs=2, metavar=("K", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell:
        print(json.dumps(measure(Cell(*options.cell))))
        return

    record = options.output / "cost.json"
    cells = [*OVER_K, *OVER_N]
    runs: list[dict[str, Any]] = []
    if options.largest:
        cells.append(LARGEST)
    elif record.exists():
        runs = [run for run in json.loads(record.read_text()) if run["cell"] == asdict(LARGEST)]
    environment = os.environ | {name: str(options.threads) for name in _THREAD_VARIABLES}
    for cell in dict.fromkeys(cells):
        command = [sys.executable, __file__, "--cell", str(cell.k), str(cell.n)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=3600
        )
        if done.returncode:
            sys.exit(done.stderr)
        runs.append(json.loads(done.stdout))
        print(f"k = {cell.k}, n = {cell.n:,}: {runs[-1]['seconds']:.3g} s", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(runs, indent=1) + "\n")
    plot(runs, options.output / "cost.svg")
    text = "\n".join(
        [
            "# What a fit costs",
            "",
            f"Made by `python benchmarks/cost.py --largest` on {options.threads} threads: Gaussian "
            "inputs, orthonormal teacher, noise sd 0.1, the default `recover` with all its checks. "
            "*To target*: until the fit's own history is within 1e-4 of its final loss.",
            "",
            "![time against k and n](cost.svg)",
            "",
            *table(runs, (*OVER_K, LARGEST)),
            "",
            *table(runs, OVER_N),
            "",
        ]
    )
    (options.output / "cost.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
