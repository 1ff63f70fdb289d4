"""Many inputs and outputs, few neurons: what the reduction to k dimensions saves.

    python benchmarks/wide.py [--n 20000] [--d 1000] [--m 200] [-k 10] [--noise 0.1]

prints time and peak memory of the fit, next to the size of the data themselves.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples


def main() -> None:
    """Fit one wide problem from moments alone and in full."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--d", type=int, default=1_000)
    parser.add_argument("--m", type=int, default=200)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--noise", type=float, default=0.1)
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    teacher = make_teacher(options.d, options.k, options.m, rng=rng)
    X = rng.standard_normal((options.n, options.d))
    Y = teacher.predict(X)
    Y += options.noise * rng.standard_normal(Y.shape)
    samples = ArraySamples(X, Y)
    print(f"data {(X.nbytes + Y.nbytes) / 2**30:.2f} GiB, peak so far {_peak():.2f} GiB")
    for name, refine in (("moments alone", False), ("full fit", True)):
        start = time.perf_counter()
        recovery = recover(
            samples,
            options.k,
            init="auto" if refine else "moments",
            refine=refine,
            rng=0,
        )
        seconds = time.perf_counter() - start
        match = recovery.network.match(teacher)
        print(
            f"{name}: {seconds:.1f} s, peak {_peak():.2f} GiB, {recovery.status.name}, "
            f"errors A {match.error_A:.2e} W {match.error_W:.2e}, loss {recovery.loss:.6f}, "
            f"{recovery.n_passes} passes"
        )
        for stage in recovery.stages:
            print(f"  {stage.name} {stage.seconds:.2f} s: {stage.summary}")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
