"""PyTorch over the same files: a loader that streams batches, and Adam or L-BFGS.

    python -m benchmarks.scale.peers FOLDER METHOD --target LOSS [--limit SECONDS]

prints a line of JSON: seconds to a loss of all rows that is no larger than the target, or that the
limit came first. Adam takes batches of 8192 rows, files and rows of a piece in random order; its
step falls by ten wherever an epoch gains nothing, and the loss of an epoch is the mean over its
batches. L-BFGS adds up loss and gradient over all batches for each evaluation. A start that ends
elsewhere counts as not reached.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from pyarrow import parquet
from torch.utils.data import DataLoader, IterableDataset

BATCH = 8192
LARGE = 131_072


class Files(IterableDataset):  # type: ignore[misc]
    """Row groups of Parquet files as tensors, in random order where asked for."""

    def __init__(self, folder: str, rows: int, *, shuffled: bool) -> None:
        self.paths = sorted(Path(folder).glob("*.parquet"))
        self.rows, self.shuffled, self.epoch = rows, shuffled, 0

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield ``X, Y``, a batch at a time."""
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng(self.epoch)
        self.epoch += 1
        order = rng.permutation(len(self.paths)) if self.shuffled else np.arange(len(self.paths))
        if worker is not None:
            order = order[worker.id :: worker.num_workers]
        for i in order:
            for batch in parquet.ParquetFile(self.paths[i]).iter_batches(LARGE):
                M = np.stack([column.to_numpy() for column in batch.columns], axis=1)
                if self.shuffled:
                    M = M[rng.permutation(len(M))]
                T, d = torch.from_numpy(M), M.shape[1] // 2
                for start in range(0, len(M), self.rows):
                    part = T[start : start + self.rows]
                    yield part[:, :d], part[:, d:]


class OutOfTime(Exception):
    """The limit has passed."""


class Reached(Exception):
    """The target has been reached."""


def network(size: int, biases: bool, seed: int) -> torch.nn.Module:
    """Return two layers with PyTorch's own starting values."""
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(size, size, bias=biases),
        torch.nn.ReLU(),
        torch.nn.Linear(size, size, bias=biases),
    )


class Clock:
    """Ends the run at the target or the limit."""

    def __init__(self, target: float, limit: float) -> None:
        self.target, self.limit, self.start = target, limit, time.perf_counter()
        self.losses: list[float] = []

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self.start

    def check(self) -> None:
        """Raise OutOfTime if it is."""
        if self.seconds > self.limit:
            raise OutOfTime

    def record(self, loss: float) -> None:
        """Note the loss of a pass; raise Reached if it is low enough."""
        self.losses.append(loss)
        if loss <= self.target:
            raise Reached


def adam(folder: str, model: torch.nn.Module, clock: Clock) -> None:
    """Run epochs until the clock ends."""
    loader = DataLoader(Files(folder, BATCH, shuffled=True), batch_size=None, num_workers=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    best = np.inf
    while True:
        total, count = 0.0, 0
        for X, Y in loader:
            optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.mse_loss(model(X), Y)
            loss.backward()
            optimizer.step()
            total, count = total + float(loss.detach()) * len(X), count + len(X)
            clock.check()
        clock.record(total / count)
        if total / count > best * (1.0 - 1e-5):
            for group in optimizer.param_groups:
                group["lr"] *= 0.1
        best = min(best, total / count)


def lbfgs(folder: str, model: torch.nn.Module, clock: Clock) -> None:
    """Run L-BFGS with its line search until the clock ends."""
    loader = DataLoader(Files(folder, LARGE, shuffled=False), batch_size=None, num_workers=1)
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=10**9,
        max_eval=10**9,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def evaluate() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        total, count = torch.zeros(()), 0
        for X, Y in loader:
            loss = torch.nn.functional.mse_loss(model(X), Y, reduction="sum")
            loss.backward()
            total, count = total + loss.detach().double(), count + Y.numel()
            clock.check()
        for parameter in model.parameters():
            parameter.grad /= count
        clock.record(float(total / count))
        return total / count

    optimizer.step(evaluate)


def main() -> None:
    """Train, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("method", choices=["adam", "lbfgs"])
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--limit", type=float, default=600.0)
    parser.add_argument("--size", type=int, default=10)
    parser.add_argument("--biases", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = network(options.size, options.biases, options.seed)
    clock, reached = Clock(options.target, options.limit), False
    try:
        {"adam": adam, "lbfgs": lbfgs}[options.method](options.folder, model, clock)
    except Reached:
        reached = True
    except OutOfTime:
        pass
    best = min(clock.losses, default=np.nan)
    told = {"seconds": clock.seconds, "reached": reached, "passes": len(clock.losses)}
    print(json.dumps({**told, "excess": best / options.target - 1.0}))


if __name__ == "__main__":
    main()
