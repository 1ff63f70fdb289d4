"""Spike counts of six overlapping positive units, and how many of them are found.

    python -m benchmarks.calibration counts

d = 20 Gaussian inputs, six bumps along them as weights, eight outputs with positive weights, counts
that are Poisson with mean 0.5. ``auto`` leaves the number of neurons to the fit, everything else is
default; ``k = 6`` gives it, for the same data. A RECOVERED fit is wrong if it has another number of
neurons, or one that is off (more than 5 standard errors and 0.05; see the certificate).

The expected χ² of the least needed unit is the squared residual of the best network of five
neurons, fitted to the outputs without noise at 5000 of the inputs and scaled up to all rows, over
the mean variance of the noise, which is the mean count. Five neurons start from the six without one
of them, and with two of them merged; the six starts that are best with A refitted are followed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pureneuron import recover

from .data import Design, draw, generator, signal_of
from .fits import expected_gain, noise_variance
from .intervals import figures_of
from .judge import compared
from .records import Asked, Part, Record, Records
from .tables import failures, head, row, share

__all__ = ["PARTS"]

_NEEDED = 100.0
CELLS = {
    f"{name}, n = {n:,}": (
        given,
        Design(d=20, k=6, m=8, n=n, noise="Poisson", level=0.5, bumps=True),
    )
    for n in (20_000, 50_000)
    for name, given in (("auto", False), ("k = 6", True))
}


def measure_counts(cell: str, seed: int) -> Record:
    """Fit spike counts; the data depend on their number of rows and on the seed only."""
    given, design = CELLS[cell]
    data = draw(design, generator(f"counts, {design.n}", seed))
    variance = noise_variance(design, signal_of(design, data.teacher, data.X))
    recovery = recover(data.samples, design.k if given else "auto", rng=seed, **data.options)
    return {
        "gain": expected_gain(data, variance),
        **figures_of(recovery),
        **compared(recovery, data.truth),
    }


def _wrong(record: Record) -> bool:
    recovered = record["status"] == "RECOVERED"
    return recovered and (record["k"] != 6 or bool(record["off"]))


def _lines(records: Records) -> Iterator[str]:
    yield from head(
        "cell",
        "data sets",
        "expected χ², least to most",
        "RECOVERED",
        "wrong RECOVERED",
        "k found",
        f"k = 6 where χ² ≥ {_NEEDED:g}",
        "of these RECOVERED",
        "statuses",
    )
    for cell in CELLS:
        mine = records.of(cell)
        if not mine:
            continue
        gains = [each["gain"] for each in mine]
        needed = [each for each in mine if each["gain"] >= _NEEDED]
        sizes = Counter(each["k"] for each in mine)
        statuses = Counter(each["status"] for each in mine)
        yield row(
            cell,
            len(mine),
            f"{min(gains):.0f}–{max(gains):.0f}",
            share(each["status"] == "RECOVERED" for each in mine),
            sum(map(_wrong, mine)),
            ", ".join(f"{k}: {count}" for k, count in sorted(sizes.items())),
            share(each["k"] == 6 for each in needed),
            share(each["status"] == "RECOVERED" and each["k"] == 6 for each in needed),
            ", ".join(f"{name} {count}" for name, count in statuses.most_common()),
        )
    yield from ["", *failures(records.errors())]


def _asked(records: Records) -> Iterator[Asked]:
    mine = [each for cell in CELLS for each in records.of(cell)]
    what = "spike counts, n = 20,000 and 50,000: wrong RECOVERED"
    if not mine:
        yield Asked(what, "none", "not measured", None)
        return
    wrong = sum(map(_wrong, mine))
    yield Asked(what, "none", f"{wrong} of {len(mine)} fits", wrong == 0)
    needed = [
        each
        for cell, (given, _) in CELLS.items()
        if not given
        for each in records.of(cell)
        if each["gain"] >= _NEEDED
    ]
    found = share(each["k"] == 6 for each in needed)
    what = "the same: k = 6 from the data where the expected χ² is ≥ 100"
    yield Asked(what, "≥ 95 %", f"{found}, of {found.of}", found.value >= 0.95)


PARTS = (
    Part("counts", tuple(CELLS), 50, measure_counts, _lines, _asked, store="counts", limit=900.0),
)
