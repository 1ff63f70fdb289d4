"""Whether the errors of the fit are as small as errors can be: the Cramér–Rao bound.

    python benchmarks/efficiency.py [--data-sets 400] [--output docs/figures]

Each data set has a teacher, inputs and noise of its own. The bound is the inverse of the Fisher
information of (A, W) in normal form, at the truth and for the inputs drawn: unit rows of W move on
the sphere only. The table compares summed squared errors with the sum of the bounds, for A and W
apart; ± is the Monte-Carlo standard error of the ratio. Where noise differs and is correlated
between outputs, the bound knows its covariance; ``noise_covariance="full"`` has to estimate it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parallel import in_parallel
from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples


@dataclass(frozen=True)
class Cell:
    """Data sets of one size and noise: k = d = m, n rows.

    ``full`` noise has standard deviations from a third to three times ``noise``, and correlations;
    ``weighted`` says whether the fit knows that.
    """

    k: int
    n: int
    noise: float
    full: bool = False
    weighted: bool = False


CELLS = (
    *(Cell(k, n, noise) for k in (5, 10) for n in (2_000, 10_000) for noise in (0.1, 0.5)),
    Cell(5, 10_000, 0.5, full=True),
    Cell(5, 10_000, 0.5, full=True, weighted=True),
)


def noise_root(cell: Cell, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return R with noise covariance ``R Rᵀ``."""
    if not cell.full:
        return cell.noise * np.eye(cell.k)
    rotation = np.linalg.qr(rng.standard_normal((cell.k, cell.k)))[0]
    return cell.noise * rotation * np.geomspace(1.0 / 3.0, 3.0, cell.k)


def bounds(
    teacher: TwoLayerNetwork, X: NDArray[np.float64], root: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    """Return bases of the tangent spaces (k, d, d-1), and the bounds on the errors of A and W."""
    A, W = teacher.A, teacher.W
    (m, k), d = A.shape, X.shape[1]
    tangents = np.stack([np.linalg.svd(w[None])[2][1:].T for w in W])
    D = (X @ W.T > 0.0).astype(float)
    H = D * (X @ W.T)
    T = np.concatenate([D[:, [a]] * (X @ tangents[a]) for a in range(k)], axis=1)
    precision = np.linalg.inv(root @ root.T)
    # Parameters: A column by column, then the tangent coordinates of each row of W.
    of_A = np.kron(H.T @ H, precision)
    coupling = np.repeat(np.repeat(A.T @ precision @ A, d - 1, axis=0), d - 1, axis=1)
    of_W = (T.T @ T) * coupling
    cross = np.concatenate(
        [
            np.kron((H.T @ T[:, a * (d - 1) : (a + 1) * (d - 1)]), (precision @ A[:, [a]]))
            for a in range(k)
        ],
        axis=1,
    )
    covariance = np.linalg.inv(np.block([[of_A, cross], [cross.T, of_W]]))
    variances = np.diag(covariance)
    return tangents, float(variances[: m * k].sum()), float(variances[m * k :].sum())


def run(task: tuple[Cell, int]) -> dict[str, Any]:
    """Fit one data set; return squared errors and bounds."""
    cell, seed = task
    rng = np.random.default_rng((CELLS.index(cell), seed))
    k = cell.k
    teacher = make_teacher(k, k, k, rng=rng).normalized()
    X = rng.standard_normal((cell.n, k))
    root = noise_root(cell, rng)
    Y = teacher.predict(X) + rng.standard_normal((cell.n, k)) @ root.T
    recovery = recover(
        ArraySamples(X, Y),
        k,
        noise_covariance="full" if cell.weighted else "spherical",
        rng=seed,
    )
    tangents, bound_A, bound_W = bounds(teacher, X, root)
    found = recovery.network
    right = found.match(teacher).right
    truth = teacher.permuted(right)
    errors = np.einsum("adt,ad->at", tangents[right], found.W - truth.W)
    return {
        "cell": asdict(cell),
        "seed": seed,
        "status": recovery.status.name,
        "squared_A": float(np.sum((found.A - truth.A) ** 2)),
        "squared_W": float(np.sum(errors**2)),
        "bound_A": bound_A,
        "bound_W": bound_W,
    }


def table(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Lines of the table."""
    yield "| k = d = m | n | noise sd | data sets | RECOVERED | A: error/bound | W: error/bound |"
    yield "|---|---|---|---|---|---|---|"
    for cell in CELLS:
        mine = [run for run in runs if run["cell"] == asdict(cell)]
        ratios = []
        for part in ("A", "W"):
            squared = np.array([run[f"squared_{part}"] for run in mine])
            bound = np.array([run[f"bound_{part}"] for run in mine])
            ratio = squared.sum() / bound.sum()
            error = np.sqrt(np.sum((squared - ratio * bound) ** 2)) / bound.sum()
            ratios.append(f"{ratio:.3f} ± {error:.3f}")
        noise = f"{cell.noise:g}"
        if cell.full:
            noise += ", different and correlated" + (
                ", weighted" if cell.weighted else ", not weighted"
            )
        recovered = sum(run["status"] == "RECOVERED" for run in mine)
        of_A, of_W = ratios
        yield f"| {cell.k} | {cell.n} | {noise} | {len(mine)} | {recovered} | {of_A} | {of_W} |"


def main() -> None:
    """Fit all data sets on two processes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data-sets", type=int, default=400, help="a cell")
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    tasks = [(cell, seed) for cell in CELLS for seed in range(options.data_sets)]
    runs = list(in_parallel(run, tasks, chunksize=4))
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "efficiency.json").write_text(json.dumps(runs) + "\n")
    text = "\n".join(
        [
            "# Statistical efficiency",
            "",
            f"Made by `python benchmarks/efficiency.py --data-sets {options.data_sets}`; every run "
            "is in `efficiency.json`. Summed squared error over summed Cramér–Rao bound, for A and "
            "W in normal form; ± is the Monte-Carlo standard error. 1 is the best that an unbiased "
            "estimate can do.",
            "",
            *table(runs),
            "",
        ]
    )
    (options.output / "efficiency.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
