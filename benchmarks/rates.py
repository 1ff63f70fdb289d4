"""How close the hot passes come to the machine's rate of matrix products.

    python benchmarks/rates.py [--output docs/figures]

times every pass of a Gauss–Newton iteration on random data, and in the same run the product of two
large square matrices in the same precision; both count 2 operations a multiplication, and a
symmetric product ``HᵀH`` half of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pureneuron.model import LeakyReLU
from pureneuron.optimize.least_squares import kernels
from pureneuron.samples import ArraySamples

RELU = LeakyReLU()
SIZES = ((10, 10_000), (32, 10_000), (64, 10_000), (128, 20_000), (256, 50_000), (512, 50_000))
_LARGE, _REPEATS = 2048, 7


def seconds(work: Callable[[], object]) -> float:
    """Return the median time of some repetitions, after one that does not count."""
    times = []
    for _ in range(_REPEATS + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def passes(k: int, n: int, dtype: type) -> dict[str, tuple[Callable[[], object], float]]:
    """Return every pass of an iteration at k = d = m, with the operations it takes."""
    rng = np.random.default_rng(0)
    X, Y = (rng.standard_normal((n, k)).astype(dtype) for _ in range(2))
    W, A, V, C, Q = (rng.standard_normal((k, k)) for _ in range(5))
    rows = ArraySamples(X, Y)
    ready = rows.derive(kernels.with_activations, W, RELU)
    changed = ready.derive(kernels.with_change, W, V, RELU)
    product = 2.0 * n * k * k
    return {
        "activations": (lambda: rows.derive(kernels.with_activations, W, RELU), product),
        "profile": (lambda: ready.reduce(kernels.profile_sums, W, None, RELU), 1.5 * product),
        "gradient": (lambda: ready.reduce(kernels.gradient_sums, W, A, RELU, n), 3.0 * product),
        "change": (lambda: ready.derive(kernels.with_change, W, V, RELU), product),
        "cross": (lambda: changed.reduce(kernels.cross_sums, W, V, RELU), product),
        "product": (lambda: changed.reduce(kernels.product_sums, W, V, C, Q, RELU), 3.0 * product),
    }


def main() -> None:
    """Measure, print and write ``rates.md``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    lines = [
        "# Rates of the hot passes",
        "",
        "Made by `python benchmarks/rates.py`. GFLOP/s, and in brackets the share of what two "
        f"square matrices of {_LARGE} rows reach in the same run and precision.",
    ]
    for dtype in (np.float32, np.float64):
        M = np.random.default_rng(0).standard_normal((_LARGE, _LARGE)).astype(dtype)
        machine = 2.0 * _LARGE**3 / seconds(lambda M=M: M @ M) / 1e9
        lines += ["", f"## {np.dtype(dtype).name}: large matrices reach {machine:.0f} GFLOP/s", ""]
        names = list(passes(2, 10, dtype))
        lines.append(f"| k = d = m | n | {' | '.join(names)} | iteration |")
        lines.append("|---" * (len(names) + 3) + "|")
        for k, n in SIZES:
            cells, total_time, total_work = [], 0.0, 0.0
            for work, operations in passes(k, n, dtype).values():
                took = seconds(work)
                total_time, total_work = total_time + took, total_work + operations
                cells.append(_rate(operations / took / 1e9, machine))
            cells.append(_rate(total_work / total_time / 1e9, machine))
            lines.append(f"| {k} | {n:,} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "rates.md").write_text("\n".join([*lines, ""]))
    print("\n".join(lines))


def _rate(rate: float, machine: float) -> str:
    return f"{rate:.0f} ({100.0 * rate / machine:.0f} %)"


if __name__ == "__main__":
    main()
