"""Verdicts and intervals under changes of unit, and with inputs that cannot be told apart.

    python -m benchmarks.calibration units

Four sizes (d, k, m), five data sets of each: (4, 3, 3), (10, 5, 5), (10, 10, 10) and (20, 5, 8);
n = 5000, noise of a tenth of the outputs' standard deviation, default fits. Each data set is fitted
as it is, and changed. The verdict must be the same, or the inputs concerned must be named in the
notes or warnings. Where a column is repeated or hardly varies, the teacher has a weight for it, and
the fit without that column is what it is compared with. An interval *does not cover* if the truth,
in the changed units, is more than 5 standard errors from the estimate; neurons are paired by their
correlation over the inputs. Where inputs are named as undetermined, the truth is the network of
least norm that is the same on the inputs that are left: what each of them does is not reported as
known, and the length of a row of W, which A is scaled by, hangs on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pureneuron import TwoLayerNetwork, recover
from pureneuron.recovery import Recovery
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

from .data import Design, draw_teacher, generator
from .laws import with_noise
from .records import Asked, Part, Record, Records
from .tables import failures, head, row, share

__all__ = ["PARTS"]

_SIZES = ((4, 3, 3), (10, 5, 5), (10, 10, 10), (20, 5, 8))
_SEEDS = 5
_BEYOND = 5.0
_FACTORS = (1e8, 1e-8)


@dataclass(frozen=True)
class Change:
    """What is done to a data set.

    Attributes
    ----------
    inputs, outputs : callable or None
        Draws a factor for each column.
    offset : float
        Added to all outputs; they are fitted with ``fit_intercept``, with the offset and without.
    another : callable or None
        Makes one more input of the first one.
    """

    inputs: Callable[[np.random.Generator, int], Array] | None = None
    outputs: Callable[[np.random.Generator, int], Array] | None = None
    offset: float = 0.0
    another: Callable[[np.random.Generator, Array], Array] | None = None


def _all(factor: float) -> Callable[[np.random.Generator, int], Array]:
    return lambda rng, size: np.full(size, factor)


def _one(factor: float) -> Callable[[np.random.Generator, int], Array]:
    return lambda rng, size: np.where(np.arange(size) == 0, factor, 1.0)


def _each(rng: np.random.Generator, size: int) -> Array:
    return np.asarray(10.0 ** rng.choice([-8.0, 8.0], size))


def _copy(apart: float) -> Callable[[np.random.Generator, Array], Array]:
    return lambda rng, x: x + apart * rng.standard_normal(len(x))


def _still(sd: float, mean: float) -> Callable[[np.random.Generator, Array], Array]:
    return lambda rng, x: mean + sd * rng.standard_normal(len(x))


CELLS: dict[str, Change] = {
    "nothing": Change(),
    **{f"all inputs × {factor:g}": Change(inputs=_all(factor)) for factor in _FACTORS},
    **{f"one input × {factor:g}": Change(inputs=_one(factor)) for factor in _FACTORS},
    **{f"all outputs × {factor:g}": Change(outputs=_all(factor)) for factor in _FACTORS},
    **{f"one output × {factor:g}": Change(outputs=_one(factor)) for factor in _FACTORS},
    "inputs × 1e±8 each": Change(inputs=_each),
    "outputs × 1e±8 each": Change(outputs=_each),
    **{f"outputs + 1e{power}": Change(offset=10.0**power) for power in range(8)},
    "a column repeated exactly": Change(another=_copy(0.0)),
    **{f"a column repeated to 1e-{p}": Change(another=_copy(10.0**-p)) for p in range(6, 0, -1)},
    **{
        f"a column of mean {mean:g} and sd {sd:g}": Change(another=_still(sd, mean))
        for mean in (0.0, 1.0)
        for sd in (1e-2, 1e-3, 1e-6, 1e-9)
    },
}


def measure_units(cell: str, seed: int) -> Record:
    """Fit a data set as it is and changed."""
    change = CELLS[cell]
    d, k, m = _SIZES[seed // _SEEDS % len(_SIZES)]
    rng = generator("units", seed)  # the same data sets for every change
    design = Design(d=d, k=k, m=m, n=5_000, level=0.1)
    teacher = draw_teacher(design, rng)
    X = rng.standard_normal((design.n, d))
    noise = with_noise(teacher.predict(X), "Gaussian", design.level, rng) - teacher.predict(X)
    offset = change.offset != 0.0
    samples = ArraySamples(X, teacher.predict(X) + noise)
    base = recover(samples, k, rng=seed, fit_intercept=offset)

    own = generator(cell, seed)
    concerned: list[int] = []
    if change.another is not None:
        more = 0.3 * own.standard_normal((k, 1))
        teacher = TwoLayerNetwork(teacher.A, np.hstack([teacher.W, more]))
        X = np.column_stack([X, change.another(own, X[:, 0])])
        concerned = [0, d] if cell.startswith("a column repeated") else [d]
    Y = teacher.predict(X) + noise + change.offset
    of_X = np.ones(X.shape[1]) if change.inputs is None else change.inputs(own, X.shape[1])
    of_Y = np.ones(m) if change.outputs is None else change.outputs(own, m)
    changed = recover(ArraySamples(X * of_X, Y * of_Y), k, rng=seed, fit_intercept=offset)
    truth = TwoLayerNetwork(
        teacher.A * of_Y[:, None],
        teacher.W / of_X,
        output_bias=np.full(m, change.offset) * of_Y,
    )
    # Rows of W as far as the inputs that are told apart show them.
    span = changed.span
    truth = TwoLayerNetwork(
        truth.A, truth.W @ span @ span.T, output_bias=truth.output_bias
    ).normalized()
    words = set(re.findall(r"\w+", " ".join([changed.reason, *changed.notes, *changed.warnings])))
    return {
        "size": [d, k, m],
        "base": base.status.name,
        "status": changed.status.name,
        "reason": changed.reason,
        "named": bool(concerned) and all(f"x{i}" in words for i in concerned),
        **_covered(changed, truth, X * of_X),
    }


def _covered(recovery: Recovery, truth: TwoLayerNetwork, X: Array) -> Record:
    """Count intervals that do not cover, those of 95 % that do, and weights without."""
    errors = recovery.standard_errors
    if errors is None:
        return {"beyond": 0, "inside": 0, "known": 0, "unknown": 0, "no_errors": True}
    network = recovery.network
    matched = truth.permuted(network.match(truth, X.T @ X / len(X)).right)
    beyond = inside = known = unknown = 0
    intervals: Any = recovery.conf_int(0.95)
    for name in ("A", "W", "output_bias"):
        spread, true = getattr(errors, name), getattr(matched, name)
        apart = np.abs(getattr(network, name) - true)
        interval = getattr(intervals, name)
        finite = np.isfinite(spread)
        if name == "output_bias":
            finite &= spread > 0.0  # not fitted
        beyond += int((finite & (apart > _BEYOND * spread)).sum())
        inside += int((finite & (interval[..., 0] <= true) & (true <= interval[..., 1])).sum())
        known += int(finite.sum())
        unknown += int((~np.isfinite(spread)).sum())
    return {"beyond": beyond, "inside": inside, "known": known, "unknown": unknown}


def _same(record: Record) -> bool:
    return record["status"] == record["base"] or bool(record["named"])


def _lines(records: Records) -> Iterator[str]:
    yield from head(
        "change",
        "data sets",
        "same verdict",
        "or inputs named",
        "do not cover",
        "95 % cover",
        "undetermined",
        "no errors",
        "from → to",
    )
    for cell in CELLS:
        mine = records.of(cell)
        if not mine:
            continue
        moves = Counter(f"{r['base']} → {r['status']}" for r in mine if r["base"] != r["status"])
        yield row(
            cell,
            len(mine),
            share(each["status"] == each["base"] for each in mine),
            share(map(_same, mine)),
            sum(each["beyond"] for each in mine),
            f"{100 * sum(r['inside'] for r in mine) / max(sum(r['known'] for r in mine), 1):.1f}",
            sum(each["unknown"] for each in mine),
            sum(each.get("no_errors", False) for each in mine),
            ", ".join(f"{move} {count}" for move, count in moves.most_common()),
        )
    yield from ["", *failures(records.errors())]


def _asked(records: Records) -> Iterator[Asked]:
    mine = [each for cell in CELLS for each in records.of(cell)]
    what, wanted = "verdict under changes of unit", "the same, or the inputs named"
    if not mine:
        yield Asked(what, wanted, "not measured", None)
        return
    same = share(map(_same, mine))
    yield Asked(what, wanted, f"{same}, of {same.of}", same.hits == same.of)
    beyond, known = (sum(each[name] for each in mine) for name in ("beyond", "known"))
    what = "intervals under changes of unit that do not cover (5 standard errors)"
    yield Asked(what, "none", f"{beyond} of {known}", beyond == 0)


PARTS = (
    Part(
        "units",
        tuple(CELLS),
        _SEEDS * len(_SIZES),
        measure_units,
        _lines,
        _asked,
        store="units",
    ),
)
