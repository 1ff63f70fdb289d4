"""Groups of rows that may share their noise: sessions, trials, subjects.

A label says which group a row belongs to; it is a whole number, a text or a date. Kernels find the
groups as numbers, one a row, in ``batch.extra["group"]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from pureneuron.devices import to_numpy
from pureneuron.samples.batch import Batch
from pureneuron.typing import AnyArray

__all__ = ["GROUP", "group_codes", "group_column", "group_keys", "group_of"]

GROUP = "group"


def group_codes(labels: AnyArray, *, name: str = "groups") -> NDArray[np.int64]:
    """Give the groups the numbers 0, 1, …: equal labels get the same.

    Parameters
    ----------
    labels : (n,) array or array-like
        The labels of all rows.
    name : str
        What holds the labels, for messages.

    Returns
    -------
    (n,) array of int64
        The numbers.

    Raises
    ------
    ValueError
        If a label is missing (NaN, None, empty), or is no whole number, text or date.
    """
    _, codes = np.unique(_read(labels, name, 0), return_inverse=True)
    return codes.astype(np.int64, copy=False)


def group_keys(labels: AnyArray, *, offset: int = 0, name: str = "groups") -> NDArray[np.int64]:
    """Give groups numbers that do not depend on the other rows: for sources read piece by piece.

    Parameters
    ----------
    labels : (n,) array or array-like
        The labels of some consecutive rows.
    offset : int
        Row number, in the whole, of the first row.
    name : str
        What holds the labels, for messages.

    Returns
    -------
    (n,) array of int64
        Whole numbers as they are. Texts become hashes of 63 bits, the same in every process.

    Raises
    ------
    ValueError
        As :func:`group_codes`.
    """
    values = _read(labels, name, offset)
    if values.dtype.kind != "U":
        return values.astype(np.int64, copy=False)
    distinct, codes = np.unique(values, return_inverse=True)
    hashes = np.array([_hash(text) for text in distinct.tolist()], dtype=np.int64)
    return hashes[codes]


def group_column(codes: NDArray[np.int64], like: AnyArray) -> dict[str, AnyArray]:
    """Return the extra column of a batch, in the library and on the device of ``like``."""
    if not isinstance(like, np.ndarray):
        xp = array_api_compat.array_namespace(like)
        return {GROUP: xp.asarray(codes, device=array_api_compat.device(like))}
    return {GROUP: codes}


def group_of(batch: Batch) -> Mapping[str, AnyArray]:
    """Return the extra column that holds the groups of ``batch``; nothing without groups."""
    return {GROUP: batch.extra[GROUP]} if GROUP in batch.extra else {}


def _read(labels: AnyArray, name: str, offset: int) -> np.ndarray:
    """Return labels as an array of whole numbers, dates or texts; refuse those that are missing."""
    is_array = array_api_compat.is_array_api_obj(labels)
    array = to_numpy(labels) if is_array else np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(
            f"{name} has shape {array.shape}: a vector with one label a row is expected"
        )
    if array.dtype.kind == "O":
        _refuse(np.array([_is_missing(label) for label in array], dtype=bool), name, offset)
        array = _of_one_type(array, name)
    kind = array.dtype.kind
    if kind == "S":
        array = np.char.decode(array, "utf-8")
    if kind in "SU":
        _refuse(np.char.strip(array) == "", name, offset)
    elif kind == "M":
        _refuse(np.isnat(array), name, offset)
    elif kind == "f":
        _refuse(np.isnan(array), name, offset)
        whole = (np.floor(array) == array) & (np.abs(array) < 2.0**63)
        if not whole.all():
            row = int(np.argmin(whole))
            raise ValueError(
                f"{name} holds {array[row]} in row {row + offset} (rows count from 0): "
                "whole numbers or text are expected as labels"
            )
        array = array.astype(np.int64)
    elif kind not in "iub":
        raise _of_wrong_type(name, array.dtype)
    return array


def _of_one_type(array: np.ndarray, name: str) -> np.ndarray:
    values = array.tolist()
    for allowed in (str, int | np.integer, int | float | np.number):
        if all(isinstance(value, allowed) for value in values):
            return np.asarray(values, dtype=str if allowed is str else None)
    kinds = sorted({type(value).__name__ for value in values})
    raise _of_wrong_type(name, " and ".join(kinds))


def _of_wrong_type(name: str, kind: Any) -> ValueError:
    return ValueError(f"{name} is of type {kind}: whole numbers or text are expected as labels")


def _is_missing(label: Any) -> bool:
    if label is None:
        return True
    try:
        return bool(label != label)
    except TypeError:  # The missing value of pandas is neither true nor false.
        return True
    except ValueError:
        return False


def _refuse(missing: np.ndarray, name: str, offset: int) -> None:
    if missing.any():
        row = int(np.argmax(missing)) + offset
        raise ValueError(
            f"{name} has no label in row {row} (rows count from 0): give each row a group, or "
            "drop such rows"
        )


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
