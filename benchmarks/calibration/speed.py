"""What inference costs beside the fit.

    python -m benchmarks.calibration speed

k = d = m, n = 10,000, Gaussian inputs, noise sd 0.1, the default fit, one after another with the
threads that the machine gives. *Inference* is the stage of that name and the checks that the search
has made of its best fit; *the fit* is all the rest. The standard errors, the intervals and the
summary are made when they are asked for, and stand apart. The ratios to other methods are measured
by `make bench`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache

import numpy as np

from pureneuron import TwoLayerNetwork, recover
from pureneuron.inference import check, first_blocks
from pureneuron.optimize import Fit, profile
from pureneuron.optimize.fit import Descent

from .data import DataSet, Design, draw, generator
from .fits import posed
from .records import Asked, Part, Record, Records
from .tables import failures, head, row

__all__ = ["PARTS"]

CELLS = {f"{k}×{k}": Design(d=k, k=k, m=k, level=0.1) for k in (10, 32, 64)}


def measure_speed(cell: str, seed: int) -> Record:
    """Time a fit, after one that does not count."""
    _warm_up()
    design = CELLS[cell]
    data = draw(design, generator(cell, seed))
    start = time.perf_counter()
    recovery = recover(data.samples, design.k, rng=seed)
    fitted = time.perf_counter()
    errors = recovery.standard_errors
    if errors is not None:
        recovery.conf_int(0.95)
        recovery.summary()
    asked = time.perf_counter() - fitted
    stages = {stage.name: stage.seconds for stage in recovery.stages}
    return {
        "status": recovery.status.name,
        "whole": fitted - start,
        "stages": stages,
        "inference": stages["inference"] + _checks(data, recovery.network),
        "asked": asked,
    }


def _checks(data: DataSet, network: TwoLayerNetwork) -> float:
    """Return the seconds of the checks that a search makes of such a fit, once as a rule."""
    problem = posed(data)
    fit = Fit(problem, profile(problem, *problem.coordinates(network)), Descent(True, False, ()))
    blocks = first_blocks(problem)
    check(fit, blocks, 0)  # makes the rows
    start = time.perf_counter()
    check(fit, blocks, 0)
    return time.perf_counter() - start


@cache
def _warm_up() -> None:
    data = draw(Design(d=4, k=4, m=4, n=1_000), generator("warm up", 0))
    recover(data.samples, 4, rng=0)


def _middle(records: list[Record]) -> tuple[float, float, float]:
    """Return median seconds of the fit, of inference, and of their ratio."""
    inference = np.array([each["inference"] for each in records])
    fit = np.array([each["whole"] for each in records]) - inference
    fits, tests, ratios = (float(np.median(each)) for each in (fit, inference, inference / fit))
    return fits, tests, ratios


def _lines(records: Records) -> Iterator[str]:
    yield from head(
        "k = d = m", "fits", "fit, s", "inference, s", "when asked for, s", "ratio", "statuses"
    )
    for cell in CELLS:
        mine = records.of(cell)
        if mine:
            fit, inference, ratio = _middle(mine)
            asked = float(np.median([each["asked"] for each in mine]))
            text = f"{ratio:.2f}" if ratio <= 1.0 else f"**{ratio:.2f}**"
            statuses = ", ".join(sorted({each["status"] for each in mine}))
            yield row(
                cell, len(mine), f"{fit:.3g}", f"{inference:.3g}", f"{asked:.2g}", text, statuses
            )
    yield from ["", *failures(records.errors())]


def _asked(records: Records) -> Iterator[Asked]:
    ratios = {cell: _middle(records.of(cell))[2] for cell in CELLS if records.of(cell)}
    what, wanted = "time of inference / time of the fit, n = 10,000", "≤ 1"
    if not ratios:
        yield Asked(what, wanted, "not measured", None)
        return
    text = ", ".join(f"{cell}: {ratio:.2f}" for cell, ratio in ratios.items())
    yield Asked(what, wanted, text, max(ratios.values()) <= 1.0)


PARTS = (Part("speed", tuple(CELLS), 9, measure_speed, _lines, _asked, store="speed", alone=True),)
