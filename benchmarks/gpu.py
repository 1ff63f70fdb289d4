"""When a GPU is worth it: PyTorch's L-BFGS there, beside our fit on the CPUs and on CUDA tensors.

    python benchmarks/gpu.py [--output docs/figures]

writes ``gpu.md``. Single precision, Gaussian inputs, orthonormal teachers with k = d = m, noise sd
0.1. The optimum is the loss of our fit on the CPUs. All parts share seven minutes: what is not
reached is not started, and what runs then is stopped. Without a GPU it says so and measures
nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples

SIZES = ((32, 10_000), (128, 100_000), (512, 100_000))
_SECONDS, _LONGEST, _TARGET, _NOISE = 420.0, 100.0, 1e-4, 0.1


class Reached(Exception):
    """The loss is near enough to the optimum, or the time is over."""


def data(k: int, n: int) -> tuple[Any, Any]:
    """Return inputs and outputs in single precision."""
    rng = np.random.default_rng(k)
    teacher = make_teacher(k, k, k, rng=rng)
    X = rng.standard_normal((n, k))
    Y = teacher.predict(X) + _NOISE * rng.standard_normal((n, k))
    return X.astype(np.float32), Y.astype(np.float32)


def ours(X: Any, Y: Any, k: int, limit: float) -> tuple[float, float, str]:
    """Return the seconds of the default fit, its loss, and how it ended."""
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recovery = recover(ArraySamples(X, Y), k, rng=0, time_limit=limit)
    except (TypeError, ValueError, RuntimeError, TimeoutError) as error:
        # What is not supported yet belongs into the table.
        return float("nan"), float("nan"), f"{type(error).__name__}: {str(error)[:80]}"
    return time.perf_counter() - start, recovery.loss, recovery.status.name


def lbfgs(X: Any, Y: Any, k: int, optimum: float, limit: float) -> float:
    """Return the seconds until the loss is within 1e-4 of the optimum, NaN if it never is."""
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(X.shape[1], k, bias=False),
        torch.nn.ReLU(),
        torch.nn.Linear(k, Y.shape[1], bias=False),
    ).to(X.device)
    optimizer = torch.optim.LBFGS(
        network.parameters(),
        max_iter=10**9,
        max_eval=10**9,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    start, reached = time.perf_counter(), float("nan")

    def evaluate() -> Any:
        nonlocal reached
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(network(X), Y)
        # Its value on the host: the GPU has ended the work by then.
        value, spent = loss.item(), time.perf_counter() - start
        if value <= (1.0 + _TARGET) * optimum:
            reached = spent
        if reached == reached or spent > limit:
            raise Reached
        loss.backward()
        return loss

    with suppress(Reached):
        optimizer.step(evaluate)
    return reached


def row(k: int, n: int, device: str, limit: Callable[[], float]) -> str:
    """Measure one size, and return its row of the table."""
    import torch

    X, Y = data(k, n)
    on_cpus, optimum, status = ours(X, Y, k, limit())
    XD, YD = torch.from_numpy(X).to(device), torch.from_numpy(Y).to(device)
    near = optimum == optimum and limit() > 0.0
    descent = lbfgs(XD, YD, k, optimum, limit()) if near else float("nan")
    tensors, _, how = ours(XD, YD, k, limit()) if limit() > 0.0 else (float("nan"), 0.0, "no time")
    cells = [f"{spent:.3g}" if spent == spent else "–" for spent in (descent, on_cpus, tensors)]
    return f"| {k} | {n:,} | {cells[0]} | {cells[1]} ({status}) | {cells[2]} ({how}) |"


def table(sizes: tuple[tuple[int, int], ...], device: str, name: str) -> list[str]:
    """Measure as many sizes as there is time for, and return the page."""
    import torch

    end = time.perf_counter() + _SECONDS
    # What loads libraries and starts the device counts for nothing.
    X, Y = data(4, 1000)
    ours(X, Y, 4, 10.0)
    lbfgs(torch.from_numpy(X).to(device), torch.from_numpy(Y).to(device), 4, 0.0, 1.0)
    lines = [
        "# On a GPU",
        "",
        f"Made by `python benchmarks/gpu.py` on {name} beside {os.cpu_count()} processors: "
        "seconds. L-BFGS runs until its loss is within 1e-4 of the optimum; our fits are whole, "
        "with all tests.",
        "",
        "| k = d = m | n | L-BFGS on the GPU | our fit on the CPUs | our fit on CUDA tensors |",
        "|---|---|---|---|---|",
    ]
    for k, n in sizes:
        if time.perf_counter() < end:
            lines.append(row(k, n, device, lambda: min(_LONGEST, end - time.perf_counter())))
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure, print and write ``gpu.md``; without a GPU, say so."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed, so nothing was measured: pip install torch")
        return
    import torch

    if not torch.cuda.is_available():
        print("PyTorch finds no GPU here, so nothing was measured.")
        return
    lines = table(SIZES, "cuda", torch.cuda.get_device_name())
    (options.output / "gpu.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
