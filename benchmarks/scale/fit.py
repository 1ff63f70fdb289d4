"""One fit in a process of its own: so that peak memory is that of the fit.

    python -m benchmarks.scale.fit FOLDER [--biases] [--arrays] [--memory-limit 1GiB]

prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from pureneuron import recover
from pureneuron.samples import ArraySamples, read_samples


def peak_mib() -> float:
    """Return the peak of the resident memory of this program, on Linux.

    What ``resource`` says begins with that of the process which started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024.0
    raise RuntimeError("this system does not tell the peak of the memory")


def main() -> None:
    """Fit, and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--neurons", type=int, default=10)
    parser.add_argument("--biases", action="store_true")
    parser.add_argument("--arrays", action="store_true", help="two .npy files, loaded beforehand")
    parser.add_argument("--memory-limit", default="1GiB")
    parser.add_argument("--save", help="a .safetensors file for the network")
    options = parser.parse_args()
    if options.arrays:
        samples = ArraySamples(*(np.load(f"{options.folder}/{name}.npy") for name in "XY"))
    else:
        samples = read_samples(options.folder, memory_limit=options.memory_limit)
    before = peak_mib()
    start = time.perf_counter()
    recovery = recover(
        samples,
        options.neurons,
        fit_hidden_bias=options.biases,
        fit_intercept=options.biases,
        rng=0,
    )
    seconds = time.perf_counter() - start
    if options.save:
        recovery.network.save(options.save)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "passes": recovery.n_passes,
                "status": recovery.status.name,
                "loss": recovery.loss,
                "peak_mib": peak_mib(),
                "before_mib": before,
                "stages": {stage.name: stage.seconds for stage in recovery.stages},
            }
        )
    )


if __name__ == "__main__":
    main()
