"""Make all trials of all points, and the report.

    python -m experiments.paper.run [--trials 50] [--panels "2 left" …]

It can be stopped at any time: what has been computed is in ``results.json``, and the next call goes
on from there.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.parallel import in_parallel

from .methods import METHODS
from .points import PANELS, Point, draw, points
from .report import write_report


def trial(task: tuple[Point, int]) -> dict[str, Any]:
    """Run every method on one trial of a point."""
    point, seed = task
    teacher, (X, Y), (new_X, new_Y) = draw(point, seed)
    result: dict[str, Any] = {"panel": point.panel, "x": point.x, "seed": seed}
    for name, method in METHODS.items():
        start = time.perf_counter()
        network = method(X, Y, point.noise, seed)
        seconds = time.perf_counter() - start
        match = network.match(teacher)
        result[name] = {
            "error_A": match.error_A,
            "error_W": match.error_W,
            "mse": float(np.mean((network.predict(X) - Y) ** 2)),
            "test_mse": float(np.mean((network.predict(new_X) - new_Y) ** 2)),
            "seconds": round(seconds, 4),
        }
    return result


def main() -> None:
    """Run what is wanting on two processes, then write plots and page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trials", type=int, default=50, help="a point")
    parser.add_argument("--panels", nargs="+", choices=PANELS, default=list(PANELS))
    parser.add_argument("--output", type=Path, default=Path("docs/figures/paper"))
    options = parser.parse_args()

    options.output.mkdir(parents=True, exist_ok=True)
    record = options.output / "results.json"
    results = json.loads(record.read_text()) if record.exists() else []
    done = {(result["panel"], result["x"], result["seed"]) for result in results}
    tasks = [
        (point, seed)
        for point in points()
        if point.panel in options.panels
        for seed in range(options.trials)
        if (point.panel, point.x, seed) not in done
    ]
    for i, result in enumerate(in_parallel(trial, tasks), 1):
        results.append(result)
        if i % 20 == 0 or i == len(tasks):
            record.write_text(json.dumps(results) + "\n")
    write_report(results, options.output)


if __name__ == "__main__":
    main()
