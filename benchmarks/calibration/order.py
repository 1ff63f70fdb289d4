"""The number of neurons from the data (``n_neurons="auto"``), everything else default.

    python -m benchmarks.calibration order

n = 10,000 Gaussian inputs and independent noise. Seeds go through k = 1 … 16 (d = m = 20), 1 … 5
(d = 10, m = 1) and 1 … 8 (d = m = 10, biases fitted); in every other round the columns of A differ
tenfold in size. A problem counts as *detectable* if a likelihood-ratio test of k against k − 1
neurons at 1 %, by χ² with the unknowns of one neuron, would find the least needed neuron with a
probability of 99.9 %. Its noncentrality is the squared residual of the best k − 1 neurons, fitted
to the outputs without noise at 5000 of the inputs and scaled up to all rows, over the noise
variance (as for ``counts``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pureneuron import recover

from .data import Design, draw, generator, signal_of
from .fits import detectable, expected_gain, noise_variance
from .intervals import figures_of
from .judge import compared
from .records import Asked, Part, Record, Records
from .tables import failures, head, row, share

__all__ = ["PARTS"]

_FAMILIES = (
    ("d = m = 20", 16, Design(d=20, m=20), (0.01, 0.05, 0.1, 0.2, 0.5)),
    ("d = 10, m = 1", 5, Design(d=10, m=1), (0.01, 0.1, 0.5)),
    ("d = m = 10, biases", 8, Design(biased=True, fits_biases=True), (0.01, 0.1, 0.5)),
)
CELLS: dict[str, tuple[int, Design]] = {
    f"{name}, noise {level:g}": (most, replace(base, level=level))
    for name, most, base, levels in _FAMILIES
    for level in levels
}


def measure_order(cell: str, seed: int) -> Record:
    """Fit a problem without telling how many neurons there are."""
    most, base = CELLS[cell]
    uneven = 10.0 if seed // most % 2 else 1.0
    design = replace(base, k=1 + seed % most, uneven=uneven)
    data = draw(design, generator(cell, seed))
    variance = noise_variance(design, signal_of(design, data.teacher, data.X))
    gain = expected_gain(data, variance)
    recovery = recover(data.samples, "auto", rng=seed, **data.options)
    found = compared(recovery, data.truth)
    return {
        "neurons": design.k,
        "uneven": uneven,
        "gain": gain,
        "detectable": detectable(gain, design.unknowns_of_a_unit),
        **figures_of(recovery),
        **found,
    }


def _lines(records: Records) -> Iterator[str]:
    yield from head(
        "cell",
        "problems",
        "detectable",
        "k right, of these",
        "k right, of the others",
        "found − true",
        "RECOVERED with the right k",
        "RECOVERED with another",
    )
    for cell in CELLS:
        mine = records.of(cell)
        if not mine:
            continue
        clear = [each for each in mine if each["detectable"]]
        faint = [each for each in mine if not each["detectable"]]
        excess = Counter(each["k"] - each["neurons"] for each in mine)
        certain = [each for each in mine if each["status"] == "RECOVERED"]
        yield row(
            cell,
            len(mine),
            len(clear),
            share(each["k"] == each["neurons"] for each in clear),
            share(each["k"] == each["neurons"] for each in faint),
            ", ".join(f"{size:+d}: {count}" for size, count in sorted(excess.items())),
            sum(each["k"] == each["neurons"] for each in certain),
            sum(each["k"] != each["neurons"] for each in certain),
        )
    yield from ["", *failures(records.errors())]


def _asked(records: Records) -> Iterator[Asked]:
    for name, *_ in _FAMILIES:
        cells = [cell for cell in CELLS if cell.startswith(f"{name}, noise")]
        mine = [each for cell in cells for each in records.of(cell)]
        what = f"k from the data, {name}: right where the weakest unit is detectable"
        if not mine:
            yield Asked(what, "≥ 99 %", "not measured", None)
            continue
        found = share(each["k"] == each["neurons"] for each in mine if each["detectable"])
        yield Asked(what, "≥ 99 %", f"{found}, of {found.of}", found.value >= 0.99)
        excess = max(each["k"] - each["neurons"] for each in mine)
        what = f"k from the data, {name}: largest excess, all problems"
        yield Asked(what, "≤ 1", f"{excess:+d}", excess <= 1)


PARTS = (Part("order", tuple(CELLS), 96, measure_order, _lines, _asked, store="order"),)
