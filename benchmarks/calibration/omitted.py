"""Level and power of the omitted-unit test.

    python -m benchmarks.calibration level power

``level``: data sets from the model, fitted from the truth without any other start; how often the
test rejects at 5 %. They are the data sets of ``intervals``, and more of them for each kind of
noise. ``power``: n = 5000, noise of a tenth of the outputs' standard deviation, and a fit that is
not right:

- *local minimum*: random networks, each followed to its minimum by the engine alone, until one
  costs at least 1 % of the signal's variance more than the fit that starts at the truth (at most
  100; cells are of sizes that have such minima, and "none" counts those that showed none). The fit
  starts there. Where the screening at 5 % sees it and B cannot show all neurons, the fit goes on by
  exchanging neurons: one that has left the minimum for a lower one counts as rejected ("left");
- *one neuron less*: the best of the fits from the truth without one of its neurons, or with two of
  them merged;
- other units, outputs, a missing bias or input: the fit starts at the teacher's weights. Biases are
  fitted where the output is not linear: an offset alone shall not give it away.

A fit that ends before the test counts as not rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pureneuron import recover

from .data import DataSet, Design, draw, generator
from .fits import best_smaller, descend, network_of, posed, random_network
from .intervals import CELLS as MODEL
from .intervals import figures_of, measure_intervals
from .records import Asked, Part, Record, Records
from .tables import Share, failures, head, row, share

__all__ = ["NOISES", "PARTS", "POWER", "rejected"]

LEVEL = 0.05
_COSTS = 0.01
_STARTS = 100

NOISES = tuple(
    cell for cell, design in MODEL.items() if cell.startswith("10×10") or design.noise != "Gaussian"
)
"""The cells with a kind of noise of their own."""

_BASE = Design(n=5_000, level=0.1)
_SIDE = replace(_BASE, d=20, k=5, m=8)
_MINIMA = {
    "k = 10, m = 3": replace(_BASE, m=3),
    "k = 5, m = 1": replace(_BASE, k=5, m=1),
    "k = 5, d = 20, m = 2": replace(_SIDE, m=2),
    "biases, k = 5, m = 5": replace(_BASE, k=5, m=5, biased=True, fits_biases=True),
}
_OTHERS = {
    "one neuron less": {},
    "tanh": {"unit": "tanh"},
    "GELU": {"unit": "GELU"},
    "abs": {"unit": "abs"},
    "softplus of the outputs": {"output": "softplus", "fits_biases": True},
    "exp of the outputs": {"output": "exp", "fits_biases": True},
    "saturated outputs": {"output": "saturation", "fits_biases": True},
    "a missing bias": {"biased": True},
    "a missing input": {"missing_input": True},
}
POWER: dict[str, Design] = {
    **{f"local minimum, {size}": design for size, design in _MINIMA.items()},
    **{
        f"{what}, {size}": replace(base, **changes)  # type: ignore[arg-type]
        for what, changes in _OTHERS.items()
        for size, base in (("10×10", _BASE), ("k = 5, d = 20, m = 8", _SIDE))
    },
}


def measure_power(cell: str, seed: int) -> Record:
    """Make a fit that is not right, and test it."""
    rng = generator(cell, seed)
    data = draw(POWER[cell], rng)
    k = data.design.k
    if cell.startswith("local minimum"):
        return _from_local_minimum(data, seed)
    elif cell.startswith("one neuron less"):
        k -= 1
        start = network_of(best_smaller(posed(data), data.truth))
    else:
        start = data.truth
    return figures_of(recover(data.samples, k, init=start, n_restarts=0, rng=seed, **data.options))


def _from_local_minimum(data: DataSet, seed: int) -> Record:
    """Look for a minimum that costs enough, and start there."""
    problem, rng = posed(data), generator("starts", seed)
    best = descend(problem, data.truth).loss
    signal = 1.0 / (1.0 + data.design.level**2)  # share of the power of the outputs
    fits = (descend(problem, random_network(data.design, rng)) for _ in range(_STARTS))
    costs = ((fit, (fit.loss - best) / signal) for fit in fits)
    found = next(((i, *each) for i, each in enumerate(costs, 1) if each[1] >= _COSTS), None)
    if found is None:
        return {"starts": _STARTS, "status": "none"}
    i, fit, cost = found
    options = data.options
    k, start = data.design.k, network_of(fit)
    recovery = recover(data.samples, k, init=start, n_restarts=0, rng=seed, **options)
    between = 0.5 * (fit.loss + best) * problem.output_scale**2
    return {"starts": i, "cost": cost, "left": recovery.loss < between, **figures_of(recovery)}


def rejected(record: Record) -> bool:
    """Whether the test rejects a fit, or has had it leave a local minimum."""
    return bool(record.get("left")) or float(record.get("omitted_unit_p_value", 1.0)) <= LEVEL


def _tested(records: list[Record]) -> Share:
    return share(rejected(each) for each in records if each["status"] != "none")


def _level_lines(records: Records) -> Iterator[str]:
    yield from head("from the model", "data sets", "rejected at 5 %", "not asked", "RECOVERED")
    for cell in MODEL:
        mine = records.of(cell)
        if mine:
            found = _tested(mine)
            text = str(found) if 0.035 <= found.value <= 0.065 else f"**{found}**"
            unasked = sum("omitted_unit_p_value" not in each for each in mine)
            recovered = share(each["status"] == "RECOVERED" for each in mine)
            yield row(cell, len(mine), text, unasked, recovered)


def _power_lines(records: Records) -> Iterator[str]:
    yield from head(
        "not right", "fits", "rejected at 5 %", "left", "RECOVERED", "misfit as named", "none"
    )
    for cell in POWER:
        mine = records.of(cell)
        if mine:
            found = _tested(mine)
            text = str(found) if found.value >= 0.99 else f"**{found}**"
            fitted = [each for each in mine if each["status"] != "none"]
            recovered = share(each["status"] == "RECOVERED" for each in fitted)
            named = Counter(str(each.get("misfit", "–")) for each in fitted)
            names = ", ".join(f"{name} {count}" for name, count in named.most_common(3))
            left = sum(bool(each.get("left")) for each in fitted)
            yield row(cell, found.of, text, left, recovered, names, len(mine) - len(fitted))
    yield from ["", *failures(records.errors(list(POWER)))]


def _level_asked(records: Records) -> Iterator[Asked]:
    found = {cell: _tested(records.of(cell)) for cell in NOISES if records.of(cell)}
    what, wanted = "omitted-unit test at 5 %, data from the model", "3.5–6.5 % rejected"
    if not found:
        yield Asked(what, wanted, "not measured", None)
        return
    low, high = (pick(found, key=lambda cell: found[cell].value) for pick in (min, max))
    text = f"{found[low]} ({low}) to {found[high]} ({high})"
    yield Asked(what, wanted, text, 0.035 <= found[low].value and found[high].value <= 0.065)


def _power_asked(records: Records) -> Iterator[Asked]:
    for what in ("local minimum", *_OTHERS):
        found = {
            cell: _tested(records.of(cell))
            for cell in POWER
            if cell.startswith(what) and records.of(cell)
        }
        known = {cell: each for cell, each in found.items() if each.of}
        if not known:
            yield Asked(f"the same against: {what}", "≥ 99 % rejected", "not measured", None)
            continue
        worst = min(known, key=lambda cell: known[cell].value)
        size = worst.removeprefix(f"{what}, ")
        yield Asked(
            f"the same against: {what}",
            "≥ 99 % rejected",
            f"{known[worst]} ({size})",
            known[worst].value >= 0.99,
        )


PARTS = (
    Part("level", NOISES, 1000, measure_intervals, _level_lines, _level_asked, store="model"),
    Part("power", tuple(POWER), 400, measure_power, _power_lines, _power_asked, store="power"),
)
