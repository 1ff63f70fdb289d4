"""One fit in a process of its own, so that neither threads nor caches nor memory mix.

Reads the task as JSON from standard input and writes the outcome as JSON to standard output. The
method first fits a small problem: what is timed is fitting, not loading libraries and starting
threads.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np

from .methods import METHODS, Method
from .problems import Cell, Problem, make_problem
from .trace import Trace

_WARM_UP = Cell("warm-up", 4, 1_000, 0.1)
_WARM_UP_SECONDS = 0.3


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Return the final loss in float64, the seconds it took, how many fits, and the trace."""
    method, setting = METHODS[task["method"]], task["setting"]
    problem = make_problem(Cell(**task["cell"]), task["seed"])
    rng = np.random.default_rng((task["seed"], 1))  # not the numbers that the teacher is made of
    budget, warm_up_budget = task["budget"], _WARM_UP_SECONDS
    if method.to_its_end:
        budget = warm_up_budget = math.inf
    method.fit(make_problem(_WARM_UP, 0), Trace(warm_up_budget), rng, setting)

    trace = Trace(budget, task["stop_at"])
    final, seconds, n_fits = _fit(method, problem, trace, rng, setting)
    if final < trace.lowest:  # not every method tells of its last step
        trace.points.append([seconds, final])
    return {
        "final": final,
        "seconds": seconds,
        "n_fits": n_fits,
        "points": [[round(when, 6), float(f"{loss:.10g}")] for when, loss in trace.points],
    }


def _fit(
    method: Method, problem: Problem, trace: Trace, rng: np.random.Generator, setting: str
) -> tuple[float, float, int]:
    """Fit, and start afresh while there is time and something to gain; return the best loss."""
    final, n_fits = math.inf, 0
    while True:
        trace.begin()
        predict = method.fit(problem, trace, rng, setting)
        seconds = trace.seconds
        n_fits += 1
        with trace.paused():
            loss = float(np.mean((problem.Y - predict(problem.X)) ** 2))
        final = min(final, loss if math.isfinite(loss) else trace.lowest)
        if method.to_its_end or trace.done:
            return final, seconds, n_fits


def main() -> None:
    """Do the task on standard input."""
    outcome = run(json.load(sys.stdin))
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
