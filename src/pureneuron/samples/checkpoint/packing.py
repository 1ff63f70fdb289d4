"""Merged results of passes as named arrays and JSON, and back, to the last bit.

Arrays keep their type, shape and order in memory, on which the last bit of a product may hang; an
array of no dimension, a NumPy scalar and a number of Python stay what they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pureneuron.samples.batch import Merged
from pureneuron.typing import AnyArray

__all__ = ["as_they_come_back", "packed", "unpacked"]

# What safetensors have, in the byte order of the machine; others go as bytes.
_NATIVE = {np.dtype(each).str for each in (*"?bhilBHIL", "f2", "f4", "f8")}


def packed(results: Sequence[Merged]) -> tuple[dict[str, AnyArray], str]:
    """Return results as arrays that safetensors can hold, and JSON of what these do not say.

    Raises
    ------
    TypeError
        If a value is no number or array of numbers, texts or dates.
    """
    tensors: dict[str, AnyArray] = {}
    structure = []
    for i, result in enumerate(results):
        parts = {}
        for name, value in result.items():
            if isinstance(value, np.ndarray | np.generic):
                parts[name], tensors[f"{i} {name}"] = _packed_array(value)
            elif isinstance(value, float):
                parts[name] = {"kind": "float", "value": value.hex()}
            elif isinstance(value, bool | int):
                parts[name] = {"kind": type(value).__name__, "value": value}
            else:
                raise TypeError(f"{name} is a {type(value).__name__}, which a journal cannot keep")
        structure.append(parts)
    return tensors, json.dumps(structure)


def unpacked(tensors: Mapping[str, AnyArray], results: str) -> list[Merged]:
    """Return the results again; a KeyError or ValueError if they are not all there."""
    return [
        {name: _unpacked_value(about, tensors.get(f"{i} {name}")) for name, about in parts.items()}
        for i, parts in enumerate(json.loads(results))
    ]


def as_they_come_back(results: Sequence[Merged]) -> list[Merged]:
    """Return results as :func:`unpacked` would: without holes in the memory of an array."""
    return [
        {name: _as_it_comes_back(value) for name, value in result.items()} for result in results
    ]


def _packed_array(value: Any) -> tuple[dict[str, Any], AnyArray]:
    if value.dtype.kind in "OV":
        raise TypeError(f"arrays of {value.dtype} cannot be kept in a journal")
    kind = "array" if isinstance(value, np.ndarray) else "scalar"
    ordered, axes = _ordered(value)
    # The format stores C order only, and knows no other kinds of numbers.
    stored = ordered if ordered.dtype.str in _NATIVE else np.frombuffer(ordered.tobytes(), np.uint8)
    return {
        "kind": kind,
        "dtype": ordered.dtype.str,
        "shape": list(ordered.shape),
        "axes": axes,
    }, stored


def _unpacked_value(about: Mapping[str, Any], stored: AnyArray | None) -> Any:
    kind = about["kind"]
    if kind == "float":
        return float.fromhex(about["value"])
    if stored is None:
        return about["value"]
    values = stored.reshape(-1).view(np.dtype(about["dtype"])).reshape(about["shape"])
    values = np.array(values, order="C")  # Of its own: what is read is not to be written to.
    return values[()] if kind == "scalar" else np.transpose(values, np.argsort(about["axes"]))


def _as_it_comes_back(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    ordered, axes = _ordered(value)
    return np.transpose(ordered, np.argsort(axes))


def _ordered(value: AnyArray) -> tuple[AnyArray, list[int]]:
    """Return an array with its axes put into the order of its memory, without holes, and these."""
    axes = list(range(value.ndim))
    if not value.flags.c_contiguous:
        axes.sort(key=lambda axis: -abs(value.strides[axis]))
    return np.asarray(np.transpose(value, axes), order="C"), axes
