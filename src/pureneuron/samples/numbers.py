"""Arguments that must be real numbers, and the words for values that are none."""

from __future__ import annotations

from collections.abc import Sequence

import array_api_compat
import numpy as np

from pureneuron.samples.frames import frame_array, frame_columns
from pureneuron.typing import AnyArray

__all__ = ["nonfinite_message", "real_array", "refuse_nonfinite", "refuse_text_and_complex"]


def real_array(name: str, values: AnyArray) -> AnyArray:
    """Return the argument ``name`` as an array of real floating numbers.

    Arrays of any Array API library stay in it; lists and data frames become NumPy arrays. Float32
    is kept, and integers, booleans and other floating types become float64.

    Raises
    ------
    ValueError
        If the values are complex, text, times or objects, or if some of them are masked.
    """
    refuse_text_and_complex(name, values, whole=False)
    if isinstance(values, np.ma.MaskedArray):
        values = values.data  # Nothing is masked.
    array = values if array_api_compat.is_array_api_obj(values) else _asarray(name, values)
    if array_api_compat.is_torch_array(array):
        array = array.detach()  # Sums over rows would keep all that they are made of.
    xp = array_api_compat.array_namespace(array)
    # NumPy before 2 counts time differences among the integers.
    is_time = getattr(array.dtype, "kind", "") == "m"
    if is_time or not xp.isdtype(array.dtype, ("bool", "integral", "real floating")):
        refuse_text_and_complex(name, array)
        raise ValueError(f"{name} is of type {array.dtype}: real numbers are expected")
    if array.dtype in (xp.float32, xp.float64):
        return array
    return xp.astype(array, xp.float64)


def refuse_text_and_complex(name: str, values: AnyArray, *, whole: bool = True) -> None:
    """Refuse an argument that holds text, categories, times or complex numbers, or masked values.

    Parameters
    ----------
    name : str
        The argument.
    values : array or array-like
        Its value.
    whole : bool
        Whether arrays and lists are looked at as well: of data frames, each column is in any case.

    Raises
    ------
    ValueError
        If it does; the message names the argument, and the column of a data frame.
    """
    _refuse_columns(name, values)
    if isinstance(values, np.ma.MaskedArray):
        _refuse_masked(name, values)
    if not whole:
        return
    array = _asarray(name, values)
    if array.dtype.kind in "mM":
        raise ValueError(
            f"{name} is of type {array.dtype}: real numbers are expected; turn times into numbers"
        )
    types = {array.dtype.type} if array.dtype != object else {type(v) for v in array.ravel()}
    if any(issubclass(kind, complex | np.complexfloating) for kind in types):
        raise ValueError(
            f"Complex data not supported: {name} is complex; "
            "pass its real and imaginary parts as columns of their own"
        )
    if any(issubclass(kind, str | bytes) for kind in types):
        raise ValueError(f"{name} holds text: turn it into numbers, or leave out such columns")


def _refuse_columns(name: str, values: AnyArray) -> None:
    """Refuse a data frame by the name of its first column that holds something else than numbers.

    Of outputs, values that are not finite are refused here as well: further on their columns have
    lost their names.
    """
    for column, kind, vector in frame_columns(values):
        if vector is None:
            if "complex" in kind:
                raise ValueError(
                    f"Complex data not supported: column {column!r} of {name} is of type {kind}"
                )
            raise ValueError(
                f"column {column!r} of {name} is of type {kind}: turn it into numbers, or leave it "
                "out"
            )
        if name in ("y", "Y"):
            bad = np.flatnonzero(~np.isfinite(vector.astype(np.float64)))
            if len(bad):
                row = int(bad[0])
                is_nan = bool(np.isnan(float(vector[row] if vector[row] is not None else np.nan)))
                raise ValueError(nonfinite_message(name, row, column, is_nan))


def _refuse_masked(name: str, values: np.ma.MaskedArray) -> None:
    places = np.argwhere(np.ma.getmaskarray(values))
    if len(places):
        where = "row " + ", column ".join(str(number) for number in places[0])
        raise ValueError(
            f"{name} is a masked array with {len(places)} masked values, the first in {where} "
            "(counted from 0): drop such rows or fill the gaps"
        )


def refuse_nonfinite(name: str, M: AnyArray, columns: Sequence[str], *, before: str) -> None:
    """Refuse a matrix that holds NaN or infinity; ``before`` says what it was meant for.

    Raises
    ------
    ValueError
        If it does; the message names row and column.
    """
    bad = np.argwhere(~np.isfinite(M))
    if len(bad):
        row, column = bad[0]
        is_nan = bool(np.isnan(M[row, column]))
        raise ValueError(nonfinite_message(name, row, columns[column], is_nan, before=before))


def nonfinite_message(
    name: str,
    row: int,
    column: str | None,
    is_nan: bool,
    *,
    before: str = "fitting",
    source: str = "",
) -> str:
    """Say that argument ``name`` holds NaN or infinity, and where; ``source`` is a file."""
    where = f"row {row}" + (f" of {source}" if source else "")
    where += "" if column is None else f", column {column!r}"
    return (
        f"Input {name} contains {'NaN' if is_nan else 'infinity'} at {where} "
        f"(rows count from 0): drop such rows or fill the gaps before {before}"
    )


def _asarray(name: str, values: AnyArray) -> np.ndarray:
    try:
        array = np.asarray(values)
        is_frame = array.dtype == object and hasattr(values, "iloc")
        return (
            frame_array(values)
            if is_frame and all(vector is not None for *_, vector in frame_columns(values))
            else array
        )
    except ValueError as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from error
