"""What Dask's workers are worth: time and bytes of the passes with one worker and with two.

    python benchmarks/dask_workers.py [--rows 8000000] [--workers 1 2] [--kills 20]

makes rows on the workers (of one thread each) and fits them. It prints seconds of the whole fit and
of a pass, the ratio, bytes that a pass sends as parameters and returns, and the constants of the
model in docs/cluster.md. With ``--kills`` it then fits again so many times, kills a worker at a
random moment of each fit, and says how many end with the same network to the last bit. It needs the
extra ``dask``.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.problem.rows import weight_sums
from pureneuron.recovery import Recovery
from pureneuron.samples import Batch, Kernel, Merged, Samples
from pureneuron.samples.dask import DaskSamples
from pureneuron.typing import IndexArray

_NOISE = 0.1


class Measured(Samples):
    """Wraps samples, and notes seconds and bytes of each pass over all rows."""

    def __init__(self, samples: Samples, passes: list[tuple[str, float, int, int]]) -> None:
        self._samples, self.passes = samples, passes
        self.n_inputs, self.n_outputs = samples.n_inputs, samples.n_outputs
        self.input_names, self.output_names = samples.input_names, samples.output_names

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Reduce, and note the pass."""
        start = time.perf_counter()
        merged = self._samples.reduce(kernel, *params)
        seconds = time.perf_counter() - start
        returned = sum(np.asarray(value).nbytes for value in merged.values())
        sent = len(cloudpickle.dumps((kernel, *params)))
        self.passes.append((kernel.__name__, seconds, sent, returned))
        return merged

    def derive(self, fn: Callable[..., Batch], *params: Any) -> Measured:
        """Derive; passes over what is derived count with the others."""
        return Measured(self._samples.derive(fn, *params), self.passes)

    def take(self, rows: IndexArray) -> Samples:
        """Take rows; passes over them do not count."""
        return self._samples.take(rows)


def drawn(client: Client, teacher: TwoLayerNetwork, n: int, partitions: int) -> DaskSamples:
    """Make single-precision rows on the workers: the same whoever makes them, and when."""
    rows, d = -(-n // partitions), teacher.W.shape[1]
    rng = da.random.default_rng(0)
    X = rng.standard_normal((n, d), chunks=(rows, d), dtype=np.float32)
    m = teacher.A.shape[0]
    Y = X.map_blocks(_outputs, teacher, chunks=(X.chunks[0], m), dtype=np.float32)
    return DaskSamples.from_arrays(X, Y, client=client)


def _outputs(
    X: np.ndarray, teacher: TwoLayerNetwork, block_id: tuple[int, int] = (0, 0)
) -> np.ndarray:
    rng = np.random.default_rng([1, block_id[0]])
    noise = rng.standard_normal((len(X), teacher.A.shape[0]), dtype=np.float32)
    return (teacher.predict(X) + _NOISE * noise).astype(np.float32)


def cluster(n_workers: int) -> LocalCluster:
    """Start workers on this machine, one thread each."""
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
    )


def overheads(client: Client) -> tuple[float, float, float]:
    """Return seconds of a pass over next to no rows, what each partition adds, and CPU of that.

    The last is what client and scheduler work for each partition; both run in this process.
    """
    seconds, busy = [], []
    for partitions in (8, 128):
        X = da.ones((partitions, 2), chunks=(1, 2))
        samples = DaskSamples.from_arrays(X, X, client=client)
        samples.reduce(weight_sums)
        runs = []
        began = time.process_time()
        for _ in range(10):
            start = time.perf_counter()
            samples.reduce(weight_sums)
            runs.append(time.perf_counter() - start)
        busy.append((time.process_time() - began) / 10)
        # The least: other processes only ever add to it.
        seconds.append(min(runs))
    each = (seconds[1] - seconds[0]) / 120
    return seconds[0] - 8 * each, each, (busy[1] - busy[0]) / 120


@dataclass(frozen=True)
class Fitted:
    """A fit, its seconds, the CPU seconds of the workers, and its passes."""

    recovery: Recovery
    seconds: float
    cpu: float
    passes: list[tuple[str, float, int, int]]


def fitted(client: Client, teacher: TwoLayerNetwork, options: argparse.Namespace) -> Fitted:
    """Make rows on the workers, and fit them."""
    samples = drawn(client, teacher, options.rows, options.partitions)
    samples.reduce(weight_sums)  # The rows are made here, and not timed.
    measured = Measured(samples, [])
    start, before = time.perf_counter(), _cpu(client)
    recovery = recover(measured, options.neurons, rng=0)
    cpu = _cpu(client) - before
    return Fitted(recovery, time.perf_counter() - start, cpu, measured.passes)


def _cpu(client: Client) -> float:
    return float(sum(client.run(time.process_time).values()))


def killed(
    client: Client, teacher: TwoLayerNetwork, options: argparse.Namespace, seconds: float
) -> list[bool]:
    """Kill a worker in each of several fits; tell which end as they would have."""
    whole = fitted(client, teacher, options).recovery
    rng, same = np.random.default_rng(0), []
    for i in range(options.kills):
        delay = float(rng.uniform(0.0, seconds))
        timer = threading.Timer(delay, _kill, (client, rng))
        timer.start()
        fit = fitted(client, teacher, options).recovery
        timer.join()
        same.append(fit.status is whole.status and bool((fit.network.W == whole.network.W).all()))
        print(f"kill {i + 1} after {delay:.1f} s: {'same' if same[-1] else 'OTHER'} network")
    return same


def _kill(client: Client, rng: np.random.Generator) -> None:
    address = str(rng.choice(sorted(client.nthreads())))
    pids = client.run(os.getpid, workers=[address])
    os.kill(pids[address], signal.SIGKILL)


def table(passes: list[tuple[str, float, int, int]]) -> list[str]:
    """Return lines of what each kind of pass takes, the longest first."""
    lines = [
        "| kernel | passes | s a pass | bytes sent | bytes returned |",
        "|---|---|---|---|---|",
    ]
    kinds = {name for name, *_ in passes}
    total = {kind: sum(each[1] for each in passes if each[0] == kind) for kind in kinds}
    for kind in sorted(kinds, key=lambda kind: -total[kind]):
        some = [each for each in passes if each[0] == kind]
        sent, returned = (max(each[i] for each in some) for i in (2, 3))
        mean = total[kind] / len(some)
        lines.append(f"| {kind} | {len(some)} | {mean:.3f} | {sent:,} | {returned:,} |")
    return lines


def main() -> None:
    """Print tables and write them to ``dask_workers.md``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--inputs", type=int, default=20)
    parser.add_argument("--neurons", type=int, default=10)
    parser.add_argument("--outputs", type=int, default=10)
    parser.add_argument("--partitions", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    teacher = make_teacher(options.inputs, options.neurons, options.outputs, rng=0)
    lines = [
        "# Workers of a Dask cluster",
        "",
        f"Made by `python benchmarks/dask_workers.py`: {options.rows:,} rows in "
        f"{options.partitions} partitions, d = {options.inputs}, k = {options.neurons}, "
        f"m = {options.outputs}, float32, workers of one thread on one machine. The last column is "
        "the workers' CPU time for a row and pass.",
        "",
        "| workers | status | passes | s in all | s a pass | against the first | CPU ns a row |",
        "|---|---|---|---|---|---|---|",
    ]
    first = 0.0
    for n_workers in options.workers:
        with cluster(n_workers) as workers, Client(workers) as client:
            fit = fitted(client, teacher, options)
            first, n_passes = first or fit.seconds, len(fit.passes)
            mean = sum(each[1] for each in fit.passes) / n_passes
            lines.append(
                f"| {n_workers} | {fit.recovery.status.name} | {n_passes} | {fit.seconds:.1f} "
                f"| {mean:.3f} | {first / fit.seconds:.2f} "
                f"| {1e9 * fit.cpu / n_passes / options.rows:.0f} |"
            )
            start, each, cpu = overheads(client)
            said = ""
            if options.kills and n_workers == options.workers[-1]:
                same = killed(client, teacher, options, fit.seconds)
                said = f" Kills of a worker: {sum(same)} of {len(same)} fits end the same."
    lines += [
        "",
        f"With {n_workers} workers, a pass over next to no rows takes {1e3 * start:.0f} ms, and "
        f"{1e3 * each:.1f} ms more for each partition, of which client and scheduler work "
        f"{1e3 * cpu:.1f} ms.{said}",
        "",
        *table(fit.passes),
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "dask_workers.md").write_text("\n".join([*lines, ""]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
