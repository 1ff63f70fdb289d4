"""Coverage of 95 % intervals, and standard errors against the spread that they predict.

    python -m benchmarks.calibration intervals spread

Every fit starts at the truth and makes no other start (``init=truth, n_restarts=0``): it ends in
the minimum that the standard errors are about, and is what the default fit finds where that is
right. None is left out, wherever it ends. ``intervals`` draws a teacher for each data set, and
counts the entries of W, A and the biases that lie in their intervals (``conf_int``, normal form,
neurons paired by ``match``). ``spread`` keeps the teacher of a cell: root mean square of the
standard errors over that of estimate − truth, all entries and data sets together; bias of the
estimate counts as error. The p-value of the omitted-unit test is kept for ``omitted``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from pureneuron import recover
from pureneuron.recovery import Recovery
from pureneuron.typing import Array

from .data import DataSet, Design, draw, draw_teacher, generator
from .records import Asked, Part, Record, Records
from .tables import failures, head, mean_and_error, row, share

__all__ = ["CELLS", "DEPENDENT", "PARTS", "figures_of", "measure_intervals"]

_SIDE = Design(d=20, k=5, m=8)
CELLS: dict[str, Design] = {
    **{
        f"10×10, n = {n:,}, noise {level:g}": Design(n=n, level=level)
        for n in (1_000, 10_000)
        for level in (0.1, 0.5, 1.0)
    },
    "k = 5, d = 20, m = 8": _SIDE,
    "two scales": Design(law="two scales"),
    "t(5)": Design(law="t(5)"),
    "hidden biases": Design(k=5, biased=True, fits_biases=True),
    "m = 1": Design(k=3, m=1, level=0.2),
    "heteroscedastic": Design(noise="heteroscedastic", level=0.8),
    "Poisson counts": replace(_SIDE, noise="Poisson", level=0.5),
    "AR(0.9) noise and inputs": Design(law="AR(0.9)", noise="AR(0.9)"),
    "AR(0.9) noise, lags of AR(0.95)": Design(law="lags of AR(0.95)", noise="AR(0.9)", k=4, m=4),
    "groups of 10": Design(law="shared in groups", noise="groups"),
    "correlated outputs": Design(noise="correlated"),
    "correlated outputs, weighted": Design(noise="correlated", weighted=True),
}
"""What the issue asks for, and three more: lagged inputs, and correlated outputs."""

DEPENDENT = ("AR(0.9) noise and inputs", "AR(0.9) noise, lags of AR(0.95)", "groups of 10")
_SPREAD = tuple(cell for cell, design in CELLS.items() if design.n == 10_000)
_FIELDS = ("W", "A", "hidden_bias", "output_bias")


def measure_intervals(cell: str, seed: int) -> Record:
    """Fit a data set with a teacher of its own."""
    return _measured(draw(CELLS[cell], generator(cell, seed)), seed)


def measure_spread(cell: str, seed: int) -> Record:
    """Fit a data set with the teacher of the cell."""
    design = CELLS[cell]
    teacher = draw_teacher(design, generator(f"teacher of {cell}", 0))
    return _measured(draw(design, generator(f"spread of {cell}", seed), teacher), seed)


def figures_of(recovery: Recovery) -> Record:
    """Return status, tests and kind of errors of a fit."""
    found: Record = {"status": recovery.status.name, "reason": recovery.reason}
    try:
        figures: Any = recovery.stage("inference").figures
    except KeyError:
        return found
    for name in ("omitted_unit_p_value", "smaller_p_value"):
        if name in figures:
            found[name] = float(figures[name])
    for name in ("errors", "misfit"):
        if name in figures:
            found[name] = str(figures[name])
    return found


def _measured(data: DataSet, seed: int) -> Record:
    truth = data.truth
    recovery = recover(
        data.samples, data.design.k, init=truth, n_restarts=0, rng=seed, **data.options
    )
    network = recovery.network
    matched = truth.permuted(network.match(truth).right)
    cosines = np.sum(network.W * matched.W, axis=1)
    found = figures_of(recovery)
    found["angle"] = float(np.arccos(np.clip(cosines.min(), -1.0, 1.0)))
    errors = recovery.standard_errors
    if errors is None:
        return {**found, "error": "no standard errors"}
    intervals = recovery.conf_int(0.95)
    for name in _FIELDS[: 4 if data.design.fits_biases else 2]:
        found[name] = _covered(
            getattr(network, name),
            getattr(matched, name),
            getattr(intervals, name),
            getattr(errors, name),
        )
    return found


def _covered(estimate: Array, truth: Array, interval: Array, errors: Array) -> list[float]:
    """Return how many of how many are covered; mean squares of errors; how many are infinite."""
    inside = (interval[..., 0] <= truth) & (truth <= interval[..., 1])
    known = np.isfinite(errors)
    apart = np.where(known, estimate - truth, 0.0)
    return [
        int(inside.sum()),
        int(truth.size),
        float(np.mean(np.where(known, errors, 0.0) ** 2)),
        float(np.mean(apart**2)),
        int((~known).sum()),
    ]


def coverage(records: list[Record], name: str) -> tuple[float, float]:
    """Return the coverage and its Monte-Carlo standard error: data sets are independent."""
    return mean_and_error([r[name][0] / r[name][1] for r in records if name in r])


def ratio(records: list[Record], name: str) -> tuple[float, float]:
    """Return root mean squared standard error over spread, and its Monte-Carlo standard error."""
    pairs = np.array([r[name][2:4] for r in records if name in r]).reshape(-1, 2)
    if not pairs.size or not pairs[:, 1].sum() > 0.0:
        return math.nan, math.nan
    square = pairs[:, 0].sum() / pairs[:, 1].sum()
    deviation = np.sqrt(np.sum((pairs[:, 0] - square * pairs[:, 1]) ** 2)) / pairs[:, 1].sum()
    return float(np.sqrt(square)), float(0.5 * deviation / np.sqrt(square))


def band(cell: str) -> tuple[float, float]:
    """Return what the coverage of a cell must lie between."""
    return (0.92, 0.97) if cell in DEPENDENT else (0.935, 0.965)


def _coverage_lines(records: Records) -> Iterator[str]:
    yield from head(
        "cell", "data sets", "W", "A", "b", "c", "wanted", "RECOVERED", "errors", "infinite"
    )
    for cell in CELLS:
        mine = records.of(cell)
        if mine:
            values = [_percent(*coverage(mine, name), *band(cell)) for name in _FIELDS]
            low, high = band(cell)
            recovered = share(r["status"] == "RECOVERED" for r in mine)
            infinite = sum(r[name][4] for r in mine for name in _FIELDS if name in r)
            wanted = f"{100 * low:g}–{100 * high:g}"
            yield row(cell, len(mine), *values, wanted, recovered, _kinds(mine), infinite)
    yield from ["", *failures(records.errors(list(CELLS)))]


def _spread_lines(records: Records) -> Iterator[str]:
    yield from head("cell", "data sets", "W", "A", "b", "c")
    for cell in _SPREAD:
        mine = records.of(cell)
        if mine:
            values = []
            for name in _FIELDS:
                value, error = ratio(mine, name)
                text = "" if math.isnan(value) else f"{value:.3f} ± {error:.3f}"
                values.append(text if not text or abs(value - 1.0) <= 0.03 else f"**{text}**")
            yield row(cell, len(mine), *values)
    yield from ["", *failures(records.errors(list(_SPREAD)))]


def _coverage_asked(records: Records) -> Iterator[Asked]:
    for cells, words in (
        ([cell for cell in CELLS if cell not in DEPENDENT], "independent rows"),
        (list(DEPENDENT), "AR and groups"),
    ):
        low, high = band(cells[0])
        values = [
            (coverage(records.of(cell), name)[0], cell, name) for cell in cells for name in _FIELDS
        ]
        yield _worst(
            f"coverage of 95 % intervals, {words}",
            f"{100 * low:g}–{100 * high:g} %",
            [v for v in values if not math.isnan(v[0])],
            (low, high),
            100.0,
        )


def _spread_asked(records: Records) -> Iterator[Asked]:
    values = [
        (ratio(records.of(cell), name)[0], cell, name) for cell in _SPREAD for name in _FIELDS
    ]
    known = [v for v in values if not math.isnan(v[0])]
    yield _worst("standard error / spread, n = 10,000", "0.97–1.03", known, (0.97, 1.03), 1.0)


def _worst(
    what: str,
    wanted: str,
    values: list[tuple[float, str, str]],
    limits: tuple[float, float],
    unit: float,
) -> Asked:
    if not values:
        return Asked(what, wanted, "not measured", None)
    low, high = min(values), max(values)
    text = (
        f"{unit * low[0]:.3g} ({low[1]}: {low[2]}) to {unit * high[0]:.3g} ({high[1]}: {high[2]})"
    )
    return Asked(what, wanted, text, limits[0] <= low[0] and high[0] <= limits[1])


def _percent(value: float, error: float, low: float, high: float) -> str:
    if math.isnan(value):
        return ""
    text = f"{100 * value:.2f} ± {100 * error:.2f}"
    return text if low <= value <= high else f"**{text}**"


def _kinds(records: list[Record]) -> str:
    kinds = [str(r.get("errors", "?")) for r in records]
    return ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted(set(kinds)))


PARTS = (
    Part(
        "intervals",
        tuple(CELLS),
        400,
        measure_intervals,
        _coverage_lines,
        _coverage_asked,
        store="model",
    ),
    Part("spread", _SPREAD, 400, measure_spread, _spread_lines, _spread_asked, store="spread"),
)
