"""What every source of samples must do, as a suite to run against it.

:func:`check_source` takes a function that makes samples of given arrays, and fails with a message
that names the promise that is broken::

    def test_my_source():
        check_source(lambda X, Y, weight: MySource(X, Y, weight))
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import array_api_compat
import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.samples.batch import Batch, First, Leaf, Max, Merged, Min, Stacked, Sum
from pureneuron.samples.protocol import Samples
from pureneuron.typing import AnyArray, Array

__all__ = ["Make", "check_source"]

Make: TypeAlias = Callable[[Array, Array, Array | None], Samples]
"""``make(X, Y, weight)``: samples of rows X (n, d), outputs Y (n, m) and weights (n,) or None."""

_N, _D, _M = 97, 4, 3


def check_source(make: Make) -> None:
    """Check a source against all that the library relies on.

    Parameters
    ----------
    make : callable
        Makes samples; several batches of uneven length show most.

    Raises
    ------
    AssertionError
        If a promise is broken; the message says which.
    """
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((_N, _D)), rng.standard_normal((_N, _M))
    weight = rng.uniform(0.5, 2.0, _N)
    for w in (None, weight):
        samples = make(X, Y, w)
        _check_sizes(samples)
        _check_reduction(samples, X, Y, w)
        _check_derivation(samples, X)
        _check_taking(samples, X, Y, w)
        _check_thinning(samples, X, Y, w)
        _check_together(samples)


def _check_sizes(samples: Samples) -> None:
    sizes = (samples.n_inputs, samples.n_outputs)
    _require(sizes == (_D, _M), f"n_inputs and n_outputs are {sizes}, not {(_D, _M)}")
    named = (len(samples.input_names), len(samples.output_names))
    _require(named == (_D, _M), f"there are {named} names for {(_D, _M)} inputs and outputs")


def _check_reduction(samples: Samples, X: Array, Y: Array, weight: Array | None) -> None:
    shift = np.arange(float(_D))
    kernel = pickle.loads(pickle.dumps(_statistics))
    seen, again = samples.reduce(kernel, shift), samples.reduce(_statistics, shift)
    _require(
        all(isinstance(value, np.ndarray | np.generic | float) for value in seen.values()),
        "reduce returns arrays that are not NumPy's",
    )
    _require(
        all(np.array_equal(seen[name], again[name]) for name in seen),
        "the same reduction made twice differs: batches must merge in the order of their rows",
    )
    w = np.ones(_N) if weight is None else weight
    expected = {
        "rows": _N,
        "cross": (w[:, None] * (X + shift)).T @ Y,
        "least": X.min(axis=0),
        "most": X.max(axis=0),
        "first": X[:1, 0],
        "numbers": np.arange(_N),
        "x": X,
    }
    what = {
        "rows": "rows are lost or repeated",
        "cross": "sums are not those of all rows (or weights are lost)",
        "least": "Min does not merge by the smaller value",
        "most": "Max does not merge by the larger value",
        "first": "First is not that of the first row: batches are out of order",
        "numbers": "offsets are not the row numbers of the first rows of the batches",
        "x": "rows are out of order",
    }
    for name, value in expected.items():
        _require(np.allclose(seen[name], value, rtol=1e-5, atol=1e-6), what[name])


def _check_derivation(samples: Samples, X: Array) -> None:
    factor = np.full(_D, 2.0)
    derived = samples.derive(_doubled, factor).derive(_with_square, 3.0)
    seen = derived.reduce(_derived_statistics)
    _require(int(seen["rows"]) == _N, "derive does not keep the number of rows")
    _require(
        np.array_equal(seen["numbers"], np.arange(_N)),
        "derive does not keep the offsets of the batches",
    )
    _require(np.allclose(seen["x"], 2.0 * X, atol=1e-6), "derive does not keep the order of rows")
    square = 3.0 * (2.0 * X[:, :1]) ** 2
    _require(np.allclose(seen["square"], square, rtol=1e-5), "derive loses extra columns")
    try:
        samples.derive(_without_its_last).reduce(_derived_statistics_without_square)
    except ValueError:
        pass
    else:
        raise AssertionError("derive takes a function that drops rows")
    plain = samples.reduce(_derived_statistics_without_square)["x"]
    _require(np.allclose(plain, X, atol=1e-6), "derive changes the samples it is derived from")
    _require(derived.n_inputs == _D, "derive loses the number of inputs")
    anew = samples.recomputed().derive(_doubled, factor).derive(_with_square, 3.0)
    again = anew.reduce(_derived_statistics)
    _require(
        again.keys() == seen.keys() and all(np.array_equal(again[k], seen[k]) for k in seen),
        "what is derived anew in each pass is not what is derived once",
    )
    _require(not anew.in_memory, "recomputed rows are said to lie in memory")


def _check_taking(samples: Samples, X: Array, Y: Array, weight: Array | None) -> None:
    rows = np.array([0, 3, 4, 40, 41, 95, 96])
    derived = samples.derive(_with_square, 1.0)
    taken = derived.take(rows).reduce(_taken_statistics)
    _require(np.allclose(taken["x"], X[rows], atol=1e-6), "take does not give the rows asked for")
    _require(np.allclose(taken["y"], Y[rows], atol=1e-6), "take loses which outputs go with a row")
    square = X[rows, :1] ** 2
    _require(np.allclose(taken["square"], square, atol=1e-6), "take loses extra columns")
    _check_weights(taken, None if weight is None else weight[rows], "take")
    for n in (0, 1, 50, _N + 1):
        first = samples.head(n).reduce(_placed).get("x", X[:0])
        same = first.shape == X[:n].shape and np.allclose(first, X[:n], atol=1e-6)
        _require(same, f"head({n}) is not the first {n} rows")


def _check_thinning(samples: Samples, X: Array, Y: Array, weight: Array | None) -> None:
    for n in (1, 2, 7, _N + 1):
        thinned = samples.derive(_with_square, 1.0).every_nth(n)
        seen = thinned.derive(_doubled, np.full(_D, 2.0)).reduce(_taken_statistics)
        message = f"every_nth({n}) is not every {n}-th row of the whole"
        _require(np.allclose(seen["x"], 2.0 * X[::n], atol=1e-6), message)
        _require(np.allclose(seen["y"], Y[::n], atol=1e-6), message)
        _require(np.allclose(seen["square"], X[::n, :1] ** 2, atol=1e-6), message)
        _check_weights(seen, None if weight is None else weight[::n], f"every_nth({n})")


def _check_weights(seen: Merged, weight: Array | None, what: str) -> None:
    if weight is None:
        _require("weight" not in seen, f"{what} makes up weights")
        return
    kept = "weight" in seen and np.allclose(seen["weight"], weight, atol=1e-6)
    _require(kept, f"{what} loses weights")


def _check_together(samples: Samples) -> None:
    shifts = [np.full(_D, float(i)) for i in range(3)]
    calls: list[tuple[Any, ...]] = [(_statistics, shift) for shift in shifts]
    calls.append((_derived_statistics_without_square,))
    together = samples.reduce_together(calls)
    _require(len(together) == len(calls), "reduce_together does not answer every call")
    for (kernel, *params), seen in zip(calls, together, strict=True):
        alone = samples.reduce(kernel, *params)
        _require(
            alone.keys() == seen.keys()
            and all(np.array_equal(alone[name], seen[name]) for name in alone),
            "reduce_together gives something else than one reduction after the other",
        )


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _statistics(batch: Batch, shift: AnyArray) -> dict[str, Leaf]:
    xp = array_api_compat.array_namespace(batch.X)
    shift = xp.astype(shift, batch.X.dtype)
    X = batch.X + shift
    if batch.weight is not None:
        X = X * xp.reshape(batch.weight, (-1, 1))
    return {
        "rows": Sum(float(batch.X.shape[0])),
        "cross": Sum(X.T @ batch.Y),
        "least": Min(xp.min(batch.X, axis=0)),
        "most": Max(xp.max(batch.X, axis=0)),
        "first": First(batch.X[:1, 0]),
        **_placed(batch),
    }


def _placed(batch: Batch) -> dict[str, Leaf]:
    numbers = batch.offset + np.arange(batch.X.shape[0])
    return {"x": Stacked(batch.X), "numbers": Stacked(numbers)}


def _doubled(batch: Batch, factor: AnyArray) -> Batch:
    xp = array_api_compat.array_namespace(batch.X)
    return replace(batch, X=batch.X * xp.astype(factor, batch.X.dtype))


def _with_square(batch: Batch, factor: float) -> Batch:
    first = batch.X[:, :1]
    return replace(batch, extra={**batch.extra, "square": factor * first * first})


def _without_its_last(batch: Batch) -> Batch:
    return replace(batch, X=batch.X[:-1, :], Y=batch.Y[:-1, :])


def _derived_statistics(batch: Batch) -> dict[str, Leaf]:
    return {
        "rows": Sum(float(batch.X.shape[0])),
        "square": Stacked(batch.extra["square"]),
        **_placed(batch),
    }


def _derived_statistics_without_square(batch: Batch) -> dict[str, Leaf]:
    return {"rows": Sum(float(batch.X.shape[0])), **_placed(batch)}


def _taken_statistics(batch: Batch) -> dict[str, Leaf]:
    parts: dict[str, Leaf] = {
        "x": Stacked(batch.X),
        "y": Stacked(batch.Y),
        "square": Stacked(batch.extra["square"]),
    }
    if batch.weight is not None:
        parts["weight"] = Stacked(to_numpy(batch.weight))
    return parts
