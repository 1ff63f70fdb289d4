"""Make all trials of all points, and the report.

    python -m experiments.paper.run [--trials 50] [--panels "2 left" …]

It can be stopped at any time: what has been computed is in ``results.json``, and the next call goes
on from there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from .methods import METHODS
from .points import PANELS, Point, draw, points
from .report import write_report
from .trials import all_trials


def trial(task: tuple[Point, int]) -> dict[str, Any]:
    """Run every method on one trial of a point."""
    point, seed = task
    teacher, (X, Y), (new_X, new_Y) = draw(point, seed)
    result: dict[str, Any] = {}
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

    # By what they depend on, so that trials that two panels share are made once.
    tasks = {
        (*point.problem, seed): (point, seed)
        for point in points()
        if point.panel in options.panels
        for seed in range(options.trials)
    }
    results = all_trials(trial, tasks, options.output / "results.json")
    write_report(results, options.output)


if __name__ == "__main__":
    main()
