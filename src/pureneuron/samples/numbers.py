"""Arguments that must be real numbers, and the words for values that are none."""

from __future__ import annotations

from collections.abc import Sequence

import array_api_compat
import numpy as np

from pureneuron.typing import AnyArray

__all__ = ["nonfinite_message", "real_array", "refuse_nonfinite", "refuse_text_and_complex"]


def real_array(name: str, values: AnyArray) -> AnyArray:
    """Return the argument ``name`` as an array of real floating numbers.

    Arrays of any Array API library stay in it; lists and data frames become NumPy arrays. Float32
    is kept, and integers, booleans and other floating types become float64.

    Raises
    ------
    ValueError
        If the values are complex, text or objects.
    """
    array = values if array_api_compat.is_array_api_obj(values) else _asarray(name, values)
    xp = array_api_compat.array_namespace(array)
    # NumPy before 2 counts time differences among the integers.
    is_time = getattr(array.dtype, "kind", "") == "m"
    if is_time or not xp.isdtype(array.dtype, ("bool", "integral", "real floating")):
        refuse_text_and_complex(name, array)
        raise ValueError(f"{name} is of type {array.dtype}: real numbers are expected")
    if array.dtype in (xp.float32, xp.float64):
        return array
    return xp.astype(array, xp.float64)


def refuse_text_and_complex(name: str, values: AnyArray) -> None:
    """Refuse an argument that holds text or complex numbers, also among other objects.

    Raises
    ------
    ValueError
        If it does; the message names the argument.
    """
    array = _asarray(name, values)
    types = {array.dtype.type} if array.dtype != object else {type(v) for v in array.ravel()}
    if any(issubclass(kind, complex | np.complexfloating) for kind in types):
        raise ValueError(
            f"Complex data not supported: {name} is complex; "
            "pass its real and imaginary parts as columns of their own"
        )
    if any(issubclass(kind, str | bytes) for kind in types):
        raise ValueError(f"{name} holds text: turn it into numbers, or leave out such columns")


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
    name: str, row: int, column: str | None, is_nan: bool, *, before: str = "fitting"
) -> str:
    """Say that argument ``name`` holds NaN or infinity, and where."""
    where = f"row {row}" + ("" if column is None else f", column {column!r}")
    return (
        f"Input {name} contains {'NaN' if is_nan else 'infinity'} at {where} "
        f"(rows count from 0): drop such rows or fill the gaps before {before}"
    )


def _asarray(name: str, values: AnyArray) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from error
