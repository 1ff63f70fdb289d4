"""How often the certificate is wrong, and how often it is withheld from a fit that is right.

    python -m benchmarks.calibration certificate

Each fit is drawn at random from a wide grid: one to twelve neurons, one to 17 inputs and outputs,
fewer outputs or inputs than neurons among them; all laws of the inputs (two of them asymmetric) and
all kinds of noise; κ(W) to 1000, κ(A) to 5, slopes 0, 0.2 and −0.3; 0.5 to 300 equations for each
unknown (2 to 10,000 rows); biases or not. One in ten asks for a neuron too few, one for a neuron
too many, one leaves their number to the data. One in five teachers is no network of the model:
another activation, a function of the outputs, a missing bias or input. All fits are the default
``recover``; rows that share noise come with their groups, and half of the fits to correlated
outputs weight them.

*Recordings* are fits of the same grid with something besides that recorded data have: an input that
drifts, or is at rest but for a few bursts or for rare events; a neuron that is on in one row in a
thousand to one in ten, and strong there; noise with heavy tails, or with outliers; a gain that goes
up and down in the course of the rows (which is no network of the model).

*Certified and wrong*: RECOVERED, and the number of neurons is wrong, the teacher is no network of
the model, or a neuron is off: by more than 5 standard errors and by more than 0.05, be it the row
of W (angle), the column of A (relative) or the hidden bias. *Right*: the number is right and no
neuron is off; what the fit calls undetermined must be within 0.05. Withheld counts where n is at
least 10 times the unknowns per output. A fit that is refused (fewer equations than unknowns) is not
certified; nor is one that is ended by its limit of 10 s on one thread, with what it has found.

Rows cannot show a neuron that next to none of them switch, or two whose weights nearly coincide,
and no test tells a network with it from one without. So what is certified and wrong is counted once
more where *the rows could tell*: where a unit is off, or where the χ² by which the outputs without
noise differ from the nearest network of the size that was found is so large that a test at 1 % that
knows where to look would see it in 99.9 % of data sets. Units are compared with those of that
network where the teacher has more of them, or others. Where an input is missing there are no
outputs without noise: a wrong number always counts there, and so does a unit that is off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from pureneuron import recover

from .data import DataSet, draw, generator
from .fits import descend, detectable, nearest, network_of, posed
from .grid import design_of, draw_design, draw_recording, written
from .intervals import figures_of
from .judge import compared
from .records import Asked, Part, Record, Records
from .tables import failures, head, row, share

__all__ = ["PARTS"]

_CELLS = {"fits": draw_design, "recordings": draw_recording}
_MANY = 10.0
_SECONDS = 10.0


def measure_certificate(cell: str, seed: int) -> Record:
    """Draw a problem and a question, and fit."""
    rng = generator(cell, seed)
    design = _CELLS[cell](rng)
    k = design.k
    asked: int | Literal["auto"] = k
    chance = rng.random()
    if chance < 0.3:
        asked = "auto" if chance < 0.1 else max(k - 1, 1) if chance < 0.2 else k + 1
    found: Record = {
        "design": written(design),
        "asked": asked,
        "rows": design.n * design.m / design.unknowns,
    }
    data = draw(design, rng)
    try:
        recovery = recover(data.samples, asked, rng=seed, time_limit=_SECONDS, **data.options)
    except ValueError as error:
        if "unknowns" not in str(error) and "is constant" not in str(error):
            raise
        # Too few rows are refused, and units that are off in all: answers, no errors.
        return {**found, "status": "refused", "reason": str(error), "right": False, "off": []}
    # Rows of W are compared by what they do to the inputs only to pair them.
    found |= {**figures_of(recovery), **compared(recovery, data.truth)}
    found["model"] = design.of_the_model
    found["right"] = found["right"] and design.of_the_model
    if found["k"] == k and design.of_the_model:
        found["same_minimum"] = _same_minimum(data, recovery.loss)
    another = found["k"] != k or not design.of_the_model
    if wrong(found) and another and not design.missing_input:
        closest, found["apart"] = nearest(data, recovery.network, rng)
        found["off"] = compared(recovery, closest)["off"]
    return found


def _same_minimum(data: DataSet, loss: float) -> bool:
    """Whether the fit is no worse than the one that starts at the truth."""
    if data.design.weighted:
        return True  # its loss is another
    best = network_of(descend(posed(data), data.truth))
    least = float(np.mean((data.Y - best.predict(data.X)) ** 2))
    return loss <= 1.001 * least + 1e-12 * float(np.var(data.Y))


def wrong(record: Record) -> bool:
    """Whether a fit is certified and wrong."""
    if record["status"] != "RECOVERED":
        return False
    return record["k"] != design_of(record).k or not record["model"] or bool(record["off"])


def told(record: Record) -> bool:
    """Whether the rows could tell that a fit that is certified is wrong."""
    if not wrong(record):
        return False
    design = design_of(record)
    if "apart" in record and not record["off"]:
        return detectable(record["apart"], design.unknowns_of_a_unit)
    return bool(record["off"]) or record["k"] != design.k


def _withheld(records: list[Record], measure: str = "right") -> list[Record]:
    """Return the fits that are right and have rows enough."""
    return [each for each in records if each.get(measure) and each["rows"] >= _MANY]


def _question(record: Record) -> str:
    asked = record["asked"]
    return "auto" if asked == "auto" else f"k {asked - design_of(record).k:+d}"


_BY: dict[str, Callable[[Record], object]] = {
    "grid": lambda record: record["cell"],
    "noise": lambda record: design_of(record).noise,
    "law": lambda record: design_of(record).law,
    "κ(W)": lambda record: design_of(record).condition_W,
    "asked for": _question,
    "teacher": lambda record: "of the model" if design_of(record).of_the_model else "another",
    "biases fitted": lambda record: design_of(record).fits_biases,
    "equations for each unknown": lambda record: next(
        f"up to {most}"
        for most in (2, 5, 10, 30, 100, 400)
        if record["rows"] <= most or most == 400
    ),
}


def _fits(records: Records) -> list[Record]:
    return [each for cell in _CELLS for each in records.of(cell)]


def _lines(records: Records) -> Iterator[str]:
    fits = _fits(records)
    times = sorted(each["seconds"] for each in fits)
    if times:
        middle, late = times[len(times) // 2], times[int(0.99 * len(times))]
        yield (
            f"{len(fits)} fits; median {middle:.2g} s, 99 % within {late:.2g} s, the longest "
            f"{times[-1]:.3g} s."
        )
        yield ""
    yield from head(
        "by",
        "",
        "fits",
        "certified",
        "of these wrong",
        "and the rows could tell",
        "right, n ≥ 10×",
        "withheld",
    )
    for name, key in _BY.items():
        for value in sorted({key(each) for each in fits}, key=_natural):
            mine = [each for each in fits if key(each) == value]
            enough = _withheld(mine)
            yield row(
                name,
                value,
                len(mine),
                sum(each["status"] == "RECOVERED" for each in mine),
                sum(map(wrong, mine)),
                sum(map(told, mine)),
                len(enough),
                share(each["status"] != "RECOVERED" for each in enough),
            )
    reasons = Counter(each["status"] for each in _withheld(fits))
    statuses = ", ".join(f"{name} {count}" for name, count in reasons.most_common())
    yield from ["", f"Statuses of fits that are right and have rows enough: {statuses or 'none'}."]
    close = [each for each in fits if each.get("close") and each.get("model")]
    withheld = share(each["status"] != "RECOVERED" for each in _withheld(close, "close"))
    yield f"Of those within 0.05 of the truth: {withheld} withheld, of {withheld.of}."
    asked = [each for each in fits if "same_minimum" in each and each["rows"] >= _MANY]
    found = share(each["same_minimum"] for each in asked)
    yield f"Where the number is right, {found} are as good as the fit from the truth."
    if any(map(wrong, fits)):
        yield from ["", "Certified and wrong:", ""]
    for each in filter(wrong, fits):
        off = ", ".join(each["off"]) or "number or model"
        apart = f", χ² {each['apart']:.3g}" if "apart" in each else ""
        yield (
            f"- {each['cell']}, seed {each['seed']}: asked {each['asked']}, got {each['k']}, "
            f"{each['design']}: {off}{apart}"
        )
    yield from ["", *failures(records.errors())]


def _natural(value: object) -> tuple[float, str]:
    words = str(value).split()
    try:
        return float(words[-1]), ""
    except ValueError:
        return 0.0, str(value)


def _asked(records: Records) -> Iterator[Asked]:
    fits = _fits(records)
    if not fits:
        yield Asked("certified and wrong", "≤ 0.1 %", "not measured", None)
        return
    bad = share(map(wrong, fits))
    certified = sum(each["status"] == "RECOVERED" for each in fits)
    others = sum(wrong(each) and not each["model"] for each in fits)
    text = (
        f"{bad}: {bad.hits} of {bad.of} fits ({others} to no network of the model); {certified} "
        "are certified"
    )
    yield Asked("certified and wrong", "≤ 0.1 %", text, bad.value <= 0.001)
    avoidable = share(map(told, fits))
    text = f"{avoidable}: {avoidable.hits} of {avoidable.of} fits"
    what = "the same, where the rows could tell"
    yield Asked(what, "≤ 0.1 %", text, avoidable.value <= 0.001)
    missed = share(each["status"] != "RECOVERED" for each in _withheld(fits))
    yield Asked(
        "not certified although right, n ≥ 10 × the unknowns per output",
        "≤ 5 %",
        f"{missed}, of {missed.of}",
        missed.value <= 0.05,
    )


PARTS = (
    Part(
        "certificate",
        tuple(_CELLS),
        1200,
        measure_certificate,
        _lines,
        _asked,
        store="certificate",
        limit=60.0,
    ),
)
