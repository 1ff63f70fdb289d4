"""Validation: what no later step could make sense of is refused in the first pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import array_api_compat
import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.samples import Batch, First, Leaf, Max, Merged, Min, Samples, Sum
from pureneuron.samples.groups import group_of
from pureneuron.samples.numbers import nonfinite_message
from pureneuron.typing import AnyArray

__all__ = [
    "Seen",
    "Thresholds",
    "check_samples",
    "is_refused",
    "judged",
    "ranges",
    "refuse_no_columns",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    largest : float
        Largest size of a value, and the inverse of the smallest of a column's largest: moments are
        sums of products of up to four values (rounding).
    few_rows : int
        Rows of a batch that are compared first to see whether a column varies (no effect on
        results).
    """

    largest: float = 1e70
    few_rows: int = 100


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Seen:
    """What the first pass leaves to know.

    Attributes
    ----------
    largest_weight : float
        The largest weight of a row; 1 without weights.
    grouped : bool
        Whether the rows come with groups.
    """

    largest_weight: float
    grouped: bool = False


def check_samples(samples: Samples) -> Seen:
    """Refuse data without rows, values that are not finite, and constants, in one pass.

    Raises
    ------
    ValueError
        As :func:`refuse_no_columns` and :func:`judged`.
    """
    refuse_no_columns(samples)
    return judged(samples.reduce(ranges), samples)


def judged(seen: Merged, samples: Samples) -> Seen:
    """Judge by the ranges that a pass has seen.

    Parameters
    ----------
    seen : dict
        What a pass has given whose kernel returned the :func:`ranges`.
    samples : Samples
        The data, for sizes and names.

    Raises
    ------
    ValueError
        If there are no rows, if X, Y or a weight is NaN or infinite (with its row and column), if
        values are so large or small that moments overflow, if all inputs or all outputs are
        constant, or if weights are negative or all zero.
    """
    n_rows = int(seen.get("rows", 0))
    if n_rows == 0:
        raise ValueError("X has 0 sample(s): there are no rows to learn from")
    _refuse_nonfinite("X", seen, samples, samples.input_names)
    _refuse_nonfinite("Y", seen, samples, samples.output_names)
    _refuse_nonfinite("sample_weight", seen, samples, ())
    if seen["min weight"] < 0.0:
        raise ValueError("sample_weight holds a negative weight; weights must be at least zero")
    if seen["max weight"] == 0.0:
        raise ValueError("sample_weight is zero for every row: no row counts")
    for name in ("X", "Y"):
        largest = float(seen[f"largest {name}"])
        if largest > THRESHOLDS.largest or 0.0 < largest < 1.0 / THRESHOLDS.largest:
            raise ValueError(
                f"the largest value of {name} is {largest:.3g}, and its square is out of the range "
                "of double precision: choose another unit"
            )
    for name, what in (("X", "input"), ("Y", "output")):
        same = not seen[f"varies {name}"] and np.all(seen[f"least {name}"] == seen[f"most {name}"])
        if n_rows > 1 and same:
            raise ValueError(
                f"{name} is constant: every {what} has one and the same value in all rows, "
                "from which nothing can be learned"
            )
    return Seen(float(seen["max weight"]), bool(seen["grouped"]))


def refuse_no_columns(samples: Samples) -> None:
    """Refuse samples without inputs or outputs.

    Raises
    ------
    ValueError
        If there are none.
    """
    if samples.n_inputs == 0 or samples.n_outputs == 0:
        raise ValueError(
            f"X has {samples.n_inputs} feature(s) and Y {samples.n_outputs} output(s); "
            "at least one of each is required"
        )


def ranges(batch: Batch) -> dict[str, Leaf]:
    """Return what :func:`judged` judges by."""
    xp = array_api_compat.array_namespace(batch.X)
    parts: dict[str, Leaf] = {
        "rows": Sum(float(batch.X.shape[0])),
        "grouped": Max(np.asarray(bool(group_of(batch)))),
    }
    if batch.X.shape[0] == 0:
        return parts
    for name, M in (("X", batch.X), ("Y", batch.Y)):
        # Maxima over all entries are quick, and not a number if one of them is not.
        largest = max(abs(float(xp.max(M))), abs(float(xp.min(M))))
        parts[f"largest {name}"] = Max(np.float64(largest))
        parts[f"bad {name}"] = First(
            np.empty(0) if np.isfinite(largest) else _first_nonfinite(M, batch.offset)
        )
        # A column is constant if it is within each batch, and from one to the next. Few rows show.
        few = min(THRESHOLDS.few_rows, M.shape[0])
        varies = xp.any(M[:1, :] != M[:few, :]) or xp.any(M[:1, :] != M)
        parts[f"varies {name}"] = Max(np.asarray(bool(varies)))
        parts[f"least {name}"], parts[f"most {name}"] = Min(M[0, :]), Max(M[0, :])
    if batch.weight is None:
        parts |= _no_weights()
    else:
        parts |= {
            "min weight": Min(xp.min(batch.weight)),
            "max weight": Max(xp.max(batch.weight)),
            "bad sample_weight": First(_first_nonfinite(batch.weight[:, None], batch.offset)),
        }
    return parts


def is_refused(parts: dict[str, Leaf]) -> bool:
    """Tell whether the :func:`ranges` of a batch are those of values that will be refused."""
    if "largest X" not in parts:
        return True
    bad = any(isinstance(leaf, First) and leaf.value.size for leaf in parts.values())
    beyond = any(parts[f"largest {name}"].value > THRESHOLDS.largest for name in ("X", "Y"))
    return bool(bad or beyond or float(parts["min weight"].value) < 0.0)


def _no_weights() -> dict[str, Leaf]:
    one = np.float64(1.0)
    return {"min weight": Min(one), "max weight": Max(one), "bad sample_weight": First(np.empty(0))}


def _first_nonfinite(M: AnyArray, offset: int) -> np.ndarray:
    """Return ``[row, column]`` of the first value that is not finite, or nothing."""
    finite = to_numpy(array_api_compat.array_namespace(M).isfinite(M))
    if finite.all():
        return np.empty(0)
    row, column = np.argwhere(~finite)[0]
    return np.array([row + offset, column, np.isnan(float(M[int(row), int(column)]))])


def _refuse_nonfinite(name: str, seen: Merged, samples: Samples, columns: Sequence[str]) -> None:
    place = seen[f"bad {name}"]
    if place.size == 0:
        return
    row, column, is_nan = (int(value) for value in place)
    source, row = samples.origin(row)
    title = columns[column] if columns else None
    raise ValueError(nonfinite_message(name, row, title, bool(is_nan), source=source))
