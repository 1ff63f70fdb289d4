"""How often a fit finds the network: bad conditioning, few rows, few outputs, biases.

    python benchmarks/success.py [--cells NAME …] [--seeds N] [--output docs/figures]

writes every run to ``success.json`` and the table to ``success.md``; it can be stopped at any time
and goes on where it stopped. A fit has *solved* a problem if its loss is within 1e-4 of the best
known, the better of itself and the fit started at the truth; without noise, if its loss is at most
1e-16 of the variance of the outputs. *Smaller* are those with fewer neurons than were asked for,
because the rows show no more; the best known of their size starts at the truth without the neurons
that are missed least. *Above* are those that are RECOVERED and not solved. All fits are the default
``recover(samples, k)``; in the cells with a law of the inputs, hidden and output biases are fitted.
Their teachers have rows of W N(0, 1/d), kinks N(0, 0.7²) standard deviations of the pre-activation
from its mean, A and output biases N(0, 1).
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parallel import in_parallel
from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.inference.information import information, is_small
from pureneuron.optimize import Fit, Limits, least_missed, minimize_mixed
from pureneuron.options import OptionValues
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.search import polished
from pureneuron.typing import Array


@dataclass(frozen=True)
class Cell:
    """Problems that differ by seed alone; as many inputs as neurons unless said otherwise.

    Attributes
    ----------
    k, m, n : int
        Neurons (and inputs), outputs, rows.
    noise : float
        Standard deviation of the noise, as a share of that of the clean outputs if ``relative``.
    kappa : float
        Condition number of A and W.
    seeds : int
        How many problems.
    wanted : str
        Success rate to reach.
    """

    k: int
    m: int
    n: int
    noise: float = 0.0
    kappa: float = 1.0
    seeds: int = 50
    wanted: str = ""
    relative: bool = False
    d: int | None = None
    law: str | None = None

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return self.k if self.d is None else self.d

    @property
    def is_biased(self) -> bool:
        """Whether teachers have biases; inputs are then of the law that is given."""
        return self.law is not None

    def draw(self, rng: np.random.Generator) -> tuple[TwoLayerNetwork, Array, Array]:
        """Draw a teacher and samples of it."""
        if self.law is None:
            teacher = make_teacher(
                self.n_inputs,
                self.k,
                self.m,
                condition_A=self.kappa,
                condition_W=self.kappa,
                rng=rng,
            )
            X = rng.standard_normal((self.n, self.n_inputs))
        else:
            X = LAWS[self.law](rng, (self.n, self.n_inputs))
            W = rng.standard_normal((self.k, self.n_inputs)) / np.sqrt(self.n_inputs)
            # Kinks among the inputs: other units would be always on, or always off.
            Z = X @ W.T
            b = 0.7 * Z.std(axis=0) * rng.standard_normal(self.k) - Z.mean(axis=0)
            A, c = rng.standard_normal((self.m, self.k)), rng.standard_normal(self.m)
            teacher = TwoLayerNetwork(A, W, b, c)
        Y = teacher.predict(X)
        scale = float(np.sqrt(np.mean(np.var(Y, axis=0)))) if self.relative else 1.0
        return teacher, X, Y + scale * self.noise * rng.standard_normal(Y.shape)


LAWS = {
    "gaussian": lambda rng, size: rng.standard_normal(size),
    "exponential": lambda rng, size: rng.exponential(size=size),
    "uniform": lambda rng, size: rng.uniform(size=size),
    "lognormal": lambda rng, size: rng.lognormal(0.0, 0.7, size),
}


def biased_cells() -> Iterator[tuple[str, Cell]]:
    """Four laws × four sizes × noise 0 and 0.1, with ten rows for each unknown of an output."""
    for d, k, m in ((10, 10, 10), (20, 10, 5), (10, 5, 1), (32, 32, 32)):
        unknowns = k * (d + 1 + m - 1) + m
        for law, noise in itertools.product(LAWS, (0.0, 0.1)):
            name = f"biased-{d}-{k}-{m}-{law}-{noise:g}"
            n = 10 * unknowns // m
            yield name, Cell(k, m, n, noise, wanted="98 %", relative=True, d=d, law=law)


def one_output_cells() -> Iterator[tuple[str, Cell]]:
    """One output with biases, ten Gaussian inputs."""
    for k, noise in itertools.product((5, 10), (0.1, 0.01)):
        yield (
            f"one-output-{k}-{noise:g}",
            Cell(k, 1, 10_000, noise, wanted="98 %", relative=True, d=10, law="gaussian"),
        )
    for k in (20, 30):
        cell = Cell(k, 1, 20_000, wanted="95 %", seeds=20, d=10, law="gaussian")
        yield f"one-output-{k}-0", cell


CELLS = {
    "k10-kappa100": Cell(10, 10, 10_000, 0.001, 100.0, wanted="98 %"),
    "k10-kappa1000": Cell(10, 10, 10_000, 0.0, 1000.0, wanted="98 %"),
    "k32-kappa100": Cell(32, 32, 10_000, 0.001, 100.0, seeds=10, wanted="98 %"),
    "n60": Cell(10, 10, 60, wanted="98 %"),
    "n40": Cell(10, 10, 40, wanted="95 %"),
    "n30": Cell(10, 10, 30, wanted="80 %"),
    "n25": Cell(10, 10, 25, wanted="–"),
    "m8": Cell(10, 8, 2_000, wanted="95 %"),
    "m5": Cell(10, 5, 2_000, wanted="95 %"),
    "m2": Cell(10, 2, 2_000, wanted="95 %"),
    "m1": Cell(10, 1, 2_000, wanted="95 %"),
    "k20-m1": Cell(20, 1, 10_000, seeds=10, wanted="–"),
    "k20-m1-noisy": Cell(20, 1, 10_000, 0.1, seeds=10, wanted="–", relative=True),
    **dict(biased_cells()),
    **dict(one_output_cells()),
}

KEPT = 3  # Networks of a size that are gone on from, and neurons that each is tried without.

HEADER = (
    "| cell | d | k | m | n | noise sd | κ | asked for | solved | RECOVERED "
    "| of these above | of these smaller | starts (most) | s (most) |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def run(task: tuple[str, int]) -> dict[str, Any]:
    """Fit one problem."""
    name, seed = task
    cell = CELLS[name]
    rng = np.random.default_rng(seed)
    teacher, X, Y = cell.draw(rng)
    samples = ArraySamples(X, Y)
    biases: OptionValues = {"fit_hidden_bias": cell.is_biased, "fit_intercept": cell.is_biased}

    start = time.perf_counter()
    recovery = recover(samples, cell.k, rng=seed, **biases)
    seconds = time.perf_counter() - start
    if cell.noise:
        best = best_known(samples, teacher, recovery.network.n_neurons, seed, biased=cell.is_biased)
        solved = recovery.loss <= (1.0 + 1e-4) * min(best, recovery.loss)
    else:
        solved = recovery.loss <= 1e-16 * float(np.mean(np.var(Y, axis=0)))
    return {
        "cell": name,
        "seed": seed,
        "seconds": seconds,
        "solved": bool(solved),
        "status": recovery.status.name,
        "loss": recovery.loss,
        "neurons": recovery.network.n_neurons,
        "starts": int(recovery.stage("multistart").figures["n_starts"]),
    }


def best_known(
    samples: ArraySamples, teacher: TwoLayerNetwork, k: int, seed: int, *, biased: bool
) -> float:
    """Return the lowest loss of fits of k neurons that start at the truth."""
    problem = pose(samples, fit_hidden_bias=biased, fit_intercept=biased)
    limits, rng = Limits(), np.random.default_rng(seed)

    def ends(starts: list[Array]) -> list[Fit]:
        fits = [minimize_mixed(problem, W, limits=limits) for W in starts]
        return sorted(fits, key=lambda fit: fit.loss)[:KEPT]

    fits = ends([problem.to_white(teacher)])
    for _ in range(teacher.n_neurons - k):
        fits = ends(
            [
                np.delete(fit.point.W, neuron, axis=0)
                for fit in fits
                for neuron in least_missed(fit)[:KEPT]
            ]
        )
    known = is_small(problem, k)
    fits = [
        polished(fit, information(fit) if known else None, limits=limits, rng=rng) for fit in fits
    ]
    return min(fit.loss for fit in fits) * problem.output_scale**2


def table(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Lines of the table."""
    yield HEADER
    for name, cell in CELLS.items():
        mine = [run for run in runs if run["cell"] == name]
        if not mine:
            continue
        solved = np.array([run["solved"] for run in mine])
        recovered = np.array([run["status"] == "RECOVERED" for run in mine])
        seconds = np.array([run["seconds"] for run in mine])
        starts = np.array([run["starts"] for run in mine])
        smaller = np.array([run.get("neurons", cell.k) < cell.k for run in mine])
        above = recovered & ~solved
        noise = f"{cell.noise:g}" + (" of the signal" if cell.relative else "")
        yield (
            f"| {name} | {cell.n_inputs} | {cell.k} | {cell.m} | {cell.n} | {noise} "
            f"| {cell.kappa:g} | {cell.wanted} "
            f"| {solved.sum()}/{len(mine)} | {recovered.sum()} | {above.sum()} "
            f"| {np.sum(recovered & smaller)} "
            f"| {np.median(starts):.0f} ({starts.max()}) "
            f"| {np.median(seconds):.2g} ({seconds.max():.2g}) |"
        )


def main() -> None:
    """Make the runs that are wanting, on two processes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS), metavar="CELL")
    parser.add_argument("--seeds", type=int, help="problems a cell, instead of its own number")
    parser.add_argument("--again", action="store_true", help="measure these cells anew")
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()

    record = options.output / "success.json"
    runs = json.loads(record.read_text()) if record.exists() else []
    if options.again:
        runs = [run for run in runs if run["cell"] not in options.cells]
    done = {(run["cell"], run["seed"]) for run in runs}
    tasks = [
        (name, seed)
        for name in options.cells
        for seed in range(options.seeds or CELLS[name].seeds)
        if (name, seed) not in done
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    for result in in_parallel(run, tasks):
        runs.append(result)
        record.write_text(json.dumps(runs, indent=1) + "\n")
    text = "\n".join(
        [
            "# How often the network is found",
            "",
            "Made by `python benchmarks/success.py`; every run is in `success.json`. "
            f"{__doc__.split('stopped. ')[1].strip()}".replace("\n", " ").replace("``", "`"),
            "",
            *table(runs),
            "",
        ]
    )
    (options.output / "success.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
