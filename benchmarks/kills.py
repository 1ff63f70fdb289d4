"""Fits that are killed at random moments, again and again, and must end as if nothing had been.

    python benchmarks/kills.py [--kills 100] [--rows 300000] [--neurons 8] [--seed 0]

starts ``pureneuron fit samples.parquet --checkpoint DIR``, kills it (SIGKILL), starts it again, and
so on. The moment is drawn uniformly from the time that a fit takes that is left in peace, from
shortly before its first pass to its end. A fit that ends is compared with that one, and another
begins. Prints how many fits ended, and how many with another network; there must be none. Exit
status 1 if there is one.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.model import load_metadata
from pureneuron.samples import write_table

SAMPLES, EXPECTED = "samples.parquet", "expected.safetensors"


@dataclass
class Tally:
    """What became of the fits."""

    kills: int = 0
    fits: int = 0
    wrong: int = 0
    passes: int = 0
    unfinished_files: int = 0
    before_the_first_pass: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return the sum of both."""
        return Tally(**{name: each + vars(other)[name] for name, each in vars(self).items()})


def write_samples(path: Path, n: int, k: int, seed: int) -> None:
    """Write samples of a teacher with ``k`` inputs, neurons and outputs, in single precision."""
    rng = np.random.default_rng(seed)
    teacher = make_teacher(k, k, k, rng=rng)
    X = rng.standard_normal((n, k))
    Y = teacher.predict(X) + 0.5 * rng.standard_normal((n, k))
    columns = {f"x{i}": X[:, i] for i in range(k)} | {f"y{i}": Y[:, i] for i in range(k)}
    write_table(path, {name: column.astype(np.float32) for name, column in columns.items()})


def started(samples: Path, model: Path, checkpoint: Path) -> subprocess.Popen[bytes]:
    """Start a fit."""
    command = [sys.executable, "-m", "pureneuron", "fit", str(samples), "-o", str(model)]
    options = ["--checkpoint", str(checkpoint), "--hidden-bias", "--quiet", "--force"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)


def left_in_peace(samples: Path, model: Path, checkpoint: Path) -> tuple[float, float]:
    """Make a fit; return the seconds to its first pass and to its end."""
    start, first = time.perf_counter(), 0.0
    with started(samples, model, checkpoint) as process:
        while process.poll() is None:
            time.sleep(0.01)
            if not first and any(checkpoint.glob("pass-*")):
                first = time.perf_counter() - start
    if process.returncode != 0:
        raise RuntimeError("the fit is not RECOVERED when it is left in peace")
    return first, time.perf_counter() - start


def same(one: Path, other: Path) -> bool:
    """Whether two model files hold the same, to the bit."""
    first, second = TwoLayerNetwork.load(one), TwoLayerNetwork.load(other)
    arrays = all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("A", "W", "hidden_bias", "output_bias", "linear")
    )
    return arrays and load_metadata(one) == load_metadata(other)


def one_fit(folder: Path, kills: int, moments: tuple[float, float], rng: Generator) -> Tally:
    """Start a fit until it ends, killed at most ``kills`` times, at random ``moments``."""
    tally = Tally(fits=1)
    model, checkpoint = folder / "killed.safetensors", folder / "checkpoint"
    while True:
        process = started(folder / SAMPLES, model, checkpoint)
        try:
            wait = rng.uniform(*moments) if tally.kills < kills else None
            status = process.wait(wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            tally.kills += 1
            tally.unfinished_files += len(list(checkpoint.glob(".*.part")))
            tally.before_the_first_pass += not list(checkpoint.glob("pass-*"))
            continue
        tally.wrong += status != 0 or not same(model, folder / EXPECTED)
        tally.passes += len(list(checkpoint.glob("pass-*")))
        shutil.rmtree(checkpoint)
        return tally


def main() -> int:
    """Kill fits and print what became of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--neurons", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, total = np.random.default_rng(options.seed), Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder / SAMPLES, options.rows, options.neurons, options.seed)
        for i in range(2):  # The first finds files that are not in memory yet.
            peace = folder / f"peace {i}"
            first, seconds = left_in_peace(folder / SAMPLES, folder / EXPECTED, peace)
        while total.kills < options.kills:
            moments = 0.9 * first, seconds
            total = total.plus(one_fit(folder, options.kills - total.kills, moments, rng))
    print(
        f"{options.rows:,} rows, k = d = m = {options.neurons}, with biases; a fit takes "
        f"{seconds:.1f} s, {first:.1f} s to its first pass\n"
        f"{total.kills} kills, {total.before_the_first_pass} of them before a pass was kept and "
        f"{total.unfinished_files} in the middle of a file\n"
        f"{total.fits} fits ended, with {total.passes} passes kept\n"
        f"{total.wrong} with another network or status"
    )
    return int(total.wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
