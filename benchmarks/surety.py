"""How often RECOVERED is right: problems of all kinds, and what corroborates the result.

    python benchmarks/surety.py [--problems N] [--output docs/figures]

writes every fit to ``surety.json`` and the table to ``surety.md``; about eight minutes on two
processors. Each problem is drawn at random: one to twelve neurons, up to five inputs and outputs
more, 1000 to 10,000 rows, noise of 0 to 1 times the outputs' standard deviation, condition numbers
up to 10 (W) and 5 (A), slopes 0, 0.2 and −0.3, and inputs of ten laws, two of them not symmetric.
One fit in four has a neuron too many or one too few, as far as there is room. A fit of the right
size is *wrong* if its loss is more than a thousandth above that of one that starts at the truth.
All fits are the default ``recover(samples, k)``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from parallel import in_parallel
from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

Draw = Callable[[np.random.Generator, tuple[int, int]], Array]

LAWS: dict[str, Draw] = {
    "Gaussian": lambda rng, shape: rng.standard_normal(shape),
    "correlated": lambda rng, shape: (
        rng.standard_normal(shape) @ rng.standard_normal((shape[1], shape[1]))
    ),
    "uniform": lambda rng, shape: rng.uniform(-1.0, 1.0, shape),
    "signs": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
    "Laplace": lambda rng, shape: rng.laplace(size=shape),
    "Student t, 5": lambda rng, shape: rng.standard_t(5, shape),
    "sphere": lambda rng, shape: _unit(rng.standard_normal(shape)),
    "two scales": lambda rng, shape: (
        rng.standard_normal(shape) * rng.choice([0.3, 2.0], (shape[0], 1))
    ),
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1.0,
    "shifted": lambda rng, shape: rng.standard_normal(shape) + 0.5,
}
CORROBORATION = {
    "average Hessians": "average Hessians",
    "two starts on a subsample": "rows, two starts",
    "the moments": "moment estimate",
    "two starts on all rows": "two starts",
    "a residual of zero": "zero",
}


def run(seed: int) -> dict[str, Any]:
    """Draw a problem, and fit it."""
    rng = np.random.default_rng(seed)
    law = str(rng.choice(list(LAWS)))
    k = int(rng.integers(1, 13))
    d, m = k + int(rng.integers(6)), k + int(rng.integers(6))
    n = int(rng.choice([1000, 2000, 5000, 10_000]))
    noise = float(rng.choice([0.0, 0.01, 0.1, 0.5, 1.0]))
    condition_W, condition_A = rng.choice([1, 1, 1.5, 2, 3, 10]), rng.choice([1, 2, 5])
    slope = float(rng.choice([0.0, 0.0, 0.2, -0.3]))
    if k == 1:
        condition_W = condition_A = 1.0
    teacher = make_teacher(
        d, k, m, condition_A=float(condition_A), condition_W=float(condition_W), rng=rng
    )
    teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=slope)
    X = LAWS[law](rng, (n, d))
    Y = teacher.predict(X)
    Y = Y + noise * Y.std() * rng.standard_normal(Y.shape)
    size = k
    if rng.random() < 0.25:
        size = int(rng.choice([k - 1 or k, min(k + 1, d, m)]))

    samples = ArraySamples(X, Y)
    found = recover(samples, size, negative_slope=slope, rng=seed)
    right = None
    if size == k:
        best = recover(samples, k, negative_slope=slope, init=teacher, n_restarts=0, rng=seed).loss
        right = bool(found.loss <= 1.001 * best + 1e-12 * float(np.var(Y)))
    return {
        "seed": seed,
        "law": law,
        "sizes": [d, k, m],
        "n": n,
        "noise": noise,
        "condition_W": float(condition_W),
        "neurons": size,
        "status": found.status.name,
        "reason": found.reason,
        "right": right,
    }


def table(fits: list[dict[str, Any]]) -> Iterator[str]:
    """Lines of the tables."""
    recovered = [fit for fit in fits if fit["status"] == "RECOVERED"]
    yield "| corroborated by | RECOVERED, right size | of these wrong | RECOVERED, another size |"
    yield "|---|---|---|---|"
    left = recovered
    for name, words in CORROBORATION.items():
        mine = [fit for fit in left if words in fit["reason"]]
        left = [fit for fit in left if words not in fit["reason"]]
        fitting = [fit for fit in mine if fit["right"] is not None]
        wrong = sum(not fit["right"] for fit in fitting)
        yield f"| {name} | {len(fitting)} | {wrong} | {len(mine) - len(fitting)} |"
    assert not left
    right_size = [fit for fit in fits if fit["right"] is not None]
    other = len(fits) - len(right_size)
    best = sum(fit["right"] for fit in right_size)
    sure = sum(fit["status"] == "RECOVERED" and fit["right"] for fit in right_size)
    yield ""
    yield (
        f"Of {len(right_size)} fits of the right size {best} are right, {sure} of them RECOVERED; "
        f"{other} have another size."
    )
    mistaken = [fit for fit in recovered if not fit["right"]]
    if mistaken:
        yield ""
        yield "RECOVERED without being right:"
        yield ""
    for fit in mistaken:
        d, k, m = fit["sizes"]
        yield (
            f"- {fit['neurons']} for {k} neurons (d = {d}, m = {m}, κ(W) {fit['condition_W']:g}), "
            f"{fit['n']} rows, {fit['law']}, noise {fit['noise']:g} of the outputs'"
        )


def _unit(M: Array) -> Array:
    return np.asarray(M / np.linalg.norm(M, axis=1, keepdims=True))


def main() -> None:
    """Make the fits, on two processes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--problems", type=int, default=1500)
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    fits = list(in_parallel(run, range(options.problems), chunksize=4))
    lines = ",\n".join(json.dumps(fit) for fit in fits)
    (options.output / "surety.json").write_text(f"[\n{lines}\n]\n")
    told = __doc__.split("two\nprocessors. ")[1] if __doc__ else ""
    text = "\n".join(
        [
            "# How often RECOVERED is right",
            "",
            "Made by `python benchmarks/surety.py`; every fit is in `surety.json`. "
            + told.strip().replace("\n", " ").replace("``", "`"),
            "",
            *table(fits),
            "",
        ]
    )
    (options.output / "surety.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
